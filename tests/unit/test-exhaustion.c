/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/exhaustion.h"
#include "tests/unit/course.h"

/* A host of 1 GiB that lost `rate` bytes a second until `left_bytes` were left. */
static struct group_state filling(uint64_t left_bytes, uint64_t rate_bytes)
{
	struct group_state group = { 0 };

	for (uint64_t i = 0; i <= 5; i++) {
		group.shortage.valid = true;
		group.shortage.total_bytes = GIB;
		group.shortage.headroom_bytes = left_bytes + (5 - i) * rate_bytes / 5;
		group.shortage.available_bytes = group.shortage.headroom_bytes;
		exhaustion_add(&group, 50 * SEC + i * 200 * MSEC);
	}
	return group;
}

static enum level level_of(uint64_t left_bytes, uint64_t rate_bytes, enum level current)
{
	struct group_state group = filling(left_bytes, rate_bytes);
	struct profile profile;

	profile_init(&profile);
	return exhaustion_level(&profile, &group, current);
}

static void time_left_is_headroom_by_growth(void **unused)
{
	struct group_state group = filling(400 * MIB, 50 * MIB);

	assert_int_equal(group.shortage.growth_bytes, 50 * MIB);
	assert_int_equal(group.shortage.time_left_usec, 8 * SEC);
	group = filling(400 * MIB, 0);
	assert_true(group.shortage.time_left_usec == USEC_NEVER);
}

static void levels_follow_the_time_left(void **unused)
{
	assert_int_equal(level_of(405 * MIB, 50 * MIB, LEVEL_LOW), LEVEL_LOW);
	assert_int_equal(level_of(400 * MIB, 50 * MIB, LEVEL_LOW), LEVEL_MEDIUM);
	assert_int_equal(level_of(150 * MIB, 50 * MIB, LEVEL_LOW), LEVEL_HIGH);
	assert_int_equal(level_of(50 * MIB, 50 * MIB, LEVEL_LOW), LEVEL_CRITICAL);
}

static void twice_the_time_is_needed_to_leave(void **unused)
{
	assert_int_equal(level_of(400 * MIB, 26 * MIB, LEVEL_MEDIUM), LEVEL_MEDIUM);
	assert_int_equal(level_of(400 * MIB, 24 * MIB, LEVEL_MEDIUM), LEVEL_LOW);
}

static void a_half_empty_host_is_in_no_hurry(void **unused)
{
	assert_int_equal(level_of(600 * MIB, 500 * MIB, LEVEL_LOW), LEVEL_LOW);
	assert_int_equal(level_of(510 * MIB, 500 * MIB, LEVEL_LOW), LEVEL_HIGH);
}

/* A cache that drops 60 MiB makes room, but the hog beside it grows as fast as before. */
static void what_modules_give_does_not_slow_the_growth(void **unused)
{
	struct group_state group = { 0 };

	for (uint64_t i = 0; i <= 8; i++) {
		group.given_bytes = i >= 4 ? 60 * MIB : 0;
		group.shortage.valid = true;
		group.shortage.total_bytes = GIB;
		group.shortage.headroom_bytes = 300 * MIB - i * 10 * MIB + group.given_bytes;
		exhaustion_add(&group, 50 * SEC + i * 200 * MSEC);
	}
	assert_int_equal(group.shortage.growth_bytes, 50 * MIB);
	assert_int_equal(group.shortage.time_left_usec, 5600 * MSEC);
}

static void an_unlimited_group_cannot_run_out(void **unused)
{
	struct group_state group = { .shortage = { .valid = true,
						   .total_bytes = BYTES_UNLIMITED,
						   .headroom_bytes = BYTES_UNLIMITED } };
	struct profile profile;

	profile_init(&profile);
	exhaustion_add(&group, SEC);
	assert_int_equal(group.trend.n, 0);
	assert_true(group.shortage.time_left_usec == USEC_NEVER);
	assert_int_equal(exhaustion_level(&profile, &group, LEVEL_LOW), LEVEL_LOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_left_is_headroom_by_growth),
		cmocka_unit_test(levels_follow_the_time_left),
		cmocka_unit_test(twice_the_time_is_needed_to_leave),
		cmocka_unit_test(a_half_empty_host_is_in_no_hurry),
		cmocka_unit_test(what_modules_give_does_not_slow_the_growth),
		cmocka_unit_test(an_unlimited_group_cannot_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
