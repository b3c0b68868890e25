/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sampling
 *
 * With the tripwire the kernel counts what is charged, and nobody looks at a clock:
 *
 *	left |*                      A budget is a share of what is left, and ends at the next
 *	     | *  budget             threshold at the latest. When it is spent the kernel wakes us,
 *	     |  *------              we read what is really left, and arm it anew. While nobody
 *	     |    *  budget          charges anything we sleep for the whole interval; only a level
 *	     |     *------           that may fall is looked after, once in a dwell time.
 *	     +----------------- time
 *
 * Without it a timer stands in, since nothing else tells in time on a host without swap (tasks
 * begin to stall milliseconds before the kernel kills):
 *
 *	left |*                      The farther from the next threshold, the longer the sleep:
 *	     |  *                    distance / fastest fill. Nobody can have crossed it before.
 *	     |    *      .           Each look sets the next one anew, closer and closer, until
 *	     |-----*---.------ medium    the threshold is met or the fill has ended.
 *	     +----------------- time
 *	      |   | | ||| looks
 *
 * and while something grows, a look follows about when a budget would have been spent: every 10 to
 * 50 ms, at all groups under a limit, whose fill no timer of the host foresees.
 */

#include "policies/sampling.h"
#include "policies/group_tree.h"
#include "policies/headroom.h"
#include "policies/rung.h"
#include "policies/second_look.h"

/* When calm the sleep may end a quarter later: so four fifths are asked for, never more in all. */
#define SLACK_SHARE 4
/*
 * While something grows. A look at a few groups takes about 0.1 ms: every 10 ms that is 1 % of a
 * CPU, and at 1.2 GB/s, the fastest fill measured, 12 MB go by in between.
 */
#define GROWING_SLEEP_MIN_USEC (10 * USEC_PER_MSEC)
/* Three looks make a growth: within 150 ms whoever began slowly is known, too. */
#define GROWING_SLEEP_MAX_USEC (50 * USEC_PER_MSEC)
/* Who needs longer than this is seen by the ordinary timer often enough. */
#define GROWING_TIME_LEFT_USEC USEC_PER_MIN
/* What is found after a longer sleep may all have happened in its last moment. */
#define GROWING_SPAN_USEC USEC_PER_SEC

/* Bytes until the next level begins; until nothing is left when there is none. */
static uint64_t sampling_distance_bytes(const struct profile *profile,
					const struct group_state *group)
{
	const struct shortage *shortage = &group->shortage;
	enum level next = group->judged_level + 1;

	if (next > LEVEL_CRITICAL)
		return shortage->headroom_bytes;
	return u64_sub(headroom_left(shortage, next),
		       headroom_threshold(profile, shortage->total_bytes, next, false));
}

static bool sampling_has_end(const struct shortage *shortage)
{
	return shortage->valid && shortage->total_bytes != BYTES_UNLIMITED;
}

/* With the tripwire. */

uint64_t sampling_budget(const struct profile *profile, const struct group_state *group)
{
	uint64_t share_bytes = bytes_share(group->shortage.headroom_bytes, profile->budget_bp);

	return u64_max(u64_min(share_bytes, sampling_distance_bytes(profile, group)),
		       profile->budget_min_bytes);
}

static void sampling_add_budget(struct step *step, const struct group_state *group)
{
	struct budget *budget = decision_add_budget(step->decision);

	if (!budget)
		return;
	budget->group_slot = group->slot;
	budget->group_id = group->id;
	budget->bytes = sampling_budget(step->profile, group);
}

/* Whoever was read in this step: the kernel goes on counting for all others. */
static void sampling_set_budgets(struct step *step)
{
	const struct state *state = step->state;

	if (step_sees_machine(step))
		sampling_add_budget(step, state_host(state));
	for (uint32_t slot = GROUP_SLOT_HOST + 1; slot < state->n_groups_used; slot++)
		if (step_sees_group(step, slot) && sampling_has_end(&state->groups[slot].shortage))
			sampling_add_budget(step, &state->groups[slot]);
}

