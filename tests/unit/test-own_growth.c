/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A service in a limit that fills its own cache, step by step, with or without something else that
 * grows beside it.
 */
#include "policies/goal.h"
#include "policies/own_growth.h"
#include "tests/unit/course.h"

enum report { AS_IT_GOES, WHEN_FULL, PLANNED, NEVER, REGISTERS_WHEN_FULL, N_REPORTS };

struct scene {
	struct course *c;
	struct group_reading *limited, *service, *other;
	struct module_reading *cache;
	enum report report;
	bool known;	      /* the process of the cache is seen growing */
	uint64_t answer_usec; /* from the gift to the answer, with a look between them; 0: none */
	uint64_t held_bytes, asked_bytes, most_over_bytes;
	uint32_t n_requests;
	enum level peak;
};

/* The cache is in a service below the limited group, beside another one; or the group's own. */
static struct scene scene_new(uint64_t limit_bytes, bool beside, enum report report)
{
	struct scene s = { .c = course_new(), .report = report, .known = report != NEVER };

	s.c->seen.machine.has |= MACHINE_HAS_TRIPWIRE;
	s.c->seen.machine.total_bytes = 8 * GIB;
	s.c->seen.machine.available_bytes = 6 * GIB;
	s.limited = s.service = s.other = course_add_group(s.c, 2 * MIB);
	s.limited->limit_bytes = limit_bytes;
	if (beside) {
		s.limited->flags = GROUP_IS_CONTEXT;
		s.service = course_add_group(s.c, MIB);
		s.service->parent_slot = s.limited->slot;
		s.other = course_add_group(s.c, MIB);
		s.other->parent_slot = s.limited->slot;
	}
	if (report != REGISTERS_WHEN_FULL)
		s.cache = course_add_module(s.c, s.service, 0);
	course_step(s.c);
	s.c->seen.now_usec += 10 * SEC;
	return s;
}

static void scene_free(struct scene *s)
{
	course_free(s->c);
}

static void take(struct scene *s, struct group_reading *group, uint64_t bytes)
{
	group->current_bytes += bytes;
	if (group != s->limited)
		s->limited->current_bytes += bytes;
}

static void give(struct scene *s, uint64_t bytes)
{
	s->service->current_bytes -= bytes;
	if (s->service != s->limited)
		s->limited->current_bytes -= bytes;
	s->held_bytes -= bytes;
	s->cache->size_bytes -= u64_min(bytes, s->cache->size_bytes);
	if (s->cache->owner_bytes)
		s->cache->owner_bytes -= bytes;
}

static uint64_t left(const struct scene *s)
{
	return u64_sub(s->limited->limit_bytes, s->limited->current_bytes);
}

/* What the thresholds lack now, and a batch of the counters; less is not asked for. */
static uint64_t lacks(const struct scene *s)
{
	uint64_t leave_bytes =
		bytes_share(s->limited->limit_bytes, s->c->profile.headroom_bp[LEVEL_MEDIUM] +
							     s->c->profile.headroom_leave_bp);

	uint64_t bytes = u64_sub(leave_bytes + MIB, left(s));

	return bytes > 0 ? u64_max(bytes, MIB) : 0;
}

/* Gives what one action asks for, and answers it. There is one cache, so one action in a step. */
static void obey(struct scene *s, const struct action *asked)
{
	struct action action = *asked; /* a look in between overwrites the decision */
	uint64_t bytes = u64_min(action.bytes, s->held_bytes);

	give(s, bytes);
	if (s->answer_usec > 0)
		course_step_after(s->c, 20 * MSEC);
	s->c->seen.now_usec += s->answer_usec;
	course_answer(s->c, action.id, RESULT_DONE, bytes);
}

/* A step, and the answers to what it asks. */
static void step(struct scene *s, uint64_t pause_usec)
{
	const struct decision *d = course_step_after(s->c, pause_usec);
	uint64_t asked_bytes = 0;
	size_t n_actions = d->n_actions;

	if (s->c->state.groups[s->limited->slot].level > s->peak)
		s->peak = s->c->state.groups[s->limited->slot].level;
	for (size_t i = 0; i < d->n_actions; i++) {
		if (d->actions[i].rung == RUNG_WARN)
			continue;
		assert_int_equal(d->actions[i].rung, RUNG_SHED);
		asked_bytes += d->actions[i].bytes;
		s->n_requests++;
	}
	s->asked_bytes += asked_bytes;
	if (asked_bytes > lacks(s))
		s->most_over_bytes = u64_max(s->most_over_bytes, asked_bytes - lacks(s));
	for (size_t i = 0; i < n_actions; i++)
		if (d->actions[i].rung != RUNG_WARN)
			obey(s, &d->actions[i]);
}

