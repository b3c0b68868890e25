/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sampling
 *
 *	left |*                      The farther from the next threshold, the longer the sleep:
 *	     |  *                    distance / fastest fill. Nobody can have crossed it before.
 *	     |    *      .           Each look sets the next one anew, closer and closer, until
 *	     |-----*---.------ medium    the threshold is met or the fill has ended.
 *	     +----------------- time
 *	      |   | | ||| looks
 *
 * Why a timer at all: without swap nothing else tells in time (tasks begin to stall milliseconds
 * before the kernel kills). With plenty of memory it comes down to one look per interval.
 */

#include "policies/sampling.h"
#include "policies/headroom.h"
#include "policies/rung.h"

/* When calm the sleep may end a quarter later: so four fifths are asked for, never more in all. */
#define SLACK_SHARE 4

/* Bytes until the next level begins; until nothing is left when there is none. */
static uint64_t distance_bytes(const struct profile *profile, const struct group_state *group)
{
	const struct shortage *shortage = &group->shortage;
	enum level next = group->judged_level + 1;

	if (next > LEVEL_CRITICAL)
		return shortage->headroom_bytes;
	return u64_sub(headroom_left(shortage, next),
		       headroom_threshold(profile, shortage->total_bytes, next, false));
}

uint64_t sampling_sleep(const struct profile *profile, const struct group_state *group)
{
	const struct shortage *shortage = &group->shortage;
	uint64_t rate_bytes = u64_max(profile->fill_rate_bytes, shortage->growth_bytes);
	uint64_t sleep_usec;

	/* A level whose readings are missing holds: look whether they are back. */
	if (!shortage->valid && group->level > LEVEL_LOW)
		return u64_min(profile->dwell_usec, profile->sampling_usec);
	if (!shortage->valid || shortage->total_bytes == BYTES_UNLIMITED)
		return profile->sampling_usec;
	sleep_usec = u64_muldiv(distance_bytes(profile, group), USEC_PER_SEC, rate_bytes);
	sleep_usec -= sleep_usec / (SLACK_SHARE + 1);
	return u64_max(u64_min(sleep_usec, profile->sampling_usec), profile->sampling_min_usec);
}

/* What else time brings to one group: the end of dwell, of a stall's window, of the word io. */
static void wake_for_group(struct step *step, const struct group_state *group)
{
	uint64_t dwell_usec = step->profile->dwell_usec;
	bool is_host = group->slot == GROUP_SLOT_HOST;

	if (group->look_again_usec != 0)
		step_wake_at(step, u64_max(group->look_again_usec,
					   step->now_usec + step->profile->sampling_min_usec));
	if (group->is_below || group->attribution == ATTRIBUTION_IO) {
		uint64_t since_usec = group->is_below ? group->below_since_usec
						      : group->io_seen_usec;
		uint64_t end_usec = u64_add(since_usec, dwell_usec);

		/* Past its end and still here: it waits for a reading, as soon as that is due. */
		if (end_usec <= step->now_usec)
			end_usec = u64_add(step->now_usec, step->profile->settle_usec);
		step_wake_at(step, end_usec);
	}
	if (!is_host && (group->level > LEVEL_LOW || group->attribution == ATTRIBUTION_IO ||
			 group->look_again_usec != 0)) {
		step->busy = true;
		step_attend(step, ATTENTION_GROUPS);
	}
	if (is_host && group->level > LEVEL_LOW)
		step->busy = true;
}

/* Groups with a limit fill up as fast as the host: those are watched that can be helped. */
static void wake_for_limits(struct step *step, uint64_t *sleep_usec)
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
			slot = state_group_parent(state, slot);
		}
	}
}

/* Answers are measured by the counters of those who were asked: they must be seen with them. */
static void wake_for_requests(struct step *step)
{
	for (uint32_t i = 0; i < step->state->limits.max_requests; i++) {
		const struct request *request = &step->state->requests[i];

		if (!request->active)
			continue;
		step->busy = true;
		step_wake_at(step, request->action.deadline_usec);
		step_attend(step, rung_attention(request->action.rung));
	}
}

/* Once an interval modules are looked at in any case: new ones may sit in limited groups. */
static void attend_to_modules(struct step *step)
{
	struct state *state = step->state;

	if (step->observation->covers & OBSERVED_MODULES)
		state->modules_seen_usec = step->now_usec;
	if (step->decision->wake_at_usec >=
	    u64_add(state->modules_seen_usec, step->profile->sampling_usec))
		step_attend(step, ATTENTION_MODULES);
}

void sampling_set_wake(struct step *step)
{
	const struct state *state = step->state;
	uint64_t sleep_usec = sampling_sleep(step->profile, state_host(state));

	for (uint32_t slot = 0; slot < state->n_groups_used; slot++)
		if (state->groups[slot].id != 0)
			wake_for_group(step, &state->groups[slot]);
	wake_for_limits(step, &sleep_usec);
	wake_for_requests(step);
	step_wake_at(step, u64_add(step->now_usec, sleep_usec));
	attend_to_modules(step);
	step->decision->wake_slack_usec =
		step->busy ? 0 : (step->decision->wake_at_usec - step->now_usec) / SLACK_SHARE;
}
