/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who grows, and who is largest
 *
 *    KERNEL_EVENT_TASK_GREW ──▶ growers ────────────────────┐ how fast, since when
 *                                                           ▼
 *    iter/task, or /proc/PID/statm ──▶ every task once ──▶ both rankings ──▶ whoever asks
 *                                                           ▲
 *    iter/task again, for the first few ────────────────────┘ exact sizes, once somebody asks
 *
 * One walk fills both rankings, and they stay good for a while: anybody on the bus may ask, and
 * must not be able to keep the loop from a pressure event. The growth of a task is that of its
 * events; of one that stays below their threshold, and without a growth clock of all, the
 * difference to the look before; and when there was none lately, what its running slice shows.
 */

#include "controller/tasks/task_watch.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "controller/tasks/growers.h"
#include "controller/tasks/proc_tasks.h"
#include "controller/tasks/task_ranking.h"
#include "policies/observation.h"

/* As good as now for a reader, and those who ask every second get a new look each time. */
#define FRESH_MIN_USEC (200 * USEC_PER_MSEC)
/* All who ask, however often, get a twentieth of one processor. */
#define FRESH_PER_COST 20
/* A slice younger than that says how much, but not yet how much a second. */
#define SLICE_MIN_NS (250 * NSEC_PER_MSEC)
/* Growth between two looks is "lately" when they are not further apart than that. */
#define BEFORE_MAX_USEC (10 * USEC_PER_SEC)

#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC  1000000000ULL

struct task_watch {
	struct probes *probes; /* NULL: none */
	const struct cgroup_tree *tree;
	struct growers growers;

	struct task_ranking rankings[N_TASK_ORDERS];
	bool confirmed[N_TASK_ORDERS]; /* sizes of the first are as exact as they get */
	bool never_exact;	       /* the kernel does not tell exact sizes */
	bool from_proc;		       /* they are from /proc: each task has yet to be described */
	uint64_t looked_usec;	       /* when they were made */
	uint64_t fresh_until_usec;

	/* The largest at the look before. */
	struct task_ranking before;
	uint64_t before_usec; /* 0: none */
};

static const char *const order_names[] = {
	[TASK_ORDER_GROWTH] = "growth",
	[TASK_ORDER_RSS] = "rss",
};

int task_order_from_name(const char *name, enum task_order *ret)
{
	for (size_t i = 0; i < N_TASK_ORDERS; i++)
		if (strcmp(name, order_names[i]) == 0) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

static uint64_t task_watch_now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / NSEC_PER_USEC;
}

int task_watch_new(struct task_watch **ret, struct probes *probes, const struct cgroup_tree *tree)
{
	struct task_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	watch->probes = probes;
	watch->tree = tree;
	*ret = watch;
	return 0;
}

struct task_watch *task_watch_free(struct task_watch *watch)
{
	free(watch);
	return NULL;
}

void task_watch_see(struct task_watch *watch, const struct kernel_event *event)
{
	growers_see(&watch->growers, event);
}

/* Growth */

static void task_watch_tell_growth(struct task_standing *task, uint64_t bytes, uint64_t since_usec)
{
	task->growth_bytes = bytes;
	task->growing_since_usec = bytes > 0 ? since_usec : 0;
}

/* Returns: false when it was not among the largest then, or then is too long ago. */
static bool task_watch_growth_since_before(const struct task_watch *watch,
					   struct task_standing *task)
{
	uint64_t span_usec = watch->looked_usec - watch->before_usec;

	if (watch->before_usec == 0 || span_usec > BEFORE_MAX_USEC)
		return false;
	for (size_t i = 0; i < watch->before.n; i++) {
		const struct task_standing *was = &watch->before.tasks[i].task;

		/* A walk of /proc does not know the start yet; it asks again when it does. */
		if (was->pid != task->pid ||
		    (task->start_ns && was->start_ns && was->start_ns != task->start_ns))
			continue;
		task_watch_tell_growth(task,
				       u64_muldiv(u64_sub(task->rss_bytes, was->rss_bytes),
						  USEC_PER_SEC, u64_max(span_usec, 1)),
				       was->growth_bytes > 0 ? was->growing_since_usec
							     : watch->before_usec);
		return true;
	}
	return false;
}

static void task_watch_growth_by_clock(const struct task_watch *watch, const struct task_row *row,
				       struct task_standing *task)
{
	uint64_t now_ns = watch->looked_usec * NSEC_PER_USEC, since_ns = 0, bytes;

	bytes = growers_rate(&watch->growers, row->pid, row->start_ns, now_ns, &since_ns);
	if (bytes > 0) {
		task_watch_tell_growth(task, bytes, since_ns / NSEC_PER_USEC);
		return;
	}
	if (row->slice_ns == 0 || row->slice_ns >= GROWER_STALE_NS ||
	    task_watch_growth_since_before(watch, task))
		return;
	task_watch_tell_growth(
		task,
		u64_muldiv(row->grown_bytes, NSEC_PER_SEC, u64_max(row->slice_ns, SLICE_MIN_NS)),
		u64_sub(now_ns, row->slice_ns) / NSEC_PER_USEC);
}

static bool task_watch_has_clock(const struct task_watch *watch)
{
	return watch->probes && probes_have_tripwire(watch->probes);
}

