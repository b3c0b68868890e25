/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/consumption.h"
#include "tests/unit/course.h"

/* Samples every 100 ms from SEC on. */
static struct consumption consumed(const uint64_t *bytes, size_t n)
{
	struct consumption c = { 0 };

	for (size_t i = 0; i < n; i++)
		consumption_add(&c, SEC + i * 100 * MSEC, bytes[i]);
	return c;
}

#define CONSUMED(...) \
	consumed((const uint64_t[]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8)

static uint64_t last_usec(const struct consumption *c)
{
	return c->at_usec[c->n - 1];
}

/* How long the last `bytes` took, seen at the last sample. */
static uint64_t span(struct consumption c, uint64_t bytes)
{
	return consumption_span(&c, last_usec(&c), bytes);
}

static void a_line_is_read_between_its_samples(void **unused)
{
	const struct consumption line = CONSUMED(0, 10, 20, 30, 40);

	assert_int_equal(span(line, 40), 400 * MSEC);
	assert_int_equal(span(line, 20), 200 * MSEC);
	assert_int_equal(span(line, 25), 250 * MSEC);
	assert_true(span(line, 41) == USEC_NEVER);
}

static void flat_and_falling_use_up_nothing(void **unused)
{
	assert_true(span(CONSUMED(100, 100, 100), 1) == USEC_NEVER);
	assert_true(span(CONSUMED(100, 90, 80), 1) == USEC_NEVER);
	assert_true(span(CONSUMED(100), 1) == USEC_NEVER);
	assert_true(consumption_span(&(struct consumption){ 0 }, SEC, 1) == USEC_NEVER);
}

static void one_jump_is_no_growth(void **unused)
{
	assert_true(span(CONSUMED(0, 0, 1000), 10) == USEC_NEVER);
	assert_true(span(CONSUMED(0, 1000, 1000, 1000), 10) == USEC_NEVER);
	/* with little beside it, too: half must have gone without it */
	assert_true(span(CONSUMED(0, 4, 1004), 10) == USEC_NEVER);
	assert_int_equal(span(CONSUMED(0, 5, 1005), 10), 200 * MSEC);
	/* two jumps are */
	assert_int_equal(span(CONSUMED(0, 1000, 2000), 10), 100 * MSEC + 500);
}

static void a_fall_is_taken_off(void **unused)
{
	/* a sawtooth on a flat floor */
	assert_true(span(CONSUMED(0, 50, 0, 50, 0, 50, 0), 1) == USEC_NEVER);
	/* on a rising one: a tooth must not be all of it */
	assert_int_equal(span(CONSUMED(0, 10, 5, 15, 10, 20, 15, 25, 20), 16), 780 * MSEC);
	assert_true(span(CONSUMED(0, 60, 10, 70, 20, 80, 30), 30) == USEC_NEVER);
}

static void a_staircase_is_growth(void **unused)
{
	const struct consumption stairs = CONSUMED(0, 20, 20, 20, 40, 40, 40, 60);

	assert_int_equal(span(stairs, 40), 400 * MSEC);
	assert_int_equal(span(stairs, 30), 375 * MSEC);
	/* one stair alone is a jump */
	assert_true(span(stairs, 10) > 300 * MSEC);
}

static void time_goes_on_when_growth_has_ended(void **unused)
{
	const struct consumption c = CONSUMED(0, 10, 20, 30, 40);

	assert_int_equal(consumption_span(&c, last_usec(&c) + 5 * SEC, 20), 5200 * MSEC);
	/* before the last sample: as if at it, never less than a microsecond */
	assert_int_equal(consumption_span(&c, SEC, 20), 1);
}

static void more_never_takes_longer(void **unused)
{
	struct dice {
		uint64_t state;
	} dice = { 88172645463325252ULL };

	for (int round = 0; round < 20000; round++) {
		struct consumption c = { 0 };
		uint64_t at_usec = SEC, bytes = 1000, wanted, before = USEC_NEVER;

		for (int i = 0; i < 8; i++) {
			dice.state ^= dice.state << 13;
			dice.state ^= dice.state >> 7;
			dice.state ^= dice.state << 17;
			at_usec += 1000 + dice.state % 1000000;
			bytes = bytes + dice.state / 7 % 300 - 150;
			consumption_add(&c, at_usec, bytes);
		}
		wanted = 400;
		/* what is left shrinks by what is taken; half of what is left is asked for */
		for (uint64_t more = 0; more < 700; more += 23) {
			uint64_t now;

			c.bytes[7] = bytes + more;
			now = consumption_span(&c, at_usec, wanted - more / 2);
			assert_true(now <= before);
			before = now;
		}
	}
}

static void the_same_instant_replaces(void **unused)
{
	struct consumption c = { 0 };

	consumption_add(&c, SEC, 100);
	consumption_add(&c, SEC, 200);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.bytes[0], 200);
	consumption_add(&c, SEC / 2, 300); /* back in time: taken as now */
	assert_int_equal(c.n, 1);
	assert_int_equal(c.at_usec[0], SEC);
}

/* Many answers in a millisecond must not push the samples out that tell the growth. */
static void crowded_samples_keep_the_past(void **unused)
{
	struct consumption c = CONSUMED(0, 10, 20, 30, 40);
	uint64_t now_usec = last_usec(&c);

	for (int i = 0; i < 900; i++)
		consumption_add(&c, ++now_usec, 40);
	assert_true(c.n <= 6);
	assert_int_equal(consumption_span(&c, now_usec, 40), 400 * MSEC + 900);
}

