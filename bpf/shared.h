/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#pragma once

/*
 * Shared: what all programs share: settings, the ring, the page of watched groups
 *
 * Owned by shared.bpf.c; `bpftool gen object` links the programs to it.
 */

#include "bpf/kernel.h"
#include "bpf/kernel_event.h"

/* Set before load. */
extern const volatile __u64 page_bytes;
extern const volatile __u64 tick_ns;		      /* of bpf_jiffies64() */
extern const volatile __u64 slice_ticks;	      /* how long growth is added up */
extern const volatile __u64 task_threshold_bytes;     /* growth in a slice that is told */
extern const volatile __u64 task_threshold_min_bytes; /* the same, of tasks in limited groups */
extern const volatile __u32 own_pid;		      /* of reliefd */

extern struct watched_group groups[WATCHED_GROUPS_MAX];
extern __u64 n_lost; /* events that found no room */
/* Of whom the snapshot tells the exact size; set before it is read, 0: nobody. */
extern __u32 exact_pids[TASK_EXACT_MAX];

/*
 * 64 KiB are 600 events. They are told in batches, when something worth a wake-up happens, so the
 * last quarter is for those that wake: a full ring must not silence them.
 */
#define RING_BYTES    (64 * 1024)
#define RING_FOR_MANY (RING_BYTES / 4 * 3)

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
};

/* cgroup id → slot */
struct slots {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WATCHED_GROUPS_MAX);
	__type(key, __u64);
	__type(value, __u32);
};

/* A thread group's growth, kept with its leader and gone with it. */
struct task_growth {
	__u64 slice_start; /* jiffies; 0: not looked at yet */
	__u64 base_bytes;  /* RSS then, lowered when less was seen since */
	__u64 seen_bytes;  /* RSS at the last look */
};

struct task_growths {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_growth);
};

/* When the task's direct reclaim began (CLOCK_MONOTONIC); 0: it is not in one. */
struct stall_starts {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
};

/* Whom the clock looked at last on each CPU, and when. */
struct last_look {
	__u64 mm;
	__u64 now; /* jiffies */
};

struct last_looks {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct last_look);
};

extern struct ring ring SEC(".maps");
extern struct slots slots SEC(".maps");
extern struct task_growths task_growths SEC(".maps");
extern struct stall_starts stall_starts SEC(".maps");
extern struct last_looks last_looks SEC(".maps");

/* Returns: an event to be filled and submitted, NULL when there is no room; that is counted. */
static __always_inline struct kernel_event *event_reserve(bool wakes)
{
	struct kernel_event *event = NULL;

	if (wakes || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < RING_FOR_MANY)
		event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	if (!event)
		__sync_fetch_and_add(&n_lost, 1);
	return event;
}

static __always_inline void event_fill(struct kernel_event *event, enum kernel_event_kind kind,
				       struct task_struct *leader)
{
	event->at_ns = bpf_ktime_get_ns();
	event->start_ns = leader->start_boottime;
	event->kind = kind;
	event->pid = leader->tgid;
	event->reserved = 0;
	bpf_core_read(event->comm, sizeof(event->comm), &leader->comm);
}
