/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#pragma once

/*
 * Task: how much a thread group's resident memory grows, slice by slice
 *
 * RSS is read, charges are not added up: a task that touches and frees the same pages again and
 * again charges a lot and grows not at all.
 *
 *   RSS      told: base → here              a slice ends after a second (SLICE), or when it
 *    |        ____*                         was told; the next begins with what is there then.
 *    |   /\  /                              A fall lowers the base: growth is what was added
 *    |__/  \/ base                          to the least since the slice began.
 *    +---------------- time
 */

#include "bpf/group.h"

/* Pages of each kind. */
struct mm_pages {
	long of[NR_MM_COUNTERS];
};

/*
 * From 6.2 on without what lies in the parts of the CPUs: off by at most max(32, 2 * CPUs) pages a
 * CPU, and below 0 at times.
 */
static __always_inline struct mm_pages mm_read(struct mm_struct *mm)
{
	struct mm_struct___split *split = (void *)mm;
	struct mm_pages pages = {};

	if (bpf_core_field_exists(split->rss_stat.count)) {
		bpf_core_read(pages.of, sizeof(pages.of), &split->rss_stat.count);
		return pages;
	}
	/* Literal indices, see README.md. */
	pages.of[MM_FILEPAGES] = mm->rss_stat[MM_FILEPAGES].count;
	pages.of[MM_ANONPAGES] = mm->rss_stat[MM_ANONPAGES].count;
	pages.of[MM_SWAPENTS] = mm->rss_stat[MM_SWAPENTS].count;
	pages.of[MM_SHMEMPAGES] = mm->rss_stat[MM_SHMEMPAGES].count;
	return pages;
}

static __always_inline __u64 pages_to_bytes(long pages)
{
	return pages > 0 ? pages * page_bytes : 0;
}

static __always_inline __u64 rss_bytes(const struct mm_pages *pages)
{
	return pages_to_bytes(pages->of[MM_FILEPAGES] + pages->of[MM_ANONPAGES] +
			      pages->of[MM_SHMEMPAGES]);
}

static __always_inline __u64 mm_rss_bytes(struct mm_struct *mm)
{
	const struct mm_pages pages = mm_read(mm);

	return rss_bytes(&pages);
}

/*
 * What is told of a task in this group: of a group with a limit 3 %, so that the last 30 steps
 * before the limit are seen, but not less than the kernel's own counting is off.
 */
static __always_inline __u64 task_threshold(struct cgroup_subsys_state *css)
{
	__u64 share;

	if (!css)
		return task_threshold_bytes;
	share = counter_read(css).limit_bytes / 32;
	if (share > task_threshold_bytes)
		return task_threshold_bytes;
	return share > task_threshold_min_bytes ? share : task_threshold_min_bytes;
}

static __always_inline void task_tell(struct task_struct *task, __u64 rss_bytes, __u64 grown_bytes,
				      __u64 span_ns)
{
	struct kernel_event *event = event_reserve(false);

	if (!event)
		return;
	event_fill(event, KERNEL_EVENT_TASK_GREW, task->group_leader);
	event->group_id = task_group_id(task);
	event->slot = ~0U;
	event->bytes = grown_bytes;
	event->span_ns = span_ns;
	event->rss_bytes = rss_bytes;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* css: of the memory controller, NULL where that is not on v2. Returns: bytes more than last time.
 */
static __always_inline __u64 task_look(struct task_struct *task, struct mm_struct *mm,
				       struct cgroup_subsys_state *css, __u64 now)
{
	struct task_growth *growth = bpf_task_storage_get(&task_growths, task->group_leader, 0,
							  BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u64 rss, more = 0, grown, age;

	if (!growth)
		return 0;
	rss = mm_rss_bytes(mm);
	if (growth->slice_start && rss > growth->seen_bytes)
		more = rss - growth->seen_bytes;
	growth->seen_bytes = rss;

	age = now - growth->slice_start;
	if (age >= slice_ticks) {
		growth->slice_start = now;
		growth->base_bytes = rss;
		return more;
	}
	if (rss < growth->base_bytes)
		growth->base_bytes = rss;
	grown = rss - growth->base_bytes;
	if (grown >= task_threshold_min_bytes && grown >= task_threshold(css)) {
		task_tell(task, rss, grown, age * tick_ns);
		growth->slice_start = now;
		growth->base_bytes = rss;
	}
	return more;
}
