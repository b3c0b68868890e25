/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/act/requests.h"

#include <errno.h>

/* A request that could not be sent ends here and now, with the result its owner would have given.
 */
static enum result result_of_failure(int error)
{
	switch (error) {
	case -EAGAIN:
		return RESULT_BUSY;
	case -ENOENT:
	case -EPIPE:
	case -ECONNRESET:
	case -ENOTCONN:
		return RESULT_GONE;
	default:
		return RESULT_FAILED;
	}
}

void requests_send(struct registry *registry, const struct action *action, uint64_t now_usec,
		   struct outcomes *outcomes)
{
	struct outcome outcome = { .action_id = action->id, .finished_usec = now_usec };
	int r;

	r = registry_send(registry, action);
	if (r >= 0)
		return;
	outcome.result = result_of_failure(r);
	if (outcome.result == RESULT_FAILED)
		outcome.error = r;
	outcomes_add(outcomes, &outcome);
}

void requests_warn(struct registry *registry, const struct action *action, uint64_t now_usec,
		   struct outcomes *outcomes)
{
	registry_tell_level(registry, action->group_slot, action->level);
	outcomes_add(outcomes, &(struct outcome){ .action_id = action->id,
						  .result = RESULT_DONE,
						  .finished_usec = now_usec });
}

void requests_tell_relief(struct registry *registry, const struct decision *decision)
{
	for (size_t i = 0; i < decision->n_level_changes; i++) {
		const struct level_change *change = &decision->level_changes[i];

		if (change->new_level < change->old_level)
			registry_tell_level(registry, change->group_slot, change->new_level);
	}
}
