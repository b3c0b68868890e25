/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Clock: when growth is looked at
 *
 * Three programs, one of which is loaded. What matters is to be called seldom, and then to read
 * the truth:
 *
 *   charge        the kernel charges memory to a group in batches of 64 pages, so this is called
 *                 once in 64 page faults; it knows the group that is charged, whatever for (page
 *                 cache, sockets, kernel memory). Tasks in the root group are never charged: the
 *                 kernel does not count there.
 *   rss           before 6.2 a thread's page counts reach its mm once in 64 faults, and this is
 *                 called then. Page cache that nobody maps is not seen.
 *   rss_sampled   from 6.2 on that is called at every fault; one in 32 on each CPU is looked at. A
 *                 huge page is one fault: with them a look comes late, at 64 MiB in the worst case.
 */

#include "bpf/task.h"

#define SAMPLE_ONE_IN 32

/* The task's own memory: not of a kernel thread that borrowed it, not of a task that exits. */
static __always_inline struct mm_struct *own_mm(struct task_struct *task)
{
	return task->flags & PF_KTHREAD ? NULL : task->mm;
}

/*
 * A counter that is not that of the current task's group: of another group, whose memory is
 * charged on its behalf (sockets, loop devices, zswap), or one that counts something else (swap,
 * huge pages). Only in the first case is there a memory controller's css around it.
 */
static __always_inline struct cgroup_subsys_state *css_around(struct page_counter *counter,
							      struct cgroup_subsys_state *own)
{
	struct cgroup_subsys_state *css =
		(void *)counter - bpf_core_field_offset(struct mem_cgroup, memory);
	struct cgroup_subsys *ss = NULL;

	bpf_core_read(&ss, sizeof(ss), &css->ss);
	return ss == own->ss ? css : NULL;
}

SEC("fexit/page_counter_try_charge")
int BPF_PROG(charge, struct page_counter *counter, unsigned long nr_pages,
	     struct page_counter **fail, unsigned long charged)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct css_set *set = task->cgroups;
	struct cgroup_subsys_state *css = memory_css(set), *around;
	struct charge charge = {
		.bytes = nr_pages * page_bytes,
		.now = bpf_jiffies64(),
		.is_own = true,
	};
	struct mm_struct *mm;
	bool is_v2;

	/* It returns a bool: the upper bits are what was left in the register. */
	if (!(__u8)charged || !css)
		return 0;
	is_v2 = css_is_v2(css, set);
	if ((__u64)counter != (__u64)css + bpf_core_field_offset(struct mem_cgroup, memory)) {
		around = css_around(counter, css);
		if (!around)
			return 0;
		charge.is_own = false;
		host_count(&charge);
		if (is_v2)
			groups_count(around, &charge);
		return 0;
	}

	host_count(&charge);
	if (is_v2)
		groups_count(css, &charge);
	mm = own_mm(task);
	if (mm)
		task_look(task, mm, is_v2 ? css : NULL, charge.now);
	return 0;
}

/* What a task has more than at the last look counts as charged. */
static __always_inline int look_at_current(struct mm_struct *mm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct css_set *set = task->cgroups;
	struct cgroup_subsys_state *css = memory_css(set);
	struct charge charge = { .now = bpf_jiffies64(), .is_own = true };

	/* Others change it, too: reclaim, a debugger. */
	if (mm != own_mm(task))
		return 0;
	if (css && !css_is_v2(css, set))
		css = NULL;
	charge.bytes = task_look(task, mm, css, charge.now);
	if (!charge.bytes)
		return 0;
	host_count(&charge);
	groups_count(css, &charge);
	return 0;
}

SEC("tp_btf/rss_stat")
int BPF_PROG(rss, struct mm_struct *mm)
{
	return look_at_current(mm);
}

SEC("tp_btf/rss_stat")
int BPF_PROG(rss_sampled, struct mm_struct *mm)
{
	__u32 zero = 0, *n = bpf_map_lookup_elem(&samples, &zero);

	if (!n || ++*n % SAMPLE_ONE_IN)
		return 0;
	return look_at_current(mm);
}
