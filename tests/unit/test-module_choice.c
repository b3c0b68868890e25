/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/module_choice.h"
#include "tests/unit/course.h"

struct bench {
	struct course *c;
	struct group_reading *group;
	struct module_choice choices[MODULES_PER_CYCLE_MAX];
	bool all;
	bool excluded; /* somebody would qualify but for that */
};

static struct bench bench_new(void)
{
	struct bench b = { .c = course_new() };

	b.group = course_add_group(b.c, GIB);
	return b;
}

static struct module_reading *add(struct bench *b, uint64_t mib, uint64_t idle_usec)
{
	struct module_reading *m = course_add_module(b->c, b->group, mib * MIB);

	m->last_used_usec = b->c->seen.now_usec - idle_usec;
	return m;
}

static uint32_t choose_in(struct bench *b, uint32_t group_slot, enum rung rung, enum level level,
			  uint64_t goal_mib)
{
	struct course *c = b->c;
	struct step step = { &c->profile, &c->state, &c->seen, &c->decision, 0, false };
	const struct module_query query = { group_slot, rung, level, goal_mib * MIB };

	course_step(c);
	step.now_usec = c->state.now_usec;
	b->excluded = module_is_excluded(&step, &query);
	return module_choose(&step, &query, b->choices, &b->all);
}

static uint32_t choose(struct bench *b, enum rung rung, enum level level, uint64_t goal_mib)
{
	return choose_in(b, GROUP_SLOT_HOST, rung, level, goal_mib);
}

static void idle_before_large_before_cheap_before_kind(void **unused)
{
	struct bench b = bench_new();
	struct module_reading *m;

	add(&b, 400, 0);		     /* slot 0: large, but in use */
	add(&b, 100, 10 * USEC_PER_MIN);     /* slot 1 */
	add(&b, 10, 10 * USEC_PER_MIN);	     /* slot 2: small */
	m = add(&b, 120, 10 * USEC_PER_MIN); /* slot 3: as large as 1, but dear */
	m->reload_cost_usec = 30 * SEC;
	m = add(&b, 100, 10 * USEC_PER_MIN); /* slot 4: a model beside the cache 1 */
	m->kind = MODULE_MODEL;
	add(&b, 300, 60 * SEC); /* slot 5: idle, not for long */
	b.c->profile.modules_per_cycle[LEVEL_MEDIUM] = 6;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 2000), 6);
	assert_int_equal(b.choices[0].slot, 1);
	assert_int_equal(b.choices[1].slot, 4);
	assert_int_equal(b.choices[2].slot, 3);
	assert_int_equal(b.choices[3].slot, 2);
	assert_int_equal(b.choices[4].slot, 5);
	assert_int_equal(b.choices[5].slot, 0);
	course_free(b.c);
}

static void those_that_gave_nothing_let_others_go_first(void **unused)
{
	struct bench b = bench_new();

	add(&b, 400, 10 * USEC_PER_MIN);
	add(&b, 10, 0);
	course_step(b.c);
	b.c->state.modules[0].last_until_usec = b.c->seen.now_usec + 1;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 5), 1);
	assert_int_equal(b.choices[0].slot, 1);
	b.c->seen.now_usec++;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 5), 1);
	assert_int_equal(b.choices[0].slot, 0);
	course_free(b.c);
}

static void it_says_whether_anybody_is_left(void **unused)
{
	struct bench b = bench_new();

	add(&b, 100, 0);
	add(&b, 100, 0);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 50), 1);
	assert_false(b.all);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 150), 2);
	assert_true(b.all);
	b.c->state.modules[1].demoted_until_usec = UINT64_MAX;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 150), 1);
	assert_false(b.all); /* a demoted one may still be asked */
	course_free(b.c);
}

static void equal_merit_is_decided_by_id(void **unused)
{
	struct bench b = bench_new();

	add(&b, 100, 0)->id = 900;
	add(&b, 100, 0)->id = 800;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 10), 1);
	assert_int_equal(b.choices[0].slot, 1);
	course_free(b.c);
}

