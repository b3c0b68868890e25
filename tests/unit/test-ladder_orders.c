/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How an order goes on when a rung gave too little. */

#include "tests/unit/course.h"

/* An order for 50 MiB from an idle cache of 100 MiB, which was just asked to shed. */
static struct course *ordered(void)
{
	struct course *c = course_new();
	struct group_reading *group = course_add_group(c, 150 * MIB);

	course_add_module(c, group, 100 * MIB)->last_used_usec -= 600 * SEC;
	course_step(c);
	course_order(c, 7, group, 50 * MIB, RUNG_UNLOAD);
	course_step_after(c, SEC);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	return c;
}

/* It gives that much at once, and steps follow until somebody is asked again. */
static const struct action *asked_after_giving(struct course *c, uint64_t bytes)
{
	c->groups[0].current_bytes -= bytes;
	c->modules[0].size_bytes -= bytes;
	course_answer(c, c->decision.actions[0].id, RESULT_PARTIAL, bytes);
	course_step_after(c, 10 * MSEC);
	for (int i = 0; i < 10 && c->decision.n_actions == 0; i++) {
		c->seen.now_usec = c->decision.wake_at_usec;
		course_step(c);
	}
	return c->decision.n_actions > 0 ? &c->decision.actions[0] : NULL;
}

static void as_long_as_a_rung_gives_it_is_repeated(void **unused)
{
	struct course *c = ordered();
	const struct action *next = asked_after_giving(c, 20 * MIB);

	assert_non_null(next);
	assert_int_equal(next->rung, RUNG_SHED);
	assert_int_equal(next->reason, REASON_ORDERED);
	assert_int_equal(next->bytes, 30 * MIB);
	course_free(c);
}

static void what_gives_hardly_anything_is_left_for_the_next_rung(void **unused)
{
	struct course *c = ordered();
	const struct action *next = asked_after_giving(c, 64 * KIB);

	assert_non_null(next);
	assert_int_equal(next->rung, RUNG_UNLOAD);
	assert_int_equal(next->reason, REASON_ORDERED);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_long_as_a_rung_gives_it_is_repeated),
		cmocka_unit_test(what_gives_hardly_anything_is_left_for_the_next_rung),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
