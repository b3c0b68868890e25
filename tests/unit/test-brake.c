/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/brake_scene.h"

/* With that more than half is free again: nobody is asked any more, and nobody held. */
static const struct brake_change *let_go_after_shed(struct scene *s)
{
	answer_shed(s);
	return let_go_after(s, 10 * MSEC);
}

static void the_grower_is_held_while_the_cache_is_asked(void **unused)
{
	struct scene s = scene_new();
	const struct brake_change *change = grow_until_held(&s);

	assert_non_null(change);
	assert_int_equal(change->brake, BRAKE_FREEZE);
	assert_int_equal(change->reason, REASON_RUNAWAY);
	assert_int_equal(change->group_slot, s.hog->slot);
	assert_int_equal(change->group_id, s.hog->id);
	assert_int_equal(change->short_slot, s.slice->slot);
	assert_int_equal(change->short_id, s.slice->id);
	assert_int_equal(change->until_usec, s.c->seen.now_usec + s.c->profile.brake_hold_usec);
	assert_in_range(change->time_left_usec, 1, s.c->profile.brake_usec);
	assert_int_equal(change->headroom_bytes, LIMIT - s.slice->current_bytes);
	assert_int_equal(change->episode_id, s.c->state.groups[s.slice->slot].episode.id);
	assert_int_equal(s.c->state.groups[s.hog->slot].n_holds, 1);
	assert_int_equal(s.c->state.groups[s.hog->slot].hold.reason, REASON_RUNAWAY);
	assert_int_equal(s.c->state.n_held, 1);
	/* Somebody is asked, and looked at with the next step. */
	assert_non_null(course_action(s.c, RUNG_SHED, 0));
	assert_true(s.c->decision.wake_at_usec <=
		    s.c->seen.now_usec + s.c->profile.sampling_min_usec);
	assert_true(s.c->decision.attention >= ATTENTION_LIMITS);
	assert_int_equal(s.c->decision.wake_slack_usec, 0);
	scene_free(&s);
}

static void with_the_brake_off_nobody_is_held(void **unused)
{
	struct scene s = scene_new();

	s.c->profile.brake = BRAKE_OFF;
	assert_null(grow_until_held(&s));
	scene_free(&s);
}

static void slow_growth_is_left_to_the_ladder(void **unused)
{
	struct scene s = scene_new();

	for (int i = 0; i < 6; i++) {
		grow(&s, s.hog, 20 * MIB);
		course_step_after(s.c, SEC);
		assert_int_equal(s.c->decision.n_brakes, 0);
	}
	scene_free(&s);
}

