/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Answers
 *
 *	record     request --- 80 ms ---> answer: 60M of 80M
 *	                       `-- kept for each module (recorded.c) --.
 *	this run             request of 40M --- 80 ms ---> answer: 30M of 40M, or all it has now
 *	                                                           |
 *	readings   recorded ------------------- corrected by what was given otherwise (difference.c)
 *
 * A request is answered as the module answered the nearest one in the record: after the same time,
 * with the same result, with the same share of what it is asked for, up to the size that it has in
 * this run. One that was silent there is silent here. One that was never asked there gives what it
 * is asked for. The kernel's reclaim is the same with the group as the module; where it was never
 * seen, it gives what is reclaimable, and swaps nothing out.
 *
 * The run steps only when the record did, so an answer comes with the first step at or after its
 * time; one later than its deadline comes with a step after that in which it is missed. What the
 * run wants to see in a step, and the record did not look at, is as it was seen last.
 */

#include "controller/simulate/answers.h"

#include <errno.h>
#include <stdlib.h>

/* Never seen to answer: a thread that was woken to free some 100 MB has done so by then. */
#define ANSWER_USEC (100 * USEC_PER_MSEC)
/* Of a group that the record never saw reclaimed, as plant_view.c has it. */
#define RECLAIM_USEC (30 * USEC_PER_MSEC)

struct answer {
	struct action action;
	const struct recorded_request *like; /* NULL: never seen */
	uint64_t due_usec;
	bool is_missed; /* the deadline passed in a step before this one */
};

struct answers {
	struct recorded *recorded;
	struct difference *difference;
	struct answer *open;
	size_t n_open, max_open;
	uint64_t first_action_id; /* 0: not begun */
	uint64_t given_bytes;
};

struct answers *answers_new(struct recorded *recorded, struct difference *difference)
{
	struct answers *answers = calloc(1, sizeof(*answers));

	if (!answers)
		return NULL;
	answers->recorded = recorded;
	answers->difference = difference;
	return answers;
}

struct answers *answers_free(struct answers *answers)
{
	if (!answers)
		return NULL;
	free(answers->open);
	free(answers);
	return NULL;
}

void answers_begin(struct answers *answers, uint64_t first_action_id)
{
	answers->first_action_id = first_action_id;
}

uint64_t answers_given_bytes(const struct answers *answers)
{
	return answers->given_bytes;
}

/* --- requests --- */

static int answers_take_action(struct answers *answers, const struct action *action)
{
	const struct recorded_request *like = recorded_find(answers->recorded, action);
	bool is_reclaim = action->module_slot == SLOT_NONE;
	uint64_t after_usec = is_reclaim ? RECLAIM_USEC : ANSWER_USEC;

	if (like && !like->is_answered)
		return 0; /* silent */
	if (like)
		after_usec = like->latency_usec;
	if (answers->n_open == answers->max_open) {
		size_t max = answers->max_open ? 2 * answers->max_open : 64;
		struct answer *more = reallocarray(answers->open, max, sizeof(*more));

		if (!more)
			return -ENOMEM;
		answers->open = more;
		answers->max_open = max;
	}
	answers->open[answers->n_open++] = (struct answer){
		.action = *action,
		.like = like,
		.due_usec = u64_add(action->started_usec, after_usec),
	};
	return 0;
}

int answers_take(struct answers *answers, const struct decision *decision)
{
	int r = 0;

	for (size_t i = 0; i < decision->n_actions && r == 0; i++)
		if (decision->actions[i].rung != RUNG_WARN)
			r = answers_take_action(answers, &decision->actions[i]);
	return r;
}

/* --- answers --- */

/* The same share of what is asked for now, at most what is there. */
static uint64_t answers_share_of(const struct answer *answer, uint64_t recorded_bytes,
				 uint64_t there_bytes)
{
	const struct action *asked = &answer->action;

	if (!answer->like || answer->like->action.bytes == 0)
		return u64_min(asked->bytes, there_bytes);
	return u64_min(u64_muldiv(asked->bytes, recorded_bytes, answer->like->action.bytes),
		       there_bytes);
}

static enum result answers_result_of(const struct answer *answer, uint64_t claimed_bytes)
{
	if (answer->like && claimed_bytes == 0)
		return answer->like->result == RESULT_DONE || answer->like->result == RESULT_PARTIAL
			       ? RESULT_NOTHING
			       : answer->like->result;
	if (claimed_bytes == 0)
		return RESULT_NOTHING;
	return claimed_bytes < answer->action.bytes ? RESULT_PARTIAL : RESULT_DONE;
}

static void answers_give_one(struct answers *answers, const struct answer *answer,
			     uint64_t there_bytes, uint64_t now_usec, struct outcome *outcome)
{
	const struct recorded_request *like = answer->like;
	uint64_t claimed_bytes =
		answers_share_of(answer, like ? like->claimed_bytes : 0, there_bytes);
	uint64_t given_bytes = answers_share_of(answer, like ? like->given_bytes : 0, there_bytes);

	*outcome = (struct outcome){
		.action_id = answer->action.id,
		.result = answers_result_of(answer, claimed_bytes),
		.claimed_bytes = claimed_bytes,
		.finished_usec = u64_min(answer->due_usec, now_usec),
	};
	if (outcome->result == RESULT_FAILED)
		outcome->error = like->error;
	difference_give(answers->difference, &answer->action, given_bytes, now_usec);
	answers->given_bytes = u64_add(answers->given_bytes, given_bytes);
}

static bool answers_is_due(struct answer *answer, uint64_t now_usec)
{
	uint64_t deadline_usec = answer->action.deadline_usec;
	bool is_due = answer->due_usec <= now_usec &&
		      (answer->due_usec <= deadline_usec || answer->is_missed);

	answer->is_missed |= now_usec >= deadline_usec;
	return is_due;
}

/* Who has left by then does not answer: the judgement sees that it is gone. */
static void answers_give_due(struct answers *answers, struct observation *observation)
{
	size_t n = 0;

	for (size_t i = 0; i < answers->n_open; i++) {
		struct answer *answer = &answers->open[i];
		struct outcome *outcome;
		uint64_t there_bytes, easy_bytes;

		if (!answers_is_due(answer, observation->now_usec)) {
			answers->open[n++] = *answer;
			continue;
		}
		if (!difference_has(answers->difference, &answer->action, &there_bytes,
				    &easy_bytes))
			continue;
		if (!answer->like)
			there_bytes = easy_bytes;
		outcome = observation_add_outcome(observation);
		if (outcome)
			answers_give_one(answers, answer, there_bytes, observation->now_usec,
					 outcome);
		else
			answers->open[n++] = *answer; /* no room: with the next step */
	}
	answers->n_open = n;
}

/* Answers to requests of the record only: this run has not asked, so it has what they gave. */
static void answers_take_out_recorded(struct answers *answers, struct observation *observation)
{
	size_t n = 0;

	for (size_t i = 0; i < observation->n_outcomes; i++) {
		const struct outcome *outcome = &observation->outcomes[i];
		const struct recorded_request *request;

		if (outcome->action_id < answers->first_action_id) {
			observation->outcomes[n++] = *outcome;
			continue;
		}
		request = recorded_take_gift(answers->recorded, outcome->action_id);
		if (request)
			difference_give_recorded(answers->difference, &request->action,
						 request->given_bytes, request->easy_bytes);
	}
	observation->n_outcomes = n;
}

void answers_give(struct answers *answers, enum attention attention,
		  struct observation *observation)
{
	bool is_begun = answers->first_action_id != 0;

	/* Before what this step shows: one that leaves with it gives its last answer first. */
	if (is_begun) {
		answers_take_out_recorded(answers, observation);
		answers_give_due(answers, observation);
	}
	difference_see(answers->difference, observation);
	if (is_begun)
		difference_correct(answers->difference, attention, observation);
}
