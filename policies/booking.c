/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Booking: the life of a request
 *
 *	sent --> answered in time ----------------> finish, standing of the module
 *	    \--> deadline passed: late, demoted --> finish; the answer is owed, and what
 *	    |                                       it frees still counts when it comes
 *	    \--> owner or group gone -------------> finish
 *
 * A late answer is owed for as long as Hold=: the module still works on it, so it is not asked
 * anew, and a brake may wait for it. One that stays silent for longer owes nothing more until it
 * answers something: then it is asked again, and only its deadline is waited for.
 *
 * A module that answers is judged by what was measured (measure.c): its yield, measured / asked,
 * is what the next choice expects of it. One that claims much and gives little loses its standing
 * at once, when a second look (second_look.c) finds no more of it.
 */

#include "policies/booking.h"
#include "policies/goal.h"
#include "policies/group_tree.h"
#include "policies/measure.h"
#include "policies/second_look.h"

/* A claim below this is too small to call anybody a liar: the counters are no finer. */
#define LIE_MIN_BYTES MIB
/* Measured below this share of the claim: what it says is not to be relied on. */
#define LIE_SHARE 4
/* One new measure in four: three bad ones take a module's standing below half. */
#define YIELD_WEIGHT 4
/* Demotion doubles with each late answer in a row, up to 64 times. */
#define DEMOTE_DOUBLINGS_MAX 6

static struct module_state *booking_module_of(struct state *state, const struct action *action)
{
	return (struct module_state *)state_module(state, action->module_slot, action->module_id);
}

static struct ladder *booking_ladder_of(struct state *state, const struct request *request)
{
	return request->ladder < state->limits.max_ladders ? &state->ladders[request->ladder]
							   : NULL;
}

/*
 * A free slot, or that of the oldest request that no ladder waits for: a late one, whose answer
 * will then not be missed, or one to be looked at again, from which nothing is then learned.
 */
static struct request *booking_free_request(struct state *state)
{
	struct request *oldest = NULL;

	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		struct request *request = &state->requests[i];

		if (request->active)
			continue;
		if (!request->late && request->look_usec == 0)
			return request;
		if (!oldest || request->action.id < oldest->action.id)
			oldest = request;
	}
	return oldest;
}

bool booking_send(struct step *step, uint32_t ladder_index, const struct action *wanted)
{
	struct state *state = step->state;
	struct request *request = booking_free_request(state);
	struct action *action = request ? decision_add_action(step->decision) : NULL;
	struct module_state *module;

	if (!request)
		step->decision->n_dropped++;
	if (!action)
		return false;
	*action = *wanted;
	action->id = state->next_action_id++;
	action->started_usec = step->now_usec;
	measure_open(state, action->group_slot);
	*request = (struct request){ .action = *action, .active = true, .ladder = ladder_index };
	module = booking_module_of(state, action);
	if (module) {
		module->open_action_id = action->id;
		module->n_requests++;
	}
	state->n_requests++;
	return true;
}

bool booking_group_is_busy(const struct state *state, uint32_t group_slot, uint64_t group_id)
{
	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		const struct request *request = &state->requests[i];

		if ((request->active || request->late) &&
		    request->action.module_slot == SLOT_NONE &&
		    request->action.group_slot == group_slot &&
		    request->action.group_id == group_id)
			return true;
	}
	return false;
}

/* One that gives more than it is asked for has no smaller blocks to give. */
static void booking_learn_step(struct step *step, struct module_state *module,
			       const struct request *request)
{
	struct ladder *ladder = booking_ladder_of(step->state, request);
	uint64_t more_bytes = u64_sub(request->outcome.claimed_bytes, request->action.bytes);

	if (request->action.rung != RUNG_SHED)
		return;
	module->step_bytes = u64_max(module->step_bytes, more_bytes);
	if (ladder)
		ladder->step_bytes = u64_max(ladder->step_bytes, module->step_bytes);
}

/* What to expect of a module from now on. */
static void booking_learn_yield(struct module_state *module, const struct request *request)
{
	uint64_t claimed_bytes = request->outcome.claimed_bytes;
	uint64_t measured_bytes = request->total_measured_bytes;
	uint32_t seen_bp = bytes_ratio_bp(measured_bytes, request->action.bytes);
	enum result result = request->outcome.result;

	/* In use, unable, or only described: that says nothing about what it holds. */
	if (!request->measured_by_group ||
	    (result != RESULT_DONE && result != RESULT_PARTIAL && result != RESULT_NOTHING))
		return;
	if (claimed_bytes >= LIE_MIN_BYTES && measured_bytes < claimed_bytes / LIE_SHARE)
		module->yield_bp = seen_bp;
	else
		module->yield_bp = (module->yield_bp * (YIELD_WEIGHT - 1) + seen_bp) / YIELD_WEIGHT;
}

