/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/trend.h"
#include "tests/unit/course.h"

/* Samples every 100 ms; returns the growth at the last one. */
static uint64_t growth_of(const uint64_t *mib, size_t n)
{
	struct trend trend = { 0 };

	for (size_t i = 0; i < n; i++)
		trend_add(&trend, SEC + i * 100 * MSEC, mib[i] * MIB);
	return trend_growth(&trend, SEC + (n - 1) * 100 * MSEC);
}

#define GROWTH(...) \
	growth_of((const uint64_t[]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8)

static void a_line_has_its_slope(void **unused)
{
	assert_int_equal(GROWTH(100, 105, 110, 115), 50 * MIB);
	assert_int_equal(GROWTH(100, 105, 110, 115, 120, 125, 130, 135, 140, 145, 150), 50 * MIB);
}

static void flat_and_falling_do_not_grow(void **unused)
{
	assert_int_equal(GROWTH(100, 100, 100, 100), 0);
	assert_int_equal(GROWTH(100, 90, 80, 70), 0);
}

static void one_jump_is_no_growth(void **unused)
{
	assert_int_equal(GROWTH(100, 100, 200), 0);
	assert_int_equal(GROWTH(100, 100, 100, 200), 0);
	assert_int_equal(GROWTH(100, 200, 200, 200), 0);
	assert_true(GROWTH(100, 150, 200, 200) > 0);
	/* noise beside it does not make it a line: at most eight times the noise */
	assert_true(GROWTH(100, 101, 201) <= 80 * MIB);
}

static void too_little_to_see_is_no_growth(void **unused)
{
	struct trend trend = { 0 };

	assert_int_equal(GROWTH(100, 200), 0);
	trend_add(&trend, SEC, 0);
	trend_add(&trend, SEC + 60 * MSEC, 6 * MIB);
	trend_add(&trend, SEC + 120 * MSEC, 12 * MIB);
	assert_int_equal(trend_growth(&trend, SEC + 120 * MSEC), 0);
	trend_add(&trend, SEC + 200 * MSEC, 20 * MIB);
	assert_in_range(trend_growth(&trend, SEC + 200 * MSEC), 100 * MIB - 100, 100 * MIB + 100);
}

static void a_steeper_sample_never_lowers_the_slope(void **unused)
{
	uint64_t before = 0;

	for (uint64_t last = 110; last < 4000; last += 7) {
		uint64_t growth = GROWTH(100, 105, 108, 110, last);

		assert_true(growth >= before);
		before = growth;
	}
	assert_true(before > 0);
}

static void the_past_is_forgotten(void **unused)
{
	struct trend trend = { 0 };

	for (int i = 0; i < 4; i++)
		trend_add(&trend, SEC + (uint64_t)i * 100 * MSEC, (uint64_t)i * 10 * MIB);
	assert_int_equal(trend_growth(&trend, SEC + 300 * MSEC), 100 * MIB);
	assert_int_equal(trend_growth(&trend, 20 * SEC), 0);
}

/* Many answers in a millisecond must not push the samples out that make the slope. */
static void crowded_samples_keep_the_past(void **unused)
{
	struct trend trend = { 0 };
	uint64_t now_usec = SEC;

	for (int i = 0; i < 5; i++, now_usec += 100 * MSEC)
		trend_add(&trend, now_usec, (uint64_t)i * 10 * MIB);
	now_usec -= 100 * MSEC;
	for (int i = 0; i < 20; i++)
		trend_add(&trend, ++now_usec, 40 * MIB);
	assert_in_range(trend_growth(&trend, now_usec), 99 * MIB, 101 * MIB);
}

static void the_same_instant_replaces(void **unused)
{
	struct trend trend = { 0 };

	trend_add(&trend, SEC, 100);
	trend_add(&trend, SEC, 200);
	assert_int_equal(trend.n, 1);
	assert_int_equal(trend.bytes[0], 200);
	trend_add(&trend, SEC / 2, 300); /* back in time: taken as now */
	assert_int_equal(trend.n, 1);
	assert_int_equal(trend.at_usec[0], SEC);
}

static void the_largest_numbers_fit(void **unused)
{
	struct trend trend = { 0 };

	for (uint64_t i = 0; i < 8; i++)
		trend_add(&trend, SEC + i * 500 * MSEC, i % 2 ? UINT64_MAX : 0);
	trend_growth(&trend, SEC + 3500 * MSEC); /* the sanitizer looks on */
	for (uint64_t i = 0; i < 8; i++)
		trend_add(&trend, 10 * SEC + i * 500 * MSEC, UINT64_MAX / 8 * i);
	assert_true(trend_growth(&trend, 10 * SEC + 3500 * MSEC) > UINT64_MAX / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_its_slope),
		cmocka_unit_test(flat_and_falling_do_not_grow),
		cmocka_unit_test(one_jump_is_no_growth),
		cmocka_unit_test(too_little_to_see_is_no_growth),
		cmocka_unit_test(a_steeper_sample_never_lowers_the_slope),
		cmocka_unit_test(the_past_is_forgotten),
		cmocka_unit_test(crowded_samples_keep_the_past),
		cmocka_unit_test(the_same_instant_replaces),
		cmocka_unit_test(the_largest_numbers_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
