/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What all programs share; explained in shared.h.
 */

#include "bpf/shared.h"

const volatile __u64 page_bytes = 4096;
const volatile __u64 tick_ns = 4000000;
const volatile __u64 slice_ticks = 250;
const volatile __u64 task_threshold_bytes = 4 << 20;
const volatile __u64 task_threshold_min_bytes = 1 << 20;
const volatile __u32 own_pid = 0;

struct watched_group groups[WATCHED_GROUPS_MAX];
__u64 n_lost;
__u32 exact_pids[TASK_EXACT_MAX];

struct ring ring SEC(".maps");
struct slots slots SEC(".maps");
struct task_growths task_growths SEC(".maps");
struct stall_starts stall_starts SEC(".maps");
struct last_looks last_looks SEC(".maps");

/* Some helpers are for programs under the GPL only. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
