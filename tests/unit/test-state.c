/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/group_tree.h"
#include "policies/state.h"
#include "tests/unit/course.h"

static void the_host_is_always_there(void **unused)
{
	struct course *c = course_new();

	assert_int_equal(state_host(&c->state)->level, LEVEL_LOW);
	assert_ptr_equal(state_group(&c->state, GROUP_SLOT_HOST, 4711), state_host(&c->state));
	assert_int_equal(state_group_rung(&c->state, GROUP_SLOT_HOST), RUNG_NONE);
	course_free(c);
}

static void slots_are_found_by_id(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, MIB);

	course_add_module(c, g, MIB);
	course_step(c);
	assert_non_null(state_group(&c->state, 1, 1001));
	assert_null(state_group(&c->state, 1, 1002));
	assert_null(state_group(&c->state, 1, 0));
	assert_null(state_group(&c->state, 2, 0));
	assert_null(state_group(&c->state, SLOT_NONE, 1001));
	assert_non_null(state_module(&c->state, 0, 2001));
	assert_null(state_module(&c->state, 0, 2002));
	assert_null(state_module(&c->state, SLOT_NONE, 2001));
	course_free(c);
}

static void inside_is_a_walk_up(void **unused)
{
	struct course *c = course_new();

	for (int i = 0; i < 3; i++)
		course_add_group(c, MIB);
	c->groups[1].parent_slot = 1;
	course_step(c);
	assert_true(group_tree_is_inside(&c->state, 2, 1));
	assert_true(group_tree_is_inside(&c->state, 1, 1));
	assert_false(group_tree_is_inside(&c->state, 1, 2));
	assert_false(group_tree_is_inside(&c->state, 3, 1));
	assert_true(group_tree_is_inside(&c->state, 3, GROUP_SLOT_HOST));
	c->groups[0].parent_slot = 2; /* a circle ends all the same */
	course_step_after(c, SEC);
	assert_false(group_tree_is_inside(&c->state, 2, 3));
	course_free(c);
}

static void each_group_has_its_own_rung(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 85 * MIB);

	g->limit_bytes = 100 * MIB;
	course_add_module(c, g, 50 * MIB);
	course_add_group(c, MIB);
	course_step(c);
	assert_int_equal(state_group_rung(&c->state, 1), RUNG_SHED);
	assert_int_equal(state_group_rung(&c->state, 2), RUNG_NONE);
	assert_int_equal(state_group_rung(&c->state, GROUP_SLOT_HOST), RUNG_NONE);
	course_free(c);
}

/* An order's ladder is not the group's. */
static void an_order_is_no_rung_of_the_group(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 85 * MIB);

	course_add_module(c, g, 50 * MIB);
	course_step(c);
	course_order(c, 7, g, 10 * MIB, RUNG_SHED);
	course_step_after(c, SEC);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	assert_int_equal(state_group_rung(&c->state, 1), RUNG_NONE);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_is_always_there),
		cmocka_unit_test(slots_are_found_by_id),
		cmocka_unit_test(inside_is_a_walk_up),
		cmocka_unit_test(each_group_has_its_own_rung),
		cmocka_unit_test(an_order_is_no_rung_of_the_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
