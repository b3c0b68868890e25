/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/suggestion.h"
#include "tests/unit/course.h"

static struct suggestion list[SUGGESTIONS_MAX];

static size_t list_after(const struct course *c, uint64_t later_usec)
{
	return suggestion_list(&c->profile, &c->state, c->seen.now_usec + later_usec, list,
			       SUGGESTIONS_MAX);
}

/* The one of that kind about that group, or NULL. */
static const struct suggestion *find(size_t n, enum suggestion_kind kind, uint32_t slot)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == kind && list[i].group_slot == slot)
			return &list[i];
	return NULL;
}

static void take_up(struct course *c, struct group_reading *group, uint64_t bytes, uint64_t usec)
{
	for (int i = 0; i < 50; i++) {
		group->current_bytes += bytes / 50;
		course_step_after(c, usec / 50);
	}
}

/* 100 MiB of 300 MiB are used up, and 100 MiB more within `usec`. */
static struct course *growing(uint64_t usec)
{
	struct course *c = course_new();

	course_add_group(c, 100 * MIB)->limit_bytes = 300 * MIB;
	course_step(c);
	take_up(c, &c->groups[0], 100 * MIB, usec);
	return c;
}

static void the_shorter_the_time_the_more_urgent(void **unused)
{
	static const struct {
		uint64_t span_usec;
		enum severity severity;
	} rows[] = {
		{ 10 * SEC, SEVERITY_CRITICAL },
		{ 5 * USEC_PER_MIN, SEVERITY_WARNING },
		{ 40 * USEC_PER_MIN, SEVERITY_INFO },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct course *c = growing(rows[i].span_usec);
		const struct suggestion *s = find(list_after(c, 0), SUGGESTION_TIME_LEFT, 1);

		assert_non_null(s);
		assert_int_equal(s->severity, rows[i].severity);
		assert_int_equal(s->group_id, c->groups[0].id);
		assert_int_equal(s->total_bytes, 300 * MIB);
		assert_int_equal(s->headroom_bytes, 100 * MIB);
		assert_true(s->confidence_bp >= 2000);
		assert_true(s->growth_bytes > 0);
		course_free(c);
	}
}

static void enough_time_calm_and_doubt_are_not_worth_a_word(void **unused)
{
	struct course *c = growing(3 * 60 * USEC_PER_MIN);

	assert_int_equal(list_after(c, 0), 0);
	course_free(c);
	c = growing(10 * SEC);
	assert_int_equal(list_after(c, 0), 1);
	assert_int_equal(list_after(c, 24 * 60 * USEC_PER_MIN), 0); /* it ended */
	course_free(c);

	c = course_new(); /* a tenth of what was left, and no more */
	course_add_group(c, 10 * MIB)->limit_bytes = 300 * MIB;
	course_step(c);
	take_up(c, &c->groups[0], 35 * MIB, 5 * SEC);
	assert_int_equal(list_after(c, 0), 0);
	course_free(c);
}

/* Runs into its limit within two seconds; then the kernel kills in it. */
static struct course *killed_in(uint32_t flags, enum brake brake, uint64_t pause_usec)
{
	struct course *c = course_new();
	struct group_reading *group = course_add_group(c, 100 * MIB);

	c->profile.brake = brake;
	group->limit_bytes = 300 * MIB;
	group->flags = flags;
	group->n_oom_kill = 3; /* before our time */
	course_step(c);
	take_up(c, group, 180 * MIB, 2 * SEC);
	group->n_oom_kill++;
	group->current_bytes = 20 * MIB;
	course_step_after(c, pause_usec);
	return c;
}

static void a_kill_without_a_brake_is_told_for_a_day(void **unused)
{
	struct course *c = killed_in(0, BRAKE_OFF, SEC);
	const struct suggestion *s = find(list_after(c, 0), SUGGESTION_BRAKE, 1);

	assert_non_null(s);
	assert_int_equal(s->n_kills, 1);
	assert_int_equal(s->severity, SEVERITY_WARNING);
	assert_non_null(find(list_after(c, 23 * 60 * USEC_PER_MIN), SUGGESTION_BRAKE, 1));
	assert_null(find(list_after(c, 25 * 60 * USEC_PER_MIN), SUGGESTION_BRAKE, 1));
	c->profile.brake = BRAKE_AUTO; /* taken to heart */
	assert_null(find(list_after(c, 0), SUGGESTION_BRAKE, 1));
	course_free(c);
}

