/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * State: groups and modules by slot, ladders, requests
 *
 * All zero is a valid empty record everywhere, so that a slot never used is never touched.
 */

#include "policies/state.h"

/* The cgroup id of the root of every cgroup v2 hierarchy, until a reading says otherwise. */
#define ROOT_CGROUP_ID 1

void state_init(struct state *state)
{
	state->next_action_id = 1;
	state->next_episode_id = 1;
	state->groups[GROUP_SLOT_HOST].id = ROOT_CGROUP_ID;
	state->groups[GROUP_SLOT_HOST].slot = GROUP_SLOT_HOST;
	state->groups[GROUP_SLOT_HOST].parent_slot = SLOT_NONE;
	state->n_groups_used = 1;
}

const struct group_state *state_group(const struct state *state, uint32_t slot, uint64_t id)
{
	if (slot == GROUP_SLOT_HOST)
		return state_host(state);
	if (slot >= state->n_groups_used || id == 0 || state->groups[slot].id != id)
		return NULL;
	return &state->groups[slot];
}

const struct module_state *state_module(const struct state *state, uint32_t slot, uint64_t id)
{
	if (slot >= state->n_modules_used || id == 0 || state->modules[slot].id != id)
		return NULL;
	return &state->modules[slot];
}

const struct group_state *state_host(const struct state *state)
{
	return &state->groups[GROUP_SLOT_HOST];
}

enum rung state_group_rung(const struct state *state, uint32_t slot)
{
	for (uint32_t i = 0; i < state->limits.max_ladders; i++) {
		const struct ladder *ladder = &state->ladders[i];

		if (ladder->active && ladder->order_id == 0 && ladder->group_slot == slot)
			return ladder->rung;
	}
	return RUNG_NONE;
}