static void below_the_fill_a_program_is_starting(void **unused)
{
	struct scene s = scene_new();

	s.c->profile.brake_fill_bp = 9000; /* 173 MiB */
	s.c->profile.brake_usec = 10 * SEC;
	grow(&s, s.hog, 50 * MIB);
	course_step_after(s.c, STRIDE_USEC);
	grow(&s, s.hog, 50 * MIB);
	course_step_after(s.c, STRIDE_USEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	grow(&s, s.hog, 10 * MIB);
	course_step_after(s.c, STRIDE_USEC);
	assert_int_equal(only_change(s.c)->brake, BRAKE_FREEZE);
	scene_free(&s);
}

/* A frozen cache could not give back. */
static void one_with_modules_is_throttled(void **unused)
{
	struct scene s = scene_of_one();
	const struct brake_change *change = grow_until_held(&s);

	assert_non_null(change);
	assert_int_equal(change->brake, BRAKE_THROTTLE);
	assert_int_equal(change->group_slot, s.hog->slot);
	assert_int_equal(change->short_slot, s.hog->slot);
	scene_free(&s);
}

static void a_kind_the_profile_names_is_taken(void **unused)
{
	struct scene one = scene_of_one(), two = scene_new();

	one.c->profile.brake = BRAKE_FREEZE;
	assert_int_equal(grow_until_held(&one)->brake, BRAKE_FREEZE);
	two.c->profile.brake = BRAKE_THROTTLE;
	assert_int_equal(grow_until_held(&two)->brake, BRAKE_THROTTLE);
	scene_free(&one);
	scene_free(&two);
}

static void those_exempt_are_never_held(void **unused)
{
	static const uint32_t exempt[] = { GROUP_IS_PROTECTED, GROUP_IS_UNBRAKED, GROUP_IS_CONTEXT,
					   GROUP_IS_EXCLUDED };

	for (size_t i = 0; i < sizeof(exempt) / sizeof(exempt[0]); i++) {
		struct scene s = scene_new(), one = scene_of_one();

		s.hog->flags = exempt[i];
		assert_null(grow_until_held(&s));
		one.hog->flags = exempt[i];
		assert_null(grow_until_held(&one));
		scene_free(&s);
		scene_free(&one);
	}
}

/* The cache stands still: that the grower may not be held does not make it guilty. */
static void nobody_innocent_is_held_for_another(void **unused)
{
	struct scene s = scene_new();
	struct group_reading *third = course_add_group(s.c, 0);

	third->parent_slot = s.slice->slot;
	s.hog->flags = GROUP_IS_UNBRAKED;
	for (int i = 0; i < 4; i++) {
		grow(&s, third, MIB);
		grow(&s, s.hog, STRIDE_BYTES);
		course_step_after(s.c, STRIDE_USEC);
		assert_int_equal(s.c->decision.n_brakes, 0);
	}
	scene_free(&s);
}

static void the_probe_knows_better_than_two_readings(void **unused)
{
	struct scene s = scene_new();

	s.hog->has |= GROUP_HAS_GROWTH;
	s.cache->has |= GROUP_HAS_GROWTH;
	s.cache->growth_bytes = 300 * MIB; /* it is the cache, says the kernel */
	assert_int_equal(grow_until_held(&s)->group_slot, s.cache->slot);
	scene_free(&s);
}

static void of_two_the_faster_is_held_and_of_equals_the_older(void **unused)
{
	struct scene s = scene_new(), even = scene_new();
	struct group_reading *second = course_add_group(even.c, 0);

	for (int i = 0; i < 4 && s.c->decision.n_brakes == 0; i++) {
		grow(&s, s.cache, 12 * MIB);
		grow(&s, s.hog, 20 * MIB);
		course_step_after(s.c, STRIDE_USEC);
	}
	assert_int_equal(only_change(s.c)->group_slot, s.hog->slot);
	scene_free(&s);

	second->parent_slot = even.slice->slot;
	course_step(even.c);
	for (int i = 0; i < 4 && even.c->decision.n_brakes == 0; i++) {
		grow(&even, second, 16 * MIB);
		grow(&even, even.hog, 16 * MIB);
		course_step_after(even.c, STRIDE_USEC);
	}
	assert_int_equal(only_change(even.c)->group_slot, even.hog->slot);
	scene_free(&even);
}

/* Ten that grow alike are nobody's runaway; they are looked at again soon. */
static void when_nobody_stands_out_nobody_is_held(void **unused)
{
	struct scene s = scene_new();
	struct group_reading *many[10];

	for (int i = 0; i < 10; i++) {
		many[i] = course_add_group(s.c, 0);
		many[i]->parent_slot = s.slice->slot;
	}
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < 10; k++)
			grow(&s, many[k], 3 * MIB);
		course_step_after(s.c, STRIDE_USEC);
		assert_int_equal(s.c->decision.n_brakes, 0);
	}
	assert_true(s.c->decision.wake_at_usec <= s.c->seen.now_usec + 20 * MSEC);
	assert_true(s.c->decision.attention >= ATTENTION_LIMITS);
	scene_free(&s);
}

