/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Memory use: what of a group's memory programs have, and what is only charged still
 *
 *	memory.stat     LRU lists    anon and file    (a line is a page; both count each page once)
 *
 *	page cache      |            |
 *	heap            |            |
 *	heap            |                             unsplit: a part of a huge page that was
 *	heap            |                             unmapped; its list has all of the huge page
 *	                                              until the kernel splits it
 *
 * A page that MADV_FREE gave up stays in `anon` and moves to the file lists, where else only the
 * page cache is. A page that is mapped and in the swap cache is in `anon` and in `file`.
 */

#include <stdbool.h>
#include <stdint.h>

struct memory_use {
	bool is_known;		/* all counters that it takes were there */
	uint64_t unsplit_bytes; /* the kernel takes it when it is short */
	uint64_t unused_bytes;	/* that, and what MADV_FREE gave up */
	uint64_t held_bytes; /* anonymous memory and tmpfs in RAM, not in the swap cache as well */
};

/* memory.stat, the whole file. *ret is written in any case: all 0 when it is not known. */
void memory_use_parse(const char *text, struct memory_use *ret);
