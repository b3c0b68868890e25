/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/course.h"

static void what_finds_no_room_is_counted(void **unused)
{
	struct course *c = course_new();
	struct decision *d = &c->decision;

	d->max_actions = 1;
	memset(c->actions, 0xff, c->decision.max_actions * sizeof(*c->actions));
	assert_non_null(decision_add_action(d));
	assert_int_equal(c->actions[0].id, 0);
	assert_null(decision_add_action(d));
	assert_null(decision_add_action(d));
	assert_int_equal(d->n_dropped, 2);
	assert_non_null(decision_add_finish(d));
	assert_non_null(decision_add_level_change(d));
	assert_non_null(decision_add_rung(d));
	assert_non_null(decision_add_episode(d));
	assert_non_null(decision_add_order(d));
	assert_non_null(decision_add_budget(d));
	assert_non_null(decision_add_brake(d));
	decision_clear(d);
	assert_int_equal(d->n_actions + d->n_finishes + d->n_level_changes + d->n_rungs +
				 d->n_episodes + d->n_orders + d->n_budgets + d->n_brakes +
				 d->n_dropped,
			 0);
	assert_int_equal(d->wake_at_usec, USEC_NEVER);
	course_free(c);
}

/* A full list costs what found no room, and nothing else goes wrong. */
static void decide_lives_with_short_lists(void **unused)
{
	struct course *c = course_new();

	for (int i = 0; i < 3; i++)
		course_add_module(c, course_add_group(c, 60 * MIB), 50 * MIB);
	c->decision.max_actions = 2; /* the warning and one request */
	c->decision.max_level_changes = 0;
	c->seen.machine.available_bytes = 100 * MIB;
	const struct decision *d = course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	assert_true(d->n_dropped >= 2);
	assert_int_equal(c->state.ladders[0].n_open, 1);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(decide_lives_with_short_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
