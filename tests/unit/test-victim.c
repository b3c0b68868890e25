/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/victim.h"
#include "tests/unit/course.h"

static bool excluded_would_qualify;

static uint32_t choose(struct course *c, uint32_t group_slot, uint64_t goal_mib,
		       struct victim victims[VICTIMS_MAX])
{
	uint32_t n;
	bool all;
	struct step step = { &c->profile, &c->state, &c->seen, &c->decision, 0, false };

	course_step(c);
	step.now_usec = c->state.now_usec;
	n = victim_choose(&step, group_slot, goal_mib * MIB, victims, &all);
	excluded_would_qualify = victim_is_excluded(&step, group_slot);
	return n;
}

static struct group_reading *add(struct course *c, uint64_t current_mib, uint64_t cache_mib)
{
	struct group_reading *g = course_add_group(c, current_mib * MIB);

	g->reclaimable_bytes = cache_mib * MIB;
	return g;
}

static void the_largest_caches_come_first(void **unused)
{
	struct course *c = course_new();
	struct victim v[VICTIMS_MAX];

	add(c, 100, 10);
	add(c, 100, 40);
	add(c, 300, 20);
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 65, v), 3);
	assert_int_equal(v[0].slot, 2);
	assert_int_equal(v[0].bytes, 40 * MIB);
	assert_int_equal(v[1].slot, 3);
	assert_int_equal(v[1].bytes, 20 * MIB);
	assert_int_equal(v[2].slot, 1);
	assert_int_equal(v[2].bytes, 5 * MIB); /* the rest of the goal */
	course_free(c);
}

static void swap_makes_the_rest_takable(void **unused)
{
	struct course *c = course_new();
	struct victim v[VICTIMS_MAX];

	add(c, 100, 30);
	c->seen.machine.swap_total_bytes = c->seen.machine.swap_free_bytes = 50 * MIB;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 1);
	assert_int_equal(v[0].bytes, 80 * MIB);
	c->seen.machine.swap_free_bytes = 500 * MIB;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 1);
	assert_int_equal(v[0].bytes, 100 * MIB);
	course_free(c);
}

/* As a pod without swap on a node with it: what swapping would bring is not to be had from it. */
static void swap_counts_as_far_as_the_group_may_use_it(void **unused)
{
	struct course *c = course_new();
	struct victim v[VICTIMS_MAX];
	struct group_reading *slice = add(c, 300, 0), *g = add(c, 100, 30);

	g->parent_slot = slice->slot;
	c->seen.machine.swap_total_bytes = c->seen.machine.swap_free_bytes = 500 * MIB;
	slice->has |= GROUP_HAS_SWAP | GROUP_HAS_SWAP_LIMIT;
	slice->swap_limit_bytes = BYTES_UNLIMITED;
	g->has |= GROUP_HAS_SWAP | GROUP_HAS_SWAP_LIMIT;
	g->swap_limit_bytes = 50 * MIB;
	g->swap_bytes = 10 * MIB;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 1);
	assert_int_equal(v[0].bytes, 70 * MIB); /* its cache, and the rest of its own limit */
	slice->swap_limit_bytes = 30 * MIB;
	slice->swap_bytes = 25 * MIB;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 1);
	assert_int_equal(v[0].bytes, 35 * MIB); /* the one above leaves less */
	g->swap_limit_bytes = 0;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 1);
	assert_int_equal(v[0].bytes, 30 * MIB);
	g->reclaimable_bytes = 0;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 0);
	g->has &= ~(uint32_t)GROUP_HAS_SWAP_LIMIT; /* not known, as without swap in the kernel */
	slice->has &= ~(uint32_t)GROUP_HAS_SWAP_LIMIT;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 1);
	assert_int_equal(v[0].bytes, 100 * MIB);
	course_free(c);
}

static void the_protected_are_never_chosen(void **unused)
{
	struct course *c = course_new();
	struct victim v[VICTIMS_MAX];
	struct group_reading *slice = add(c, 500, 200), *child = add(c, 300, 100);

	child->parent_slot = slice->slot;
	child->flags = GROUP_IS_PROTECTED; /* nor reached through its slice */
	add(c, 100, 50)->flags = GROUP_IS_CONTEXT;
	add(c, 100, 50)->has &= ~(uint32_t)GROUP_HAS_CURRENT;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 0);
	child->flags = 0;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 1);
	assert_int_equal(v[0].slot, 2);
	course_free(c);
}

static void nothing_is_reclaimed_from_the_excluded(void **unused)
{
	struct course *c = course_new();
	struct victim v[VICTIMS_MAX];
	struct group_reading *slice = add(c, 500, 200), *child = add(c, 300, 100);

	child->parent_slot = slice->slot;
	child->flags = GROUP_IS_EXCLUDED; /* nor reached through its slice */
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 0);
	assert_true(excluded_would_qualify);
	child->flags |= GROUP_IS_PROTECTED; /* then the exclusion is not what saves it */
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 0);
	assert_false(excluded_would_qualify);
	child->flags = GROUP_IS_EXCLUDED;
	add(c, 100, 50);
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 1);
	assert_int_equal(v[0].slot, 3);
	course_free(c);
}

/* The largest cache is kept while those that give earlier suffice, and taken from when not. */
static void the_lowest_priority_is_reclaimed_from_first(void **unused)
{
	struct course *c = course_new();
	struct victim v[VICTIMS_MAX];

	add(c, 500, 400)->priority = 10;
	add(c, 100, 40);
	add(c, 100, 30)->priority = -100;
	add(c, 100, 40)->priority = 10;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 60, v), 2);
	assert_int_equal(v[0].slot, 3);
	assert_int_equal(v[1].slot, 2);
	assert_int_equal(v[1].bytes, 30 * MIB);
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 200, v), 3);
	assert_int_equal(v[2].slot, 1);
	assert_int_equal(v[2].bytes, 130 * MIB);
	course_free(c);
}

static void at_most_four_and_each_worth_it(void **unused)
{
	struct course *c = course_new();
	struct victim v[VICTIMS_MAX];

	for (int i = 0; i < 6; i++)
		add(c, 100, 10);
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 4);
	assert_int_equal(v[0].slot, 1); /* ties by id */
	for (int i = 0; i < 6; i++)
		c->groups[i].reclaimable_bytes = MIB - 1;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 0);
	course_free(c);
}

static void a_groups_own_shortage_stays_inside(void **unused)
{
	struct course *c = course_new();
	struct victim v[VICTIMS_MAX];

	add(c, 100, 10);
	add(c, 100, 80);
	assert_int_equal(choose(c, 1, 500, v), 1);
	assert_int_equal(v[0].slot, 1);
	course_free(c);
}

static void stale_readings_are_not_acted_on(void **unused)
{
	struct course *c = course_new();
	struct victim v[VICTIMS_MAX];

	add(c, 100, 10);
	course_step(c);
	c->seen.n_groups = 0;
	assert_int_equal(choose(c, GROUP_SLOT_HOST, 500, v), 0);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_caches_come_first),
		cmocka_unit_test(swap_makes_the_rest_takable),
		cmocka_unit_test(swap_counts_as_far_as_the_group_may_use_it),
		cmocka_unit_test(the_protected_are_never_chosen),
		cmocka_unit_test(nothing_is_reclaimed_from_the_excluded),
		cmocka_unit_test(the_lowest_priority_is_reclaimed_from_first),
		cmocka_unit_test(at_most_four_and_each_worth_it),
		cmocka_unit_test(a_groups_own_shortage_stays_inside),
		cmocka_unit_test(stale_readings_are_not_acted_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
