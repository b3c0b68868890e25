/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Answers of a replayed run that asks otherwise than the record, and the readings that follow
 */

#include "controller/simulate/answers.h"
#include "tests/unit/course.h"

/*
 * A pod (slot 1) with a container in it (slot 2), which has a cache of 100 MiB, and another service
 * (slot 3). The observation is filled by scene_see() as it was recorded.
 */
struct scene {
	struct course *c;
	struct recorded recorded;
	struct difference *difference;
	struct answers *answers;
	uint64_t size_bytes; /* of the cache, in the record; all groups move with it */
};

static void scene_fill(struct scene *s)
{
	struct course *c = s->c;
	struct module_reading *module;

	observation_clear(&c->seen, c->seen.now_usec);
	c->seen.covers = OBSERVED_MACHINE | OBSERVED_MODULES | OBSERVED_GROUPS;
	c->seen.machine = (struct machine_reading){
		.has = MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP,
		.total_bytes = GIB,
		.available_bytes = GIB / 2 - s->size_bytes,
	};
	course_add_group(c, 50 * MIB + s->size_bytes);
	course_add_group(c, 20 * MIB + s->size_bytes)->parent_slot = 1;
	course_add_group(c, 30 * MIB);
	c->groups[1].has |= GROUP_HAS_USE;
	c->groups[1].held_bytes = 10 * MIB + s->size_bytes;
	c->groups[1].limit_bytes = 200 * MIB;
	c->groups[2].reclaimable_bytes = 12 * MIB;
	module = course_add_module(c, &c->groups[1], s->size_bytes);
	module->owner_bytes = 5 * MIB + s->size_bytes;
}

static struct scene *scene_new(void)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->c = course_new();
	s->size_bytes = 100 * MIB;
	s->difference = difference_new();
	s->answers = answers_new(&s->recorded, s->difference);
	assert_non_null(s->answers);
	scene_fill(s);
	assert_int_equal(difference_learn(s->difference, &s->c->seen), 0);
	difference_see(s->difference, &s->c->seen);
	return s;
}

static void scene_done(struct scene *s)
{
	answers_free(s->answers);
	difference_free(s->difference);
	recorded_done(&s->recorded);
	course_free(s->c);
	free(s);
}

/* What is seen in this run when the cache has that size in the record. */
static void scene_see(struct scene *s, uint64_t size_bytes)
{
	s->size_bytes = size_bytes;
	scene_fill(s);
	difference_see(s->difference, &s->c->seen);
	difference_correct(s->difference, ATTENTION_HOST, &s->c->seen);
}

/* The readings are as if the cache had that size. */
static void expect_size(const struct scene *s, uint64_t size_bytes)
{
	assert_int_equal(s->c->seen.machine.available_bytes, GIB / 2 - size_bytes);
	assert_int_equal(s->c->groups[0].current_bytes, 50 * MIB + size_bytes);
	assert_int_equal(s->c->groups[1].current_bytes, 20 * MIB + size_bytes);
	assert_int_equal(s->c->groups[1].held_bytes, 10 * MIB + size_bytes);
	assert_int_equal(s->c->groups[2].current_bytes, 30 * MIB);
	assert_int_equal(s->c->modules[0].size_bytes, size_bytes);
	assert_int_equal(s->c->modules[0].owner_bytes, 5 * MIB + size_bytes);
}

/* A request to the cache. */
static struct action shed(uint64_t id, uint64_t bytes, uint64_t started_usec)
{
	return (struct action){
		.id = id,
		.rung = RUNG_SHED,
		.group_slot = 2,
		.group_id = 1002,
		.module_slot = 0,
		.module_id = 2001,
		.bytes = bytes,
		.started_usec = started_usec,
		.deadline_usec = started_usec + 500 * MSEC,
	};
}

/* A request to the kernel, for the group without modules. */
static struct action reclaim(uint64_t id, uint64_t bytes, uint64_t started_usec)
{
	struct action action = shed(id, bytes, started_usec);

