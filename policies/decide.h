/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Decide: the step
 *
 * The one entry point of the judgement: the daemon, dry run, tests, fuzzers and `reliefctl
 * simulate` all call it. It allocates nothing, reads no clock and no file; the same profile,
 * state and observation give the same decision to the byte.
 *
 * `decision` is cleared first. Afterwards decision->wake_at_usec is after observation->now_usec.
 * An observation older than the last one is taken as being at the time of the last one.
 */

#include "policies/state.h"

void decide(const struct profile *profile, struct state *state,
	    const struct observation *observation, struct decision *decision);
