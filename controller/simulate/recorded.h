/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Recorded: the requests of a record and how each of them ended
 *
 * Filled step by step before the record is replayed, so that a request can be answered by what its
 * module did later, too.
 */

#include "controller/base/cleanup.h"
#include "policies/decision.h"

struct recorded_request {
	struct action action;
	bool is_answered;
	bool is_late;	 /* reported as late; an answer may have followed */
	bool is_unknown; /* the module left, or nothing was carried out */
	bool is_used_up; /* for recorded_take_gift() */
	enum result result;
	int error;
	uint64_t latency_usec;
	uint64_t claimed_bytes;
	/*
	 * What was claimed; what was measured, if that is less than half of it: the group's growth
	 * hides some of what was given, but not most of it.
	 */
	uint64_t given_bytes;
	uint64_t
		easy_bytes; /* what the group had of reclaimable memory; BYTES_UNLIMITED: unknown */
};

struct recorded {
	struct recorded_request *requests; /* by action id */
	size_t n_requests, max_requests;
};

/* What a number of requests came to. */
struct recorded_sum {
	uint64_t n_requests, n_late, asked_bytes, given_bytes;
};

void recorded_done(struct recorded *recorded);
/*
 * One step: its answers, and what was decided then (trace_read_recorded()). A number that is not
 * above those before, and an answer to an unknown one, are passed over. Returns: 0 or -ENOMEM.
 */
int recorded_add_step(struct recorded *recorded, const struct observation *observation,
		      const struct decision *decision);
/*
 * The request from which this one is answered: of the same module (of the same group, for the
 * kernel's reclaim), rather of the same rung, then the nearest in time. NULL: never seen to answer
 * or to stay silent.
 */
const struct recorded_request *recorded_find(const struct recorded *recorded,
					     const struct action *action);
/*
 * The request with that number, when it is answered for the first time; NULL: unknown, or answered
 * before.
 */
const struct recorded_request *recorded_take_gift(struct recorded *recorded, uint64_t action_id);
/* Of those with a number below. */
struct recorded_sum recorded_sum_below(const struct recorded *recorded, uint64_t action_id);
