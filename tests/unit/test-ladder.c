/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/ladder.h"
#include "tests/unit/course.h"

/* A host at high with two services: a cache of 60 MiB each, idle for ten minutes. */
static struct course *short_host(void)
{
	struct course *c = course_new();

	for (int i = 0; i < 2; i++) {
		struct group_reading *g = course_add_group(c, 100 * MIB);

		g->reclaimable_bytes = 20 * MIB;
		course_add_module(c, g, 60 * MIB)->last_used_usec -= 10 * USEC_PER_MIN;
	}
	c->seen.machine.available_bytes = 90 * MIB;
	return c;
}

/* Answers all requests of a rung in the last decision; each gives that share of what was asked. */
static void answer_all(struct course *c, enum rung rung, uint32_t share_bp)
{
	for (size_t i = 0; i < c->decision.n_actions; i++) {
		const struct action *a = &c->decision.actions[i];
		uint64_t bytes = bytes_share(a->bytes, share_bp);

		if (a->rung != rung)
			continue;
		c->groups[a->group_slot - 1].current_bytes -= bytes;
		if (a->module_slot != SLOT_NONE)
			c->modules[a->module_slot].size_bytes -= bytes;
		course_answer(c, a->id, bytes ? RESULT_DONE : RESULT_NOTHING, bytes);
	}
}

static void a_miss_climbs_in_the_same_step(void **unused)
{
	struct course *c = short_host();

	course_step(c);
	assert_int_equal(state_group_rung(&c->state, GROUP_SLOT_HOST), RUNG_SHED);
	assert_int_equal(course_count(c, RUNG_SHED), 2);
	answer_all(c, RUNG_SHED, 5000);
	course_step_after(c, 50 * MSEC);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_GOAL_MISSED);
	assert_int_equal(course_rung(c, RUNG_SHED)->measured_bytes, 60 * MIB);
	assert_int_equal(course_count(c, RUNG_UNLOAD), 2);
	assert_int_equal(course_action(c, RUNG_UNLOAD, 0)->reason, REASON_GOAL_MISSED);
	answer_all(c, RUNG_UNLOAD, BP_ONE);
	course_step_after(c, 50 * MSEC);
	assert_int_equal(course_count(c, RUNG_RECLAIM), 2);
	course_free(c);
}

static void a_met_goal_rests_and_looks_again(void **unused)
{
	struct course *c = short_host();

	c->modules[0].size_bytes = 300 * MIB;
	c->groups[0].current_bytes = 310 * MIB;
	course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	answer_all(c, RUNG_SHED, BP_ONE);
	const struct decision *d = course_step_after(c, 50 * MSEC);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_GOAL_MET);
	assert_int_equal(d->n_actions, 0);
	assert_true(d->wake_at_usec <= c->seen.now_usec + c->profile.settle_usec);
	/* Somebody else took it all: a further cycle, from shed on. */
	course_step_after(c, c->profile.settle_usec);
	assert_int_equal(course_action(c, RUNG_SHED, 0)->reason, REASON_STILL_SHORT);
	course_free(c);
}

static void a_rung_without_effect_is_skipped_until_the_level_rises(void **unused)
{
	struct course *c = short_host();

	course_step(c);
	answer_all(c, RUNG_SHED, 0);
	course_step_after(c, 50 * MSEC);
	answer_all(c, RUNG_UNLOAD, 0);
	course_step_after(c, 50 * MSEC);
	answer_all(c, RUNG_RECLAIM, 2500);
	course_step_after(c, 50 * MSEC);
	assert_int_equal(state_group_rung(&c->state, GROUP_SLOT_HOST), RUNG_NONE);
	/* nothing from modules: the next cycle comes after twice the pause */
	const struct decision *d = course_step_after(c, c->profile.settle_usec);
	assert_int_equal(d->n_actions, 0);
	course_step_after(c, c->profile.settle_usec);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_NO_EFFECT_BEFORE);
	assert_int_equal(course_rung(c, RUNG_UNLOAD)->reason, REASON_NO_EFFECT_BEFORE);
	assert_int_equal(course_count(c, RUNG_SHED), 0);
	assert_int_equal(course_count(c, RUNG_RECLAIM), 2);
	answer_all(c, RUNG_RECLAIM, 2500);
	course_step_after(c, 50 * MSEC);

	c->seen.machine.available_bytes = 40 * MIB; /* critical: everything is tried again */
	course_step_after(c, 100 * MSEC);
	assert_int_equal(course_count(c, RUNG_WARN), 1);
	assert_int_equal(course_count(c, RUNG_SHED), 2);
	course_free(c);
}

