/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/goal.h"
#include "tests/unit/course.h"

static void goals_reach_the_leave_threshold_and_ahead(void **unused)
{
	struct profile p;
	struct shortage s = { .valid = true, .total_bytes = GIB, .available_bytes = 100 * MIB };

	profile_init(&p);
	/* 22.5 % of 1 GiB - 100, and a little, so that the level is left */
	assert_in_range(goal_missing(&p, &s, 0), 131 * MIB, 132 * MIB);
	assert_in_range(goal_missing(&p, &s, 50 * MIB), 281 * MIB, 282 * MIB); /* three seconds */
	s.available_bytes = 400 * MIB;
	assert_int_equal(goal_missing(&p, &s, 0), 0);
	assert_int_equal(goal_missing(&p, &s, 50 * MIB), 0); /* not yet */
	assert_in_range(goal_missing(&p, &s, 100 * MIB), 131 * MIB, 132 * MIB);
	assert_true(goal_missing(&p, &s, UINT64_MAX) > UINT64_MAX / 2);
}

static void a_batch_of_the_counters_is_no_miss(void **unused)
{
	assert_int_equal(goal_slack(100 * MIB), MIB);
	assert_int_equal(goal_slack(MIB), MIB / 4);
	assert_int_equal(goal_slack(0), 0);
}

static void an_order_is_met_within_a_tenth_or_a_block(void **unused)
{
	struct ladder l = { .order_id = 1, .order_bytes = 20 * MIB };

	assert_false(goal_order_is_met(&l));
	l.total_measured_bytes = 17 * MIB;
	assert_false(goal_order_is_met(&l));
	l.total_measured_bytes = 18 * MIB;
	assert_true(goal_order_is_met(&l));
	/* blocks of 4 MiB: what is missing is less than one */
	l.total_measured_bytes = 16 * MIB;
	l.step_bytes = 4 * MIB;
	assert_true(goal_order_is_met(&l));
	/* but one that has got nothing yet is not met by that */
	l = (struct ladder){ .order_id = 1, .order_bytes = 3 * MIB, .step_bytes = 26 * MIB };
	assert_false(goal_order_is_met(&l));
}

/* A claim counts only as far as the modules have shrunk. */
static void a_mere_claim_is_not_got(void **unused)
{
	struct ladder l = { .order_bytes = 20 * MIB, .total_claimed_bytes = 90 * MIB };

	assert_int_equal(goal_order_got(&l), 0);
	l.released_bytes = 15 * MIB;
	assert_int_equal(goal_order_got(&l), 15 * MIB);
	l.released_bytes = 200 * MIB;
	assert_int_equal(goal_order_got(&l), 90 * MIB);
	l.total_measured_bytes = 95 * MIB;
	assert_int_equal(goal_order_got(&l), 95 * MIB);
}

/* A claim that is not much more than what grew meanwhile proves nothing. */
static void a_claim_is_hidden_by_as_much_growth(void **unused)
{
	struct course *c = course_new();
	const struct ladder l = { .group_slot = course_add_group(c, 10 * MIB)->slot };
	struct step step = { .profile = &c->profile, .state = &c->state };

	course_step(c);
	step.now_usec = c->seen.now_usec;
	c->state.groups[l.group_slot].shortage.growth_bytes = 10 * MIB; /* in a second */
	assert_true(goal_is_hidden(&step, &l, 20 * MIB, step.now_usec - SEC));
	assert_false(goal_is_hidden(&step, &l, 20 * MIB + 2, step.now_usec - SEC));
	assert_false(goal_is_hidden(&step, &l, 20 * MIB, step.now_usec - SEC / 2));
	assert_false(goal_is_hidden(&step, &l, 0, step.now_usec - SEC));
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goals_reach_the_leave_threshold_and_ahead),
		cmocka_unit_test(a_batch_of_the_counters_is_no_miss),
		cmocka_unit_test(an_order_is_met_within_a_tenth_or_a_block),
		cmocka_unit_test(a_mere_claim_is_not_got),
		cmocka_unit_test(a_claim_is_hidden_by_as_much_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
