/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/observe/reading_plan.h"
#include "fixture.h"
#include "group_world.h"

#define START_USEC (1000 * USEC_PER_SEC)
#define FIELDS	   (GROUP_HAS_EVENTS | GROUP_HAS_STALL | GROUP_HAS_LIMIT | GROUP_HAS_HIGH)

static struct reading_plan plan;

static void no_stir(void *data, uint32_t slot, enum stir stir)
{
	fail_msg("a plain file stirred");
}

static const struct group *group(struct world *w, const char *path)
{
	const struct group *g = group_set_find(w->set, path);

	assert_non_null(g);
	return g;
}

static int start(void **state)
{
	struct world *w;

	assert_int_equal(setup(state), 0);
	w = *state;
	fake_write(&w->fake, "/system.slice/memory.max", "629145600\n");
	fake_write(&w->fake, "/pods/memory.max", "max\n");
	fake_write(&w->fake, "/pods/memory.high", "max\n");
	fake_write(&w->fake, "/pods/one/memory.max", "max\n");
	fake_events(&w->fake, "/system.slice/a.service", 1);
	fake_events(&w->fake, "/system.slice/sshd.service", 1);
	fake_events(&w->fake, "/pods/one", 1);
	world_open(w, MAX_GROUPS);
	assert_int_equal(reading_plan_init(&plan, w->set, FIELDS), 0);
	assert_int_equal(pressure_watch_new(&plan.watch,
					    &(struct pressure_watch_config){
						    .event = w->event,
						    .groups = w->set,
						    .profile = &w->profile,
						    .stirred = no_stir,
					    }),
			 0);
	/* As after the first listing; and no top is due for lack of a watch. */
	group_set_foreach(w->set, g) {
		reading_plan_learn(&plan,
				   &(struct group_reading){
					   .slot = g->slot, .has = GROUP_HAS_EVENTS, .n_max = 1 },
				   START_USEC);
		reading_plan_glance(&plan, g)->is_known = true;
	}
	plan.unwatched_look_usec = USEC_NEVER;
	return 0;
}

static int end(void **state)
{
	plan.watch = pressure_watch_free(plan.watch);
	reading_plan_done(&plan);
	return teardown(state);
}

static void nothing_stirred_nothing_is_looked_at(void **state)
{
	struct world *w = *state;

	fake_events(&w->fake, "/system.slice/a.service", 2);
	assert_int_equal(reading_plan_look_below(&plan, START_USEC), 0);
	assert_false(reading_plan_is_fresh(&plan, group(w, "/system.slice/a.service"), START_USEC));
}

static void who_moved_below_a_top_is_found(void **state)
{
	struct world *w = *state;
	const struct group *a = group(w, "/system.slice/a.service");

	fake_events(&w->fake, "/system.slice/a.service", 2);
	fake_events(&w->fake, "/pods/one", 2);
	reading_plan_stir(&plan, group(w, "/system.slice")->slot, STIR_EVENTS, START_USEC);
	assert_int_equal(reading_plan_look_below(&plan, START_USEC), 0);
	assert_true(reading_plan_is_fresh(&plan, a, START_USEC));
	assert_true(reading_plan_is_fresh(&plan, group(w, "/system.slice"), START_USEC));
	assert_false(
		reading_plan_is_fresh(&plan, group(w, "/system.slice/sshd.service"), START_USEC));
	/* The other top did not say anything. */
	assert_false(reading_plan_is_fresh(&plan, group(w, "/pods/one"), START_USEC));
	assert_true(reading_plan_is_fresh(&plan, a, START_USEC + 10 * USEC_PER_SEC - 1));
	assert_false(reading_plan_is_fresh(&plan, a, START_USEC + 10 * USEC_PER_SEC));
}

static void looks_keep_a_pause(void **state)
{
	struct world *w = *state;
	const struct group *a = group(w, "/system.slice/a.service");
	uint32_t top = group(w, "/system.slice")->slot;
	uint64_t again_usec;

	reading_plan_stir(&plan, top, STIR_EVENTS, START_USEC);
	assert_int_equal(reading_plan_look_below(&plan, START_USEC), 0);
	assert_true(plan.next_look_usec > START_USEC);
	fake_events(&w->fake, "/system.slice/a.service", 2);
	reading_plan_stir(&plan, top, STIR_EVENTS, START_USEC + 1);
	again_usec = reading_plan_look_below(&plan, START_USEC + 1);
	assert_true(again_usec > START_USEC + 1);
	assert_false(reading_plan_is_fresh(&plan, a, START_USEC + 1));
	/* It is not forgotten. */
	assert_int_equal(reading_plan_look_below(&plan, again_usec), 0);
	assert_true(reading_plan_is_fresh(&plan, a, again_usec));
}

