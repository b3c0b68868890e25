/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/exhaustion.h"
#include "tests/unit/course.h"

/* What the kernel's speeds are given in. */
#define MB 1000000ULL

/* A group or host that is filled; readings as headroom.c makes them. */
struct tank {
	struct profile profile;
	struct group_state group;
	uint64_t now_usec;
	uint64_t used_bytes;
};

static struct tank tank_of(uint32_t slot, uint64_t total_bytes, uint64_t used_bytes)
{
	struct tank t = { .now_usec = 1000 * SEC, .used_bytes = used_bytes };

	profile_init(&t.profile);
	t.group.slot = slot;
	t.group.shortage.valid = true;
	t.group.shortage.total_bytes = total_bytes;
	return t;
}

static struct tank limited(uint64_t limit_bytes, uint64_t used_bytes)
{
	return tank_of(1, limit_bytes, used_bytes);
}

static struct tank host(uint64_t total_bytes, uint64_t used_bytes)
{
	return tank_of(GROUP_SLOT_HOST, total_bytes, used_bytes);
}

static uint64_t left(const struct tank *t)
{
	return u64_sub(t->group.shortage.total_bytes, t->used_bytes);
}

static void look(struct tank *t)
{
	t->group.shortage.headroom_bytes = t->group.shortage.available_bytes = left(t);
	t->group.seen.current_bytes = t->used_bytes;
	exhaustion_add(&t->profile, &t->group, t->now_usec);
}

static enum level level_of(const struct tank *t, enum level current)
{
	return exhaustion_level(&t->profile, &t->group, current);
}

/* As the tripwire does: grows at that rate, looked at whenever a share of what is left is taken. */
static void grow(struct tank *t, uint64_t rate_bytes, uint64_t bytes)
{
	while (bytes > 0) {
		uint64_t budget = u64_max(left(t) / 25, MIB), part = u64_min(bytes, budget);

		t->used_bytes += part;
		t->now_usec += u64_muldiv(part, SEC, rate_bytes);
		bytes -= part;
		look(t);
	}
}

/* Grows until that level is asked for. Returns: the share that is used up then, in percent. */
static uint64_t percent_at(struct tank *t, uint64_t rate_bytes, enum level level)
{
	while (level_of(t, LEVEL_LOW) < level) {
		assert_true(left(t) > MIB);
		grow(t, rate_bytes, u64_max(left(t) / 25, MIB));
	}
	return t->used_bytes * 100 / t->group.shortage.total_bytes;
}

static void nothing_grows_at_first(void **unused)
{
	struct tank t = limited(128 * MIB, 10 * MIB);

	look(&t);
	assert_true(t.group.shortage.time_left_usec == USEC_NEVER);
	assert_int_equal(t.group.shortage.growth_bytes, 0);
	assert_int_equal(t.group.shortage.confidence_bp, 0);
	for (int i = 0; i < 100; i++, t.now_usec += SEC)
		look(&t);
	assert_true(t.group.shortage.time_left_usec == USEC_NEVER);
	assert_int_equal(level_of(&t, LEVEL_CRITICAL), LEVEL_LOW);
}

/* An idle group of 128 MiB in which a hog starts: known with 85 % left, and how long that lasts. */
static void a_ramp_is_known_early_at_any_speed(void **unused)
{
	static const uint64_t rates[] = { 20 * MB, 100 * MB, 300 * MB, 1200 * MB };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct tank t = limited(128 * MIB, 0);
		uint64_t lasts_usec;

		look(&t);
		t.now_usec += 40 * SEC;
		assert_in_range(percent_at(&t, rates[i], LEVEL_MEDIUM), 0, 15);
		lasts_usec = u64_muldiv(left(&t), SEC, rates[i]);
		assert_in_range(t.group.shortage.time_left_usec, lasts_usec * 8 / 10,
				lasts_usec * 12 / 10);
		assert_in_range(t.group.shortage.growth_bytes, rates[i] * 8 / 10,
				rates[i] * 12 / 10);
		if (rates[i] == 20 * MB)
			assert_true(lasts_usec >= 5 * SEC);
		if (rates[i] == 100 * MB)
			assert_true(lasts_usec >= 1 * SEC);
	}
}

