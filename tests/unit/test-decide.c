/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The step as a whole: what must hold from an observation to its decision
 */

#include "tests/unit/course.h"

static void calm_sleeps_the_whole_interval(void **unused)
{
	struct course *c = course_new();

	c->seen.machine.total_bytes = 256 * GIB;
	c->seen.machine.available_bytes = 200 * GIB;
	const struct decision *d = course_step(c);
	assert_int_equal(d->n_actions, 0);
	assert_int_equal(d->n_level_changes, 0);
	assert_int_equal(d->wake_at_usec, c->seen.now_usec + c->profile.sampling_usec);
	assert_int_equal(d->wake_slack_usec, c->profile.sampling_usec / 4);
	assert_int_equal(d->attention, ATTENTION_MODULES); /* once an interval */
	course_free(c);
}

/* Three services with 100 MiB of cache, registered seconds ago, and a hog that takes 150 MiB more
 * than is free: all of it must fit, and the first request must come before 15 % is left. */
static void burst_fits_when_caches_answer(void **unused)
{
	struct course *c = course_new();
	struct group_reading *groups[3];
	struct module_reading *modules[3];
	struct action open[16];
	size_t n_open = 0;
	uint64_t free_bytes = 500 * MIB, hog_bytes = 0, first_request_free = 0;
	uint64_t started_usec = c->seen.now_usec, asked_usec = 0;

	for (int i = 0; i < 3; i++) {
		groups[i] = course_add_group(c, 110 * MIB);
		modules[i] = course_add_module(c, groups[i], 100 * MIB);
	}
	while (hog_bytes < 650 * MIB) {
		uint64_t freed = 300 * MIB;

		for (int i = 0; i < 3; i++)
			freed -= modules[i]->size_bytes;
		hog_bytes = (c->seen.now_usec - started_usec) * 50 * MIB / SEC;
		assert_true(hog_bytes < free_bytes + freed); /* else the kernel kills */
		c->seen.machine.available_bytes = free_bytes + freed - hog_bytes;
		const struct decision *d = course_step(c);

		for (size_t i = 0; i < d->n_actions; i++) {
			if (d->actions[i].module_slot == SLOT_NONE)
				continue;
			if (first_request_free == 0)
				first_request_free = c->seen.machine.available_bytes;
			assert_true(n_open < 16);
			open[n_open++] = d->actions[i];
			asked_usec = c->seen.now_usec;
		}
		c->seen.now_usec = d->wake_at_usec;
		if (n_open > 0 && d->wake_at_usec >= asked_usec + 20 * MSEC) {
			c->seen.now_usec = asked_usec + 20 * MSEC;
			while (n_open > 0) {
				const struct action *a = &open[--n_open];

				modules[a->module_slot]->size_bytes -= a->bytes;
				groups[a->module_slot]->current_bytes -= a->bytes;
				course_answer(c, a->id, RESULT_DONE, a->bytes);
			}
		}
	}
	assert_true(first_request_free > GIB * 15 / 100);
	course_free(c);
}

/* The same without registered services: each rung is tried or said to be skipped. */
static void unregistered_services_are_reclaimed_at_high(void **unused)
{
	struct course *c = course_new();

	for (int i = 0; i < 3; i++)
		course_add_group(c, 110 * MIB)->reclaimable_bytes = (20 + i) * MIB;
	c->seen.machine.available_bytes = 190 * MIB;
	course_step(c);
	assert_int_equal(course_host_level(c), LEVEL_MEDIUM);
	assert_int_equal(course_count(c, RUNG_WARN), 1);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_NOBODY_TO_ASK);
	assert_int_equal(course_rung(c, RUNG_UNLOAD)->reason, REASON_NOT_AT_THIS_LEVEL);
	assert_int_equal(course_count(c, RUNG_RECLAIM), 0);

	c->seen.machine.available_bytes = 90 * MIB;
	course_step_after(c, 100 * MSEC);
	assert_int_equal(course_host_level(c), LEVEL_HIGH);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_NOBODY_TO_ASK);
	assert_int_equal(course_rung(c, RUNG_UNLOAD)->reason, REASON_NOBODY_TO_ASK);
	assert_int_equal(course_count(c, RUNG_RECLAIM), 3);
	assert_int_equal(course_action(c, RUNG_RECLAIM, 0)->group_slot, 3);
	assert_int_equal(course_action(c, RUNG_RECLAIM, 0)->bytes, 22 * MIB);

	for (size_t i = 0; i < 3; i++)
		course_answer(c, course_action(c, RUNG_RECLAIM, i)->id, RESULT_DONE, 5 * MIB);
	for (int i = 0; i < 3; i++)
		c->groups[i].current_bytes -= 5 * MIB;
	course_step_after(c, 100 * MSEC);
	assert_int_equal(course_rung(c, RUNG_RECLAIM)->measured_bytes, 15 * MIB);
	assert_int_equal(course_rung(c, RUNG_RECLAIM)->reason, REASON_GOAL_MISSED);
	course_free(c);
}

