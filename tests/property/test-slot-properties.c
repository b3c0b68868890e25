/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Slots are names, no more. The same walk is judged twice: as it is, and with every group and
 * module one slot further up, so that the first slots stay free. Both decisions must say the same.
 *
 *	PROPERTY_SEED=123 PROPERTY_WALKS=1 test-slot-properties
 */

#include "tests/property/walk.h"

#define WALKS_DEFAULT 500
#define STEPS	      120

static uint32_t up(uint32_t slot)
{
	return slot == SLOT_NONE ? slot : slot + 1;
}

static uint32_t group_up(uint32_t slot)
{
	return slot == GROUP_SLOT_HOST ? slot : up(slot);
}

/* What `course` sees, moved up by a slot, for `other`. */
static void mirror_observation(const struct course *course, struct course *other)
{
	const struct observation *seen = &course->seen;

	observation_clear(&other->seen, seen->now_usec);
	other->seen.covers = seen->covers;
	other->seen.machine = seen->machine;
	for (size_t i = 0; i < seen->n_groups; i++) {
		struct group_reading *group = observation_add_group(&other->seen);

		*group = seen->groups[i];
		group->slot = group_up(group->slot);
		group->parent_slot = group_up(group->parent_slot);
	}
	for (size_t i = 0; i < seen->n_modules; i++) {
		struct module_reading *module = observation_add_module(&other->seen);

		*module = seen->modules[i];
		module->slot = up(module->slot);
		module->group_slot = group_up(module->group_slot);
	}
	for (size_t i = 0; i < seen->n_outcomes; i++)
		*observation_add_outcome(&other->seen) = seen->outcomes[i];
	for (size_t i = 0; i < seen->n_orders; i++) {
		struct order *order = observation_add_order(&other->seen);

		*order = seen->orders[i];
		order->group_slot = group_up(order->group_slot);
	}
}

static void check_actions(const struct decision *a, const struct decision *b)
{
	CHECK(a->n_actions == b->n_actions);
	for (size_t i = 0; i < a->n_actions; i++) {
		struct action moved = a->actions[i];

		moved.group_slot = group_up(moved.group_slot);
		moved.module_slot = up(moved.module_slot);
		CHECK(memcmp(&moved, &b->actions[i], sizeof(moved)) == 0);
	}
	CHECK(a->n_finishes == b->n_finishes);
	for (size_t i = 0; i < a->n_finishes; i++) {
		CHECK(a->finishes[i].action.id == b->finishes[i].action.id);
		CHECK(a->finishes[i].result == b->finishes[i].result);
		CHECK(a->finishes[i].claimed_bytes == b->finishes[i].claimed_bytes);
		CHECK(a->finishes[i].measured_bytes == b->finishes[i].measured_bytes);
	}
}

static void check_reports(const struct decision *a, const struct decision *b)
{
	CHECK(a->n_level_changes == b->n_level_changes);
	for (size_t i = 0; i < a->n_level_changes; i++) {
		struct level_change moved = a->level_changes[i];

		moved.group_slot = group_up(moved.group_slot);
		CHECK(moved.group_slot == b->level_changes[i].group_slot);
		CHECK(moved.new_level == b->level_changes[i].new_level);
		CHECK(moved.reason == b->level_changes[i].reason);
		CHECK(moved.episode_id == b->level_changes[i].episode_id);
	}
	CHECK(a->n_rungs == b->n_rungs);
	for (size_t i = 0; i < a->n_rungs; i++) {
		CHECK(group_up(a->rungs[i].group_slot) == b->rungs[i].group_slot);
		CHECK(a->rungs[i].rung == b->rungs[i].rung);
		CHECK(a->rungs[i].reason == b->rungs[i].reason);
		CHECK(a->rungs[i].measured_bytes == b->rungs[i].measured_bytes);
	}
	CHECK(a->n_episodes == b->n_episodes);
	for (size_t i = 0; i < a->n_episodes; i++)
		CHECK(a->episodes[i].episode_id == b->episodes[i].episode_id);
	CHECK(a->n_orders == b->n_orders);
	for (size_t i = 0; i < a->n_orders; i++)
		CHECK(a->orders[i].measured_bytes == b->orders[i].measured_bytes);
}

static void check_same(const struct decision *a, const struct decision *b)
{
	check_actions(a, b);
	check_reports(a, b);
	CHECK(a->n_budgets == b->n_budgets);
	for (size_t i = 0; i < a->n_budgets; i++) {
		CHECK(group_up(a->budgets[i].group_slot) == b->budgets[i].group_slot);
		CHECK(a->budgets[i].bytes == b->budgets[i].bytes);
	}
	CHECK(a->n_brakes == b->n_brakes);
	for (size_t i = 0; i < a->n_brakes; i++) {
		CHECK(group_up(a->brakes[i].group_slot) == b->brakes[i].group_slot);
		CHECK(group_up(a->brakes[i].short_slot) == b->brakes[i].short_slot);
		CHECK(a->brakes[i].reason == b->brakes[i].reason);
		CHECK(a->brakes[i].until_usec == b->brakes[i].until_usec);
	}
	CHECK(a->wake_at_usec == b->wake_at_usec);
	CHECK(a->wake_slack_usec == b->wake_slack_usec);
	CHECK(a->attention == b->attention);
}

static uint64_t walk_twice(uint64_t seed)
{
	struct course *other = course_new();
	uint64_t n_actions = 0;
	struct world w;

	world_init(&w, seed, false);
	other->profile = w.course->profile;
	for (int i = 0; i < STEPS; i++) {
		if (i > 0) {
			next_moment(&w);
			drift_machine(&w);
			drift_groups(&w);
			drift_modules(&w);
			answer_due(&w);
		}
		if (chance(&w.dice, 3))
			course_order(w.course, w.next_id++, NULL, roll_below(&w.dice, 256 * MIB),
				     (enum rung)roll_below(&w.dice, N_RUNGS));
		mirror_observation(w.course, other);
		course_step(w.course);
		course_step(other);
		check_same(&w.course->decision, &other->decision);
		take_actions(&w, &w.course->decision);
		n_actions += w.course->decision.n_actions;
	}
	course_free(w.course);
	course_free(other);
	return n_actions;
}

static void a_slot_is_only_a_name(void **unused)
{
	const char *seed = getenv("PROPERTY_SEED"), *walks = getenv("PROPERTY_WALKS");
	uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
	uint64_t n_walks = walks ? strtoull(walks, NULL, 10) : WALKS_DEFAULT;
	uint64_t n_actions = 0;

	for (the_seed = first; the_seed < first + n_walks; the_seed++)
		n_actions += walk_twice(the_seed);
	/* A walk without actions tests little. */
	assert_true(n_walks < 100 || n_actions > n_walks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_is_only_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
