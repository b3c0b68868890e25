/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Hysteresis: going in is easier than coming back
 *
 * Two parts. Each policy has two thresholds per level, one to enter and a farther one to leave
 * (hysteresis_holds() says which of the two counts). And a level is left downwards only after it
 * was judged lower for the dwell time without a break. Rising is never delayed.
 */

#include "policies/units.h"
#include "policies/words.h"

/* Whether the threshold of `level` is the one to leave it: the group is there or above. */
static inline bool hysteresis_holds(enum level level, enum level current)
{
	return level <= current;
}

/*
 * The level to show: `judged` at once when it is above `current`; when it is below, after it was
 * below for the dwell time without a break, from `below_since_usec` on.
 */
enum level hysteresis_step(enum level current, uint64_t below_since_usec, enum level judged,
			   uint64_t now_usec, uint64_t dwell_usec);