/* One that gives nothing is no verdict on those that were not asked. */
static void a_rung_is_not_spent_while_others_are_left(void **unused)
{
	struct course *c = course_new();

	course_add_module(c, course_add_group(c, 300 * MIB), 200 * MIB);
	course_add_module(c, course_add_group(c, 100 * MIB), 90 * MIB);
	c->seen.machine.available_bytes = 190 * MIB;
	course_step(c);
	assert_int_equal(course_action(c, RUNG_SHED, 0)->module_slot, 0);
	course_answer(c, course_action(c, RUNG_SHED, 0)->id, RESULT_BUSY, 0);
	course_step_after(c, 50 * MSEC);
	course_step_after(c, 2 * c->profile.settle_usec);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	assert_int_equal(course_action(c, RUNG_SHED, 0)->module_slot, 1);
	course_free(c);
}

static void a_new_module_wakes_spent_rungs(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 100 * MIB);

	c->seen.machine.available_bytes = 190 * MIB;
	course_step(c);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_NOBODY_TO_ASK);
	course_add_module(c, g, 60 * MIB);
	course_step_after(c, 10 * MSEC); /* long before the pause is over */
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	course_free(c);
}

/* "Nobody to ask" would make an admin look for clients that are there. */
static void a_rung_says_that_all_are_excluded(void **unused)
{
	struct course *c = short_host();

	c->groups[0].flags = c->groups[1].flags = GROUP_IS_EXCLUDED;
	course_step(c);
	assert_int_equal(c->decision.n_actions, 1); /* the warning reaches them all the same */
	assert_int_equal(c->decision.actions[0].rung, RUNG_WARN);
	for (enum rung rung = RUNG_SHED; rung <= RUNG_RECLAIM; rung++)
		assert_int_equal(course_rung(c, rung)->reason, REASON_EXCLUDED);
	course_step_after(c, SEC);
	assert_null(course_rung(c, RUNG_SHED)); /* once a level */
	c->groups[0].flags = 0;
	course_step_after(c, 30 * SEC);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	assert_int_equal(course_action(c, RUNG_SHED, 0)->group_slot, 1);
	course_free(c);
}

static void skips_are_told_once_a_level(void **unused)
{
	struct course *c = course_new();
	size_t n_reports = 0;

	course_add_group(c, 100 * MIB);
	c->seen.machine.available_bytes = 190 * MIB;
	for (int i = 0; i < 100; i++)
		n_reports += course_step_after(c, SEC)->n_rungs;
	assert_int_equal(n_reports, 3); /* warn, shed: nobody, unload: not at this level */
	course_free(c);
}

static void fruitless_cycles_grow_rare(void **unused)
{
	struct course *c = short_host();
	size_t n_actions = 0;

	c->profile.max_rung[LEVEL_HIGH] = RUNG_SHED;
	for (int i = 0; i < 6000; i++) { /* ten minutes */
		n_actions += course_step_after(c, 100 * MSEC)->n_actions;
		answer_all(c, RUNG_SHED, 0);
	}
	assert_true(n_actions <= 3); /* the warning and one try of two modules */
	/* A rise of the level makes the ladder as quick again as it was at first. */
	c->profile.max_rung[LEVEL_CRITICAL] = RUNG_SHED;
	c->seen.machine.available_bytes = 40 * MIB;
	course_step_after(c, 100 * MSEC);
	assert_int_equal(course_count(c, RUNG_SHED), 2);
	answer_all(c, RUNG_SHED, 0);
	const struct decision *d = course_step_after(c, 50 * MSEC);
	assert_int_equal(c->state.ladders[0].next_cycle_usec,
			 c->seen.now_usec + 2 * c->profile.settle_usec);
	assert_int_equal(d->n_actions, 0);
	course_free(c);
}