/* A level falls only when it is seen that it may. */
static uint64_t sampling_watched_sleep(const struct profile *profile,
				       const struct group_state *group)
{
	if (group->level == LEVEL_LOW && group->judged_level == LEVEL_LOW)
		return profile->sampling_usec;
	return u64_min(profile->dwell_usec, profile->sampling_usec);
}

static uint64_t sampling_sleep_watched(struct step *step)
{
	const struct state *state = step->state;
	uint64_t sleep_usec = step->profile->sampling_usec;

	sampling_set_budgets(step);
	for (uint32_t slot = 0; slot < state->n_groups_used; slot++)
		if (state->groups[slot].id != 0)
			sleep_usec =
				u64_min(sleep_usec, sampling_watched_sleep(step->profile,
									   &state->groups[slot]));
	/* A dwell time of 0 is no reason to look without a pause. */
	return u64_max(sleep_usec, step->profile->sampling_min_usec);
}

/* Without it. */

uint64_t sampling_sleep(const struct profile *profile, const struct group_state *group)
{
	const struct shortage *shortage = &group->shortage;
	uint64_t rate_bytes = u64_max(profile->fill_rate_bytes, shortage->growth_bytes);
	uint64_t sleep_usec;

	/* A level whose readings are missing holds: look whether they are back. */
	if (!shortage->valid && group->level > LEVEL_LOW)
		return u64_min(profile->dwell_usec, profile->sampling_usec);
	if (!sampling_has_end(shortage))
		return profile->sampling_usec;
	sleep_usec = u64_muldiv(sampling_distance_bytes(profile, group), USEC_PER_SEC, rate_bytes);
	sleep_usec -= sleep_usec / (SLACK_SHARE + 1);
	return u64_max(u64_min(sleep_usec, profile->sampling_usec), profile->sampling_min_usec);
}

uint64_t sampling_growing_sleep(const struct profile *profile, const struct group_state *group)
{
	uint64_t span_usec = 0, left_usec, sleep_usec;
	uint64_t rise_bytes =
		consumption_last_rise(&group->consumption, GROWING_SLEEP_MIN_USEC, &span_usec);

	if (rise_bytes == 0 || !sampling_has_end(&group->shortage))
		return USEC_NEVER;
	left_usec = u64_muldiv(group->shortage.headroom_bytes,
			       u64_min(span_usec, GROWING_SPAN_USEC), rise_bytes);
	/* Somebody under a limit may be what grows on a host that has plenty. */
	if (left_usec > GROWING_TIME_LEFT_USEC &&
	    !(group->slot == GROUP_SLOT_HOST && rise_bytes >= profile->budget_min_bytes))
		return USEC_NEVER;
	sleep_usec = u64_muldiv(left_usec, profile->budget_bp, BP_ONE);
	return u64_max(u64_min(sleep_usec, GROWING_SLEEP_MAX_USEC), GROWING_SLEEP_MIN_USEC);
}

/* The sleep that the growth of those seen in this step allows. */
static void sampling_wake_for_growth(struct step *step, uint64_t *sleep_usec)
{
	const struct state *state = step->state;

	for (uint32_t slot = 0; slot < state->n_groups_used; slot++) {
		bool fresh = slot == GROUP_SLOT_HOST ? step_sees_machine(step)
						     : step_sees_group(step, slot);
		uint64_t growing_usec;

		if (!fresh)
			continue;
		growing_usec = sampling_growing_sleep(step->profile, &state->groups[slot]);
		if (growing_usec == USEC_NEVER)
			continue;
		*sleep_usec = u64_min(*sleep_usec, growing_usec);
		step->busy = true;
		step_attend(step, ATTENTION_LIMITS);
	}
}

/* Groups with a limit fill up as fast as the host: those are watched that can be helped. */
static void sampling_wake_for_limits(struct step *step, uint64_t *sleep_usec)
{
	const struct state *state = step->state;

	for (uint32_t i = 0; i < state->n_modules_used; i++) {
		uint32_t slot = state->modules[i].seen.group_slot;

		if (state->modules[i].id == 0)
			continue;
		for (int depth = 0; depth < GROUP_DEPTH_MAX; depth++) {
			if (slot == GROUP_SLOT_HOST || slot >= state->n_groups_used)
				break;
			uint64_t group_usec = sampling_sleep(step->profile, &state->groups[slot]);

			if (group_usec < *sleep_usec) {
				*sleep_usec = group_usec;
				step_attend(step, ATTENTION_MODULES);
			}
			slot = group_tree_parent(state, slot);
		}
	}
}

