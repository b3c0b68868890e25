/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Decide
 *
 *	observation --> see --> book --> judge --> climb --> brake --> wake --> decision
 *	                 |       |         |         |         |
 *	                 +-------+-------state-------+---------+
 *
 * see     take over readings; what is not covered stays as it was
 * book    answers of modules and kernel: measured, shared out, late ones ended
 * judge   a level per group: the strongest of the policies, with dwell
 * climb   ladders of short groups and of orders send requests
 * brake   hold who runs away while somebody is asked; let go when that is over
 * wake    the next look, as late as can be afforded
 *
 * The order matters: answers are measured against this step's counters, a request is only late
 * when no answer came with this step, and a group that is gone gives its last answers first.
 */

#include "policies/decide.h"
#include "policies/booking.h"
#include "policies/brake.h"
#include "policies/exhaustion.h"
#include "policies/judgement.h"
#include "policies/ladder.h"
#include "policies/members.h"
#include "policies/own_growth.h"
#include "policies/sampling.h"
#include "policies/step.h"
#include "policies/suggestion.h"

static void decide_judge(struct step *step)
{
	struct state *state = step->state;

	brake_mark_helped(state);
	for (uint32_t slot = 0; slot < state->n_groups_used; slot++) {
		bool fresh = slot == GROUP_SLOT_HOST
				     ? (step->observation->covers & OBSERVED_MACHINE) != 0
				     : step_sees_group(step, slot);

		if (!fresh)
			continue;
		exhaustion_add(step->profile, &state->groups[slot], step->now_usec);
		judgement_form(step, &state->groups[slot]);
		suggestion_learn(step->profile, state, &state->groups[slot]);
	}
	judgement_publish(step);
}

void decide(const struct profile *profile, struct state *state,
	    const struct observation *observation, struct decision *decision)
{
	struct step step = {
		.profile = profile,
		.state = state,
		.observation = observation,
		.decision = decision,
		.now_usec = u64_max(observation->now_usec, state->now_usec),
	};

	decision_clear(decision);
	state->now_usec = step.now_usec;
	state->n_steps++;

	members_see_groups(&step);
	booking_settle(&step);
	booking_end_late(&step);
	members_forget_gone_groups(&step);
	members_see_modules(&step);
	own_growth_see_modules(&step);

	decide_judge(&step);

	for (size_t i = 0; i < observation->n_orders; i++)
		ladder_open_for_order(&step, &observation->orders[i]);
	ladder_run_all(&step);
	brake_run(&step);
	sampling_set_wake(&step);
}
