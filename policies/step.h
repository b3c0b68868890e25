/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Step: what every part of one decide() works with
 *
 * Internal to the policies.
 */

#include "policies/decision.h"
#include "policies/observation.h"
#include "policies/profile.h"
#include "policies/state.h"

struct step {
	const struct profile *profile;
	struct state *state;
	const struct observation *observation;
	struct decision *decision;
	uint64_t now_usec; /* never before that of the last step */
	bool busy;	   /* something is under way: no slack for the next look */
};

/* Look again at this time at the latest; a time that has passed means as soon as possible. */
static inline void step_wake_at(struct step *step, uint64_t at_usec)
{
	at_usec = u64_max(at_usec, u64_add(step->now_usec, 1));
	step->decision->wake_at_usec = u64_min(step->decision->wake_at_usec, at_usec);
}

/* The next observation should cover at least this. */
static inline void step_attend(struct step *step, enum attention attention)
{
	if (step->decision->attention < attention)
		step->decision->attention = attention;
}

/* Whether this group's reading is of this step. */
static inline bool step_sees_group(const struct step *step, uint32_t slot)
{
	return slot < step->state->n_groups_used && step->state->groups[slot].id != 0 &&
	       step->state->groups[slot].seen_step == step->state->n_steps;
}

/* Whether memory of the machine was read in this step. */
static inline bool step_sees_machine(const struct step *step)
{
	return (step->observation->covers & OBSERVED_MACHINE) &&
	       (step->observation->machine.has & MACHINE_HAS_MEMORY);
}
