/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the set follows the tree
 *
 *    look(directory)   listed by the profile? add it, its ancestors first
 *        │             may hold listed ones? watch it, then look at each child
 *        ▼
 *    birth (inotify) ─▶ look(child)
 *    death (inotify) ─▶ the group and all below it leave; ancestors that nobody needs leave, too
 *    queue overflow, other profile ─▶ drop watches and claims, look("/"), drop what is unclaimed
 *    no watch to be had            ─▶ the same every few seconds, until all is watched
 *
 * A directory is watched before it is read, and the parent of a group before the group's identity
 * is taken: whatever happens in between is in the queue, and seeing a thing twice does no harm.
 */

#include "controller/groups/group_set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/log.h"
#include "controller/groups/group_match.h"
#include "controller/groups/group_members.h"
#include "controller/groups/group_preference.h"
#include "controller/groups/group_watch.h"
#include "controller/groups/path_walk.h"
#include "controller/groups/unit_files.h"
#include "controller/groups/unit_name.h"

/* Slices and user managers nest some ten deep; a user may nest what is delegated to him deeper. */
#define MAX_DEPTH 32
/* A thousand directories take some 10 ms to look through; a service is under way for longer. */
#define RESCAN_USEC (5 * USEC_PER_SEC)
/* With all slots taken it is some 50 ms, and seldom of use. */
#define RESCAN_FULL_USEC (30 * USEC_PER_SEC)

struct group_set {
	const struct cgroup_tree *tree;
	struct profile profile;
	struct wake wake;
	struct group_members members;
	sd_event_source *rescan;
	bool is_short;	     /* as members.watches_short when it was last planned for */
	bool was_unfollowed; /* some group was not followed then */
	struct unit_files *unit_files;
	bool may_read; /* unit files */
};

static void group_set_look(struct group_set *set, struct path_walk *walk);

static void group_set_close_directory(DIR **d)
{
	if (*d)
		closedir(*d);
}

static void group_set_miss(struct group_set *set, const char *path, int error)
{
	set->members.unseen = true;
	set->members.changed = true;
	unfollowed_note(&set->members.unfollowed, path, error, true);
	group_members_lack(&set->members, error);
}

static void group_set_look_below(struct group_set *set, struct path_walk *walk)
{
	_cleanup_(group_set_close_directory) DIR *d = NULL;
	size_t length = walk->length;
	struct dirent *entry;
	int fd;

	fd = openat(set->members.root_fd, group_relative_path(walk->path),
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* It vanished, or there is no descriptor or memory for it now: it is looked at again. */
	if (fd < 0) {
		if (errno != ENOENT)
			group_set_miss(set, walk->path, -errno);
		return;
	}
	d = fdopendir(fd);
	if (!d) {
		fd_close(fd);
		group_set_miss(set, walk->path, -ENOMEM);
		return;
	}
	while ((entry = readdir(d))) {
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 || !path_walk_push(walk, entry->d_name))
			continue;
		group_set_look(set, walk);
		path_walk_cut(walk, length);
	}
}

static void group_set_look(struct group_set *set, struct path_walk *walk)
{
	struct group *group;

	/* What cannot be added costs itself only, and is noted. */
	if (group_match_listed(&set->profile, walk->path))
		group_members_add(&set->members, walk->path, CLAIM_PROFILE, &group);
	if (walk->depth >= MAX_DEPTH || !group_match_may_hold(&set->profile, walk->path))
		return;
	group_members_watch(&set->members, walk->path);
	group_set_look_below(set, walk);
}

static void group_set_look_at(struct group_set *set, const char *path)
{
	struct path_walk walk;

	walk.depth = 0;
	walk.length = strlen(path);
	if (walk.length >= sizeof(walk.path)) {
		unfollowed_note(&set->members.unfollowed, path, -ENAMETOOLONG, true);
		return;
	}
	memcpy(walk.path, path, walk.length + 1);
	group_set_look(set, &walk);
}

static bool group_set_lacks_groups(const struct group_set *set)
{
	return set->members.unfollowed.n + set->members.unfollowed.n_more > 0;
}

/* While something is not watched or not followed, the tree is looked through again and again. */
static void group_set_plan_rescan(struct group_set *set)
{
	struct group_members *m = &set->members;
	uint64_t delay_usec = m->watches_short ? RESCAN_USEC : RESCAN_FULL_USEC;

	if (m->watches_short != set->is_short)
		m->changed = true; /* the daemon says so */
	if (set->is_short && !m->watches_short) {
		log_info("Births and deaths of cgroups are noticed at once again");
		m->watches_said = false;
	}
	set->is_short = m->watches_short;
	if (set->was_unfollowed && !group_set_lacks_groups(set)) {
		log_info("All cgroups that the profile names are followed again");
		m->changed = true;
	}
	set->was_unfollowed = m->unfollowed_said = group_set_lacks_groups(set);
	if (!set->is_short && !set->was_unfollowed)
		sd_event_source_set_enabled(set->rescan, SD_EVENT_OFF);
	else if (sd_event_source_set_time_relative(set->rescan, delay_usec) >= 0)
		sd_event_source_set_enabled(set->rescan, SD_EVENT_ONESHOT);
}

