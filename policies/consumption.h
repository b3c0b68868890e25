/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Consumption: how long it took to use up the last so many bytes
 *
 * A short memory of how much was in use when: fine for the last moments, coarser the farther back.
 * One per group.
 */

#include "policies/units.h"

/* About one for every 1.2th of the 20 doublings from 5 ms to an hour, and some to spare. */
#define CONSUMPTION_SAMPLES 24

struct consumption {
	uint32_t n; /* oldest first */
	uint64_t at_usec[CONSUMPTION_SAMPLES];
	uint64_t bytes[CONSUMPTION_SAMPLES];
};

/*
 * Remembers that so much was in use; the zero of the scale does not matter. Samples do not go back
 * in time: an older one counts as being at the time of the last. Those within a millisecond
 * replace each other: several answers at once must not push the past out.
 */
void consumption_add(struct consumption *consumption, uint64_t now_usec, uint64_t bytes);

/*
 * Before consumption_add(): somebody who looked more often saw it rise by so much since the last
 * sample, little by little. Puts samples in between, so that this is no jump.
 */
void consumption_fill_in(struct consumption *consumption, uint64_t now_usec, uint64_t rise_bytes);

/*
 * How long ago as much less was in use as `bytes` (> 0), for the last time. Half of that must be
 * left when the largest rise between two samples is taken off: one jump is no growth. More
 * consumption never makes it longer.
 * Returns: > 0; USEC_NEVER when so much was not used up as far back as is known.
 */
uint64_t consumption_span(const struct consumption *consumption, uint64_t now_usec, uint64_t bytes);

/*
 * What was used up between the newest sample and the one before it that is at least so much older,
 * and in what time: a hint that something grows, long before it can be believed.
 * Returns: 0 and no time when nothing was.
 */
uint64_t consumption_last_rise(const struct consumption *consumption, uint64_t least_usec,
			       uint64_t *ret_usec);
