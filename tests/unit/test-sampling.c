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

/* --- with the tripwire --- */

static struct course *course_with_tripwire(void)
{
	struct course *c = course_new();

	c->seen.machine.has |= MACHINE_HAS_TRIPWIRE;
	return c;
}

static const struct budget *budget_of(const struct course *c, uint32_t slot)
{
	for (size_t i = 0; i < c->decision.n_budgets; i++)
		if (c->decision.budgets[i].group_slot == slot)
			return &c->decision.budgets[i];
	return NULL;
}

static void a_budget_is_a_share_of_what_is_left(void **unused)
{
	struct group_state g = host_with(GIB, GIB / 2);
	struct profile p;

	profile_init(&p);
	assert_int_equal(sampling_budget(&p, &g), GIB / 2 / 25);
	/* never beyond the next threshold: 20 % of 1 GiB is medium */
	g = host_with(GIB, GIB / 5 + 5 * MIB);
	assert_in_range(sampling_budget(&p, &g), 5 * MIB, 5 * MIB + KIB);
	/* and never less than the least */
	g = host_with(GIB, GIB / 5);
	assert_int_equal(sampling_budget(&p, &g), p.budget_min_bytes);
	g = host_with(GIB, 0);
	g.judged_level = LEVEL_CRITICAL;
	assert_int_equal(sampling_budget(&p, &g), p.budget_min_bytes);
}

static void who_was_read_gets_a_budget(void **unused)
{
	struct course *c = course_with_tripwire();
	struct group_reading *limited, *gone;

	limited = course_add_group(c, 50 * MIB);
	limited->limit_bytes = 100 * MIB;
	course_add_group(c, 50 * MIB); /* without a limit */
	gone = course_add_group(c, 50 * MIB);
	gone->limit_bytes = 100 * MIB;
	gone->flags = GROUP_IS_GONE;
	course_step(c);
	assert_int_equal(c->decision.n_budgets, 2);
	assert_int_equal(budget_of(c, GROUP_SLOT_HOST)->bytes, GIB / 2 / 25);
	assert_int_equal(budget_of(c, 1)->bytes, 2 * MIB);
	assert_int_equal(budget_of(c, 1)->group_id, limited->id);
	/* the next step reads the host alone, the one after nobody */
	c->seen.n_groups = 0;
	course_step_after(c, SEC);
	assert_int_equal(c->decision.n_budgets, 1);
	c->seen.covers = 0;
	course_step_after(c, SEC);
	assert_int_equal(c->decision.n_budgets, 0);
	course_free(c);
}

static void without_the_tripwire_there_are_no_budgets(void **unused)
{
	struct course *c = course_new();

	course_add_group(c, 50 * MIB)->limit_bytes = 100 * MIB;
	course_step(c);
	assert_int_equal(c->decision.n_budgets, 0);
	course_free(c);
}

/* Nothing happens for ten minutes: a look a minute at the host alone, with any number of groups. */
static void idle_means_one_look_an_interval(void **unused)
{
	struct course *c = course_with_tripwire();
	const struct decision *d;
	uint64_t end_usec = c->seen.now_usec + 600 * SEC;
	uint32_t n_looks = 0;

	for (int i = 0; i < 10; i++) {
		struct group_reading *g = course_add_group(c, 50 * MIB);

		g->limit_bytes = i % 2 ? 64 * MIB : BYTES_UNLIMITED;
		course_add_module(c, g, 30 * MIB);
	}
	c->seen.machine.available_bytes = GIB / 4; /* close to medium, but nobody moves */
	d = course_step(c);
	while (c->seen.now_usec < end_usec) {
		assert_int_equal(d->attention, ATTENTION_HOST);
		assert_int_equal(d->wake_slack_usec, (d->wake_at_usec - c->seen.now_usec) / 4);
		c->seen.now_usec = d->wake_at_usec;
		c->seen.covers = OBSERVED_MACHINE;
		c->seen.n_groups = c->seen.n_modules = 0;
		d = course_step(c);
		n_looks++;
	}
	assert_int_equal(n_looks, 10);
	course_free(c);
}

