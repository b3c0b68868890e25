/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group: one cgroup under control
 *
 * Kept in its slot by group_table.h for as long as it is in the set.
 */

#include <stdint.h>

#include "policies/observation.h"

struct group {
	uint64_t id;
	uint32_t slot, parent_slot;
	uint32_t flags;	    /* enum group_flag */
	int32_t priority;   /* PRIORITY_MIN to PRIORITY_MAX: a higher one gives later */
	uint32_t n_modules; /* registered in this very group; counted by the registry */
	char *path;	    /* from the v2 root: "/", "/system.slice/foo.service"; any bytes */
	char *shown;	    /* the same for strings and people; see controller/base/printable.h */

	/* The set's own. */
	uint32_t claims;     /* why it is here; 0: only as an ancestor */
	uint32_t n_children; /* groups right below */
	uint32_t next;	     /* in the table of paths */
	uint32_t marks;	     /* enum preference_mark */
};

struct group_listener {
	void (*added)(void *data, const struct group *group);
	/* Its flags or its priority are others than before. */
	void (*changed)(void *data, const struct group *group);
	/* The group is still in the set; its slot is reused only after the next step. */
	void (*removed)(void *data, const struct group *group);
	void *data;
};

/* The path as openat() below the tree's root wants it; the root itself is ".". */
static inline const char *group_relative_path(const char *path)
{
	return path[1] == '\0' ? "." : path + 1;
}
