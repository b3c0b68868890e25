/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/course.h"

static const struct group_state *group_at(const struct course *c, uint32_t slot)
{
	return &c->state.groups[slot];
}

/* A group that is at 95 % of its limit with nothing to give back. */
static struct group_reading *add_short_group(struct course *c)
{
	struct group_reading *g = course_add_group(c, 95 * MIB);

	g->limit_bytes = 100 * MIB;
	return g;
}

static void own_limit_is_the_groups_own_level(void **unused)
{
	struct course *c = course_new();

	add_short_group(c);
	const struct decision *d = course_step(c);
	assert_int_equal(group_at(c, 1)->level, LEVEL_CRITICAL);
	assert_int_equal(group_at(c, 1)->attribution, ATTRIBUTION_OWN_LIMIT);
	assert_int_equal(course_host_level(c), LEVEL_LOW);
	assert_int_equal(d->n_level_changes, 1);
	assert_int_equal(d->level_changes[0].old_level, LEVEL_LOW);
	assert_int_equal(d->level_changes[0].new_level, LEVEL_CRITICAL);
	assert_int_equal(d->level_changes[0].reason, REASON_HEADROOM_LOW);
	assert_int_equal(d->level_changes[0].headroom_bytes, 5 * MIB);
	assert_int_equal(d->level_changes[0].episode_id, 1);
	assert_true(d->attention >= ATTENTION_LIMITS);
	course_free(c);
}

static void a_short_host_is_not_its_groups_level(void **unused)
{
	struct course *c = course_new();

	course_add_group(c, 100 * MIB);
	c->seen.machine.available_bytes = 20 * MIB;
	course_step(c);
	assert_int_equal(course_host_level(c), LEVEL_CRITICAL);
	assert_int_equal(state_host(&c->state)->attribution, ATTRIBUTION_HOST);
	assert_int_equal(group_at(c, 1)->level, LEVEL_LOW);
	course_free(c);
}

/* Those below a short slice show its level, but only the slice has the episode. */
static void groups_below_follow(void **unused)
{
	struct course *c = course_new();
	struct group_reading *slice, *service;

	service = course_add_group(c, 50 * MIB);
	slice = add_short_group(c); /* in a higher slot than the one below it */
	service->parent_slot = slice->slot;
	const struct decision *d = course_step(c);
	assert_int_equal(group_at(c, 1)->level, LEVEL_CRITICAL);
	assert_int_equal(group_at(c, 1)->episode.id, 0);
	assert_int_equal(group_at(c, 2)->episode.id, 1);
	assert_int_equal(d->n_level_changes, 2);
	assert_int_equal(d->level_changes[0].episode_id, 1);
	assert_int_equal(d->level_changes[1].episode_id, 1);
	for (size_t i = 0; i < 2; i++) /* the shortage is that of the one above */
		assert_int_equal(d->level_changes[i].is_news, d->level_changes[i].group_slot == 2);
	assert_int_equal(course_count(c, RUNG_WARN), 1);

	slice->current_bytes = 10 * MIB;
	course_step_after(c, SEC);
	assert_int_equal(group_at(c, 1)->level, LEVEL_CRITICAL);
	d = course_step_after(c, c->profile.dwell_usec);
	assert_int_equal(group_at(c, 1)->level, LEVEL_LOW);
	assert_int_equal(group_at(c, 2)->level, LEVEL_LOW);
	assert_int_equal(d->n_episodes, 1);
	course_free(c);
}

static void a_fall_needs_a_fresh_reading(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = add_short_group(c);

	course_step(c);
	g->current_bytes = 10 * MIB;
	course_step_after(c, SEC);
	c->seen.n_groups = 0; /* not listed any more */
	course_step_after(c, 10 * SEC);
	assert_int_equal(group_at(c, 1)->level, LEVEL_CRITICAL);
	c->seen.n_groups = 1;
	course_step_after(c, SEC);
	assert_int_equal(group_at(c, 1)->level, LEVEL_LOW);
	course_free(c);
}