static void see_cache(struct scene *s, bool full)
{
	if (full && !s->cache)
		s->cache = course_add_module(s->c, s->service, 0);
	if (!s->cache)
		return;
	if (full || s->report == AS_IT_GOES)
		s->cache->size_bytes = s->report == NEVER ? 0 : s->held_bytes;
	else if (s->report == PLANNED)
		s->cache->size_bytes = 100 * MIB;
	s->cache->owner_bytes = s->known ? s->held_bytes : 0;
}

/* Fills so much at that rate, looked at as the tripwire does; something beside takes its share. */
static void fill(struct scene *s, uint64_t bytes, uint64_t rate_bytes, uint64_t other_rate_bytes)
{
	while (bytes > 0) {
		uint64_t part = u64_min(bytes, u64_max(left(s) / 25, MIB));
		uint64_t pause_usec = u64_muldiv(part, SEC, rate_bytes);

		s->held_bytes += part;
		take(s, s->service, part);
		if (other_rate_bytes)
			take(s, s->other, u64_muldiv(other_rate_bytes, pause_usec, SEC));
		bytes -= part;
		see_cache(s, bytes == 0);
		step(s, pause_usec);
	}
}

static void rest(struct scene *s)
{
	for (int i = 0; i < 100; i++)
		step(s, 100 * MSEC);
}

/* In all kinds: in one go or in two, reported in time, late, ahead or not at all, alone or not. */
static void what_fills_its_own_cache_keeps_it(void **unused)
{
	static const uint64_t rates[] = { 15 * MIB, 60 * MIB, 300 * MIB, 1200 * MIB };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		for (enum report report = AS_IT_GOES; report < N_REPORTS; report++) {
			for (int kin = 0; kin < 4; kin++) {
				struct scene s = scene_new(150 * MIB, kin & 1, report);
				uint64_t first_bytes = kin & 2 ? 60 * MIB : 99 * MIB;

				fill(&s, first_bytes, rates[i], 0);
				if (kin & 2)
					rest(&s);
				fill(&s, 99 * MIB + MIB - first_bytes, rates[i], 0);
				rest(&s);
				assert_int_equal(s.n_requests, 0);
				assert_int_equal(s.held_bytes, 100 * MIB);
				assert_true(s.peak <= LEVEL_MEDIUM);
				assert_int_equal(s.c->state.groups[s.limited->slot].level,
						 LEVEL_LOW);
				scene_free(&s);
			}
		}
	}
}

static uint64_t roll(uint64_t *seed, uint64_t most) /* xorshift64: 0 to most */
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % (most + 1);
}

/*
 * On a busy machine: looks come late, by up to two seconds; what the process maps and the kernel
 * has not counted yet moves what is used by less than a mebibyte, or khugepaged has a huge page in
 * work; it registers some time after it is full.
 */
static void a_busy_machine_takes_nothing_from_a_cache_that_fills(void **unused)
{
	for (uint64_t run = 1; run <= 600; run++) {
		uint64_t seed = run * 0x9E3779B97F4A7C15, at_usec = 0, full_usec, register_usec;
		enum report report = run & 1 ? REGISTERS_WHEN_FULL : AS_IT_GOES;
		struct scene s = scene_new(150 * MIB, run & 2, report);
		uint64_t rate_bytes = (10 + roll(&seed, 300)) * MIB;

		full_usec = 100 * MIB * SEC / rate_bytes;
		register_usec = full_usec + roll(&seed, SEC);
		while (at_usec < full_usec + 6 * SEC) {
			uint64_t pause_usec = u64_min(
				u64_sub(s.c->decision.wake_at_usec, s.c->seen.now_usec), 20 * MSEC);
			uint64_t was_bytes = s.held_bytes, noise_bytes = roll(&seed, 900 * KIB);

			if (roll(&seed, 10) == 0) /* khugepaged has a page in hand */
				noise_bytes = 2 * MIB + roll(&seed, 200 * KIB);
			if (roll(&seed, 15) == 0)
				pause_usec += roll(&seed, 2 * SEC);
			at_usec += pause_usec;
			s.held_bytes = u64_min(rate_bytes * at_usec / SEC, 100 * MIB);
			take(&s, s.service, s.held_bytes - was_bytes + noise_bytes);
			see_cache(&s, at_usec >= register_usec);
			step(&s, pause_usec);
			s.service->current_bytes -= noise_bytes;
			if (s.service != s.limited)
				s.limited->current_bytes -= noise_bytes;
		}
		if (s.n_requests > 0)
			print_message("run %d: %u requests\n", (int)run, s.n_requests);
		assert_int_equal(s.n_requests, 0);
		scene_free(&s);
	}
}

