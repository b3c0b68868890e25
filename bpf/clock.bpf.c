/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Clock: when growth is looked at
 *
 * Two programs, one of which is loaded. What matters is to be called seldom, to leave soon, and
 * else to read the truth:
 *
 *   charge   the kernel charges memory to a group in batches of 64 pages, so this is called once in
 *            64 page faults. It knows the group that is charged, whatever for (page cache, sockets,
 *            kernel memory). Tasks in the root group are never charged: the kernel does not count
 *            there.
 *   rss      called when the page counts of an mm change: before 6.2 once in 64 faults of a thread,
 *            from then on at every one. What is charged is what a task has more than at the last
 *            look; page cache that nobody maps is not seen.
 *
 * A task is looked at once a jiffy on each CPU. Slices are counted in jiffies, and a fast grower
 * would be looked at a hundred times in one.
 */

#include "bpf/task.h"

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

/* Returns: where this look is noted (look_note()); NULL: there was one in this jiffy. */
static __always_inline struct last_look *look_due(struct mm_struct *mm, __u64 now)
{
	__u32 zero = 0;
	struct last_look *last = bpf_map_lookup_elem(&last_looks, &zero);

	return last && (last->mm != (__u64)mm || last->now != now) ? last : NULL;
}

static __always_inline void look_note(struct last_look *last, struct mm_struct *mm, __u64 now)
{
	last->mm = (__u64)mm;
	last->now = now;
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
		.counter = counter,
	};
	struct last_look *last;
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
	last = mm ? look_due(mm, charge.now) : NULL;
	if (last) {
		look_note(last, mm, charge.now);
		task_look(task, mm, is_v2 ? css : NULL, charge.now);
	}
	return 0;
}

SEC("tp_btf/rss_stat")
int BPF_PROG(rss, struct mm_struct *mm)
{
	struct charge charge = { .now = bpf_jiffies64(), .is_own = true };
	struct last_look *last = look_due(mm, charge.now);
	struct cgroup_subsys_state *css;
	struct task_struct *task;
	struct css_set *set;

	/* The way out at nearly every fault: it asks for nothing but the CPU's own note. */
	if (!last)
		return 0;
	/* Others change it, too: a fork, reclaim, a debugger. */
	task = bpf_get_current_task_btf();
	if (mm != own_mm(task))
		return 0;
	look_note(last, mm, charge.now);
	set = task->cgroups;
	css = memory_css(set);
	if (css && !css_is_v2(css, set))
		css = NULL;
	charge.bytes = task_look(task, mm, css, charge.now);
	if (!charge.bytes)
		return 0;
	host_count(&charge);
	groups_count(css, &charge);
	return 0;
}
