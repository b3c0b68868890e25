/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Ladder: warn, shed, unload, reclaim: one rung at a time, each on measured evidence
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/* Starts the ladder of a group with an episode. Returns: false when all slots are taken. */
bool ladder_open_for_episode(struct step *step, const struct group_state *group);

/* Starts a ladder for an order, or reports at once that it cannot be served. */
void ladder_open_for_order(struct step *step, const struct order *order);

/* Moves every ladder on as far as this step allows. */
void ladder_run_all(struct step *step);

/*
 * Whether somebody is being asked on behalf of a group's episode. A pause after a cycle that gave
 * something is cut short, so that this becomes true with the next step; after one that gave nothing
 * it is false.
 */
bool ladder_go_on(struct step *step, uint32_t group_slot);

/* Ends the ladders of a group. Orders of it end as well when it is gone. */
void ladder_close_of_group(struct step *step, uint32_t group_slot, enum reason reason);

/* A module registered in this group: rungs that had no effect before may have one now. */
void ladder_hear_of_module(struct step *step, uint32_t group_slot);
