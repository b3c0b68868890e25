/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Goal: how much a ladder asks for, what it got, and how soon it asks again
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/*
 * What a group lacks: up to the threshold to leave medium, with what the growth of others than its
 * modules takes meanwhile. 0: nothing.
 */
uint64_t goal_missing(const struct profile *profile, const struct shortage *shortage,
		      uint64_t others_bytes);

/* A difference up to this is no miss of a goal: the counters are no finer. */
uint64_t goal_slack(uint64_t goal_bytes);

/* What a ladder asks for now; 0: nothing. */
uint64_t goal_of(const struct step *step, const struct ladder *ladder);

/* What an order got: measured, or claimed where at least the modules have shrunk by that. */
uint64_t goal_order_got(const struct ladder *ladder);
/* Whether an order has what it asked for, as nearly as a further request could bring it. */
bool goal_order_is_met(const struct ladder *ladder);

/* What the rung that stands gave: measured, or claimed where at least it left the processes. */
uint64_t goal_gave(const struct ladder *ladder);
/*
 * So little was claimed of what was asked for at since_usec that what the ladder's group grew
 * meanwhile hides it: no measure of it proves anything.
 */
bool goal_is_hidden(const struct step *step, const struct ladder *ladder, uint64_t claimed_bytes,
		    uint64_t since_usec);
/*
 * Books what left the modules in this step to those who asked: where others take it at once, no
 * counter of the group shows it. A report alone is enough for an order only, which is over either
 * way.
 */
void goal_see_what_left(const struct step *step, struct ladder *ladder);

/* Until the next cycle: longer after fruitless ones, shorter while little time is left. */
uint64_t goal_pause(const struct step *step, const struct ladder *ladder);
