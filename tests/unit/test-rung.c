/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/rung.h"
#include "tests/unit/course.h"

static struct step step_of(struct course *c)
{
	struct step step = { &c->profile, &c->state, &c->seen, &c->decision, 0, false };

	course_step(c);
	decision_clear(&c->decision);
	step.now_usec = c->state.now_usec;
	return step;
}

static bool all;

static const struct ladder ladder = {
	.active = true,
	.episode_id = 5,
	.goal_bytes = 50 * MIB,
	.level = LEVEL_HIGH,
	.risen_level = LEVEL_CRITICAL,
	.next_reason = REASON_GOAL_MISSED,
};

static void a_request_names_all_it_is_about(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 100 * MIB);

	course_add_module(c, g, 100 * MIB);
	struct step step = step_of(c);
	assert_int_equal(rung_send(&step, &ladder, RUNG_SHED, &all), 1);
	const struct action *a = &c->actions[0];
	assert_true(a->id > 0);
	assert_int_equal(a->episode_id, 5);
	assert_int_equal(a->rung, RUNG_SHED);
	assert_int_equal(a->reason, REASON_GOAL_MISSED);
	assert_int_equal(a->level, LEVEL_HIGH);
	assert_int_equal(a->group_slot, g->slot); /* where the module is charged */
	assert_int_equal(a->group_id, g->id);
	assert_int_equal(a->module_id, 2001);
	assert_in_range(a->bytes, 50 * MIB, 50 * MIB + 20 * KIB);
	assert_in_range(a->ratio_bp, 5000, 5001);
	assert_int_equal(a->started_usec, step.now_usec);
	assert_int_equal(a->deadline_usec, step.now_usec + 500 * MSEC);
	course_free(c);
}

static void reclaim_names_the_group(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 100 * MIB);

	g->reclaimable_bytes = 25 * MIB;
	struct step step = step_of(c);
	assert_int_equal(rung_send(&step, &ladder, RUNG_RECLAIM, &all), 1);
	assert_int_equal(c->actions[0].module_slot, SLOT_NONE);
	assert_int_equal(c->actions[0].bytes, 25 * MIB);
	assert_int_equal(c->actions[0].ratio_bp, 2500);
	/* Still unanswered: not asked twice. */
	assert_int_equal(rung_send(&step, &ladder, RUNG_RECLAIM, &all), 0);
	course_free(c);
}

static void warn_asks_for_nothing(void **unused)
{
	struct course *c = course_new();
	struct step step = step_of(c);

	assert_true(rung_warn(&step, &ladder));
	assert_int_equal(c->actions[0].rung, RUNG_WARN);
	assert_int_equal(c->actions[0].bytes, 0);
	assert_int_equal(c->actions[0].level, LEVEL_CRITICAL);
	assert_int_equal(c->actions[0].module_slot, SLOT_NONE);
	assert_int_equal(rung_send(&step, &ladder, RUNG_NONE, &all), 0);
	course_free(c);
}

static void each_rung_says_what_it_needs_to_see(void **unused)
{
	struct course *c = course_new();
	struct step step = step_of(c);

	c->seen.covers = OBSERVED_MACHINE | OBSERVED_MODULES;
	assert_true(rung_is_covered(&step, RUNG_WARN));
	assert_true(rung_is_covered(&step, RUNG_SHED));
	assert_true(rung_is_covered(&step, RUNG_UNLOAD));
	assert_false(rung_is_covered(&step, RUNG_RECLAIM));
	assert_int_equal(rung_attention(RUNG_SHED), ATTENTION_MODULES);
	assert_int_equal(rung_attention(RUNG_RECLAIM), ATTENTION_GROUPS);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_names_all_it_is_about),
		cmocka_unit_test(reclaim_names_the_group),
		cmocka_unit_test(warn_asks_for_nothing),
		cmocka_unit_test(each_rung_says_what_it_needs_to_see),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
