/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/workspace.h"
#include "tests/unit/course.h"

static const struct state_limits limits = {
	.max_groups = 3, .max_modules = 5, .max_ladders = 2, .max_requests = 7, .max_orders = 1
};

/* Writes a list whole, with its number: the next list must not be reached, nor the end. */
#define FILL(list, n, byte)  memset(list, byte, (n) * sizeof(*(list)))
#define HOLDS(list, n, byte) list_holds(list, (n) * sizeof(*(list)), byte)

static bool list_holds(const void *list, size_t size, char byte)
{
	const char *bytes = list;

	assert_int_equal((uintptr_t)list % 16, 0);
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

static void each_list_has_its_own_memory(void **unused)
{
	char *memory = malloc(workspace_size(&limits));
	struct observation seen = {};
	struct decision d = {};
	struct state s = {};

	assert_non_null(memory);
	workspace_lend(&limits, memory, &s, &seen, &d);
	FILL(seen.groups, seen.max_groups, 1);
	FILL(seen.modules, seen.max_modules, 2);
	FILL(seen.outcomes, seen.max_outcomes, 3);
	FILL(seen.orders, seen.max_orders, 4);
	FILL(d.actions, d.max_actions, 5);
	FILL(d.finishes, d.max_finishes, 6);
	FILL(d.level_changes, d.max_level_changes, 7);
	FILL(d.rungs, d.max_rungs, 8);
	FILL(d.episodes, d.max_episodes, 9);
	FILL(d.orders, d.max_orders, 10);
	FILL(d.budgets, d.max_budgets, 11);
	FILL(d.brakes, d.max_brakes, 12);
	FILL(s.groups, limits.max_groups, 13);
	FILL(s.modules, limits.max_modules, 14);
	FILL(s.ladders, limits.max_ladders, 15);
	FILL(s.requests, limits.max_requests, 16);
	assert_true(HOLDS(seen.groups, 3, 1) && HOLDS(seen.modules, 5, 2));
	assert_true(HOLDS(seen.outcomes, 7, 3) && HOLDS(seen.orders, 1, 4));
	assert_true(HOLDS(d.actions, 9, 5) && HOLDS(d.finishes, 7, 6));
	assert_true(HOLDS(d.level_changes, 3, 7) && HOLDS(d.rungs, 2 * N_RUNGS, 8));
	assert_true(HOLDS(d.episodes, 2, 9) && HOLDS(d.orders, 2, 10));
	assert_true(HOLDS(d.budgets, 3, 11) && HOLDS(d.brakes, 4, 12));
	assert_true(HOLDS(s.groups, 3, 13) && HOLDS(s.modules, 5, 14));
	assert_true(HOLDS(s.ladders, 2, 15) && HOLDS(s.requests, 7, 16));
	free(memory);
}

/* What lies there and how much is in use stays: that makes a copy. */
static void lending_again_loses_nothing(void **unused)
{
	struct course *c = course_new(), *copy;

	course_add_module(c, course_add_group(c, 30 * MIB), 20 * MIB);
	course_step(c);
	copy = course_copy(c);
	assert_int_equal(copy->seen.n_groups, 1);
	assert_int_equal(copy->groups[0].current_bytes, 30 * MIB);
	assert_int_equal(copy->state.modules[0].seen.size_bytes, 20 * MIB);
	assert_ptr_not_equal(copy->state.modules, c->state.modules);
	course_free(c);
	course_step_after(copy, SEC);
	assert_int_equal(copy->state.n_steps, 2);
	course_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_list_has_its_own_memory),
		cmocka_unit_test(lending_again_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
