/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Sampling: when to look again, if nothing wakes us before
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/*
 * How long a fill at the worst rate (or at the present growth, if that is faster) takes until
 * the next level; within the profile's bounds.
 */
uint64_t sampling_sleep(const struct profile *profile, const struct group_state *group);

/* Sets the wake time of the decision for all that only time changes, its slack and attention. */
void sampling_set_wake(struct step *step);
