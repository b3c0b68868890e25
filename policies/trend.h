/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Trend: how fast something grows, from samples at irregular times
 *
 * The slope of the samples of the last few seconds. Kept small: one per group.
 */

#include "policies/units.h"

/* Eight samples cover TREND_WINDOW_USEC at the rate that matters (a step every few 100 ms). */
#define TREND_SAMPLES	  8
#define TREND_WINDOW_USEC (4 * USEC_PER_SEC)

struct trend {
	uint32_t n, next; /* ring */
	uint64_t at_usec[TREND_SAMPLES];
	uint64_t bytes[TREND_SAMPLES];
};

/* Samples must not go back in time; one at the same instant replaces the last. */
void trend_add(struct trend *trend, uint64_t now_usec, uint64_t bytes);
/*
 * Growth in bytes per second by least squares over the window; 0 when falling, flat, or with
 * fewer than three samples or less than 200 ms to look at (a single step is no growth).
 */
uint64_t trend_growth(const struct trend *trend, uint64_t now_usec);