static void late_modules_do_not_hold_the_ladder_up(void **unused)
{
	struct course *c = short_host();

	course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), 2);
	c->groups[0].current_bytes -= 60 * MIB;
	course_answer(c, course_action(c, RUNG_SHED, 0)->id, RESULT_DONE, 60 * MIB);
	const struct decision *d = course_step_after(c, 50 * MSEC);
	assert_int_equal(state_group_rung(&c->state, GROUP_SLOT_HOST), RUNG_SHED);
	assert_true(d->wake_at_usec <= c->state.ladders[0].deadline_usec);
	course_step_after(c, 450 * MSEC);
	assert_int_equal(course_rung(c, RUNG_SHED)->n_late, 1);
	assert_int_equal(course_rung(c, RUNG_SHED)->duration_usec, 500 * MSEC);
	assert_int_equal(state_group_rung(&c->state, GROUP_SLOT_HOST), RUNG_UNLOAD);
	course_free(c);
}

static void a_calm_level_in_its_dwell_time_asks_nobody(void **unused)
{
	struct course *c = short_host();

	course_step(c);
	answer_all(c, RUNG_SHED, 2500);
	c->seen.machine.available_bytes = GIB / 2;
	course_step_after(c, 50 * MSEC); /* missed, but nobody is short any more */
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_GOAL_MISSED);
	assert_int_equal(c->decision.n_actions, 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(course_step_after(c, 100 * MSEC)->n_actions, 0);
	assert_int_equal(course_host_level(c), LEVEL_HIGH);
	c->seen.machine.available_bytes = 90 * MIB; /* short again: the climb begins below */
	course_step_after(c, 100 * MSEC);
	assert_int_equal(course_count(c, RUNG_SHED), 2);
	course_free(c);
}

static void the_profile_ends_the_climb(void **unused)
{
	struct course *c = short_host();

	c->profile.max_rung[LEVEL_HIGH] = RUNG_WARN;
	course_step(c);
	assert_int_equal(c->decision.n_actions, 1);
	assert_int_equal(course_count(c, RUNG_WARN), 1);
	assert_int_equal(course_rung(c, RUNG_SHED)->reason, REASON_NOT_AT_THIS_LEVEL);
	course_free(c);
}

static void an_order_climbs_once_and_reports(void **unused)
{
	struct course *c = short_host();

	c->seen.machine.available_bytes = GIB / 2;
	course_order(c, 77, NULL, 140 * MIB, RUNG_RECLAIM);
	course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), 2);
	assert_int_equal(course_action(c, RUNG_SHED, 0)->reason, REASON_ORDERED);
	assert_int_equal(course_action(c, RUNG_SHED, 0)->order_id, 77);
	assert_int_equal(course_action(c, RUNG_SHED, 0)->episode_id, 0);
	answer_all(c, RUNG_SHED, BP_ONE);
	course_step_after(c, 50 * MSEC); /* 120 of 140: nobody is left to shed or unload */
	assert_int_equal(course_count(c, RUNG_RECLAIM), 1);
	assert_int_equal(course_action(c, RUNG_RECLAIM, 0)->bytes, 20 * MIB);
	answer_all(c, RUNG_RECLAIM, BP_ONE);
	const struct decision *d = course_step_after(c, 50 * MSEC);
	assert_int_equal(d->n_orders, 1);
	assert_int_equal(d->orders[0].order_id, 77);
	assert_int_equal(d->orders[0].measured_bytes, 140 * MIB);
	assert_int_equal(d->orders[0].duration_usec, 100 * MSEC);
	assert_int_equal(course_host_level(c), LEVEL_LOW);
	course_free(c);
}

static void an_order_stays_where_it_still_gives(void **unused)
{
	struct course *c = course_new();

	for (int i = 0; i < 8; i++)
		course_add_module(c, course_add_group(c, 20 * MIB), 10 * MIB);
	course_order(c, 77, NULL, 75 * MIB, RUNG_SHED);
	course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), 5); /* as many as at medium */
	answer_all(c, RUNG_SHED, BP_ONE);
	course_step_after(c, 50 * MSEC);
	assert_int_equal(course_count(c, RUNG_SHED), 3);
	answer_all(c, RUNG_SHED, BP_ONE);
	const struct decision *d = course_step_after(c, 50 * MSEC);
	assert_int_equal(d->n_orders, 1);
	assert_true(d->orders[0].measured_bytes >= 75 * MIB);
	course_free(c);
}

