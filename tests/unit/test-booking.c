/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/course.h"

/* A host at medium that just asked one cache of 100 MiB in a group of 150 MiB. */
static struct course *asked_host(struct action *ret_action)
{
	struct course *c = course_new_asked(1, 100 * MIB);

	*ret_action = *course_action(c, RUNG_SHED, 0);
	return c;
}

static void an_answer_is_booked_with_claim_and_measure(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);
	const struct module_state *m = &c->state.modules[0];

	assert_int_equal(m->open_action_id, a.id);
	c->groups[0].current_bytes -= 60 * MIB;
	course_answer(c, a.id, RESULT_PARTIAL, 70 * MIB);
	c->outcomes[0].finished_usec += 30 * MSEC;
	const struct decision *d = course_step_after(c, 30 * MSEC);
	assert_int_equal(d->n_finishes, 1);
	assert_int_equal(d->finishes[0].result, RESULT_PARTIAL);
	assert_int_equal(d->finishes[0].claimed_bytes, 70 * MIB);
	assert_int_equal(d->finishes[0].measured_bytes, 60 * MIB);
	assert_int_equal(d->finishes[0].duration_usec, 30 * MSEC);
	assert_int_equal(m->claimed_bytes, 70 * MIB);
	assert_int_equal(m->measured_bytes, 60 * MIB);
	assert_int_equal(m->last_latency_usec, 30 * MSEC);
	assert_int_equal(c->state.measured_bytes, 60 * MIB);
	assert_int_equal(c->state.groups[1].given_bytes, 60 * MIB);
	assert_int_equal(state_host(&c->state)->given_bytes, 60 * MIB);
	course_free(c);
}

/* What stands behind the end of the list is of an earlier step. */
static void only_listed_answers_are_booked(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	course_answer(c, a.id, RESULT_DONE, 60 * MIB);
	c->seen.n_outcomes = 0;
	assert_int_equal(course_step_after(c, 30 * MSEC)->n_finishes, 0);
	assert_int_equal(c->state.modules[0].open_action_id, a.id);
	course_free(c);
}

static void honest_modules_move_slowly_and_liars_far(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	c->groups[0].current_bytes -= a.bytes / 2;
	course_answer(c, a.id, RESULT_PARTIAL, a.bytes / 2);
	course_step_after(c, 30 * MSEC);
	assert_in_range(c->state.modules[0].yield_bp, 8749, 8750); /* (3 + 1/2) / 4 */
	course_free(c);

	c = asked_host(&a);
	c->groups[0].current_bytes -= 2 * MIB;
	course_answer(c, a.id, RESULT_DONE, a.bytes);
	course_step_after(c, 30 * MSEC);
	assert_int_equal(c->state.modules[0].yield_bp, BP_ONE); /* it is looked at again */
	course_step_after(c, 100 * MSEC);
	course_step_after(c, 2400 * MSEC);
	assert_true(c->state.modules[0].yield_bp <= 300);
	course_free(c);
}

static void busy_is_not_held_against_anybody(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	course_answer(c, a.id, RESULT_BUSY, 0);
	course_step_after(c, 30 * MSEC);
	assert_int_equal(c->state.modules[0].yield_bp, BP_ONE);
	assert_int_equal(c->state.modules[0].last_until_usec,
			 c->seen.now_usec + c->profile.demote_usec);
	course_free(c);
}

static void late_is_told_once_and_demotes_doubling(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);
	const struct module_state *m = &c->state.modules[0];
	const struct decision *d = course_step_after(c, 500 * MSEC);

	assert_int_equal(d->n_finishes, 1);
	assert_int_equal(d->finishes[0].result, RESULT_LATE);
	assert_int_equal(m->open_action_id, 0);
	assert_int_equal(m->demoted_until_usec, c->seen.now_usec + c->profile.demote_usec);

	/* The answer that comes after all is kept for the record, and told to nobody again. */
	c->groups[0].current_bytes -= 50 * MIB;
	course_answer(c, a.id, RESULT_DONE, 50 * MIB);
	d = course_step_after(c, 100 * MSEC);
	assert_int_equal(d->n_finishes, 0);
	assert_int_equal(m->claimed_bytes, 50 * MIB);
	assert_int_equal(m->n_late_in_a_row, 1);
	course_free(c);
}