/* One that gave nothing lets the others go first for a while; then it is asked again. */
static void booking_learn_standing(const struct step *step, struct module_state *module,
				   const struct request *request)
{
	bool empty = request->total_measured_bytes == 0 &&
		     (request->measured_by_group || request->outcome.claimed_bytes == 0);

	module->last_until_usec = empty ? u64_add(step->now_usec, step->profile->demote_usec) : 0;
	booking_learn_yield(module, request);
}

static void booking_demote(struct step *step, struct module_state *module)
{
	uint32_t doublings = module->n_late_in_a_row < DEMOTE_DOUBLINGS_MAX
				     ? module->n_late_in_a_row
				     : DEMOTE_DOUBLINGS_MAX;

	module->demoted_until_usec =
		u64_add(step->now_usec, step->profile->demote_usec << doublings);
	module->n_late_in_a_row++;
	module->n_late++;
	if (module->owes_since_usec == 0)
		module->owes_since_usec = step->now_usec;
	step->state->n_late++;
}

static void booking_report_finish(struct step *step, const struct request *request,
				  enum result result, uint64_t finished_usec)
{
	struct finish *finish = decision_add_finish(step->decision);

	step->state->n_results[result]++;
	if (!finish)
		return;
	finish->action = request->action;
	finish->result = result;
	finish->error = result == RESULT_FAILED ? request->outcome.error : 0;
	finish->claimed_bytes = request->outcome.claimed_bytes;
	finish->measured_bytes = request->total_measured_bytes;
	finish->duration_usec = u64_sub(finished_usec, request->action.started_usec);
}

/* A cache that fills again does so within minutes; what grows later is something else. */
#define REFILL_USEC (10 * USEC_PER_MIN)

static void booking_note_refill(struct state *state, struct group_state *group, uint64_t bytes)
{
	struct refill *refill = &group->refill;
	uint64_t used_bytes =
		group->slot == GROUP_SLOT_HOST
			? u64_sub(state->machine.total_bytes, state->machine.available_bytes)
			: group->seen.current_bytes;

	if (bytes == 0)
		return;
	if (state->now_usec >= refill->until_usec)
		refill->to_bytes = 0;
	refill->to_bytes = u64_max(refill->to_bytes, u64_add(used_bytes, bytes));
	refill->until_usec = u64_add(state->now_usec, REFILL_USEC);
}

/* Tells the groups above a module, up to the host, what it gave. */
static void booking_book_to_groups(struct state *state, uint32_t slot, uint64_t bytes)
{
	struct group_state *host = &state->groups[GROUP_SLOT_HOST];

	host->given_bytes = u64_add(host->given_bytes, bytes);
	booking_note_refill(state, host, bytes);
	for (int depth = 0; depth < GROUP_DEPTH_MAX; depth++) {
		if (slot == GROUP_SLOT_HOST || slot >= state->n_groups_used)
			return;
		state->groups[slot].given_bytes = u64_add(state->groups[slot].given_bytes, bytes);
		booking_note_refill(state, &state->groups[slot], bytes);
		slot = group_tree_parent(state, slot);
	}
}

/* Whether the rung that sent it waits still. */
static bool booking_rung_stands(const struct ladder *ladder, const struct request *request)
{
	return ladder->rung == request->action.rung &&
	       ladder->rung_started_usec == request->action.started_usec;
}

/*
 * Its rung has ended as a miss, yet it gave: the next cycle follows as after one that gave. What
 * grew while it was late may hide that.
 */
