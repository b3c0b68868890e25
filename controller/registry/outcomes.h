/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Outcomes: how actions ended, on their way to the next observation
 */

#include "controller/base/wake.h"
#include "policies/observation.h"

/*
 * More than can come in between two steps: a request to each of 10 modules for each of 64 ladders,
 * and as many that could not be sent.
 */
#define OUTCOMES_MAX 1280

struct outcomes {
	struct outcome ring[OUTCOMES_MAX];
	size_t first, n;
	uint64_t n_lost; /* found no room; the judgement then sees the action as late */
	struct wake wake;
};

void outcomes_init(struct outcomes *outcomes, const struct wake *wake);
/* Keeps a copy and wakes the daemon. */
void outcomes_add(struct outcomes *outcomes, const struct outcome *outcome);
/* Moves into the observation what fits there, oldest first. */
void outcomes_collect(struct outcomes *outcomes, struct observation *observation);
