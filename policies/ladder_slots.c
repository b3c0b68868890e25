/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Ladder slots: which group and which order gets a ladder
 */

#include <string.h>

#include "policies/ladder.h"

/* A free slot. The last one is kept for the host, whose shortage is everybody's. */
static struct ladder *ladder_slots_take_ladder(struct step *step, bool is_host)
{
	struct state *state = step->state;
	struct ladder *free_ladder = NULL;
	uint32_t n_free = 0;

	for (uint32_t i = 0; i < state->limits.max_ladders; i++) {
		if (state->ladders[i].active) {
			/* The host's ladder is on already: nothing to keep free. */
			if (state->ladders[i].group_slot == GROUP_SLOT_HOST &&
			    state->ladders[i].order_id == 0)
				is_host = true;
			continue;
		}
		n_free++;
		if (!free_ladder)
			free_ladder = &state->ladders[i];
	}
	if (n_free == 0 || (n_free == 1 && !is_host))
		return NULL;
	memset(free_ladder, 0, sizeof(*free_ladder));
	free_ladder->active = true;
	free_ladder->started_usec = step->now_usec;
	free_ladder->next_cycle_usec = step->now_usec;
	free_ladder->next_rung = RUNG_SHED;
	return free_ladder;
}

bool ladder_open_for_episode(struct step *step, const struct group_state *group)
{
	struct ladder *ladder = ladder_slots_take_ladder(step, group->slot == GROUP_SLOT_HOST);

	if (!ladder)
		return false;
	ladder->group_slot = group->slot;
	ladder->group_id = group->id;
	ladder->episode_id = group->episode.id;
	ladder->next_reason = REASON_LEVEL_ROSE;
	ladder->level = group->judged_level;
	return true;
}

/* Nothing can be done for this order: said at once, so that nobody waits for it. */
static void ladder_slots_refuse_order(struct step *step, const struct order *order,
				      enum reason reason)
{
	struct rung_report *rung = decision_add_rung(step->decision);
	struct order_report *entry = decision_add_order(step->decision);

	if (rung) {
		rung->order_id = order->id;
		rung->group_slot = order->group_slot;
		rung->group_id = order->group_id;
		rung->reason = reason;
	}
	if (entry)
		entry->order_id = order->id;
}

void ladder_open_for_order(struct step *step, const struct order *order)
{
	const struct group_state *group =
		state_group(step->state, order->group_slot, order->group_id);
	struct ladder *ladder;

	if (!group) {
		ladder_slots_refuse_order(step, order, REASON_GROUP_GONE);
		return;
	}
	ladder = ladder_slots_take_ladder(step, false);
	if (!ladder) {
		ladder_slots_refuse_order(step, order, REASON_TOO_MANY);
		return;
	}
	ladder->group_slot = order->group_slot;
	ladder->group_id = group->id;
	ladder->order_id = order->id;
	ladder->order_bytes = u64_max(order->bytes, 1);
	ladder->order_max_rung = order->max_rung;
	ladder->next_reason = REASON_ORDERED;
	ladder->level = LEVEL_MEDIUM;
}
