/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/groups/group_members.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/log.h"
#include "controller/base/printable.h"
#include "controller/groups/group_match.h"
#include "controller/groups/group_preference.h"

/* Of the host until its tree is found: what the root of a cgroup v2 tree has in the kernel. */
#define UNFOUND_ID 1

static int group_members_read_id(const struct group_members *m, const char *path, uint64_t *ret_id)
{
	struct stat st;

	if (m->root_fd < 0)
		return -ENOENT; /* no tree is found yet */
	if (fstatat(m->root_fd, group_relative_path(path), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOENT;
	*ret_id = st.st_ino;
	return 0;
}

void group_members_lack(struct group_members *m, int error)
{
	m->watches_short = true;
	if (m->watches_said)
		return;
	m->watches_said = true;
	if (error == -ENOSPC)
		log_warning("No inotify watch is left: cgroups that come and go are noticed late; "
			    "raise fs.inotify.max_user_watches");
	else if (error == -EMFILE)
		log_warning("No inotify instance or descriptor is left: cgroups that come and go "
			    "are noticed late; raise fs.inotify.max_user_instances");
	else
		log_warning("Cgroups that come and go are noticed late: %s", strerror(-error));
}

void group_members_watch(struct group_members *m, const char *path)
{
	int r = group_watch_add(m->watch, path);

	if (r < 0 && r != -ENOENT)
		group_members_lack(m, r);
}

static struct group *group_members_parent_of(struct group_members *m, const struct group *group)
{
	return &m->table.groups[group->parent_slot];
}

static uint32_t group_members_flags_of(const struct group_members *m, const struct group *group)
{
	/* In the root itself nothing is ours alone. */
	const char *own = m->own_path && m->own_path[1] ? m->own_path : NULL;
	bool is_ours = own && path_is_below(group->path, own);
	uint32_t flags = group->claims ? 0 : GROUP_IS_CONTEXT;

	if (is_ours || group_match_protected(m->profile, group->path))
		flags |= GROUP_IS_PROTECTED;
	if (is_ours || (own && path_is_below(own, group->path)) ||
	    group_match_unbraked(m->profile, group->path))
		flags |= GROUP_IS_UNBRAKED;
	return flags;
}

static struct preference_sources group_members_sources_of(const struct group_members *m)
{
	return (struct preference_sources){
		.table = &m->table,
		.profile = m->profile,
		.unit_files = m->unit_files,
		.root_fd = m->root_fd,
		.owner = m->owner,
	};
}

void group_members_find_preferences(const struct group_members *m, const struct group *group,
				    struct preferences *ret)
{
	const struct preference_sources sources = group_members_sources_of(m);

	group_preference_find(&sources, group, ret);
}

static void group_members_read_marks(const struct group_members *m, struct group *group)
{
	const struct preference_sources sources = group_members_sources_of(m);

	group_preference_read_marks(&sources, group);
}

/* Returns: whether something is other than it was. */
static bool group_members_update_one(struct group_members *m, struct group *group)
{
	struct preferences found;
	uint32_t flags;
	bool is_changed;

	group_members_find_preferences(m, group, &found);
	flags = found.exclude.value ? GROUP_IS_EXCLUDED : 0;
	if (group->slot != GROUP_SLOT_HOST)
		flags |= group_members_flags_of(m, group);
	is_changed = flags != group->flags || found.priority.value != group->priority;
	group->flags = flags;
	group->priority = found.priority.value;
	return is_changed;
}

static void group_members_tell_added(struct group_members *m, const struct group *group)
{
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].added)
			m->listeners[i].added(m->listeners[i].data, group);
}

static void group_members_tell_changed(struct group_members *m, const struct group *group)
{
	m->changed = true;
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].changed)
			m->listeners[i].changed(m->listeners[i].data, group);
}

static void group_members_tell_removed(struct group_members *m, const struct group *group)
{
	m->changed = true;
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].removed)
			m->listeners[i].removed(m->listeners[i].data, group);
}

static int group_members_refuse(struct group_members *m, const char *path, int error)
{
	char shown[PATH_MAX];

	if (error == -ENOENT) /* it vanished */
		return error;
	unfollowed_note(&m->unfollowed, path, error, false);
	m->changed = true; /* the daemon says so */
	if (m->unfollowed_said)
		return error;
	m->unfollowed_said = true;
	if (error == -ENOSPC)
		log_warning("No slot left for cgroup %s: more than %" PRIu32 " groups are under "
			    "control; name fewer in the profile",
			    printable(path, shown, sizeof(shown)), m->table.max);
	else
		log_errno(error, "Cannot follow cgroup %s", printable(path, shown, sizeof(shown)));
	return error;
}