/* An order of that size against modules that give in blocks; returns what left them. */
static uint64_t order_blocks(uint64_t order_bytes, const uint64_t block_bytes[2],
			     uint64_t measured_share_bp)
{
	struct course *c = course_new();
	uint64_t given_bytes = 0;

	for (int i = 0; i < 2; i++)
		course_add_module(c, course_add_group(c, 120 * MIB), 104 * MIB);
	course_order(c, 77, NULL, order_bytes, RUNG_SHED);
	course_step(c);
	for (int i = 0; i < 100 && c->decision.n_orders == 0; i++) {
		size_t n = c->decision.n_actions;

		for (size_t k = 0; k < n; k++) {
			const struct action *a = &c->decision.actions[k];
			uint64_t block = block_bytes[a->module_slot];
			uint64_t bytes = (a->bytes + block - 1) / block * block;

			bytes = u64_min(bytes, c->modules[a->module_slot].size_bytes);
			c->modules[a->module_slot].size_bytes -= bytes;
			c->groups[a->group_slot - 1].current_bytes -=
				bytes_share(bytes, (uint32_t)measured_share_bp);
			course_answer(c, a->id, RESULT_DONE, bytes);
			given_bytes += bytes;
		}
		course_step_after(c, 50 * MSEC);
	}
	assert_int_equal(c->decision.n_orders, 1);
	course_free(c);
	return given_bytes;
}

static void an_order_gets_what_it_asked_for(void **unused)
{
	static const uint64_t blocks[][2] = { { 16 * KIB, 16 * KIB },
					      { 256 * KIB, 4 * MIB },
					      { 4 * MIB, 4 * MIB },
					      { 26 * MIB, 26 * MIB } };
	static const uint64_t orders[] = { MIB, 5 * MIB, 10 * MIB, 20 * MIB, 80 * MIB, 150 * MIB };
	/* All of it is measured; what the kernel keeps back in batches is not; nearly nothing is.
	 */
	static const uint64_t measured_bp[] = { BP_ONE, 9800, 10 };

	for (size_t b = 0; b < sizeof(blocks) / sizeof(blocks[0]); b++) {
		for (size_t o = 0; o < sizeof(orders) / sizeof(orders[0]); o++) {
			for (size_t m = 0; m < 3; m++) {
				uint64_t given = order_blocks(orders[o], blocks[b], measured_bp[m]);
				uint64_t block = u64_max(blocks[b][0], blocks[b][1]);

				assert_in_range(given + u64_max(orders[o] / 10, block), orders[o],
						orders[o] + 2 * u64_max(orders[o] / 10, block));
			}
		}
	}
}

/* One that lies lets the order go on with others, for no more than is missing. */
static void an_order_is_not_misled_by_a_lie(void **unused)
{
	struct course *c = course_new();
	uint64_t given_bytes = 0, asked_honest = 0;

	course_add_module(c, course_add_group(c, 300 * MIB), 200 * MIB);
	course_add_module(c, course_add_group(c, 120 * MIB), 100 * MIB);
	course_order(c, 77, NULL, 20 * MIB, RUNG_SHED);
	course_step(c);
	for (int i = 0; i < 100 && c->decision.n_orders == 0; i++) {
		for (size_t k = 0; k < c->decision.n_actions; k++) {
			const struct action *a = &c->decision.actions[k];

			assert_true(a->bytes <= 20 * MIB);
			course_answer(c, a->id, RESULT_DONE, a->bytes);
			if (a->module_slot == 0)
				continue;
			asked_honest += a->bytes;
			given_bytes += a->bytes;
			c->modules[1].size_bytes -= a->bytes;
			c->groups[1].current_bytes -= a->bytes;
		}
		course_step_after(c, 100 * MSEC);
	}
	assert_int_equal(c->decision.n_orders, 1);
	assert_int_equal(c->decision.orders[0].measured_bytes, given_bytes);
	assert_int_equal(asked_honest, 20 * MIB);
	course_free(c);
}

