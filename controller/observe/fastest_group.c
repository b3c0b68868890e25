/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/observe/fastest_group.h"

#include "policies/units.h"

/* Groups are not nested deeper than that; a longer chain ends there. */
#define DEPTH_MAX 64

static bool fastest_group_is_inside(struct group_set *groups, const struct group *group,
				    uint32_t outer_slot)
{
	for (int depth = 0; group && depth < DEPTH_MAX; depth++) {
		if (group->slot == outer_slot)
			return true;
		if (group->slot == GROUP_SLOT_HOST)
			return false;
		group = group_set_get(groups, group->parent_slot);
	}
	return false;
}

static bool fastest_group_is_better(struct group_set *groups, const struct group *a,
				    uint64_t a_bytes, const struct group *b, uint64_t b_bytes)
{
	if (!b)
		return true;
	if (fastest_group_is_inside(groups, a, b->slot))
		return a_bytes >= b_bytes / 2;
	if (fastest_group_is_inside(groups, b, a->slot))
		return b_bytes < a_bytes / 2;
	return a_bytes > b_bytes;
}

const struct group *fastest_group_inside(struct observer *observer, struct group_set *groups,
					 uint32_t outer_slot, uint64_t turn_usec,
					 uint64_t *ret_bytes)
{
	const struct group *best = NULL;
	uint64_t best_bytes = 0;

	group_set_foreach(groups, group) {
		uint64_t bytes;

		if (group->slot == GROUP_SLOT_HOST ||
		    (group->flags & GROUP_IS_CONTEXT && group->slot != outer_slot) ||
		    !observer_look_at_growth(observer, group, turn_usec, &bytes) ||
		    bytes < FASTEST_GROUP_LEAST ||
		    !fastest_group_is_inside(groups, group, outer_slot) ||
		    !fastest_group_is_better(groups, group, bytes, best, best_bytes))
			continue;
		best = group;
		best_bytes = bytes;
	}
	if (best)
		*ret_bytes = best_bytes;
	return best;
}
