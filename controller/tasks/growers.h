/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Growers: the tasks that the kernel told of lately, and how fast they grow
 *
 * Of fixed size: a task that found no place takes that of the one that has been silent longest.
 */

#include <stddef.h>
#include <stdint.h>

#include "bpf/kernel_event.h"

/* More tasks than cores of a large host do not grow fast at a time; a scan of all costs 0.2 us. */
#define GROWERS_MAX 128
/* A rate over eight events is steady within one part in eight. */
#define GROWER_POINTS (8 + 1)
/* The slices of a task that grows follow each other by a second or less. */
#define GROWER_STALE_NS (3 * 1000000000ULL)

struct grower_point {
	uint64_t at_ns;
	uint64_t rss_bytes;
};

struct grower {
	uint64_t start_ns; /* CLOCK_BOOTTIME: with the pid it names the task for ever */
	uint64_t since_ns;
	uint32_t pid;
	uint32_t n_points;
	struct grower_point points[GROWER_POINTS]; /* oldest first */
};

struct growers {
	size_t n;
	struct grower growers[GROWERS_MAX];
};

/* A KERNEL_EVENT_TASK_GREW. */
void growers_see(struct growers *growers, const struct kernel_event *event);
/*
 * Bytes per second, and since when (CLOCK_MONOTONIC); 0 and *ret_since_ns untouched for a task
 * that is not known or was silent for GROWER_STALE_NS.
 */
uint64_t growers_rate(const struct growers *growers, uint32_t pid, uint64_t start_ns,
		      uint64_t now_ns, uint64_t *ret_since_ns);