static void group_members_release(struct group_members *m, struct group *group);

/*
 * The parent is watched before the identity is taken: a death in between is in the queue.
 */
static int group_members_add_below(struct group_members *m, struct group *parent, const char *path,
				   struct group **ret)
{
	struct group *group;
	uint64_t id;
	int r;

	group_members_watch(m, parent->path);
	r = group_members_read_id(m, path, &id);
	if (r >= 0)
		r = group_table_add(&m->table, path, id, &group);
	if (r < 0) {
		group_members_release(m, parent);
		return group_members_refuse(m, path, r);
	}
	unfollowed_forget(&m->unfollowed, path);
	parent->n_children++;
	group->parent_slot = parent->slot;
	group_members_read_marks(m, group);
	*ret = group;
	return 0;
}

static void group_members_claim(struct group_members *m, struct group *group, uint32_t claim,
				bool is_new)
{
	if (claim & CLAIM_PROFILE && group->claims & CLAIM_STALE) {
		group->claims &= ~(uint32_t)CLAIM_STALE; /* as before */
		group->claims |= CLAIM_PROFILE;
	}
	if (!is_new && !(claim & ~group->claims))
		return;
	group->claims |= claim;
	m->changed = true;
	if (is_new) {
		group_members_update_one(m, group);
		m->added = true;
		group_members_tell_added(m, group);
	} else if (group_members_update_one(m, group)) {
		group_members_tell_changed(m, group);
	}
}

/* One whose path was taken over by another cgroup leaves; its parent is about to be needed. */
static struct group *group_members_find_alive(struct group_members *m, const char *path)
{
	struct group *group = group_table_find(&m->table, path);
	bool was_holding = m->holding;

	if (!group || group_members_is_alive(m, group))
		return group;
	m->holding = true;
	group_members_remove(m, path);
	m->holding = was_holding;
	return NULL;
}

int group_members_add(struct group_members *m, const char *path, uint32_t claim, struct group **ret)
{
	struct group *parent = &m->table.groups[GROUP_SLOT_HOST], *group = parent;
	char prefix[PATH_MAX];
	size_t length = strlen(path);
	int r;

	if (length >= sizeof(prefix))
		return -ENAMETOOLONG;
	/* From the root down: the ancestors first. */
	for (size_t end = 1; path[1] && end <= length; end++) {
		bool is_new;

		if (path[end] != '/' && path[end] != '\0')
			continue;
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		group = group_members_find_alive(m, prefix);
		is_new = !group;
		if (is_new) {
			r = group_members_add_below(m, parent, prefix, &group);
			if (r < 0)
				return r;
		}
		group_members_claim(m, group, end == length ? claim : 0, is_new);
		parent = group;
	}
	*ret = group;
	return 0;
}

/* The group is dead, or nobody claims it: it leaves, its slot is kept until the next collect. */
static void group_members_remove_one(struct group_members *m, struct group *group)
{
	struct group *parent = group_members_parent_of(m, group);

	group->claims = 0;
	group_table_hide(&m->table, group);
	m->n_gone++;
	group_members_tell_removed(m, group);
	parent->n_children--;
	group_members_release(m, parent);
}

static void group_members_release(struct group_members *m, struct group *group)
{
	if (group->claims == 0 && group->n_children == 0 && !m->holding)
		group_members_remove_one(m, group);
}

/* The deepest first. Releasing the last child can take an ancestor along. */
void group_members_remove(struct group_members *m, const char *path)
{
	struct group *top;

	while ((top = group_table_find(&m->table, path))) {
		struct group *deepest = top;

		for (struct group *g = group_table_next(&m->table, 0); top->n_children && g;
		     g = group_table_next(&m->table, g->slot + 1))
			if (g->n_children == 0 && path_is_below(g->path, path)) {
				deepest = g;
				break;
			}
		group_members_remove_one(m, deepest);
	}
}

bool group_members_is_alive(const struct group_members *m, const struct group *group)
{
	uint64_t id;

	return group_members_read_id(m, group->path, &id) >= 0 && id == group->id;
}