static void the_last_share_is_cut_to_the_goal(void **unused)
{
	struct bench b = bench_new();

	add(&b, 100, 0);
	add(&b, 100, 0);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 140), 2);
	assert_int_equal(b.choices[0].bytes, 100 * MIB);
	assert_int_equal(b.choices[0].ratio_bp, BP_ONE);
	assert_in_range(b.choices[1].bytes, 40 * MIB, 40 * MIB + 100 * KIB);
	assert_in_range(b.choices[1].ratio_bp, 4000, 4001);
	/* however little that is */
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 105), 2);
	assert_int_equal(b.choices[1].bytes, 5 * MIB);
	/* unload is all or nothing */
	for (size_t i = 0; i < 2; i++)
		b.c->modules[i].last_used_usec = 0;
	assert_int_equal(choose(&b, RUNG_UNLOAD, LEVEL_MEDIUM, 105), 2);
	assert_int_equal(b.choices[1].bytes, 100 * MIB);
	course_free(b.c);
}

static void only_those_able_and_willing_are_asked(void **unused)
{
	struct bench b = bench_new();

	add(&b, 100, 0)->flags = MODULE_CAN_UNLOAD;
	add(&b, 100, 0)->flags = MODULE_CAN_SHED | MODULE_IS_UNLOADED;
	add(&b, 0, 0);
	add(&b, 100, 0)->flags = MODULE_CAN_SHED | MODULE_IS_KEPT;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 0);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_HIGH, 1000), 1);
	assert_int_equal(b.choices[0].slot, 3);
	course_free(b.c);
}

static void unload_waits_for_the_idle_limit(void **unused)
{
	struct bench b = bench_new();
	struct module_reading *m = add(&b, 100, 140 * SEC);

	assert_int_equal(choose(&b, RUNG_UNLOAD, LEVEL_HIGH, 1000), 0);
	m->last_used_usec -= 10 * SEC; /* 150 s: half of five minutes */
	assert_int_equal(choose(&b, RUNG_UNLOAD, LEVEL_MEDIUM, 1000), 0);
	assert_int_equal(choose(&b, RUNG_UNLOAD, LEVEL_HIGH, 1000), 1);
	m->last_used_usec = b.c->seen.now_usec - 30 * SEC;
	assert_int_equal(choose(&b, RUNG_UNLOAD, LEVEL_HIGH, 1000), 0);
	assert_int_equal(choose(&b, RUNG_UNLOAD, LEVEL_CRITICAL, 1000), 1);
	m->idle_limit_usec = 20 * SEC; /* its own is shorter still */
	assert_int_equal(choose(&b, RUNG_UNLOAD, LEVEL_MEDIUM, 1000), 1);
	course_free(b.c);
}

static void a_severer_level_never_waits_longer(void **unused)
{
	struct module_reading m = { 0 };
	struct profile p;

	profile_init(&p);
	for (m.idle_limit_usec = 0; m.idle_limit_usec < 20 * USEC_PER_MIN;
	     m.idle_limit_usec += 7 * SEC) {
		uint64_t high = module_idle_limit(&p, &m, LEVEL_HIGH);

		assert_true(high <= module_idle_limit(&p, &m, LEVEL_MEDIUM));
		assert_true(module_idle_limit(&p, &m, LEVEL_CRITICAL) <= high);
	}
}

static void at_most_so_many_at_a_level(void **unused)
{
	struct bench b = bench_new();

	for (int i = 0; i < 12; i++)
		add(&b, 10, 0);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 5);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_HIGH, 1000), 8);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_CRITICAL, 1000), 10);
	course_free(b.c);
}

