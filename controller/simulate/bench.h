/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Bench: what decide() works on offline, all on the heap
 */

#include "controller/base/cleanup.h"
#include "policies/decide.h"

struct bench {
	const struct profile *profile;
	struct state state;
	void *workspace; /* of state, seen and decision */
	struct observation seen;
	struct decision decision;
	struct decision recorded; /* only actions and finishes are lent */
};

/* As large as the daemon's. Returns: NULL without memory. */
struct bench *bench_new(const struct profile *profile);
struct bench *bench_free(struct bench *bench);
DEFINE_CLEANUP(struct bench *, bench_free);

/* Forgets all steps. */
void bench_restart(struct bench *bench);
/* One step with what is seen. */
void bench_decide(struct bench *bench);
