/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Task watch: who grows, and who is largest
 *
 * Keeps the tasks (thread groups) that the probes told of lately, with their rate and since when;
 * ranks all tasks of the host on demand.
 */

#include "controller/observe/probes.h"

struct task_watch;

enum task_order {
	TASK_ORDER_GROWTH, /* fastest first, then largest */
	TASK_ORDER_RSS,	   /* largest first */
};

struct task_standing {
	uint32_t pid;
	uint32_t uid;
	char comm[KERNEL_COMM_SIZE];
	uint64_t start_ns; /* CLOCK_BOOTTIME */
	uint64_t group_id; /* cgroup v2 id */
	uint64_t rss_bytes;
	bool rss_is_exact;
	uint64_t swap_bytes;
	uint64_t growth_bytes;	     /* per second, lately; 0: not growing */
	uint64_t growing_since_usec; /* CLOCK_MONOTONIC; 0: not growing */
};

/* How many a ranking holds at most. */
#define TASK_RANKING_MAX 100

int task_watch_new(struct task_watch **ret, struct probes *probes);
struct task_watch *task_watch_free(struct task_watch *watch);
DEFINE_CLEANUP(struct task_watch *, task_watch_free);

/* A KERNEL_EVENT_TASK_GREW. */
void task_watch_see(struct task_watch *watch, const struct kernel_event *event);
/*
 * The first `max` of all tasks in that order, each mm once, the sizes of the first TASK_EXACT_MAX
 * exact where the kernel allows. Without iter/task it walks /proc (every task's statm).
 * Returns: how many, or negative errno.
 */
int task_watch_rank(struct task_watch *watch, enum task_order order, struct task_standing *ret,
		    size_t max);