	action.rung = RUNG_RECLAIM;
	action.group_slot = 3;
	action.group_id = 1003;
	action.module_slot = SLOT_NONE;
	action.module_id = 0;
	return action;
}

/* --- the difference --- */

static void what_is_given_here_only_makes_readings_better(void **unused)
{
	struct scene *s = scene_new();
	struct action action = shed(1, 60 * MIB, 0);

	scene_see(s, 100 * MIB);
	expect_size(s, 100 * MIB);
	difference_give(s->difference, &action, 60 * MIB, 0);
	scene_see(s, 100 * MIB);
	expect_size(s, 40 * MIB);
	/* the record gives the same later */
	difference_give_recorded(s->difference, &action, 60 * MIB, 0);
	scene_see(s, 40 * MIB);
	expect_size(s, 40 * MIB);
	scene_done(s);
}

static void what_is_given_there_only_makes_them_worse(void **unused)
{
	struct scene *s = scene_new();
	struct action action = shed(1, 60 * MIB, 0);

	difference_give_recorded(s->difference, &action, 60 * MIB, 0);
	scene_see(s, 40 * MIB);
	expect_size(s, 100 * MIB);
	scene_see(s, 30 * MIB); /* what else happens to it goes on */
	expect_size(s, 90 * MIB);
	assert_int_equal(difference_n_beyond(s->difference), 0);
	scene_done(s);
}

static void a_module_that_refills_is_not_larger_than_ever(void **unused)
{
	struct scene *s = scene_new();
	struct action action = shed(1, 60 * MIB, 0);

	difference_give_recorded(s->difference, &action, 60 * MIB, 0);
	for (uint64_t size = 40; size <= 100; size += 20) {
		scene_see(s, size * MIB);
		expect_size(s, 100 * MIB);
	}
	/* from here on both hold the same */
	scene_see(s, 70 * MIB);
	expect_size(s, 70 * MIB);
	scene_done(s);
}

static void a_module_that_is_smaller_there_has_less_to_miss(void **unused)
{
	struct scene *s = scene_new();
	struct action action = shed(1, 60 * MIB, 0);
	uint64_t bytes, easy_bytes;

	difference_give(s->difference, &action, 60 * MIB, 0);
	scene_see(s, 20 * MIB);
	expect_size(s, 0);
	assert_true(difference_has(s->difference, &action, &bytes, &easy_bytes));
	assert_int_equal(bytes, 0);
	difference_give(s->difference, &action, 60 * MIB, 0); /* nothing is left */
	scene_see(s, 100 * MIB);
	expect_size(s, 40 * MIB);
	scene_done(s);
}

static void an_unloaded_model_is_loaded_when_it_is_used(void **unused)
{
	struct scene *s = scene_new();
	struct action action = shed(1, 100 * MIB, 0);

	action.rung = RUNG_UNLOAD;
	difference_give(s->difference, &action, 100 * MIB, 1001 * SEC);
	scene_see(s, 100 * MIB);
	expect_size(s, 0);
	assert_true(s->c->modules[0].flags & MODULE_IS_UNLOADED);
	s->c->seen.now_usec = 1002 * SEC; /* used at this time, by the record */
	scene_see(s, 100 * MIB);
	expect_size(s, 100 * MIB);
	assert_false(s->c->modules[0].flags & MODULE_IS_UNLOADED);
	scene_done(s);
}

static void a_module_that_leaves_takes_its_difference_along(void **unused)
{
	struct scene *s = scene_new();
	struct action action = shed(1, 60 * MIB, 0);
	uint64_t bytes, easy_bytes;

	difference_give(s->difference, &action, 60 * MIB, 0);
	s->size_bytes = 0;
	scene_fill(s);
	s->c->seen.n_modules = 0;
	difference_see(s->difference, &s->c->seen);
	difference_correct(s->difference, ATTENTION_HOST, &s->c->seen);
	assert_int_equal(s->c->seen.machine.available_bytes, GIB / 2);
	assert_int_equal(s->c->groups[0].current_bytes, 50 * MIB);
	assert_false(difference_has(s->difference, &action, &bytes, &easy_bytes));
	scene_done(s);
}