/* The severer levels follow as the growth goes on, each surer than the one before. */
static void levels_follow_the_ramp(void **unused)
{
	struct tank slow = limited(128 * MIB, 0), fast = limited(128 * MIB, 0);

	look(&slow);
	look(&fast);
	percent_at(&slow, 10 * MB, LEVEL_HIGH);
	assert_in_range(slow.group.shortage.time_left_usec, 2800 * MSEC, 3 * SEC);
	percent_at(&slow, 20 * MB, LEVEL_CRITICAL);
	assert_in_range(slow.group.shortage.time_left_usec, 850 * MSEC, SEC);
	/* too fast for a clock: both are sure by then, and come when a quarter is left */
	assert_in_range(percent_at(&fast, 300 * MB, LEVEL_HIGH), 75, 78);
	assert_in_range(percent_at(&fast, 300 * MB, LEVEL_CRITICAL), 75, 78);
	assert_true(fast.group.shortage.confidence_bp >= 3000);
}

/* 6 MiB at once are a quarter of this container, and what any program takes. */
static void a_start_in_a_small_container_is_no_shortage(void **unused)
{
	struct tank t = limited(24 * MIB, 0);

	look(&t);
	t.now_usec += 40 * SEC;
	grow(&t, 100 * MB, 6 * MIB);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_LOW);
	assert_true(t.group.shortage.time_left_usec > 10 * SEC);
	grow(&t, 100 * MB, 4 * MIB);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_MEDIUM);
	grow(&t, 100 * MB, 4 * MIB);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_MEDIUM);
	grow(&t, 100 * MB, 4 * MIB);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_CRITICAL);
}

/* A cache of 100 MiB, filled as fast as it goes, leaves 48 of 150: at no moment more than medium.
 */
static void a_cache_that_fills_is_no_emergency(void **unused)
{
	for (uint64_t rate = 20; rate <= 1500; rate *= 2) {
		struct tank t = limited(150 * MIB, 2 * MIB);

		look(&t);
		t.now_usec += 10 * SEC;
		for (int i = 0; i < 50; i++) {
			grow(&t, rate * MB, 2 * MIB);
			assert_true(level_of(&t, LEVEL_LOW) <= LEVEL_MEDIUM);
		}
	}
}

static void time_left_is_right_all_along_a_ramp(void **unused)
{
	struct tank t = limited(GIB, 0);

	look(&t);
	percent_at(&t, 50 * MB, LEVEL_MEDIUM);
	while (left(&t) > 16 * MIB) {
		uint64_t lasts_usec = u64_muldiv(left(&t), SEC, 50 * MB);

		assert_in_range(t.group.shortage.time_left_usec, lasts_usec * 9 / 10,
				lasts_usec * 11 / 10);
		grow(&t, 50 * MB, u64_max(left(&t) / 25, MIB));
	}
}

static void a_burst_on_a_half_full_host_is_no_level(void **unused)
{
	struct tank t = host(GIB, GIB / 2);

	look(&t);
	t.now_usec += 30 * SEC;
	for (int i = 0; i < 25; i++) {
		grow(&t, 333 * MB, 4 * MB);
		assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_LOW);
	}
	for (int i = 0; i < 10; i++, t.now_usec += SEC) {
		look(&t);
		assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_LOW);
	}
}

/* But a ramp is known there, too, before a third of what was left is gone. */
static void a_ramp_on_a_half_full_host_is_a_level(void **unused)
{
	struct tank t = host(GIB, GIB / 2);

	look(&t);
	t.now_usec += 30 * SEC;
	assert_in_range(percent_at(&t, 100 * MB, LEVEL_MEDIUM), 50, 63);
}