/* An hour of looks once a minute is still there after a burst of looks every 5 ms. */
static void a_burst_does_not_wipe_out_the_past(void **unused)
{
	struct consumption c = { 0 };
	uint64_t now_usec = SEC, bytes = 0;

	for (int i = 0; i < 60; i++, now_usec += 60 * SEC, bytes += MIB)
		consumption_add(&c, now_usec, bytes);
	for (int i = 0; i < 200; i++, now_usec += 5 * MSEC, bytes += MIB)
		consumption_add(&c, now_usec, bytes);
	assert_int_equal(c.n, CONSUMPTION_SAMPLES);
	now_usec = last_usec(&c);
	/* the burst: 1 MiB in 5 ms; exact in its last moments, good to 15 % over all of it */
	assert_in_range(consumption_span(&c, now_usec, 4 * MIB), 19 * MSEC, 21 * MSEC);
	assert_in_range(consumption_span(&c, now_usec, 150 * MIB), 640 * MSEC, 860 * MSEC);
	/* and 30 of the 60 MiB before it: half an hour */
	assert_in_range(consumption_span(&c, now_usec, 230 * MIB), 25 * 60 * SEC, 35 * 60 * SEC);
}

/* 40 in 100 ms: a jump for one look, a growth for somebody who looked on. */
static void what_somebody_saw_rising_is_no_jump(void **unused)
{
	struct consumption c = CONSUMED(0, 0);
	uint64_t now_usec = last_usec(&c) + 100 * MSEC;

	consumption_add(&c, now_usec, 40);
	assert_true(consumption_span(&c, now_usec, 20) == USEC_NEVER);
	c = CONSUMED(0, 0);
	consumption_fill_in(&c, now_usec, 40);
	consumption_add(&c, now_usec, 40);
	assert_int_equal(consumption_span(&c, now_usec, 20), 50 * MSEC);
	assert_int_equal(consumption_span(&c, now_usec, 40), 100 * MSEC);
	/* only a part of it was seen: the rest stays a jump of 30, and half of 40 is not beside it
	 */
	c = CONSUMED(0, 0);
	consumption_fill_in(&c, now_usec, 10);
	consumption_add(&c, now_usec, 40);
	assert_true(consumption_span(&c, now_usec, 40) == USEC_NEVER);
	/* in less than 8 ms there is no room for parts */
	c = CONSUMED(0, 0);
	consumption_fill_in(&c, last_usec(&c) + 8 * MSEC - 1, 40);
	assert_int_equal(c.n, 2);
	consumption_fill_in(&c, last_usec(&c) + 8 * MSEC, 40);
	assert_int_equal(c.n, 5);
	/* without a past there is nothing to fill */
	c = (struct consumption){ 0 };
	consumption_fill_in(&c, now_usec, 40);
	assert_int_equal(c.n, 0);
}

static void the_last_rise_is_a_hint(void **unused)
{
	const struct consumption up = CONSUMED(0, 0, 30), down = CONSUMED(30, 0), one = CONSUMED(5);
	uint64_t usec = 0;

	assert_int_equal(consumption_last_rise(&up, 0, &usec), 30);
	assert_int_equal(usec, 100 * MSEC);
	/* farther back, where the last samples are crowded */
	assert_int_equal(consumption_last_rise(&up, 150 * MSEC, &usec), 30);
	assert_int_equal(usec, 200 * MSEC);
	assert_int_equal(consumption_last_rise(&up, SEC, &usec), 0);
	assert_int_equal(consumption_last_rise(&down, 0, &usec), 0);
	assert_int_equal(consumption_last_rise(&one, 0, &usec), 0);
	assert_int_equal(consumption_last_rise(&(struct consumption){ 0 }, 0, &usec), 0);
}

static void the_largest_numbers_fit(void **unused)
{
	struct consumption c = { 0 };

	for (uint64_t i = 0; i < 40; i++)
		consumption_add(&c, i % 3 ? UINT64_MAX / 40 * i : 0, i % 2 ? UINT64_MAX : 0);
	consumption_span(&c, UINT64_MAX, UINT64_MAX); /* the sanitizer looks on */
	consumption_span(&c, 0, 1);
	c = CONSUMED(0, UINT64_MAX / 2, UINT64_MAX);
	assert_int_equal(span(c, UINT64_MAX - 1), 200 * MSEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_between_its_samples),
		cmocka_unit_test(flat_and_falling_use_up_nothing),
		cmocka_unit_test(one_jump_is_no_growth),
		cmocka_unit_test(a_fall_is_taken_off),
		cmocka_unit_test(a_staircase_is_growth),
		cmocka_unit_test(time_goes_on_when_growth_has_ended),
		cmocka_unit_test(more_never_takes_longer),
		cmocka_unit_test(the_same_instant_replaces),
		cmocka_unit_test(crowded_samples_keep_the_past),
		cmocka_unit_test(a_burst_does_not_wipe_out_the_past),
		cmocka_unit_test(what_somebody_saw_rising_is_no_jump),
		cmocka_unit_test(the_last_rise_is_a_hint),
		cmocka_unit_test(the_largest_numbers_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
