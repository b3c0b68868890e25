/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#pragma once

/*
 * Group: what is charged counts for the host and for each watched group it is charged to
 *
 * A charge climbs from the group to the root, as the kernel's own does. On each level that is
 * watched it does two things:
 *
 *   tripwire   takes the charge from the budget; who takes the last of it tells (once: the budget
 *              becomes 0) and wakes reliefd. It counts gross, so it can only be early: pages that
 *              were freed in between are not given back.
 *   growth     holds what the group has now against what it had when the slice began (net), and
 *              tells when that is the threshold or more.
 *
 * Groups are those of the v2 tree. Where the memory controller is still on v1 its groups have
 * numbers of their own, which mean nothing here: only the host is counted then.
 */

#include "bpf/shared.h"

/* Deeper than any tree seen: a container in a pod in a container has 10. */
#define LEVELS_MAX 16

/* What the kernel's counters say for "no limit" on 64 bits: LONG_MAX / page size. */
#define NO_LIMIT_PAGES (0x7fffffffffffffffUL / 4096 / 16)

struct charge {
	__u64 bytes;
	__u64 now; /* jiffies */
	/* Of the current task. False: the css must be read with care, it may go at any time. */
	bool is_own;
	/* Of the group itself where the clock knows it: then it is read without a helper. */
	struct page_counter *counter;
};

struct counter_reading {
	__u64 usage_bytes;
	__u64 limit_bytes; /* the lower of max and high; ~0: none */
};

static __always_inline struct counter_reading counter_reading(long usage, unsigned long max,
							      unsigned long high)
{
	unsigned long limit = high < max ? high : max;

	return (struct counter_reading){
		.usage_bytes = usage > 0 ? usage * page_bytes : 0,
		.limit_bytes = limit < NO_LIMIT_PAGES ? limit * page_bytes : ~0ULL,
	};
}

static __always_inline struct counter_reading counter_read(struct cgroup_subsys_state *css)
{
	struct page_counter *counter = &((struct mem_cgroup *)css)->memory;
	unsigned long max = 0, high = 0;
	long usage = 0;

	bpf_core_read(&usage, sizeof(usage), &counter->usage.counter);
	bpf_core_read(&max, sizeof(max), &counter->max);
	bpf_core_read(&high, sizeof(high), &counter->high);
	return counter_reading(usage, max, high);
}

static __always_inline struct cgroup_subsys_state *memory_css(struct css_set *set)
{
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return NULL;
	return set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)];
}

/* The id in the v2 tree, which is all that user space knows. */
static __always_inline __u64 task_group_id(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

static __always_inline __u64 css_group_id(struct cgroup_subsys_state *css, bool is_own)
{
	return is_own ? css->cgroup->kn->id : BPF_CORE_READ(css, cgroup, kn, id);
}

static __always_inline void group_tell(struct kernel_event *event, enum kernel_event_kind kind,
				       __u64 id, __u32 slot, __u64 flags)
{
	struct task_struct *task = bpf_get_current_task_btf();

	event_fill(event, kind, task->group_leader);
	event->group_id = id;
	event->slot = slot;
	bpf_ringbuf_submit(event, flags);
}

/*
 * Whether this charge trips the wire. A fresh group waits for a limit; a limit that was lowered
 * makes any budget stale.
 */
static __always_inline bool group_spend(struct watched_group *group, __u64 budget,
					const struct counter_reading *counter,
					const struct charge *charge)
{
	__u64 spent;

	if (budget == BUDGET_FRESH && counter->limit_bytes == ~0ULL)
		return false;
	spent = __sync_fetch_and_add(&group->spent_bytes, charge->bytes) + charge->bytes;
	if (!group->armed_jiffies) {
		group->limit_bytes = counter->limit_bytes;
		group->armed_jiffies = charge->now;
	}
	return spent >= budget || counter->limit_bytes < group->limit_bytes;
}

/* The budget is given up only with an event in hand: what cannot be told now is told later. */
static __always_inline void group_trip(struct watched_group *group, __u32 slot, __u64 id,
				       __u64 budget, const struct counter_reading *counter,
				       const struct charge *charge)
{
	struct kernel_event *event = event_reserve(true);

	if (!event)
		return;
	if (__sync_val_compare_and_swap(&group->budget_bytes, budget, 0) != budget) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		return;
	}
	event->bytes = group->spent_bytes;
	event->span_ns = (charge->now - group->armed_jiffies) * tick_ns;
	event->rss_bytes = counter->usage_bytes;
	group_tell(event, KERNEL_EVENT_SPENT, id, slot, BPF_RB_FORCE_WAKEUP);
}

