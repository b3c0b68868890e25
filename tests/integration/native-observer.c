/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The group set and the observer on the real cgroup tree, in a top group of our own.
 */

#include <dirent.h>
#include <fcntl.h>

#include "controller/observe/observer.h"
#include "native.h"

#define N_GROUPS   200
#define MAX_GROUPS 512

struct world {
	sd_event *event;
	struct profile profile;
	struct group_set *set;
	struct observer *observer;
	bool woken;
	char top[64]; /* "/reliefd-test-PID" */
	struct group_reading readings[MAX_GROUPS];
	struct observation seen;
};

static struct cgroup_tree tree;

static void on_wake(void *data)
{
	struct world *w = data;

	w->woken = true;
}

static const char *full(struct world *w, const char *below)
{
	static char path[4300];

	snprintf(path, sizeof(path), "%s%s%s", tree.mount, w->top, below);
	return path;
}

static const struct group *find(struct world *w, const char *below)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", w->top, below);
	return group_set_find(w->set, path);
}

static void settle(struct world *w)
{
	while (sd_event_run(w->event, 20 * USEC_PER_MSEC) > 0)
		;
}

static unsigned int count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 3; /* ".", ".." and the directory itself */
}

static void collect(struct world *w, enum attention attention)
{
	observation_clear(&w->seen, native_now_usec());
	observer_collect(w->observer, attention, &w->seen);
}

