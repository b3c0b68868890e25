/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Swaps: how much the swap devices can still take, and what that is worth
 *
 * /proc/swaps names devices as they looked to whoever switched them on: by another path, in
 * another mount namespace, as a file that is deleted. A name that does not tell is looked up by
 * device number, once, when it is first seen.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policies/observation.h"

/* The kernel takes 23 to 29 of them, depending on its configuration. */
#define SWAPS_MAX	32
#define SWAP_IS_NO_ZRAM -1

struct swap_device {
	int zram; /* the number of the zram device that it lies on, or SWAP_IS_NO_ZRAM */
	uint64_t total_bytes, used_bytes;
};

struct swaps {
	size_t n;
	struct swap_device devices[SWAPS_MAX];
};

/* One line's name (with its octal escapes, n bytes) and whether it is a file: the zram below it. */
typedef int (*swaps_resolve_t)(void *data, const char *name, size_t n, bool is_file);

/*
 * /proc/swaps. `resolve` is asked about names that do not tell by themselves; NULL: nobody is.
 * Returns: 0; -EBADMSG when a line could not be understood: it is left out.
 */
int swaps_parse(const char *text, swaps_resolve_t resolve, void *data, struct swaps *ret);

struct mm_stat {
	uint64_t stored_bytes; /* uncompressed */
	uint64_t used_bytes;   /* the RAM that this costs */
	uint64_t limit_bytes;  /* of used_bytes; 0: none */
};

/* /sys/block/zram<n>/mm_stat. Returns: 0 or -EBADMSG. */
int mm_stat_parse(const char *text, struct mm_stat *ret);

/* Which names are known already. */
struct swap_names {
	struct swap_name {
		uint32_t hash;
		int zram;
		bool is_known, is_seen;
	} names[SWAPS_MAX];
	int sys_fd; /* lent; /sys */
};

/*
 * Fills the zram_* part of a reading that has MACHINE_HAS_SWAP, by the text of /proc/swaps, and
 * takes from swap_free_bytes what a device that is being emptied (swapoff) does not take any more.
 * Returns: 0; -EBADMSG when something could not be understood: that space counts as compressed.
 */
int swaps_fill(struct swap_names *names, const char *text, struct machine_reading *reading);
