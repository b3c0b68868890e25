/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>

#include "controller/observe/observer.h"
#include "fake_tree.h"
#include "fixture.h"

#define MAX_GROUPS 64
#define START_USEC (1000 * USEC_PER_SEC)

/*
 *    /
 *    ├─ system.slice       limit 600 MiB, context
 *    │  ├─ a.service       no limit
 *    │  └─ b.service       limit 100 MiB
 *    └─ user.slice         no limit, context
 *       └─ c.service       no limit
 */
struct world {
	struct fake_tree fake;
	struct cgroup_tree tree;
	struct profile profile;
	sd_event *event;
	struct group_set *set;
	struct observer *observer;
	unsigned int n_wakes;
	uint64_t now_usec;
	struct group_reading readings[MAX_GROUPS];
	struct observation seen;
};

static void on_wake(void *data)
{
	struct world *w = data;

	w->n_wakes++;
}

static void settle(struct world *w)
{
	while (sd_event_run(w->event, 0) > 0)
		;
}

static void world_open(struct world *w)
{
	const struct wake wake = { on_wake, w };

	w->tree = fake_tree_open(&w->fake);
	assert_int_equal(sd_event_new(&w->event), 0);
	assert_int_equal(group_set_new(&w->set,
				       &(struct group_set_config){
					       .event = w->event,
					       .tree = &w->tree,
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
					      .sys = w->fake.root,
					      .wake = wake,
				      }),
			 0);
	w->seen.groups = w->readings;
	w->seen.max_groups = MAX_GROUPS;
	w->now_usec = START_USEC;
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
	fake_group(&w->fake, "/system.slice", 300 * MIB, "629145600");
	fake_group(&w->fake, "/system.slice/a.service", 200 * MIB, "max");
	fake_group(&w->fake, "/system.slice/b.service", 80 * MIB, "104857600");
	fake_group(&w->fake, "/user.slice", 50 * MIB, "max");
	fake_group(&w->fake, "/user.slice/c.service", 50 * MIB, "max");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	observer_free(w->observer);
	group_set_free(w->set);
	sd_event_unref(w->event);
	cgroup_tree_done(&w->tree);
	fake_tree_done(&w->fake);
	free(w);
	return 0;
}

static void collect(struct world *w, enum attention attention, uint64_t later_usec)
{
	w->now_usec += later_usec;
	observation_clear(&w->seen, w->now_usec);
	observer_collect(w->observer, attention, &w->seen);
}

static const struct group_reading *reading_of(struct world *w, const char *path)
{
	const struct group *group = group_set_find(w->set, path);

	for (size_t i = 0; group && i < w->seen.n_groups; i++)
		if (w->seen.groups[i].slot == group->slot && w->seen.groups[i].id == group->id)
			return &w->seen.groups[i];
	return NULL;
}

/* The listed paths in order, joined by blanks. */
static const char *listed(struct world *w)
{
	static char text[1024];

	text[0] = '\0';
	for (size_t i = 0; i < w->seen.n_groups; i++) {
		strcat(text, i ? " " : "");
		strcat(text, group_set_get(w->set, w->seen.groups[i].slot)->path);
	}
	return text;
}

static void the_machine_is_always_read(void **state)
{
	struct world *w = *state;

	world_open(w);
	for (int i = 0; i < 3; i++) {
		const struct group_reading *host;

		collect(w, ATTENTION_HOST, USEC_PER_SEC);
		assert_int_equal(w->seen.covers, OBSERVED_MACHINE);
		assert_int_equal(w->seen.machine.has,
				 MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP | MACHINE_HAS_STALL);
		assert_int_equal(w->seen.machine.available_bytes, 512 * MIB);
		host = reading_of(w, "/");
		assert_non_null(host);
		assert_int_equal(host->slot, GROUP_SLOT_HOST);
		assert_int_equal(host->parent_slot, SLOT_NONE);
		assert_int_equal(host->has, GROUP_HAS_STALL);
		assert_int_equal(host->some_usec, 7000);
	}
}