static void put_stall(struct world *w, unsigned int total_usec)
{
	char text[128];

	snprintf(text, sizeof(text), "some avg10=0.00 total=%u\nfull avg10=0.00 total=%u\n",
		 total_usec, total_usec);
	fake_write(&w->fake, "/pods/one/memory.pressure", text);
}

static void who_stalls_below_a_top_is_found(void **state)
{
	struct world *w = *state;
	const struct group *one = group(w, "/pods/one");
	uint32_t top = group(w, "/pods")->slot;
	uint64_t now_usec = START_USEC;

	put_stall(w, 900);
	reading_plan_stir(&plan, top, STIR_STALL, now_usec);
	assert_int_equal(reading_plan_look_below(&plan, now_usec), 0);
	assert_false(reading_plan_is_fresh(&plan, one, now_usec));
	now_usec += USEC_PER_SEC;
	put_stall(w, 1900);
	reading_plan_stir(&plan, top, STIR_STALL, now_usec);
	assert_int_equal(reading_plan_look_below(&plan, now_usec), 0);
	assert_true(reading_plan_is_fresh(&plan, one, now_usec));
}

static void unwatched_tops_are_looked_below_in_turn(void **state)
{
	struct world *w = *state;
	const struct group *one = group(w, "/pods/one");

	plan.unwatched_look_usec = START_USEC + USEC_PER_SEC;
	fake_events(&w->fake, "/pods/one", 2);
	assert_int_equal(reading_plan_look_below(&plan, START_USEC), 0);
	assert_false(reading_plan_is_fresh(&plan, one, START_USEC));
	assert_int_equal(reading_plan_look_below(&plan, START_USEC + USEC_PER_SEC), 0);
	assert_true(reading_plan_is_fresh(&plan, one, START_USEC + USEC_PER_SEC));
}

static void a_limit_above_counts(void **state)
{
	struct world *w = *state;

	assert_true(reading_plan_is_limited(&plan, group(w, "/system.slice/a.service"), 1));
}

static bool pod_is_limited_after(struct world *w, uint64_t usec)
{
	return reading_plan_is_limited(&plan, group(w, "/pods/one"), START_USEC + usec);
}

static void limits_of_an_old_group_are_read_now_and_then(void **state)
{
	struct world *w = *state;

	assert_false(pod_is_limited_after(w, 0));
	assert_false(pod_is_limited_after(w, 60 * USEC_PER_SEC));
	fake_write(&w->fake, "/pods/memory.high", "4096\n");
	assert_false(pod_is_limited_after(w, 70 * USEC_PER_SEC));
	assert_true(pod_is_limited_after(w, 70 * USEC_PER_SEC + 1));
}

/* systemd makes the cgroup of a unit first. */
static void limits_of_a_new_group_are_looked_for(void **state)
{
	struct world *w = *state;

	assert_false(pod_is_limited_after(w, 0));
	assert_false(pod_is_limited_after(w, 100 * USEC_PER_MSEC));
	fake_write(&w->fake, "/pods/memory.high", "4096\n");
	assert_false(pod_is_limited_after(w, 200 * USEC_PER_MSEC));
	assert_true(pod_is_limited_after(w, 200 * USEC_PER_MSEC + 1));
}

static void a_limit_set_right_after_birth_counts_at_the_next_look(void **state)
{
	struct world *w = *state;

	assert_false(pod_is_limited_after(w, 0));
	fake_write(&w->fake, "/pods/memory.high", "4096\n");
	assert_true(pod_is_limited_after(w, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_stirred_nothing_is_looked_at, start, end),
		cmocka_unit_test_setup_teardown(who_moved_below_a_top_is_found, start, end),
		cmocka_unit_test_setup_teardown(looks_keep_a_pause, start, end),
		cmocka_unit_test_setup_teardown(who_stalls_below_a_top_is_found, start, end),
		cmocka_unit_test_setup_teardown(unwatched_tops_are_looked_below_in_turn, start,
						end),
		cmocka_unit_test_setup_teardown(a_limit_above_counts, start, end),
		cmocka_unit_test_setup_teardown(limits_of_an_old_group_are_read_now_and_then, start,
						end),
		cmocka_unit_test_setup_teardown(limits_of_a_new_group_are_looked_for, start, end),
		cmocka_unit_test_setup_teardown(
			a_limit_set_right_after_birth_counts_at_the_next_look, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
