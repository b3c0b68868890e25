/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.reclaim is played by a file, by a FIFO whose writer blocks while it is full, or by
 * /dev/full; the thread, the signals and the clock are real.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/act/reclaimer.h"
#include "controller/base/cleanup.h"
#include "controller/base/file.h"
#include "tests/support/registry_world.h"

static struct world world;
static struct outcomes outcomes;
static struct reclaimer *reclaimer;

static void on_wake(void *data)
{
}

static int start(void **state)
{
	struct group *group;

	world_init(&world, 8, 0, 0);
	outcomes_init(&outcomes, &(struct wake){ on_wake, NULL });
	if (group_set_ensure(world.groups, "/system.slice/a.service", &group) < 0 ||
	    group_set_ensure(world.groups, "/system.slice/b.service", &group) < 0)
		return -1;
	return reclaimer_new(&reclaimer, world.event, world.groups, &outcomes);
}

static int stop(void **state)
{
	reclaimer = reclaimer_free(reclaimer);
	world_done(&world);
	return 0;
}

static void file_of(const char *unit, const char *file, char *path, size_t size)
{
	snprintf(path, size, "%s/cgroup/system.slice/%s/%s", world.dir, unit, file);
}

static struct action reclaim(const char *unit, uint64_t id, uint64_t timeout_usec)
{
	char cgroup[64];
	struct group *group;

	snprintf(cgroup, sizeof(cgroup), "/system.slice/%s", unit);
	group = world_group(&world, cgroup);
	return (struct action){ .id = id,
				.rung = RUNG_RECLAIM,
				.group_slot = group->slot,
				.group_id = group->id,
				.module_slot = SLOT_NONE,
				.bytes = 20 * MIB,
				.deadline_usec = u64_add(world_now_usec(), timeout_usec) };
}

static void send(const struct action *action)
{
	reclaimer_send(reclaimer, action, world_now_usec());
}

static struct outcome next_outcome(void)
{
	struct outcome buf[1];
	struct observation observation = { .outcomes = buf, .max_outcomes = 1 };

	for (int i = 0; i < 50 && outcomes.n == 0; i++)
		sd_event_run(world.event, 100 * USEC_PER_MSEC);
	outcomes_collect(&outcomes, &observation);
	assert_int_equal(observation.n_outcomes, 1);
	return buf[0];
}

/* Puts a full FIFO in the place of memory.reclaim: the next write blocks until some is read. */
static int make_blocking(const char *unit)
{
	char path[128];
	int fd;

	file_of(unit, "memory.reclaim", path, sizeof(path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	while (write(fd, "x", 1) == 1)
		;
	return fd;
}

/* Returns: whether a thread of this process stands in write(2), as the kernel says. */
static bool worker_is_writing(void)
{
	_cleanup_dir_ DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;

	assert_non_null(tasks);
	while ((task = readdir(tasks))) {
		char path[280], text[128];
		long number;

		snprintf(path, sizeof(path), "%s/syscall", task->d_name);
		if (file_read_at(dirfd(tasks), path, text, sizeof(text)) > 0 &&
		    sscanf(text, "%ld", &number) == 1 && number == SYS_write)
			return true;
	}
	return false;
}

/* Five seconds at most, for a machine that does other work. */
static void wait_until_blocked(void)
{
	for (int i = 0; i < 500 && !worker_is_writing(); i++)
		world_run(&world, 10 * USEC_PER_MSEC);
	assert_true(worker_is_writing());
	assert_int_equal(outcomes.n, 0);
}

static void the_bytes_are_written_as_the_kernel_reads_them(void **state)
{
	struct action action = reclaim("a.service", 1, USEC_PER_SEC);
	struct outcome outcome;
	char path[128], text[32];

	send(&action);
	outcome = next_outcome();
	assert_int_equal(outcome.action_id, 1);
	assert_int_equal(outcome.result, RESULT_DONE);
	assert_true(outcome.finished_usec > 0);
	file_of("a.service", "memory.reclaim", path, sizeof(path));
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof(text)) > 0);
	assert_string_equal(text, "20971520");
}

static void claimed_is_by_how_much_current_fell(void **state)
{
	_cleanup_fd_ int fifo = make_blocking("a.service");
	struct action action = reclaim("a.service", 2, 5 * USEC_PER_SEC);
	struct outcome outcome;
	char drain[4096];

	send(&action);
	wait_until_blocked(); /* it has read memory.current then */
	world_write(&world, "cgroup/system.slice/a.service/memory.current", "94371840\n");
	assert_true(read(fifo, drain, sizeof(drain)) > 0);
	outcome = next_outcome();
	assert_int_equal(outcome.result, RESULT_DONE);
	assert_int_equal(outcome.claimed_bytes, 10 * MIB);
}

static void a_write_that_blocks_ends_at_its_deadline(void **state)
{
	_cleanup_fd_ _unused_ int fifo = make_blocking("a.service");
	struct action blocked = reclaim("a.service", 3, 100 * USEC_PER_MSEC);
	struct action after = reclaim("b.service", 4, 5 * USEC_PER_SEC);
	uint64_t start_usec = world_now_usec(), took_usec;
	struct outcome outcome;

	send(&blocked);
	send(&after); /* waits behind it, and is served then */
	outcome = next_outcome();
	took_usec = world_now_usec() - start_usec;
	assert_int_equal(outcome.action_id, 3);
	assert_int_equal(outcome.result, RESULT_LATE);
	assert_in_range(took_usec, 95 * USEC_PER_MSEC, 600 * USEC_PER_MSEC);
	outcome = next_outcome();
	assert_int_equal(outcome.action_id, 4);
	assert_int_equal(outcome.result, RESULT_DONE);
}