static void a_group_is_read_when_it_is_new(void **state)
{
	struct world *w = *state;
	const struct group_reading *b;

	world_open(w);
	collect(w, ATTENTION_HOST, 0);
	assert_int_equal(w->seen.n_groups, 6);
	b = reading_of(w, "/system.slice/b.service");
	assert_int_equal(b->has, GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_HIGH |
					 GROUP_HAS_RECLAIMABLE | GROUP_HAS_SWAP |
					 GROUP_HAS_SWAP_LIMIT | GROUP_HAS_STALL | GROUP_HAS_EVENTS);
	assert_int_equal(b->current_bytes, 80 * MIB);
	assert_int_equal(b->limit_bytes, 100 * MIB);
	assert_true(b->high_bytes == BYTES_UNLIMITED);
	assert_int_equal(b->reclaimable_bytes, MIB);
	assert_int_equal(b->parent_slot, group_set_find(w->set, "/system.slice")->slot);
	/* Of context what can be dropped matters only under a limit. */
	assert_true(reading_of(w, "/system.slice")->has & GROUP_HAS_RECLAIMABLE);
	assert_false(reading_of(w, "/user.slice")->has & GROUP_HAS_RECLAIMABLE);

	collect(w, ATTENTION_HOST, USEC_PER_SEC);
	assert_string_equal(listed(w), "/");
	fake_group(&w->fake, "/user.slice/d.service", 0, "max");
	settle(w);
	assert_int_equal(w->n_wakes, 1);
	collect(w, ATTENTION_HOST, USEC_PER_SEC);
	assert_string_equal(listed(w), "/ /user.slice /user.slice/d.service");
	collect(w, ATTENTION_HOST, USEC_PER_SEC);
	assert_string_equal(listed(w), "/");
}

static void attention_widens_the_view(void **state)
{
	struct world *w = *state;

	world_open(w);
	group_set_find_unit(w->set, "c.service")->n_modules = 1;
	collect(w, ATTENTION_HOST, 0);
	collect(w, ATTENTION_HOST, USEC_PER_SEC);
	assert_string_equal(listed(w), "/");
	collect(w, ATTENTION_LIMITS, USEC_PER_SEC);
	assert_string_equal(listed(w), "/ /system.slice /system.slice/b.service "
				       "/system.slice/a.service");
	collect(w, ATTENTION_MODULES, USEC_PER_SEC);
	assert_int_equal(w->seen.n_groups, 6);
	assert_non_null(reading_of(w, "/user.slice/c.service"));
	assert_false(w->seen.covers & OBSERVED_GROUPS);
	collect(w, ATTENTION_GROUPS, USEC_PER_SEC);
	assert_int_equal(w->seen.n_groups, 6);
	assert_true(w->seen.covers & OBSERVED_GROUPS);
	assert_true(reading_of(w, "/user.slice")->has & GROUP_HAS_RECLAIMABLE);
}

static void limited_modules_are_read_every_time(void **state)
{
	struct world *w = *state;

	world_open(w);
	/* a has no limit of its own, but system.slice has one. */
	group_set_find_unit(w->set, "a.service")->n_modules = 1;
	collect(w, ATTENTION_HOST, 0);
	for (int i = 0; i < 3; i++) {
		collect(w, ATTENTION_HOST, USEC_PER_SEC);
		assert_string_equal(listed(w), "/ /system.slice /system.slice/a.service");
	}
	/* The limit is lifted: noticed with that very reading. */
	fake_write(&w->fake, "/system.slice/memory.max", "max\n");
	collect(w, ATTENTION_HOST, USEC_PER_SEC);
	collect(w, ATTENTION_HOST, USEC_PER_SEC);
	assert_string_equal(listed(w), "/");
	/* A new one: noticed within ten seconds. */
	fake_write(&w->fake, "/system.slice/a.service/memory.high", "209715200\n");
	collect(w, ATTENTION_HOST, 10 * USEC_PER_SEC);
	assert_string_equal(listed(w), "/ /system.slice /system.slice/a.service");
	assert_int_equal(reading_of(w, "/system.slice/a.service")->high_bytes, 200 * MIB);
}

