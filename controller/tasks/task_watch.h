/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Task watch: who grows, and who is largest
 *
 * Keeps the tasks (thread groups) that the probes told of lately, with their rate and since when;
 * ranks all tasks of the host on demand.
 */

#include "controller/groups/cgroup_tree.h"
#include "controller/kernel/probes.h"
#include "controller/tasks/task_standing.h"

struct task_watch;

/* probes: NULL, or without iter/task: /proc is walked. The tree must stay. */
int task_watch_new(struct task_watch **ret, struct probes *probes, const struct cgroup_tree *tree);
struct task_watch *task_watch_free(struct task_watch *watch);
DEFINE_CLEANUP(struct task_watch *, task_watch_free);

/* A KERNEL_EVENT_TASK_GREW. */
void task_watch_see(struct task_watch *watch, const struct kernel_event *event);
/*
 * The first `max` of all tasks in that order, each mm once (of those who share one, in the order of
 * growth the one that grows, else the oldest), the sizes of the first TASK_EXACT_MAX exact where
 * iter/task can tell them. Without iter/task an mm that is shared counts as often as it is shared.
 * Takes about 1 us a task (/proc: 8 us) and blocks for nobody's lock; what was looked at is used
 * again for a while, so that those who ask in a row cost a bounded share of one processor.
 * Returns: how many (at most TASK_RANKING_MAX), or negative errno when no task can be listed.
 */
int task_watch_rank(struct task_watch *watch, enum task_order order, struct task_standing *ret,
		    size_t max);
/* growth, rss; what D-Bus and reliefctl use. Returns: 0 or -EINVAL. */
int task_order_from_name(const char *name, enum task_order *ret);