static void what_the_record_did_not_look_at_is_as_seen_last(void **unused)
{
	struct scene *s = scene_new();
	struct action action = shed(1, 60 * MIB, 0);

	difference_give(s->difference, &action, 60 * MIB, 0);
	scene_fill(s);
	s->c->seen.covers = OBSERVED_MACHINE;
	s->c->seen.n_groups = s->c->seen.n_modules = 0;
	difference_see(s->difference, &s->c->seen);
	difference_correct(s->difference, ATTENTION_HOST, &s->c->seen);
	/* the changed ones: the container, its pod, the cache */
	assert_int_equal(s->c->seen.n_groups, 2);
	assert_int_equal(s->c->seen.n_modules, 1);
	assert_false(s->c->seen.covers & OBSERVED_MODULES);
	expect_size(s, 40 * MIB);
	/* once; then only what is wanted */
	observation_clear(&s->c->seen, s->c->seen.now_usec);
	difference_correct(s->difference, ATTENTION_HOST, &s->c->seen);
	assert_int_equal(s->c->seen.n_groups + s->c->seen.n_modules, 0);
	difference_correct(s->difference, ATTENTION_MODULES, &s->c->seen);
	assert_int_equal(s->c->seen.n_groups, 1);
	assert_int_equal(s->c->seen.n_modules, 1);
	assert_true(s->c->seen.covers & OBSERVED_MODULES);
	scene_done(s);
}

static void more_than_there_is_is_counted_once(void **unused)
{
	struct scene *s = scene_new();
	struct action action = shed(1, 90 * MIB, 0);

	difference_give_recorded(s->difference, &action, 90 * MIB, 0);
	for (int i = 0; i < 2; i++) {
		scene_fill(s);
		s->c->groups[1].limit_bytes = 150 * MIB; /* the record has 120 MiB in it */
		difference_see(s->difference, &s->c->seen);
		difference_correct(s->difference, ATTENTION_HOST, &s->c->seen);
		assert_int_equal(difference_n_beyond(s->difference), 1);
	}
	scene_done(s);
}

static void reclaim_takes_file_cache_first(void **unused)
{
	struct scene *s = scene_new();
	struct action action = reclaim(1, 20 * MIB, 0);
	struct group_reading *other = &s->c->groups[2];

	difference_give(s->difference, &action, 20 * MIB, 0);
	scene_fill(s);
	s->c->seen.machine.swap_total_bytes = s->c->seen.machine.swap_free_bytes = 100 * MIB;
	difference_see(s->difference, &s->c->seen);
	difference_correct(s->difference, ATTENTION_HOST, &s->c->seen);
	assert_int_equal(other->current_bytes, 10 * MIB);
	assert_int_equal(other->reclaimable_bytes, 0);
	assert_int_equal(other->swap_bytes, 8 * MIB);
	/* file cache was available before */
	assert_int_equal(s->c->seen.machine.available_bytes, GIB / 2 - 100 * MIB + 8 * MIB);
	assert_int_equal(s->c->seen.machine.swap_free_bytes, 92 * MIB);
	scene_done(s);
}

static void parents_that_go_round_come_to_an_end(void **unused)
{
	struct scene *s = scene_new();
	struct action action = shed(1, 60 * MIB, 0);

	scene_fill(s);
	s->c->groups[0].parent_slot = 2;
	s->c->groups[2].slot = UINT32_MAX;
	s->c->modules[0].size_bytes = UINT64_MAX;
	difference_see(s->difference, &s->c->seen);
	difference_give(s->difference, &action, UINT64_MAX, 0);
	difference_correct(s->difference, ATTENTION_GROUPS, &s->c->seen);
	assert_int_equal(s->c->groups[1].current_bytes, 0);
	scene_done(s);
}

/* --- what the record knows --- */

/* One step of the record with that request. */
static void record_request(struct scene *s, struct action action)
{
	struct decision d = { .actions = &action, .n_actions = 1, .max_actions = 1 };
	struct observation none = {};

	assert_int_equal(recorded_add_step(&s->recorded, &none, &d), 0);
}

