/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/hysteresis.h"
#include "tests/unit/course.h"

static void rising_is_immediate(void **unused)
{
	assert_int_equal(hysteresis_step(LEVEL_LOW, 10 * SEC, LEVEL_CRITICAL, 10 * SEC, 5 * SEC),
			 LEVEL_CRITICAL);
}

static void falling_waits_for_the_dwell_time(void **unused)
{
	assert_int_equal(hysteresis_step(LEVEL_HIGH, 10 * SEC, LEVEL_LOW, 15 * SEC - 1, 5 * SEC),
			 LEVEL_HIGH);
	assert_int_equal(hysteresis_step(LEVEL_HIGH, 10 * SEC, LEVEL_LOW, 15 * SEC, 5 * SEC),
			 LEVEL_LOW);
	/* A level that changed "later" than now has not dwelt at all. */
	assert_int_equal(hysteresis_step(LEVEL_HIGH, 20 * SEC, LEVEL_LOW, 15 * SEC, 5 * SEC),
			 LEVEL_HIGH);
}

static void the_leave_threshold_is_for_those_inside(void **unused)
{
	assert_true(hysteresis_holds(LEVEL_MEDIUM, LEVEL_HIGH));
	assert_true(hysteresis_holds(LEVEL_HIGH, LEVEL_HIGH));
	assert_false(hysteresis_holds(LEVEL_CRITICAL, LEVEL_HIGH));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rising_is_immediate),
		cmocka_unit_test(falling_waits_for_the_dwell_time),
		cmocka_unit_test(the_leave_threshold_is_for_those_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