void group_members_unclaim(struct group_members *m)
{
	struct group *group;

	m->holding = true;
	for (uint32_t slot = 1; (group = group_table_next(&m->table, slot));
	     slot = group->slot + 1) {
		if (group_members_is_alive(m, group))
			group->claims = group->claims & CLAIM_PROFILE
						? (group->claims & ~(uint32_t)CLAIM_PROFILE) |
							  CLAIM_STALE
						: group->claims;
		else
			group_members_remove(m, group->path);
	}
}

/* What was not looked at is as it was. */
static void group_members_settle_claims(const struct group_members *m, struct group *group)
{
	if (group->claims & CLAIM_STALE && m->unseen)
		group->claims |= CLAIM_PROFILE;
	group->claims &= ~(uint32_t)CLAIM_STALE;
}

void group_members_settle(struct group_members *m)
{
	struct group *group;

	m->holding = false;
	for (uint32_t slot = 1; (group = group_table_next(&m->table, slot));
	     slot = group->slot + 1) {
		group_members_settle_claims(m, group);
		if (group->claims == 0 && group->n_children == 0) {
			group_members_remove_one(m, group);
			continue;
		}
		group_members_watch(m, group_members_parent_of(m, group)->path);
	}
	group_members_see_attributes(m, "/");
}

/* Ancestors can have a later slot than those below them: theirs are read first, level by level. */
static void group_members_read_marks_below(struct group_members *m, struct group *top)
{
	group_members_read_marks(m, top);
	if (top->n_children == 0)
		return;
	for (struct group *g = group_table_next(&m->table, 1); g;
	     g = group_table_next(&m->table, g->slot + 1))
		if (g->parent_slot == top->slot)
			group_members_read_marks_below(m, g);
}

void group_members_update(struct group_members *m)
{
	for (struct group *g = group_table_next(&m->table, 0); g;
	     g = group_table_next(&m->table, g->slot + 1))
		if (group_members_update_one(m, g))
			group_members_tell_changed(m, g);
}

void group_members_see_attributes(struct group_members *m, const char *path)
{
	struct group *group = group_table_find(&m->table, path);

	if (!group || !group_members_is_alive(m, group))
		return;
	group_members_read_marks_below(m, group);
	group_members_update(m);
}

int group_members_find_self(struct group_members *m, const struct cgroup_tree *tree)
{
	int r;

	if (m->own_path)
		return 0;
	r = cgroup_tree_path_of_self(tree, &m->own_path);
	if (r < 0)
		return r;
	group_members_update(m);
	return 0;
}

static int group_members_add_host(struct group_members *m)
{
	struct group *host;
	int r;

	r = group_table_add(&m->table, "/", UNFOUND_ID, &host);
	if (r < 0)
		return r;
	host->parent_slot = SLOT_NONE;
	host->claims = CLAIM_HOST;
	return 0;
}

int group_members_use_tree(struct group_members *m, const struct cgroup_tree *tree)
{
	struct group *host = &m->table.groups[GROUP_SLOT_HOST];
	_cleanup_fd_ int fd = open(tree->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	fd_close(m->root_fd);
	m->root_fd = take_fd(fd);
	m->owner = st.st_uid;
	host->id = st.st_ino;
	group_members_read_marks(m, host);
	group_members_update_one(m, host);
	group_members_tell_changed(m, host);
	return 0;
}

int group_members_init(struct group_members *m, const struct profile *profile, uint32_t max_groups)
{
	int r;

	*m = (struct group_members){ .profile = profile, .root_fd = -1 };
	r = group_table_init(&m->table, max_groups);
	if (r < 0)
		return r;
	return group_members_add_host(m);
}

void group_members_tell_gone(struct group_members *m, struct observation *observation)
{
	for (uint32_t slot = 0; m->n_gone > 0 && slot < m->table.high_water; slot++) {
		struct group *group = &m->table.groups[slot];
		struct group_reading *reading;

		if (!group->path || !(group->flags & GROUP_IS_GONE))
			continue;
		if (group->claims & CLAIM_DEAD_AND_TOLD) {
			group_table_release(&m->table, group);
			m->n_gone--;
			continue;
		}
		reading = observation_add_group(observation);
		if (!reading)
			return;
		reading->id = group->id;
		reading->slot = slot;
		reading->parent_slot = group->parent_slot;
		reading->flags = group->flags;
		group->claims |= CLAIM_DEAD_AND_TOLD;
	}
}

void group_members_done(struct group_members *m)
{
	group_table_done(&m->table);
	unfollowed_clear(&m->unfollowed);
	m->root_fd = fd_close(m->root_fd);
	free(m->own_path);
	m->own_path = NULL;
}