static void a_roomy_host_is_in_no_hurry(void **unused)
{
	struct tank t = host(GIB, 0);

	look(&t);
	grow(&t, 500 * MB, GIB / 2 - MIB);
	assert_true(t.group.shortage.time_left_usec < 2 * SEC);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_LOW);
	grow(&t, 500 * MB, 2 * MIB);
	assert_true(level_of(&t, LEVEL_LOW) > LEVEL_LOW);
}

static void a_step_is_no_growth(void **unused)
{
	struct tank t = limited(GIB, 100 * MIB);

	for (int i = 0; i < 30; i++, t.now_usec += 100 * MSEC) {
		if (i == 15)
			t.used_bytes += 500 * MIB;
		look(&t);
		assert_true(t.group.shortage.time_left_usec == USEC_NEVER);
		assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_LOW);
	}
}

static void a_staircase_runs_out_like_a_ramp(void **unused)
{
	struct tank t = limited(GIB, 0);

	look(&t);
	for (int i = 0; i < 40; i++) { /* 80 MiB every two seconds, in one stride each */
		t.now_usec += 200 * MSEC;
		t.used_bytes += i % 10 == 9 ? 80 * MIB : 0;
		look(&t);
	}
	assert_in_range(t.group.shortage.time_left_usec, 8 * SEC, 27 * SEC); /* 17.6 s */
}

static void a_limit_that_moves_is_no_growth(void **unused)
{
	struct tank t = limited(GIB, 200 * MIB);

	for (int i = 0; i < 30; i++, t.now_usec += 100 * MSEC) {
		t.group.shortage.total_bytes = (i / 5 % 2 ? 512 : 1024) * MIB;
		look(&t);
		assert_true(t.group.shortage.time_left_usec == USEC_NEVER);
	}
	/* below what is in use: nothing is left, and that is no growth either */
	t.group.shortage.total_bytes = 100 * MIB;
	look(&t);
	assert_int_equal(t.group.shortage.growth_bytes, 0);
	assert_int_equal(t.group.shortage.time_left_usec, 0);
}

/* A growth that was known is judged anew by what the new limit leaves. */
static void a_growth_lasts_longer_under_a_higher_limit(void **unused)
{
	struct tank t = limited(256 * MIB, 0);

	look(&t);
	grow(&t, 20 * MB, 200 * MIB);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_HIGH);
	t.group.shortage.total_bytes = GIB;
	grow(&t, 20 * MB, MIB);
	assert_in_range(t.group.shortage.time_left_usec, 38 * SEC, 48 * SEC);
	assert_int_equal(level_of(&t, LEVEL_HIGH), LEVEL_LOW);
}

static void a_ramp_that_ended_is_forgotten_at_once(void **unused)
{
	struct tank t = limited(128 * MIB, 0);
	enum level level = LEVEL_LOW, last = LEVEL_CRITICAL;
	uint64_t end_usec;

	look(&t);
	grow(&t, 100 * MB, 98 * MIB);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_CRITICAL);
	end_usec = t.now_usec;
	for (level = LEVEL_CRITICAL; level > LEVEL_LOW;) {
		t.now_usec += 20 * MSEC;
		look(&t);
		level = level_of(&t, level);
		assert_true(level <= last);
		last = level;
	}
	assert_in_range(t.now_usec - end_usec, 180 * MSEC, 300 * MSEC);
	assert_true(t.group.shortage.time_left_usec == USEC_NEVER);
	assert_int_equal(t.group.shortage.growth_bytes, 0);
}

/* Held still by the brake, what runs away has not ended. */
static void what_is_held_still_has_not_ended(void **unused)
{
	struct tank t = limited(128 * MIB, 0);

	look(&t);
	grow(&t, 100 * MB, 98 * MIB);
	t.group.is_helped = true;
	t.now_usec += 300 * MSEC;
	look(&t);
	assert_true(t.group.shortage.time_left_usec < 4 * SEC);
	assert_true(level_of(&t, LEVEL_CRITICAL) > LEVEL_LOW);
}

