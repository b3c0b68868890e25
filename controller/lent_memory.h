/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lent memory: all that a step needs, reserved before the first
 *
 * The judgement allocates nothing (policies/README.md, rule 3): its state and the lists of
 * observation and decision lie in one mapping. Pages that were never touched cost nothing, so the
 * capacities are address space only.
 */

#include <stddef.h>

#include "policies/state.h"

struct lent_memory {
	void *block; /* NULL: none */
	size_t size;
};

/* Returns: 0, with `state` initialised and both lists empty; negative errno. */
int lent_memory_init(struct lent_memory *memory, const struct state_limits *limits,
		     uint32_t max_orders, struct state *state, struct observation *observation,
		     struct decision *decision);
void lent_memory_done(struct lent_memory *memory);
