/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/bench.h"

#include <stdlib.h>
#include <string.h>

/* As the daemon has them, so that a recorded trace gives the same decisions. */
#define MAX_GROUPS   4096
#define MAX_MODULES  4096
#define MAX_LADDERS  64
#define MAX_REQUESTS 256
#define MAX_ORDERS   256
#define MAX_REPORTS  16384

static const struct state_limits limits = { MAX_GROUPS, MAX_MODULES, MAX_LADDERS, MAX_REQUESTS };

struct bench *bench_free(struct bench *bench)
{
	if (!bench)
		return NULL;
	free(bench->memory);
	free(bench->seen.groups);
	free(bench->seen.modules);
	free(bench->seen.outcomes);
	free(bench->seen.orders);
	free(bench->decision.actions);
	free(bench->decision.finishes);
	free(bench->decision.level_changes);
	free(bench->decision.rungs);
	free(bench->decision.episodes);
	free(bench->decision.orders);
	free(bench->decision.budgets);
	free(bench->decision.brakes);
	free(bench->recorded.actions);
	free(bench->recorded.finishes);
	free(bench);
	return NULL;
}

/* One list of n entries; false when there is no memory. */
#define LEND(list, max, n) ((list) = calloc((max) = (n), sizeof(*(list))))

static bool lend(struct bench *b)
{
	return (b->memory = calloc(1, state_size(&limits))) &&
	       LEND(b->seen.groups, b->seen.max_groups, MAX_GROUPS) &&
	       LEND(b->seen.modules, b->seen.max_modules, MAX_MODULES) &&
	       LEND(b->seen.outcomes, b->seen.max_outcomes, MAX_REQUESTS) &&
	       LEND(b->seen.orders, b->seen.max_orders, MAX_ORDERS) &&
	       LEND(b->decision.actions, b->decision.max_actions, MAX_REPORTS) &&
	       LEND(b->decision.finishes, b->decision.max_finishes, MAX_REPORTS) &&
	       LEND(b->decision.level_changes, b->decision.max_level_changes, MAX_REPORTS) &&
	       LEND(b->decision.rungs, b->decision.max_rungs, MAX_REPORTS) &&
	       LEND(b->decision.episodes, b->decision.max_episodes, MAX_REPORTS) &&
	       LEND(b->decision.orders, b->decision.max_orders, MAX_REPORTS) &&
	       LEND(b->decision.budgets, b->decision.max_budgets, MAX_GROUPS) &&
	       LEND(b->decision.brakes, b->decision.max_brakes, MAX_GROUPS) &&
	       LEND(b->recorded.actions, b->recorded.max_actions, MAX_REPORTS) &&
	       LEND(b->recorded.finishes, b->recorded.max_finishes, MAX_REPORTS);
}

struct bench *bench_new(const struct profile *profile)
{
	_cleanup_(bench_free_cleanup) struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench || !lend(bench))
		return NULL;
	bench->profile = profile;
	state_init(&bench->state, &limits, bench->memory);
	return take_ptr(bench);
}

void bench_restart(struct bench *bench)
{
	memset(bench->memory, 0, state_size(&limits));
	state_init(&bench->state, &limits, bench->memory);
	decision_clear(&bench->decision);
}

void bench_decide(struct bench *b)
{
	decide(b->profile, &b->state, &b->seen, &b->decision);
}
