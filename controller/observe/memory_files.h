/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Memory files: a cgroup's memory.* files into a reading
 */

#include "policies/observation.h"

struct memory_events {
	uint64_t n_high, n_max, n_oom_kill;
};

/*
 * Parsers of whole files.
 * Return: 0; -EBADMSG cut short, not a number, a number beyond 64 bits, or a needed key missing.
 */
int memory_events_parse(const char *text, struct memory_events *ret);
/*
 * memory.stat: what the kernel could drop at once. Clean file pages on the LRU lists (these hold
 * no shmem) that no process has mapped, and half of the reclaimable slab: MemAvailable, too, trusts
 * no more than half, as one object in use keeps its whole page.
 */
int memory_stat_parse(const char *text, uint64_t *ret_reclaimable_bytes);

/* memory.events of the cgroup at dirfd. Returns: 0, -EBADMSG as above, or why it cannot be read. */
int memory_events_read(int dirfd, struct memory_events *ret);
/* memory.pressure, the totals. Returns as above. */
int memory_pressure_read(int dirfd, uint64_t *ret_some_usec, uint64_t *ret_full_usec);
/*
 * Reads the wanted fields (enum group_field) of the cgroup at dirfd; reading->has gets a bit for
 * each that was read. A file that is not there is no error.
 * Returns: 0, or -EBADMSG when a file could not be understood.
 */
int memory_files_read(int dirfd, uint32_t wanted, struct group_reading *reading);