static void booking_book_late_gift(struct step *step, const struct request *request,
				   uint64_t claimed_bytes, uint64_t measured_bytes)
{
	struct ladder *ladder = booking_ladder_of(step->state, request);
	struct episode *episode;

	if (!ladder || booking_rung_stands(ladder, request))
		return;
	ladder->total_claimed_bytes = u64_add(ladder->total_claimed_bytes, claimed_bytes);
	ladder->total_measured_bytes = u64_add(ladder->total_measured_bytes, measured_bytes);
	if (ladder->order_id != 0 ||
	    (measured_bytes == 0 &&
	     !goal_is_hidden(step, ladder, claimed_bytes, request->action.started_usec)))
		return;
	episode = &step->state->groups[ladder->group_slot].episode;
	episode->measured_bytes[request->action.rung] =
		u64_add(episode->measured_bytes[request->action.rung], measured_bytes);
	ladder->spent_rungs = 0;
	ladder->n_barren = 0;
	if (ladder->rung == RUNG_NONE)
		ladder->next_cycle_usec =
			u64_min(ladder->next_cycle_usec,
				u64_add(step->now_usec, step->profile->settle_usec));
}

/* To the rung while it stands; what a later look finds counts for the ladder after that, too. */
static void booking_book_to_ladder(struct step *step, const struct request *request, uint64_t bytes)
{
	struct ladder *ladder = booking_ladder_of(step->state, request);

	if (!ladder)
		return;
	if (booking_rung_stands(ladder, request))
		ladder->measured_bytes = u64_add(ladder->measured_bytes, bytes);
	else if (request->look_usec != 0)
		booking_book_late_gift(step, request, 0, bytes);
}

/* Books what was measured in this step to the module, its groups, the ladder and the totals. */
static void booking_book_measured(struct step *step, struct request *request)
{
	struct module_state *module = booking_module_of(step->state, &request->action);
	uint64_t bytes = request->measured_bytes;

	request->measured_bytes = 0;
	request->total_measured_bytes = u64_add(request->total_measured_bytes, bytes);
	if (module)
		module->measured_bytes = u64_add(module->measured_bytes, bytes);
	if (request->action.module_slot != SLOT_NONE)
		booking_book_to_groups(step->state, request->action.group_slot, bytes);
	booking_book_to_ladder(step, request, bytes);
	step->state->measured_bytes = u64_add(step->state->measured_bytes, bytes);
}

static void booking_book_claimed(struct step *step, const struct request *request)
{
	struct module_state *module = booking_module_of(step->state, &request->action);
	struct ladder *ladder = booking_ladder_of(step->state, request);
	uint64_t bytes = request->outcome.claimed_bytes;

	if (module)
		module->claimed_bytes = u64_add(module->claimed_bytes, bytes);
	if (ladder && booking_rung_stands(ladder, request))
		ladder->claimed_bytes = u64_add(ladder->claimed_bytes, bytes);
	step->state->claimed_bytes = u64_add(step->state->claimed_bytes, bytes);
}

/* Takes a request out of what is open; `active` becomes false. */
static void booking_close_request(struct step *step, struct request *request)
{
	struct module_state *module = booking_module_of(step->state, &request->action);
	struct ladder *ladder = booking_ladder_of(step->state, request);

	request->active = false;
	if (module && module->open_action_id == request->action.id)
		module->open_action_id = 0;
	if (ladder && ladder->n_open > 0)
		ladder->n_open--;
}

static void booking_finish_late(struct step *step, struct request *request)
{
	struct module_state *module = booking_module_of(step->state, &request->action);
	struct ladder *ladder = booking_ladder_of(step->state, request);

	if (module)
		booking_demote(step, module);
	if (ladder)
		ladder->n_late++;
	booking_report_finish(step, request, RESULT_LATE, step->now_usec);
	booking_close_request(step, request);
	request->late = true;
}

/* The adapter gave up waiting: that this module owes an answer stays known as it is. */
static void booking_finish_given_up(struct step *step, struct request *request)
{
	if (request->active)
		booking_finish_late(step, request);
	request->late = false;
}

static void booking_finish_in_time(struct step *step, struct request *request)
{
	request->is_held = false;
	booking_report_finish(step, request, request->outcome.result,
			      request->outcome.finished_usec);
	booking_close_request(step, request);
}

/* Judges the module by its answer, unless that is to be looked at again. */
static void booking_judge_answer(struct step *step, struct request *request,
				 struct module_state *module)
{
	module->last_latency_usec = request->outcome.finished_usec - request->action.started_usec;
	module->owes_since_usec = 0;
	if (!second_look_plan(step, request))
		booking_learn_standing(step, module, request);
	else if (request->total_measured_bytes < request->outcome.claimed_bytes / LIE_SHARE)
		/* Others first, until that is clear. */
		module->last_until_usec =
			u64_max(module->last_until_usec, second_look_last_usec(request));
}

