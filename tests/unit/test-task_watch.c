/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The task watch on probes made of a table of rows: the functions below take the place of those
 * of probes.c.
 */

#include <errno.h>
#include <time.h>

#include "controller/tasks/task_watch.h"
#include "fake_tree.h"
#include "fixture.h"
#include "policies/observation.h"

#define MAX_ROWS   400
#define FRESH_USEC (250 * USEC_PER_MSEC)
#define PAGE	   ((uint64_t)sysconf(_SC_PAGESIZE))

struct probes {
	bool has_iterator;
	bool has_clock;
	unsigned int n_walks;
	struct task_row rows[MAX_ROWS];
	uint64_t exact_bytes[MAX_ROWS]; /* what the kernel says when asked; 0: cannot tell */
	size_t n;
	size_t n_asked; /* for exact sizes, at the last walk */
};

struct world {
	struct fake_tree fake;
	struct cgroup_tree tree;
	struct probes probes;
	struct task_watch *watch;
	struct task_standing tasks[TASK_RANKING_MAX];
	int n;
};

bool probes_have_tripwire(const struct probes *probes)
{
	return probes->has_clock;
}

void probes_drain(struct probes *probes)
{
}

int probes_walk_tasks(struct probes *probes, const uint32_t *exact_pids, size_t n_exact,
		      int (*row)(void *data, const struct task_row *row), void *data)
{
	int r = 0;

	if (!probes->has_iterator)
		return -EOPNOTSUPP;
	probes->n_walks++;
	probes->n_asked = n_exact;
	for (size_t i = 0; i < probes->n && r >= 0; i++) {
		struct task_row told = probes->rows[i];

		for (size_t k = 0; k < n_exact; k++)
			if (exact_pids[k] == told.pid)
				told.exact_rss_bytes = probes->exact_bytes[i];
		r = row(data, &told);
	}
	return r;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->fake = fake_tree_new();
	w->tree = fake_tree_open(&w->fake);
	w->probes.has_iterator = w->probes.has_clock = true;
	assert_int_equal(task_watch_new(&w->watch, &w->probes, &w->tree), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	task_watch_free(w->watch);
	cgroup_tree_done(&w->tree);
	fake_tree_done(&w->fake);
	free(w);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct task_row *add(struct world *w, uint32_t pid, uint64_t rss_bytes)
{
	struct task_row *row = &w->probes.rows[w->probes.n++];

	assert_in_range(w->probes.n, 1, MAX_ROWS);
	*row = (struct task_row){
		.pid = pid,
		.uid = 1000,
		.mm = 0x1000 + pid,
		.rss_bytes = rss_bytes,
		.start_ns = 50,
		.group_id = 9,
		.comm = "task",
	};
	return row;
}

/* The kernel tells, now, that the task grew at that rate for the last 100 ms. */
static void grew(struct world *w, uint32_t pid, uint64_t bytes_per_second)
{
	task_watch_see(w->watch, &(struct kernel_event){
					 .kind = KERNEL_EVENT_TASK_GREW,
					 .at_ns = now_ns(),
					 .span_ns = 100000000,
					 .bytes = bytes_per_second / 10,
					 .rss_bytes = 100 * MIB,
					 .pid = pid,
					 .start_ns = 50,
				 });
}

static void rank(struct world *w, enum task_order order, size_t max)
{
	w->n = task_watch_rank(w->watch, order, w->tasks, max);
	assert_true(w->n >= 0);
}

static void expect_pids(struct world *w, const uint32_t *pids, size_t n)
{
	assert_int_equal(w->n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(w->tasks[i].pid, pids[i]);
}

#define EXPECT(w, ...) \
	expect_pids(w, (const uint32_t[]){ __VA_ARGS__ }, N(((const uint32_t[]){ __VA_ARGS__ })))

static void nobody_is_there(void **state)
{
	struct world *w = *state;

	rank(w, TASK_ORDER_RSS, TASK_RANKING_MAX);
	assert_int_equal(w->n, 0);
}

static void the_largest_come_first(void **state)
{
	struct world *w = *state;

	add(w, 1, 10 * MIB);
	add(w, 2, 30 * MIB);
	add(w, 3, 20 * MIB);
	add(w, 4, 0); /* a thread of the kernel */
	rank(w, TASK_ORDER_RSS, 2);
	EXPECT(w, 2, 3);
	rank(w, TASK_ORDER_RSS, TASK_RANKING_MAX);
	EXPECT(w, 2, 3, 1);
	assert_int_equal(w->tasks[0].uid, 1000);
	assert_int_equal(w->tasks[0].group_id, 9);
	assert_int_equal(w->tasks[0].start_ns, 50);
	assert_string_equal(w->tasks[0].comm, "task");
	assert_false(w->tasks[0].rss_is_exact);
}

static void the_fastest_come_first(void **state)
{
	struct world *w = *state;

	add(w, 1, 10 * MIB);
	add(w, 2, 30 * MIB);
	add(w, 3, 20 * MIB);
	grew(w, 1, 50 * MIB);
	grew(w, 3, 10 * MIB);
	rank(w, TASK_ORDER_GROWTH, TASK_RANKING_MAX);
	EXPECT(w, 1, 3, 2);
	assert_in_range(w->tasks[0].growth_bytes, 45 * MIB, 50 * MIB);
	assert_in_range(w->tasks[0].growing_since_usec, now_ns() / 1000 - USEC_PER_SEC,
			now_ns() / 1000 - 100 * USEC_PER_MSEC);
	assert_int_equal(w->tasks[2].growth_bytes, 0);
	assert_int_equal(w->tasks[2].growing_since_usec, 0);
	rank(w, TASK_ORDER_RSS, TASK_RANKING_MAX);
	EXPECT(w, 2, 3, 1);
}

static void a_slice_below_the_threshold_counts(void **state)
{
	struct world *w = *state;
	struct task_row *row;

	row = add(w, 1, 10 * MIB);
	row->grown_bytes = MIB;
	row->slice_ns = 2000000000;
	/* A quarter of a MiB within a blink is a MiB a second until more is known. */
	row = add(w, 2, 30 * MIB);
	row->grown_bytes = MIB / 4;
	row->slice_ns = 4000000;
	/* Long ago. */
	row = add(w, 3, 40 * MIB);
	row->grown_bytes = MIB;
	row->slice_ns = 60 * 1000000000ULL;
	rank(w, TASK_ORDER_GROWTH, TASK_RANKING_MAX);
	EXPECT(w, 2, 1, 3);
	assert_int_equal(w->tasks[0].growth_bytes, MIB);
	assert_int_equal(w->tasks[1].growth_bytes, MIB / 2);
	assert_int_equal(w->tasks[2].growth_bytes, 0);
}

/* Its slice has just begun anew and shows next to nothing. */
static void a_look_before_knows_better_than_a_slice(void **state)
{
	struct world *w = *state;
	struct task_row *row = add(w, 1, 10 * MIB);

	row->slice_ns = 900000000;
	row->grown_bytes = 9 * MIB;
	rank(w, TASK_ORDER_GROWTH, TASK_RANKING_MAX);
	assert_int_equal(w->tasks[0].growth_bytes, 10 * MIB);
	usleep(FRESH_USEC);
	row->slice_ns = 10000000;
	row->grown_bytes = 100 * KIB;
	row->rss_bytes += 10 * MIB * FRESH_USEC / USEC_PER_SEC;
	rank(w, TASK_ORDER_GROWTH, TASK_RANKING_MAX);
	assert_in_range(w->tasks[0].growth_bytes, 5 * MIB, 10 * MIB);
}

static void shared_memory_counts_once(void **state)
{
	struct world *w = *state;

	add(w, 1, 10 * MIB)->mm = 77;
	add(w, 2, 50 * MIB);
	add(w, 3, 9 * MIB)->mm = 77; /* read a moment before somebody grew it */
	add(w, 4, 10 * MIB)->mm = 77;
	w->probes.rows[2].start_ns = 49; /* the oldest of them, by its clock */
	rank(w, TASK_ORDER_RSS, TASK_RANKING_MAX);
	EXPECT(w, 2, 3);
}

/* The one that grows speaks for those who share with it, in the order of growth. */
static void shared_memory_is_named_after_the_grower(void **state)
{
	struct world *w = *state;

	add(w, 1, 10 * MIB)->mm = 77;
	add(w, 2, 50 * MIB);
	add(w, 3, 10 * MIB)->mm = 77;
	grew(w, 3, 10 * MIB);
	rank(w, TASK_ORDER_GROWTH, TASK_RANKING_MAX);
	EXPECT(w, 3, 2);
}

static void only_the_first_hundred_are_kept(void **state)
{
	struct world *w = *state;

	/* Up and down: each place of the ranking is taken and lost again. */
	for (uint32_t i = 0; i < MAX_ROWS; i++)
		add(w, 1000 + i, MIB * (i % 2 ? i : MAX_ROWS - i));
	rank(w, TASK_ORDER_RSS, TASK_RANKING_MAX);
	assert_int_equal(w->n, TASK_RANKING_MAX);
	for (int i = 1; i < w->n; i++)
		assert_true(w->tasks[i].rss_bytes <= w->tasks[i - 1].rss_bytes);
	assert_int_equal(w->tasks[0].rss_bytes, MAX_ROWS * MIB);
	assert_int_equal(w->tasks[w->n - 1].rss_bytes, 301 * MIB);
}

static void the_first_few_become_exact(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < 20; i++) {
		add(w, 100 + i, (100 - i) * MIB);
		w->probes.exact_bytes[i] = (100 - i) * MIB + 4096;
	}
	/* The counter was wrong about the order of the first two. */
	w->probes.exact_bytes[1] = 101 * MIB;
	w->probes.exact_bytes[2] = 0;
	rank(w, TASK_ORDER_RSS, TASK_RANKING_MAX);
	assert_int_equal(w->probes.n_asked, TASK_EXACT_MAX);
	assert_int_equal(w->tasks[0].pid, 101);
	assert_int_equal(w->tasks[0].rss_bytes, 101 * MIB);
	assert_int_equal(w->tasks[1].pid, 100);
	assert_true(w->tasks[1].rss_is_exact);
	assert_int_equal(w->tasks[2].pid, 102);
	assert_false(w->tasks[2].rss_is_exact);
	assert_int_equal(w->tasks[2].rss_bytes, 98 * MIB);
	assert_true(w->tasks[TASK_EXACT_MAX - 1].rss_is_exact);
	assert_false(w->tasks[TASK_EXACT_MAX].rss_is_exact);
}

static void who_asks_in_a_row_gets_the_same_look(void **state)
{
	struct world *w = *state;

	add(w, 1, 10 * MIB);
	w->probes.exact_bytes[0] = 10 * MIB;
	rank(w, TASK_ORDER_RSS, 1);
	assert_int_equal(w->probes.n_walks, 2); /* all, and the exact ones */
	rank(w, TASK_ORDER_RSS, 1);
	assert_int_equal(w->probes.n_walks, 2);
	rank(w, TASK_ORDER_GROWTH, 1);
	assert_int_equal(w->probes.n_walks, 3); /* the exact ones of the other order */
	add(w, 2, 20 * MIB);
	rank(w, TASK_ORDER_RSS, 1);
	EXPECT(w, 1);
	usleep(FRESH_USEC);
	rank(w, TASK_ORDER_RSS, 1);
	EXPECT(w, 2);
}

static void a_kernel_that_is_never_exact_is_asked_once(void **state)
{
	struct world *w = *state;

	add(w, 1, 10 * MIB);
	rank(w, TASK_ORDER_RSS, 1);
	assert_int_equal(w->probes.n_walks, 2);
	rank(w, TASK_ORDER_GROWTH, 1);
	assert_int_equal(w->probes.n_walks, 2);
	assert_false(w->tasks[0].rss_is_exact);
}

static void without_a_clock_two_looks_tell_growth(void **state)
{
	struct world *w = *state;
	uint64_t looked_usec = now_ns() / 1000;

	w->probes.has_clock = false;
	add(w, 1, 10 * MIB);
	add(w, 2, 20 * MIB);
	add(w, 3, 30 * MIB);
	rank(w, TASK_ORDER_GROWTH, TASK_RANKING_MAX);
	EXPECT(w, 3, 2, 1);
	assert_int_equal(w->tasks[0].growth_bytes, 0);
	usleep(FRESH_USEC);
	w->probes.rows[0].rss_bytes += 5 * MIB;
	w->probes.rows[1].rss_bytes += 5 * MIB;
	w->probes.rows[1].start_ns++; /* another one with the number of the old one */
	rank(w, TASK_ORDER_GROWTH, TASK_RANKING_MAX);
	EXPECT(w, 1, 3, 2);
	assert_in_range(w->tasks[0].growth_bytes, MIB, 21 * MIB);
	assert_in_range(w->tasks[0].growing_since_usec, looked_usec, now_ns() / 1000 - FRESH_USEC);
	assert_int_equal(w->tasks[2].growth_bytes, 0);
}

static void put_process(struct world *w, unsigned int pid, uint64_t n_pages)
{
	const struct {
		const char *name, *text;
	} files[] = {
		{ "stat", "7 (sleeper) S 1 7 7 0 -1 4194560 150 2 3 4 5 6 7 8 20 0 1 0 1234 0\n" },
		{ "status", "Name:\tsleeper\nUid:\t33\t0\t0\t0\nVmSwap:\t      12 kB\n" },
		{ "cgroup", "0::/\n" },
	};
	char path[256], text[64];

	snprintf(path, sizeof(path), "%s/proc/%u", w->fake.root, pid);
	mkdir(path, 0755);
	for (size_t i = 0; i < N(files); i++) {
		snprintf(path, sizeof(path), "%u/%s", pid, files[i].name);
		fake_write_proc(&w->fake, path, files[i].text);
	}
	snprintf(path, sizeof(path), "%u/statm", pid);
	snprintf(text, sizeof(text), "9999 %" PRIu64 " 1 1 0 1 0\n", n_pages);
	fake_write_proc(&w->fake, path, text);
}

static void without_an_iterator_proc_is_walked(void **state)
{
	struct world *w = *state;
	char path[256];

	w->probes.has_iterator = w->probes.has_clock = false;
	put_process(w, 7, 300);
	put_process(w, 8, 100);
	put_process(w, 9, 200);
	snprintf(path, sizeof(path), "%s/proc/9/stat", w->fake.root);
	assert_int_equal(unlink(path), 0); /* it ended while we looked */
	rank(w, TASK_ORDER_RSS, TASK_RANKING_MAX);
	EXPECT(w, 7, 8);
	assert_string_equal(w->tasks[0].comm, "sleeper");
	assert_int_equal(w->tasks[0].uid, 33);
	assert_int_equal(w->tasks[0].rss_bytes, 300 * PAGE);
	assert_int_equal(w->tasks[0].swap_bytes, 12 * KIB);
	assert_false(w->tasks[0].rss_is_exact);
	assert_int_not_equal(w->tasks[0].group_id, 0);
	usleep(FRESH_USEC);
	put_process(w, 8, 150);
	/* A look that took long, on a busy machine, is good for longer. */
	for (int i = 0; i < 20; i++) {
		rank(w, TASK_ORDER_GROWTH, TASK_RANKING_MAX);
		if (w->tasks[0].pid == 8)
			break;
		usleep(FRESH_USEC);
	}
	EXPECT(w, 8, 7);
	assert_in_range(w->tasks[0].growth_bytes, 1, 50 * PAGE * 5);
}

static void without_any_probes_proc_is_walked(void **state)
{
	struct world *w = *state;
	struct task_watch *watch;

	put_process(w, 7, 300);
	assert_int_equal(task_watch_new(&watch, NULL, &w->tree), 0);
	w->n = task_watch_rank(watch, TASK_ORDER_RSS, w->tasks, TASK_RANKING_MAX);
	EXPECT(w, 7);
	task_watch_free(watch);
}

static void a_failure_is_said_and_forgotten(void **state)
{
	struct world *w = *state;
	struct cgroup_tree tree = w->tree;
	struct task_watch *watch;
	char nowhere[] = "/nowhere";

	tree.proc = nowhere;
	assert_int_equal(task_watch_new(&watch, NULL, &tree), 0);
	assert_int_equal(task_watch_rank(watch, TASK_ORDER_RSS, w->tasks, 1), -ENOENT);
	tree.proc = w->tree.proc;
	put_process(w, 7, 300);
	assert_int_equal(task_watch_rank(watch, TASK_ORDER_RSS, w->tasks, 1), 1);
	task_watch_free(watch);
}

static void orders_have_names(void **state)
{
	enum task_order order = N_TASK_ORDERS;

	assert_int_equal(task_order_from_name("rss", &order), 0);
	assert_int_equal(order, TASK_ORDER_RSS);
	assert_int_equal(task_order_from_name("growth", &order), 0);
	assert_int_equal(order, TASK_ORDER_GROWTH);
	assert_int_equal(task_order_from_name("size", &order), -EINVAL);
	assert_int_equal(task_order_from_name("", &order), -EINVAL);
	assert_int_equal(order, TASK_ORDER_GROWTH);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_is_there),
		TEST(the_largest_come_first),
		TEST(the_fastest_come_first),
		TEST(a_slice_below_the_threshold_counts),
		TEST(a_look_before_knows_better_than_a_slice),
		TEST(shared_memory_counts_once),
		TEST(shared_memory_is_named_after_the_grower),
		TEST(only_the_first_hundred_are_kept),
		TEST(the_first_few_become_exact),
		TEST(who_asks_in_a_row_gets_the_same_look),
		TEST(a_kernel_that_is_never_exact_is_asked_once),
		TEST(without_a_clock_two_looks_tell_growth),
		TEST(without_an_iterator_proc_is_walked),
		TEST(without_any_probes_proc_is_walked),
		TEST(a_failure_is_said_and_forgotten),
		TEST(orders_have_names),
	};

	return cmocka_run_group_tests_name("task_watch", tests, NULL, NULL);
}
