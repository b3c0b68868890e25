/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/owed.h"
#include "tests/unit/course.h"

/* An answer to shed is due within half a second. */
static uint64_t wait_after(struct course *c, uint32_t group_slot, uint64_t pause_usec)
{
	struct step step = { .profile = &c->profile,
			     .state = &c->state,
			     .observation = &c->seen,
			     .decision = &c->decision,
			     .now_usec = c->seen.now_usec + pause_usec };

	return owed_wait_usec(&step, group_slot, c->seen.now_usec);
}

static void one_that_never_answered_takes_until_its_deadline(void **unused)
{
	struct course *c = course_new_asked(1, 100 * MIB);

	assert_int_equal(wait_after(c, GROUP_SLOT_HOST, 0), 500 * MSEC);
	assert_int_equal(wait_after(c, GROUP_SLOT_HOST, 100 * MSEC), 400 * MSEC);
	assert_int_equal(wait_after(c, GROUP_SLOT_HOST, 600 * MSEC), 600 * MSEC);
	course_free(c);
}

static void one_that_answered_before_takes_as_long_again(void **unused)
{
	struct course *c = course_new_asked(1, 100 * MIB);

	c->state.modules[0].last_latency_usec = 200 * MSEC;
	assert_int_equal(wait_after(c, GROUP_SLOT_HOST, 0), 200 * MSEC);
	assert_int_equal(wait_after(c, GROUP_SLOT_HOST, 150 * MSEC), 50 * MSEC);
	/* Longer than the last time: as long again as it has taken already. */
	assert_int_equal(wait_after(c, GROUP_SLOT_HOST, 200 * MSEC), 200 * MSEC);
	assert_int_equal(wait_after(c, GROUP_SLOT_HOST, 300 * MSEC), 300 * MSEC);
	course_free(c);
}

static void only_answers_from_inside_are_waited_for(void **unused)
{
	struct course *c = course_new_asked(1, 100 * MIB);
	struct group_reading *other = course_add_group(c, 10 * MIB);

	course_step_after(c, MSEC);
	assert_true(wait_after(c, 1, 0) > 0);
	assert_int_equal(wait_after(c, other->slot, 0), 0);
	course_free(c);
}

/* Nothing else happens: without that wake the order would be over a minute later. */
static void an_order_wakes_when_it_has_waited_for_a_late_answer(void **unused)
{
	struct course *c = course_new();
	struct group_reading *group = course_add_group(c, 150 * MIB);

	c->seen.machine.has |= MACHINE_HAS_TRIPWIRE;
	course_add_module(c, group, 100 * MIB);
	course_step(c);
	course_order(c, 7, group, 50 * MIB, RUNG_SHED);
	course_step_after(c, SEC);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	assert_int_equal(c->decision.wake_at_usec, c->seen.now_usec + 500 * MSEC);
	course_step_after(c, 500 * MSEC);
	assert_int_equal(c->decision.n_orders, 0);
	assert_true(c->decision.wake_at_usec <= c->seen.now_usec + c->profile.brake_hold_usec);
	for (int i = 0; i < 10 && c->decision.n_orders == 0; i++) {
		c->seen.now_usec = c->decision.wake_at_usec;
		course_step(c);
	}
	assert_int_equal(c->decision.n_orders, 1);
	assert_int_equal(c->decision.orders[0].order_id, 7);
	assert_true(c->decision.orders[0].duration_usec <= 500 * MSEC + c->profile.brake_hold_usec);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_never_answered_takes_until_its_deadline),
		cmocka_unit_test(one_that_answered_before_takes_as_long_again),
		cmocka_unit_test(only_answers_from_inside_are_waited_for),
		cmocka_unit_test(an_order_wakes_when_it_has_waited_for_a_late_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
