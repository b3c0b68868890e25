/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>

#include "policies/reason.h"
#include "tests/unit/course.h"

static void every_reason_has_a_name_and_a_sentence(void **unused)
{
	for (int i = 0; i < N_REASONS; i++) {
		const char *sentence = reason_sentence((enum reason)i);
		enum reason back = N_REASONS;

		assert_int_equal(reason_from_name(reason_name((enum reason)i), &back), 0);
		assert_int_equal(back, i);
		assert_true(isupper((unsigned char)sentence[0]));
		assert_int_equal(sentence[strlen(sentence) - 1], '.');
	}
}

static void outside_the_table_is_unknown(void **unused)
{
	enum reason reason = REASON_ORDERED;

	assert_string_equal(reason_name(N_REASONS), "unknown");
	assert_string_equal(reason_name((enum reason) - 1), "unknown");
	assert_non_null(reason_sentence((enum reason) - 1));
	assert_int_equal(reason_from_name("because", &reason), -1);
	assert_int_equal(reason, REASON_ORDERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_a_name_and_a_sentence),
		cmocka_unit_test(outside_the_table_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