/* Plain files raise no event, so the tops count as unwatched: looked below every ten seconds. */
static void what_moved_below_a_top_is_of_interest(void **state)
{
	struct world *w = *state;

	world_open(w);
	assert_true(observer_degradations(w->observer) & DEGRADATION_NO_EVENTS);
	collect(w, ATTENTION_HOST, 0);
	fake_events(&w->fake, "/user.slice/c.service", 3);
	collect(w, ATTENTION_HOST, USEC_PER_SEC);
	assert_string_equal(listed(w), "/");
	collect(w, ATTENTION_HOST, 10 * USEC_PER_SEC);
	assert_string_equal(listed(w), "/ /user.slice /user.slice/c.service");
	assert_int_equal(reading_of(w, "/user.slice/c.service")->n_max, 3);
	/* For ten seconds after the last movement. */
	collect(w, ATTENTION_HOST, 5 * USEC_PER_SEC);
	fake_events(&w->fake, "/user.slice/c.service", 4);
	collect(w, ATTENTION_HOST, 4 * USEC_PER_SEC);
	collect(w, ATTENTION_HOST, 9 * USEC_PER_SEC);
	assert_string_equal(listed(w), "/ /user.slice /user.slice/c.service");
	collect(w, ATTENTION_HOST, 2 * USEC_PER_SEC);
	assert_string_equal(listed(w), "/");
}

static void the_dead_are_reported(void **state)
{
	struct world *w = *state;
	const struct group_reading *reading;
	struct group a;

	world_open(w);
	a = *group_set_find_unit(w->set, "a.service");
	collect(w, ATTENTION_HOST, 0);
	fake_rmdir(&w->fake, "/system.slice/a.service");
	/* Not heard of yet: nothing can be read. */
	reading = observer_look(w->observer, &a, GROUP_HAS_CURRENT | GROUP_HAS_LIMIT, w->now_usec);
	assert_int_equal(reading->has, 0);
	assert_true(reading->id == a.id);
	collect(w, ATTENTION_GROUPS, USEC_PER_SEC);
	assert_int_equal(reading_of(w, "/system.slice/a.service")->has, 0);
	settle(w);
	collect(w, ATTENTION_GROUPS, USEC_PER_SEC);
	assert_int_equal(w->seen.groups[0].flags, GROUP_IS_GONE);
	assert_true(w->seen.groups[0].id == a.id);
	assert_int_equal(w->seen.n_groups, 6);
	collect(w, ATTENTION_GROUPS, USEC_PER_SEC);
	assert_int_equal(w->seen.n_groups, 5);
}

static void files_that_lie_are_left_out(void **state)
{
	struct world *w = *state;
	const struct group_reading *b;

	world_open(w);
	fake_write(&w->fake, "/system.slice/b.service/memory.current", "-3\n");
	fake_write(&w->fake, "/system.slice/b.service/memory.stat", "inactive_file 12");
	fake_remove(&w->fake, "/system.slice/b.service/memory.swap.current");
	fake_write_proc(&w->fake, "meminfo", "MemTotal: lots\n");
	collect(w, ATTENTION_GROUPS, 0);
	b = reading_of(w, "/system.slice/b.service");
	assert_int_equal(b->has, GROUP_HAS_LIMIT | GROUP_HAS_HIGH | GROUP_HAS_SWAP_LIMIT |
					 GROUP_HAS_STALL | GROUP_HAS_EVENTS);
	assert_int_equal(w->seen.machine.has, MACHINE_HAS_STALL);
}

