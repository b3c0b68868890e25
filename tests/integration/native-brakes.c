/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The brake on the real kernel: a child that counts stands still while its group is held, and goes
 * on when it is let go: when told, at the deadline, at the end, and after the one who held it was
 * killed. With the memory controller at hand its memory.high is looked at as well.
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "controller/act/brakes.h"
#include "controller/base/cleanup.h"
#include "controller/base/file.h"
#include "native.h"

#define MAX_GROUPS 64
/* A task that runs notices the freezer at once; twenty others may want the processor, too. */
#define STILL_USEC (100 * USEC_PER_MSEC)

static struct cgroup_tree tree;
static char cgroup[64], held_path[64];

struct world {
	sd_event *event;
	struct profile profile;
	struct group_set *set;
	struct outcomes outcomes;
	struct brakes *brakes;
	pid_t child;
	volatile uint64_t *count; /* the child's, in shared memory */
};

static const char *file_of(const char *name)
{
	static char path[4300];

	snprintf(path, sizeof(path), "%s%s/%s", tree.mount, cgroup, name);
	return path;
}

static void on_wake(void *data)
{
}

static int build(struct world *w)
{
	struct group *group;
	int r;

	profile_init(&w->profile);
	w->profile.units.n = 0;
	w->profile.paths.n = 1;
	snprintf(w->profile.paths.pattern[0], PROFILE_PATTERN_SIZE, "%s", cgroup);
	outcomes_init(&w->outcomes, &(struct wake){ on_wake, NULL });
	r = sd_event_new(&w->event);
	if (r < 0)
		return r;
	r = group_set_new(&w->set, &(struct group_set_config){ .event = w->event,
							       .tree = &tree,
							       .profile = &w->profile,
							       .max_groups = MAX_GROUPS,
							       .wake = { on_wake, NULL } });
	if (r < 0)
		return r;
	r = group_set_ensure(w->set, cgroup, &group);
	if (r < 0)
		return r;
	return brakes_new(&w->brakes, w->event, w->set, &w->outcomes, held_path);
}

static void take_apart(struct world *w)
{
	w->brakes = brakes_free(w->brakes);
	w->set = group_set_free(w->set);
	w->event = sd_event_unref(w->event);
}

static void count_for_ever(volatile uint64_t *count)
{
	for (;;) {
		++*count;
		usleep(200);
	}
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char pid[16];

	assert_non_null(w);
	snprintf(cgroup, sizeof(cgroup), "/reliefd-test-%d", getpid());
	snprintf(held_path, sizeof(held_path), "/tmp/reliefd-held-%d", getpid());
	assert_int_equal(mkdir(file_of(""), 0755), 0);
	w->count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(w->count, MAP_FAILED);
	w->child = fork();
	if (w->child == 0)
		count_for_ever(w->count);
	assert_true(w->child > 0);
	snprintf(pid, sizeof(pid), "%d", w->child);
	assert_int_equal(file_write_at(AT_FDCWD, file_of("cgroup.procs"), pid), 0);
	assert_int_equal(build(w), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	take_apart(w);
	file_write_at(AT_FDCWD, file_of("cgroup.freeze"), "0"); /* whatever a failed test left */
	kill(w->child, SIGKILL);
	waitpid(w->child, NULL, 0);
	for (int i = 0; i < 50 && rmdir(file_of("")) < 0; i++)
		usleep(20000);
	munmap((void *)w->count, 4096);
	unlink(held_path);
	free(w);
	return 0;
}

static bool counts_on(const struct world *w)
{
	uint64_t count = *w->count;

	for (int i = 0; i < 50 && *w->count == count; i++)
		usleep(20000);
	return *w->count != count;
}

static bool stands_still(const struct world *w)
{
	uint64_t count;

	usleep(STILL_USEC);
	count = *w->count;
	usleep(STILL_USEC);
	return *w->count == count;
}

static struct brake_change change_of(struct world *w, enum brake brake)
{
	const struct group *group = group_set_find(w->set, cgroup);

	assert_non_null(group);
	return (struct brake_change){ .id = 7,
				      .group_slot = group->slot,
				      .group_id = group->id,
				      .brake = brake,
				      .until_usec = native_now_usec() + USEC_PER_MIN };
}

static void apply(struct world *w, enum brake brake)
{
	struct brake_change change = change_of(w, brake);

	brakes_apply(w->brakes, &change);
	assert_int_equal(w->outcomes.n, 0);
}

static void a_frozen_one_stands_still_until_told(void **state)
{
	struct world *w = *state;

	assert_true(counts_on(w));
	apply(w, BRAKE_FREEZE);
	assert_true(stands_still(w));
	apply(w, BRAKE_OFF);
	assert_true(counts_on(w));
}

static void the_deadline_lets_go(void **state)
{
	struct world *w = *state;
	struct brake_change change = change_of(w, BRAKE_FREEZE);
	bool never = false;

	change.until_usec = native_now_usec() + 3 * STILL_USEC;
	brakes_apply(w->brakes, &change);
	assert_true(stands_still(w));
	native_run_until(w->event, &never, 4 * STILL_USEC);
	assert_true(counts_on(w));
}

static void the_end_lets_go(void **state)
{
	struct world *w = *state;

	apply(w, BRAKE_FREEZE);
	assert_true(stands_still(w));
	take_apart(w);
	assert_true(counts_on(w));
}

/* The one who holds is a process of its own, and is killed. */
static void what_was_held_by_one_who_was_killed_is_let_go(void **state)
{
	struct world *w = *state;
	pid_t holder;

	take_apart(w);
	holder = fork();
	if (holder == 0) {
		if (build(w) < 0)
			_exit(1);
		apply(w, BRAKE_FREEZE);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	assert_true(stands_still(w));
	assert_int_equal(brakes_let_go_of_old(held_path, tree.mount), 1);
	assert_true(counts_on(w));
	assert_int_equal(build(w), 0);
}

static void a_throttled_one_goes_on_below_what_it_has(void **state)
{
	struct world *w = *state;
	char text[32];

	if (access(file_of("memory.high"), W_OK) < 0) {
		struct brake_change change = change_of(w, BRAKE_THROTTLE);

		print_message("no memory controller here: it is refused\n");
		brakes_apply(w->brakes, &change);
		assert_int_equal(w->outcomes.n, 1);
		assert_int_equal(w->outcomes.ring[0].result, RESULT_FAILED);
		assert_int_equal(w->outcomes.ring[0].error, -EOPNOTSUPP);
		assert_true(counts_on(w));
		return;
	}
	apply(w, BRAKE_THROTTLE);
	assert_true(counts_on(w)); /* it takes nothing more, so nothing stops it */
	assert_true(file_read_at(AT_FDCWD, file_of("memory.high"), text, sizeof(text)) > 0);
	assert_in_range(strtoull(text, NULL, 10), MIB, 64 * MIB);
	apply(w, BRAKE_OFF);
	assert_true(file_read_at(AT_FDCWD, file_of("memory.high"), text, sizeof(text)) > 0);
	assert_string_equal(text, "max\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_frozen_one_stands_still_until_told),
		TEST(the_deadline_lets_go),
		TEST(the_end_lets_go),
		TEST(what_was_held_by_one_who_was_killed_is_let_go),
		TEST(a_throttled_one_goes_on_below_what_it_has),
	};
	int r = native_find_tree(&tree);

	if (r != 0)
		return r;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	cgroup_tree_done(&tree);
	return r;
}