static void asked_for_what_is_missing(uint64_t answer_usec)
{
	static const uint64_t limits[] = { 100 * MIB, 150 * MIB, 512 * MIB, 4 * GIB };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		for (uint64_t rate = 2 * MIB; rate <= 1024 * MIB; rate *= 2) {
			struct scene s = scene_new(limits[i], false, AS_IT_GOES);

			s.answer_usec = answer_usec;
			fill(&s, limits[i] - limits[i] / 15, rate, 0);
			rest(&s);
			assert_true(s.n_requests > 0);
			assert_int_equal(s.most_over_bytes, 0);
			assert_true(left(&s) > 0);
			assert_int_equal(s.c->state.groups[s.limited->slot].level, LEVEL_LOW);
			scene_free(&s);
		}
	}
}

/* Up to the limit: then it is asked for what is missing, and not for more. */
static void what_fills_its_limit_is_asked_for_what_is_missing(void **unused)
{
	asked_for_what_is_missing(0);
}

/* The same when a look sees the memory go before the answer tells of it. */
static void a_gift_that_is_seen_before_its_answer_is_no_growth(void **unused)
{
	for (uint64_t answer_usec = 10 * MSEC; answer_usec <= 400 * MSEC; answer_usec += 65 * MSEC)
		asked_for_what_is_missing(answer_usec);
}

/* The growth of something else is answered ahead of time, while the cache fills as well. */
static void what_grows_beside_a_filling_cache_is_answered_ahead(void **unused)
{
	for (uint64_t other = 50 * MIB; other <= 400 * MIB; other *= 2) {
		struct scene s = scene_new(300 * MIB, true, AS_IT_GOES);

		fill(&s, 80 * MIB, 50 * MIB, 0);
		fill(&s, 40 * MIB, 50 * MIB, other);
		assert_true(s.n_requests > 0);
		assert_true(s.most_over_bytes > 0);
		scene_free(&s);
	}
}

/* The same in one service: the cache is full and quiet, what leaks beside it is no part of it. */
static void a_hog_in_the_service_of_the_cache_is_not_the_cache(void **unused)
{
	struct scene s = scene_new(192 * MIB, false, AS_IT_GOES);

	fill(&s, 64 * MIB, 60 * MIB, 0);
	rest(&s);
	assert_int_equal(s.n_requests, 0);
	for (int i = 0; i < 50 && s.n_requests == 0; i++) {
		take(&s, s.service, 2 * MIB);
		step(&s, 20 * MSEC);
	}
	assert_true(s.n_requests > 0);
	assert_true(left(&s) > 64 * MIB); /* long before a threshold */
	assert_true(s.most_over_bytes > 20 * MIB);
	scene_free(&s);
}

/* It grew fast until a moment ago: that is past, and nothing is asked for it. */
static void a_growth_that_has_ended_asks_for_nothing(void **unused)
{
	struct scene s = scene_new(192 * MIB, true, AS_IT_GOES);

	fill(&s, 40 * MIB, 60 * MIB, 0);
	rest(&s);
	s.c->profile.max_rung[LEVEL_MEDIUM] = RUNG_WARN;
	for (int i = 0; i < 50; i++) {
		take(&s, s.other, 2 * MIB);
		step(&s, 20 * MSEC);
	}
	s.c->profile.max_rung[LEVEL_MEDIUM] = RUNG_SHED;
	assert_int_equal(s.n_requests, 0);
	for (int i = 0; i < 20; i++)
		step(&s, 150 * MSEC);
	assert_int_equal(s.n_requests, 0);
	scene_free(&s);
}

