/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/sampling.h"
#include "tests/unit/course.h"

static struct group_state host_with(uint64_t total_bytes, uint64_t available_bytes)
{
	return (struct group_state){ .shortage = {
					     .valid = true,
					     .total_bytes = total_bytes,
					     .available_bytes = available_bytes,
					     .headroom_bytes = available_bytes,
					     .time_left_usec = USEC_NEVER,
				     } };
}

/* Asleep plus the slack is never longer than the fastest fill takes to the threshold. */
static void nobody_crosses_a_threshold_unseen(void **unused)
{
	struct profile p;

	profile_init(&p);
	for (uint64_t gib = 1; gib < 512; gib = gib * 3 / 2 + 1) {
		for (uint64_t percent = 21; percent < 100; percent += 3) {
			struct group_state g = host_with(gib * GIB, gib * GIB * percent / 100);
			uint64_t threshold =
				u64_min(gib * GIB / 5, p.headroom_max_bytes[LEVEL_MEDIUM]);
			uint64_t distance = g.shortage.available_bytes - threshold;
			uint64_t longest = sampling_sleep(&p, &g) * 5 / 4;

			assert_true(longest <=
				    u64_max(distance * SEC / GIB + 2, p.sampling_min_usec * 5 / 4));
		}
	}
}

static void the_profile_bounds_the_sleep(void **unused)
{
	struct group_state g = host_with(256 * GIB, 200 * GIB);
	struct profile p;

	profile_init(&p);
	assert_int_equal(sampling_sleep(&p, &g), p.sampling_usec);
	g = host_with(GIB, GIB / 5);
	assert_int_equal(sampling_sleep(&p, &g), p.sampling_min_usec);
	g.shortage.valid = false;
	assert_int_equal(sampling_sleep(&p, &g), p.sampling_usec);
}

static void faster_growth_than_assumed_shortens_it(void **unused)
{
	struct group_state g = host_with(64 * GIB, 24 * GIB);
	struct profile p;

	profile_init(&p);
	assert_int_equal(sampling_sleep(&p, &g), 16 * SEC);
	g.shortage.growth_bytes = 4 * GIB;
	assert_int_equal(sampling_sleep(&p, &g), 4 * SEC);
}

static void above_low_the_next_level_counts(void **unused)
{
	struct group_state g = host_with(8 * GIB, 8 * GIB * 12 / 100);
	struct profile p;

	profile_init(&p);
	g.judged_level = LEVEL_MEDIUM; /* 2 % of 8 GiB to high */
	assert_in_range(sampling_sleep(&p, &g), 127 * MSEC, 132 * MSEC);
	g.judged_level = LEVEL_CRITICAL;
	assert_in_range(sampling_sleep(&p, &g), 700 * MSEC, 800 * MSEC);
}

static void a_limited_group_with_modules_is_watched(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g;

	c->seen.machine.total_bytes = 256 * GIB;
	c->seen.machine.available_bytes = 200 * GIB;
	g = course_add_group(c, 100 * MIB);
	g->limit_bytes = 2 * GIB;
	const struct decision *d = course_step(c);
	assert_int_equal(d->wake_at_usec, c->seen.now_usec + c->profile.sampling_usec);
	course_add_module(c, g, 50 * MIB);
	d = course_step_after(c, SEC);
	assert_in_range(d->wake_at_usec - c->seen.now_usec, SEC, 2 * SEC);
	assert_int_equal(d->attention, ATTENTION_MODULES);
	assert_true(d->wake_slack_usec > 0);
	course_free(c);
}

/* On a small host looks are frequent, but all modules are read only once an interval. */
static void modules_are_looked_at_once_an_interval(void **unused)
{
	struct course *c = course_new();
	const struct decision *d = course_step(c);
	uint32_t n_looks = 0, n_wide = 0;

	while (c->seen.now_usec < 1300 * SEC) { /* five minutes */
		c->seen.now_usec = d->wake_at_usec;
		c->seen.covers = OBSERVED_MACHINE;
		n_looks++;
		if (d->attention >= ATTENTION_MODULES) {
			c->seen.covers |= OBSERVED_MODULES;
			n_wide++;
		}
		d = course_step(c);
	}
	assert_true(n_looks > 100);
	assert_in_range(n_wide, 4, 6);
	course_free(c);
}

static void a_level_that_cannot_be_read_is_looked_after(void **unused)
{
	struct course *c = course_new();

	c->seen.machine.available_bytes = 100 * MIB;
	course_step(c);
	c->seen.machine.has = 0;
	const struct decision *d = course_step_after(c, SEC);
	assert_true(d->wake_at_usec <= c->seen.now_usec + c->profile.dwell_usec);
	course_free(c);
}

static void the_end_of_dwell_is_waited_for(void **unused)
{
	struct course *c = course_new();

	c->seen.machine.total_bytes = 256 * GIB;
	c->seen.machine.available_bytes = 3 * GIB;
	course_step(c);
	c->seen.machine.available_bytes = 200 * GIB;
	const struct decision *d = course_step_after(c, SEC);
	assert_int_equal(d->wake_at_usec, c->seen.now_usec + c->profile.dwell_usec);
	assert_int_equal(d->wake_slack_usec, 0);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_crosses_a_threshold_unseen),
		cmocka_unit_test(the_profile_bounds_the_sleep),
		cmocka_unit_test(faster_growth_than_assumed_shortens_it),
		cmocka_unit_test(above_low_the_next_level_counts),
		cmocka_unit_test(a_limited_group_with_modules_is_watched),
		cmocka_unit_test(modules_are_looked_at_once_an_interval),
		cmocka_unit_test(a_level_that_cannot_be_read_is_looked_after),
		cmocka_unit_test(the_end_of_dwell_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
