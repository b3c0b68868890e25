/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.events on the real kernel: a group of our own runs into its limit, its top says so, and
 * the observer finds out who it was.
 *
 *    /reliefd-test-PID     watched
 *    ├─ calm               no limit, nobody in it
 *    ├─ cache              32 MiB, writes a file that does not fit
 *    └─ victim             32 MiB, allocates more than that
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "controller/base/file.h"
#include "controller/observe/observer.h"
#include "native.h"

#define LIMIT	   "33554432"
#define MORE_BYTES (64 * MIB)
#define MAX_GROUPS 64

struct world {
	sd_event *event;
	struct profile profile;
	struct group_set *set;
	struct observer *observer;
	bool woken;
	struct group_reading readings[MAX_GROUPS];
	struct observation seen;
};

static struct cgroup_tree tree;
static char top[64]; /* "/reliefd-test-PID" */

static const char *full(const char *below)
{
	static char path[4300];

	snprintf(path, sizeof(path), "%s%s%s", tree.mount, top, below);
	return path;
}

static void on_wake(void *data)
{
	struct world *w = data;

	w->woken = true;
}

static void collect(struct world *w)
{
	observation_clear(&w->seen, native_now_usec());
	observer_collect(w->observer, ATTENTION_HOST, &w->seen);
}

static const struct group_reading *reading_of(struct world *w, const char *below)
{
	char path[256];
	const struct group *group;

	snprintf(path, sizeof(path), "%s%s", top, below);
	group = group_set_find(w->set, path);
	assert_non_null(group);
	for (size_t i = 0; i < w->seen.n_groups; i++)
		if (w->seen.groups[i].id == group->id)
			return &w->seen.groups[i];
	return NULL;
}

static void make_group(const char *below, const char *limit)
{
	char file[128];

	assert_int_equal(mkdir(full(below), 0755), 0);
	snprintf(file, sizeof(file), "%s/memory.max", below);
	assert_int_equal(file_write_at(AT_FDCWD, full(file), limit), 0);
	snprintf(file, sizeof(file), "%s/memory.swap.max", below);
	file_write_at(AT_FDCWD, full(file), "0");
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct wake wake = { on_wake, w };

	assert_non_null(w);
	snprintf(top, sizeof(top), "/reliefd-test-%d", getpid());
	assert_int_equal(mkdir(full(""), 0755), 0);
	assert_int_equal(file_write_at(AT_FDCWD, full("/cgroup.subtree_control"), "+memory"), 0);
	make_group("/calm", "max");
	make_group("/cache", LIMIT);
	make_group("/victim", LIMIT);
	profile_init(&w->profile);
	w->profile.units.n = 0;
	w->profile.paths.n = 1;
	snprintf(w->profile.paths.pattern[0], PROFILE_PATTERN_SIZE, "%s/*", top);
	assert_int_equal(sd_event_new(&w->event), 0);
	assert_int_equal(group_set_new(&w->set,
				       &(struct group_set_config){
					       .event = w->event,
					       .tree = &tree,
					       .profile = &w->profile,
					       .max_groups = MAX_GROUPS,
					       .wake = wake,
				       }),
			 0);
	assert_int_equal(observer_new(&w->observer,
				      &(struct observer_config){
					      .event = w->event,
					      .groups = w->set,
					      .profile = &w->profile,
					      .wake = wake,
				      }),
			 0);
	w->seen.groups = w->readings;
	w->seen.max_groups = MAX_GROUPS;
	collect(w);
	assert_int_equal(w->seen.n_groups, 5);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	observer_free(w->observer);
	group_set_free(w->set);
	sd_event_unref(w->event);
	rmdir(full("/calm"));
	rmdir(full("/cache"));
	rmdir(full("/victim"));
	rmdir(full(""));
	free(w);
	return 0;
}

/* Forks into the group. Returns: the child's pid, 0 in the child. */
static pid_t enter(const char *below)
{
	char file[128];
	pid_t pid = fork();

	snprintf(file, sizeof(file), "%s/cgroup.procs", below);
	if (pid == 0 && file_write_at(AT_FDCWD, full(file), "0") < 0)
		_exit(1);
	return pid;
}

