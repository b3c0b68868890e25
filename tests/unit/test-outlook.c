/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/outlook.h"
#include "tests/unit/course.h"

/* A group of 100 MiB in a slice; both unlimited so far. */
static struct course *slice_with_service(void)
{
	struct course *c = course_new();

	course_add_group(c, 100 * MIB);
	course_add_group(c, 100 * MIB);
	c->groups[1].parent_slot = 1;
	return c;
}

/* Both take so much a second for five seconds. */
static void grow(struct course *c, uint64_t rate_bytes)
{
	for (int i = 0; i < 50; i++) {
		c->groups[0].current_bytes += rate_bytes / 10;
		c->groups[1].current_bytes += rate_bytes / 10;
		course_step_after(c, 100 * MSEC);
	}
}

static struct outlook outlook_of(const struct course *c, uint32_t slot, uint64_t later_usec)
{
	struct outlook outlook;

	outlook_of_group(&c->profile, &c->state, slot, c->seen.now_usec + later_usec, &outlook);
	return outlook;
}

#define assert_about(value, wanted) assert_in_range(value, (wanted)*8 / 10, (wanted)*12 / 10)

static void a_service_has_the_time_of_its_slice(void **unused)
{
	struct course *c = slice_with_service();
	struct outlook slice, service;

	c->groups[0].limit_bytes = 300 * MIB;
	course_step(c);
	grow(c, 20 * MIB); /* 200 of 300 MiB */
	slice = outlook_of(c, 1, 0);
	service = outlook_of(c, 2, 0);
	assert_int_equal(slice.headroom_bytes, 100 * MIB);
	assert_about(slice.time_left_usec, 5 * SEC);
	assert_about(slice.growth_bytes, 20 * MIB);
	assert_true(slice.confidence_bp >= 4000);
	assert_int_equal(slice.slot, 1);
	assert_int_equal(service.headroom_bytes, slice.headroom_bytes);
	assert_int_equal(service.time_left_usec, slice.time_left_usec);
	assert_int_equal(service.confidence_bp, slice.confidence_bp);
	assert_int_equal(service.slot, 1);
	course_free(c);
}

static void its_own_limit_counts_where_it_is_nearer(void **unused)
{
	struct course *c = slice_with_service();
	struct outlook service;

	c->groups[0].limit_bytes = 1000 * MIB;
	c->groups[1].limit_bytes = 240 * MIB;
	course_step(c);
	grow(c, 20 * MIB);
	service = outlook_of(c, 2, 0);
	assert_int_equal(service.slot, 2);
	assert_int_equal(service.headroom_bytes, 40 * MIB);
	assert_about(service.time_left_usec, 2 * SEC);
	assert_true(outlook_of(c, 1, 0).time_left_usec > 10 * SEC);
	course_free(c);
}

static void the_host_is_above_all(void **unused)
{
	struct course *c = slice_with_service();
	struct outlook service;

	course_step(c);
	for (int i = 0; i < 50; i++) {
		c->seen.machine.available_bytes -= 5 * MIB;
		course_step_after(c, 100 * MSEC);
	}
	service = outlook_of(c, 2, 0);
	assert_int_equal(service.slot, GROUP_SLOT_HOST);
	assert_int_equal(service.headroom_bytes, GIB / 2 - 250 * MIB);
	assert_about(service.time_left_usec, 262 * SEC / 50);
	assert_int_equal(service.growth_bytes, 0); /* it is not the one that grows */
	course_free(c);
}

static void a_growth_that_ended_is_not_told_on(void **unused)
{
	struct course *c = slice_with_service();
	struct outlook now, later;

	c->groups[1].limit_bytes = 300 * MIB;
	course_step(c);
	grow(c, 20 * MIB);
	now = outlook_of(c, 2, 0);
	later = outlook_of(c, 2, 60 * SEC); /* nobody read it meanwhile */
	assert_about(now.time_left_usec, 5 * SEC);
	assert_true(later.time_left_usec > 60 * SEC);
	assert_true(later.growth_bytes < now.growth_bytes / 10);
	course_free(c);
}

