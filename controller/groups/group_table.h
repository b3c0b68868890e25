/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group table: slots, and finding a group by its path
 *
 * A slot is a group's place for life; the lowest free one is taken, so that whatever others keep
 * by slot stays dense. Groups do not move in memory.
 */

#include "controller/groups/group.h"

struct group_table {
	struct group *groups; /* max of them; a slot in use has a path */
	uint32_t max;
	uint32_t n;	     /* in use */
	uint32_t high_water; /* no slot from here on is in use */
	uint32_t lowest_free;
	uint32_t *buckets;  /* heads of chains by path; slot + 1, 0 ends a chain */
	uint32_t n_buckets; /* a power of two */
};

/* Memory for `max` groups is reserved, not touched. Returns: 0 or -ENOMEM. */
int group_table_init(struct group_table *table, uint32_t max);
void group_table_done(struct group_table *table);
/* Returns: 0 and the group in its slot, id and path set, all else 0; -ENOSPC; -ENOMEM. */
int group_table_add(struct group_table *table, const char *path, uint64_t id, struct group **ret);
struct group *group_table_find(const struct group_table *table, const char *path);
/* The next group from `slot` on that is not hidden, or NULL at the end. */
struct group *group_table_next(const struct group_table *table, uint32_t slot);
/* Marks it GROUP_IS_GONE: it is not found by path or walk any more; the slot stays taken. */
void group_table_hide(struct group_table *table, struct group *group);
/* Frees the slot of a hidden group. */
void group_table_release(struct group_table *table, struct group *group);