/* And one with its end; measured: UINT64_MAX: no finish. */
static void record_end(struct scene *s, uint64_t id, enum result result, uint64_t claimed_bytes,
		       uint64_t measured_bytes, uint64_t now_usec)
{
	struct outcome outcome = {
		.action_id = id,
		.result = result,
		.claimed_bytes = claimed_bytes,
		.finished_usec = now_usec,
	};
	struct finish finish = {
		.action.id = id,
		.result = result,
		.measured_bytes = measured_bytes,
	};
	struct observation seen = { .outcomes = &outcome, .n_outcomes = result != RESULT_LATE };
	struct decision d = { .finishes = &finish, .n_finishes = measured_bytes != UINT64_MAX };

	assert_int_equal(recorded_add_step(&s->recorded, &seen, &d), 0);
}

static void the_nearest_answer_of_the_same_rung_counts(void **unused)
{
	struct scene *s = scene_new();
	struct action ask = shed(9, 40 * MIB, 14 * SEC);
	struct action unload = shed(1, 10 * MIB, 13 * SEC);

	assert_null(recorded_find(&s->recorded, &ask));
	unload.rung = RUNG_UNLOAD;
	record_request(s, unload);
	record_end(s, 1, RESULT_BUSY, 0, 0, 13 * SEC);
	assert_int_equal(recorded_find(&s->recorded, &ask)->action.id, 1);
	record_request(s, shed(2, 10 * MIB, 10 * SEC));
	record_end(s, 2, RESULT_DONE, 10 * MIB, 9 * MIB, 10 * SEC + 80 * MSEC);
	record_request(s, shed(3, 10 * MIB, 20 * SEC));
	record_end(s, 3, RESULT_LATE, 0, 0, 21 * SEC);
	assert_int_equal(recorded_find(&s->recorded, &ask)->action.id, 2);
	assert_int_equal(recorded_find(&s->recorded, &ask)->latency_usec, 80 * MSEC);
	/* growth hid some of it, it has given all */
	assert_int_equal(recorded_find(&s->recorded, &ask)->given_bytes, 10 * MIB);
	ask.started_usec = 16 * SEC;
	assert_int_equal(recorded_find(&s->recorded, &ask)->action.id, 3);
	assert_false(recorded_find(&s->recorded, &ask)->is_answered);
	ask.module_id++;
	assert_null(recorded_find(&s->recorded, &ask));
	scene_done(s);
}

static void what_tells_nothing_of_a_module_is_left_out(void **unused)
{
	struct scene *s = scene_new();
	struct action ask = shed(9, 40 * MIB, 14 * SEC);
	struct recorded_sum sum;

	record_request(s, shed(1, 10 * MIB, 10 * SEC));
	record_end(s, 1, RESULT_DRY_RUN, 0, 0, 10 * SEC);
	record_request(s, shed(2, 10 * MIB, 11 * SEC));
	record_end(s, 2, RESULT_GONE, 0, 0, 11 * SEC);
	record_request(s, shed(3, 10 * MIB, 12 * SEC)); /* the record ends */
	assert_null(recorded_find(&s->recorded, &ask));
	/* numbers that are known or too small, answers to unknown ones */
	record_request(s, shed(3, 50 * MIB, 13 * SEC));
	record_request(s, shed(1, 50 * MIB, 13 * SEC));
	record_end(s, 77, RESULT_DONE, 10 * MIB, 10 * MIB, 14 * SEC);
	assert_null(recorded_find(&s->recorded, &ask));
	sum = recorded_sum_below(&s->recorded, UINT64_MAX);
	assert_int_equal(sum.n_requests, 3);
	assert_int_equal(sum.asked_bytes, 30 * MIB);
	assert_int_equal(recorded_sum_below(&s->recorded, 3).n_requests, 2);
	scene_done(s);
}

/* --- answers --- */

static void ask(struct scene *s, struct action action)
{
	struct decision d = { .actions = &action, .n_actions = 1, .max_actions = 1 };

	answers_begin(s->answers, 100);
	assert_int_equal(answers_take(s->answers, &d), 0);
}

