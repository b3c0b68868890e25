/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/course.h"

static struct group_reading *short_group(struct course *c)
{
	struct group_reading *group = course_add_group(c, 95 * MIB);

	group->limit_bytes = 100 * MIB;
	course_add_module(c, group, 50 * MIB);
	return group;
}

static bool has_ladder(const struct course *c, uint32_t group_slot)
{
	for (size_t i = 0; i < COURSE_LADDERS; i++)
		if (c->state.ladders[i].active && c->state.ladders[i].group_slot == group_slot)
			return true;
	return false;
}

static void the_last_slot_is_kept_for_the_host(void **unused)
{
	struct course *c = course_new();

	for (size_t i = 0; i < COURSE_LADDERS; i++)
		short_group(c);
	course_step(c);
	for (uint32_t slot = 1; slot <= COURSE_LADDERS; slot++) {
		const struct episode *episode = &c->state.groups[slot].episode;

		assert_true(episode->id != 0);
		assert_int_equal(has_ladder(c, slot), slot < COURSE_LADDERS);
		assert_int_equal(episode->has_ladder, slot < COURSE_LADDERS);
	}
	c->seen.machine.available_bytes = 50 * MIB;
	course_step_after(c, 10 * MSEC);
	assert_true(has_ladder(c, GROUP_SLOT_HOST));
	course_free(c);
}

/* One that had to wait gets its ladder as soon as another is over. */
static void a_group_without_a_ladder_gets_the_next_free_one(void **unused)
{
	struct course *c = course_new();
	const uint32_t last = COURSE_LADDERS;

	for (size_t i = 0; i < COURSE_LADDERS; i++)
		short_group(c);
	course_step(c);
	assert_false(has_ladder(c, last));
	c->groups[0].flags = GROUP_IS_GONE;
	course_step_after(c, 10 * MSEC);
	c->groups[0].flags = 0;
	c->groups[0].current_bytes = MIB;
	course_step_after(c, 10 * MSEC);
	assert_true(has_ladder(c, last));
	assert_true(c->state.groups[last].episode.has_ladder);
	course_free(c);
}

static void with_the_hosts_ladder_on_all_slots_are_taken(void **unused)
{
	struct course *c = course_new();

	c->seen.machine.available_bytes = 50 * MIB;
	for (size_t i = 0; i < COURSE_LADDERS; i++)
		short_group(c);
	course_step(c);
	assert_true(has_ladder(c, GROUP_SLOT_HOST));
	for (uint32_t slot = 1; slot <= COURSE_LADDERS; slot++)
		assert_int_equal(has_ladder(c, slot), slot < COURSE_LADDERS);
	course_free(c);
}

static void check_refused(const struct course *c, const struct order *order, enum reason reason)
{
	size_t n = 0;

	assert_int_equal(c->decision.n_orders, 1);
	assert_int_equal(c->decision.orders[0].order_id, order->id);
	assert_int_equal(c->decision.orders[0].measured_bytes, 0);
	for (size_t i = 0; i < c->decision.n_rungs; i++) {
		const struct rung_report *rung = &c->decision.rungs[i];

		if (rung->order_id != order->id)
			continue;
		assert_int_equal(rung->reason, reason);
		assert_int_equal(rung->group_slot, order->group_slot);
		assert_int_equal(rung->group_id, order->group_id);
		n++;
	}
	assert_int_equal(n, 1);
}

static void an_order_without_a_free_slot_is_refused_at_once(void **unused)
{
	struct course *c = course_new();

	for (size_t i = 0; i < COURSE_LADDERS - 1; i++)
		short_group(c);
	course_step(c);
	course_order(c, 77, &c->groups[1], 10 * MIB, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	check_refused(c, &c->orders[0], REASON_TOO_MANY);
	course_free(c);
}

static void an_order_for_a_group_that_is_gone_is_refused(void **unused)
{
	struct course *c = course_new();
	struct group_reading another = { .slot = 5, .id = 4711 };

	short_group(c);
	course_step(c);
	course_order(c, 78, &another, 10 * MIB, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	check_refused(c, &c->orders[0], REASON_GROUP_GONE);
	course_free(c);
}

/* Nobody waits for the answer of one that found no room; the rest of the step goes on. */
static void a_refusal_without_room_is_counted(void **unused)
{
	struct course *c = course_new();
	struct group_reading another = { .slot = 5, .id = 4711 };

	course_step(c);
	c->decision.max_rungs = c->decision.max_orders = 0;
	course_order(c, 79, &another, 10 * MIB, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(c->decision.n_dropped, 2);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_slot_is_kept_for_the_host),
		cmocka_unit_test(a_group_without_a_ladder_gets_the_next_free_one),
		cmocka_unit_test(with_the_hosts_ladder_on_all_slots_are_taken),
		cmocka_unit_test(an_order_without_a_free_slot_is_refused_at_once),
		cmocka_unit_test(an_order_for_a_group_that_is_gone_is_refused),
		cmocka_unit_test(a_refusal_without_room_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
