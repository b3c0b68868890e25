/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Task ranking: the first of many tasks in one order, each mm once
 */

#include "controller/tasks/task_standing.h"

struct ranked_task {
	struct task_standing task;
	uint64_t mm; /* 0: not known to be shared */
};

struct task_ranking {
	enum task_order order;
	size_t n;
	struct ranked_task tasks[TASK_RANKING_MAX]; /* first is first */
};

/* Takes it in when it is among the first so far. */
void task_ranking_offer(struct task_ranking *ranking, const struct ranked_task *task);
/* Puts them in order again, after sizes were corrected. */
void task_ranking_sort(struct task_ranking *ranking);
