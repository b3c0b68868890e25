/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Proc tasks: all tasks without iter/task, from /proc
 *
 * About ten times the price of the iterator, so each task's sizes only; the rest is read for those
 * that somebody wants to see.
 */

#include "bpf/kernel_event.h"
#include "controller/groups/cgroup_tree.h"

/*
 * Every task that has memory: pid and rss_bytes, all else 0.
 * Returns: 0; negative errno when the directory cannot be listed; the first negative value that
 * `row` returned.
 */
int proc_tasks_walk(const struct cgroup_tree *tree,
		    int (*row)(void *data, const struct task_row *row), void *data);
/*
 * uid, comm, start_ns, swap_bytes and group_id (0 where the tree does not tell) of row->pid.
 * Returns: 0, or -ESRCH when it ended.
 */
int proc_tasks_describe(const struct cgroup_tree *tree, struct task_row *row);
