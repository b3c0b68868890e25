/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Load: what the programs that make memory pressure have in common
 *
 * They are test actors: a wrong option or a failed call ends the program with a message and
 * status 2, so that a case never mistakes a broken actor for a calm one.
 */

#include <stddef.h>
#include <stdint.h>

/* Option values. Ends the program, naming the option, when text is not such a value. */
uint64_t load_bytes(const char *option, const char *text);
uint64_t load_usec(const char *option, const char *text);
uint64_t load_percent(const char *option, const char *text);

/* Monotonic. */
uint64_t load_now_usec(void);
void load_sleep_until(uint64_t usec);

/* MemAvailable of /proc/meminfo, in bytes. */
uint64_t load_available_bytes(void);

/*
 * Private anonymous memory, small pages only: a huge page would arrive two megabytes at a time
 * whatever the pace. Not touched yet.
 */
void *load_map(size_t bytes);

/*
 * The same of huge pages: where a page fault costs more than a page, memory only grows as fast as a
 * runaway's this way. Whole ones for sizes that are multiples of LOAD_HUGE_BYTES.
 */
#define LOAD_HUGE_BYTES ((size_t)2 << 20)
void *load_map_huge(size_t bytes);

/*
 * Touches every page of [memory, memory + bytes). Each gets its own contents, so that neither zram
 * nor KSM can fold pages into one; zero_percent of every page stays zero and compresses away.
 */
void load_touch(void *memory, size_t bytes, uint64_t zero_percent);
