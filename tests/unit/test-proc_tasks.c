/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>

#include "controller/tasks/proc_tasks.h"
#include "fake_tree.h"
#include "fixture.h"
#include "policies/observation.h"

#define PAGE ((uint64_t)sysconf(_SC_PAGESIZE))

struct world {
	struct fake_tree fake;
	struct cgroup_tree tree;
	struct task_row rows[16];
	size_t n;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->fake = fake_tree_new();
	w->tree = fake_tree_open(&w->fake);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	cgroup_tree_done(&w->tree);
	fake_tree_done(&w->fake);
	free(w);
	return 0;
}

static void put(struct world *w, const char *pid, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/proc/%s", w->fake.root, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s", pid, file);
	fake_write_proc(&w->fake, path, text);
}

static int on_row(void *data, const struct task_row *row)
{
	struct world *w = data;

	assert_in_range(w->n, 0, N(w->rows) - 1);
	w->rows[w->n++] = *row;
	return 0;
}

static int refuse(void *data, const struct task_row *row)
{
	return -ECANCELED;
}

static void tasks_with_memory_are_listed(void **state)
{
	struct world *w = *state;

	put(w, "7", "statm", "2000 100 50 1 0 300 0\n");
	put(w, "2", "statm", "0 0 0 0 0 0 0\n");
	put(w, "self", "statm", "2000 100 50 1 0 300 0\n");
	put(w, "99x", "statm", "2000 100 50 1 0 300 0\n");
	put(w, "8", "statm", "garbage\n");
	put(w, "9", "cgroup", "0::/\n");
	put(w, "99999999999", "statm", "2000 100 50 1 0 300 0\n");
	assert_int_equal(proc_tasks_walk(&w->tree, on_row, w), 0);
	assert_int_equal(w->n, 1);
	assert_int_equal(w->rows[0].pid, 7);
	assert_int_equal(w->rows[0].rss_bytes, 100 * PAGE);
}

static void the_reader_may_stop(void **state)
{
	struct world *w = *state;

	put(w, "7", "statm", "2000 100 50 1 0 300 0\n");
	assert_int_equal(proc_tasks_walk(&w->tree, refuse, w), -ECANCELED);
}

static void a_missing_proc_is_said(void **state)
{
	struct world *w = *state;
	struct cgroup_tree tree = w->tree;
	char nowhere[] = "/nowhere";

	tree.proc = nowhere;
	assert_int_equal(proc_tasks_walk(&tree, on_row, w), -ENOENT);
}

#define STAT_REST                                                              \
	" S 1 7 7 0 -1 4194560 150 2 3 4 5 6 7 8 20 0 1 0 123400 1048576 100 " \
	"18446744073709551615 "                                                \
	"1 1 0\n"

static void a_task_is_described(void **state)
{
	struct world *w = *state;
	struct task_row row = { .pid = 7, .rss_bytes = 5 };
	struct stat st;

	fake_mkdir(&w->fake, "/a.slice");
	assert_int_equal(stat(fake_path(&w->fake, "/a.slice"), &st), 0);
	put(w, "7", "stat", "7 (a) b (c)" STAT_REST);
	put(w, "7", "status",
	    "Name:\ta) b (c\nUmask:\t0022\nState:\tS (sleeping)\nUid:\t1000\t0\t0\t0\n"
	    "Gid:\t0\t0\t0\t0\nVmRSS:\t     400 kB\nVmSwap:\t      12 kB\nThreads:\t1\n");
	put(w, "7", "cgroup", "4:memory:/x\n0::/a.slice\n");
	assert_int_equal(proc_tasks_describe(&w->tree, &row), 0);
	assert_string_equal(row.comm, "a) b (c");
	assert_int_equal(row.uid, 1000);
	assert_int_equal(row.swap_bytes, 12 * KIB);
	assert_int_equal(row.start_ns, 123400ULL * 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
	assert_int_equal(row.group_id, st.st_ino);
	assert_int_equal(row.rss_bytes, 5);
}

static void what_proc_does_not_tell_is_zero(void **state)
{
	struct world *w = *state;
	struct task_row row = { .pid = 7 };

	put(w, "7", "stat", "7 (a)" STAT_REST);
	put(w, "7", "status", "Name:\ta\nUid:\t1000\t0\t0\t0\n");
	assert_int_equal(proc_tasks_describe(&w->tree, &row), 0);
	assert_int_equal(row.swap_bytes, 0);
	assert_int_equal(row.group_id, 0);
}

static void garbage_is_refused(void **state)
{
	static const char *const stats[] = {
		"",
		"7",
		"7 (a",
		"7 a)",
		"7 )a(",
		"7 (a)",
		"7 (a) S 1\n",
		"7 (a) S 1 7 7 0 -1 4194560 150 2 3 4 5 6 7 8 20 0 1 0 x\n"
	};
	struct world *w = *state;

	put(w, "7", "status", "Name:\ta\nUid:\t1000\t0\t0\t0\n");
	for (size_t i = 0; i < N(stats); i++) {
		struct task_row row = { .pid = 7 };

		put(w, "7", "stat", stats[i]);
		assert_int_equal(proc_tasks_describe(&w->tree, &row), -ESRCH);
	}
	put(w, "7", "stat", "7 (a)" STAT_REST);
	put(w, "7", "status", "Name:\ta\nUid: none\n");
	assert_int_equal(proc_tasks_describe(&w->tree, &(struct task_row){ .pid = 7 }), -ESRCH);
	assert_int_equal(proc_tasks_describe(&w->tree, &(struct task_row){ .pid = 8 }), -ESRCH);
}

static void the_real_proc_knows_us(void **state)
{
	struct world *w = *state;
	struct task_row row = { .pid = (uint32_t)getpid() };
	struct cgroup_tree tree;

	assert_int_equal(cgroup_tree_init(&tree, NULL, fake_path(&w->fake, "")), 0);
	assert_int_equal(proc_tasks_describe(&tree, &row), 0);
	assert_string_equal(row.comm, "test-proc_tasks");
	assert_int_equal(row.uid, getuid());
	assert_true(row.start_ns > 0);
	cgroup_tree_done(&tree);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tasks_with_memory_are_listed),    TEST(the_reader_may_stop),
		TEST(a_missing_proc_is_said),	       TEST(a_task_is_described),
		TEST(what_proc_does_not_tell_is_zero), TEST(garbage_is_refused),
		TEST(the_real_proc_knows_us),
	};

	return cmocka_run_group_tests_name("proc_tasks", tests, NULL, NULL);
}
