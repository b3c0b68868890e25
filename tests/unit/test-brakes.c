/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a cgroup are plain files that keep what is written; group set, loop, timer and the
 * written record are real. That the kernel does as they say is shown in tests/vm.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/act/brakes.h"
#include "controller/act/held_file.h"
#include "controller/base/file.h"
#include "tests/support/registry_world.h"

#define B_SERVICE "cgroup/system.slice/b.service"

static struct world world;
static struct outcomes outcomes;
static struct brakes *brakes;
static char held_path[96], mount[96];

static void on_wake(void *data)
{
}

static void make_files(const char *directory)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup.freeze", directory);
	world_write(&world, path, "0\n");
	snprintf(path, sizeof(path), "%s/memory.high", directory);
	world_write(&world, path, "max\n");
}

static void start_brakes(void)
{
	assert_int_equal(brakes_new(&brakes, world.event, world.groups, &outcomes, held_path), 0);
}

static int start(void **state)
{
	struct group *group;

	world_init(&world, 8, 0, 0);
	outcomes_init(&outcomes, &(struct wake){ on_wake, NULL });
	snprintf(held_path, sizeof(held_path), "%s/held", world.dir);
	snprintf(mount, sizeof(mount), "%s/cgroup", world.dir);
	make_files("cgroup/system.slice/a.service");
	make_files(B_SERVICE);
	if (group_set_ensure(world.groups, "/system.slice/a.service", &group) < 0 ||
	    group_set_ensure(world.groups, "/system.slice/b.service", &group) < 0)
		return -1;
	start_brakes();
	return 0;
}

static int stop(void **state)
{
	brakes = brakes_free(brakes);
	world_done(&world);
	return 0;
}

static struct brake_change change_for(const char *cgroup, uint64_t id, enum brake brake)
{
	const struct group *group = world_group(&world, cgroup);

	return (struct brake_change){ .id = id,
				      .group_slot = group->slot,
				      .group_id = group->id,
				      .brake = brake,
				      .until_usec = world_now_usec() + USEC_PER_MIN };
}

static void apply(const char *cgroup, uint64_t id, enum brake brake)
{
	struct brake_change change = change_for(cgroup, id, brake);

	brakes_apply(brakes, &change);
}

static void assert_text(const char *path, const char *wanted)
{
	char full[160], text[64];

	snprintf(full, sizeof(full), "%s/%s", world.dir, path);
	assert_true(file_read_at(AT_FDCWD, full, text, sizeof(text)) >= 0);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, wanted);
}

/* A file keeps what is longer than what is written over it; a cgroup's does not. */
static void assert_frozen(bool frozen)
{
	assert_text(B_SERVICE "/cgroup.freeze", frozen ? "1" : "0");
}

static void assert_result(uint64_t id, enum result result, int error)
{
	struct outcome seen[1];
	struct observation observation = { .outcomes = seen, .max_outcomes = 1 };

	outcomes_collect(&outcomes, &observation);
	assert_int_equal(observation.n_outcomes, 1);
	assert_int_equal(seen[0].action_id, id);
	assert_int_equal(seen[0].result, result);
	assert_int_equal(seen[0].error, error);
}

static size_t n_written(void)
{
	int fd = open(held_path, O_RDONLY | O_CLOEXEC);
	struct held_record record;
	size_t n = 0;

	assert_true(fd >= 0);
	for (size_t i = 0; i < BRAKES_MAX; i++)
		n += (size_t)held_file_read(fd, i, &record);
	close(fd);
	return n;
}

static void one_is_frozen_and_thawed(void **state)
{
	apply("/system.slice/b.service", 7, BRAKE_FREEZE);
	assert_frozen(true);
	assert_int_equal(n_written(), 1);
	apply("/system.slice/b.service", 7, BRAKE_OFF);
	assert_frozen(false);
	assert_int_equal(n_written(), 0);
	assert_int_equal(outcomes.n, 0);
	apply("/system.slice/b.service", 7, BRAKE_OFF); /* once more does no harm */
	assert_frozen(false);
}