static void the_demoted_are_asked_when_nobody_else_is_left(void **unused)
{
	struct bench b = bench_new();

	add(&b, 100, 10 * USEC_PER_MIN);
	add(&b, 10, 0);
	course_step(b.c);
	b.c->state.modules[0].demoted_until_usec = b.c->seen.now_usec + 1;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 1);
	assert_int_equal(b.choices[0].slot, 1);
	b.c->state.modules[1].demoted_until_usec = b.c->seen.now_usec + 1;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 2);
	b.c->seen.now_usec++; /* the time is over */
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 2);
	course_free(b.c);
}

static void little_is_expected_of_liars(void **unused)
{
	struct bench b = bench_new();

	add(&b, 200, 0);
	add(&b, 50, 0);
	course_step(b.c);
	b.c->state.modules[0].yield_bp = 100; /* 2 of 200 MiB */
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 40), 1);
	assert_int_equal(b.choices[0].slot, 1);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 60), 2);
	assert_int_equal(b.choices[1].bytes, 10 * MIB); /* and no more is asked for all that */
	course_free(b.c);
}

static void a_groups_own_shortage_stays_inside(void **unused)
{
	struct bench b = bench_new();
	struct group_reading *other = course_add_group(b.c, GIB);
	struct group_reading *below = course_add_group(b.c, GIB);

	below->parent_slot = b.group->slot;
	course_add_module(b.c, other, 100 * MIB);
	course_add_module(b.c, below, 50 * MIB);
	assert_int_equal(choose_in(&b, b.group->slot, RUNG_SHED, LEVEL_MEDIUM, 1000), 1);
	assert_int_equal(b.choices[0].slot, 1);
	course_free(b.c);
}

/* Its memory is charged to no group that is known: nothing it gives could be measured. */
static void a_module_without_a_group_is_not_asked(void **unused)
{
	struct bench b = bench_new();
	struct group_reading *last = course_add_group(b.c, GIB);
	struct module_reading *module = course_add_module(b.c, b.group, 100 * MIB);

	course_add_module(b.c, last, 100 * MIB);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 2);
	b.group->flags = GROUP_IS_GONE; /* its slot is free, a later one is not */
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 1);
	assert_int_equal(b.choices[0].slot, 1);
	module->group_slot = COURSE_GROUPS + 1; /* none ever was there */
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 1);
	assert_int_equal(b.choices[0].slot, 1);
	course_free(b.c);
}

static void a_module_of_an_excluded_group_is_never_asked(void **unused)
{
	struct bench b = bench_new();
	struct group_reading *other = course_add_group(b.c, GIB);

	add(&b, 100, 10 * USEC_PER_MIN);
	b.group->flags = GROUP_IS_EXCLUDED;
	for (enum level level = LEVEL_MEDIUM; level < N_LEVELS; level++) {
		assert_int_equal(choose(&b, RUNG_SHED, level, 1000), 0);
		assert_true(b.excluded);
		assert_int_equal(choose(&b, RUNG_UNLOAD, level, 1000), 0);
		assert_true(b.excluded);
	}
	/* Not even for its own shortage, nor when it is the only one not demoted. */
	assert_int_equal(choose_in(&b, b.group->slot, RUNG_SHED, LEVEL_CRITICAL, 1000), 0);
	course_add_module(b.c, other, 50 * MIB);
	course_step(b.c);
	b.c->state.modules[1].demoted_until_usec = UINT64_MAX;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 1);
	assert_int_equal(b.choices[0].slot, 1);
	assert_true(b.all); /* nobody else is left to ask */
	b.group->flags = 0; /* the excluded one is the second */
	other->flags = GROUP_IS_EXCLUDED;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 1);
	assert_int_equal(b.choices[0].slot, 0);
	assert_true(b.excluded);
	other->flags = 0;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 1);
	assert_int_equal(b.choices[0].slot, 0);
	assert_false(b.excluded);
	course_free(b.c);
}

