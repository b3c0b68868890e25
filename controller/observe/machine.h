/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Machine: what the whole host has left
 *
 * Its files stay open, so that a reading under pressure opens nothing but a zram device's.
 */

#include <stdbool.h>

#include "controller/base/cleanup.h"
#include "policies/observation.h"

struct machine;

/* proc: of the cgroup tree. sys: NULL for "/sys". Files that are missing are no error. */
int machine_new(struct machine **ret, const char *proc, const char *sys);
struct machine *machine_free(struct machine *machine);
DEFINE_CLEANUP(struct machine *, machine_free);

/*
 * Fills the reading as far as the files allow; `has` says how far.
 * Returns: 0, or -EBADMSG when a file could not be understood.
 */
int machine_read(struct machine *machine, struct machine_reading *ret);

/* Parsers of whole files. Return: 0 or -EBADMSG. */

/* /proc/meminfo: memory, swap and zswap, with their `has` bits. */
int meminfo_parse(const char *text, struct machine_reading *reading);

/* zram0 to zram63 can be told apart; a host has one or one per CPU. */
struct swaps {
	uint64_t zram_devices;			    /* bit n: zram<n> is used for swap */
	uint64_t zram_total_bytes, zram_used_bytes; /* as swap space, before compression */
};
int swaps_parse(const char *text, struct swaps *ret);

/* /sys/block/zram<n>/mm_stat: bytes stored there, and the RAM that they cost. */
int mm_stat_parse(const char *text, uint64_t *ret_stored_bytes, uint64_t *ret_used_bytes);