static void one_is_throttled_at_what_it_has_now(void **state)
{
	apply("/system.slice/b.service", 7, BRAKE_THROTTLE);
	assert_frozen(false);
	assert_text(B_SERVICE "/memory.high", "105906176"); /* 100 MiB and one */
	assert_int_equal(n_written(), 1);
	apply("/system.slice/b.service", 7, BRAKE_OFF);
	assert_text(B_SERVICE "/memory.high", "max906176");
	assert_int_equal(n_written(), 0);
	assert_int_equal(outcomes.n, 0);
}

static void the_old_high_comes_back(void **state)
{
	world_write(&world, B_SERVICE "/memory.high", "204800000\n");
	apply("/system.slice/b.service", 7, BRAKE_THROTTLE);
	assert_text(B_SERVICE "/memory.high", "105906176");
	apply("/system.slice/b.service", 7, BRAKE_OFF);
	assert_text(B_SERVICE "/memory.high", "204800000");
}

static void what_somebody_else_has_set_meanwhile_stays(void **state)
{
	apply("/system.slice/b.service", 7, BRAKE_THROTTLE);
	world_write(&world, B_SERVICE "/memory.high", "50000000\n");
	apply("/system.slice/b.service", 7, BRAKE_OFF);
	assert_text(B_SERVICE "/memory.high", "50000000");
}

/* It is held by somebody else already: not ours to undo. */
static void one_that_is_held_otherwise_is_left_alone(void **state)
{
	world_write(&world, B_SERVICE "/cgroup.freeze", "1\n");
	apply("/system.slice/b.service", 1, BRAKE_FREEZE);
	assert_result(1, RESULT_FAILED, -EALREADY);
	apply("/system.slice/b.service", 2, BRAKE_THROTTLE);
	assert_result(2, RESULT_FAILED, -EALREADY);
	assert_frozen(true);
	assert_text(B_SERVICE "/memory.high", "max");

	world_write(&world, B_SERVICE "/cgroup.freeze", "0\n");
	world_write(&world, B_SERVICE "/memory.high", "104857600\n");
	apply("/system.slice/b.service", 3, BRAKE_THROTTLE);
	assert_result(3, RESULT_FAILED, -EALREADY);
	assert_frozen(false);
	assert_text(B_SERVICE "/memory.high", "104857600");
	assert_int_equal(n_written(), 0);

	world_write(&world, B_SERVICE "/memory.high", "max\n");
	apply("/system.slice/b.service", 4, BRAKE_FREEZE);
	apply("/system.slice/b.service", 5, BRAKE_THROTTLE); /* by ourselves */
	assert_result(5, RESULT_FAILED, -EALREADY);
	assert_frozen(true);
}

static void the_deadline_needs_nobody(void **state)
{
	struct brake_change change = change_for("/system.slice/b.service", 7, BRAKE_FREEZE);
	uint64_t start_usec = world_now_usec();

	change.until_usec = start_usec + 50 * USEC_PER_MSEC;
	brakes_apply(brakes, &change);
	world_run(&world, 20 * USEC_PER_MSEC);
	assert_frozen(true);
	world_run(&world, 100 * USEC_PER_MSEC);
	assert_frozen(false);
	assert_int_equal(n_written(), 0);
	apply("/system.slice/b.service", 7, BRAKE_OFF); /* the judgement's word comes after it */
	assert_frozen(false);
}

static void the_end_lets_go_of_all(void **state)
{
	apply("/system.slice/b.service", 7, BRAKE_THROTTLE);
	brakes = brakes_free(brakes);
	assert_text(B_SERVICE "/memory.high", "max906176");
	assert_int_equal(n_written(), 0);
}

static void a_dry_run_lets_go_and_says_so(void **state)
{
	apply("/system.slice/b.service", 7, BRAKE_FREEZE);
	brakes_let_go_all(brakes);
	assert_frozen(false);
	assert_result(7, RESULT_DRY_RUN, 0);
	brakes_let_go_all(brakes);
	assert_int_equal(outcomes.n, 0);
}