static bool is_reported_gone(const struct world *w, uint64_t id)
{
	for (size_t i = 0; i < w->seen.n_groups; i++)
		if (w->seen.groups[i].id == id && w->seen.groups[i].flags & GROUP_IS_GONE)
			return true;
	return false;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct wake wake = { on_wake, w };

	assert_non_null(w);
	snprintf(w->top, sizeof(w->top), "/reliefd-test-%d", getpid());
	assert_int_equal(mkdir(full(w, ""), 0755), 0);
	profile_init(&w->profile);
	w->profile.units.n = 0;
	w->profile.paths.n = 2;
	snprintf(w->profile.paths.pattern[0], PROFILE_PATTERN_SIZE, "%s/*", w->top);
	snprintf(w->profile.paths.pattern[1], PROFILE_PATTERN_SIZE, "%s/named", w->top);
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
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	struct dirent *entry;
	DIR *d;

	observer_free(w->observer);
	group_set_free(w->set);
	sd_event_unref(w->event);
	d = opendir(full(w, ""));
	while (d && (entry = readdir(d)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, AT_REMOVEDIR);
	if (d)
		closedir(d);
	rmdir(full(w, ""));
	free(w);
	return 0;
}

static void a_cgroup_is_followed_through_its_life(void **state)
{
	struct world *w = *state;
	struct group old;
	int fd;

	assert_int_equal(mkdir(full(w, "/a"), 0755), 0);
	settle(w);
	assert_true(w->woken);
	assert_non_null(find(w, "/a"));
	old = *find(w, "/a");
	fd = group_open(w->set, &old, "memory.pressure", O_RDONLY);
	assert_true(fd >= 0);
	close(fd);

	/* Recycled: the same path, another id; the old one cannot be opened any more. */
	assert_int_equal(rmdir(full(w, "/a")), 0);
	assert_int_equal(mkdir(full(w, "/a"), 0755), 0);
	assert_int_equal(group_open(w->set, &old, "memory.pressure", O_RDONLY), -ENODEV);
	settle(w);
	assert_true(find(w, "/a")->id != old.id);
	collect(w, ATTENTION_HOST);
	assert_true(is_reported_gone(w, old.id));
	assert_false(is_reported_gone(w, find(w, "/a")->id));
	assert_int_equal(rmdir(full(w, "/a")), 0);
	settle(w);
	assert_null(find(w, "/a"));
	assert_null(find(w, ""));
}

static void descriptors_do_not_grow_with_groups(void **state)
{
	struct world *w = *state;
	unsigned int before, after, n_read = 0;
	uint64_t start_usec;
	char name[32];

	assert_int_equal(mkdir(full(w, "/named"), 0755), 0);
	settle(w);
	collect(w, ATTENTION_GROUPS);
	before = count_descriptors();
	for (int i = 0; i < N_GROUPS; i++) {
		snprintf(name, sizeof(name), "/g%d", i);
		assert_int_equal(mkdir(full(w, name), 0755), 0);
	}
	settle(w);
	after = count_descriptors();
	start_usec = native_now_usec();
	collect(w, ATTENTION_GROUPS);
	print_message("%u descriptors with 3 groups, %u with %u; all read in %lu us\n", before,
		      after, group_set_size(w->set),
		      (unsigned long)(native_now_usec() - start_usec));
	assert_int_equal(before, after);
	assert_int_equal(w->seen.n_groups, N_GROUPS + 3);
	for (size_t i = 0; i < w->seen.n_groups; i++)
		n_read += (w->seen.groups[i].has & GROUP_HAS_STALL) != 0;
	assert_int_equal(n_read, N_GROUPS + 3);
}

static void triggers_follow_the_groups(void **state)
{
	struct world *w = *state;
	const struct observer_stats *stats = observer_stats(w->observer);
	struct profile other = w->profile;
	uint32_t alone = stats->n_triggers;

	/* Some and full of the host. */
	assert_int_equal(alone, 2);
	assert_true(stats->trigger_window_usec == w->profile.trigger_window_usec ||
		    observer_degradations(w->observer) & DEGRADATION_SLOW_PSI);
	/* The top, and the one that is named. */
	assert_int_equal(mkdir(full(w, "/named"), 0755), 0);
	assert_int_equal(mkdir(full(w, "/other"), 0755), 0);
	settle(w);
	assert_int_equal(stats->n_triggers, alone + 2);
	other.paths.n = 1;
	other.trigger_window_usec = 4 * USEC_PER_SEC;
	group_set_use_profile(w->set, &other);
	assert_int_equal(observer_use_profile(w->observer, &other), 0);
	assert_int_equal(stats->n_triggers, alone + 1);
	assert_int_equal(stats->trigger_window_usec, 4 * USEC_PER_SEC);
	assert_int_equal(rmdir(full(w, "/named")), 0);
	assert_int_equal(rmdir(full(w, "/other")), 0);
	settle(w);
	assert_int_equal(stats->n_triggers, alone);
	assert_int_equal(stats->n_psi_events, 0);
}

static void the_machine_reads_as_proc_says(void **state)
{
	struct world *w = *state;
	uint64_t total_kib = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "MemTotal: %lu", &total_kib), 1);
	fclose(f);
	collect(w, ATTENTION_HOST);
	assert_int_equal(w->seen.machine.total_bytes, total_kib * KIB);
	assert_true(w->seen.machine.has & MACHINE_HAS_MEMORY);
	assert_true(w->seen.machine.has & MACHINE_HAS_STALL);
	if (tree.mode == CGROUP_MODE_HYBRID)
		assert_true(observer_degradations(w->observer) & DEGRADATION_NO_MEMORY_CONTROLLER);
}

/* What a step costs when nothing happens; a check is to take less than 1 ms. */
static void an_idle_look_is_cheap(void **state)
{
	struct world *w = *state;
	uint64_t start_usec, each_usec;

	collect(w, ATTENTION_HOST);
	start_usec = native_now_usec();
	for (int i = 0; i < 1000; i++)
		collect(w, ATTENTION_HOST);
	each_usec = (native_now_usec() - start_usec) / 1000;
	print_message("a look at the host takes %lu us\n", (unsigned long)each_usec);
	assert_true(each_usec < USEC_PER_MSEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_cgroup_is_followed_through_its_life, setup,
						teardown),
		cmocka_unit_test_setup_teardown(descriptors_do_not_grow_with_groups, setup,
						teardown),
		cmocka_unit_test_setup_teardown(triggers_follow_the_groups, setup, teardown),
		cmocka_unit_test_setup_teardown(the_machine_reads_as_proc_says, setup, teardown),
		cmocka_unit_test_setup_teardown(an_idle_look_is_cheap, setup, teardown),
	};
	int r = native_find_tree(&tree);

	if (r == 0)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	cgroup_tree_done(&tree);
	return r;
}