/* A pause shorter than the moments that count, or one between looks that are far apart, is no end.
 */
static void a_short_pause_is_no_end(void **unused)
{
	struct tank t = limited(256 * MIB, 0);

	look(&t);
	t.now_usec += 40 * SEC;
	grow(&t, 100 * MB, 150 * MIB);
	t.now_usec += 150 * MSEC;
	look(&t);
	assert_true(t.group.shortage.time_left_usec < 4 * SEC);
	/* idle for a minute, then fast: that it was idle says nothing */
	t.now_usec += 60 * SEC;
	grow(&t, 400 * MB, 60 * MIB);
	assert_true(t.group.shortage.time_left_usec < 500 * MSEC);
}

static void twice_the_time_is_needed_to_leave(void **unused)
{
	struct tank t = limited(GIB, 0);
	uint64_t rate = 50 * MIB;

	look(&t);
	percent_at(&t, rate, LEVEL_MEDIUM);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_MEDIUM);
	/* slower by now: 15 s are enough to stay, not to enter */
	rate = left(&t) / 15;
	grow(&t, rate, left(&t) / 5);
	assert_int_equal(level_of(&t, LEVEL_MEDIUM), LEVEL_MEDIUM);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_LOW);
	grow(&t, left(&t) / 25, left(&t) / 5);
	assert_int_equal(level_of(&t, LEVEL_MEDIUM), LEVEL_LOW);
}

/* What lets a level be entered lets it stay: it is not left and entered in turn. */
static void who_enters_a_level_stays(void **unused)
{
	for (uint64_t rate = 5; rate < 400; rate += 7) {
		struct tank t = limited(256 * MIB, 0);

		look(&t);
		while (left(&t) > 2 * MIB) {
			enum level level = level_of(&t, LEVEL_LOW);

			assert_int_equal(level_of(&t, level), level);
			grow(&t, rate * MB, MIB);
			t.now_usec += rate % 3 * 50 * MSEC;
		}
	}
}

/* 1 MiB a minute in a group of 1 GiB, looked at once a minute: hours are left. */
static void a_slow_leak_leaves_hours(void **unused)
{
	struct tank t = limited(GIB, 0);

	for (int i = 0; i < 600; i++, t.now_usec += 60 * SEC, t.used_bytes += MIB) {
		look(&t);
		assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_LOW);
	}
	t.now_usec -= 60 * SEC;
	assert_in_range(t.group.shortage.time_left_usec, 380 * 60 * SEC, 480 * 60 * SEC);
}

static void the_faster_the_shorter(void **unused)
{
	uint64_t before = USEC_NEVER;

	for (uint64_t last = 0; last < 300; last++) {
		struct tank t = limited(GIB, 500 * MIB);

		for (int i = 0; i < 5; i++, t.now_usec += 100 * MSEC) {
			look(&t);
			t.used_bytes += (10 + (uint64_t)i) * MIB;
		}
		t.used_bytes += last * MIB;
		look(&t);
		assert_true(t.group.shortage.time_left_usec <= before);
		before = t.group.shortage.time_left_usec;
	}
	assert_true(before < 20 * SEC);
}

/* One that grows ever faster is never told more time than one that stayed as it was. */
static void acceleration_shortens_the_time(void **unused)
{
	struct tank steady = limited(GIB, 0), faster = limited(GIB, 0);
	uint64_t rate = 10 * MIB;

	look(&steady);
	look(&faster);
	for (int i = 0; i < 20; i++, rate += 5 * MIB) {
		steady.now_usec += 200 * MSEC;
		faster.now_usec += 200 * MSEC;
		steady.used_bytes += 2 * MIB;
		faster.used_bytes += rate / 5;
		look(&steady);
		look(&faster);
		assert_true(faster.group.shortage.time_left_usec <=
			    steady.group.shortage.time_left_usec);
		assert_true(level_of(&faster, LEVEL_LOW) >= level_of(&steady, LEVEL_LOW));
	}
	assert_true(faster.group.shortage.time_left_usec < 30 * SEC);
}

