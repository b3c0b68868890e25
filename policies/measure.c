/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Measure: what an answer was worth
 *
 *	memory used by the group
 *	  |-----.                     request: the counters are noted (booked)
 *	  |      \   <- fall           answers of one step share the fall since then
 *	  |       `-----               in proportion to what they claim, and the counters are
 *	  +-------------- steps        noted anew
 *
 * Only the measured share steers. A fall that nobody claims counts for the rung, but for no
 * module. Where a group's own counter cannot be read (cgroup v1), the fall of the memory used on
 * the host is taken, and no more than was claimed of it: others breathe there, too.
 *
 * memory.current alone does not tell what a module gave back:
 *
 *	what the module freed                   current   unused   held   swap
 *	small pages, whole huge pages, tmpfs    falls     -        falls  -
 *	parts of huge pages                     later     rises    falls  -
 *	by MADV_FREE                            later     rises    falls  -
 *	what was swapped out                    -         -        -      falls
 *	while others in the group read files    -         -        falls  -
 *
 * "Later" is when the kernel is short and takes it: then it is free at once. So what fell is
 * `current - unused`; and where that does not cover the claims, `held + swap`, up to the claims.
 * Swapping in or out moves bytes between held and swap, and counts for nobody. What the kernel
 * itself reclaimed is measured by `current`.
 *
 * What a module still misses of its claim after that may come late; second_look.c says when the
 * group is looked at again. What falls by then, and was not claimed by an answer in between, is
 * credited to it; of `held + swap` only, where that is known: in seconds the kernel drops file
 *cache.
 */

#include "policies/measure.h"

static uint64_t measure_host_used_bytes(const struct state *state)
{
	return u64_sub(state->machine.total_bytes, state->machine.available_bytes);
}

static struct group_mark measure_mark_now(const struct state *state, uint32_t slot)
{
	const struct group_reading *seen = &state->groups[slot].seen;

	if (slot == GROUP_SLOT_HOST)
		return (struct group_mark){ .current_bytes = measure_host_used_bytes(state) };
	return (struct group_mark){
		.has = seen->has & (GROUP_HAS_USE | GROUP_HAS_SWAP),
		.current_bytes = seen->current_bytes,
		.unused_bytes = seen->unused_bytes,
		.held_bytes = seen->held_bytes,
		.swap_bytes = seen->swap_bytes,
	};
}

static uint64_t measure_fall_of_used(const struct group_mark *old, const struct group_mark *now)
{
	if (!(old->has & now->has & GROUP_HAS_USE))
		return u64_sub(old->current_bytes, now->current_bytes);
	return u64_sub(u64_sub(old->current_bytes, old->unused_bytes),
		       u64_sub(now->current_bytes, now->unused_bytes));
}

static uint64_t measure_fall_of_held(const struct group_mark *old, const struct group_mark *now)
{
	uint32_t has = old->has & now->has;

	if (!(has & GROUP_HAS_USE))
		return 0;
	if (!(has & GROUP_HAS_SWAP))
		return u64_sub(old->held_bytes, now->held_bytes);
	return u64_sub(u64_add(old->held_bytes, old->swap_bytes),
		       u64_add(now->held_bytes, now->swap_bytes));
}

/* What may have come late: where use is not known, the kernel's doing cannot be told from it. */
static uint64_t measure_fall_of_late(const struct group_mark *old, const struct group_mark *now)
{
	return old->has & now->has & GROUP_HAS_USE ? measure_fall_of_held(old, now)
						   : measure_fall_of_used(old, now);
}

static struct ladder *measure_ladder_of(struct state *state, const struct request *request)
{
	return request->ladder < state->limits.max_ladders ? &state->ladders[request->ladder]
							   : NULL;
}

/* Waiting for an answer in time, or answered in this step. */
static bool measure_is_open(const struct request *request)
{
	return (request->active && !request->is_held) || request->answered;
}

/* A late answer is waited for as well, though no rung does: what it frees goes on record. */
static bool measure_is_waited_for(const struct request *request)
{
	return request->active || request->late || request->look_usec != 0;
}

static bool measure_has_request(const struct state *state, uint32_t group_slot,
				bool (*counts)(const struct request *request))
{
	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		const struct request *request = &state->requests[i];

		if (counts(request) &&
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
	    !(group->booking && measure_has_request(state, group_slot, measure_is_open))) {
		group->booking = true;
		group->booked = measure_mark_now(state, group_slot);
	}
	if (!(host->booking && measure_has_request(state, GROUP_SLOT_HOST, measure_is_open))) {
		host->booking = true;
		host->booked = measure_mark_now(state, GROUP_SLOT_HOST);
	}
}

/* Whether this answer is measured by that group's counter; the host takes those without one. */
static bool measure_is_measured_by(const struct step *step, const struct request *request,
				   uint32_t slot)
{
	uint32_t group_slot = request->action.group_slot;
	const struct group_state *group = &step->state->groups[group_slot];
	bool own = group_slot != GROUP_SLOT_HOST && step_sees_group(step, group_slot) &&
		   group->booking && (group->seen.has & GROUP_HAS_CURRENT) &&
		   group->id == request->action.group_id;

	return slot == (own ? group_slot : GROUP_SLOT_HOST);
}

/* A fall that nobody claims: the kernel's own doing with reclaim, else the rung's only. */
static void measure_give_unclaimed(struct state *state, struct request *first, uint64_t fall_bytes)
{
	struct ladder *ladder = measure_ladder_of(state, first);

	if (first->action.module_slot == SLOT_NONE)
		first->measured_bytes = fall_bytes;
	else if (ladder && first->active)
		ladder->measured_bytes = u64_add(ladder->measured_bytes, fall_bytes);
}

/* The answers of one step that one group's counters measure. */
struct answers {
	struct request *first; /* the oldest; NULL: none */
	uint64_t claims_bytes;
	bool by_kernel; /* one of them is a reclaim */
};

static struct answers measure_answers_of(struct step *step, uint32_t slot)
{
	struct answers answers = {};

	for (uint32_t i = 0; i < step->state->limits.max_requests; i++) {
		struct request *request = &step->state->requests[i];

		if (!request->answered || !measure_is_measured_by(step, request, slot))
			continue;
		answers.claims_bytes =
			u64_add(answers.claims_bytes, request->outcome.claimed_bytes);
		answers.by_kernel |= request->action.module_slot == SLOT_NONE;
		if (!answers.first || request->action.id < answers.first->action.id)
			answers.first = request;
	}
	return answers;
}

/* Shares a fall out among the answers measured by that group. */
static void measure_share_fall(struct step *step, uint32_t slot, const struct answers *answers,
			       uint64_t fall_bytes)
{
	struct state *state = step->state;
	uint64_t left_bytes = fall_bytes;

	if (answers->claims_bytes == 0) {
		measure_give_unclaimed(state, answers->first, fall_bytes);
		return;
	}
	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		struct request *request = &state->requests[i];

		if (!request->answered || !measure_is_measured_by(step, request, slot))
			continue;
		request->measured_bytes =
			u64_min(left_bytes, u64_muldiv(fall_bytes, request->outcome.claimed_bytes,
						       answers->claims_bytes));
		request->measured_by_group = slot != GROUP_SLOT_HOST;
		left_bytes -= request->measured_bytes;
	}
	answers->first->measured_bytes =
		u64_add(answers->first->measured_bytes, left_bytes); /* of rounding */
}

void measure_close(struct step *step)
{
	struct state *state = step->state;

	for (uint32_t slot = 0; slot < state->n_groups_used; slot++)
		if (state->groups[slot].booking)
			state->groups[slot].booking =
				measure_has_request(state, slot, measure_is_waited_for);
}

/* Of its claim, after all that was measured for this request so far. */
static uint64_t measure_missing_bytes(const struct request *request)
{
	return u64_sub(request->outcome.claimed_bytes,
		       u64_add(request->total_measured_bytes, request->measured_bytes));
}

/*
 * Credits what fell to those answers that still miss some of it, the oldest first.
 * Returns: what nobody missed.
 */
static uint64_t measure_credit_late(struct step *step, uint32_t slot, uint64_t fall_bytes)
{
	for (uint32_t i = 0; i < step->state->limits.max_requests; i++) {
		struct request *request = &step->state->requests[i];
		uint64_t credit_bytes;

		if (request->look_usec == 0 || request->action.group_slot != slot)
			continue;
		credit_bytes = u64_min(fall_bytes, measure_missing_bytes(request));
		request->measured_bytes = u64_add(request->measured_bytes, credit_bytes);
		fall_bytes -= credit_bytes;
	}
	return fall_bytes;
}

/*
 * Shares out what fell in one group, and notes its level anew. Other groups keep their level: their
 * answers are still to come.
 */
static void measure_settle_group(struct step *step, uint32_t slot)
{
	struct group_state *group = &step->state->groups[slot];
	struct group_mark now = measure_mark_now(step->state, slot);
	const struct answers answers = measure_answers_of(step, slot);
	uint64_t fall_bytes = measure_fall_of_used(&group->booked, &now);
	uint64_t held_bytes = measure_fall_of_held(&group->booked, &now);
	uint64_t late_bytes =
		u64_sub(measure_fall_of_late(&group->booked, &now), answers.claims_bytes);

	if (answers.by_kernel)
		fall_bytes = u64_sub(group->booked.current_bytes, now.current_bytes);
	group->booked = now;
	if (slot == GROUP_SLOT_HOST) {
		if (answers.first)
			measure_share_fall(step, slot, &answers,
					   u64_min(fall_bytes, answers.claims_bytes));
		return;
	}
	/* Answers first, up to their claims; then those looked at again; the rest as it was. */
	late_bytes -= measure_credit_late(step, slot, late_bytes);
	fall_bytes = u64_max(fall_bytes, u64_min(held_bytes, answers.claims_bytes));
	fall_bytes -= u64_min(late_bytes, u64_sub(fall_bytes, answers.claims_bytes));
	if (answers.first)
		measure_share_fall(step, slot, &answers, fall_bytes);
}

/* The group that measures this request in this step, if it has not been settled before. */
static bool measure_is_first_of_group(const struct step *step, uint32_t index, uint32_t slot)
{
	for (uint32_t i = 0; i < index; i++)
		if (step->state->requests[i].answered &&
		    measure_is_measured_by(step, &step->state->requests[i], slot))
			return false;
	return true;
}

void measure_answers(struct step *step)
{
	struct state *state = step->state;

	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		const struct request *request = &state->requests[i];
		uint32_t slot = GROUP_SLOT_HOST;

		if (!request->answered)
			continue;
		if (!measure_is_measured_by(step, request, GROUP_SLOT_HOST))
			slot = request->action.group_slot;
		if (measure_is_first_of_group(step, i, slot))
			measure_settle_group(step, slot);
	}
}

bool measure_late(struct step *step, uint32_t slot)
{
	const struct group_state *group = &step->state->groups[slot];

	if (!step_sees_group(step, slot) || !group->booking ||
	    !(group->seen.has & GROUP_HAS_CURRENT))
		return false;
	/* What fell may be what one that is being asked is about to claim. */
	if (!measure_has_request(step->state, slot, measure_is_open))
		measure_settle_group(step, slot);
	return true;
}
