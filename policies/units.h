/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Units: microseconds, bytes, basis points
 *
 * Every quantity the judgement compares is an unsigned integer in one of three units, named in
 * its suffix: `_usec` (monotonic clock, microseconds), `_bytes`, and `_bp` (basis points, 1/100 of
 * a percent, 10000 = all of it). The arithmetic here saturates: a counter that jumped or a limit
 * of "none" (UINT64_MAX) gives a large number, never a wrapped one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USEC_PER_MSEC 1000ULL
#define USEC_PER_SEC  1000000ULL
#define USEC_PER_MIN  (60ULL * USEC_PER_SEC)
#define USEC_NEVER    UINT64_MAX

#define KIB 1024ULL
#define MIB (1024ULL * KIB)
#define GIB (1024ULL * MIB)
/* A limit that is not set; the kernel prints it as "max". */
#define BYTES_UNLIMITED UINT64_MAX

#define BP_ONE 10000U

static inline uint64_t u64_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t u64_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* a + b, or UINT64_MAX where that does not fit. */
static inline uint64_t u64_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* a - b, or 0 where b is larger. */
static inline uint64_t u64_sub(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* a * b / c without overflow in between; UINT64_MAX where the result does not fit or c is 0. */
static inline uint64_t u64_muldiv(uint64_t a, uint64_t b, uint64_t c)
{
	if (c == 0)
		return UINT64_MAX;
	unsigned __int128 r = (unsigned __int128)a * b / c;
	return r > UINT64_MAX ? UINT64_MAX : (uint64_t)r;
}

/* The share `bp` of `whole`; an unlimited whole stays unlimited. */
static inline uint64_t bytes_share(uint64_t whole_bytes, uint32_t bp)
{
	return whole_bytes == BYTES_UNLIMITED ? BYTES_UNLIMITED
					      : u64_muldiv(whole_bytes, bp, BP_ONE);
}

/* part / whole in basis points, at most BP_ONE; 0 of 0 is all of it. */
static inline uint32_t bytes_ratio_bp(uint64_t part_bytes, uint64_t whole_bytes)
{
	if (part_bytes >= whole_bytes)
		return BP_ONE;
	return (uint32_t)u64_muldiv(part_bytes, BP_ONE, whole_bytes);
}
