/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/course.h"

static struct course *asked_host(struct action *ret_action)
{
	struct course *c = course_new();

	course_add_module(c, course_add_group(c, 150 * MIB), 100 * MIB);
	c->seen.machine.available_bytes = 110 * MIB;
	course_step(c);
	*ret_action = *course_action(c, RUNG_SHED, 0);
	return c;
}

static void a_module_not_listed_is_gone(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	c->seen.n_modules = 0;
	c->seen.covers = OBSERVED_MACHINE; /* not all are listed: no news of it */
	assert_int_equal(course_step_after(c, 10 * MSEC)->n_finishes, 0);
	assert_non_null(state_module(&c->state, 0, 2001));
	c->seen.covers |= OBSERVED_MODULES;
	const struct decision *d = course_step_after(c, 10 * MSEC);
	assert_int_equal(d->n_finishes, 1);
	assert_int_equal(d->finishes[0].result, RESULT_GONE);
	assert_int_equal(d->finishes[0].action.id, a.id);
	assert_null(state_module(&c->state, 0, 2001));
	course_free(c);
}

/* Whichever request is its own, also when another one is older. */
static void the_request_of_the_one_that_is_gone_ends(void **unused)
{
	for (size_t gone = 0; gone < 2; gone++) {
		struct course *c = course_new();
		uint64_t action_id;

		for (size_t i = 0; i < 2; i++)
			course_add_module(c, course_add_group(c, 70 * MIB), 60 * MIB);
		c->seen.machine.available_bytes = 110 * MIB;
		course_step(c);
		assert_int_equal(course_count(c, RUNG_SHED), 2);
		action_id = c->state.modules[gone].open_action_id;
		if (gone == 0)
			c->modules[0] = c->modules[1];
		c->seen.n_modules = 1;
		course_step_after(c, 10 * MSEC);
		assert_int_equal(c->decision.n_finishes, 1);
		assert_int_equal(c->decision.finishes[0].action.id, action_id);
		assert_int_equal(c->decision.finishes[0].result, RESULT_GONE);
		course_free(c);
	}
}

static void the_last_answer_of_one_who_goes_is_booked(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	c->seen.n_modules = 0;
	c->groups[0].flags = GROUP_IS_GONE;
	c->groups[0].current_bytes -= 40 * MIB;
	course_answer(c, a.id, RESULT_DONE, 40 * MIB);
	const struct decision *d = course_step_after(c, 10 * MSEC);
	assert_int_equal(d->n_finishes, 1);
	assert_int_equal(d->finishes[0].result, RESULT_DONE);
	assert_int_equal(d->finishes[0].measured_bytes, 40 * MIB);
	assert_null(state_group(&c->state, 1, 1001));
	course_free(c);
}

static void a_slot_taken_by_another_starts_anew(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	c->state.modules[0].yield_bp = 100;
	c->modules[0].id = 2999;
	const struct decision *d = course_step_after(c, 10 * MSEC);
	assert_int_equal(d->finishes[0].result, RESULT_GONE);
	assert_null(state_module(&c->state, 0, 2001));
	assert_int_equal(state_module(&c->state, 0, 2999)->yield_bp, BP_ONE);
	/* an answer to the old one's request is nobody's */
	course_answer(c, a.id, RESULT_DONE, MIB);
	d = course_step_after(c, 10 * MSEC);
	for (size_t i = 0; i < d->n_finishes; i++)
		assert_int_not_equal(d->finishes[i].action.id, a.id);
	course_free(c);
}