static void a_kill_that_no_brake_would_have_prevented_is_not_told(void **unused)
{
	const struct {
		uint32_t flags;
		enum brake brake;
		uint64_t pause_usec;
	} rows[] = {
		{ GROUP_IS_UNBRAKED, BRAKE_OFF, SEC }, /* nobody may hold it */
		{ 0, BRAKE_AUTO, SEC },		       /* the brake was on */
		{ 0, BRAKE_OFF, USEC_PER_MIN },	       /* long after the growth ended */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct course *c = killed_in(rows[i].flags, rows[i].brake, rows[i].pause_usec);

		c->profile.brake = BRAKE_OFF;
		assert_null(find(list_after(c, 0), SUGGESTION_BRAKE, 1));
		course_free(c);
	}
}

/* Ten seconds after it ran out of time, a kill still follows from that. */
static void a_kill_follows_for_ten_seconds(void **unused)
{
	struct course *c = killed_in(0, BRAKE_OFF, 10 * SEC);

	assert_int_equal(c->seen.now_usec - c->state.groups[1].kills.ran_out_usec, 10 * SEC);
	assert_non_null(find(list_after(c, 0), SUGGESTION_BRAKE, 1));
	course_free(c);
	c = killed_in(0, BRAKE_OFF, 10 * SEC + 1);
	assert_null(find(list_after(c, 0), SUGGESTION_BRAKE, 1));
	course_free(c);
}

/* Who would be held is the service in it. */
static void a_kill_in_a_slice_is_told_though_no_slice_is_held(void **unused)
{
	struct course *c = course_new();
	struct group_reading *slice = course_add_group(c, 100 * MIB);
	struct group_reading *service = course_add_group(c, 100 * MIB);

	slice->limit_bytes = 300 * MIB;
	slice->flags = GROUP_IS_CONTEXT | GROUP_IS_UNBRAKED;
	service->parent_slot = slice->slot;
	course_step(c);
	take_up(c, slice, 180 * MIB, 2 * SEC);
	slice->n_oom_kill = 1;
	service->n_oom_kill = 1;
	course_step_after(c, SEC);
	assert_non_null(find(list_after(c, 0), SUGGESTION_BRAKE, slice->slot));
	assert_null(find(list_after(c, 0), SUGGESTION_BRAKE, service->slot)); /* it has no limit */
	service->flags = GROUP_IS_PROTECTED;
	course_step_after(c, SEC);
	assert_null(find(list_after(c, 0), SUGGESTION_BRAKE, slice->slot));
	course_free(c);
}

static void a_kill_for_the_hosts_sake_is_told_of_the_host(void **unused)
{
	struct course *c = course_new();
	struct group_reading *group = course_add_group(c, 100 * MIB);
	size_t n;

	course_step(c);
	for (int i = 0; i < 48; i++) {
		c->seen.machine.available_bytes -= 10 * MIB;
		course_step_after(c, 30 * MSEC);
	}
	group->n_oom_kill = 2;
	c->seen.machine.available_bytes = GIB / 2;
	course_step_after(c, SEC);
	n = list_after(c, 0);
	assert_non_null(find(n, SUGGESTION_BRAKE, GROUP_SLOT_HOST));
	assert_int_equal(find(n, SUGGESTION_BRAKE, GROUP_SLOT_HOST)->n_kills, 2);
	assert_null(find(n, SUGGESTION_BRAKE, group->slot));
	course_free(c);
}

/* More than fit: the least urgent are left out. */
static void the_most_urgent_come_first(void **unused)
{
	struct course *c = course_new();
	size_t n;

	for (int i = 0; i < 12; i++)
		course_add_group(c, 100 * MIB)->limit_bytes = 300 * MIB;
	course_step(c);
	for (uint64_t i = 0; i < 50; i++) {
		for (uint64_t slot = 0; slot < 12; slot++)
			c->groups[slot].current_bytes += MIB + slot * 5 % 12 * 200 * KIB;
		course_step_after(c, SEC);
	}
	n = suggestion_list(&c->profile, &c->state, c->seen.now_usec, list, 7);
	assert_int_equal(n, 7);
	for (size_t i = 1; i < n; i++) {
		assert_true(list[i].severity <= list[i - 1].severity);
		if (list[i].severity == list[i - 1].severity)
			assert_true(list[i].time_left_usec >= list[i - 1].time_left_usec);
	}
	assert_int_equal(list[0].group_slot, 8); /* 7 * 5 % 12 = 11, the fastest */
	course_free(c);
}

