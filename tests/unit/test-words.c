/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include "policies/words.h"
#include "tests/unit/course.h"

/* Each value has a name of its own that leads back to it; outside the range there is "unknown". */
#define CHECK_WORD(word, type, count)                                       \
	do {                                                                \
		for (int i = 0; i < (count); i++) {                         \
			type back = (type)(count);                          \
			const char *name = word##_name((type)i);            \
			assert_string_not_equal(name, "unknown");           \
			assert_int_equal(word##_from_name(name, &back), 0); \
			assert_int_equal(back, i);                          \
		}                                                           \
		assert_string_equal(word##_name((type)(count)), "unknown"); \
		assert_string_equal(word##_name((type)-1), "unknown");      \
	} while (0)

static void names_lead_there_and_back(void **unused)
{
	CHECK_WORD(level, enum level, N_LEVELS);
	CHECK_WORD(signal, enum signal, N_SIGNALS);
	CHECK_WORD(attribution, enum attribution, N_ATTRIBUTIONS);
	CHECK_WORD(rung, enum rung, N_RUNGS);
	CHECK_WORD(brake, enum brake, N_BRAKES);
	CHECK_WORD(module_kind, enum module_kind, N_MODULE_KINDS);
	CHECK_WORD(result, enum result, N_RESULTS);
	CHECK_WORD(growth_clock, enum growth_clock, N_GROWTH_CLOCKS);
}

/* They are in settings, on D-Bus and in manuals. */
static void degradations_and_clocks_keep_their_names(void **unused)
{
	enum growth_clock clock = GROWTH_CLOCK_TASKS;

	assert_string_equal(growth_clock_name(GROWTH_CLOCK_RSS_SAMPLED), "rss-stat-sampled");
	assert_int_equal(growth_clock_from_name("rss", &clock), -1);
	assert_int_equal(clock, GROWTH_CLOCK_TASKS);
	assert_string_equal(degradation_name(DEGRADATION_NO_BTF), "no-btf");
	assert_string_equal(degradation_name(DEGRADATION_UNFOLLOWED), "unfollowed-groups");
	assert_string_equal(degradation_name(DEGRADATION_UNFOLLOWED << 1), "unknown");
}

static void strangers_are_refused(void **unused)
{
	enum level level = LEVEL_HIGH;

	assert_int_equal(level_from_name("High", &level), -1);
	assert_int_equal(level_from_name("", &level), -1);
	assert_int_equal(level_from_name("highest", &level), -1);
	assert_int_equal(level, LEVEL_HIGH);
}

/* These numbers are in D-Bus messages and recorded traces. */
static void numbers_never_change(void **unused)
{
	assert_int_equal(LEVEL_CRITICAL, 3);
	assert_int_equal(ATTRIBUTION_IO, 3);
	assert_int_equal(RUNG_RECLAIM, 4);
	assert_int_equal(MODULE_OTHER, 4);
	assert_int_equal(RESULT_DRY_RUN, 7);
	assert_string_equal(attribution_name(ATTRIBUTION_OWN_LIMIT), "own-limit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_lead_there_and_back),
		cmocka_unit_test(degradations_and_clocks_keep_their_names),
		cmocka_unit_test(strangers_are_refused),
		cmocka_unit_test(numbers_never_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