static void a_group_that_goes_ends_its_episode(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 99 * MIB);

	g->limit_bytes = 100 * MIB;
	g->reclaimable_bytes = 2 * MIB;
	course_add_module(c, g, 50 * MIB);
	course_order(c, 9, g, GIB, RUNG_RECLAIM);
	course_step(c);
	assert_int_equal(c->state.groups[1].level, LEVEL_CRITICAL);
	g->flags = GROUP_IS_GONE;
	c->seen.n_modules = 0;
	const struct decision *d = course_step_after(c, 10 * MSEC);
	assert_null(state_group(&c->state, 1, 1001));
	assert_int_equal(d->n_episodes, 1);
	assert_int_equal(d->n_orders, 1);
	assert_int_equal(d->n_level_changes, 1);
	assert_int_equal(d->level_changes[0].reason, REASON_GROUP_GONE);
	assert_int_equal(d->level_changes[0].new_level, LEVEL_LOW);
	bool told = false;
	for (size_t i = 0; i < d->n_rungs; i++)
		told |= d->rungs[i].rung == RUNG_SHED && d->rungs[i].reason == REASON_GROUP_GONE;
	assert_true(told);
	for (uint32_t i = 0; i < COURSE_LADDERS; i++)
		assert_false(c->state.ladders[i].active);
	/* its slot serves the next one, from zero */
	*g = (struct group_reading){ .slot = 1, .id = 5000, .parent_slot = 0 };
	course_step_after(c, SEC);
	assert_int_equal(state_group(&c->state, 1, 5000)->level, LEVEL_LOW);
	course_free(c);
}

static void an_order_ends_with_its_group(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 100 * MIB);

	course_add_module(c, g, 50 * MIB);
	course_order(c, 9, g, GIB, RUNG_SHED);
	course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	g->flags = GROUP_IS_GONE;
	const struct decision *d = course_step_after(c, 10 * MSEC);
	assert_int_equal(d->n_orders, 1);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_GROUP_GONE);
	course_free(c);
}

static void readings_out_of_range_are_passed_over(void **unused)
{
	struct course *c = course_new();

	course_add_group(c, MIB)->slot = COURSE_GROUPS;
	course_add_group(c, MIB)->id = 0;
	course_add_module(c, &c->groups[0], MIB)->slot = COURSE_MODULES;
	course_add_module(c, &c->groups[0], MIB)->id = 0;
	course_step(c);
	assert_int_equal(c->state.n_groups_used, 1);
	assert_int_equal(c->state.n_modules_used, 0);
	course_free(c);
}

static void the_root_may_be_listed_among_the_groups(void **unused)
{
	struct course *c = course_new();
	struct group_reading *root = course_add_group(c, 0);

	root->slot = GROUP_SLOT_HOST;
	root->id = 1;
	root->parent_slot = SLOT_NONE;
	root->flags = GROUP_IS_GONE; /* nonsense: the host stays */
	c->seen.machine.available_bytes = 100 * MIB;
	course_step(c);
	assert_int_equal(course_host_level(c), LEVEL_HIGH);
	assert_int_equal(state_host(&c->state)->shortage.total_bytes, GIB);
	course_free(c);
}

/* A count that was not known before says nothing: it did not move from 0 to 5. */
static void a_count_that_was_unknown_did_not_move(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 50 * MIB);

	g->limit_bytes = 60 * MIB;
	g->has &= ~(uint32_t)GROUP_HAS_EVENTS;
	course_step(c);
	g->has |= GROUP_HAS_EVENTS;
	g->n_max = COUNT_UNKNOWN;
	course_step_after(c, SEC);
	assert_true(c->state.groups[1].seen.n_max == COUNT_UNKNOWN);
	g->n_max = 5;
	course_step_after(c, SEC);
	assert_false(c->state.groups[1].limit_hit);
	g->n_max = COUNT_UNKNOWN; /* once known, it stays where it was */
	course_step_after(c, SEC);
	assert_int_equal(c->state.groups[1].seen.n_max, 5);
	assert_false(c->state.groups[1].limit_hit);
	g->n_max = 6;
	course_step_after(c, SEC);
	assert_true(c->state.groups[1].limit_hit);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_not_listed_is_gone),
		cmocka_unit_test(the_request_of_the_one_that_is_gone_ends),
		cmocka_unit_test(the_last_answer_of_one_who_goes_is_booked),
		cmocka_unit_test(a_slot_taken_by_another_starts_anew),
		cmocka_unit_test(a_group_that_goes_ends_its_episode),
		cmocka_unit_test(an_order_ends_with_its_group),
		cmocka_unit_test(readings_out_of_range_are_passed_over),
		cmocka_unit_test(the_root_may_be_listed_among_the_groups),
		cmocka_unit_test(a_count_that_was_unknown_did_not_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
