/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/journal/doubts.h"

#include <errno.h>
#include <stdlib.h>

#include "controller/journal/journal.h"
#include "policies/suggestion.h"

static const enum suggestion_kind kinds[] = { SUGGESTION_LIAR, SUGGESTION_LATE };

/* What was said of the module in one slot. */
struct said {
	uint64_t module_id;
	uint32_t kinds; /* a bit each */
};

struct doubts {
	const struct state *state;
	struct registry *registry;
	struct said *said;   /* by slot */
	uint64_t seen;	     /* what changes with every answer, when all were looked at last */
	bool has_open_looks; /* an answer was too fresh to be judged then */
};

int doubts_new(struct doubts **ret, const struct state *state, struct registry *registry)
{
	_cleanup_(doubts_free_cleanup) struct doubts *doubts = calloc(1, sizeof(*doubts));

	if (!doubts)
		return -ENOMEM;
	doubts->state = state;
	doubts->registry = registry;
	/* Slots that are never used cost address space only. */
	doubts->said = calloc(state->limits.max_modules, sizeof(*doubts->said));
	if (!doubts->said)
		return -ENOMEM;
	*ret = take_ptr(doubts);
	return 0;
}

struct doubts *doubts_free(struct doubts *doubts)
{
	if (!doubts)
		return NULL;
	free(doubts->said);
	free(doubts);
	return NULL;
}

/* Memory may go a while after the answer: such a module is no liar yet. */
static bool doubts_is_looked_at_again(const struct state *state, uint32_t slot, uint64_t module_id)
{
	for (uint32_t i = 0; i < state->limits.max_requests; i++) {
		const struct request *request = &state->requests[i];

		if (request->look_usec != 0 && request->action.module_slot == slot &&
		    request->action.module_id == module_id)
			return true;
	}
	return false;
}

static void doubts_see_module(struct doubts *doubts, uint32_t slot)
{
	struct said *said = &doubts->said[slot];
	struct suggestion doubt;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!suggestion_of_module(doubts->state, slot, kinds[i], &doubt))
			continue;
		if (said->module_id != doubt.module_id)
			*said = (struct said){ .module_id = doubt.module_id };
		if (said->kinds & 1U << kinds[i])
			continue;
		if (doubts_is_looked_at_again(doubts->state, slot, doubt.module_id)) {
			doubts->has_open_looks = true;
			continue;
		}
		said->kinds |= 1U << kinds[i];
		journal_doubt(&doubt, doubts->registry);
	}
}

void doubts_publish(struct doubts *doubts)
{
	const struct state *state = doubts->state;
	uint64_t now_seen = u64_add(state->claimed_bytes, state->n_late);

	if (now_seen == doubts->seen && !doubts->has_open_looks)
		return;
	doubts->seen = now_seen;
	doubts->has_open_looks = false;
	for (uint32_t slot = 0; slot < state->n_modules_used; slot++)
		doubts_see_module(doubts, slot);
}