static void group_set_look_through(struct group_set *set)
{
	set->members.watches_short = false;
	unfollowed_clear(&set->members.unfollowed);
	set->members.unseen = false;
	group_members_unclaim(&set->members);
	if (set->tree->mount)
		group_set_look_at(set, "/");
	group_members_settle(&set->members);
	group_set_plan_rescan(set);
}

static void group_set_look_anew(struct group_set *set)
{
	/* Without an instance the tree is looked through all the same. */
	group_watch_reset(set->members.watch);
	group_set_look_through(set);
}

static void group_set_on_created(void *data, const char *path)
{
	struct group_set *set = data;
	struct group *old = group_table_find(&set->members.table, path);

	if (old && !group_members_is_alive(&set->members, old))
		group_members_remove(&set->members, path);
	group_set_look_at(set, path);
}

static void group_set_on_deleted(void *data, const char *path)
{
	struct group_set *set = data;
	struct group *group = group_table_find(&set->members.table, path);

	/* The news can be older than the group: its path was used before. */
	if (group && group_members_is_alive(&set->members, group))
		return;
	group_watch_remove(set->members.watch, path);
	unfollowed_forget(&set->members.unfollowed, path);
	if (group)
		group_members_remove(&set->members, path);
}

static void group_set_on_changed(void *data, const char *path)
{
	struct group_set *set = data;

	group_members_see_attributes(&set->members, path);
}

static void group_set_on_lost(void *data)
{
	group_set_look_anew(data);
}

static void group_set_read_files(struct group_set *set, bool anyway)
{
	int r;

	set->members.added = false;
	if (!set->unit_files)
		return;
	r = unit_files_refresh(set->unit_files, anyway);
	if (r < 0)
		log_errno(r, "Cannot read the unit files");
	if (r > 0)
		group_members_update(&set->members);
}

static void group_set_on_settled(void *data)
{
	struct group_set *set = data;

	if ((set->members.watches_short && !set->is_short) ||
	    group_set_lacks_groups(set) != set->was_unfollowed)
		group_set_plan_rescan(set);

	/* A unit that starts may have a new file. */
	if (set->members.added && set->may_read)
		group_set_read_files(set, false);
	if (set->members.changed)
		wake_up(&set->wake);
	set->members.changed = false;
}

static int group_set_on_rescan(sd_event_source *source, uint64_t usec, void *data)
{
	struct group_set *set = data;

	/* Watches that are there stay: only what lacks one is asked for. */
	if (group_watch_is_open(set->members.watch))
		group_set_look_through(set);
	else
		group_set_look_anew(set);
	group_set_on_settled(set);
	return 0;
}

static int group_set_add_rescan(struct group_set *set, sd_event *event)
{
	int r;

	r = sd_event_add_time(event, &set->rescan, CLOCK_MONOTONIC, 0, RESCAN_USEC / 10,
			      group_set_on_rescan, set);
	if (r < 0)
		return r;
	sd_event_source_set_description(set->rescan, "cgroup-rescan");
	return sd_event_source_set_enabled(set->rescan, SD_EVENT_OFF);
}

int group_set_new(struct group_set **ret, const struct group_set_config *config)
{
	_cleanup_(group_set_free_cleanup) struct group_set *set = NULL;
	int r;

	set = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	set->tree = config->tree;
	set->profile = *config->profile;
	set->wake = config->wake;
	set->may_read = true;
	r = group_members_init(&set->members, &set->profile, config->max_groups);
	if (r < 0)
		return r;
	r = group_watch_new(&set->members.watch, &(struct group_watch_config){
							 .event = config->event,
							 .tree = set->tree,
							 .created = group_set_on_created,
							 .deleted = group_set_on_deleted,
							 .changed = group_set_on_changed,
							 .lost = group_set_on_lost,
							 .settled = group_set_on_settled,
							 .data = set,
						 });
	if (r < 0)
		return r;
	r = group_set_add_rescan(set, config->event);
	if (r < 0)
		return r;
	if (config->unit_root) {
		r = unit_files_new(&set->unit_files, config->unit_root);
		if (r < 0)
			return r;
		set->members.unit_files = set->unit_files;
	}
	group_members_find_self(&set->members, set->tree);
	if (set->tree->mount) {
		r = group_members_use_tree(&set->members, set->tree);
		if (r < 0)
			return r;
		group_set_look_at(set, "/");
	}
	group_set_plan_rescan(set);
	set->members.changed = set->members.added = false;
	*ret = take_ptr(set);
	return 0;
}

