/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <time.h>
#include <unistd.h>

#include "controller/observe/looks.h"
#include "fake_tree.h"
#include "fixture.h"

#define MAX_GROUPS 512
#define ALL_FIELDS                                                                      \
	(GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_HIGH | GROUP_HAS_RECLAIMABLE | \
	 GROUP_HAS_SWAP | GROUP_HAS_STALL | GROUP_HAS_EVENTS)

struct world {
	struct fake_tree fake;
	struct cgroup_tree tree;
	struct profile profile;
	sd_event *event;
	struct group_set *set;
	struct machine *machine;
	struct looks *looks;
};

static void on_wake(void *data)
{
}

static void world_open(struct world *w)
{
	w->tree = fake_tree_open(&w->fake);
	assert_int_equal(sd_event_new(&w->event), 0);
	assert_int_equal(group_set_new(&w->set,
				       &(struct group_set_config){
					       .event = w->event,
					       .tree = &w->tree,
					       .profile = &w->profile,
					       .max_groups = MAX_GROUPS,
					       .wake = { on_wake, w },
				       }),
			 0);
	assert_int_equal(machine_new(&w->machine, w->tree.proc, w->fake.root), 0);
	assert_int_equal(looks_new(&w->looks, w->set, w->machine, ALL_FIELDS), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->fake = fake_tree_new();
	profile_init(&w->profile);
	w->profile.paths.n = 0;
	w->profile.units.n = 1;
	strcpy(w->profile.units.pattern[0], "*.service");
	fake_group(&w->fake, "/system.slice", 300 * MIB, "max");
	fake_group(&w->fake, "/system.slice/hog.service", 100 * MIB, "max");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	looks_free(w->looks);
	machine_free(w->machine);
	group_set_free(w->set);
	sd_event_unref(w->event);
	cgroup_tree_done(&w->tree);
	fake_tree_done(&w->fake);
	free(w);
	return 0;
}

static uint64_t clock_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

static void set_current(struct world *w, const char *path, uint64_t bytes)
{
	char text[32], file[128];

	snprintf(file, sizeof(file), "%s/memory.current", path);
	snprintf(text, sizeof(text), "%ju\n", (uintmax_t)bytes);
	fake_write(&w->fake, file, text);
}

static void a_group_without_a_limit_shows_what_it_uses_now(void **state)
{
	struct world *w = *state;
	const struct group_reading *reading;
	const struct group *hog;

	world_open(w);
	hog = group_set_find_unit(w->set, "hog.service");
	for (uint64_t mib = 100; mib < 110; mib++) {
		set_current(w, "/system.slice/hog.service", mib * MIB);
		reading = looks_at(w->looks, hog, GROUP_HAS_CURRENT, clock_usec());
		assert_int_equal(reading->has & GROUP_HAS_CURRENT, GROUP_HAS_CURRENT);
		assert_int_equal(reading->current_bytes, mib * MIB);
		usleep(50000);
	}
}

static void its_growth_is_the_difference_of_two_looks(void **state)
{
	struct world *w = *state;
	const struct group *hog;
	uint64_t growth_bytes = 1;

	world_open(w);
	hog = group_set_find_unit(w->set, "hog.service");
	assert_false(looks_growth(w->looks, hog, clock_usec(), &growth_bytes));
	usleep(100000);
	set_current(w, "/system.slice/hog.service", 112 * MIB);
	assert_false(looks_growth(w->looks, hog, clock_usec(), &growth_bytes)); /* too soon */
	usleep(500000);
	assert_true(looks_growth(w->looks, hog, clock_usec(), &growth_bytes));
	assert_in_range(growth_bytes, 10 * MIB, 20 * MIB); /* 12 MiB in 0.6 s, or some more */
	usleep(600000);
	set_current(w, "/system.slice/hog.service", 50 * MIB); /* it shrinks: no growth */
	assert_true(looks_growth(w->looks, hog, clock_usec(), &growth_bytes));
	assert_int_equal(growth_bytes, 0);
}

static void the_host_is_read_like_a_group(void **state)
{
	struct world *w = *state;
	const struct group_reading *reading;

	world_open(w);
	fake_write_proc(&w->fake, "meminfo",
			"MemTotal:        1000000 kB\nMemAvailable:     400000 kB\n"
			"SwapTotal:             0 kB\nSwapFree:              0 kB\n");
	reading = looks_at(w->looks, group_set_get(w->set, GROUP_SLOT_HOST), ALL_FIELDS,
			   clock_usec());
	assert_int_equal(reading->has, GROUP_HAS_CURRENT);
	assert_int_equal(reading->current_bytes, 600000 * KIB);
	assert_int_equal(looks_at_machine(w->looks, clock_usec())->available_bytes, 400000 * KIB);
}

static void what_cannot_be_read_is_not_known(void **state)
{
	struct world *w = *state;
	const struct group_reading *reading;
	const struct group *hog;
	uint64_t growth_bytes;

	world_open(w);
	hog = group_set_find_unit(w->set, "hog.service");
	looks_at(w->looks, hog, ALL_FIELDS, clock_usec());
	usleep(50000);
	fake_write(&w->fake, "/system.slice/hog.service/memory.current", "-3\n");
	reading = looks_at(w->looks, hog, ALL_FIELDS, clock_usec());
	assert_int_equal(reading->has, ALL_FIELDS & ~GROUP_HAS_CURRENT);
	assert_false(looks_growth(w->looks, hog, clock_usec(), &growth_bytes));
	looks_forget(w->looks, hog->slot);
	assert_int_equal(looks_at(w->looks, hog, 0, clock_usec())->has, 0);
}

/* How many groups one more round reads, by the thread's time. */
static uint64_t look_at_all(struct world *w)
{
	uint64_t turn_usec = clock_usec(), n = 0;

	group_set_foreach(w->set, group)
		if (group->slot != GROUP_SLOT_HOST)
			n += (looks_at(w->looks, group, ALL_FIELDS, turn_usec)->has & ALL_FIELDS) ==
			     ALL_FIELDS;
	return n;
}

static void clients_that_ask_without_a_pause_cost_a_bounded_share(void **state)
{
	struct world *w = *state;
	uint64_t begin_usec, cpu_usec, n = 0;
	struct timespec before, after;
	char path[64];

	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/system.slice/s%03d.service", i);
		fake_group(&w->fake, path, MIB, "max");
	}
	world_open(w);
	look_at_all(w); /* the cost is learned */
	begin_usec = clock_usec();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	while (clock_usec() < begin_usec + 2 * USEC_PER_SEC) {
		look_at_all(w);
		usleep(1000);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	cpu_usec = (uint64_t)(after.tv_sec - before.tv_sec) * USEC_PER_SEC +
		   (uint64_t)(after.tv_nsec / 1000) - (uint64_t)(before.tv_nsec / 1000);
	/* Three tiers of 5 %, and the walk over what is fresh; all the time without the bound. */
	assert_true(cpu_usec < 2 * USEC_PER_SEC * 35 / 100);
	for (int round = 0; round < 20 && n < 302; round++) {
		usleep(20000);
		n = look_at_all(w);
	}
	assert_int_equal(n, 302); /* nevertheless all are read */
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_group_without_a_limit_shows_what_it_uses_now),
		test(its_growth_is_the_difference_of_two_looks),
		test(the_host_is_read_like_a_group),
		test(what_cannot_be_read_is_not_known),
		test(clients_that_ask_without_a_pause_cost_a_bounded_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
