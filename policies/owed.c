/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/owed.h"
#include "policies/group_tree.h"

bool owed_is_hoped_for(const struct step *step, const struct module_state *module,
		       uint64_t since_usec)
{
	return module->owes_since_usec != 0 &&
	       since_usec < u64_add(module->owes_since_usec, step->profile->brake_hold_usec);
}

static const struct module_state *owed_module(const struct step *step,
					      const struct request *request)
{
	return state_module(step->state, request->action.module_slot, request->action.module_id);
}

/* Until when a late answer is hoped for; 0: it is no late one, or not hoped for at all. */
static uint64_t owed_hope_usec(const struct step *step, const struct request *request)
{
	const struct module_state *module = owed_module(step, request);
	uint64_t since_usec = request->action.deadline_usec; /* the kernel reclaims on */

	if (!request->late || (!module && request->action.module_slot != SLOT_NONE))
		return 0;
	if (module && module->owes_since_usec == 0)
		return 0;
	if (module)
		since_usec = module->owes_since_usec;
	return u64_add(since_usec, step->profile->brake_hold_usec);
}

/* Whether this request may still bring something to those who began to wait at since_usec. */
static bool owed_is_worth_waiting(const struct step *step, const struct request *request,
				  uint64_t since_usec)
{
	const struct module_state *module = owed_module(step, request);

	if (request->active)
		return true;
	return since_usec < owed_hope_usec(step, request) &&
	       (!module || module->seen.size_bytes > 0);
}

/* How much longer an answer will take: what the last one took, else its deadline; once past that
 * as long again as it has taken already. */
static uint64_t owed_expected_usec(const struct step *step, const struct request *request)
{
	const struct module_state *module = owed_module(step, request);
	const struct action *action = &request->action;
	uint64_t takes_usec = u64_sub(action->deadline_usec, action->started_usec);
	uint64_t taken_usec = u64_sub(step->now_usec, action->started_usec);

	if (module && module->last_latency_usec > 0)
		takes_usec = module->last_latency_usec;
	return u64_max(taken_usec < takes_usec ? takes_usec - taken_usec : taken_usec, 1);
}

uint64_t owed_wait_usec(const struct step *step, uint32_t group_slot, uint64_t since_usec)
{
	const struct state *state = step->state;
	uint64_t wait_usec = 0;

	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		const struct request *request = &state->requests[i];

		if (owed_is_worth_waiting(step, request, since_usec) &&
		    group_tree_is_inside(state, request->action.group_slot, group_slot))
			wait_usec = u64_max(wait_usec, owed_expected_usec(step, request));
	}
	return wait_usec;
}

uint64_t owed_to_ladder_usec(const struct step *step, uint32_t ladder_index)
{
	const struct state *state = step->state;
	uint64_t until_usec = 0;

	for (uint32_t i = 0; i < state->limits.max_requests; i++)
		if (state->requests[i].ladder == ladder_index)
			until_usec = u64_max(until_usec, owed_hope_usec(step, &state->requests[i]));
	return until_usec;
}
