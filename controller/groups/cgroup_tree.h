/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Cgroup tree: where the v2 hierarchy is, and what it can do
 *
 * Found through /proc/self/mountinfo: pure v2, or "hybrid" with v2 beside v1 and the memory
 * controller left on v1. Tests hand in their own proc directory and mount.
 */

#include <stdbool.h>

enum cgroup_mode {
	CGROUP_MODE_NONE,   /* no v2 tree mounted */
	CGROUP_MODE_HYBRID, /* a v2 tree without the memory controller */
	CGROUP_MODE_PURE,   /* v2 with the memory controller */
};

struct cgroup_tree {
	enum cgroup_mode mode;
	char *proc;  /* "/proc", or a prepared directory */
	char *mount; /* of the v2 tree; NULL with CGROUP_MODE_NONE */
};

/*
 * proc: NULL for "/proc". mount: NULL to look it up in mountinfo.
 * Returns: 0 (also for CGROUP_MODE_NONE) or negative errno when mountinfo cannot be read or the
 * mount is no directory.
 */
int cgroup_tree_init(struct cgroup_tree *tree, const char *proc, const char *mount);
/* One without a mount, as with CGROUP_MODE_NONE. Returns: 0 or -ENOMEM. */
int cgroup_tree_init_empty(struct cgroup_tree *tree, const char *proc);
/*
 * Looks in mountinfo again, for a tree without a mount.
 * Returns: 0 it is found; -ENODEV none is mounted; other negative errno, as above.
 */
int cgroup_tree_find(struct cgroup_tree *tree);
void cgroup_tree_done(struct cgroup_tree *tree);
const char *cgroup_mode_name(enum cgroup_mode mode);
/*
 * The v2 path of a process, as in /proc/PID/cgroup ("0::" line).
 * Returns: 0 and a string the caller frees; -ESRCH no such process, or its cgroup was removed;
 * -ENODATA no v2 line, or a path outside our cgroup namespace.
 */
int cgroup_tree_path_of_pid(const struct cgroup_tree *tree, int pid, char **ret_path);
/*
 * Our own, as in /proc/self/cgroup; "/" also when it is outside our cgroup namespace: then nothing
 * in the tree is ours. Returns: 0 and a string the caller frees; negative errno it cannot be
 * read now.
 */
int cgroup_tree_path_of_self(const struct cgroup_tree *tree, char **ret_path);
/* Whether this kernel has cgroup v2, so that a tree may be mounted later; true in doubt. */
bool cgroup_tree_is_possible(const struct cgroup_tree *tree);