/* A cache that drops 60 MiB makes room, but the hog beside it grows as fast as before. */
static void what_modules_give_does_not_slow_the_growth(void **unused)
{
	struct tank t = limited(GIB, 500 * MIB);

	look(&t);
	for (int i = 0; i < 20; i++) {
		t.now_usec += 200 * MSEC;
		t.used_bytes += 10 * MIB;
		if (i == 15) {
			t.used_bytes -= 60 * MIB;
			t.group.given_bytes += 60 * MIB;
		}
		look(&t);
	}
	assert_in_range(t.group.shortage.growth_bytes, 49 * MIB, 51 * MIB);
	assert_in_range(t.group.shortage.time_left_usec, left(&t) / 51 * SEC / MIB,
			left(&t) / 49 * SEC / MIB);
}

static void nothing_left_is_no_time_left(void **unused)
{
	struct tank t = limited(128 * MIB, 0);

	look(&t);
	grow(&t, 100 * MB, 128 * MIB);
	assert_int_equal(t.group.shortage.time_left_usec, 0);
	assert_int_equal(t.group.shortage.growth_bytes, 0);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_CRITICAL);
	t.profile.exhaustion_usec[LEVEL_CRITICAL] = 0; /* off is off */
	t.profile.exhaustion_usec[LEVEL_HIGH] = 0;
	t.profile.exhaustion_usec[LEVEL_MEDIUM] = 0;
	assert_int_equal(level_of(&t, LEVEL_CRITICAL), LEVEL_LOW);
}

static void all_of_it_is_never_asked_for(void **unused)
{
	struct tank t = limited(128 * MIB, 0), h = host(GIB, GIB / 2);

	look(&t);
	grow(&t, 100 * MB, 120 * MIB);
	assert_true(exhaustion_time_left(&t.group, t.now_usec, BP_ONE) == USEC_NEVER);
	assert_true(exhaustion_time_left(&t.group, t.now_usec, 0) < 2 * SEC); /* taken as 1 % */
	/* the host asks for twice as much, but not for all; 100 % stays off */
	assert_int_equal(exhaustion_confidence(&h.profile, &h.group, LEVEL_MEDIUM), 2000);
	h.profile.exhaustion_confidence_bp[LEVEL_CRITICAL] = 8000;
	assert_int_equal(exhaustion_confidence(&h.profile, &h.group, LEVEL_CRITICAL), 9500);
	h.profile.exhaustion_confidence_bp[LEVEL_CRITICAL] = 9800;
	assert_int_equal(exhaustion_confidence(&h.profile, &h.group, LEVEL_CRITICAL), 9800);
	h.profile.exhaustion_confidence_bp[LEVEL_CRITICAL] = BP_ONE;
	assert_int_equal(exhaustion_confidence(&h.profile, &h.group, LEVEL_CRITICAL), BP_ONE);
}

static void an_unlimited_group_cannot_run_out(void **unused)
{
	struct tank t = limited(BYTES_UNLIMITED, 100 * MIB);

	look(&t);
	assert_int_equal(t.group.consumption.n, 0);
	assert_true(t.group.shortage.time_left_usec == USEC_NEVER);
	assert_int_equal(level_of(&t, LEVEL_LOW), LEVEL_LOW);
}

/* The daemon came late: half of what was left went between two looks. */
static void late_look(struct tank *t, uint64_t pace_bytes)
{
	look(t);
	t->now_usec += 500 * MSEC;
	t->used_bytes += 50 * MIB;
	t->group.seen.has |= pace_bytes ? GROUP_HAS_GROWTH : 0;
	t->group.seen.growth_bytes = pace_bytes;
	look(t);
}