static void the_host_is_saved_by_holding_its_grower(void **unused)
{
	struct course *c = course_new();
	struct group_reading *cache = course_add_group(c, CACHE), *hog = course_add_group(c, 0);

	c->profile.brake = BRAKE_AUTO;
	course_add_module(c, cache, CACHE);
	course_step(c);
	for (int i = 0; i < 8 && c->decision.n_brakes == 0; i++) {
		c->seen.machine.available_bytes -= 50 * MIB;
		hog->current_bytes += 50 * MIB;
		course_step_after(c, 50 * MSEC);
	}
	assert_int_equal(only_change(c)->group_slot, hog->slot);
	assert_int_equal(only_change(c)->short_slot, GROUP_SLOT_HOST);
	course_free(c);
}

/* Whoever takes the host's memory is not under control: the only service is not to blame. */
static void on_the_host_even_the_only_group_must_grow_itself(void **unused)
{
	struct course *c = course_new();

	c->profile.brake = BRAKE_AUTO;
	course_add_module(c, course_add_group(c, CACHE), CACHE);
	course_step(c);
	for (int i = 0; i < 9; i++) {
		c->seen.machine.available_bytes -= 50 * MIB;
		course_step_after(c, 50 * MSEC);
		assert_int_equal(c->decision.n_brakes, 0);
	}
	course_free(c);
}

/* Only the slice is read: the others are asked for at once, and then no faster than usual. */
static void the_others_are_looked_at_first(void **unused)
{
	struct scene s = scene_new();
	const struct decision *d = &s.c->decision;
	size_t n_groups = s.c->seen.n_groups;

	s.c->seen.covers &= ~(uint32_t)OBSERVED_GROUPS;
	s.c->seen.n_groups = 1;
	for (int i = 0; i < 3; i++) {
		grow(&s, s.hog, STRIDE_BYTES);
		course_step_after(s.c, STRIDE_USEC);
	}
	assert_int_equal(d->n_brakes, 0);
	assert_true(d->attention >= ATTENTION_LIMITS);
	s.c->seen.n_groups = n_groups;
	course_step_after(s.c, 1);
	assert_int_equal(only_change(s.c)->group_slot, s.hog->slot);
	scene_free(&s);
}

/* What is below a slice, and was never seen, cannot be told from nothing. */
static void a_slice_is_not_its_own_grower(void **unused)
{
	struct course *c = course_new();
	struct group_reading *slice = course_add_group(c, CACHE);

	c->profile.brake = BRAKE_AUTO;
	slice->limit_bytes = LIMIT;
	slice->flags = GROUP_IS_CONTEXT;
	course_add_module(c, slice, CACHE);
	course_step(c);
	for (int i = 0; i < 4; i++) {
		slice->current_bytes += STRIDE_BYTES;
		course_step_after(c, STRIDE_USEC);
		assert_int_equal(c->decision.n_brakes, 0);
	}
	assert_true(c->decision.attention >= ATTENTION_LIMITS);
	course_free(c);
}

static void a_limited_service_needs_no_look_at_others(void **unused)
{
	struct scene s = scene_of_one();

	s.c->seen.covers &= ~(uint32_t)OBSERVED_GROUPS;
	assert_int_equal(grow_until_held(&s)->group_slot, s.hog->slot);
	scene_free(&s);
}

static void where_nobody_can_be_asked_nobody_is_held(void **unused)
{
	struct scene s = scene_new();

	s.c->seen.n_modules = 0;
	assert_null(grow_until_held(&s));
	scene_free(&s);
}