static void calm_has_no_end(void **unused)
{
	struct course *c = slice_with_service();
	struct outlook service;

	c->groups[1].limit_bytes = 300 * MIB;
	course_step(c);
	grow(c, 0);
	service = outlook_of(c, 2, 0);
	assert_true(service.time_left_usec == USEC_NEVER);
	assert_int_equal(service.confidence_bp, 0);
	assert_int_equal(service.growth_bytes, 0);
	assert_int_equal(service.slot, SLOT_NONE);
	assert_int_equal(service.headroom_bytes, 200 * MIB);
	course_free(c);
}

static void without_a_limit_the_kernels_word_counts_for_a_while(void **unused)
{
	struct course *c = slice_with_service();

	c->groups[1].has |= GROUP_HAS_GROWTH;
	c->groups[1].growth_bytes = 7 * MIB;
	course_step(c);
	assert_int_equal(outlook_of(c, 2, SEC).growth_bytes, 7 * MIB);
	assert_int_equal(outlook_of(c, 2, 6 * SEC).growth_bytes, 0);
	course_free(c);
}

static void without_the_kernels_word_its_own_readings_count(void **unused)
{
	struct course *c = slice_with_service();

	course_step(c);
	grow(c, 20 * MIB);
	assert_about(outlook_of(c, 2, 0).growth_bytes, 20 * MIB);
	assert_int_equal(outlook_of(c, 2, 6 * SEC).growth_bytes, 0);
	course_free(c);
}

static void nothing_known_is_no_shortage(void **unused)
{
	struct course *c = course_new();
	struct outlook host = outlook_of(c, GROUP_SLOT_HOST, 0);

	assert_true(host.headroom_bytes == BYTES_UNLIMITED);
	assert_true(host.time_left_usec == USEC_NEVER);
	course_free(c);
}

static struct recovery recovery_of(const struct course *c, uint32_t slot)
{
	struct recovery recovery;

	outlook_recovery(&c->profile, &c->state, slot, &recovery);
	return recovery;
}

static void a_shortage_that_is_over_says_when_its_level_ends(void **unused)
{
	struct course *c = slice_with_service();
	uint64_t over_usec;

	c->groups[0].limit_bytes = 150 * MIB;
	c->groups[0].current_bytes = 148 * MIB;
	course_step_after(c, SEC);
	assert_int_equal(c->state.groups[1].level, LEVEL_CRITICAL);
	assert_true(recovery_of(c, 1).at_usec == USEC_NEVER);
	assert_int_equal(recovery_of(c, 1).level, LEVEL_CRITICAL);

	c->groups[0].current_bytes = MIB;
	course_step_after(c, SEC);
	over_usec = c->seen.now_usec;
	assert_int_equal(c->state.groups[1].level, LEVEL_CRITICAL);
	for (uint32_t slot = 1; slot <= 2; slot++) { /* and of what is below it */
		assert_int_equal(recovery_of(c, slot).level, LEVEL_LOW);
		assert_int_equal(recovery_of(c, slot).at_usec, over_usec + c->profile.dwell_usec);
	}

	course_step_after(c, c->profile.dwell_usec);
	assert_int_equal(c->state.groups[1].level, LEVEL_LOW);
	assert_true(recovery_of(c, 1).at_usec == USEC_NEVER);
	course_free(c);
}

static void a_recovery_may_end_at_a_level_between(void **unused)
{
	struct course *c = slice_with_service();

	c->groups[0].limit_bytes = 150 * MIB;
	c->groups[0].current_bytes = 148 * MIB;
	course_step_after(c, SEC);
	c->groups[0].current_bytes = 120 * MIB; /* 20 % left: medium */
	course_step_after(c, SEC);
	assert_int_equal(recovery_of(c, 1).level, LEVEL_MEDIUM);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_has_the_time_of_its_slice),
		cmocka_unit_test(its_own_limit_counts_where_it_is_nearer),
		cmocka_unit_test(the_host_is_above_all),
		cmocka_unit_test(a_growth_that_ended_is_not_told_on),
		cmocka_unit_test(calm_has_no_end),
		cmocka_unit_test(without_a_limit_the_kernels_word_counts_for_a_while),
		cmocka_unit_test(without_the_kernels_word_its_own_readings_count),
		cmocka_unit_test(nothing_known_is_no_shortage),
		cmocka_unit_test(a_shortage_that_is_over_says_when_its_level_ends),
		cmocka_unit_test(a_recovery_may_end_at_a_level_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
