/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Memory files: a cgroup's memory.* files into a reading
 */

#include <stdbool.h>

#include "policies/observation.h"

/* Each COUNT_UNKNOWN where it is missing or no count. */
struct memory_events {
	uint64_t n_high, n_max, n_oom_kill;
};

/*
 * memory.stat: what the kernel could drop at once. Clean file pages on the LRU lists (these hold
 * no shmem) that no process has mapped, and half of the reclaimable slab: MemAvailable, too, trusts
 * no more than half, as one object in use keeps its whole page.
 *
 * file_mapped counts mapped shmem as well. What is mapped is taken for file pages; as far as it is
 * shmem, up to doubtful_bytes more could be dropped (shared_pages.h finds out).
 */
struct memory_stat {
	bool is_known; /* the file lists were there */
	uint64_t reclaimable_bytes;
	uint64_t doubtful_bytes;
};

/*
 * Parsers of whole files; *ret is written in any case.
 * Return: 0; -EBADMSG when a needed value is missing, cut short or no amount: it is left out.
 */
int memory_events_parse(const char *text, struct memory_events *ret);
int memory_stat_parse(const char *text, struct memory_stat *ret);

/* memory.events of the cgroup at dirfd. Returns: 0, -EBADMSG as above, or why it cannot be read. */
int memory_events_read(int dirfd, struct memory_events *ret);
/* memory.pressure, the totals, as psi_parse(). Returns as above. */
int memory_pressure_read(int dirfd, uint64_t *ret_some_usec, uint64_t *ret_full_usec);
/*
 * Reads the wanted fields (enum group_field) of the cgroup at dirfd; reading->has gets a bit for
 * each that was read. A file that is not there is no error. *ret_doubtful_bytes is written with
 * GROUP_HAS_RECLAIMABLE only; may be NULL.
 * Returns: a bit for each field of which something could not be understood and was left out.
 */
uint32_t memory_files_read(int dirfd, uint32_t wanted, struct group_reading *reading,
			   uint64_t *ret_doubtful_bytes);
/* The file that the field is read from. */
const char *memory_file_name(enum group_field field);