static struct ranked_task task_watch_rank_of(const struct task_watch *watch,
					     const struct task_row *row)
{
	struct ranked_task ranked = {
		.mm = row->mm,
		.task = {
			.pid = row->pid,
			.uid = row->uid,
			.start_ns = row->start_ns,
			.group_id = row->group_id,
			.rss_bytes = row->rss_bytes,
			.swap_bytes = row->swap_bytes,
		},
	};

	memcpy(ranked.task.comm, row->comm, sizeof(ranked.task.comm));
	ranked.task.comm[sizeof(ranked.task.comm) - 1] = '\0';
	if (task_watch_has_clock(watch))
		task_watch_growth_by_clock(watch, row, &ranked.task);
	else
		task_watch_growth_since_before(watch, &ranked.task);
	return ranked;
}

/* The look: every task, once */

static int task_watch_on_task(void *data, const struct task_row *row)
{
	struct task_watch *watch = data;
	struct ranked_task ranked;

	if (row->rss_bytes == 0 && row->swap_bytes == 0)
		return 0; /* a thread of the kernel, or on its way out */
	ranked = task_watch_rank_of(watch, row);
	for (size_t i = 0; i < N_TASK_ORDERS; i++)
		task_ranking_offer(&watch->rankings[i], &ranked);
	return 0;
}

static void task_watch_forget_rankings(struct task_watch *watch)
{
	for (size_t i = 0; i < N_TASK_ORDERS; i++) {
		watch->rankings[i].order = i;
		watch->rankings[i].n = 0;
		watch->confirmed[i] = false;
	}
}

static int task_watch_look(struct task_watch *watch)
{
	if (watch->looked_usec > 0) {
		watch->before = watch->rankings[TASK_ORDER_RSS];
		watch->before_usec = watch->looked_usec;
	}
	watch->looked_usec = task_watch_now_usec();
	task_watch_forget_rankings(watch);
	watch->from_proc = !watch->probes;
	if (watch->probes) {
		probes_drain(watch->probes);
		watch->from_proc =
			probes_walk_tasks(watch->probes, NULL, 0, task_watch_on_task, watch) < 0;
	}
	if (!watch->from_proc)
		return 0;
	task_watch_forget_rankings(watch);
	return proc_tasks_walk(watch->tree, task_watch_on_task, watch);
}

/* The second look, at the first few */

static int task_watch_on_exact(void *data, const struct task_row *row)
{
	struct task_ranking *ranking = data;

	if (row->exact_rss_bytes == 0)
		return 0;
	for (size_t i = 0; i < ranking->n && i < TASK_EXACT_MAX; i++) {
		struct task_standing *task = &ranking->tasks[i].task;

		if (task->pid != row->pid || task->start_ns != row->start_ns)
			continue;
		task->rss_bytes = row->exact_rss_bytes;
		task->rss_is_exact = true;
		task->swap_bytes = row->swap_bytes;
		break;
	}
	return 0;
}

static void task_watch_read_exact(struct task_watch *watch, struct task_ranking *ranking)
{
	uint32_t pids[TASK_EXACT_MAX];
	size_t n;

	for (n = 0; n < ranking->n && n < TASK_EXACT_MAX; n++)
		pids[n] = ranking->tasks[n].task.pid;
	if (n == 0 || probes_walk_tasks(watch->probes, pids, n, task_watch_on_exact, ranking) < 0)
		return;
	watch->never_exact = true;
	for (size_t i = 0; i < n; i++)
		if (ranking->tasks[i].task.rss_is_exact)
			watch->never_exact = false;
	task_ranking_sort(ranking);
}

/* Those that ended in the meantime are left out. */
static void task_watch_describe_all(struct task_watch *watch, struct task_ranking *ranking)
{
	size_t n = 0;

	for (size_t i = 0; i < ranking->n; i++) {
		struct task_row row = {
			.pid = ranking->tasks[i].task.pid,
			.rss_bytes = ranking->tasks[i].task.rss_bytes,
		};

		if (proc_tasks_describe(watch->tree, &row) == 0)
			ranking->tasks[n++] = task_watch_rank_of(watch, &row);
	}
	ranking->n = n;
}

static void task_watch_confirm(struct task_watch *watch, enum task_order order)
{
	struct task_ranking *ranking = &watch->rankings[order];

	if (watch->confirmed[order])
		return;
	if (watch->from_proc)
		task_watch_describe_all(watch, ranking);
	else if (!watch->never_exact)
		task_watch_read_exact(watch, ranking);
	watch->confirmed[order] = true;
}

int task_watch_rank(struct task_watch *watch, enum task_order order, struct task_standing *ret,
		    size_t max)
{
	const struct task_ranking *ranking = &watch->rankings[order];
	uint64_t started_usec = task_watch_now_usec(), took_usec;
	size_t n;
	int r;

	if (started_usec >= watch->fresh_until_usec) {
		watch->fresh_until_usec = 0;
		r = task_watch_look(watch);
		if (r < 0)
			return r;
	}
	task_watch_confirm(watch, order);
	took_usec = task_watch_now_usec() - started_usec;
	watch->fresh_until_usec =
		u64_max(watch->fresh_until_usec,
			watch->looked_usec + u64_max(FRESH_MIN_USEC, FRESH_PER_COST * took_usec));
	for (n = 0; n < ranking->n && n < max; n++)
		ret[n] = ranking->tasks[n].task;
	return (int)n;
}
