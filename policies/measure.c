/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Measure: what an answer was worth
 *
 *	memory.current of the group
 *	  |-----.                     request: the level is noted (booked)
 *	  |      \   <- fall           answers of one step share the fall since then
 *	  |       `-----               in proportion to what they claim, and the level is
 *	  +-------------- steps        noted anew
 *
 * Only the measured share steers. A fall that nobody claims counts for the rung, but for no
 * module. Where a group's own counter cannot be read (cgroup v1), the fall of the memory used on
 * the host is taken, and no more than was claimed of it: others breathe there, too.
 */

#include "policies/measure.h"

static uint64_t host_used_bytes(const struct state *state)
{
	return u64_sub(state->machine.total_bytes, state->machine.available_bytes);
}

static struct ladder *ladder_of(struct state *state, const struct request *request)
{
	return request->ladder < state->limits.max_ladders ? &state->ladders[request->ladder]
							   : NULL;
}

/* A late request is waited for as well, though no rung does: what it frees goes on record. */
static bool has_request(const struct state *state, uint32_t group_slot, bool or_late)
{
	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		const struct request *request = &state->requests[i];

		if ((request->active || (or_late && request->late)) &&
		    (group_slot == GROUP_SLOT_HOST || request->action.group_slot == group_slot))
			return true;
	}
	return false;
}

void measure_open(struct state *state, uint32_t group_slot)
{
	struct group_state *group = &state->groups[group_slot];
	struct group_state *host = &state->groups[GROUP_SLOT_HOST];

	if (group_slot != GROUP_SLOT_HOST && (group->seen.has & GROUP_HAS_CURRENT) &&
	    !(group->booking && has_request(state, group_slot, false))) {
		group->booking = true;
		group->booked_bytes = group->seen.current_bytes;
	}
	if (!(host->booking && has_request(state, GROUP_SLOT_HOST, false))) {
		host->booking = true;
		host->booked_bytes = host_used_bytes(state);
	}
}

/* Whether this answer is measured by that group's counter; the host takes those without one. */
static bool is_measured_by(const struct step *step, const struct request *request, uint32_t slot)
{
	uint32_t group_slot = request->action.group_slot;
	const struct group_state *group = &step->state->groups[group_slot];
	bool own = group_slot != GROUP_SLOT_HOST && step_sees_group(step, group_slot) &&
		   group->booking && (group->seen.has & GROUP_HAS_CURRENT) &&
		   group->id == request->action.group_id;

	return slot == (own ? group_slot : GROUP_SLOT_HOST);
}

/* A fall that nobody claims: the kernel's own doing with reclaim, else the rung's only. */
static void give_unclaimed(struct state *state, struct request *first, uint64_t fall_bytes)
{
	struct ladder *ladder = ladder_of(state, first);

	if (first->action.module_slot == SLOT_NONE)
		first->measured_bytes = fall_bytes;
	else if (ladder && first->active)
		ladder->measured_bytes = u64_add(ladder->measured_bytes, fall_bytes);
}

/* Shares a fall out among the answers measured by that group. */
static void share_fall(struct step *step, uint32_t slot, uint64_t fall_bytes)
{
	struct state *state = step->state;
	struct request *first = NULL;
	uint64_t claims_bytes = 0, left_bytes;

	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		struct request *request = &state->requests[i];

		if (!request->answered || !is_measured_by(step, request, slot))
			continue;
		claims_bytes = u64_add(claims_bytes, request->outcome.claimed_bytes);
		if (!first || request->action.id < first->action.id)
			first = request;
	}
	if (!first)
		return;
	if (slot == GROUP_SLOT_HOST)
		fall_bytes = u64_min(fall_bytes, claims_bytes);
	if (claims_bytes == 0) {
		give_unclaimed(state, first, fall_bytes);
		return;
	}
	left_bytes = fall_bytes;
	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		struct request *request = &state->requests[i];

		if (!request->answered || !is_measured_by(step, request, slot))
			continue;
		request->measured_bytes =
			u64_min(left_bytes, u64_muldiv(fall_bytes, request->outcome.claimed_bytes,
						       claims_bytes));
		request->measured_by_group = slot != GROUP_SLOT_HOST;
		left_bytes -= request->measured_bytes;
	}
	first->measured_bytes = u64_add(first->measured_bytes, left_bytes); /* of rounding */
}

void measure_close(struct step *step)
{
	struct state *state = step->state;

	for (uint32_t slot = 0; slot < state->n_groups_used; slot++)
		if (state->groups[slot].booking)
			state->groups[slot].booking = has_request(state, slot, true);
}

/*
 * Shares out what fell in one group, and notes its level anew, if that has not been done for an
 * earlier answer of this step. Other groups keep their level: their answers are still to come.
 */
static void settle_group(struct step *step, const struct request *request, uint32_t index)
{
	struct state *state = step->state;
	uint32_t slot = is_measured_by(step, request, GROUP_SLOT_HOST) ? GROUP_SLOT_HOST
								       : request->action.group_slot;
	struct group_state *group = &state->groups[slot];
	uint64_t now_bytes = slot == GROUP_SLOT_HOST ? host_used_bytes(state)
						     : group->seen.current_bytes;

	for (uint32_t i = 0; i < index; i++)
		if (state->requests[i].answered && is_measured_by(step, &state->requests[i], slot))
			return;
	share_fall(step, slot, u64_sub(group->booked_bytes, now_bytes));
	group->booked_bytes = now_bytes;
}

void measure_answers(struct step *step)
{
	for (uint32_t i = 0; i < step->state->limits.max_requests; i++)
		if (step->state->requests[i].answered)
			settle_group(step, &step->state->requests[i], i);
}