static void names_are_there(void **unused)
{
	assert_string_equal(suggestion_kind_name(SUGGESTION_TIME_LEFT), "time-left");
	assert_string_equal(suggestion_kind_name(SUGGESTION_BRAKE), "brake-would-help");
	assert_string_equal(suggestion_kind_name(N_SUGGESTION_KINDS), "unknown");
	assert_string_equal(severity_name(SEVERITY_INFO), "info");
	assert_string_equal(severity_name(SEVERITY_CRITICAL), "critical");
	assert_string_equal(severity_name(N_SEVERITIES), "unknown");
}

static void a_kill_counts_for_the_group_and_not_for_those_above_it(void **unused)
{
	struct course *c = course_new();
	struct group_reading *slice = course_add_group(c, 100 * MIB);
	struct group_reading *service = course_add_group(c, 50 * MIB);

	service->parent_slot = slice->slot;
	slice->n_oom_kill = service->n_oom_kill = 7; /* before our time */
	course_step(c);
	slice->n_oom_kill = service->n_oom_kill = 9;
	course_step_after(c, SEC);
	assert_int_equal(suggestion_own_kills(&c->state.groups[2]), 2);
	assert_int_equal(suggestion_own_kills(&c->state.groups[1]), 0);
	slice->n_oom_kill = 10; /* in one that was gone before it was read */
	course_step_after(c, SEC);
	assert_int_equal(suggestion_own_kills(&c->state.groups[1]), 1);
	assert_int_equal(c->state.n_killed, 3);
	course_free(c);
}

/* The module of slot 0 answers an order; `measured` of what it claims is found. */
static void answer(struct course *c, uint64_t claimed_bytes, uint64_t measured_bytes)
{
	const struct action *action;

	course_order(c, c->state.next_action_id + 1, &c->groups[0], 16 * MIB, RUNG_SHED);
	course_step_after(c, SEC);
	action = course_action(c, RUNG_SHED, 0);
	assert_non_null(action);
	c->groups[0].current_bytes -= measured_bytes;
	course_answer(c, action->id, RESULT_DONE, claimed_bytes);
	course_step_after(c, 10 * MSEC);
}

/* Asked for by itself, that one applies to the only module and no other does. */
static void only_of_module(const struct course *c, enum suggestion_kind wanted)
{
	struct suggestion one;

	for (int kind = 0; kind < N_SUGGESTION_KINDS; kind++)
		assert_int_equal(
			suggestion_of_module(&c->state, 0, (enum suggestion_kind)kind, &one),
			kind == (int)wanted);
}

static void a_module_that_frees_less_than_it_says_is_named(void **unused)
{
	struct course *c = course_new();
	const struct suggestion *s;

	course_add_module(c, course_add_group(c, 100 * MIB), 64 * MIB);
	course_step(c);
	answer(c, 16 * MIB, 15 * MIB);
	assert_null(find(list_after(c, 0), SUGGESTION_LIAR, 1));
	course_free(c);

	c = course_new();
	course_add_module(c, course_add_group(c, 100 * MIB), 64 * MIB);
	course_step(c);
	answer(c, 15 * MIB, 12 * KIB);
	s = find(list_after(c, 0), SUGGESTION_LIAR, 1);
	assert_non_null(s);
	assert_int_equal(s->claimed_bytes, 15 * MIB);
	assert_int_equal(s->measured_bytes, 12 * KIB);
	assert_int_equal(s->module_slot, 0);
	only_of_module(c, SUGGESTION_LIAR);
	course_free(c);
}

static void a_module_that_is_late_twice_is_named(void **unused)
{
	struct course *c = course_new();
	const struct suggestion *s;

	course_add_module(c, course_add_group(c, 100 * MIB), 64 * MIB);
	course_step(c);
	for (int i = 0; i < 2; i++) {
		assert_null(find(list_after(c, 0), SUGGESTION_LATE, 1));
		course_order(c, 100 + i, &c->groups[0], 16 * MIB, RUNG_SHED);
		for (int step = 0; step < 7; step++) /* until it owes no answer any more */
			course_step_after(c, SEC);
	}
	s = find(list_after(c, 0), SUGGESTION_LATE, 1);
	assert_non_null(s);
	assert_int_equal(s->n_late, 2);
	assert_int_equal(s->n_requests, 2);
	only_of_module(c, SUGGESTION_LATE);
	course_free(c);
}

