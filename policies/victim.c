/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Victim
 *
 * Qualified: read in this step, inside the short group, not protected or excluded, not only the
 * ancestor of a group under control, without groups below it (those are asked themselves, so that
 * nobody is reclaimed from twice and a protected child is not reached through its parent), and not
 * still busy with an earlier reclaim. The lowest priority comes first, then the one with most to
 * take, then the older id.
 *
 * To take: file cache and slab, plus as much of the rest as free swap can save and as the group may
 * swap out still, by its own limit and those above it (memory.swap.max).
 */

#include "policies/victim.h"
#include "policies/booking.h"
#include "policies/group_tree.h"
#include "policies/headroom.h"

/* Reclaim works in batches of a few MiB; less than this is not worth a write. */
#define VICTIM_MIN_BYTES MIB

#define EXEMPT (GROUP_IS_GONE | GROUP_IS_PROTECTED | GROUP_IS_CONTEXT | GROUP_IS_EXCLUDED)

static bool victim_qualifies(const struct step *step, uint32_t slot, uint32_t outer_slot,
			     uint32_t exempt)
{
	const struct group_state *group = &step->state->groups[slot];

	return step_sees_group(step, slot) && (group->seen.has & GROUP_HAS_CURRENT) &&
	       !(group->seen.flags & exempt) && group_tree_is_leaf(step->state, slot) &&
	       group_tree_is_inside(step->state, slot, outer_slot) &&
	       !booking_group_is_busy(step->state, slot, group->id);
}

/* What the group may swap out still: the kernel holds each limit above it against it, too. */
static uint64_t victim_swap_room_bytes(const struct state *state, uint32_t slot)
{
	uint64_t room_bytes = BYTES_UNLIMITED;

	for (int depth = 0; depth < GROUP_DEPTH_MAX && slot < state->n_groups_used; depth++) {
		const struct group_reading *seen = &state->groups[slot].seen;

		if (seen->has & GROUP_HAS_SWAP_LIMIT && seen->swap_limit_bytes != BYTES_UNLIMITED)
			room_bytes =
				u64_min(room_bytes,
					u64_sub(seen->swap_limit_bytes,
						seen->has & GROUP_HAS_SWAP ? seen->swap_bytes : 0));
		slot = group_tree_parent(state, slot);
	}
	return room_bytes;
}

static uint64_t victim_takable_bytes(const struct state *state, uint32_t slot,
				     uint64_t swap_gain_bytes)
{
	const struct group_state *group = &state->groups[slot];
	uint64_t cache_bytes = 0, rest_bytes;

	if (group->seen.has & GROUP_HAS_RECLAIMABLE)
		cache_bytes = u64_min(group->seen.reclaimable_bytes, group->seen.current_bytes);
	rest_bytes = u64_min(group->seen.current_bytes - cache_bytes, swap_gain_bytes);
	if (rest_bytes > 0)
		rest_bytes = u64_min(rest_bytes, victim_swap_room_bytes(state, slot));
	return u64_add(cache_bytes, rest_bytes);
}

static bool victim_is_chosen(const struct victim *victims, uint32_t n, uint32_t slot)
{
	for (uint32_t i = 0; i < n; i++)
		if (victims[i].slot == slot)
			return true;
	return false;
}

static bool victim_is_better(const struct group_state *a, uint64_t a_bytes,
			     const struct group_state *b, uint64_t b_bytes)
{
	if (a->seen.priority != b->seen.priority)
		return a->seen.priority < b->seen.priority;
	if (a_bytes != b_bytes)
		return a_bytes > b_bytes;
	return a->id < b->id;
}

/* The best one that is not chosen yet; SLOT_NONE when there is none. */
static uint32_t victim_next_best(const struct step *step, uint32_t outer_slot,
				 const struct victim *victims, uint32_t n)
{
	const struct state *state = step->state;
	uint64_t swap_gain_bytes = headroom_swap_gain(&state->machine, headroom_stuck(state)),
		 best_bytes = 0;
	uint32_t best_slot = SLOT_NONE;

	for (uint32_t slot = 1; slot < state->n_groups_used; slot++) {
		const struct group_state *group = &state->groups[slot];
		uint64_t bytes = victim_takable_bytes(state, slot, swap_gain_bytes);

		if (bytes < VICTIM_MIN_BYTES || !victim_qualifies(step, slot, outer_slot, EXEMPT) ||
		    victim_is_chosen(victims, n, slot))
			continue;
		if (best_slot == SLOT_NONE ||
		    victim_is_better(group, bytes, &state->groups[best_slot], best_bytes)) {
			best_slot = slot;
			best_bytes = bytes;
		}
	}
	return best_slot;
}

uint32_t victim_choose(const struct step *step, uint32_t group_slot, uint64_t goal_bytes,
		       struct victim ret[VICTIMS_MAX], bool *ret_all)
{
	uint64_t swap_gain_bytes =
		headroom_swap_gain(&step->state->machine, headroom_stuck(step->state));
	uint32_t n = 0, slot;

	group_tree_mark_parents(step->state);
	for (;;) {
		slot = victim_next_best(step, group_slot, ret, n);
		if (slot == SLOT_NONE || n == VICTIMS_MAX || goal_bytes == 0)
			break;
		uint64_t bytes = victim_takable_bytes(step->state, slot, swap_gain_bytes);
		bytes = u64_max(u64_min(bytes, goal_bytes), VICTIM_MIN_BYTES);
		ret[n++] = (struct victim){ slot, bytes };
		goal_bytes = u64_sub(goal_bytes, bytes);
	}
	*ret_all = slot == SLOT_NONE;
	return n;
}

bool victim_is_excluded(const struct step *step, uint32_t group_slot)
{
	const struct state *state = step->state;
	uint64_t swap_gain_bytes = headroom_swap_gain(&state->machine, headroom_stuck(state));

	for (uint32_t slot = 1; slot < state->n_groups_used; slot++) {
		const struct group_state *group = &state->groups[slot];

		if ((group->seen.flags & GROUP_IS_EXCLUDED) &&
		    victim_takable_bytes(state, slot, swap_gain_bytes) >= VICTIM_MIN_BYTES &&
		    victim_qualifies(step, slot, group_slot, EXEMPT & ~GROUP_IS_EXCLUDED))
			return true;
	}
	return false;
}