static void what_makes_no_sense_is_looked_at_again_soon(void **state)
{
	struct world *w = *state;
	uint64_t waits_usec[8];

	world_open(w);
	collect(w, ATTENTION_HOST, 0);
	assert_true(observer_look_at(w->observer) == USEC_NEVER);
	fake_write_proc(&w->fake, "meminfo",
			"MemTotal: 1048576 kB\nMemAvailable: 524288 kB\n"
			"SwapTotal: 0 kB\nSwapFree: 18446744073709346016 kB\n");
	for (size_t i = 0; i < N(waits_usec); i++) {
		collect(w, ATTENTION_HOST, i ? waits_usec[i - 1] : USEC_PER_SEC);
		assert_true(w->seen.machine.has & MACHINE_HAS_MEMORY);
		assert_false(w->seen.machine.has & MACHINE_HAS_SWAP);
		waits_usec[i] = observer_look_at(w->observer) - w->now_usec;
		assert_true(waits_usec[i] >= (i ? waits_usec[i - 1] : 500 * USEC_PER_MSEC));
		assert_true(waits_usec[i] <= 8 * USEC_PER_SEC);
	}
	fake_write_proc(&w->fake, "meminfo", "MemTotal: 1048576 kB\nMemAvailable: 524288 kB\n");
	collect(w, ATTENTION_HOST, 8 * USEC_PER_SEC);
	assert_true(observer_look_at(w->observer) == USEC_NEVER);
}

static void a_group_that_makes_no_sense_is_read_until_it_does(void **state)
{
	struct world *w = *state;

	world_open(w);
	fake_write(&w->fake, "/system.slice/b.service/memory.events", "max -1\n");
	collect(w, ATTENTION_HOST, 0);
	for (int i = 0; i < 5; i++) {
		collect(w, ATTENTION_HOST, observer_look_at(w->observer) - w->now_usec);
		assert_string_equal(listed(w), "/ /system.slice /system.slice/b.service");
	}
	fake_events(&w->fake, "/system.slice/b.service", 0);
	collect(w, ATTENTION_HOST, observer_look_at(w->observer) - w->now_usec);
	collect(w, ATTENTION_HOST, 11 * USEC_PER_SEC);
	assert_string_equal(listed(w), "/");
}

static void a_host_whose_memory_is_not_known_is_degraded_until_it_is(void **state)
{
	struct world *w = *state;

	world_open(w);
	collect(w, ATTENTION_HOST, 0);
	assert_false(observer_degradations(w->observer) & DEGRADATION_NO_MEMORY_READING);
	fake_write_proc(&w->fake, "meminfo", "");
	collect(w, ATTENTION_HOST, USEC_PER_SEC);
	assert_true(observer_degradations(w->observer) & DEGRADATION_NO_MEMORY_READING);
	fake_write_proc(&w->fake, "meminfo",
			"MemTotal: 1048576 kB\nMemFree: 5 kB\nCached: 524283 kB\n");
	collect(w, ATTENTION_HOST, 11 * USEC_PER_SEC);
	assert_int_equal(observer_degradations(w->observer) &
				 (DEGRADATION_NO_MEMORY_READING | DEGRADATION_ESTIMATED_MEMORY),
			 DEGRADATION_ESTIMATED_MEMORY);
	assert_int_equal(w->seen.machine.available_bytes, 512 * MIB);
	fake_write_proc(&w->fake, "meminfo", "MemTotal: 1048576 kB\nMemAvailable: 524288 kB\n");
	collect(w, ATTENTION_HOST, 11 * USEC_PER_SEC);
	assert_false(observer_degradations(w->observer) & DEGRADATION_ESTIMATED_MEMORY);
}

static void fake_process(struct world *w, const char *name, const char *status)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/proc/%s", w->fake.root, name);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/status", name);
	fake_write_proc(&w->fake, path, status);
}