/* a.service is where this process is, as far as the world's /proc says. */
static void we_do_not_hold_ourselves_or_those_above(void **state)
{
	assert_true(world_group(&world, "/system.slice/a.service")->flags & GROUP_IS_UNBRAKED);
	apply("/system.slice/a.service", 1, BRAKE_FREEZE);
	assert_result(1, RESULT_FAILED, -EPERM);
	assert_text("cgroup/system.slice/a.service/cgroup.freeze", "0");
	apply("/system.slice", 2, BRAKE_FREEZE);
	assert_result(2, RESULT_FAILED, -EPERM);
	apply("/", 3, BRAKE_FREEZE);
	assert_result(3, RESULT_FAILED, -EPERM);
	/* Even when the flags are lost. */
	world_group(&world, "/system.slice/a.service")->flags = 0;
	apply("/system.slice/a.service", 4, BRAKE_FREEZE);
	assert_result(4, RESULT_FAILED, -EPERM);
	world_group(&world, "/system.slice")->flags = 0;
	apply("/system.slice", 5, BRAKE_THROTTLE);
	assert_result(5, RESULT_FAILED, -EPERM);
}

static void while_our_own_cgroup_is_not_known_none_is_held(void **state)
{
	struct cgroup_tree lost = world.tree;
	struct group_set_config config = {
		.event = world.event,
		.profile = &world.profile,
		.max_groups = 8,
		.wake = { on_wake },
	};
	struct group_set *groups;
	struct group *group;

	lost.proc = (char *)"/nonexistent";
	config.tree = &lost;
	assert_int_equal(group_set_new(&groups, &config), 0);
	assert_int_equal(group_set_ensure(groups, "/system.slice/b.service", &group), 0);
	brakes = brakes_free(brakes);
	assert_int_equal(brakes_new(&brakes, world.event, groups, &outcomes, NULL), 0);
	brakes_apply(brakes, &(struct brake_change){ .id = 1,
						     .group_slot = group->slot,
						     .group_id = group->id,
						     .brake = BRAKE_FREEZE });
	assert_result(1, RESULT_FAILED, -EPERM);
	assert_text(B_SERVICE "/cgroup.freeze", "0");
	brakes = brakes_free(brakes);
	group_set_free(groups);
}

static void one_with_groups_below_is_not_held(void **state)
{
	struct group *group;

	world_make_cgroup(&world, "/system.slice/b.service/worker");
	assert_int_equal(group_set_ensure(world.groups, "/system.slice/b.service/worker", &group),
			 0);
	apply("/system.slice/b.service", 1, BRAKE_FREEZE);
	assert_result(1, RESULT_FAILED, -EPERM);
	assert_frozen(false);
}

static void what_is_gone_is_not_held(void **state)
{
	struct brake_change change = change_for("/system.slice/b.service", 1, BRAKE_FREEZE);

	change.group_id++;
	brakes_apply(brakes, &change);
	assert_result(1, RESULT_GONE, 0);
	change.group_slot = SLOT_NONE;
	brakes_apply(brakes, &change);
	assert_result(1, RESULT_GONE, 0);
	assert_frozen(false);
}

/* Removed while it was held: nothing is left to undo, and the room is free again. */
static void one_that_goes_while_held_is_forgotten(void **state)
{
	apply("/system.slice/b.service", 7, BRAKE_THROTTLE);
	world_remove_cgroup(&world, "/system.slice/b.service");
	apply("/", 7, BRAKE_OFF);
	assert_int_equal(n_written(), 0);
	assert_int_equal(outcomes.n, 0);
}

static void without_the_memory_controller_it_cannot_be_throttled(void **state)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s/memory.high", world.dir, B_SERVICE);
	assert_int_equal(unlink(path), 0);
	apply("/system.slice/b.service", 1, BRAKE_THROTTLE);
	assert_result(1, RESULT_FAILED, -EOPNOTSUPP);
	assert_frozen(false);
	apply("/system.slice/b.service", 2, BRAKE_FREEZE);
	assert_frozen(true);
}

