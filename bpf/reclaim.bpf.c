/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Reclaim: how long tasks stood still to free memory themselves
 *
 * Direct reclaim begins and ends in the task that wants memory: for its group's limit (memcg) or
 * for the host. The time counts for the task's group, for each watched group above, and for the
 * host. The two kinds do not nest. reliefd's own time is left out: it is spent in memory.reclaim,
 * on purpose.
 */

#include "bpf/group.h"

static __always_inline void stall_add(struct watched_group *group, __u64 ns)
{
	__sync_fetch_and_add(&group->n_stalls, 1);
	__sync_fetch_and_add(&group->stall_ns, ns);
}

/* By the v2 tree: a task has a group there wherever the memory controller is. */
static __always_inline void stall_count(struct task_struct *task, __u64 ns)
{
	struct cgroup_subsys_state *css = &task->cgroups->dfl_cgrp->self;
	struct watched_group *group;
	__u32 slot;

	stall_add(&groups[WATCHED_HOST], ns);
	for (int level = 0; level < LEVELS_MAX && css; level++) {
		group = group_find(css_group_id(css, false), &slot);
		if (group)
			stall_add(group, ns);
		css = BPF_CORE_READ(css, parent);
	}
}

static __always_inline int stall_begins(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 *start_ns;

	if (task->flags & PF_KTHREAD || task->tgid == (int)own_pid)
		return 0;
	start_ns = bpf_task_storage_get(&stall_starts, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (start_ns)
		*start_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int stall_ends(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 *start_ns = bpf_task_storage_get(&stall_starts, task, NULL, 0);

	if (!start_ns || !*start_ns)
		return 0;
	stall_count(task, bpf_ktime_get_ns() - *start_ns);
	*start_ns = 0;
	return 0;
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int BPF_PROG(group_reclaim_begin)
{
	return stall_begins();
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int BPF_PROG(group_reclaim_end)
{
	return stall_ends();
}

SEC("tp_btf/mm_vmscan_direct_reclaim_begin")
int BPF_PROG(host_reclaim_begin)
{
	return stall_begins();
}

SEC("tp_btf/mm_vmscan_direct_reclaim_end")
int BPF_PROG(host_reclaim_end)
{
	return stall_ends();
}