/* The outcome that comes with a step at that time; NULL: none. */
static const struct outcome *answer_at(struct scene *s, uint64_t now_usec)
{
	s->c->seen.now_usec = now_usec;
	scene_fill(s);
	answers_give(s->answers, ATTENTION_HOST, &s->c->seen);
	assert_true(s->c->seen.n_outcomes <= 1);
	return s->c->seen.n_outcomes == 1 ? &s->c->outcomes[0] : NULL;
}

static void a_module_answers_as_it_did_in_the_record(void **unused)
{
	struct scene *s = scene_new();
	const struct outcome *outcome;

	record_request(s, shed(1, 80 * MIB, 10 * SEC));
	record_end(s, 1, RESULT_PARTIAL, 60 * MIB, 60 * MIB, 10 * SEC + 80 * MSEC);
	ask(s, shed(100, 40 * MIB, 1000 * SEC));
	assert_null(answer_at(s, 1000 * SEC + 79 * MSEC));
	outcome = answer_at(s, 1000 * SEC + 81 * MSEC);
	assert_non_null(outcome);
	assert_int_equal(outcome->action_id, 100);
	assert_int_equal(outcome->result, RESULT_PARTIAL);
	assert_int_equal(outcome->claimed_bytes, 30 * MIB);
	assert_int_equal(outcome->finished_usec, 1000 * SEC + 80 * MSEC);
	expect_size(s, 70 * MIB);
	assert_int_equal(answers_given_bytes(s->answers), 30 * MIB);
	assert_null(answer_at(s, 1001 * SEC));
	scene_done(s);
}

static void a_module_that_claims_more_than_it_gives_does_so_again(void **unused)
{
	struct scene *s = scene_new();
	const struct outcome *outcome;

	record_request(s, shed(1, 80 * MIB, 10 * SEC));
	record_end(s, 1, RESULT_DONE, 80 * MIB, 8 * MIB, 10 * SEC);
	ask(s, shed(100, 40 * MIB, 1000 * SEC));
	outcome = answer_at(s, 1000 * SEC);
	assert_non_null(outcome);
	assert_int_equal(outcome->result, RESULT_DONE);
	assert_int_equal(outcome->claimed_bytes, 40 * MIB);
	expect_size(s, 96 * MIB);
	scene_done(s);
}

static void one_that_was_never_asked_gives_up_to_its_size(void **unused)
{
	struct scene *s = scene_new();
	const struct outcome *outcome;

	ask(s, shed(100, 140 * MIB, 1000 * SEC));
	assert_null(answer_at(s, 1000 * SEC + 99 * MSEC));
	outcome = answer_at(s, 1000 * SEC + 100 * MSEC);
	assert_non_null(outcome);
	assert_int_equal(outcome->result, RESULT_PARTIAL);
	assert_int_equal(outcome->claimed_bytes, 100 * MIB);
	expect_size(s, 0);
	/* and the kernel what is reclaimable: it swaps nothing out unseen */
	ask(s, reclaim(101, 140 * MIB, 1001 * SEC));
	outcome = answer_at(s, 1001 * SEC + 30 * MSEC);
	assert_non_null(outcome);
	assert_int_equal(outcome->claimed_bytes, 12 * MIB);
	scene_done(s);
}

static void a_silent_module_stays_silent(void **unused)
{
	struct scene *s = scene_new();

	record_request(s, shed(1, 80 * MIB, 10 * SEC));
	record_end(s, 1, RESULT_LATE, 0, 0, 11 * SEC);
	ask(s, shed(100, 40 * MIB, 1000 * SEC));
	assert_null(answer_at(s, 1000 * SEC));
	assert_null(answer_at(s, 2000 * SEC));
	scene_done(s);
}