/* The kernel refuses the throttle in the middle: what was frozen for it is thawed. */
static void half_a_hold_is_undone(void **state)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s/memory.current", world.dir, B_SERVICE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0); /* can be opened and not be read */
	apply("/system.slice/b.service", 1, BRAKE_THROTTLE);
	assert_result(1, RESULT_FAILED, -EISDIR);
	assert_frozen(false);
	assert_text(B_SERVICE "/memory.high", "max");
	assert_int_equal(n_written(), 0);
}

static void what_cannot_be_written_down_is_not_held(void **state)
{
	brakes = brakes_free(brakes);
	strcpy(held_path, "/nonexistent/held");
	start_brakes();
	apply("/system.slice/b.service", 1, BRAKE_FREEZE);
	assert_result(1, RESULT_FAILED, -ENOENT);
	assert_frozen(false);
}

static void what_can_be_written_down_later_is_held_then(void **state)
{
	char later[sizeof(held_path)];

	brakes = brakes_free(brakes);
	snprintf(later, sizeof(later), "%s/later", world.dir);
	snprintf(held_path, sizeof(held_path), "%s/later/held", world.dir);
	start_brakes();
	assert_int_equal(brakes_open_file(brakes), -ENOENT);
	assert_int_equal(mkdir(later, 0700), 0);
	assert_int_equal(brakes_open_file(brakes), 0);
	apply("/system.slice/b.service", 1, BRAKE_FREEZE);
	assert_frozen(true);
	brakes = brakes_free(brakes);
	assert_int_equal(unlink(held_path), 0);
	assert_int_equal(rmdir(later), 0);
}

static void too_many_at_once_are_refused(void **state)
{
	char cgroup[64], path[96];
	struct group *group;

	for (int i = 0; i <= BRAKES_MAX; i++) {
		snprintf(cgroup, sizeof(cgroup), "/system.slice/n%d.service", i);
		world_make_cgroup(&world, cgroup);
		snprintf(path, sizeof(path), "cgroup%s", cgroup);
		make_files(path);
		assert_int_equal(group_set_ensure(world.groups, cgroup, &group), 0);
		apply(cgroup, 100 + (uint64_t)i, BRAKE_FREEZE);
	}
	assert_int_equal(n_written(), BRAKES_MAX);
	assert_result(100 + BRAKES_MAX, RESULT_BUSY, 0);
	apply("/system.slice/n0.service", 100, BRAKE_OFF);
	apply(cgroup, 200, BRAKE_FREEZE);
	assert_int_equal(outcomes.n, 0);
}

/* As after SIGKILL: the record is there, nobody undid it. */
static void leave_behind(const char *cgroup, bool frozen, uint64_t throttled_bytes)
{
	struct held_record record = { .group_id = world_group(&world, cgroup)->id,
				      .is_frozen = frozen,
				      .high_bytes = BYTES_UNLIMITED,
				      .throttled_bytes = throttled_bytes };
	int fd;

	brakes = brakes_free(brakes);
	strcpy(record.path, cgroup);
	fd = held_file_open(held_path, BRAKES_MAX);
	assert_true(fd >= 0);
	assert_int_equal(held_file_write(fd, 3, &record), 0);
	close(fd);
	if (frozen)
		world_write(&world, B_SERVICE "/cgroup.freeze", "1\n");
	if (throttled_bytes)
		world_write(&world, B_SERVICE "/memory.high", "7\n");
}

static void the_next_start_lets_go_of_what_was_left(void **state)
{
	leave_behind("/system.slice/b.service", true, 0);
	start_brakes();
	assert_frozen(false);
	assert_int_equal(n_written(), 0);

	leave_behind("/system.slice/b.service", false, 7);
	start_brakes();
	assert_text(B_SERVICE "/memory.high", "max");
	brakes = brakes_free(brakes);
}

