/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Hysteresis: going in is easier than coming back
 *
 * Two parts. Each policy has two thresholds per level, one to enter and a farther one to leave
 * (hysteresis_holds() says which of the two counts). And a level, once changed, is not left
 * downwards before the dwell time. Rising is never delayed.
 */

#include "policies/units.h"
#include "policies/words.h"

/* Whether the threshold of `level` is the one to leave it: the group is there or above. */
static inline bool hysteresis_holds(enum level level, enum level current)
{
	return level <= current;
}

/* The level to show: `judged` at once when it is above `current`, else after the dwell time. */
enum level hysteresis_step(enum level current, uint64_t since_usec, enum level judged,
			   uint64_t now_usec, uint64_t dwell_usec);
