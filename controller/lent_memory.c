/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block is laid out twice by the same walk: without a block to learn its size, then for good.
 *
 *	| groups | modules | outcomes | orders | actions | finishes | ... | state |
 */

#include "controller/lent_memory.h"

#include <errno.h>
#include <sys/mman.h>

/* A cache line: neighbours in different lists do not share one. */
#define ALIGNMENT 64

/* One piece of the block; block == NULL only adds up. */
static void *carve(char *block, size_t *offset, size_t n, size_t size)
{
	size_t at = *offset;

	*offset = (at + n * size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	return block ? block + at : NULL;
}

#define CARVE_LIST(list, field, count)                                                \
	do {                                                                          \
		(list)->field = carve(block, &offset, count, sizeof(*(list)->field)); \
		(list)->max_##field = (count);                                        \
	} while (0)

/* Returns the size it takes. A step ends at most all requests, and each ladder with all rungs. */
static size_t lay_out(char *block, const struct state_limits *limits, uint32_t max_orders,
		      struct state *state, struct observation *observation,
		      struct decision *decision)
{
	size_t offset = 0;
	void *memory;

	CARVE_LIST(observation, groups, limits->max_groups);
	CARVE_LIST(observation, modules, limits->max_modules);
	CARVE_LIST(observation, outcomes, limits->max_requests);
	CARVE_LIST(observation, orders, max_orders);
	CARVE_LIST(decision, actions, limits->max_requests);
	CARVE_LIST(decision, finishes, limits->max_requests);
	CARVE_LIST(decision, level_changes, limits->max_groups);
	CARVE_LIST(decision, rungs, (size_t)limits->max_ladders * N_RUNGS);
	CARVE_LIST(decision, episodes, limits->max_ladders);
	CARVE_LIST(decision, orders, limits->max_ladders);
	CARVE_LIST(decision, budgets, limits->max_groups);
	CARVE_LIST(decision, brakes, (size_t)limits->max_ladders * 2);
	memory = carve(block, &offset, 1, state_size(limits));
	if (block)
		state_init(state, limits, memory);
	return offset;
}

int lent_memory_init(struct lent_memory *memory, const struct state_limits *limits,
		     uint32_t max_orders, struct state *state, struct observation *observation,
		     struct decision *decision)
{
	size_t size = lay_out(NULL, limits, max_orders, state, observation, decision);
	void *block = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (block == MAP_FAILED)
		return -errno;
	lay_out(block, limits, max_orders, state, observation, decision);
	*memory = (struct lent_memory){ block, size };
	return 0;
}

void lent_memory_done(struct lent_memory *memory)
{
	if (memory->block)
		munmap(memory->block, memory->size);
	memory->block = NULL;
}
