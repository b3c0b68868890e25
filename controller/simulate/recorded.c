/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/recorded.h"

#include <errno.h>
#include <stdlib.h>

void recorded_done(struct recorded *recorded)
{
	free(recorded->requests);
	*recorded = (struct recorded){};
}

static struct recorded_request *recorded_find_id(const struct recorded *recorded,
						 uint64_t action_id)
{
	size_t from = 0, until = recorded->n_requests;

	while (from < until) {
		size_t middle = from + (until - from) / 2;
		struct recorded_request *request = &recorded->requests[middle];

		if (request->action.id == action_id)
			return request;
		if (request->action.id < action_id)
			from = middle + 1;
		else
			until = middle;
	}
	return NULL;
}

static void recorded_note_answer(struct recorded_request *request, const struct outcome *outcome)
{
	if (request->is_answered)
		return;
	switch (outcome->result) {
	case RESULT_LATE: /* given up */
		request->is_late = true;
		return;
	case RESULT_GONE:
	case RESULT_DRY_RUN:
		request->is_unknown = true;
		return;
	default:
		break;
	}
	request->is_answered = true;
	request->result = outcome->result;
	request->error = outcome->error;
	request->latency_usec = u64_sub(outcome->finished_usec, request->action.started_usec);
	request->claimed_bytes = request->given_bytes = outcome->claimed_bytes;
}

static void recorded_note_finish(struct recorded_request *request, const struct finish *finish)
{
	if (finish->result == RESULT_LATE)
		request->is_late = true;
	else if (finish->result == RESULT_GONE)
		request->is_unknown = true;
	else if (finish->measured_bytes < request->claimed_bytes / 2)
		request->given_bytes = finish->measured_bytes;
}

static uint64_t recorded_reclaimable_of(const struct observation *observation,
					const struct action *action)
{
	for (size_t i = 0; i < observation->n_groups; i++)
		if (observation->groups[i].id == action->group_id &&
		    (observation->groups[i].has & GROUP_HAS_RECLAIMABLE))
			return observation->groups[i].reclaimable_bytes;
	return BYTES_UNLIMITED;
}

static int recorded_add_request(struct recorded *recorded, const struct observation *observation,
				const struct action *action)
{
	size_t n = recorded->n_requests, max = recorded->max_requests;

	if (action->rung == RUNG_WARN || action->rung == RUNG_NONE ||
	    (n > 0 && action->id <= recorded->requests[n - 1].action.id))
		return 0;
	if (n == max) {
		struct recorded_request *more;

		max = max ? 2 * max : 64;
		more = reallocarray(recorded->requests, max, sizeof(*more));
		if (!more)
			return -ENOMEM;
		recorded->requests = more;
		recorded->max_requests = max;
	}
	recorded->requests[recorded->n_requests++] = (struct recorded_request){
		.action = *action,
		.easy_bytes = recorded_reclaimable_of(observation, action),
	};
	return 0;
}

int recorded_add_step(struct recorded *recorded, const struct observation *observation,
		      const struct decision *decision)
{
	int r = 0;

	for (size_t i = 0; i < observation->n_outcomes; i++) {
		struct recorded_request *request =
			recorded_find_id(recorded, observation->outcomes[i].action_id);

		if (request)
			recorded_note_answer(request, &observation->outcomes[i]);
	}
	for (size_t i = 0; i < decision->n_finishes; i++) {
		struct recorded_request *request =
			recorded_find_id(recorded, decision->finishes[i].action.id);

		if (request)
			recorded_note_finish(request, &decision->finishes[i]);
	}
	for (size_t i = 0; i < decision->n_actions && r == 0; i++)
		r = recorded_add_request(recorded, observation, &decision->actions[i]);
	return r;
}

static bool recorded_is_same_target(const struct action *a, const struct action *b)
{
	if (a->module_slot == SLOT_NONE || b->module_slot == SLOT_NONE)
		return a->module_slot == b->module_slot && a->group_id == b->group_id;
	return a->module_id == b->module_id;
}

static uint64_t recorded_distance_usec(const struct action *a, const struct action *b)
{
	return u64_max(a->started_usec, b->started_usec) -
	       u64_min(a->started_usec, b->started_usec);
}

const struct recorded_request *recorded_find(const struct recorded *recorded,
					     const struct action *action)
{
	const struct recorded_request *best = NULL;

	for (size_t i = 0; i < recorded->n_requests; i++) {
		const struct recorded_request *request = &recorded->requests[i];
		bool same_rung = request->action.rung == action->rung;
		bool best_same_rung = best && best->action.rung == action->rung;

		if (!recorded_is_same_target(&request->action, action) ||
		    (!request->is_answered && (!request->is_late || request->is_unknown)))
			continue;
		if (!best || (same_rung && !best_same_rung) ||
		    (same_rung == best_same_rung &&
		     recorded_distance_usec(&request->action, action) <
			     recorded_distance_usec(&best->action, action)))
			best = request;
	}
	return best;
}

const struct recorded_request *recorded_take_gift(struct recorded *recorded, uint64_t action_id)
{
	struct recorded_request *request = recorded_find_id(recorded, action_id);

	if (!request || !request->is_answered || request->is_used_up)
		return NULL;
	request->is_used_up = true;
	return request;
}

struct recorded_sum recorded_sum_below(const struct recorded *recorded, uint64_t action_id)
{
	struct recorded_sum sum = {};

	for (size_t i = 0; i < recorded->n_requests; i++) {
		const struct recorded_request *request = &recorded->requests[i];

		if (request->action.id >= action_id)
			break;
		sum.n_requests++;
		sum.n_late += request->is_late;
		sum.asked_bytes = u64_add(sum.asked_bytes, request->action.bytes);
		sum.given_bytes = u64_add(sum.given_bytes, request->given_bytes);
	}
	return sum;
}