/* Once an interval modules are looked at in any case: new ones may sit in limited groups. */
static void sampling_attend_to_modules(struct step *step, uint64_t wake_at_usec)
{
	struct state *state = step->state;

	if (step->observation->covers & OBSERVED_MODULES)
		state->modules_seen_usec = step->now_usec;
	if (wake_at_usec >= u64_add(state->modules_seen_usec, step->profile->sampling_usec))
		step_attend(step, ATTENTION_MODULES);
}

static uint64_t sampling_sleep_polling(struct step *step)
{
	uint64_t sleep_usec = sampling_sleep(step->profile, state_host(step->state));

	sampling_wake_for_limits(step, &sleep_usec);
	sampling_wake_for_growth(step, &sleep_usec);
	return sleep_usec;
}

/* With and without. */

/*
 * What else time brings to one group: the end of dwell, of a stall's window, of the word io. Past
 * that and still here it waits for a reading: only then everybody is read, since who reads files at
 * its limit spends a budget many times a second.
 */
static bool sampling_wake_for_group(struct step *step, const struct group_state *group)
{
	uint64_t now_usec = step->now_usec;
	bool waits = false;

	if (group->look_again_usec != 0) {
		waits = group->look_again_usec <= now_usec;
		step_wake_at(step, u64_max(group->look_again_usec,
					   now_usec + step->profile->sampling_min_usec));
	}
	if (group->is_below || group->attribution == ATTRIBUTION_IO) {
		uint64_t since_usec = group->is_below ? group->below_since_usec
						      : group->io_seen_usec;
		uint64_t end_usec = u64_add(since_usec, step->profile->dwell_usec);

		if (end_usec <= now_usec) {
			waits = true;
			end_usec = u64_add(now_usec, step->profile->settle_usec);
		}
		step_wake_at(step, end_usec);
	}
	return waits;
}

static void sampling_tend_group(struct step *step, const struct group_state *group)
{
	bool waits = sampling_wake_for_group(step, group);

	if (group->slot == GROUP_SLOT_HOST) {
		step->busy |= group->level > LEVEL_LOW;
		return;
	}
	if (waits)
		step_attend(step, ATTENTION_GROUPS);
	if (group->level > LEVEL_LOW) /* by a limit: its own or one above it */
		step_attend(step, ATTENTION_LIMITS);
	step->busy |= group->level > LEVEL_LOW || group->attribution == ATTRIBUTION_IO ||
		      group->look_again_usec != 0;
}

/* Answers are measured by the counters of those who were asked: they must be seen with them. */
static void sampling_wake_for_requests(struct step *step)
{
	for (uint32_t i = 0; i < step->state->limits.max_requests; i++) {
		const struct request *request = &step->state->requests[i];

		if (!request->active || request->is_held)
			continue;
		step->busy = true;
		step_wake_at(step, request->action.deadline_usec);
		step_attend(step, rung_attention(request->action.rung));
	}
}

void sampling_set_wake(struct step *step)
{
	const struct state *state = step->state;
	bool is_watched = state->machine.has & MACHINE_HAS_TRIPWIRE;
	uint64_t sleep_usec = is_watched ? sampling_sleep_watched(step)
					 : sampling_sleep_polling(step);

	for (uint32_t slot = 0; slot < state->n_groups_used; slot++)
		if (state->groups[slot].id != 0)
			sampling_tend_group(step, &state->groups[slot]);
	sampling_wake_for_requests(step);
	second_look_wake(step);
	step_wake_at(step, u64_add(step->now_usec, sleep_usec));
	if (!is_watched)
		sampling_attend_to_modules(step, step->decision->wake_at_usec);
	step->decision->wake_slack_usec =
		step->busy ? 0 : (step->decision->wake_at_usec - step->now_usec) / SLACK_SHARE;
}