static void a_stale_reading_holds_nobody(void **unused)
{
	struct scene s = scene_new();

	grow(&s, s.hog, STRIDE_BYTES);
	course_step_after(s.c, STRIDE_USEC);
	grow(&s, s.hog, STRIDE_BYTES);
	s.slice->has &= ~(uint32_t)GROUP_HAS_RECLAIMABLE;
	course_step_after(s.c, STRIDE_USEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	scene_free(&s);
}

static void it_is_let_go_when_enough_was_given(void **unused)
{
	struct scene s = scene_new();
	uint64_t id = grow_until_held(&s)->id;
	const struct brake_change *change;

	change = let_go_after_shed(&s);
	assert_int_equal(change->reason, REASON_RELIEVED);
	assert_int_equal(s.c->state.groups[s.hog->slot].hold.reason, REASON_RELIEVED);
	assert_int_equal(s.c->state.n_held, 0);
	assert_int_equal(change->id, id);
	assert_int_equal(change->group_id, s.hog->id);
	assert_int_equal(change->short_id, s.slice->id);
	/* It rests. */
	grow(&s, s.hog, 40 * MIB);
	course_step_after(s.c, 50 * MSEC);
	grow(&s, s.hog, 40 * MIB);
	course_step_after(s.c, 50 * MSEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	scene_free(&s);
}

static void after_its_rest_it_can_be_held_again(void **unused)
{
	struct scene s = scene_new();

	grow_until_held(&s);
	let_go_after_shed(&s);
	s.c->modules[0].size_bytes = CACHE;
	s.slice->current_bytes -= s.hog->current_bytes;
	s.hog->current_bytes = 0;
	course_step_after(s.c, s.c->profile.brake_rest_usec + 20 * SEC);
	assert_non_null(grow_until_held(&s));
	assert_int_equal(s.c->state.groups[s.hog->slot].n_holds, 2);
	scene_free(&s);
}

/* What is left now lasts longer than an answer may take: no need to wait for the rest of it. */
static void a_slower_one_is_let_go_at_once(void **unused)
{
	struct scene s = scene_new();

	s.c->profile.rung_deadline_usec[RUNG_SHED] = 800 * MSEC;
	for (int i = 0; i < 12 && s.c->decision.n_brakes == 0; i++) {
		grow(&s, s.hog, 10 * MIB);
		course_step_after(s.c, STRIDE_USEC);
	}
	assert_int_equal(only_change(s.c)->group_slot, s.hog->slot);
	grow(&s, s.cache, -(CACHE));
	assert_int_equal(let_go_after(&s, 10 * MSEC)->reason, REASON_RELIEVED);
	scene_free(&s);
}

/* 40 % left are no low level's worry, but at this speed they are gone before the next answer. */
static void little_given_is_not_enough_for_a_fast_one(void **unused)
{
	struct scene s = scene_new();
	const struct action *action;

	assert_non_null(grow_until_held(&s));
	action = course_action(s.c, RUNG_SHED, 0);
	grow(&s, s.cache, -(20 * MIB));
	course_answer(s.c, action->id, RESULT_PARTIAL, 20 * MIB);
	course_step_after(s.c, 10 * MSEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	scene_free(&s);
}

/* The same, but answers may take ten seconds: the next one would come too late. */
static void with_slow_answers_it_is_held_on(void **unused)
{
	struct scene s = scene_new();

	s.c->profile.rung_deadline_usec[RUNG_SHED] = 10 * SEC;
	for (int i = 0; i < 12 && s.c->decision.n_brakes == 0; i++) {
		grow(&s, s.hog, 10 * MIB);
		course_step_after(s.c, STRIDE_USEC);
	}
	assert_int_equal(only_change(s.c)->group_slot, s.hog->slot);
	grow(&s, s.cache, -(CACHE));
	course_step_after(s.c, 10 * MSEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	scene_free(&s);
}

static void nobody_gives_nobody_is_held(void **unused)
{
	struct scene s = scene_new();

	s.c->profile.max_rung[LEVEL_HIGH] = s.c->profile.max_rung[LEVEL_CRITICAL] = RUNG_SHED;
	assert_non_null(grow_until_held(&s));
	course_answer(s.c, course_action(s.c, RUNG_SHED, 0)->id, RESULT_NOTHING, 0);
	assert_int_equal(let_go_after(&s, 10 * MSEC)->reason, REASON_NO_HELP);
	scene_free(&s);
}

/* What a cycle gave was not enough: the next begins without the usual pause. */
static void while_somebody_gives_the_next_cycle_follows_at_once(void **unused)
{
	struct scene s = scene_new();
	const struct action *action;

	s.c->profile.max_rung[LEVEL_HIGH] = s.c->profile.max_rung[LEVEL_CRITICAL] = RUNG_SHED;
	assert_non_null(grow_until_held(&s));
	action = course_action(s.c, RUNG_SHED, 0);
	grow(&s, s.cache, -(8 * MIB));
	course_answer(s.c, action->id, RESULT_PARTIAL, 8 * MIB);
	course_step_after(s.c, 10 * MSEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	assert_true(s.c->decision.wake_at_usec <= s.c->seen.now_usec + MSEC);
	course_step_after(s.c, 1);
	assert_int_equal(s.c->decision.n_brakes, 0);
	assert_int_equal(course_count(s.c, RUNG_SHED), 1);
	scene_free(&s);
}

/* The grower is held at 300 MiB/s, and the cache misses the deadline of its request. */
static uint64_t held_until_the_cache_is_late(struct scene *s)
{
	uint64_t until_usec = grow_until_held(s)->until_usec;

	course_step_after(s->c, s->c->profile.rung_deadline_usec[RUNG_SHED]);
	assert_int_equal(s->c->decision.finishes[0].result, RESULT_LATE);
	return until_usec;
}

/* As long as this nothing changes: the daemon looks when it wants to. */
static void hold_on_until(struct scene *s, uint64_t until_usec)
{
	while (s->c->decision.wake_at_usec < until_usec) {
		s->c->seen.now_usec = s->c->decision.wake_at_usec;
		course_step(s->c);
		assert_int_equal(s->c->decision.n_brakes, 0);
	}
}

static void a_late_answer_is_waited_for(void **unused)
{
	struct scene s = scene_new(), one = scene_of_one();

	for (int i = 0; i < 2; i++) {
		struct scene *scene = i == 0 ? &s : &one;
		uint64_t id;

		grow_until_held(scene);
		id = course_action(scene->c, RUNG_SHED, 0)->id;
		hold_on_until(scene, scene->c->seen.now_usec + 2 * SEC);
		grow(scene, scene->cache, -CACHE);
		scene->c->modules[0].size_bytes = 0;
		course_answer(scene->c, id, RESULT_DONE, CACHE);
		assert_int_equal(let_go_after(scene, 1)->reason, REASON_RELIEVED);
		scene_free(scene);
	}
}

static void a_late_answer_that_never_comes_is_waited_for_until_hold_is_over(void **unused)
{
	struct scene s = scene_new();
	uint64_t until_usec = held_until_the_cache_is_late(&s);

	hold_on_until(&s, until_usec);
	s.c->seen.now_usec = until_usec;
	assert_int_equal(let_go_after(&s, 0)->reason, REASON_HELD_LONG);
	scene_free(&s);
}

/* It was silent for a whole hold: now only its deadline is waited for, until it answers something.
 */
static void one_that_stayed_silent_is_not_waited_for_again(void **unused)
{
	struct scene s = scene_new();

	s.c->profile.max_rung[LEVEL_HIGH] = s.c->profile.max_rung[LEVEL_CRITICAL] = RUNG_SHED;
	hold_on_until(&s, held_until_the_cache_is_late(&s));
	let_go_after(&s, s.c->decision.wake_at_usec - s.c->seen.now_usec);
	s.slice->current_bytes -= s.hog->current_bytes;
	s.hog->current_bytes = 0;
	course_step_after(s.c, s.c->profile.brake_rest_usec + 20 * SEC);
	assert_non_null(grow_until_held(&s));
	assert_int_equal(let_go_after(&s, s.c->profile.rung_deadline_usec[RUNG_SHED])->reason,
			 REASON_NO_HELP);
	scene_free(&s);
}

static void a_late_module_that_left_or_is_empty_is_not_waited_for(void **unused)
{
	for (int has_left = 0; has_left <= 1; has_left++) {
		struct scene s = scene_new();

		held_until_the_cache_is_late(&s);
		s.c->modules[0].size_bytes = 0;
		s.c->seen.n_modules = has_left ? 0 : 1;
		assert_int_equal(let_go_after(&s, 10 * MSEC)->reason, REASON_NO_HELP);
		scene_free(&s);
	}
}

/* At 60 MB/s the cache is asked a second before the end, and is late when half a second is left. */
static void while_a_late_answer_is_owed_the_grower_is_held(void **unused)
{
	struct scene s = scene_new();
	bool is_late = false;

	while (s.c->decision.n_brakes == 0) {
		for (size_t i = 0; i < s.c->decision.n_finishes; i++)
			is_late |= s.c->decision.finishes[i].result == RESULT_LATE;
		assert_true(s.slice->current_bytes + 3 * MIB <= LIMIT);
		grow(&s, s.hog, 3 * MIB);
		course_step_after(s.c, 50 * MSEC);
	}
	assert_true(is_late);
	assert_int_equal(only_change(s.c)->group_slot, s.hog->slot);
	course_step_after(s.c, 100 * MSEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	scene_free(&s);
}

/* Two caches of half the size, and only one is quick: what it gave is not enough for the other. */
static void after_an_early_relief_it_may_be_held_for_the_rest_of_the_time(void **unused)
{
	struct scene s = scene_new();
	struct module_reading *quick = &s.c->modules[0];
	uint64_t held_usec, id;

	s.c->profile.rung_deadline_usec[RUNG_SHED] = 100 * MSEC;
	s.c->profile.brake_usec = 200 * MSEC;
	quick->size_bytes = CACHE / 2;
	course_add_module(s.c, s.cache, CACHE / 2);
	course_step(s.c);
	while (s.c->decision.n_brakes == 0) {
		assert_true(s.slice->current_bytes + 5 * MIB <= LIMIT);
		grow(&s, s.hog, 5 * MIB);
		course_step_after(s.c, 25 * MSEC);
	}
	held_usec = s.c->seen.now_usec;
	id = s.c->state.modules[0].open_action_id;
	grow(&s, s.cache, -(CACHE / 2));
	quick->size_bytes = 0;
	course_answer(s.c, id, RESULT_DONE, CACHE / 2);
	assert_int_equal(let_go_after(&s, 10 * MSEC)->reason, REASON_RELIEVED);
	held_usec = s.c->seen.now_usec - held_usec;
	while (s.c->decision.n_brakes == 0 || s.c->decision.brakes[0].brake == BRAKE_OFF) {
		assert_true(s.slice->current_bytes + 5 * MIB <= LIMIT);
		grow(&s, s.hog, 5 * MIB);
		course_step_after(s.c, 25 * MSEC);
	}
	assert_int_equal(only_change(s.c)->until_usec - s.c->seen.now_usec,
			 s.c->profile.brake_hold_usec - held_usec);
	scene_free(&s);
}

/* At 10 MB/s half a second is 5 MB, which a throttled group takes on the way to a standstill. */
static void one_to_throttle_is_held_before_the_owed_answer_comes_too_late(void **unused)
{
	struct scene s = scene_of_one();

	while (s.c->decision.n_brakes == 0) {
		assert_true(s.hog->current_bytes + MIB <= LIMIT);
		grow(&s, s.hog, MIB);
		course_step_after(s.c, 100 * MSEC);
	}
	assert_int_equal(only_change(s.c)->brake, BRAKE_THROTTLE);
	assert_true(LIMIT - s.hog->current_bytes > LIMIT / 16);
	assert_true(LIMIT - s.hog->current_bytes < LIMIT / 4);
	scene_free(&s);
}

static void it_is_let_go_in_the_end_whatever_happens(void **unused)
{
	struct scene s = scene_new();
	uint64_t until_usec;

	s.c->profile.brake_hold_usec = 300 * MSEC; /* shed would have 500 ms to answer */
	until_usec = grow_until_held(&s)->until_usec;
	hold_on_until(&s, until_usec);
	assert_int_equal(s.c->decision.wake_at_usec, until_usec);
	assert_int_equal(let_go_after(&s, until_usec - s.c->seen.now_usec)->reason,
			 REASON_HELD_LONG);
	course_step_after(s.c, SEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	scene_free(&s);
}

static void a_hold_that_fails_is_over(void **unused)
{
	static const enum result refusals[] = { RESULT_FAILED, RESULT_BUSY, RESULT_GONE };

	for (size_t i = 0; i < 3; i++) {
		struct scene s = scene_new();
		uint64_t id = grow_until_held(&s)->id;

		course_answer(s.c, 0, RESULT_DONE, 0); /* another answer stands before it */
		course_answer(s.c, id, refusals[i], 0);
		assert_int_equal(let_go_after(&s, MSEC)->reason, REASON_FAILED);
		assert_int_equal(s.c->decision.brakes[0].id, id);
		scene_free(&s);
	}
}

static void in_a_dry_run_it_is_over_without_a_word(void **unused)
{
	struct scene s = scene_new();

	course_answer(s.c, grow_until_held(&s)->id, RESULT_DRY_RUN, 0);
	course_step_after(s.c, MSEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	assert_int_equal(s.c->state.groups[s.hog->slot].hold.id, 0);
	/* Why it would have been held stays to be read. */
	assert_int_equal(s.c->state.groups[s.hog->slot].hold.reason, REASON_RUNAWAY);
	assert_int_equal(s.c->state.n_held, 0);
	course_step_after(s.c, SEC); /* it rests all the same */
	assert_int_equal(s.c->decision.n_brakes, 0);
	scene_free(&s);
}

static void another_profile_lets_go(void **unused)
{
	struct scene s = scene_new();

	assert_non_null(grow_until_held(&s));
	s.c->profile.brake = BRAKE_OFF;
	assert_int_equal(let_go_after(&s, MSEC)->reason, REASON_SWITCHED);
	scene_free(&s);
}

static void settings_that_exempt_it_let_go(void **unused)
{
	static const uint32_t exempt[] = { GROUP_IS_PROTECTED, GROUP_IS_UNBRAKED,
					   GROUP_IS_EXCLUDED };

	for (size_t i = 0; i < sizeof(exempt) / sizeof(exempt[0]); i++) {
		struct scene s = scene_new();

		assert_non_null(grow_until_held(&s));
		s.hog->flags = exempt[i];
		assert_int_equal(let_go_after(&s, MSEC)->reason, REASON_EXCLUDED);
		scene_free(&s);
	}
}

static void with_a_group_its_hold_is_gone(void **unused)
{
	struct scene held = scene_new(), outer = scene_new();
	uint64_t id = grow_until_held(&held)->id;

	held.hog->flags |= GROUP_IS_GONE;
	assert_int_equal(let_go_after(&held, MSEC)->reason, REASON_GROUP_GONE);
	assert_int_equal(held.c->decision.brakes[0].id, id);
	assert_int_equal(held.c->state.n_held, 0);
	scene_free(&held);

	assert_non_null(grow_until_held(&outer));
	outer.slice->flags |= GROUP_IS_GONE;
	outer.hog->parent_slot = outer.cache->parent_slot = GROUP_SLOT_HOST;
	assert_int_equal(let_go_after(&outer, MSEC)->reason, REASON_GROUP_GONE);
	scene_free(&outer);
}

static void without_room_for_the_words_nothing_is_done(void **unused)
{
	struct scene s = scene_new();

	s.c->decision.max_brakes = 0;
	assert_null(grow_until_held(&s));
	assert_true(s.c->decision.n_dropped > 0);
	assert_int_equal(s.c->state.groups[s.hog->slot].hold.id, 0);
	assert_int_equal(s.c->state.n_held, 0);
	scene_free(&s);
}

static void letting_go_waits_for_room(void **unused)
{
	struct scene s = scene_new();

	assert_non_null(grow_until_held(&s));
	s.c->decision.max_brakes = 0;
	s.c->profile.brake = BRAKE_OFF;
	course_step_after(s.c, MSEC);
	assert_true(s.c->state.groups[s.hog->slot].hold.id != 0);
	s.c->decision.max_brakes = 2 * COURSE_LADDERS;
	assert_int_equal(let_go_after(&s, 1)->reason, REASON_SWITCHED);
	scene_free(&s);
}

/* The memory.high that throttles is no shortage of its own. */
static void a_throttled_group_is_judged_by_its_old_high(void **unused)
{
	struct scene s = scene_of_one();

	assert_int_equal(grow_until_held(&s)->brake, BRAKE_THROTTLE);
	s.hog->high_bytes = s.hog->current_bytes;
	course_step_after(s.c, 10 * MSEC);
	assert_int_equal(s.c->state.groups[s.hog->slot].shortage.headroom_bytes,
			 LIMIT - s.hog->current_bytes);
	assert_int_equal(s.c->state.groups[s.hog->slot].shortage.total_bytes, LIMIT);
	s.c->profile.brake = BRAKE_OFF;
	let_go_after(&s, MSEC);
	course_step_after(s.c, MSEC); /* one that is still there now is somebody's */
	assert_int_equal(s.c->state.groups[s.hog->slot].shortage.headroom_bytes, 0);
	scene_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_grower_is_held_while_the_cache_is_asked),
		cmocka_unit_test(with_the_brake_off_nobody_is_held),
		cmocka_unit_test(slow_growth_is_left_to_the_ladder),
		cmocka_unit_test(below_the_fill_a_program_is_starting),
		cmocka_unit_test(one_with_modules_is_throttled),
		cmocka_unit_test(a_kind_the_profile_names_is_taken),
		cmocka_unit_test(those_exempt_are_never_held),
		cmocka_unit_test(nobody_innocent_is_held_for_another),
		cmocka_unit_test(the_probe_knows_better_than_two_readings),
		cmocka_unit_test(of_two_the_faster_is_held_and_of_equals_the_older),
		cmocka_unit_test(when_nobody_stands_out_nobody_is_held),
		cmocka_unit_test(the_host_is_saved_by_holding_its_grower),
		cmocka_unit_test(on_the_host_even_the_only_group_must_grow_itself),
		cmocka_unit_test(the_others_are_looked_at_first),
		cmocka_unit_test(a_slice_is_not_its_own_grower),
		cmocka_unit_test(a_limited_service_needs_no_look_at_others),
		cmocka_unit_test(where_nobody_can_be_asked_nobody_is_held),
		cmocka_unit_test(a_stale_reading_holds_nobody),
		cmocka_unit_test(it_is_let_go_when_enough_was_given),
		cmocka_unit_test(after_its_rest_it_can_be_held_again),
		cmocka_unit_test(a_slower_one_is_let_go_at_once),
		cmocka_unit_test(little_given_is_not_enough_for_a_fast_one),
		cmocka_unit_test(with_slow_answers_it_is_held_on),
		cmocka_unit_test(nobody_gives_nobody_is_held),
		cmocka_unit_test(while_somebody_gives_the_next_cycle_follows_at_once),
		cmocka_unit_test(a_late_answer_is_waited_for),
		cmocka_unit_test(a_late_answer_that_never_comes_is_waited_for_until_hold_is_over),
		cmocka_unit_test(one_that_stayed_silent_is_not_waited_for_again),
		cmocka_unit_test(a_late_module_that_left_or_is_empty_is_not_waited_for),
		cmocka_unit_test(while_a_late_answer_is_owed_the_grower_is_held),
		cmocka_unit_test(after_an_early_relief_it_may_be_held_for_the_rest_of_the_time),
		cmocka_unit_test(one_to_throttle_is_held_before_the_owed_answer_comes_too_late),
		cmocka_unit_test(it_is_let_go_in_the_end_whatever_happens),
		cmocka_unit_test(a_hold_that_fails_is_over),
		cmocka_unit_test(in_a_dry_run_it_is_over_without_a_word),
		cmocka_unit_test(another_profile_lets_go),
		cmocka_unit_test(settings_that_exempt_it_let_go),
		cmocka_unit_test(with_a_group_its_hold_is_gone),
		cmocka_unit_test(without_room_for_the_words_nothing_is_done),
		cmocka_unit_test(letting_go_waits_for_room),
		cmocka_unit_test(a_throttled_group_is_judged_by_its_old_high),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
