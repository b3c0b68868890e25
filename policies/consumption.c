/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Consumption
 *
 *	used |                      . *  now
 *	     |                 . *  |
 *	     |            . *       | bytes
 *	     |       x - - - - - - -+
 *	     |  *                   .
 *	     +-------+--------------+---- time
 *	             |<--- span --->|
 *
 * Walks back from the newest sample, adding rises and taking off falls, until the bytes asked for
 * are together; within the last interval the line between its two samples tells when. What rose
 * in one interval counts for half of the bytes at most.
 *
 * When the ring is full, the sample goes whose absence leaves the smallest gap, seen from now: so
 * the distance between samples grows with their age, and a fast burst does not wipe out the hour
 * before it.
 */

#include <string.h>

#include "policies/consumption.h"

#define SPACING_USEC USEC_PER_MSEC
/* The gap as a share of its age is compared in units of this. */
#define GAP_ONE 1000000U

/* The gap that removing sample i would leave, relative to its age. */
static uint64_t gap_without(const struct consumption *c, uint32_t i, uint64_t now_usec)
{
	uint64_t gap_usec = c->at_usec[i + 1] - c->at_usec[i - 1];

	return u64_muldiv(gap_usec, GAP_ONE, u64_max(now_usec - c->at_usec[i - 1], 1));
}

static void make_room(struct consumption *c, uint64_t now_usec)
{
	uint32_t least = 1, n_after;
	uint64_t least_gap = UINT64_MAX;

	for (uint32_t i = 1; i + 1 < c->n; i++) {
		uint64_t gap = gap_without(c, i, now_usec);

		if (gap < least_gap) {
			least = i;
			least_gap = gap;
		}
	}
	n_after = c->n - least - 1;
	memmove(&c->at_usec[least], &c->at_usec[least + 1], n_after * sizeof(c->at_usec[0]));
	memmove(&c->bytes[least], &c->bytes[least + 1], n_after * sizeof(c->bytes[0]));
	c->n--;
}

void consumption_add(struct consumption *c, uint64_t now_usec, uint64_t bytes)
{
	bool replaces = false;

	if (c->n >= 1) {
		now_usec = u64_max(now_usec, c->at_usec[c->n - 1]);
		replaces = now_usec == c->at_usec[c->n - 1];
	}
	if (c->n >= 2 && now_usec - c->at_usec[c->n - 2] < SPACING_USEC)
		replaces = true;
	if (replaces)
		c->n--;
	else if (c->n == CONSUMPTION_SAMPLES)
		make_room(c, now_usec);
	c->at_usec[c->n] = now_usec;
	c->bytes[c->n] = bytes;
	c->n++;
}

uint64_t consumption_span(const struct consumption *c, uint64_t now_usec, uint64_t bytes)
{
	uint64_t most_bytes = bytes / 2 + bytes % 2;
	__int128 together = 0;

	for (uint32_t i = c->n; i-- > 1;) {
		uint64_t rise_bytes = u64_min(u64_sub(c->bytes[i], c->bytes[i - 1]), most_bytes);
		uint64_t interval_usec = c->at_usec[i] - c->at_usec[i - 1];

		if (together + rise_bytes >= bytes) {
			uint64_t missing_bytes = (uint64_t)((__int128)bytes - together);
			uint64_t back_usec = u64_muldiv(interval_usec, missing_bytes, rise_bytes);

			return u64_max(u64_sub(now_usec, c->at_usec[i] - back_usec), 1);
		}
		together += rise_bytes;
		together -= u64_sub(c->bytes[i - 1], c->bytes[i]);
	}
	return USEC_NEVER;
}
