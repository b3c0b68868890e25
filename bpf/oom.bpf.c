/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * OOM: whom the kernel's OOM killer chose
 *
 * The first argument has been a task since 6.8 and in stable 6.1; where it is still a pid this does
 * not load, and reliefd does without.
 */

#include "bpf/task.h"

SEC("tp_btf/mark_victim")
int BPF_PROG(oom_victim, struct task_struct *victim)
{
	struct kernel_event *event = event_reserve(true);
	struct mm_struct *mm = victim->mm;

	if (!event)
		return 0;
	event_fill(event, KERNEL_EVENT_OOM_VICTIM, victim->group_leader);
	event->group_id = task_group_id(victim);
	event->slot = ~0U;
	event->bytes = 0;
	event->span_ns = 0;
	event->rss_bytes = mm ? mm_rss_bytes(mm) : 0;
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
	return 0;
}
