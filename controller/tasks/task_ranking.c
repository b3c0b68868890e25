/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/tasks/task_ranking.h"

#include <string.h>

static bool task_ranking_is_older(const struct task_standing *a, const struct task_standing *b)
{
	return a->start_ns != b->start_ns ? a->start_ns < b->start_ns : a->pid < b->pid;
}

/*
 * Of two that share their memory: who grows it has the name, else the older, the process and not
 * the child that it has just made. Their sizes are no answer: one memory was read at two times.
 */
static bool task_ranking_speaks_for(enum task_order order, const struct task_standing *a,
				    const struct task_standing *b)
{
	if (order == TASK_ORDER_GROWTH && a->growth_bytes != b->growth_bytes)
		return a->growth_bytes > b->growth_bytes;
	return task_ranking_is_older(a, b);
}

static bool task_ranking_is_before(enum task_order order, const struct task_standing *a,
				   const struct task_standing *b)
{
	bool by_growth = order == TASK_ORDER_GROWTH;
	const uint64_t keys[][2] = {
		{ by_growth ? a->growth_bytes : a->rss_bytes,
		  by_growth ? b->growth_bytes : b->rss_bytes },
		{ by_growth ? a->rss_bytes : a->growth_bytes,
		  by_growth ? b->rss_bytes : b->growth_bytes },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i][0] != keys[i][1])
			return keys[i][0] > keys[i][1];
	return task_ranking_is_older(a, b);
}

/* Moves the task at i up to where it belongs among those before it. */
static void task_ranking_rise(struct task_ranking *ranking, size_t i)
{
	struct ranked_task task = ranking->tasks[i];
	size_t to = i;

	while (to > 0 &&
	       task_ranking_is_before(ranking->order, &task.task, &ranking->tasks[to - 1].task))
		to--;
	memmove(&ranking->tasks[to + 1], &ranking->tasks[to], (i - to) * sizeof(task));
	ranking->tasks[to] = task;
}

static void task_ranking_drop(struct task_ranking *ranking, size_t i)
{
	ranking->n--;
	memmove(&ranking->tasks[i], &ranking->tasks[i + 1],
		(ranking->n - i) * sizeof(ranking->tasks[0]));
}

/* The place of the one that it shares memory with, or ranking->n. */
static size_t task_ranking_find_mm(const struct task_ranking *ranking, uint64_t mm)
{
	size_t i;

	for (i = 0; i < ranking->n; i++)
		if (mm != 0 && ranking->tasks[i].mm == mm)
			break;
	return i;
}

void task_ranking_offer(struct task_ranking *ranking, const struct ranked_task *task)
{
	size_t last = ranking->n - 1, twin;

	/* Nearly every task of a large host ends here. */
	if (ranking->n == TASK_RANKING_MAX &&
	    !task_ranking_is_before(ranking->order, &task->task, &ranking->tasks[last].task))
		return;
	twin = task_ranking_find_mm(ranking, task->mm);
	if (twin < ranking->n) {
		if (!task_ranking_speaks_for(ranking->order, &task->task,
					     &ranking->tasks[twin].task))
			return;
		task_ranking_drop(ranking, twin);
	} else if (ranking->n == TASK_RANKING_MAX) {
		task_ranking_drop(ranking, last);
	}
	ranking->tasks[ranking->n] = *task;
	task_ranking_rise(ranking, ranking->n++);
}

void task_ranking_sort(struct task_ranking *ranking)
{
	for (size_t i = 1; i < ranking->n; i++)
		task_ranking_rise(ranking, i);
}