static void a_late_look_believes_what_the_kernel_saw(void **unused)
{
	struct tank t = limited(200 * MIB, 100 * MIB);

	late_look(&t, 100 * MIB);
	assert_in_range(exhaustion_time_left(&t.group, t.now_usec, 2500), 450 * MSEC, 650 * MSEC);
	/* nobody saw it rise, or only a little at a time: a jump */
	t = limited(200 * MIB, 100 * MIB);
	late_look(&t, 0);
	assert_true(exhaustion_time_left(&t.group, t.now_usec, 2500) == USEC_NEVER);
	t = limited(200 * MIB, 100 * MIB);
	late_look(&t, MIB);
	assert_true(exhaustion_time_left(&t.group, t.now_usec, 2500) == USEC_NEVER);
}

/* Not looked at before: nothing was seen growing. */
static void without_a_past_there_is_time(void **unused)
{
	struct tank t = limited(100 * MIB, 90 * MIB);

	t.group.shortage.headroom_bytes = left(&t);
	assert_true(exhaustion_time_left(&t.group, t.now_usec, 1000) == USEC_NEVER);
	t.group.shortage.headroom_bytes = 0;
	assert_int_equal(exhaustion_time_left(&t.group, t.now_usec, 1000), 0);
}

/* Seen for 150 ms it has no present yet: what it took to use up the last of it counts. */
static void the_present_takes_two_hundred_milliseconds(void **unused)
{
	static const uint64_t used_mib[] = { 100, 62, 82, 102 };
	struct tank t = limited(200 * MIB, 100 * MIB);

	for (size_t i = 0; i < 4; i++) {
		t.used_bytes = used_mib[i] * MIB;
		look(&t);
		t.now_usec += 50 * MSEC;
	}
	t.now_usec -= 50 * MSEC;
	assert_true(exhaustion_time_left(&t.group, t.now_usec, 1000) < 700 * MSEC);
	t.now_usec += 50 * MSEC; /* now it has: nothing was added in all */
	t.used_bytes = 100 * MIB;
	look(&t);
	assert_true(exhaustion_time_left(&t.group, t.now_usec, 1000) == USEC_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_grows_at_first),
		cmocka_unit_test(a_ramp_is_known_early_at_any_speed),
		cmocka_unit_test(levels_follow_the_ramp),
		cmocka_unit_test(a_start_in_a_small_container_is_no_shortage),
		cmocka_unit_test(a_cache_that_fills_is_no_emergency),
		cmocka_unit_test(time_left_is_right_all_along_a_ramp),
		cmocka_unit_test(a_burst_on_a_half_full_host_is_no_level),
		cmocka_unit_test(a_ramp_on_a_half_full_host_is_a_level),
		cmocka_unit_test(a_roomy_host_is_in_no_hurry),
		cmocka_unit_test(a_step_is_no_growth),
		cmocka_unit_test(a_staircase_runs_out_like_a_ramp),
		cmocka_unit_test(a_limit_that_moves_is_no_growth),
		cmocka_unit_test(a_growth_lasts_longer_under_a_higher_limit),
		cmocka_unit_test(a_ramp_that_ended_is_forgotten_at_once),
		cmocka_unit_test(what_is_held_still_has_not_ended),
		cmocka_unit_test(a_short_pause_is_no_end),
		cmocka_unit_test(twice_the_time_is_needed_to_leave),
		cmocka_unit_test(who_enters_a_level_stays),
		cmocka_unit_test(a_slow_leak_leaves_hours),
		cmocka_unit_test(the_faster_the_shorter),
		cmocka_unit_test(acceleration_shortens_the_time),
		cmocka_unit_test(what_modules_give_does_not_slow_the_growth),
		cmocka_unit_test(nothing_left_is_no_time_left),
		cmocka_unit_test(all_of_it_is_never_asked_for),
		cmocka_unit_test(an_unlimited_group_cannot_run_out),
		cmocka_unit_test(a_late_look_believes_what_the_kernel_saw),
		cmocka_unit_test(without_a_past_there_is_time),
		cmocka_unit_test(the_present_takes_two_hundred_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
