/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/course.h"

/* A cache of 60 MiB in a group of 150 MiB, asked by an order for 15 MiB. */
static struct course *ordered(struct action *ret_action)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 150 * MIB);

	c->seen.machine.has |= MACHINE_HAS_TRIPWIRE; /* nothing else to wake for */
	course_add_module(c, g, 60 * MIB);
	course_step(c);
	course_order(c, 1, g, 15 * MIB, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	*ret_action = *course_action(c, RUNG_SHED, 0);
	return c;
}

/* The same by a shortage of the host. */
static struct course *short_host(struct action *ret_action)
{
	struct course *c = course_new();

	course_add_module(c, course_add_group(c, 150 * MIB), 60 * MIB);
	c->seen.machine.available_bytes = 110 * MIB;
	course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	*ret_action = *course_action(c, RUNG_SHED, 0);
	return c;
}

static const struct module_state *module_of(const struct course *c)
{
	return &c->state.modules[0];
}

/* It freed in another thread: the order waits a moment, and asks nobody for more. */
static void what_comes_late_fills_an_order(void **unused)
{
	struct action a;
	struct course *c = ordered(&a);
	const struct decision *d;

	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	d = course_step_after(c, 10 * MSEC);
	assert_int_equal(d->n_finishes + d->n_actions + d->n_orders, 0);
	assert_int_equal(d->wake_at_usec, c->seen.now_usec + 100 * MSEC);
	assert_true(d->attention >= ATTENTION_MODULES);
	c->groups[0].current_bytes -= 15 * MIB;
	d = course_step_after(c, 100 * MSEC);
	assert_int_equal(d->n_finishes, 1);
	assert_int_equal(d->finishes[0].measured_bytes, 15 * MIB);
	assert_int_equal(d->n_actions, 0);
	assert_int_equal(d->n_orders, 1);
	assert_int_equal(d->orders[0].measured_bytes, 15 * MIB);
	assert_in_range(module_of(c)->yield_bp, 9900, BP_ONE);
	assert_int_equal(module_of(c)->last_until_usec, 0);
	course_free(c);
}

static void a_liar_is_found_out_by_the_last_look(void **unused)
{
	struct action a;
	struct course *c = ordered(&a);

	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(module_of(c)->yield_bp, BP_ONE);
	assert_true(module_of(c)->last_until_usec > c->seen.now_usec); /* others first */
	course_step_after(c, 100 * MSEC);
	assert_int_equal(c->decision.n_finishes, 1); /* the order waits no longer */
	assert_int_equal(module_of(c)->yield_bp, BP_ONE);
	assert_true(c->decision.wake_at_usec <= c->seen.now_usec + 2400 * MSEC);
	course_step_after(c, 2400 * MSEC);
	assert_int_equal(module_of(c)->yield_bp, 0);
	assert_int_equal(module_of(c)->last_until_usec, c->seen.now_usec + c->profile.demote_usec);
	assert_int_equal(module_of(c)->measured_bytes, 0);
	assert_false(c->state.groups[1].booking);
	course_free(c);
}

/* The kernel gathers memory.stat every two seconds. */
static void what_the_kernel_tells_late_is_credited_late(void **unused)
{
	struct action a;
	struct course *c = short_host(&a);

	course_answer(c, a.id, RESULT_DONE, a.bytes);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(c->decision.n_finishes, 1); /* an episode's ladder does not wait */
	course_step_after(c, 100 * MSEC);
	c->groups[0].current_bytes -= a.bytes;
	course_step_after(c, 2400 * MSEC);
	assert_int_equal(module_of(c)->measured_bytes, a.bytes);
	assert_int_equal(c->state.measured_bytes, a.bytes);
	assert_int_equal(c->state.groups[1].given_bytes, a.bytes);
	assert_in_range(module_of(c)->yield_bp, 9900, BP_ONE);
	assert_int_equal(module_of(c)->last_until_usec, 0);
	course_free(c);
}