static void unknown_readings_change_nothing(void **unused)
{
	struct course *c = course_new();

	c->seen.machine.available_bytes = 100 * MIB;
	course_step(c);
	assert_int_equal(course_host_level(c), LEVEL_HIGH);
	c->seen.machine.has = 0;
	const struct decision *d = course_step_after(c, 20 * SEC);
	assert_int_equal(course_host_level(c), LEVEL_HIGH);
	assert_int_equal(d->n_actions, 0);
	c->seen.machine.has = MACHINE_HAS_MEMORY;
	c->seen.machine.available_bytes = GIB / 2;
	course_step_after(c, SEC);
	assert_int_equal(course_host_level(c), LEVEL_HIGH);
	course_step_after(c, c->profile.dwell_usec);
	assert_int_equal(course_host_level(c), LEVEL_LOW);
	course_free(c);

	c = course_new();
	add_short_group(c);
	course_step(c);
	c->groups[0].has = GROUP_HAS_CURRENT; /* read, but not its limit */
	course_step_after(c, 20 * SEC);
	course_step_after(c, 20 * SEC);
	assert_int_equal(group_at(c, 1)->level, LEVEL_CRITICAL);
	course_free(c);
}

static void io_is_named_once_and_fades(void **unused)
{
	struct course *c = course_new();

	course_step(c);
	c->seen.machine.some_usec += 300 * MSEC;
	const struct decision *d = course_step_after(c, SEC);
	assert_int_equal(d->n_level_changes, 1);
	assert_int_equal(d->level_changes[0].reason, REASON_IO_ONLY);
	assert_int_equal(d->level_changes[0].attribution, ATTRIBUTION_IO);
	assert_int_equal(d->level_changes[0].new_level, LEVEL_LOW);
	c->seen.machine.some_usec += 300 * MSEC;
	d = course_step_after(c, SEC);
	assert_int_equal(d->n_level_changes, 0);
	d = course_step_after(c, SEC);
	assert_int_equal(state_host(&c->state)->attribution, ATTRIBUTION_IO);
	course_step_after(c, c->profile.dwell_usec);
	assert_int_equal(state_host(&c->state)->attribution, ATTRIBUTION_NONE);
	course_free(c);
}

/* A slice without a limit, and in it a service that is at its own. */
static struct group_reading *add_slice_above(struct course *c, struct group_reading *service)
{
	struct group_reading *slice = course_add_group(c, 100 * MIB);

	service->parent_slot = slice->slot;
	return slice;
}

static void a_slice_above_a_short_service_does_no_io(void **unused)
{
	struct course *c = course_new();
	struct group_reading *slice = add_slice_above(c, add_short_group(c));

	course_step(c);
	slice->some_usec += 500 * MSEC;
	c->seen.machine.some_usec += 500 * MSEC;
	course_step_after(c, SEC);
	assert_int_equal(group_at(c, 1)->level, LEVEL_CRITICAL);
	assert_int_equal(group_at(c, 2)->attribution, ATTRIBUTION_NONE);
	assert_int_equal(state_host(&c->state)->attribution, ATTRIBUTION_NONE);
	course_free(c);
}

/* Medium is short enough. */
static void a_slice_above_a_service_at_medium_does_no_io(void **unused)
{
	struct course *c = course_new();
	struct group_reading *service = course_add_group(c, 82 * MIB);
	struct group_reading *slice = add_slice_above(c, service);

	service->limit_bytes = 100 * MIB;
	course_step(c);
	slice->some_usec += 500 * MSEC;
	course_step_after(c, SEC);
	assert_int_equal(group_at(c, 1)->level, LEVEL_MEDIUM);
	assert_int_equal(group_at(c, 2)->attribution, ATTRIBUTION_NONE);
	course_free(c);
}

static void where_the_kernel_kills_there_is_no_io(void **unused)
{
	struct course *c = course_new();
	struct group_reading *service = course_add_group(c, 50 * MIB);
	struct group_reading *slice = add_slice_above(c, service);

	service->has |= GROUP_HAS_EVENTS;
	course_step(c);
	service->n_max = service->n_oom_kill = 1;
	service->some_usec += 500 * MSEC;
	slice->some_usec += 500 * MSEC;
	course_step_after(c, SEC);
	assert_int_equal(group_at(c, 1)->attribution, ATTRIBUTION_NONE);
	assert_int_equal(group_at(c, 2)->attribution, ATTRIBUTION_NONE);
	slice->some_usec += 5 * SEC;
	course_step_after(c, 10 * SEC); /* long after it */
	assert_int_equal(group_at(c, 2)->attribution, ATTRIBUTION_IO);
	course_free(c);
}

static void a_group_that_waits_for_the_host_says_so(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 100 * MIB);

	c->seen.machine.available_bytes = 100 * MIB;
	course_step(c);
	g->some_usec += 500 * MSEC;
	course_step_after(c, SEC);
	assert_int_equal(group_at(c, 1)->level, LEVEL_LOW);
	assert_int_equal(group_at(c, 1)->attribution, ATTRIBUTION_HOST);
	course_free(c);
}

