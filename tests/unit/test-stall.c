/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/stall.h"
#include "tests/unit/course.h"

struct bench {
	struct profile profile;
	struct group_state group;
};

static struct bench bench_with(uint64_t available_bytes)
{
	struct bench b = { 0 };

	profile_init(&b.profile);
	b.group.shortage = (struct shortage){
		.valid = true,
		.total_bytes = GIB,
		.available_bytes = available_bytes,
		.headroom_bytes = available_bytes,
	};
	return b;
}

static void the_share_is_that_of_a_closed_window(void **unused)
{
	struct bench b = bench_with(200 * MIB);

	stall_add(&b.profile, &b.group, 5 * SEC, SEC, 100 * SEC);
	assert_int_equal(b.group.shortage.some_bp, 0);
	stall_add(&b.profile, &b.group, 5 * SEC + 200 * MSEC, SEC, 100 * SEC + 400 * MSEC);
	assert_int_equal(b.group.shortage.some_bp, 0); /* too short a window yet */
	stall_add(&b.profile, &b.group, 5 * SEC + 300 * MSEC, SEC + 100 * MSEC, 101 * SEC);
	assert_int_equal(b.group.shortage.some_bp, 3000);
	assert_int_equal(b.group.shortage.full_bp, 1000);
	stall_add(&b.profile, &b.group, 5 * SEC + 300 * MSEC, SEC + 100 * MSEC,
		  101 * SEC + 100 * MSEC);
	assert_int_equal(b.group.shortage.some_bp, 3000); /* kept until the next one closes */
	stall_add(&b.profile, &b.group, 5 * SEC + 300 * MSEC, SEC + 100 * MSEC, 102 * SEC);
	assert_int_equal(b.group.shortage.some_bp, 0);
}

static void a_long_sleep_is_looked_at_again(void **unused)
{
	struct bench b = bench_with(200 * MIB);

	stall_add(&b.profile, &b.group, 0, 0, 100 * SEC);
	stall_add(&b.profile, &b.group, 60 * MSEC, 0, 160 * SEC);
	assert_int_equal(b.group.look_again_usec, 0); /* could not have set off a trigger */
	stall_add(&b.profile, &b.group, 200 * MSEC, 0, 220 * SEC);
	assert_int_equal(b.group.shortage.some_bp, 0);
	assert_int_equal(b.group.look_again_usec, 220 * SEC + 500 * MSEC);
	stall_add(&b.profile, &b.group, 400 * MSEC, 0, 220 * SEC + 500 * MSEC);
	assert_int_equal(b.group.shortage.some_bp, 4000);
	assert_int_equal(b.group.look_again_usec, 0);
}

/* Without a trigger the kernel does not wake reliefd: a look would be one of every sleep. */
static void without_triggers_a_long_sleep_is_no_reason_to_look(void **unused)
{
	struct bench b = bench_with(200 * MIB);

	b.profile.trigger_some_usec = b.profile.trigger_full_usec = 0;
	stall_add(&b.profile, &b.group, 0, 0, 100 * SEC);
	stall_add(&b.profile, &b.group, 20 * SEC, 20 * SEC, 160 * SEC);
	assert_int_equal(b.group.look_again_usec, 0);
	b.profile.trigger_full_usec = 50 * MSEC; /* either is enough */
	stall_add(&b.profile, &b.group, 40 * SEC, 40 * SEC, 220 * SEC);
	assert_int_equal(b.group.look_again_usec, 220 * SEC + 500 * MSEC);
}

static void a_counter_that_went_back_is_no_stall(void **unused)
{
	struct bench b = bench_with(200 * MIB);

	stall_add(&b.profile, &b.group, 50 * SEC, 50 * SEC, 100 * SEC);
	stall_add(&b.profile, &b.group, 1 * SEC, 0, 101 * SEC);
	assert_int_equal(b.group.shortage.some_bp, 0);
}

static void a_stall_counts_only_when_little_is_left(void **unused)
{
	struct bench b = bench_with(GIB * 30 / 100);

	b.group.shortage.some_bp = 2600;
	assert_int_equal(stall_level(&b.profile, &b.group, LEVEL_LOW), LEVEL_HIGH);
	assert_false(stall_is_io(&b.profile, &b.group));
	b.group.shortage.available_bytes = GIB * 31 / 100;
	assert_int_equal(stall_level(&b.profile, &b.group, LEVEL_LOW), LEVEL_LOW);
	assert_true(stall_is_io(&b.profile, &b.group));
	b.group.shortage.some_bp = 1000; /* medium is io as well */
	assert_true(stall_is_io(&b.profile, &b.group));
	b.group.shortage.some_bp = 900; /* too little to be worth a word */
	assert_false(stall_is_io(&b.profile, &b.group));
}

static void full_and_some_have_their_own_thresholds(void **unused)
{
	struct bench b = bench_with(100 * MIB);

	b.group.shortage.some_bp = 9999; /* "some" never makes critical: it is off */
	assert_int_equal(stall_level(&b.profile, &b.group, LEVEL_LOW), LEVEL_HIGH);
	b.group.shortage.full_bp = 3000;
	assert_int_equal(stall_level(&b.profile, &b.group, LEVEL_LOW), LEVEL_CRITICAL);
	b.group.shortage.full_bp = 1500; /* half of it holds the level, less does not */
	assert_int_equal(stall_level(&b.profile, &b.group, LEVEL_CRITICAL), LEVEL_CRITICAL);
	b.group.shortage.full_bp = 1499;
	assert_int_equal(stall_level(&b.profile, &b.group, LEVEL_CRITICAL), LEVEL_HIGH);
}

static void the_limit_is_an_event_only_without_cache(void **unused)
{
	struct bench b = bench_with(100 * MIB);

	assert_int_equal(stall_event_level(&b.profile, &b.group, LEVEL_LOW), LEVEL_LOW);
	b.group.limit_hit = true;
	assert_int_equal(stall_event_level(&b.profile, &b.group, LEVEL_LOW), LEVEL_HIGH);
	b.group.shortage.available_bytes = 900 * MIB;
	assert_int_equal(stall_event_level(&b.profile, &b.group, LEVEL_LOW), LEVEL_LOW);
	assert_true(stall_is_io(&b.profile, &b.group));
}

static void nothing_known_confirms_nothing(void **unused)
{
	struct bench b = bench_with(0);

	assert_true(stall_is_confirmed(&b.profile, &b.group.shortage));
	b.group.shortage.valid = false;
	assert_false(stall_is_confirmed(&b.profile, &b.group.shortage));
	b.group.shortage.valid = true;
	b.group.shortage.total_bytes = BYTES_UNLIMITED;
	assert_false(stall_is_confirmed(&b.profile, &b.group.shortage));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_share_is_that_of_a_closed_window),
		cmocka_unit_test(a_long_sleep_is_looked_at_again),
		cmocka_unit_test(without_triggers_a_long_sleep_is_no_reason_to_look),
		cmocka_unit_test(a_counter_that_went_back_is_no_stall),
		cmocka_unit_test(a_stall_counts_only_when_little_is_left),
		cmocka_unit_test(full_and_some_have_their_own_thresholds),
		cmocka_unit_test(the_limit_is_an_event_only_without_cache),
		cmocka_unit_test(nothing_known_confirms_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
