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
 * Walks back from the newest sample until as much less was in use as asked for; within the last
 * interval the line between its two samples tells when. Without the largest rise on the way, half
 * of the bytes must have gone as well: one jump is no growth.
 *
 * Both conditions only become easier when the newest sample is higher or less is asked for. That
 * is what makes the judgement monotone.
 *
 * When the ring is full, the sample goes whose absence leaves the smallest gap, seen from now: so
 * the distance between samples grows with their age, and a fast burst does not wipe out the hour
 * before it.
 */

#include <string.h>

#include "policies/consumption.h"

#define SPACING_USEC USEC_PER_MSEC
/* Parts of what was seen rising: half of it is then not in the largest. */
#define PARTS 4
/* The gap as a share of its age is compared in units of this. */
#define GAP_ONE 1000000U

/* The gap that removing sample i would leave, relative to its age. */
static uint64_t consumption_gap_without(const struct consumption *c, uint32_t i, uint64_t now_usec)
{
	uint64_t gap_usec = c->at_usec[i + 1] - c->at_usec[i - 1];

	return u64_muldiv(gap_usec, GAP_ONE, u64_max(now_usec - c->at_usec[i - 1], 1));
}

static void consumption_make_room(struct consumption *c, uint64_t now_usec)
{
	uint32_t least = 1, n_after;
	uint64_t least_gap = UINT64_MAX;

	for (uint32_t i = 1; i + 1 < c->n; i++) {
		uint64_t gap = consumption_gap_without(c, i, now_usec);

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
		consumption_make_room(c, now_usec);
	c->at_usec[c->n] = now_usec;
	c->bytes[c->n] = bytes;
	c->n++;
}

void consumption_fill_in(struct consumption *c, uint64_t now_usec, uint64_t rise_bytes)
{
	uint64_t since_usec, base_bytes, interval_usec;

	if (c->n == 0 || rise_bytes == 0)
		return;
	since_usec = c->at_usec[c->n - 1];
	base_bytes = c->bytes[c->n - 1];
	interval_usec = u64_sub(now_usec, since_usec);
	if (interval_usec < PARTS * 2 * SPACING_USEC)
		return;
	for (uint64_t part = 1; part < PARTS; part++)
		consumption_add(c, since_usec + interval_usec * part / PARTS,
				u64_add(base_bytes, u64_muldiv(rise_bytes, part, PARTS)));
}

uint64_t consumption_span(const struct consumption *c, uint64_t now_usec, uint64_t bytes)
{
	uint64_t half_bytes = bytes / 2 + bytes % 2, jump_bytes = 0;
	__int128 gone = 0; /* since the later end of the interval */

	for (uint32_t i = c->n; i-- > 1;) {
		uint64_t rise_bytes = u64_sub(c->bytes[i], c->bytes[i - 1]);
		/* What this interval has to add: to the bytes, and to the half beside the jump. */
		__int128 need = bytes - gone;
		__int128 beside_jump = (__int128)half_bytes + jump_bytes - gone;

		if (need < beside_jump)
			need = beside_jump;
		/* The interval may be the largest rise itself: then the half is behind it. */
		if (gone >= half_bytes && need <= rise_bytes) {
			uint64_t back_usec = 0;

			if (need > 0)
				back_usec = u64_muldiv(c->at_usec[i] - c->at_usec[i - 1],
						       (uint64_t)need, rise_bytes);
			return u64_max(u64_sub(now_usec, c->at_usec[i] - back_usec), 1);
		}
		gone += (__int128)c->bytes[i] - c->bytes[i - 1];
		jump_bytes = u64_max(jump_bytes, rise_bytes);
	}
	return USEC_NEVER;
}

uint64_t consumption_last_rise(const struct consumption *c, uint64_t least_usec, uint64_t *ret_usec)
{
	uint32_t last = c->n - 1;

	for (uint32_t i = last; c->n > 0 && i-- > 0;) {
		uint64_t usec = c->at_usec[last] - c->at_usec[i];

		if (usec < least_usec)
			continue;
		if (c->bytes[last] <= c->bytes[i])
			return 0;
		*ret_usec = usec;
		return c->bytes[last] - c->bytes[i];
	}
	return 0;
}
