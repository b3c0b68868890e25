/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Goal
 *
 *	threshold to leave medium  - - - - - - - - - - - - - +
 *	                                                     |  asked for
 *	available now              - - - - - - - - - - - +   |
 *	                                                 |   |
 *	... less what others take until the next cycle   - - +
 *
 * What others take is what grows beside the modules (own_growth.c): a cache that fills is asked for
 * what is missing and not for what it has just taken. With more available than that nothing is
 *asked for, whatever the level is called.
 *
 * An order asks for what it does not have yet, and is over when a further request would bring more
 * too much than is too little now: within a tenth, or within the blocks that a module gives.
 */

#include "policies/goal.h"
#include "policies/headroom.h"
#include "policies/own_growth.h"

/* An order is over when a tenth is missing. */
#define ORDER_SLACK_SHARE 10
/* The kernel charges in batches of 256 KiB a processor: some of them are no miss. */
#define SLACK_BYTES MIB
/* ... but not when they are most of the goal. */
#define SLACK_SHARE 4
/* Less is not worth a request, and no counter shows it for sure. */
#define LEAST_BYTES MIB
/* The pause doubles with each cycle in which no module gave anything: 0.5 s becomes 32 s. */
#define BARREN_DOUBLINGS_MAX 6
/* A cycle that gave is followed this often within the time that is left, ... */
#define CYCLES_IN_TIME_LEFT 8
/* ... but not before the effect of the last can be seen. */
#define PAUSE_LEAST_USEC (10 * USEC_PER_MSEC)
/* A growth is measured no better than this: a claim up to so many times what grew is hidden by it.
 */
#define HIDDEN_FACTOR 2

uint64_t goal_missing(const struct profile *profile, const struct shortage *shortage,
		      uint64_t others_bytes)
{
	uint64_t want_bytes =
		headroom_threshold(profile, shortage->total_bytes, LEVEL_MEDIUM, true);
	uint64_t grows_bytes = u64_muldiv(others_bytes, profile->goal_horizon_usec, USEC_PER_SEC);

	/* A little more, so that the level is really left: the counters are no finer. */
	want_bytes = u64_add(u64_add(want_bytes, grows_bytes), LEAST_BYTES);
	return u64_sub(want_bytes, shortage->available_bytes);
}

uint64_t goal_slack(uint64_t goal_bytes)
{
	return u64_min(SLACK_BYTES, goal_bytes / SLACK_SHARE);
}

/* The least worth asking for; a shortage that bytes do not show has no other measure. */
static uint64_t goal_least_bytes(const struct step *step, const struct ladder *ladder,
				 uint64_t missing_bytes)
{
	const struct group_state *group = &step->state->groups[ladder->group_slot];

	if (group->signals & (1U << SIGNAL_STALL | 1U << SIGNAL_EVENT))
		return step->profile->goal_min_bytes;
	if (missing_bytes == 0)
		return 0;
	if (ladder->others_bytes > 0 && ladder->others_bytes >= group->shortage.growth_bytes / 2)
		return step->profile->goal_min_bytes;
	return LEAST_BYTES;
}

uint64_t goal_order_got(const struct ladder *ladder)
{
	return u64_max(ladder->total_measured_bytes,
		       u64_min(ladder->total_claimed_bytes, ladder->released_bytes));
}

static uint64_t goal_order_rest(const struct ladder *ladder)
{
	return u64_sub(ladder->order_bytes, goal_order_got(ladder));
}

bool goal_order_is_met(const struct ladder *ladder)
{
	uint64_t slack_bytes =
		u64_max(ladder->order_bytes / ORDER_SLACK_SHARE, goal_slack(ladder->order_bytes));

	if (goal_order_got(ladder) > 0)
		slack_bytes = u64_max(slack_bytes, ladder->step_bytes);
	return goal_order_rest(ladder) <= slack_bytes;
}

uint64_t goal_of(const struct step *step, const struct ladder *ladder)
{
	const struct group_state *group = &step->state->groups[ladder->group_slot];
	uint64_t missing_bytes;

	if (ladder->order_id != 0)
		return goal_order_rest(ladder);
	missing_bytes = goal_missing(step->profile, &group->shortage, ladder->others_bytes);
	return u64_max(missing_bytes, goal_least_bytes(step, ladder, missing_bytes));
}

uint64_t goal_gave(const struct ladder *ladder)
{
	return u64_max(ladder->measured_bytes, u64_min(ladder->claimed_bytes, ladder->left_bytes));
}

bool goal_is_hidden(const struct step *step, const struct ladder *ladder, uint64_t claimed_bytes,
		    uint64_t since_usec)
{
	const struct group_state *group = &step->state->groups[ladder->group_slot];
	uint64_t grown_bytes =
		u64_muldiv(group->shortage.growth_bytes, step->now_usec - since_usec, USEC_PER_SEC);

	return claimed_bytes > 0 && claimed_bytes / HIDDEN_FACTOR <= grown_bytes;
}

void goal_see_what_left(const struct step *step, struct ladder *ladder)
{
	if (ladder->rung_started_usec == 0 || ladder->rung_started_usec == step->now_usec)
		return;
	ladder->left_bytes =
		u64_add(ladder->left_bytes,
			own_growth_fell(step->state, ladder->group_slot, WITNESS_OWNER));
	ladder->released_bytes =
		u64_add(ladder->released_bytes,
			own_growth_fell(step->state, ladder->group_slot, WITNESS_REPORT));
}

uint64_t goal_pause(const struct step *step, const struct ladder *ladder)
{
	uint64_t time_left_usec = step->state->groups[ladder->group_slot].shortage.time_left_usec;
	uint64_t settle_usec = step->profile->settle_usec;

	if (ladder->n_barren > 0)
		return settle_usec << u64_min(ladder->n_barren, BARREN_DOUBLINGS_MAX);
	return u64_min(settle_usec,
		       u64_max(time_left_usec / CYCLES_IN_TIME_LEFT, PAUSE_LEAST_USEC));
}