static void write_too_much(void)
{
	char name[] = "/var/tmp/reliefd-test-XXXXXX", *block = calloc(1, MIB);
	int fd = mkstemp(name);

	unlink(name);
	for (uint64_t n = 0; n < MORE_BYTES; n += MIB)
		if (write(fd, block, MIB) < 0)
			_exit(1);
	_exit(0);
}

static void allocate_too_much(void)
{
	void *memory;

	/* Who runs the tests may be protected from the OOM killer; this one must not be. */
	if (file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "0") < 0)
		_exit(1);
	memory = mmap(NULL, MORE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	_exit(memory == MAP_FAILED);
}

/* Steps as the daemon does until that group says it. Returns: its reading, or NULL. */
static const struct group_reading *wait_for(struct world *w, const char *below,
					    bool (*says)(const struct group_reading *))
{
	uint64_t end_usec = native_now_usec() + 20 * USEC_PER_SEC;

	while (native_now_usec() < end_usec) {
		const struct group_reading *reading;

		w->woken = false;
		if (!native_run_until(w->event, &w->woken, USEC_PER_SEC))
			continue;
		collect(w);
		assert_null(reading_of(w, "/calm"));
		reading = reading_of(w, below);
		if (reading && says(reading))
			return reading;
	}
	return NULL;
}

static bool hit_its_limit(const struct group_reading *reading)
{
	return reading->n_max > 0;
}

static bool was_killed_in(const struct group_reading *reading)
{
	return reading->n_oom_kill > 0;
}

static void who_ran_into_its_limit_is_found(void **state)
{
	struct world *w = *state;
	const struct group_reading *reading;
	pid_t pid = enter("/cache");
	int status;

	if (pid == 0)
		write_too_much();
	reading = wait_for(w, "/cache", hit_its_limit);
	assert_non_null(reading);
	assert_int_equal(reading->limit_bytes, 32 * MIB);
	assert_true(reading->has & GROUP_HAS_RECLAIMABLE);
	assert_true(reading->current_bytes <= 32 * MIB);
	assert_null(reading_of(w, "/victim"));
	assert_true(observer_stats(w->observer)->n_memory_events > 0);
	assert_true(observer_stats(w->observer)->last_trigger_usec > 0);
	waitpid(pid, &status, 0);
	print_message("max %lu, %lu events, reclaimable %lu KiB of %lu\n",
		      (unsigned long)reading->n_max,
		      (unsigned long)observer_stats(w->observer)->n_memory_events,
		      (unsigned long)(reading->reclaimable_bytes / KIB),
		      (unsigned long)(reading->current_bytes / KIB));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_kill_is_counted(void **state)
{
	struct world *w = *state;
	const struct group_reading *reading;
	pid_t pid = enter("/victim");
	int status;

	if (pid == 0)
		allocate_too_much();
	reading = wait_for(w, "/victim", was_killed_in);
	assert_non_null(reading);
	assert_int_equal(reading->n_oom_kill, 1);
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_still_group_is_silent(void **state)
{
	struct world *w = *state;

	w->woken = false;
	assert_false(native_run_until(w->event, &w->woken, 2 * USEC_PER_SEC));
	assert_int_equal(observer_stats(w->observer)->n_memory_events, 0);
	assert_false(observer_degradations(w->observer) &
		     (DEGRADATION_NO_EVENTS | DEGRADATION_NO_MEMORY_CONTROLLER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_still_group_is_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(who_ran_into_its_limit_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_kill_is_counted, setup, teardown),
	};
	int r = native_find_tree(&tree);

	if (r == 0 && tree.mode != CGROUP_MODE_PURE) {
		printf("SKIP: the memory controller is not on cgroup v2 here\n");
		r = SKIPPED;
	}
	if (r == 0)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	cgroup_tree_done(&tree);
	return r;
}