/* Its own answer first; the one in doubt gets what is left. */
static void an_answer_in_between_comes_first(void **unused)
{
	struct action a, b;
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 150 * MIB);

	course_add_module(c, g, 60 * MIB);
	course_step(c);
	course_order(c, 1, g, 20 * MIB, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	a = *course_action(c, RUNG_SHED, 0);
	course_answer(c, a.id, RESULT_DONE, 20 * MIB);
	course_step_after(c, 10 * MSEC);
	course_step_after(c, 100 * MSEC);
	assert_int_equal(module_of(c)->measured_bytes, 0);
	course_order(c, 2, g, 10 * MIB, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	b = *course_action(c, RUNG_SHED, 0);
	g->current_bytes -= 16 * MIB;
	course_answer(c, b.id, RESULT_DONE, b.bytes);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(c->decision.n_finishes, 1);
	assert_int_equal(c->decision.finishes[0].action.id, b.id);
	assert_int_equal(c->decision.finishes[0].measured_bytes, u64_min(b.bytes, 16 * MIB));
	assert_int_equal(module_of(c)->measured_bytes, 16 * MIB);
	course_free(c);
}

/* Under pressure the kernel drops file cache and swaps all the time: that is no merit of a liar. */
static void what_the_kernel_takes_is_not_credited_to_a_liar(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 150 * MIB);
	struct action a;

	g->has |= GROUP_HAS_USE | GROUP_HAS_SWAP;
	g->held_bytes = 100 * MIB;
	g->reclaimable_bytes = 50 * MIB;
	course_add_module(c, g, 60 * MIB);
	course_step(c);
	course_order(c, 1, g, 15 * MIB, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	a = *course_action(c, RUNG_SHED, 0);
	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	g->current_bytes -= 40 * MIB; /* 20 of file cache, 20 swapped out */
	g->held_bytes -= 20 * MIB;
	g->swap_bytes += 20 * MIB;
	course_step_after(c, 100 * MSEC);
	course_step_after(c, 2400 * MSEC);
	assert_int_equal(module_of(c)->measured_bytes, 0);
	assert_int_equal(module_of(c)->yield_bp, 0);
	course_free(c);
}

/* What falls while another one is asked may be what that one is about to claim. */
static void a_look_takes_nothing_from_one_that_is_being_asked(void **unused)
{
	struct action a, b;
	struct course *c = ordered(&a);

	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	course_step_after(c, 100 * MSEC);
	course_order(c, 2, &c->groups[0], 15 * MIB, RUNG_SHED);
	course_step_after(c, 2350 * MSEC);
	b = *course_action(c, RUNG_SHED, 0);
	c->groups[0].current_bytes -= b.bytes;
	course_step_after(c, 50 * MSEC); /* the last look at the first one */
	course_answer(c, b.id, RESULT_DONE, b.bytes);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(c->decision.finishes[0].measured_bytes, b.bytes);
	assert_int_equal(module_of(c)->measured_bytes, b.bytes);
	course_free(c);
}

static void a_group_that_cannot_be_read_is_not_waited_for(void **unused)
{
	struct action a;
	struct course *c = ordered(&a);

	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	c->seen.n_groups = 0;
	c->seen.covers &= ~(uint32_t)OBSERVED_GROUPS;
	course_step_after(c, 100 * MSEC);
	assert_int_equal(c->decision.n_finishes, 1);
	course_step_after(c, 2400 * MSEC);
	assert_true(c->decision.wake_at_usec > c->seen.now_usec + SEC);
	course_free(c);
}

/* Small claims, and those measured to nine tenths, are as before: nothing to look for. */
static void who_gave_what_it_claims_is_not_looked_at(void **unused)
{
	static const struct {
		uint64_t claimed_bytes, measured_bytes;
	} rows[] = {
		{ 15 * MIB, 14 * MIB },
		{ 15 * MIB, 20 * MIB },
		{ MIB - 1, 0 },
		{ 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct action a;
		struct course *c = short_host(&a);

		c->groups[0].current_bytes -= rows[i].measured_bytes;
		course_answer(c, a.id, RESULT_PARTIAL, rows[i].claimed_bytes);
		course_step_after(c, 10 * MSEC);
		assert_int_equal(c->decision.n_finishes, 1);
		assert_int_equal(c->state.requests[0].look_usec, 0);
		course_free(c);
	}
}

/* Requests in doubt give their place to new ones. */
static void doubts_fill_no_table(void **unused)
{
	struct action a;
	struct course *c = ordered(&a);

	for (uint64_t i = 0; i < 2 * COURSE_REQUESTS; i++) {
		course_answer(c, a.id, RESULT_DONE, a.bytes);
		course_step_after(c, 10 * MSEC);
		course_step_after(c, 100 * MSEC);
		course_step_after(c, c->profile.settle_usec); /* the order gives up */
		course_order(c, 2 + i, &c->groups[0], 15 * MIB, RUNG_SHED);
		course_step_after(c, 10 * MSEC);
		assert_int_equal(course_count(c, RUNG_SHED), 1);
		assert_int_equal(c->decision.n_dropped, 0);
		a = *course_action(c, RUNG_SHED, 0);
	}
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_late_fills_an_order),
		cmocka_unit_test(a_liar_is_found_out_by_the_last_look),
		cmocka_unit_test(what_the_kernel_tells_late_is_credited_late),
		cmocka_unit_test(an_answer_in_between_comes_first),
		cmocka_unit_test(what_the_kernel_takes_is_not_credited_to_a_liar),
		cmocka_unit_test(a_look_takes_nothing_from_one_that_is_being_asked),
		cmocka_unit_test(a_group_that_cannot_be_read_is_not_waited_for),
		cmocka_unit_test(who_gave_what_it_claims_is_not_looked_at),
		cmocka_unit_test(doubts_fill_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
