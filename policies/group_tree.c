/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/group_tree.h"

uint32_t group_tree_parent(const struct state *state, uint32_t slot)
{
	if (slot == GROUP_SLOT_HOST || slot >= state->n_groups_used || state->groups[slot].id == 0)
		return SLOT_NONE;
	return state->groups[slot].parent_slot;
}

bool group_tree_is_inside(const struct state *state, uint32_t slot, uint32_t outer_slot)
{
	if (outer_slot == GROUP_SLOT_HOST)
		return true;
	for (int depth = 0; depth < GROUP_DEPTH_MAX && slot != SLOT_NONE; depth++) {
		if (slot == outer_slot)
			return true;
		slot = group_tree_parent(state, slot);
	}
	return false;
}

void group_tree_mark_parents(struct state *state)
{
	for (uint32_t slot = 0; slot < state->n_groups_used; slot++) {
		uint32_t parent_slot = group_tree_parent(state, slot);

		if (parent_slot < state->n_groups_used)
			state->groups[parent_slot].parent_step = state->n_steps;
	}
}

bool group_tree_is_leaf(const struct state *state, uint32_t slot)
{
	return state->groups[slot].parent_step != state->n_steps;
}
