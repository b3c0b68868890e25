/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group set: the cgroups under control
 *
 * The host, every cgroup that the profile names by unit pattern or path, their ancestors, and
 * every cgroup that holds a registered module. Births and deaths are followed by inotify. A group
 * is identified by its cgroup id; no descriptor is kept per group, files are opened by path and
 * the identity is checked, so that a recycled path is never taken for the old group.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "controller/base/cleanup.h"
#include "controller/base/wake.h"
#include "controller/groups/cgroup_tree.h"
#include "controller/groups/group.h"
#include "controller/groups/unfollowed.h"
#include "policies/observation.h"
#include "policies/profile.h"

struct group_set;
struct preferences; /* controller/groups/group_preference.h */

struct group_set_config {
	sd_event *event;
	const struct cgroup_tree *tree;
	const struct profile *profile; /* copied where needed */
	uint32_t max_groups;
	/* Put before the directories of unit files; "" for the running system, NULL: none is read.
	 */
	const char *unit_root;
	struct wake wake; /* something was born, died or changed */
};

/*
 * Scans the tree and starts to follow it. Without a mount the host is the only group, until
 * group_set_use_tree().
 * Returns: 0 or negative errno.
 */
int group_set_new(struct group_set **ret, const struct group_set_config *config);
struct group_set *group_set_free(struct group_set *set);
DEFINE_CLEANUP(struct group_set *, group_set_free);

/*
 * The tree has a mount now: it is scanned and followed from here on, and the host's id is that of
 * its root. Returns: 0; or negative errno, and it is as if it had none still.
 */
int group_set_use_tree(struct group_set *set);
/*
 * Our own cgroup: it and those above are never held, it is never asked. NULL: not known; "/": none
 * is ours alone. group_set_find_self() looks again while it is not known, and
 * returns 0 or negative errno.
 */
const char *group_set_own_path(const struct group_set *set);
int group_set_find_self(struct group_set *set);

const struct cgroup_tree *group_set_tree(const struct group_set *set);
/* At most four listeners, until the set is freed; called for groups already there, too. */
int group_set_listen(struct group_set *set, const struct group_listener *listener);
/*
 * Takes over another profile's patterns; groups come and go accordingly. Unit files and attributes
 * of cgroups are read anew.
 */
void group_set_use_profile(struct group_set *set, const struct profile *profile);

/*
 * Whether births and deaths are told by the kernel. Without that (no inotify instance or watch is
 * left) the tree is looked through every few seconds, and the kernel asked again.
 */
bool group_set_is_followed(const struct group_set *set);

/*
 * Whether unit files may be read now: not while memory is short, since reading a disk may take long
 * then. Groups that appear meanwhile go by what is known; files are looked at once it is allowed.
 */
void group_set_allow_reading(struct group_set *set, bool allowed);
/* Why a group is excluded or has its priority; texts live until the next event. */
void group_set_preferences(const struct group_set *set, const struct group *group,
			   struct preferences *ret);

uint32_t group_set_size(const struct group_set *set); /* groups, the host included */
uint32_t group_set_max(const struct group_set *set);  /* slots */
/*
 * Cgroups that ought to be followed and are not, for want of a slot or a descriptor. While there
 * are some the tree is looked through again and again.
 */
const struct unfollowed *group_set_unfollowed(const struct group_set *set);
/*
 * The slot's group or NULL. One that died is still there, GROUP_IS_GONE in its flags, until the
 * step after the one that reported it: decisions about it can name it.
 */
struct group *group_set_get(struct group_set *set, uint32_t slot);
struct group *group_set_find(struct group_set *set, const char *path);
/* The same by the path as it is shown. */
struct group *group_set_find_shown(struct group_set *set, const char *shown);
/* The first group whose last path element is this unit name, as it is shown; or NULL. */
struct group *group_set_find_unit(struct group_set *set, const char *unit);
/*
 * Finds or adds the group at that path, because a module lives there; it stays until the cgroup is
 * removed.
 * Returns: 0; -ENOENT no such cgroup, or nested deeper than 32; -ENOSPC no slot left.
 */
int group_set_ensure(struct group_set *set, const char *path, struct group **ret);
/* The next living group from `slot` on, or NULL at the end: for walks. */
struct group *group_set_next(struct group_set *set, uint32_t slot);

#define group_set_foreach(set, each)                            \
	for (struct group *each = group_set_next(set, 0); each; \
	     each = group_set_next(set, each->slot + 1))

/*
 * Opens the group's directory (O_PATH), for several files in a row.
 * Returns: a descriptor the caller owns, or -ENODEV as below.
 */
int group_open_directory(const struct group_set *set, const struct group *group);
/*
 * Opens a file of the group, O_CLOEXEC added.
 * Returns: a descriptor the caller owns; -ENODEV when the group is gone or the path now belongs to
 * another one; -ENOENT when this cgroup has no such file (controller not enabled).
 */
int group_open(const struct group_set *set, const struct group *group, const char *file, int flags);
/*
 * Reports groups that died since the last call as GROUP_IS_GONE readings, and frees the slots of
 * those that the last call reported.
 */
void group_set_collect(struct group_set *set, struct observation *observation);