int group_set_use_tree(struct group_set *set)
{
	int r;

	r = group_members_use_tree(&set->members, set->tree);
	if (r < 0)
		return r;
	group_set_look_anew(set);
	group_set_on_settled(set);
	return 0;
}

int group_set_find_self(struct group_set *set)
{
	int r = group_members_find_self(&set->members, set->tree);

	group_set_on_settled(set);
	return r;
}

const char *group_set_own_path(const struct group_set *set)
{
	return set->members.own_path;
}

struct group_set *group_set_free(struct group_set *set)
{
	if (!set)
		return NULL;
	sd_event_source_disable_unref(set->rescan);
	group_watch_free(set->members.watch);
	group_members_done(&set->members);
	unit_files_free(set->unit_files);
	free(set);
	return NULL;
}

bool group_set_is_followed(const struct group_set *set)
{
	return !set->members.watches_short;
}

const struct cgroup_tree *group_set_tree(const struct group_set *set)
{
	return set->tree;
}

int group_set_listen(struct group_set *set, const struct group_listener *listener)
{
	struct group_members *m = &set->members;

	if (m->n_listeners == GROUP_MAX_LISTENERS)
		return -ENOSPC;
	m->listeners[m->n_listeners++] = *listener;
	if (listener->added)
		group_set_foreach(set, group)
			listener->added(listener->data, group);
	return 0;
}

void group_set_use_profile(struct group_set *set, const struct profile *profile)
{
	set->profile = *profile;
	group_set_read_files(set, true);
	group_set_look_anew(set);
	group_set_on_settled(set);
}

void group_set_allow_reading(struct group_set *set, bool allowed)
{
	set->may_read = allowed;
	if (allowed && set->members.added)
		group_set_on_settled(set);
}

void group_set_preferences(const struct group_set *set, const struct group *group,
			   struct preferences *ret)
{
	group_members_find_preferences(&set->members, group, ret);
}

uint32_t group_set_size(const struct group_set *set)
{
	return set->members.table.n;
}

uint32_t group_set_max(const struct group_set *set)
{
	return set->members.table.max;
}

const struct unfollowed *group_set_unfollowed(const struct group_set *set)
{
	return &set->members.unfollowed;
}

struct group *group_set_get(struct group_set *set, uint32_t slot)
{
	const struct group_table *t = &set->members.table;

	return slot < t->high_water && t->groups[slot].path ? &t->groups[slot] : NULL;
}

struct group *group_set_find(struct group_set *set, const char *path)
{
	return group_table_find(&set->members.table, path);
}

struct group *group_set_find_shown(struct group_set *set, const char *shown)
{
	struct group *found = group_set_find(set, shown);

	if (found)
		return found;
	group_set_foreach(set, group)
		if (group->shown != group->path && strcmp(group->shown, shown) == 0)
			return group;
	return NULL;
}

struct group *group_set_find_unit(struct group_set *set, const char *unit)
{
	group_set_foreach(set, group)
		if (strcmp(unit_name_unescape(strrchr(group->shown, '/') + 1), unit) == 0)
			return group;
	return NULL;
}

int group_set_ensure(struct group_set *set, const char *path, struct group **ret)
{
	struct group *group;
	int r;

	if (!path_is_clean(path, MAX_DEPTH))
		return -ENOENT;
	r = group_members_add(&set->members, path, CLAIM_MODULE, &group);
	group_set_on_settled(set);
	if (r < 0)
		return r;
	*ret = group;
	return 0;
}

struct group *group_set_next(struct group_set *set, uint32_t slot)
{
	return group_table_next(&set->members.table, slot);
}

int group_open_directory(const struct group_set *set, const struct group *group)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;

	if (group->flags & GROUP_IS_GONE)
		return -ENODEV;
	fd = openat(set->members.root_fd, group_relative_path(group->path),
		    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_ino == group->id ? take_fd(fd) : -ENODEV;
}

int group_open(const struct group_set *set, const struct group *group, const char *file, int flags)
{
	_cleanup_fd_ int dir = group_open_directory(set, group);
	int fd;

	if (dir < 0)
		return dir;
	fd = openat(dir, file, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void group_set_collect(struct group_set *set, struct observation *observation)
{
	group_members_tell_gone(&set->members, observation);
}