/* It still works on the first request: asked again it would only have more to do. */
static void who_owes_a_late_answer_is_not_asked_again_until_it_came(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);
	const struct module_state *m = &c->state.modules[0];

	course_step_after(c, 500 * MSEC);
	for (int i = 0; i < 40; i++)
		assert_int_equal(course_step_after(c, 100 * MSEC)->n_actions, 0);
	c->groups[0].current_bytes -= 30 * MIB;
	c->modules[0].size_bytes -= 30 * MIB;
	course_answer(c, a.id, RESULT_DONE, 30 * MIB);
	course_step_after(c, 100 * MSEC);
	assert_int_equal(m->last_latency_usec, 4500 * MSEC);
	assert_int_equal(m->owes_since_usec, 0);
	/* It gave: as after any cycle that did, the next one follows soon, and shed is not spent.
	 */
	course_step_after(c, c->profile.settle_usec);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	course_free(c);
}

/* As long as there are free slots, the answer of a late one is not given up for another request. */
static void a_late_answer_is_booked_after_another_request(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	course_step_after(c, 500 * MSEC);
	course_add_module(c, course_add_group(c, 150 * MIB), 100 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	assert_int_equal(course_action(c, RUNG_SHED, 0)->module_slot, 1);
	c->groups[0].current_bytes -= 30 * MIB;
	course_answer(c, a.id, RESULT_DONE, 30 * MIB);
	course_step_after(c, 100 * MSEC);
	assert_int_equal(c->state.modules[0].claimed_bytes, 30 * MIB);
	assert_int_equal(c->state.modules[0].owes_since_usec, 0);
	course_free(c);
}

/* Its group grew by more than it gave while it was late: it is asked again as soon as after a gift
 * that shows; but not after a lie. */
static void what_grew_does_not_hide_a_late_answer(void **unused)
{
	static const uint64_t growth[] = { MIB / 2, 0 };

	for (int hides = 1; hides >= 0; hides--) {
		struct course *c = course_new();
		struct action a;

		course_add_module(c, course_add_group(c, 150 * MIB), 100 * MIB);
		c->seen.machine.available_bytes = 190 * MIB;
		course_step(c);
		a = *course_action(c, RUNG_SHED, 0);
		for (int i = 0; i < 45; i++) {
			c->groups[0].current_bytes += growth[!hides];
			c->seen.machine.available_bytes -= growth[!hides];
			course_step_after(c, 100 * MSEC);
			assert_int_equal(c->decision.n_actions, 0);
		}
		course_answer(c, a.id, RESULT_DONE, 12 * MIB);
		if (hides) {
			c->groups[0].current_bytes -= 12 * MIB;
			c->modules[0].size_bytes -= 12 * MIB;
		}
		course_step_after(c, 100 * MSEC);
		course_step_after(c, c->profile.settle_usec);
		assert_int_equal(course_count(c, RUNG_SHED), hides);
		course_free(c);
	}
}

static void one_that_stays_silent_is_asked_again_after_hold(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	course_step_after(c, 500 * MSEC);
	course_step_after(c, c->profile.brake_hold_usec);
	c->seen.machine.available_bytes = 80 * MIB; /* high: everybody is tried again */
	course_step_after(c, MSEC);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	course_free(c);
}

static void what_came_late_is_told_with_the_episode(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	course_step_after(c, 500 * MSEC);
	c->groups[0].current_bytes -= 90 * MIB;
	c->seen.machine.available_bytes += 500 * MIB;
	course_answer(c, a.id, RESULT_DONE, 90 * MIB);
	course_step_after(c, SEC);
	assert_int_equal(state_host(&c->state)->episode.measured_bytes[RUNG_SHED], 90 * MIB);
	course_free(c);
}

/* The bus gives up after a while: that is no answer, and does not make it a new module. */
static void given_up_is_no_answer(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);
	const struct module_state *m = &c->state.modules[0];
	uint64_t late_usec;

	course_step_after(c, 500 * MSEC);
	late_usec = c->seen.now_usec;
	course_answer(c, a.id, RESULT_LATE, 0);
	course_step_after(c, 500 * MSEC);
	assert_int_equal(m->n_late, 1);
	assert_int_equal(m->last_latency_usec, 0);
	assert_int_equal(m->owes_since_usec, late_usec);
	course_free(c);
}

static void demotion_doubles_up_to_64_times(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);
	struct module_state *m = &c->state.modules[0];

	m->n_late_in_a_row = 3;
	course_step_after(c, 500 * MSEC);
	assert_int_equal(m->demoted_until_usec, c->seen.now_usec + 8 * c->profile.demote_usec);
	course_free(c);
	c = asked_host(&a);
	c->state.modules[0].n_late_in_a_row = 40;
	course_step_after(c, 500 * MSEC);
	assert_int_equal(c->state.modules[0].demoted_until_usec,
			 c->seen.now_usec + 64 * c->profile.demote_usec);
	course_free(c);
}

