/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The task watch on this very kernel: a task that grows at a known pace, one that is large, and
 * two processes with one memory. First with the best clock, then from /proc alone.
 */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "controller/base/file.h"
#include "controller/tasks/task_watch.h"
#include "native.h"

#define LARGE_BYTES  (700 * MIB)
#define GROWER_BYTES (300 * MIB)
#define PACE_BYTES   (40 * MIB) /* per second */
#define STEP_BYTES   (1 * MIB)
#define TOTAL_BYTES  (1 * GIB) /* a host like that has tasks told at 4 MiB */

static struct cgroup_tree tree;
static struct task_standing tasks[TASK_RANKING_MAX];
static int n;

static void sleep_usec(uint64_t usec)
{
	struct timespec ts = { (time_t)(usec / USEC_PER_SEC), (long)(usec % USEC_PER_SEC) * 1000 };

	nanosleep(&ts, NULL);
}

/* A check that fails leaves us at once: nobody may outlive that. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static void touch(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	/* A huge page would be one fault instead of 512. */
	madvise(p, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < bytes; i += 4096)
		p[i] = 1;
}

/* Not on time but on pace: who was stopped does not catch up. */
static _Noreturn void grow(void)
{
	for (size_t bytes = 0; bytes < GROWER_BYTES; bytes += STEP_BYTES) {
		uint64_t began_usec = native_now_usec(), took_usec;

		touch(STEP_BYTES);
		took_usec = native_now_usec() - began_usec;
		sleep_usec(u64_sub(STEP_BYTES * USEC_PER_SEC / PACE_BYTES, took_usec));
	}
	for (;;)
		pause();
}

static _Noreturn void be_large(int ready)
{
	touch(LARGE_BYTES);
	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static int wait_forever(void *data)
{
	die_with(*(pid_t *)data);
	while (pause() < 0)
		;
	return 0;
}

static pid_t start_grower(void)
{
	pid_t self = getpid(), pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		die_with(self);
		grow();
	}
	return pid;
}

/* Returns when it is as large as it gets. */
static pid_t start_large(void)
{
	pid_t self = getpid(), pid;
	char ready;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		die_with(self);
		be_large(ends[1]);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &ready, 1), 1);
	close(ends[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, __WALL), pid);
}

static void on_told(void *data, const struct kernel_event *event)
{
	if (event->kind == KERNEL_EVENT_TASK_GREW)
		task_watch_see(data, event);
}

static void rank(struct task_watch *watch, enum task_order order)
{
	n = task_watch_rank(watch, order, tasks, TASK_RANKING_MAX);
	assert_true(n > 0);
}

static const struct task_standing *standing_of(pid_t pid)
{
	for (int i = 0; i < n; i++)
		if (tasks[i].pid == (uint32_t)pid)
			return &tasks[i];
	return NULL;
}

static uint64_t smaps_rss_bytes(pid_t pid)
{
	char path[64], text[8192];
	const char *rss;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof(text)) > 0);
	rss = strstr(text, "\nRss:");
	assert_non_null(rss);
	return strtoull(rss + strlen("\nRss:"), NULL, 10) * KIB;
}

/* What holds with any clock. */
static void check_large(struct task_watch *watch, pid_t pid)
{
	const struct task_standing *task;
	uint64_t exact_bytes = smaps_rss_bytes(pid);

	rank(watch, TASK_ORDER_RSS);
	task = standing_of(pid);
	assert_non_null(task);
	assert_int_equal(task->uid, getuid());
	assert_string_equal(task->comm, "native-tasks");
	assert_int_not_equal(task->group_id, 0);
	/* 64 pages for each CPU and each of three counters */
	assert_in_range(task->rss_bytes, exact_bytes - 16 * MIB, exact_bytes + 16 * MIB);
	if (task->rss_is_exact)
		assert_int_equal(task->rss_bytes, exact_bytes);
	printf("large: %s, %s\n", task == &tasks[0] ? "the first" : "not the first on this host",
	       task->rss_is_exact ? "exact" : "not exact");
}

static void check_grower(struct task_watch *watch, pid_t pid, uint64_t began_usec)
{
	const struct task_standing *task;

	rank(watch, TASK_ORDER_GROWTH);
	task = standing_of(pid);
	assert_non_null(task);
	printf("grower: number %td by growth, %.1f MB/s at a pace of %llu\n", task - tasks + 1,
	       (double)task->growth_bytes / (double)MIB, PACE_BYTES / MIB);
	/* Before it are those of this host that grow faster, and they are few. */
	assert_in_range(task - tasks, 0, 15);
	for (const struct task_standing *faster = tasks; faster < task; faster++)
		assert_true(faster->growth_bytes >= task->growth_bytes);
	assert_in_range(task->growth_bytes, PACE_BYTES / 2, PACE_BYTES * 3 / 2);
	assert_in_range(task->growing_since_usec, began_usec - USEC_PER_SEC, native_now_usec());
}

static void grows_and_is_large(struct task_watch *watch)
{
	uint64_t began_usec;
	pid_t large, grower;

	large = start_large();
	began_usec = native_now_usec();
	grower = start_grower();
	sleep_usec(USEC_PER_SEC);
	rank(watch, TASK_ORDER_GROWTH); /* without a clock: the look to compare with */
	sleep_usec(USEC_PER_SEC);
	check_grower(watch, grower, began_usec);
	check_large(watch, large);
	end(grower);
	end(large);
}

static void one_memory_is_one_task(struct task_watch *watch)
{
	static char stack[65536];
	pid_t self = getpid(), pid;
	int n_found;

	pid = clone(wait_forever, stack + sizeof(stack), CLONE_VM | SIGCHLD, &self);
	assert_true(pid > 0);
	/* Large enough to have a place. */
	touch(200 * MIB);
	sleep_usec(USEC_PER_SEC / 2);
	rank(watch, TASK_ORDER_RSS);
	n_found = (standing_of(pid) != NULL) + (standing_of(getpid()) != NULL);
	end(pid);
	assert_int_equal(n_found, 1);
	assert_null(standing_of(pid)); /* the older one has the name */
}

static void from_the_kernel(void **state)
{
	_cleanup_(task_watch_free_cleanup) struct task_watch *watch = NULL;
	_cleanup_(probes_free_cleanup) struct probes *probes = NULL;
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;

	assert_int_equal(sd_event_new(&event), 0);
	assert_int_equal(probes_load(&probes, GROWTH_CLOCK_CHARGE, TOTAL_BYTES), 0);
	printf("clock: %s\n", growth_clock_name(probes_clock(probes)));
	if (probes_clock(probes) >= GROWTH_CLOCK_TASKS) {
		printf("SKIP: no growth clock on this kernel\n");
		skip();
	}
	assert_int_equal(task_watch_new(&watch, probes, &tree), 0);
	assert_true(probes_listen(probes, event, SD_EVENT_PRIORITY_NORMAL, on_told, watch) >= 0);
	grows_and_is_large(watch);
	one_memory_is_one_task(watch);
}

static void from_proc(void **state)
{
	_cleanup_(task_watch_free_cleanup) struct task_watch *watch = NULL;

	assert_int_equal(task_watch_new(&watch, NULL, &tree), 0);
	grows_and_is_large(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_kernel),
		cmocka_unit_test(from_proc),
	};
	int r = native_find_tree(&tree);

	if (r == SKIPPED)
		return r;
	r = cmocka_run_group_tests_name("native-tasks", tests, NULL, NULL);
	cgroup_tree_done(&tree);
	return r;
}