/* The kernel counts late: what is seen a moment later is not asked for again. */
static void an_order_waits_for_what_comes_back_late(void **unused)
{
	struct course *c = course_new();
	size_t n_requests = 0;

	course_add_module(c, course_add_group(c, 120 * MIB), 100 * MIB);
	course_order(c, 77, NULL, 20 * MIB, RUNG_SHED);
	course_step(c);
	n_requests += course_count(c, RUNG_SHED);
	course_answer(c, course_action(c, RUNG_SHED, 0)->id, RESULT_DONE, 20 * MIB);
	for (int i = 0; i < 30 && c->decision.n_orders == 0; i++) {
		course_step_after(c, 50 * MSEC);
		n_requests += course_count(c, RUNG_SHED);
		if (i == 4) { /* its size is told, and its memory freed, after the answer */
			c->modules[0].size_bytes -= 20 * MIB;
			c->groups[0].current_bytes -= 20 * MIB;
		}
	}
	assert_int_equal(c->decision.n_orders, 1);
	assert_int_equal(n_requests, 1);
	course_free(c);
}

/* Answered just before the deadline: the look that follows is waited for, not polled for. */
static void an_order_sleeps_until_it_looks_again(void **unused)
{
	struct course *c = course_new();

	course_add_module(c, course_add_group(c, 120 * MIB), 100 * MIB);
	course_order(c, 77, NULL, 20 * MIB, RUNG_SHED);
	course_step(c);
	course_answer(c, course_action(c, RUNG_SHED, 0)->id, RESULT_DONE, 20 * MIB);
	course_step_after(c, 450 * MSEC);
	course_step_after(c, 60 * MSEC);
	assert_int_equal(c->decision.wake_at_usec, c->seen.now_usec + 40 * MSEC);
	course_free(c);
}

/*
 * An order for 80 of two caches of 100 MiB each; the first one that is asked answers after
 * late_usec (USEC_NEVER: never), the other one at once. Returns: what left them until 5 s after its
 * end.
 */
static uint64_t order_beside_a_late_one(uint64_t late_usec, uint64_t *ret_duration_usec)
{
	struct course *c = course_new();
	uint64_t given_bytes = 0, end_usec = USEC_NEVER, asked_usec;
	struct action late;

	for (int i = 0; i < 2; i++)
		course_add_module(c, course_add_group(c, 120 * MIB), 100 * MIB);
	course_order(c, 77, NULL, 80 * MIB, RUNG_SHED);
	course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	late = *course_action(c, RUNG_SHED, 0);
	asked_usec = c->seen.now_usec;
	while (c->seen.now_usec < u64_add(end_usec, 5 * SEC)) {
		uint64_t pause_usec = c->decision.wake_at_usec - c->seen.now_usec;

		assert_true(c->seen.now_usec < asked_usec + 60 * SEC);
		course_step_after(c, u64_min(pause_usec, 20 * MSEC));
		for (size_t k = 0; k <= c->decision.n_actions; k++) {
			const struct action *a = k < c->decision.n_actions ? &c->decision.actions[k]
									   : &late;

			if (a == &late && (late.id == 0 || late_usec == USEC_NEVER ||
					   c->seen.now_usec < asked_usec + late_usec))
				continue;
			c->modules[a->module_slot].size_bytes -= a->bytes;
			c->groups[a->group_slot - 1].current_bytes -= a->bytes;
			given_bytes += a->bytes;
			course_answer(c, a->id, RESULT_DONE, a->bytes);
			if (a == &late)
				late.id = 0;
		}
		if (c->decision.n_orders == 0)
			continue;
		end_usec = c->seen.now_usec;
		*ret_duration_usec = c->decision.orders[0].duration_usec;
		assert_int_equal(c->decision.orders[0].measured_bytes, 80 * MIB);
	}
	course_free(c);
	return given_bytes;
}

static void a_late_answer_does_not_come_on_top_of_an_order(void **unused)
{
	static const uint64_t late_msec[] = { 20, 400, 600, 1000, 3000, 5400 };
	uint64_t duration_usec = 0;

	for (size_t i = 0; i < sizeof(late_msec) / sizeof(late_msec[0]); i++) {
		assert_int_equal(order_beside_a_late_one(late_msec[i] * MSEC, &duration_usec),
				 80 * MIB);
		assert_in_range(duration_usec, late_msec[i] * MSEC, (late_msec[i] + 100) * MSEC);
	}
}

/* A module that stays silent holds an order up for its deadline and Hold=, then others are asked.
 */
static void a_silent_module_keeps_no_order_from_others(void **unused)
{
	uint64_t duration_usec = 0;

	assert_int_equal(order_beside_a_late_one(USEC_NEVER, &duration_usec), 80 * MIB);
	assert_in_range(duration_usec, 5500 * MSEC, 5700 * MSEC);
}

