/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Trend: least squares over a small ring
 *
 *	bytes                        slope = sum((t - mt) * (b - mb)) / sum((t - mt)^2)
 *	  |            . *
 *	  |        . *               A line through one jump would look like growth, too. So no
 *	  |    * .                   interval counts as steeper than eight times the second
 *	  | *.                       steepest: one jump on a flat line gives 0.
 *	  +----------------- time
 *
 * A steeper sample never gives a smaller slope: the cap only rises with it. Times and bytes are
 * relative to the oldest sample in the window and summed in 128 bits: 8 samples of 2^66 bytes and
 * 2^22 microseconds make 2^97, times a million 2^117.
 */

#include "policies/trend.h"

/*
 * Samples closer than this replace each other: several answers that arrive within a millisecond
 * must not push the past out of the ring. 8 x 50 ms keep more than the 200 ms that a slope needs.
 */
#define TREND_SPACING_USEC (50 * USEC_PER_MSEC)
#define TREND_MIN_SAMPLES  3
#define TREND_MIN_USEC	   (200 * USEC_PER_MSEC)
/* Samples come at uneven times and programs grow in steps: this much unevenness is growth. */
#define TREND_JUMP_FACTOR 8

struct point {
	int64_t t;
	__int128 b;
};

static uint32_t ring_back(const struct trend *trend, uint32_t n)
{
	return (trend->next + TREND_SAMPLES - n) % TREND_SAMPLES;
}

void trend_add(struct trend *trend, uint64_t now_usec, uint64_t bytes)
{
	uint32_t last = ring_back(trend, 1), before = ring_back(trend, 2);

	bool replaces = trend->n >= 1 && now_usec <= trend->at_usec[last];
	if (trend->n >= 2 && u64_sub(now_usec, trend->at_usec[before]) < TREND_SPACING_USEC)
		replaces = true;
	if (!replaces) {
		last = trend->next;
		trend->next = (trend->next + 1) % TREND_SAMPLES;
		trend->n += trend->n < TREND_SAMPLES;
	}
	trend->at_usec[last] = replaces ? u64_max(now_usec, trend->at_usec[last]) : now_usec;
	trend->bytes[last] = bytes;
}

/* The samples of the window, oldest first, relative to the oldest. Returns how many. */
static uint32_t trend_window(const struct trend *trend, uint64_t now_usec, struct point *points)
{
	uint64_t since_usec = u64_sub(now_usec, TREND_WINDOW_USEC);
	uint64_t t0 = 0, b0 = 0;
	uint32_t n = 0;

	for (uint32_t back = trend->n; back > 0; back--) {
		uint32_t i = ring_back(trend, back);

		if (trend->at_usec[i] < since_usec)
			continue;
		if (n == 0) {
			t0 = trend->at_usec[i];
			b0 = trend->bytes[i];
		}
		points[n].t = (int64_t)u64_min(trend->at_usec[i] - t0, TREND_WINDOW_USEC);
		points[n].b = (__int128)trend->bytes[i] - b0;
		n++;
	}
	return n;
}

/* Bytes per second between two neighbours; 0 when falling. */
static uint64_t rise(const struct point *from, const struct point *to)
{
	if (to->b <= from->b || to->t <= from->t)
		return 0;
	return u64_muldiv((uint64_t)(to->b - from->b), USEC_PER_SEC, (uint64_t)(to->t - from->t));
}

/* Flattens what rises more than TREND_JUMP_FACTOR times as fast as the second steepest. */
static void cap_jump(struct point *points, uint32_t n)
{
	uint64_t steepest = 0, second = 0, cap;

	for (uint32_t i = 1; i < n; i++) {
		uint64_t r = rise(&points[i - 1], &points[i]);

		second = r > steepest ? steepest : u64_max(second, r);
		steepest = u64_max(steepest, r);
	}
	cap = u64_muldiv(second, TREND_JUMP_FACTOR, 1);
	for (uint32_t i = n - 1; i > 0; i--) {
		uint64_t r = rise(&points[i - 1], &points[i]);

		if (r <= cap)
			continue;
		__int128 shift = points[i].b - points[i - 1].b -
				 (__int128)u64_muldiv(cap,
						      (uint64_t)(points[i].t - points[i - 1].t),
						      USEC_PER_SEC);
		for (uint32_t k = i; k < n; k++)
			points[k].b -= shift;
	}
}

uint64_t trend_growth(const struct trend *trend, uint64_t now_usec)
{
	struct point points[TREND_SAMPLES];
	uint32_t n = trend_window(trend, now_usec, points);
	__int128 sum_t = 0, sum_b = 0, cross = 0, square = 0;

	if (n < TREND_MIN_SAMPLES || points[n - 1].t < (int64_t)TREND_MIN_USEC)
		return 0;
	cap_jump(points, n);
	for (uint32_t i = 0; i < n; i++) {
		sum_t += points[i].t;
		sum_b += points[i].b;
	}
	/* Everything times n, so that the means stay whole numbers. */
	for (uint32_t i = 0; i < n; i++) {
		__int128 dt = (__int128)points[i].t * n - sum_t;

		cross += dt * (points[i].b * n - sum_b);
		square += dt * dt;
	}
	if (cross <= 0 || square <= 0)
		return 0;
	__int128 growth = cross * (__int128)USEC_PER_SEC / square;
	return growth > (__int128)UINT64_MAX ? UINT64_MAX : (uint64_t)growth;
}