static void a_late_answer_comes_after_it_is_missed(void **unused)
{
	struct scene *s = scene_new();

	record_request(s, shed(1, 80 * MIB, 10 * SEC));
	record_end(s, 1, RESULT_LATE, 0, 0, 10 * SEC + 500 * MSEC);
	record_end(s, 1, RESULT_DONE, 80 * MIB, UINT64_MAX, 12 * SEC);
	ask(s, shed(100, 40 * MIB, 1000 * SEC));
	assert_null(answer_at(s, 1003 * SEC)); /* the first step after the deadline */
	assert_non_null(answer_at(s, 1003 * SEC));
	expect_size(s, 60 * MIB);
	scene_done(s);
}

static void a_module_that_leaves_gives_its_last_answer_first(void **unused)
{
	struct scene *s = scene_new();

	ask(s, shed(100, 40 * MIB, 1000 * SEC));
	s->c->seen.now_usec = 1001 * SEC;
	scene_fill(s);
	s->c->groups[1].flags |= GROUP_IS_GONE;
	s->c->seen.n_modules = 0;
	answers_give(s->answers, ATTENTION_HOST, &s->c->seen);
	assert_int_equal(s->c->seen.n_outcomes, 1);
	assert_int_equal(s->c->outcomes[0].claimed_bytes, 40 * MIB);
	/* what it had is in no reading any more; the next request finds nothing */
	assert_int_equal(s->c->groups[0].current_bytes, 150 * MIB);
	ask(s, shed(101, 40 * MIB, 1001 * SEC));
	assert_null(answer_at(s, 1001 * SEC));
	scene_done(s);
}

static void answers_of_the_record_are_those_of_its_own_requests(void **unused)
{
	struct scene *s = scene_new();

	record_request(s, shed(99, 60 * MIB, 10 * SEC)); /* this run has asked it, too */
	record_request(s, shed(100, 60 * MIB, 11 * SEC));
	record_end(s, 100, RESULT_DONE, 60 * MIB, 60 * MIB, 12 * SEC);
	answers_begin(s->answers, 100);
	s->size_bytes = 40 * MIB; /* as recorded */
	scene_fill(s);
	course_answer(s->c, 99, RESULT_DONE, 10 * MIB);
	course_answer(s->c, 100, RESULT_DONE, 60 * MIB);
	course_answer(s->c, 100, RESULT_DONE, 60 * MIB); /* told twice by a bad record */
	course_answer(s->c, 555, RESULT_DONE, 60 * MIB); /* of no request */
	answers_give(s->answers, ATTENTION_HOST, &s->c->seen);
	assert_int_equal(s->c->seen.n_outcomes, 1);
	assert_int_equal(s->c->outcomes[0].action_id, 99);
	expect_size(s, 100 * MIB);
	scene_done(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_here_only_makes_readings_better),
		cmocka_unit_test(what_is_given_there_only_makes_them_worse),
		cmocka_unit_test(a_module_that_refills_is_not_larger_than_ever),
		cmocka_unit_test(a_module_that_is_smaller_there_has_less_to_miss),
		cmocka_unit_test(an_unloaded_model_is_loaded_when_it_is_used),
		cmocka_unit_test(a_module_that_leaves_takes_its_difference_along),
		cmocka_unit_test(what_the_record_did_not_look_at_is_as_seen_last),
		cmocka_unit_test(more_than_there_is_is_counted_once),
		cmocka_unit_test(reclaim_takes_file_cache_first),
		cmocka_unit_test(parents_that_go_round_come_to_an_end),
		cmocka_unit_test(the_nearest_answer_of_the_same_rung_counts),
		cmocka_unit_test(what_tells_nothing_of_a_module_is_left_out),
		cmocka_unit_test(a_module_answers_as_it_did_in_the_record),
		cmocka_unit_test(a_module_that_claims_more_than_it_gives_does_so_again),
		cmocka_unit_test(one_that_was_never_asked_gives_up_to_its_size),
		cmocka_unit_test(a_silent_module_stays_silent),
		cmocka_unit_test(a_late_answer_comes_after_it_is_missed),
		cmocka_unit_test(a_module_that_leaves_gives_its_last_answer_first),
		cmocka_unit_test(answers_of_the_record_are_those_of_its_own_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