static void booking_book_answer(struct step *step, struct request *request)
{
	uint64_t *finished_usec = &request->outcome.finished_usec;

	if (*finished_usec < request->action.started_usec || *finished_usec > step->now_usec)
		*finished_usec = step->now_usec;
	request->answered = false;
	booking_book_claimed(step, request);
	booking_book_measured(step, request);
}

static void booking_finish_answered(struct step *step, struct request *request)
{
	struct module_state *module = booking_module_of(step->state, &request->action);

	booking_book_answer(step, request);
	step->state->groups[request->action.group_slot].own.answered_step = step->state->n_steps;
	if (request->outcome.result == RESULT_LATE) { /* given up: nothing will follow */
		booking_finish_given_up(step, request);
		return;
	}
	if (module) {
		booking_judge_answer(step, request, module);
		booking_learn_step(step, module, request);
	}
	if (request->late) { /* told as late before */
		request->late = false;
		booking_book_late_gift(step, request, request->outcome.claimed_bytes,
				       request->total_measured_bytes);
		return;
	}
	if (module)
		module->n_late_in_a_row = 0;
	if (!request->is_held)
		booking_finish_in_time(step, request);
}

/* What came late is booked; after the last look the module is judged by all that came. */
static void booking_finish_look(struct step *step, struct request *request)
{
	struct module_state *module = booking_module_of(step->state, &request->action);

	booking_book_measured(step, request);
	if (request->is_held && request->looked_at)
		booking_finish_in_time(step, request);
	if (request->looked_at && second_look_is_over(step, request) && module)
		booking_learn_standing(step, module, request);
}

/* Finds the requests that this observation answers; an unknown or repeated id is passed over. */
static uint32_t booking_collect_answers(struct step *step)
{
	struct state *state = step->state;
	uint32_t n_answered = 0;

	for (size_t i = 0; i < step->observation->n_outcomes; i++) {
		const struct outcome *outcome = &step->observation->outcomes[i];

		for (uint32_t k = 0; k < state->limits.max_requests; k++) {
			struct request *request = &state->requests[k];

			if ((!request->active && !request->late) || request->answered ||
			    request->is_held || request->action.id != outcome->action_id)
				continue;
			request->answered = true;
			request->outcome = *outcome;
			if ((unsigned int)outcome->result >= N_RESULTS)
				request->outcome.result = RESULT_FAILED;
			n_answered++;
		}
	}
	return n_answered;
}

void booking_settle(struct step *step)
{
	struct state *state = step->state;

	if (booking_collect_answers(step) > 0)
		measure_answers(step);
	else if (!second_look_is_due(step))
		return;
	second_look_measure(step);
	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		struct request *request = &state->requests[i];

		if (request->answered)
			booking_finish_answered(step, request);
		else if (request->look_usec != 0)
			booking_finish_look(step, request);
	}
	measure_close(step);
}

void booking_end_late(struct step *step)
{
	for (uint32_t i = 0; i < step->state->limits.max_requests; i++) {
		struct request *request = &step->state->requests[i];

		if (request->active && !request->is_held &&
		    step->now_usec >= request->action.deadline_usec)
			booking_finish_late(step, request);
	}
}

static void booking_end_gone(struct step *step, struct request *request)
{
	if (request->active) {
		booking_report_finish(step, request, RESULT_GONE, step->now_usec);
		booking_close_request(step, request);
	}
	request->late = false;
	request->is_held = false;
	request->look_usec = 0;
}

void booking_end_group(struct step *step, uint32_t group_slot)
{
	for (uint32_t i = 0; i < step->state->limits.max_requests; i++)
		if (step->state->requests[i].action.group_slot == group_slot)
			booking_end_gone(step, &step->state->requests[i]);
}

void booking_end_module(struct step *step, uint32_t module_slot)
{
	for (uint32_t i = 0; i < step->state->limits.max_requests; i++)
		if (step->state->requests[i].action.module_slot == module_slot)
			booking_end_gone(step, &step->state->requests[i]);
}

void booking_leave_ladder(struct state *state, uint32_t ladder_index)
{
	for (uint32_t i = 0; i < state->limits.max_requests; i++)
		if (state->requests[i].ladder == ladder_index)
			state->requests[i].ladder = SLOT_NONE;
}
