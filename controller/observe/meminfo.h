/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Meminfo: what the host's memory files say, and what of it can be believed
 */

#include "policies/observation.h"

/*
 * /proc/meminfo: memory, swap and zswap, with their `has` bits. What cannot be understood, or
 * cannot be true (more free than there is), is left out, each value by itself:
 *
 *    MemTotal       reading->total_bytes as it comes in, when that is not 0
 *    MemAvailable   an estimate of free and file pages, named MACHINE_IS_ESTIMATED
 *
 * total_bytes becomes the memory that the page allocator manages: static huge pages are left out,
 * since nobody but their users gets anything out of that pool.
 * Returns: 0; -EBADMSG when something was left out; *ret_memory_bytes is MemTotal or what came in.
 */
int meminfo_parse(const char *text, struct machine_reading *reading, uint64_t *ret_memory_bytes);

/*
 * /proc/spl/kstat/zfs/arcstats: what ZFS gives back when the kernel asks, which MemAvailable does
 * not know of. Returns: 0 or -EBADMSG.
 */
int arcstats_parse(const char *text, uint64_t *ret_reclaimable_bytes);