/* However many stay silent, an order waits as long as Hold= for all of them. */
static void silent_modules_hold_an_order_up_once(void **unused)
{
	struct course *c = course_new();

	for (int i = 0; i < 12; i++)
		course_add_module(c, course_add_group(c, 20 * MIB), 10 * MIB);
	course_order(c, 77, NULL, 120 * MIB, RUNG_SHED);
	course_step(c);
	for (int i = 0; i < 1000 && c->decision.n_orders == 0; i++)
		course_step_after(c, 20 * MSEC);
	assert_int_equal(c->decision.n_orders, 1); /* after four rungs, each with its deadline */
	assert_in_range(c->decision.orders[0].duration_usec, 6500 * MSEC, 7500 * MSEC);
	course_free(c);
}

static void an_order_that_cannot_be_served_is_refused_at_once(void **unused)
{
	struct course *c = course_new();
	struct group_reading gone = { .slot = 7, .id = 4711 };

	course_order(c, 77, &gone, MIB, RUNG_SHED);
	const struct decision *d = course_step(c);
	assert_int_equal(d->n_orders, 1);
	assert_int_equal(d->orders[0].measured_bytes, 0);
	assert_int_equal(d->rungs[0].reason, REASON_GROUP_GONE);

	for (uint64_t i = 0; i < COURSE_LADDERS; i++)
		course_order(c, 100 + i, NULL, MIB, RUNG_SHED);
	c->seen.covers = OBSERVED_MACHINE; /* they wait for a wider observation */
	d = course_step_after(c, SEC);
	assert_int_equal(d->n_orders, 1); /* the last slot is kept for the host's episode */
	assert_int_equal(d->rungs[0].reason, REASON_TOO_MANY);
	course_free(c);
}

/* More short groups than ladders: the host has its place, the others take turns. */
static void the_host_has_preference(void **unused)
{
	struct course *c = course_new();
	uint32_t n_with = 0;

	for (int i = 0; i < COURSE_LADDERS + 2; i++)
		course_add_group(c, 100 * MIB)->limit_bytes = 101 * MIB;
	course_step(c);
	for (uint32_t i = 0; i < COURSE_LADDERS; i++)
		assert_true(!c->state.ladders[i].active ||
			    c->state.ladders[i].group_slot != GROUP_SLOT_HOST);
	c->seen.machine.available_bytes = 10 * MIB;
	course_step_after(c, SEC);
	for (uint32_t i = 0; i < COURSE_LADDERS; i++)
		n_with += c->state.ladders[i].active &&
			  c->state.ladders[i].group_slot == GROUP_SLOT_HOST;
	assert_int_equal(n_with, 1);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_miss_climbs_in_the_same_step),
		cmocka_unit_test(a_met_goal_rests_and_looks_again),
		cmocka_unit_test(a_rung_without_effect_is_skipped_until_the_level_rises),
		cmocka_unit_test(a_rung_is_not_spent_while_others_are_left),
		cmocka_unit_test(a_new_module_wakes_spent_rungs),
		cmocka_unit_test(a_rung_says_that_all_are_excluded),
		cmocka_unit_test(skips_are_told_once_a_level),
		cmocka_unit_test(fruitless_cycles_grow_rare),
		cmocka_unit_test(late_modules_do_not_hold_the_ladder_up),
		cmocka_unit_test(a_calm_level_in_its_dwell_time_asks_nobody),
		cmocka_unit_test(the_profile_ends_the_climb),
		cmocka_unit_test(an_order_climbs_once_and_reports),
		cmocka_unit_test(an_order_stays_where_it_still_gives),
		cmocka_unit_test(an_order_gets_what_it_asked_for),
		cmocka_unit_test(an_order_is_not_misled_by_a_lie),
		cmocka_unit_test(an_order_waits_for_what_comes_back_late),
		cmocka_unit_test(an_order_sleeps_until_it_looks_again),
		cmocka_unit_test(a_late_answer_does_not_come_on_top_of_an_order),
		cmocka_unit_test(a_silent_module_keeps_no_order_from_others),
		cmocka_unit_test(silent_modules_hold_an_order_up_once),
		cmocka_unit_test(an_order_that_cannot_be_served_is_refused_at_once),
		cmocka_unit_test(the_host_has_preference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