static void an_answer_with_the_deadline_is_in_time(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	course_answer(c, a.id, RESULT_NOTHING, 0);
	const struct decision *d = course_step_after(c, 500 * MSEC);
	assert_int_equal(d->n_finishes, 1);
	assert_int_equal(d->finishes[0].result, RESULT_NOTHING);
	assert_int_equal(c->state.modules[0].n_late, 0);
	course_free(c);
}

static void strange_answers_are_passed_over(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	course_answer(c, a.id + 1000, RESULT_DONE, GIB);
	course_answer(c, 0, RESULT_DONE, GIB);
	const struct decision *d = course_step_after(c, 10 * MSEC);
	assert_int_equal(d->n_finishes, 0);
	course_answer(c, a.id, (enum result)99, MIB);
	course_answer(c, a.id, RESULT_DONE, GIB); /* a second answer to the same */
	d = course_step_after(c, 10 * MSEC);
	assert_int_equal(d->n_finishes, 1);
	assert_int_equal(d->finishes[0].result, RESULT_FAILED);
	course_answer(c, a.id, RESULT_DONE, GIB);
	assert_int_equal(course_step_after(c, 10 * MSEC)->n_finishes, 0);
	course_free(c);
}

static void errors_are_passed_on(void **unused)
{
	struct action a;
	struct course *c = asked_host(&a);

	course_answer(c, a.id, RESULT_FAILED, 0);
	c->outcomes[0].error = -110;
	assert_int_equal(course_step_after(c, 10 * MSEC)->finishes[0].error, -110);
	course_free(c);
}

static void more_requests_than_slots_is_no_harm(void **unused)
{
	struct course *c = course_new();

	c->profile.modules_per_cycle[LEVEL_CRITICAL] = COURSE_REQUESTS + 4;
	for (int i = 0; i < COURSE_REQUESTS + 4; i++)
		course_add_module(c, course_add_group(c, 2 * MIB), MIB);
	c->seen.machine.available_bytes = 10 * MIB;
	const struct decision *d = course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), COURSE_REQUESTS);
	assert_int_equal(d->n_dropped, 4);
	course_step_after(c, 500 * MSEC); /* all late: their slots serve again */
	course_step_after(c, 500 * MSEC);
	assert_int_equal(c->state.n_late, COURSE_REQUESTS);
	course_free(c);
}

/* Measured beside another one's answer: "nothing" lowers what is expected, "busy" does not. */
static void nothing_lowers_the_yield_and_busy_does_not(void **unused)
{
	static const struct {
		enum result result;
		uint32_t yield_bp;
	} rows[] = {
		{ RESULT_NOTHING, BP_ONE * 3 / 4 },
		{ RESULT_BUSY, BP_ONE },
		{ RESULT_FAILED, BP_ONE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct course *c = course_new_asked(2, 60 * MIB);

		c->groups[0].current_bytes -= 30 * MIB;
		course_answer(c, c->state.modules[0].open_action_id, RESULT_PARTIAL, 30 * MIB);
		course_answer(c, c->state.modules[1].open_action_id, rows[i].result, 0);
		course_step_after(c, 10 * MSEC);
		assert_int_equal(c->state.modules[1].yield_bp, rows[i].yield_bp);
		course_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_booked_with_claim_and_measure),
		cmocka_unit_test(only_listed_answers_are_booked),
		cmocka_unit_test(honest_modules_move_slowly_and_liars_far),
		cmocka_unit_test(busy_is_not_held_against_anybody),
		cmocka_unit_test(late_is_told_once_and_demotes_doubling),
		cmocka_unit_test(who_owes_a_late_answer_is_not_asked_again_until_it_came),
		cmocka_unit_test(one_that_stays_silent_is_asked_again_after_hold),
		cmocka_unit_test(what_grew_does_not_hide_a_late_answer),
		cmocka_unit_test(what_came_late_is_told_with_the_episode),
		cmocka_unit_test(given_up_is_no_answer),
		cmocka_unit_test(demotion_doubles_up_to_64_times),
		cmocka_unit_test(an_answer_with_the_deadline_is_in_time),
		cmocka_unit_test(strange_answers_are_passed_over),
		cmocka_unit_test(errors_are_passed_on),
		cmocka_unit_test(more_requests_than_slots_is_no_harm),
		cmocka_unit_test(a_late_answer_is_booked_after_another_request),
		cmocka_unit_test(nothing_lowers_the_yield_and_busy_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
