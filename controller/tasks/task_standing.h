/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Task standing: one task (thread group) in a ranking
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/kernel_event.h"

enum task_order {
	TASK_ORDER_GROWTH, /* fastest first, then largest */
	TASK_ORDER_RSS,	   /* largest first, then fastest */
	N_TASK_ORDERS,
};

struct task_standing {
	uint32_t pid;
	uint32_t uid; /* real */
	char comm[KERNEL_COMM_SIZE];
	uint64_t start_ns; /* CLOCK_BOOTTIME; without iter/task in the clock ticks of /proc */
	uint64_t group_id; /* cgroup v2 id; 0: not known */
	uint64_t rss_bytes;
	bool rss_is_exact; /* else off by up to 64 pages a CPU and kind */
	uint64_t swap_bytes;
	uint64_t growth_bytes;	     /* per second, lately; 0: not growing */
	uint64_t growing_since_usec; /* CLOCK_MONOTONIC; 0: not growing */
};

/* How many a ranking holds at most. */
#define TASK_RANKING_MAX 100