/* 420 MiB of mapped file pages and a tmpfs of 300 MiB at a limit of 1228. */
static void a_tmpfs_that_nobody_maps_leaves_nothing_to_reclaim(void **state)
{
	struct world *w = *state;
	char *stat = fixture_read("field", "memory.stat-mapped-and-tmpfs");
	const char *b = "/system.slice/b.service";

	fake_write(&w->fake, "/system.slice/b.service/memory.current", "1287651328\n");
	fake_write(&w->fake, "/system.slice/b.service/memory.max", "1287651328\n");
	fake_write(&w->fake, "/system.slice/b.service/memory.stat", stat);
	fake_write(&w->fake, "/system.slice/b.service/cgroup.procs", "71\n72\n");
	fake_process(w, "71", "Name:\tapp\nRssAnon:\t 9 kB\nRssShmem:\t 0 kB\n");
	world_open(w);
	collect(w, ATTENTION_GROUPS, 0);
	assert_int_equal(reading_of(w, b)->reclaimable_bytes, 0);

	/* A database has its buffers there: then file pages are what is not mapped. */
	fake_process(w, "72", "Name:\tdb\nRssAnon:\t 9 kB\nRssShmem:\t 204800 kB\n");
	collect(w, ATTENTION_GROUPS, 3 * USEC_PER_SEC);
	assert_int_equal(reading_of(w, b)->reclaimable_bytes, 200 * MIB);
	/* What several map is there once. */
	fake_process(w, "71", "Name:\tdb\nRssShmem:\t 307200 kB\n");
	collect(w, ATTENTION_GROUPS, 3 * USEC_PER_SEC);
	assert_int_equal(reading_of(w, b)->reclaimable_bytes, 300 * MIB);

	/* In a container's own cgroups, too. */
	fake_write(&w->fake, "/system.slice/b.service/cgroup.procs", "");
	fake_mkdir(&w->fake, "/system.slice/b.service/inner");
	fake_write(&w->fake, "/system.slice/b.service/inner/cgroup.procs", "72\n");
	collect(w, ATTENTION_GROUPS, 3 * USEC_PER_SEC);
	assert_int_equal(reading_of(w, b)->reclaimable_bytes, 200 * MIB);
	free(stat);
}

static void a_full_observation_is_no_accident(void **state)
{
	struct world *w = *state;

	world_open(w);
	for (size_t n = 0; n <= 6; n++) {
		w->seen.max_groups = n;
		collect(w, ATTENTION_GROUPS, USEC_PER_SEC);
		assert_int_equal(w->seen.n_groups, n);
	}
}

static void what_the_host_lacks_is_named(void **state)
{
	struct world *w = *state;

	fake_write(&w->fake, "/cgroup.controllers", "hugetlb\n");
	world_open(w);
	assert_int_equal(observer_degradations(w->observer),
			 DEGRADATION_NO_PSI | DEGRADATION_NO_MEMORY_CONTROLLER |
				 DEGRADATION_NO_EVENTS);
	assert_int_equal(observer_stats(w->observer)->n_triggers, 0);
	assert_int_equal(observer_stats(w->observer)->last_trigger_usec, 0);
	for (uint32_t bit = 1; bit <= DEGRADATION_UNFOLLOWED; bit <<= 1)
		assert_string_not_equal(degradation_name(bit), "unknown");
	/* Only PSI is asked for where there is no controller. */
	collect(w, ATTENTION_GROUPS, 0);
	assert_int_equal(reading_of(w, "/user.slice/c.service")->has, GROUP_HAS_STALL);
	assert_int_equal(observer_use_profile(w->observer, &w->profile), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_machine_is_always_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_group_is_read_when_it_is_new, setup, teardown),
		cmocka_unit_test_setup_teardown(attention_widens_the_view, setup, teardown),
		cmocka_unit_test_setup_teardown(limited_modules_are_read_every_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_moved_below_a_top_is_of_interest, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_dead_are_reported, setup, teardown),
		cmocka_unit_test_setup_teardown(files_that_lie_are_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_looked_at_again_soon, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_group_that_makes_no_sense_is_read_until_it_does,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_host_whose_memory_is_not_known_is_degraded_until_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tmpfs_that_nobody_maps_leaves_nothing_to_reclaim,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_observation_is_no_accident, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_host_lacks_is_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
