/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/bench.h"

#include <stdlib.h>
#include <string.h>

#include "policies/workspace.h"

struct bench *bench_free(struct bench *bench)
{
	if (!bench)
		return NULL;
	free(bench->workspace);
	free(bench->recorded.actions);
	free(bench->recorded.finishes);
	free(bench);
	return NULL;
}

struct bench *bench_new(const struct profile *profile)
{
	_cleanup_(bench_free_cleanup) struct bench *bench = calloc(1, sizeof(*bench));
	struct decision *recorded;

	if (!bench)
		return NULL;
	recorded = &bench->recorded;
	recorded->max_actions = recorded->max_finishes = workspace_limits.max_requests;
	recorded->actions = calloc(recorded->max_actions, sizeof(*recorded->actions));
	recorded->finishes = calloc(recorded->max_finishes, sizeof(*recorded->finishes));
	bench->workspace = calloc(1, workspace_size(&workspace_limits));
	if (!recorded->actions || !recorded->finishes || !bench->workspace)
		return NULL;
	bench->profile = profile;
	workspace_init(&workspace_limits, bench->workspace, &bench->state, &bench->seen,
		       &bench->decision);
	return take_ptr(bench);
}

void bench_restart(struct bench *bench)
{
	memset(bench->workspace, 0, workspace_size(&workspace_limits));
	workspace_init(&workspace_limits, bench->workspace, &bench->state, &bench->seen,
		       &bench->decision);
}

void bench_decide(struct bench *b)
{
	decide(b->profile, &b->state, &b->seen, &b->decision);
}
