/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Second look: before a module is called a liar
 *
 *	answer       first look                                    last look
 *	  |-- 100 ms --|---------------- 2.4 s ----------------------|
 *	  measured     what came late is credited                    what is still missing was
 *	  far below    to the module and the rung                    never given: yield and
 *	  the claim                                                  standing are judged
 *
 * Two things come late. A service may free in the background, or in another thread: tenths of a
 * second. And the kernel gathers memory.stat from the CPUs only when some 64 pages a CPU have
 * changed, else every two seconds: on many CPUs a small answer shows that late. So one look soon,
 * and one behind the kernel's own period; between them an answer of another module in the group
 * passes on what it does not claim itself.
 *
 * An episode's ladder does not wait: it takes its next step at once, and what comes late is booked
 * where it stands by then. An order is in no hurry: its rung waits for the first look, so that it
 * does not ask again for what it has got.
 */

#include "policies/second_look.h"
#include "policies/measure.h"

/* A claim below this is not doubted: the counters are no finer. */
#define DOUBT_MIN_BYTES MIB
/* Nine tenths of the claim seen: an allocator's and a table's worth may be left out. */
#define DOUBT_BP 9000
/* A thread that was woken to free some 100 MB has done so by then. */
#define FIRST_LOOK_USEC (100 * USEC_PER_MSEC)
/* The kernel gathers its counters every 2 s (FLUSH_TIME in mm/memcontrol.c). */
#define LAST_LOOK_USEC (2500 * USEC_PER_MSEC)

static bool second_look_is_doubtful(const struct request *request)
{
	uint64_t claimed_bytes = request->outcome.claimed_bytes;

	return request->action.module_slot != SLOT_NONE && request->measured_by_group &&
	       claimed_bytes >= DOUBT_MIN_BYTES &&
	       request->total_measured_bytes < bytes_share(claimed_bytes, DOUBT_BP);
}

bool second_look_plan(const struct step *step, struct request *request)
{
	if (!second_look_is_doubtful(request))
		return false;
	request->answered_usec = step->now_usec;
	request->look_usec = u64_add(step->now_usec, FIRST_LOOK_USEC);
	request->is_held = request->active && request->action.order_id != 0 &&
			   request->ladder != SLOT_NONE;
	return true;
}

uint64_t second_look_last_usec(const struct request *request)
{
	return u64_add(request->answered_usec, LAST_LOOK_USEC);
}

static bool second_look_is_request_due(const struct step *step, const struct request *request)
{
	return request->look_usec != 0 && step->now_usec >= request->look_usec;
}

bool second_look_is_due(const struct step *step)
{
	for (uint32_t i = 0; i < step->state->limits.max_requests; i++)
		if (second_look_is_request_due(step, &step->state->requests[i]))
			return true;
	return false;
}

/* Its group should have been read: who holds modules is listed with them. */
static bool second_look_can_not_be_seen(const struct step *step)
{
	return step->observation->covers & OBSERVED_MODULES;
}

void second_look_measure(struct step *step)
{
	struct state *state = step->state;

	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		struct request *request = &state->requests[i];

		if (second_look_is_request_due(step, request))
			request->looked_at = measure_late(step, request->action.group_slot) ||
					     second_look_can_not_be_seen(step);
	}
}

bool second_look_is_over(const struct step *step, struct request *request)
{
	uint64_t last_usec = second_look_last_usec(request);

	request->looked_at = false;
	request->look_usec = 0;
	if (!second_look_is_doubtful(request) || step->now_usec >= last_usec)
		return true;
	request->look_usec = last_usec;
	return false;
}

void second_look_wake(struct step *step)
{
	for (uint32_t i = 0; i < step->state->limits.max_requests; i++) {
		const struct request *request = &step->state->requests[i];

		if (request->look_usec == 0)
			continue;
		/* Past that it waits for a reading, which the next step has. */
		step_wake_at(step, request->look_usec);
		step_attend(step, ATTENTION_MODULES);
	}
}
