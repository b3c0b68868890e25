/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#pragma once

/*
 * What crosses between kernel and daemon: events one way, a page of watched groups both ways
 *
 * Included by both sides, so only fixed-size types. Bytes are bytes, `_ns` is nanoseconds of
 * CLOCK_MONOTONIC unless said otherwise.
 */

#ifndef __bpf__
#include <linux/types.h>
#endif

/* As many as the daemon has slots for groups; the index of a watched group is its slot. */
#define WATCHED_GROUPS_MAX 4096
/* The host's slot: everybody's charges count there. */
#define WATCHED_HOST 0
/* Events of the host name the root of the v2 tree; the kernel numbers from there. */
#define ROOT_GROUP_ID 1
/* A budget for groups that the judgement has not seen: spent by the first charge under a limit. */
#define BUDGET_FRESH 1

#define KERNEL_COMM_SIZE 16

/* Tasks whose size is confirmed in one walk: each costs three reads a CPU. */
#define TASK_EXACT_MAX 16

enum kernel_event_kind {
	/* A watched group's (or the host's) budget is spent: told once, until it is armed again. */
	KERNEL_EVENT_SPENT = 1,
	/* A task's resident memory grew by the threshold or more within a slice. */
	KERNEL_EVENT_TASK_GREW,
	/* The same for a watched group. */
	KERNEL_EVENT_GROUP_GREW,
	/* The kernel's OOM killer chose this task. */
	KERNEL_EVENT_OOM_VICTIM,
};

struct kernel_event {
	__u64 at_ns;
	__u64 group_id;	 /* cgroup v2 id; of the task's group for events about tasks */
	__u64 bytes;	 /* growth in the slice, or what was charged since arming */
	__u64 span_ns;	 /* the slice so far, or the time since arming; a jiffy exact */
	__u64 rss_bytes; /* of the task; memory in use by the group (0: not known to this clock) */
	__u64 start_ns;	 /* CLOCK_BOOTTIME: with the pid it names the task for ever */
	__u32 kind;	 /* enum kernel_event_kind */
	__u32 slot;	 /* of a watched group; ~0 for events about tasks */
	__u32 pid;	 /* thread group */
	char comm[KERNEL_COMM_SIZE];
	__u32 reserved;
};

/*
 * One watched group, in memory that both sides map; each side uses plain stores, but for what is
 * named here.
 *
 * The kernel adds to spent_bytes (atomically) and turns budget_bytes into 0 by compare-and-swap,
 * with an event SPENT in hand: one event an arming, and none is lost when the ring is full. The
 * daemon arms in this order: budget_bytes = 0, all that is the kernel's = 0, budget_bytes. A
 * charge that runs through this on another CPU adds itself to the new arming instead of the old
 * one; should both budgets be equal to the byte, it may spend the new one at once: early, once.
 */
struct watched_group {
	/* Written by the daemon. */
	__u64 budget_bytes;    /* armed while > 0; the kernel sets 0 when it is spent */
	__u64 threshold_bytes; /* growth within a slice that is told; 0: not told */

	/* Written by the kernel. */
	__u64 spent_bytes;   /* charged since arming */
	__u64 armed_jiffies; /* of the first charge after arming */
	__u64 limit_bytes;   /* max or high then; a lower one spends the budget; ~0: none */
	__u64 slice_jiffies; /* start of the slice */
	__u64 base_bytes;    /* in use then, lowered when less was in use since */
	__u64 n_stalls;	     /* direct reclaims by tasks of the group (or below) that ended */
	__u64 stall_ns;	     /* how long they took in all */
};

/* One row of the snapshot of all tasks (thread groups), in the order the kernel walks. */
struct task_row {
	__u64 group_id;
	__u64 mm;	 /* the same for tasks that share memory: not an address to be followed */
	__u64 rss_bytes; /* file, anonymous and shared; off by up to 64 pages a CPU and kind */
	__u64 exact_rss_bytes; /* 0: not asked for, or not to be had */
	__u64 swap_bytes;
	__u64 start_ns;	   /* CLOCK_BOOTTIME */
	__u64 grown_bytes; /* in the running slice ... */
	__u64 slice_ns;	   /* ... this long so far; 0: the clock never saw it */
	__u32 pid;
	__u32 uid;
	char comm[KERNEL_COMM_SIZE];
};