static __always_inline void group_grow(struct watched_group *group, __u32 slot, __u64 id,
				       const struct counter_reading *counter,
				       const struct charge *charge)
{
	__u64 usage = counter->usage_bytes, age = charge->now - group->slice_jiffies;
	struct kernel_event *event;

	if (age >= slice_ticks) {
		group->slice_jiffies = charge->now;
		group->base_bytes = usage;
	} else if (usage < group->base_bytes) {
		group->base_bytes = usage;
	} else if (usage - group->base_bytes >= group->threshold_bytes) {
		event = event_reserve(false);
		if (event) {
			event->bytes = usage - group->base_bytes;
			event->span_ns = age * tick_ns;
			event->rss_bytes = usage;
			group_tell(event, KERNEL_EVENT_GROUP_GREW, id, slot, BPF_RB_NO_WAKEUP);
		}
		group->slice_jiffies = charge->now;
		group->base_bytes = usage;
	}
}

static __always_inline struct watched_group *group_find(__u64 id, __u32 *ret_slot)
{
	const __u32 *slot = bpf_map_lookup_elem(&slots, &id);

	if (!slot || *slot >= WATCHED_GROUPS_MAX)
		return NULL;
	*ret_slot = *slot;
	return &groups[*ret_slot & (WATCHED_GROUPS_MAX - 1)];
}

static __always_inline void host_count(const struct charge *charge)
{
	const struct counter_reading counter = { .limit_bytes = ~0ULL };
	struct watched_group *host = &groups[WATCHED_HOST];
	__u64 budget = host->budget_bytes;

	if (budget && group_spend(host, budget, &counter, charge))
		group_trip(host, WATCHED_HOST, ROOT_GROUP_ID, budget, &counter, charge);
}

static __always_inline void group_count(struct watched_group *group, __u32 slot, __u64 id,
					const struct counter_reading *counter,
					const struct charge *charge)
{
	__u64 budget = group->budget_bytes;

	if (budget && group_spend(group, budget, counter, charge))
		group_trip(group, slot, id, budget, counter, charge);
	if (group->threshold_bytes)
		group_grow(group, slot, id, counter, charge);
}

/* From this group up to the last below the root; the root is the host (host_count()). */
static __always_inline void groups_count(struct cgroup_subsys_state *css,
					 const struct charge *charge)
{
	struct cgroup_subsys_state *parent;
	struct counter_reading counter;
	struct watched_group *group;
	__u32 slot;
	__u64 id;

	for (int level = 0; level < LEVELS_MAX && css; level++, css = parent) {
		parent = charge->is_own ? css->parent : BPF_CORE_READ(css, parent);
		if (!parent)
			break;
		id = css_group_id(css, charge->is_own);
		group = group_find(id, &slot);
		if (!group)
			continue;
		if (level == 0 && charge->counter)
			counter = counter_reading(charge->counter->usage.counter,
						  charge->counter->max, charge->counter->high);
		else
			counter = counter_read(css);
		group_count(group, slot, id, &counter, charge);
	}
}

/* Whether the memory controller of this task is on the v2 tree. */
static __always_inline bool css_is_v2(struct cgroup_subsys_state *css, struct css_set *set)
{
	return css->cgroup == set->dfl_cgrp || css->cgroup->root == set->dfl_cgrp->root;
}
