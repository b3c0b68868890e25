/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Tasks: a snapshot of all thread groups, written when user space reads it
 *
 * The walk is the kernel's and goes over threads; a row is written for the leader, or, where the
 * leader has ended before the others, for each of them. Those rows have the same mm, as have those
 * of processes that share their memory: the reader counts it once.
 *
 * The counts of an mm lie partly in the CPUs (mm_read()). To add those up costs a read a CPU, so
 * it is done for the few that were asked for. Where such a part lies is known from this_cpu_off,
 * which is how far each CPU's variables are from the first's; other architectures than x86 have
 * no such variable, some kernels do not tell where it is, and then the row says 0.
 */

#include "bpf/task.h"

#define CPUS_MAX 1024

extern const unsigned long this_cpu_off __ksym __weak;

static __always_inline __s64 parts_sum(__s64 count, __s32 *parts)
{
	for (__u32 cpu = 0; cpu < CPUS_MAX; cpu++) {
		const unsigned long *offset = bpf_per_cpu_ptr(&this_cpu_off, cpu);
		__s32 part = 0;

		if (!offset)
			break;
		bpf_probe_read_kernel(&part, sizeof(part), (void *)parts + *offset);
		count += part;
	}
	return count > 0 ? count : 0;
}

static __always_inline bool is_wanted_exact(__u32 pid)
{
	for (int i = 0; i < TASK_EXACT_MAX; i++)
		if (exact_pids[i] == pid)
			return true;
	return false;
}

/* Returns: 0 where it is not to be had. */
static __always_inline __u64 mm_exact_rss_bytes(struct mm_struct *mm)
{
	struct mm_struct___split *split = (void *)mm;
	struct percpu_counter *file = &mm->rss_stat[MM_FILEPAGES];
	struct percpu_counter *anon = &mm->rss_stat[MM_ANONPAGES];
	struct percpu_counter *shmem = &mm->rss_stat[MM_SHMEMPAGES];

	if (bpf_core_field_exists(split->rss_stat.count) || !&this_cpu_off)
		return 0;
	return (parts_sum(file->count, file->counters) + parts_sum(anon->count, anon->counters) +
		parts_sum(shmem->count, shmem->counters)) *
	       page_bytes;
}

static __always_inline int row_write(struct bpf_iter__task *ctx, bool with_exact)
{
	struct task_struct *task = ctx->task, *leader;
	struct task_growth *growth;
	struct task_row row = {};
	struct mm_struct *mm;
	struct mm_pages pages;

	if (!task || task->flags & PF_KTHREAD)
		return 0;
	mm = task->mm;
	leader = task->group_leader;
	if (!mm || (task != leader && leader->mm))
		return 0;

	row.group_id = task_group_id(task);
	row.mm = (__u64)mm;
	pages = mm_read(mm);
	row.rss_bytes = rss_bytes(&pages);
	row.swap_bytes = pages_to_bytes(pages.of[MM_SWAPENTS]);
	row.start_ns = leader->start_boottime;
	row.pid = leader->tgid;
	row.uid = task->cred->uid.val;
	if (with_exact && is_wanted_exact(row.pid))
		row.exact_rss_bytes = mm_exact_rss_bytes(mm);
	bpf_core_read(row.comm, sizeof(row.comm), &leader->comm);

	growth = bpf_task_storage_get(&task_growths, leader, NULL, 0);
	if (growth && growth->slice_start) {
		row.slice_ns = (bpf_jiffies64() - growth->slice_start) * tick_ns;
		if (row.rss_bytes > growth->base_bytes)
			row.grown_bytes = row.rss_bytes - growth->base_bytes;
	}
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

/* Two, since a kernel that does not tell this_cpu_off refuses the whole program. */
SEC("iter/task")
int tasks_exact(struct bpf_iter__task *ctx)
{
	return row_write(ctx, true);
}

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	return row_write(ctx, false);
}
