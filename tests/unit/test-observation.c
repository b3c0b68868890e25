/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/course.h"

static void entries_come_zeroed_until_the_list_is_full(void **unused)
{
	struct course *c = course_new();

	memset(c->groups, 0xff, c->seen.max_groups * sizeof(*c->groups));
	c->seen.max_groups = 2;
	assert_ptr_equal(observation_add_group(&c->seen), &c->groups[0]);
	assert_int_equal(c->groups[0].id, 0);
	assert_ptr_equal(observation_add_group(&c->seen), &c->groups[1]);
	assert_null(observation_add_group(&c->seen));
	assert_int_equal(c->seen.n_groups, 2);
	course_free(c);
}

static void clear_keeps_the_lent_arrays(void **unused)
{
	struct course *c = course_new();

	course_add_group(c, MIB);
	course_answer(c, 1, RESULT_DONE, MIB);
	course_order(c, 1, NULL, MIB, RUNG_SHED);
	observation_clear(&c->seen, 7);
	assert_int_equal(c->seen.now_usec, 7);
	assert_int_equal(c->seen.covers, 0);
	assert_int_equal(c->seen.machine.has, 0);
	assert_int_equal(
		c->seen.n_groups + c->seen.n_modules + c->seen.n_outcomes + c->seen.n_orders, 0);
	assert_non_null(observation_add_module(&c->seen));
	assert_non_null(observation_add_outcome(&c->seen));
	assert_non_null(observation_add_order(&c->seen));
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_come_zeroed_until_the_list_is_full),
		cmocka_unit_test(clear_keeps_the_lent_arrays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