static void all_modules_excluded_is_told_of_the_host(void **unused)
{
	struct course *c = course_new();
	struct group_reading *one = course_add_group(c, 100 * MIB);
	struct group_reading *other = course_add_group(c, 100 * MIB);

	course_step(c);
	assert_null(find(list_after(c, 0), SUGGESTION_EXCLUDED, GROUP_SLOT_HOST)); /* no module */
	course_add_module(c, one, 50 * MIB);
	course_add_module(c, other, 50 * MIB);
	one->flags |= GROUP_IS_EXCLUDED;
	course_step_after(c, SEC);
	assert_null(find(list_after(c, 0), SUGGESTION_EXCLUDED, GROUP_SLOT_HOST));
	other->flags |= GROUP_IS_EXCLUDED;
	course_step_after(c, SEC);
	const struct suggestion *s = find(list_after(c, 0), SUGGESTION_EXCLUDED, GROUP_SLOT_HOST);
	assert_non_null(s);
	assert_int_equal(s->n_excluded, 2);
	assert_int_equal(s->severity, SEVERITY_WARNING);
	c->modules[0] = c->modules[--c->seen.n_modules]; /* the first slot is free */
	course_step_after(c, SEC);
	s = find(list_after(c, 0), SUGGESTION_EXCLUDED, GROUP_SLOT_HOST);
	assert_non_null(s);
	assert_int_equal(s->n_excluded, 1);
	course_free(c);
}

static void a_cache_that_fills_again_is_no_leak(void **unused)
{
	struct course *c = course_new();
	struct group_reading *group = course_add_group(c, 200 * MIB);

	group->limit_bytes = 300 * MIB;
	course_add_module(c, group, 100 * MIB);
	course_step(c);
	answer(c, 16 * MIB, 100 * MIB); /* it gave all: back to 100 MiB */
	take_up(c, group, 95 * MIB, 10 * SEC);
	assert_null(find(list_after(c, 0), SUGGESTION_TIME_LEFT, 1));
	take_up(c, group, 30 * MIB, 3 * SEC); /* beyond what it had before */
	assert_non_null(find(list_after(c, 0), SUGGESTION_TIME_LEFT, 1));
	course_free(c);
}

static void of_equals_the_first_slot_comes_first(void **unused)
{
	struct course *c = course_new();
	struct group_reading *group = course_add_group(c, 200 * MIB);

	for (int i = 0; i < 3; i++)
		course_add_module(c, group, 50 * MIB);
	course_step(c);
	for (int i = 0; i < 3; i++)
		c->state.modules[i].n_requests = c->state.modules[i].n_late = 2;
	assert_int_equal(list_after(c, 0), 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(list[i].module_slot, i);
	course_free(c);
}

/* Found in the order of slots, the later ones more urgent: each moves those before it back. */
static void a_more_urgent_one_moves_the_others_back(void **unused)
{
	struct course *c = course_new();

	for (uint64_t i = 0; i < 3; i++)
		course_add_group(c, 100 * MIB)->limit_bytes = 300 * MIB;
	course_step(c);
	for (int step = 0; step < 50; step++) {
		for (uint64_t i = 0; i < 3; i++)
			c->groups[i].current_bytes += (i + 1) * MIB;
		course_step_after(c, SEC);
	}
	memset(list, 0, sizeof(list));
	assert_int_equal(list_after(c, 0), 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(list[i].kind, SUGGESTION_TIME_LEFT);
		assert_int_equal(list[i].group_slot, 3 - i);
	}
	assert_true(list[0].time_left_usec < list[1].time_left_usec);
	assert_true(list[1].time_left_usec < list[2].time_left_usec);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shorter_the_time_the_more_urgent),
		cmocka_unit_test(enough_time_calm_and_doubt_are_not_worth_a_word),
		cmocka_unit_test(a_kill_without_a_brake_is_told_for_a_day),
		cmocka_unit_test(a_kill_that_no_brake_would_have_prevented_is_not_told),
		cmocka_unit_test(a_kill_follows_for_ten_seconds),
		cmocka_unit_test(a_kill_in_a_slice_is_told_though_no_slice_is_held),
		cmocka_unit_test(a_kill_for_the_hosts_sake_is_told_of_the_host),
		cmocka_unit_test(the_most_urgent_come_first),
		cmocka_unit_test(names_are_there),
		cmocka_unit_test(a_kill_counts_for_the_group_and_not_for_those_above_it),
		cmocka_unit_test(a_module_that_frees_less_than_it_says_is_named),
		cmocka_unit_test(a_module_that_is_late_twice_is_named),
		cmocka_unit_test(all_modules_excluded_is_told_of_the_host),
		cmocka_unit_test(a_cache_that_fills_again_is_no_leak),
		cmocka_unit_test(of_equals_the_first_slot_comes_first),
		cmocka_unit_test(a_more_urgent_one_moves_the_others_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