static void a_level_is_looked_after_once_in_a_dwell_time(void **unused)
{
	struct course *c = course_with_tripwire();
	const struct decision *d;

	course_add_group(c, 90 * MIB)->limit_bytes = 100 * MIB;
	course_step(c);
	d = course_step_after(c, 600 * SEC); /* its ladder found nobody, and rests */
	assert_true(state_group(&c->state, 1, 1001)->level > LEVEL_LOW);
	d = course_step_after(c, 100 * MSEC);
	assert_in_range(d->wake_at_usec - c->seen.now_usec, 100 * MSEC, c->profile.dwell_usec);
	assert_true(d->attention >= ATTENTION_LIMITS && d->attention < ATTENTION_GROUPS);
	c->groups[0].current_bytes = 10 * MIB;
	for (int i = 0; i < 3; i++)
		course_step_after(c, c->decision.wake_at_usec - c->seen.now_usec);
	assert_int_equal(state_group(&c->state, 1, 1001)->level, LEVEL_LOW);
	assert_int_equal(c->decision.attention, ATTENTION_HOST);
	assert_int_equal(c->decision.wake_at_usec, c->seen.now_usec + c->profile.sampling_usec);
	course_free(c);
}

/* --- without it, while something grows --- */

/* A group of 128 MiB that took 2 MiB in 50 ms. */
static struct group_state grew(uint64_t left_bytes)
{
	struct group_state g = host_with(128 * MIB, left_bytes);

	g.slot = 1;
	consumption_add(&g.consumption, SEC, 0);
	consumption_add(&g.consumption, SEC + 50 * MSEC, 2 * MIB);
	return g;
}

static void growth_is_followed_closely(void **unused)
{
	struct group_state g = grew(100 * MIB);
	struct profile p;

	profile_init(&p);
	/* 100 MiB at 40 MiB/s: 2.5 s, a twenty-fifth of that is a tenth of a second */
	assert_int_equal(sampling_growing_sleep(&p, &g), 50 * MSEC);
	g = grew(30 * MIB);
	assert_int_equal(sampling_growing_sleep(&p, &g), 30 * MSEC);
	g = grew(2 * MIB);
	assert_int_equal(sampling_growing_sleep(&p, &g), 10 * MSEC);
	/* more than a minute is left, or it ended */
	g.shortage.headroom_bytes = 3 * GIB;
	assert_true(sampling_growing_sleep(&p, &g) == USEC_NEVER);
	g = grew(30 * MIB);
	consumption_add(&g.consumption, SEC + 100 * MSEC, 2 * MIB);
	assert_true(sampling_growing_sleep(&p, &g) == USEC_NEVER);
}

/* On a large host a group fills whose limit holds no module: the host's growth leads to it. */
static void a_limited_group_is_found_by_the_hosts_growth(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 10 * MIB);
	const struct decision *d;

	c->seen.machine.total_bytes = 64 * GIB;
	c->seen.machine.available_bytes = 60 * GIB;
	g->limit_bytes = 128 * MIB;
	course_step(c);
	c->seen.covers = OBSERVED_MACHINE;
	c->seen.n_groups = 0;
	c->seen.machine.available_bytes -= 4 * MIB;
	d = course_step_after(c, 10 * SEC);
	assert_int_equal(d->attention, ATTENTION_LIMITS);
	assert_int_equal(d->wake_at_usec, c->seen.now_usec + 50 * MSEC);
	/* it is read, and grows */
	c->seen.n_groups = 1;
	g->current_bytes = 14 * MIB;
	for (int i = 0; i < 4; i++, g->current_bytes += 2 * MIB)
		d = course_step_after(c, 50 * MSEC);
	assert_int_equal(d->attention, ATTENTION_LIMITS);
	assert_int_equal(d->wake_at_usec, c->seen.now_usec + 50 * MSEC);
	/* and ends */
	g->current_bytes -= 2 * MIB;
	d = course_step_after(c, 50 * MSEC);
	assert_true(d->wake_at_usec >= c->seen.now_usec + SEC);
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
		cmocka_unit_test(a_budget_is_a_share_of_what_is_left),
		cmocka_unit_test(who_was_read_gets_a_budget),
		cmocka_unit_test(without_the_tripwire_there_are_no_budgets),
		cmocka_unit_test(idle_means_one_look_an_interval),
		cmocka_unit_test(a_level_is_looked_after_once_in_a_dwell_time),
		cmocka_unit_test(growth_is_followed_closely),
		cmocka_unit_test(a_limited_group_is_found_by_the_hosts_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