/* As long as no descriptor is left for the cgroup, it is held, and that must stay written. */
static void what_cannot_be_let_go_yet_stays_written_down(void **state)
{
	struct rlimit limit, none;

	leave_behind("/system.slice/b.service", true, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)dup(0) + 2; /* the file of holds and the root of the tree */
	close((int)none.rlim_cur - 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(brakes_let_go_of_old(held_path, mount), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_frozen(true);
	assert_int_equal(n_written(), 1);
	start_brakes();
	assert_frozen(false);
}

static void one_can_let_go_without_starting(void **state)
{
	leave_behind("/system.slice/b.service", true, 7);
	assert_int_equal(brakes_let_go_of_old(held_path, mount), 1);
	assert_frozen(false);
	assert_text(B_SERVICE "/memory.high", "max");
	assert_int_equal(brakes_let_go_of_old(held_path, mount), 0);
	assert_int_equal(unlink(held_path), 0);
	assert_int_equal(brakes_let_go_of_old(held_path, mount), 0);
	assert_int_equal(symlink("/dev/null", held_path), 0);
	assert_int_equal(brakes_let_go_of_old(held_path, mount), -ELOOP);
	assert_int_equal(unlink(held_path), 0);
}

static void another_cgroup_at_that_path_is_left_alone(void **state)
{
	leave_behind("/system.slice/b.service", true, 0);
	world_make_cgroup(&world, "/system.slice/next"); /* so that the inode is not used again */
	world_remove_cgroup(&world, "/system.slice/b.service");
	world_make_cgroup(&world, "/system.slice/later");
	world_make_cgroup(&world, "/system.slice/b.service");
	world_write(&world, B_SERVICE "/cgroup.freeze", "1\n");
	assert_int_equal(brakes_let_go_of_old(held_path, mount), 0);
	assert_frozen(true);
}

/* Cut at any byte, by SIGKILL or a full /run, the record is either whole or nothing. */
static void half_a_record_is_none(void **state)
{
	struct held_record record, read;
	int fd;

	leave_behind("/system.slice/b.service", true, 0);
	fd = open(held_path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(held_file_read(fd, 3, &record), 1);
	for (size_t n = 0; n < sizeof(record); n++) {
		if (n >= 80 && n < HELD_PATH_SIZE && n % 97) /* nothing but zeros there */
			continue;
		assert_int_equal(held_file_clear(fd, 0), 0);
		assert_int_equal(pwrite(fd, &record, n, 0), (ssize_t)n);
		assert_int_equal(held_file_read(fd, 0, &read), 0);
	}
	assert_int_equal(held_file_read(fd, BRAKES_MAX, &read), 0); /* beyond the end */
	record.path[0] = 'x';					    /* whole, but no path of ours */
	assert_int_equal(held_file_write(fd, 0, &record), 0);
	assert_int_equal(held_file_read(fd, 0, &read), 0);
	memset(record.path, '/', sizeof(record.path));
	assert_int_equal(held_file_write(fd, 0, &record), 0);
	assert_int_equal(held_file_read(fd, 0, &read), 0);
	close(fd);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(one_is_frozen_and_thawed),
		TEST(one_is_throttled_at_what_it_has_now),
		TEST(the_old_high_comes_back),
		TEST(what_somebody_else_has_set_meanwhile_stays),
		TEST(one_that_is_held_otherwise_is_left_alone),
		TEST(the_deadline_needs_nobody),
		TEST(the_end_lets_go_of_all),
		TEST(a_dry_run_lets_go_and_says_so),
		TEST(we_do_not_hold_ourselves_or_those_above),
		TEST(while_our_own_cgroup_is_not_known_none_is_held),
		TEST(one_with_groups_below_is_not_held),
		TEST(what_is_gone_is_not_held),
		TEST(one_that_goes_while_held_is_forgotten),
		TEST(without_the_memory_controller_it_cannot_be_throttled),
		TEST(half_a_hold_is_undone),
		TEST(what_cannot_be_written_down_is_not_held),
		TEST(what_can_be_written_down_later_is_held_then),
		TEST(too_many_at_once_are_refused),
		TEST(the_next_start_lets_go_of_what_was_left),
		TEST(what_cannot_be_let_go_yet_stays_written_down),
		TEST(one_can_let_go_without_starting),
		TEST(another_cgroup_at_that_path_is_left_alone),
		TEST(half_a_record_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