static void container_io_at_its_limit_is_left_alone(void **unused)
{
	struct course *c = course_new();
	struct group_reading *pod = course_add_group(c, 256 * MIB);

	pod->limit_bytes = 256 * MIB;
	pod->reclaimable_bytes = 240 * MIB;
	course_add_module(c, pod, 8 * MIB);
	for (int i = 0; i < 40; i++) {
		const struct decision *d = course_step_after(c, 500 * MSEC);

		assert_int_equal(d->n_actions, 0);
		assert_int_equal(course_host_level(c), LEVEL_LOW);
		pod->n_max += 100;
		pod->some_usec += 300 * MSEC;
		c->seen.machine.some_usec += 200 * MSEC;
	}
	assert_int_equal(c->state.groups[1].attribution, ATTRIBUTION_IO);
	assert_int_equal(state_host(&c->state)->attribution, ATTRIBUTION_IO);
	course_free(c);
}

/* An event step brings the machine only: the ladder asks for the modules and waits one step. */
static void narrow_observation_is_widened_first(void **unused)
{
	struct course *c = course_new();

	course_add_module(c, course_add_group(c, 110 * MIB), 100 * MIB);
	course_step(c);
	c->seen.covers = OBSERVED_MACHINE;
	c->seen.machine.available_bytes = 190 * MIB;
	const struct decision *d = course_step_after(c, SEC);
	assert_int_equal(course_count(c, RUNG_WARN), 1);
	assert_int_equal(course_count(c, RUNG_SHED), 0);
	assert_int_equal(d->attention, ATTENTION_MODULES);
	assert_int_equal(d->wake_at_usec, c->seen.now_usec + 1);

	/* It does not spin when nobody widens it. */
	d = course_step_after(c, 1);
	assert_true(d->wake_at_usec >= c->seen.now_usec + 10 * MSEC);

	c->seen.covers |= OBSERVED_MODULES;
	course_step_after(c, 1);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	course_free(c);
}

static void calm_ends_episode_and_ladder(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 110 * MIB);
	struct module_reading *m = course_add_module(c, g, 100 * MIB);

	c->seen.machine.available_bytes = 190 * MIB;
	course_step(c);
	const struct action *a = course_action(c, RUNG_SHED, 0);
	assert_non_null(a);
	m->size_bytes -= a->bytes;
	g->current_bytes -= a->bytes;
	c->seen.machine.available_bytes = 400 * MIB;
	course_answer(c, a->id, RESULT_DONE, a->bytes);
	course_step_after(c, 50 * MSEC);
	assert_int_equal(course_host_level(c), LEVEL_MEDIUM);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_GOAL_MET);
	const struct decision *d = course_step_after(c, c->profile.dwell_usec);
	assert_int_equal(course_host_level(c), LEVEL_LOW);
	assert_int_equal(d->n_episodes, 1);
	assert_int_equal(d->episodes[0].peak_level, LEVEL_MEDIUM);
	assert_true(d->episodes[0].measured_bytes[RUNG_SHED] > 0);
	assert_int_equal(state_group_rung(&c->state, GROUP_SLOT_HOST), RUNG_NONE);
	course_free(c);
}

/* A deadline that passes after calm has come back is still told. */
static void open_request_outlives_its_episode(void **unused)
{
	struct course *c = course_new();

	course_add_module(c, course_add_group(c, 110 * MIB), 100 * MIB);
	c->profile.dwell_usec = 0;
	c->seen.machine.available_bytes = 190 * MIB;
	course_step(c);
	c->seen.machine.available_bytes = 400 * MIB;
	const struct decision *d = course_step_after(c, 100 * MSEC);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_CALM_AGAIN);
	assert_int_equal(d->n_episodes, 1);
	assert_true(d->wake_at_usec <= c->seen.now_usec + 400 * MSEC);
	d = course_step_after(c, 400 * MSEC);
	assert_int_equal(d->n_finishes, 1);
	assert_int_equal(d->finishes[0].result, RESULT_LATE);
	course_free(c);
}

static void time_never_goes_back(void **unused)
{
	struct course *c = course_new();

	course_step(c);
	uint64_t now_usec = c->seen.now_usec;
	c->seen.now_usec = 5;
	const struct decision *d = course_step(c);
	assert_int_equal(c->state.now_usec, now_usec);
	assert_true(d->wake_at_usec > now_usec);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calm_sleeps_the_whole_interval),
		cmocka_unit_test(burst_fits_when_caches_answer),
		cmocka_unit_test(unregistered_services_are_reclaimed_at_high),
		cmocka_unit_test(container_io_at_its_limit_is_left_alone),
		cmocka_unit_test(narrow_observation_is_widened_first),
		cmocka_unit_test(calm_ends_episode_and_ladder),
		cmocka_unit_test(open_request_outlives_its_episode),
		cmocka_unit_test(time_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
