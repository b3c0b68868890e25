/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Victim: which groups the kernel reclaims from, and how much
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/* Reclaim runs one group after the other: more in one rung would not end within its deadline. */
#define VICTIMS_MAX 4

struct victim {
	uint32_t slot;
	uint64_t bytes;
};

/*
 * Fills `ret` with the groups inside `group_slot` that give first: those of the lowest priority, of
 * these the ones that hold most of what reclaim can take.
 * *ret_all: nobody else qualifies.
 * Returns: how many; 0 when none qualifies.
 */
uint32_t victim_choose(const struct step *step, uint32_t group_slot, uint64_t goal_bytes,
		       struct victim ret[VICTIMS_MAX], bool *ret_all);

/* Whether some group would qualify if it were not excluded. */
bool victim_is_excluded(const struct step *step, uint32_t group_slot);
