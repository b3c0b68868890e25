/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/base/closest.h"

static const char *closest_of(const char *wanted)
{
	static const char *const names[] = { "Medium", "MediumMax", "High", "HighMax", "Leave" };
	struct closest closest;

	closest_init(&closest, wanted);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		closest_offer(&closest, names[i]);
	return closest.name;
}

static void slips_are_recognised(void **state)
{
	assert_string_equal(closest_of("Midium"), "Medium");
	assert_string_equal(closest_of("medium"), "Medium");
	assert_string_equal(closest_of("Mediummax"), "MediumMax");
	assert_string_equal(closest_of("Hihg"), "High");
	assert_string_equal(closest_of("Leav"), "Leave");
}

static void other_words_are_not_guessed(void **state)
{
	assert_null(closest_of("Swappiness"));
	assert_null(closest_of("x"));
	assert_null(closest_of(""));
}

static void endless_words_are_compared_in_part(void **state)
{
	char word[5000];

	memset(word, 'M', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_null(closest_of(word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_are_recognised),
		cmocka_unit_test(other_words_are_not_guessed),
		cmocka_unit_test(endless_words_are_compared_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
