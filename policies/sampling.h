/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Sampling: when to look again, if nothing wakes us before
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/*
 * With the tripwire: how much may be charged to a group with an end (the host, or a limit) until it
 * is looked at again.
 */
uint64_t sampling_budget(const struct profile *profile, const struct group_state *group);

/*
 * Without it: how long a fill at the worst rate (or at the present growth, if that is faster) takes
 * until the next level; within the profile's bounds.
 */
uint64_t sampling_sleep(const struct profile *profile, const struct group_state *group);
/* The same for a group that grew when it was last seen; USEC_NEVER when it did not. */
uint64_t sampling_growing_sleep(const struct profile *profile, const struct group_state *group);

/*
 * Sets the wake time of the decision for all that only time changes, its slack, its attention and
 * the budgets.
 */
void sampling_set_wake(struct step *step);
