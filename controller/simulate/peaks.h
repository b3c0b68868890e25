/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Peaks: how large each thing becomes in the whole of a record
 */

#include <stddef.h>
#include <stdint.h>

/* As many as the daemon has, of groups and of modules. */
#define PEAKS_SLOTS 4096

struct peak {
	uint64_t id, bytes;
};

struct peaks {
	struct peak *list;
	size_t n, max;
	uint32_t of_slot[PEAKS_SLOTS]; /* the last one in that slot, + 1 */
};

void peaks_done(struct peaks *peaks);
/* Its size at one moment; slots beyond and the id 0 are passed over. Returns: 0 or -ENOMEM. */
int peaks_see(struct peaks *peaks, uint32_t slot, uint64_t id, uint64_t bytes);
/* The largest; 0 for what was never seen. */
uint64_t peaks_find(const struct peaks *peaks, uint64_t id);