static void one_that_waited_too_long_is_not_begun(void **state)
{
	_cleanup_fd_ _unused_ int fifo = make_blocking("a.service");
	struct action blocked = reclaim("a.service", 5, 200 * USEC_PER_MSEC);
	struct action waited = reclaim("b.service", 6, 50 * USEC_PER_MSEC);
	char path[128], text[32];

	send(&blocked);
	send(&waited);
	assert_int_equal(next_outcome().action_id, 5);
	assert_int_equal(next_outcome().result, RESULT_LATE);
	file_of("b.service", "memory.reclaim", path, sizeof(path));
	assert_int_equal(file_read_at(AT_FDCWD, path, text, sizeof(text)), 0);
}

static void a_blocked_write_does_not_hold_up_the_end(void **state)
{
	_cleanup_fd_ _unused_ int fifo = make_blocking("a.service");
	struct action action = reclaim("a.service", 7, USEC_NEVER);
	struct sigaction handler;
	uint64_t start_usec;

	send(&action);
	send(&action); /* queued behind it: its descriptors are closed, too */
	wait_until_blocked();
	start_usec = world_now_usec();
	reclaimer = reclaimer_free(reclaimer);
	assert_true(world_now_usec() - start_usec < 500 * USEC_PER_MSEC);
	assert_int_equal(sigaction(SIGUSR2, NULL, &handler), 0);
	assert_ptr_equal(handler.sa_handler, SIG_DFL); /* given back */
}

static void what_cannot_be_opened_ends_at_once(void **state)
{
	struct action action = reclaim("a.service", 8, USEC_PER_SEC);
	struct outcome outcome;
	char path[128];

	file_of("a.service", "memory.reclaim", path, sizeof(path));
	assert_int_equal(unlink(path), 0);
	send(&action);
	outcome = next_outcome();
	assert_int_equal(outcome.result, RESULT_FAILED);
	assert_int_equal(outcome.error, -ENOENT);

	action.group_id++; /* the slot has another tenant */
	send(&action);
	assert_int_equal(next_outcome().result, RESULT_GONE);
	action.group_slot = SLOT_NONE;
	send(&action);
	assert_int_equal(next_outcome().result, RESULT_GONE);

	assert_int_equal(symlink("/dev/full", path), 0);
	action = reclaim("a.service", 9, USEC_PER_SEC);
	send(&action);
	outcome = next_outcome();
	assert_int_equal(outcome.result, RESULT_FAILED);
	assert_int_equal(outcome.error, -ENOSPC);
}

static void the_host_has_no_current_and_the_kernel_is_believed(void **state)
{
	struct group *host = group_set_get(world.groups, GROUP_SLOT_HOST);
	struct action action = { .id = 10,
				 .group_slot = host->slot,
				 .group_id = host->id,
				 .bytes = 4096,
				 .deadline_usec = USEC_NEVER };

	world_write(&world, "cgroup/memory.reclaim", "");
	send(&action);
	assert_int_equal(next_outcome().claimed_bytes, 4096);
}

static void a_full_queue_says_busy(void **state)
{
	_cleanup_fd_ _unused_ int fifo = make_blocking("a.service");
	struct action action = reclaim("a.service", 11, USEC_NEVER);

	for (int i = 0; i < RECLAIMER_QUEUE_MAX; i++)
		send(&action);
	assert_int_equal(outcomes.n, 0);
	action.id = 12;
	send(&action);
	assert_int_equal(outcomes.n, 1);
	assert_int_equal(next_outcome().result, RESULT_BUSY);
}

static void every_end_of_a_write_has_its_result(void **state)
{
	static const struct {
		int error;
		uint64_t claimed_bytes;
		enum result result;
		int reported;
	} ends[] = {
		{ 0, 4096, RESULT_DONE, 0 },
		{ 0, 0, RESULT_DONE, 0 },
		{ -EAGAIN, 4096, RESULT_PARTIAL, 0 },
		{ -EAGAIN, 0, RESULT_NOTHING, 0 },
		{ -EINTR, 4096, RESULT_PARTIAL, 0 },
		{ -EINTR, 0, RESULT_LATE, 0 },
		{ -ENODEV, 0, RESULT_GONE, 0 },
		{ -EACCES, 0, RESULT_FAILED, -EACCES },
		{ -EINVAL, 0, RESULT_FAILED, -EINVAL },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct outcome outcome = { .action_id = 1 };

		reclaimer_judge(ends[i].error, ends[i].claimed_bytes, &outcome);
		assert_int_equal(outcome.result, ends[i].result);
		assert_int_equal(outcome.error, ends[i].reported);
		assert_int_equal(outcome.claimed_bytes, ends[i].claimed_bytes);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(the_bytes_are_written_as_the_kernel_reads_them),
		TEST(claimed_is_by_how_much_current_fell),
		TEST(a_write_that_blocks_ends_at_its_deadline),
		TEST(one_that_waited_too_long_is_not_begun),
		TEST(a_blocked_write_does_not_hold_up_the_end),
		TEST(what_cannot_be_opened_ends_at_once),
		TEST(the_host_has_no_current_and_the_kernel_is_believed),
		TEST(a_full_queue_says_busy),
		cmocka_unit_test(every_end_of_a_write_has_its_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