/* What a module gave makes room in both counters, whichever falls first: it is no growth. */
static void a_gift_is_no_growth(void **unused)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 140 * MIB);

	g->limit_bytes = 150 * MIB;
	for (int i = 0; i < 3; i++)
		course_add_module(c, g, 40 * MIB)->owner_bytes = 40 * MIB;
	course_step(c);
	for (int i = 0; i < 3;
	     i++) { /* each gives 8 MiB, which the group shows half a second late */
		for (size_t k = 0; k < c->decision.n_actions; k++) {
			const struct action *a = &c->decision.actions[k];

			if (a->module_slot == SLOT_NONE)
				continue;
			c->modules[a->module_slot].size_bytes -= 8 * MIB;
			c->modules[a->module_slot].owner_bytes -= 8 * MIB;
			course_answer(c, a->id, RESULT_PARTIAL, 8 * MIB);
		}
		for (int k = 0; k < 10; k++) {
			course_step_after(c, 50 * MSEC);
			assert_int_equal(c->state.ladders[0].others_bytes, 0);
			if (c->decision.n_actions > 0)
				break;
		}
		g->current_bytes -= 8 * MIB;
	}
	course_free(c);
}

/* Looked at for 10 ms it can be said how fast others grow, for less it cannot. */
static void growth_is_known_after_ten_milliseconds(void **unused)
{
	struct scene s = scene_new(100 * MIB, false, AS_IT_GOES);
	struct ladder ladder = { .active = true, .group_slot = s.limited->slot };
	struct step now;

	course_step(s.c);
	now = (struct step){ .profile = &s.c->profile,
			     .state = &s.c->state,
			     .observation = &s.c->seen,
			     .decision = &s.c->decision,
			     .now_usec = s.c->seen.now_usec };
	own_growth_follow(&now, &ladder);
	now.now_usec += 10 * MSEC - 1;
	own_growth_follow(&now, &ladder);
	assert_false(ladder.others_known);
	now.now_usec++;
	own_growth_follow(&now, &ladder);
	assert_true(ladder.others_known);
	scene_free(&s);
}

/* What modules elsewhere give is no fall of this group. */
static void only_modules_inside_count(void **unused)
{
	struct course *c = course_new();
	struct group_reading *outer = course_add_group(c, 100 * MIB);
	struct group_reading *inner = course_add_group(c, 60 * MIB);
	struct group_reading *other = course_add_group(c, 60 * MIB);
	struct module_reading *a = course_add_module(c, inner, 50 * MIB);
	struct module_reading *b = course_add_module(c, other, 50 * MIB);

	inner->parent_slot = outer->slot;
	course_step(c);
	a->size_bytes -= 5 * MIB;
	b->size_bytes -= 7 * MIB;
	course_step_after(c, 100 * MSEC);
	assert_int_equal(own_growth_fell(&c->state, inner->slot, WITNESS_REPORT), 5 * MIB);
	assert_int_equal(own_growth_fell(&c->state, outer->slot, WITNESS_REPORT), 5 * MIB);
	assert_int_equal(own_growth_fell(&c->state, other->slot, WITNESS_REPORT), 7 * MIB);
	assert_int_equal(own_growth_fell(&c->state, GROUP_SLOT_HOST, WITNESS_REPORT), 12 * MIB);
	course_free(c);
}

/* A module may be listed before its group: that group begins with nothing of its own. */
static void a_group_that_comes_later_begins_anew(void **unused)
{
	struct course *c = course_new();
	struct group_reading later = *course_add_group(c, 100 * MIB);

	later.slot = 2;
	later.id = 4711;
	course_add_module(c, &later, 50 * MIB);
	for (int i = 0; i < 3; i++)
		course_step_after(c, 100 * MSEC);
	assert_int_equal(c->state.groups[2].own.bytes[WITNESS_REPORT], 0);
	*course_add_group(c, 0) = later;
	course_step_after(c, 100 * MSEC);
	assert_int_equal(c->state.groups[2].own.bytes[WITNESS_REPORT], 50 * MIB);
	assert_int_equal(own_growth_fell(&c->state, 2, WITNESS_REPORT), 0);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fills_its_own_cache_keeps_it),
		cmocka_unit_test(a_busy_machine_takes_nothing_from_a_cache_that_fills),
		cmocka_unit_test(what_fills_its_limit_is_asked_for_what_is_missing),
		cmocka_unit_test(what_grows_beside_a_filling_cache_is_answered_ahead),
		cmocka_unit_test(a_hog_in_the_service_of_the_cache_is_not_the_cache),
		cmocka_unit_test(a_growth_that_has_ended_asks_for_nothing),
		cmocka_unit_test(a_gift_is_no_growth),
		cmocka_unit_test(a_gift_that_is_seen_before_its_answer_is_no_growth),
		cmocka_unit_test(growth_is_known_after_ten_milliseconds),
		cmocka_unit_test(only_modules_inside_count),
		cmocka_unit_test(a_group_that_comes_later_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