/* With zram the host thrashes although swap is free: stalls with little available are believed. */
static void thrash_on_zram_is_seen(void **unused)
{
	struct course *c = course_new();

	c->seen.machine.has |= MACHINE_HAS_ZRAM;
	c->seen.machine.swap_total_bytes = c->seen.machine.swap_free_bytes = GIB;
	c->seen.machine.zram_total_bytes = c->seen.machine.zram_free_bytes = GIB;
	c->seen.machine.available_bytes = 60 * MIB;
	course_step(c);
	assert_int_equal(course_host_level(c), LEVEL_MEDIUM);
	c->seen.machine.some_usec += 600 * MSEC;
	c->seen.machine.full_usec += 350 * MSEC;
	const struct decision *d = course_step_after(c, SEC);
	assert_int_equal(course_host_level(c), LEVEL_CRITICAL);
	assert_int_equal(d->level_changes[0].signal, SIGNAL_STALL);
	course_free(c);
}

static void the_kernels_event_raises_to_high(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 75 * MIB);

	g->limit_bytes = 100 * MIB;
	course_step(c);
	assert_int_equal(group_at(c, 1)->level, LEVEL_LOW);
	g->n_max = 3;
	const struct decision *d = course_step_after(c, 100 * MSEC);
	assert_int_equal(group_at(c, 1)->level, LEVEL_HIGH);
	assert_int_equal(d->level_changes[0].signal, SIGNAL_EVENT);
	assert_int_equal(d->level_changes[0].reason, REASON_LIMIT_REACHED);
	course_free(c);
}

/* Going up and down across the threshold is one shortage: calm must last to count. */
static void calm_must_last_for_the_dwell_time(void **unused)
{
	struct course *c = course_new();

	for (int i = 0; i < 30; i++) {
		c->seen.machine.available_bytes = i % 2 ? GIB / 2 : 190 * MIB;
		course_step_after(c, 4 * SEC);
		assert_int_equal(course_host_level(c), LEVEL_MEDIUM);
	}
	assert_int_equal(state_host(&c->state)->episode.id, 1);
	course_step_after(c, 5 * SEC);
	assert_int_equal(course_host_level(c), LEVEL_LOW);
	course_free(c);
}

static void an_episode_keeps_its_peak(void **unused)
{
	struct course *c = course_new();

	c->seen.machine.available_bytes = 190 * MIB;
	course_step(c);
	c->seen.machine.available_bytes = 30 * MIB;
	course_step_after(c, SEC);
	c->seen.machine.available_bytes = GIB / 2;
	course_step_after(c, SEC);
	const struct decision *d = course_step_after(c, 5 * SEC);
	assert_int_equal(d->n_episodes, 1);
	assert_int_equal(d->episodes[0].peak_level, LEVEL_CRITICAL);
	assert_int_equal(d->episodes[0].duration_usec, 7 * SEC);
	c->seen.machine.available_bytes = 190 * MIB;
	course_step_after(c, SEC);
	assert_int_equal(state_host(&c->state)->episode.id, 2);
	course_free(c);
}

static void episodes_are_counted(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = add_short_group(c);

	course_step(c);
	assert_int_equal(c->state.n_episodes, 1);
	g->current_bytes = MIB;
	course_step_after(c, SEC);
	course_step_after(c, 10 * SEC);
	assert_int_equal(group_at(c, 1)->level, LEVEL_LOW);
	g->current_bytes = 95 * MIB;
	course_step_after(c, 10 * SEC);
	assert_int_equal(c->state.n_episodes, 2);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_limit_is_the_groups_own_level),
		cmocka_unit_test(a_short_host_is_not_its_groups_level),
		cmocka_unit_test(groups_below_follow),
		cmocka_unit_test(a_fall_needs_a_fresh_reading),
		cmocka_unit_test(unknown_readings_change_nothing),
		cmocka_unit_test(io_is_named_once_and_fades),
		cmocka_unit_test(a_slice_above_a_short_service_does_no_io),
		cmocka_unit_test(a_slice_above_a_service_at_medium_does_no_io),
		cmocka_unit_test(where_the_kernel_kills_there_is_no_io),
		cmocka_unit_test(a_group_that_waits_for_the_host_says_so),
		cmocka_unit_test(thrash_on_zram_is_seen),
		cmocka_unit_test(the_kernels_event_raises_to_high),
		cmocka_unit_test(calm_must_last_for_the_dwell_time),
		cmocka_unit_test(an_episode_keeps_its_peak),
		cmocka_unit_test(episodes_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
