/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Workspace
 *
 *	| groups | modules | outcomes | orders | actions | finishes | ... | state |
 *
 * The memory is walked twice by the same function: without memory to learn the size, then for good.
 * A slot that is never used is never touched, so its pages cost address space only.
 */

#include <string.h>

#include "policies/workspace.h"

/* Each list starts where any of the records may lie. */
#define WORKSPACE_ALIGN 16U

/*
 * A host has some thousand cgroups at most before other things break. A step's lists are bounded by
 * what a step can do: at most ten requests a ladder, and all the answers to them.
 */
const struct state_limits workspace_limits = {
	.max_groups = 4096,
	.max_modules = 4096,
	.max_ladders = 64,
	.max_requests = 256,
	.max_orders = WORKSPACE_MAX_ORDERS,
};

/* One piece of the memory; memory == NULL only adds up. */
static void *workspace_carve(char *memory, size_t *offset, size_t n, size_t size)
{
	size_t at = *offset;

	*offset = (at + n * size + WORKSPACE_ALIGN - 1) / WORKSPACE_ALIGN * WORKSPACE_ALIGN;
	return memory ? memory + at : NULL;
}

#define CARVE_LIST(list, field, count)                                                           \
	do {                                                                                     \
		(list)->field = workspace_carve(memory, &offset, count, sizeof(*(list)->field)); \
		(list)->max_##field = (count);                                                   \
	} while (0)

/*
 * Returns the size. A step sends at most as many requests as there is room for and one warning a
 * ladder; it ends at most all requests, and each ladder with all rungs.
 */
static size_t workspace_walk(const struct state_limits *limits, char *memory, struct state *state,
			     struct observation *observation, struct decision *decision)
{
	size_t offset = 0;

	CARVE_LIST(observation, groups, limits->max_groups);
	CARVE_LIST(observation, modules, limits->max_modules);
	CARVE_LIST(observation, outcomes, limits->max_requests);
	CARVE_LIST(observation, orders, limits->max_orders);
	CARVE_LIST(decision, actions, (size_t)limits->max_requests + limits->max_ladders);
	CARVE_LIST(decision, finishes, limits->max_requests);
	CARVE_LIST(decision, level_changes, limits->max_groups);
	CARVE_LIST(decision, rungs, (size_t)limits->max_ladders * N_RUNGS);
	CARVE_LIST(decision, episodes, limits->max_ladders);
	CARVE_LIST(decision, orders, limits->max_ladders);
	CARVE_LIST(decision, budgets, limits->max_groups);
	CARVE_LIST(decision, brakes, (size_t)limits->max_ladders * 2);
	state->limits = *limits;
	state->groups =
		workspace_carve(memory, &offset, limits->max_groups, sizeof(*state->groups));
	state->modules =
		workspace_carve(memory, &offset, limits->max_modules, sizeof(*state->modules));
	state->ladders =
		workspace_carve(memory, &offset, limits->max_ladders, sizeof(*state->ladders));
	state->requests =
		workspace_carve(memory, &offset, limits->max_requests, sizeof(*state->requests));
	return offset;
}

size_t workspace_size(const struct state_limits *limits)
{
	struct observation observation;
	struct decision decision;
	struct state state;

	return workspace_walk(limits, NULL, &state, &observation, &decision);
}

void workspace_lend(const struct state_limits *limits, void *memory, struct state *state,
		    struct observation *observation, struct decision *decision)
{
	workspace_walk(limits, memory, state, observation, decision);
}

void workspace_init(const struct state_limits *limits, void *memory, struct state *state,
		    struct observation *observation, struct decision *decision)
{
	memset(state, 0, sizeof(*state));
	memset(observation, 0, sizeof(*observation));
	memset(decision, 0, sizeof(*decision));
	workspace_walk(limits, memory, state, observation, decision);
	state_init(state);
}