/* The later ones are asked only for what the earlier ones cannot give. */
static void the_lowest_priority_gives_first(void **unused)
{
	struct bench b = bench_new();
	struct group_reading *database = course_add_group(b.c, GIB);
	struct group_reading *batch = course_add_group(b.c, GIB);
	struct module_reading *in_use;

	database->priority = 10;
	batch->priority = -5;
	course_add_module(b.c, database, 400 * MIB)->last_used_usec = 0;
	add(&b, 60, 0);
	in_use = course_add_module(b.c, batch, 20 * MIB);
	in_use->last_used_usec = b.c->seen.now_usec;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 80), 2);
	assert_int_equal(b.choices[0].slot, 2);
	assert_int_equal(b.choices[1].slot, 1);
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 200), 3);
	assert_int_equal(b.choices[2].slot, 0);
	assert_in_range(b.choices[2].bytes, 120 * MIB, 121 * MIB);
	/* One that said it has nothing cannot keep the others from being asked. */
	b.c->state.modules[2].last_until_usec = UINT64_MAX;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 60), 1);
	assert_int_equal(b.choices[0].slot, 1);
	course_free(b.c);
}

/* One that reached its limit just now is idle, and comes before a larger one that did not yet. */
static void idle_begins_at_the_limit(void **unused)
{
	static const uint64_t limits_usec[] = { 5 * USEC_PER_MIN, 30 * SEC };

	for (size_t i = 0; i < 2; i++) {
		struct bench b = bench_new();

		add(&b, 100, limits_usec[i] - 1);
		add(&b, 10, limits_usec[i]);
		assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 2);
		assert_int_equal(b.choices[0].slot, 1);
		course_free(b.c);
	}
}

static void unload_begins_at_the_limit(void **unused)
{
	static const uint64_t limits_usec[] = {
		[LEVEL_MEDIUM] = 5 * USEC_PER_MIN,
		[LEVEL_HIGH] = 150 * SEC,
		[LEVEL_CRITICAL] = 30 * SEC,
	};

	for (enum level level = LEVEL_MEDIUM; level < N_LEVELS; level++) {
		struct bench b = bench_new();

		add(&b, 100, limits_usec[level] - 1);
		assert_int_equal(choose(&b, RUNG_UNLOAD, level, 1000), 0);
		b.c->modules[0].last_used_usec--;
		assert_int_equal(choose(&b, RUNG_UNLOAD, level, 1000), 1);
		course_free(b.c);
	}
}

static void a_demotion_is_over_at_its_end(void **unused)
{
	struct bench b = bench_new();

	add(&b, 100, 0);
	add(&b, 100, 0);
	course_step(b.c);
	b.c->state.modules[0].demoted_until_usec = b.c->seen.now_usec + 1;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 1);
	assert_int_equal(b.choices[0].slot, 1);
	b.c->state.modules[0].demoted_until_usec = b.c->seen.now_usec;
	assert_int_equal(choose(&b, RUNG_SHED, LEVEL_MEDIUM, 1000), 2);
	course_free(b.c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_before_large_before_cheap_before_kind),
		cmocka_unit_test(those_that_gave_nothing_let_others_go_first),
		cmocka_unit_test(it_says_whether_anybody_is_left),
		cmocka_unit_test(equal_merit_is_decided_by_id),
		cmocka_unit_test(the_last_share_is_cut_to_the_goal),
		cmocka_unit_test(only_those_able_and_willing_are_asked),
		cmocka_unit_test(unload_waits_for_the_idle_limit),
		cmocka_unit_test(a_severer_level_never_waits_longer),
		cmocka_unit_test(at_most_so_many_at_a_level),
		cmocka_unit_test(the_demoted_are_asked_when_nobody_else_is_left),
		cmocka_unit_test(little_is_expected_of_liars),
		cmocka_unit_test(a_groups_own_shortage_stays_inside),
		cmocka_unit_test(a_module_without_a_group_is_not_asked),
		cmocka_unit_test(a_module_of_an_excluded_group_is_never_asked),
		cmocka_unit_test(the_lowest_priority_gives_first),
		cmocka_unit_test(idle_begins_at_the_limit),
		cmocka_unit_test(unload_begins_at_the_limit),
		cmocka_unit_test(a_demotion_is_over_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
