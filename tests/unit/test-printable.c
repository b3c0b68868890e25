/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/base/printable.h"
#include "fixture.h"

static void names_that_can_be_shown_stay_as_they_are(void **state)
{
	static const char *const names[] = {
		"",
		"/system.slice/db.service",
		"app-gnome-firefox\\x2dw-2504.scope",
		"per%cent \"quoted\" 'name' [1]*?",
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98",
	};
	char buf[64];

	for (size_t i = 0; i < N(names); i++) {
		assert_true(printable_is(names[i]));
		assert_ptr_equal(printable(names[i], buf, sizeof(buf)), names[i]);
	}
}

static void what_no_string_may_hold_is_escaped_by_byte(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "bad\xff.service", "bad\\xff.service" },
		{ "cut\xc3", "cut\\xc3" },
		{ "cut\xe2\x82", "cut\\xe2\\x82" },
		{ "over\xc0\xaflong", "over\\xc0\\xaflong" },
		{ "over\xe0\x80\xaflong", "over\\xe0\\x80\\xaflong" },
		{ "half\xed\xa0\x80", "half\\xed\\xa0\\x80" }, /* a surrogate */
		{ "none\xef\xbf\xbf", "none\\xef\\xbf\\xbf" }, /* U+FFFF */
		{ "none\xef\xb7\x90", "none\\xef\\xb7\\x90" }, /* U+FDD0 */
		{ "far\xf4\x90\x80\x80", "far\\xf4\\x90\\x80\\x80" },
		{ "a\tb\nc\x1b[31m", "a\\x09b\\x0ac\\x1b[31m" },
		{ "del\x7f", "del\\x7f" },
		{ "c1\xc2\x9b", "c1\\xc2\\x9b" },
		{ "turned\xe2\x80\xae", "turned\\xe2\\x80\\xae" },
		{ "\xc3\xa4\xff", "\xc3\xa4\\xff" },
	};

	for (size_t i = 0; i < N(rows); i++) {
		char buf[64], *copy = printable_dup(rows[i].text);

		assert_false(printable_is(rows[i].text));
		assert_string_equal(printable(rows[i].text, buf, sizeof(buf)), rows[i].shown);
		assert_true(printable_is(buf));
		assert_string_equal(copy, rows[i].shown);
		free(copy);
	}
}

static void encode(uint32_t c, char *text)
{
	if (c < 0x80) {
		*text++ = (char)c;
	} else if (c < 0x800) {
		*text++ = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		*text++ = (char)(0xe0 | c >> 12);
		*text++ = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		*text++ = (char)(0xf0 | c >> 18);
		*text++ = (char)(0x80 | (c >> 12 & 0x3f));
		*text++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80)
		*text++ = (char)(0x80 | (c & 0x3f));
	*text = '\0';
}

static void each_range_ends_where_it_should(void **state)
{
	static const struct {
		uint32_t first, last;
	} shown[] = {
		{ 0x20, 0x7e },	      { 0xa0, 0x7ff },	    { 0x800, 0x200d },
		{ 0x2010, 0x2027 },   { 0x202f, 0x2065 },   { 0x206a, 0xd7ff },
		{ 0xe000, 0xfdcf },   { 0xfdf0, 0xfefe },   { 0xff00, 0xfffd },
		{ 0x10000, 0x1fffd }, { 0x20000, 0x2fffd }, { 0x100000, 0x10fffd },
	};

	for (size_t i = 0; i < N(shown); i++) {
		uint32_t next = i + 1 < N(shown) ? shown[i + 1].first : 0x110000;
		char text[8];

		encode(shown[i].first, text);
		if (!printable_is(text))
			fail_msg("U+%04X is escaped", shown[i].first);
		encode(shown[i].last, text);
		if (!printable_is(text))
			fail_msg("U+%04X is escaped", shown[i].last);
		encode(shown[i].last + 1, text);
		if (next > shown[i].last + 1 && printable_is(text))
			fail_msg("U+%04X is shown", shown[i].last + 1);
		encode(next - 1, text);
		if (next > shown[i].last + 1 && next != 0x100000 && printable_is(text))
			fail_msg("U+%04X is shown", next - 1);
	}
}

static void what_does_not_fit_is_cut_at_a_character(void **state)
{
	char buf[16];

	for (size_t size = 1; size <= sizeof(buf); size++) {
		printable("\xc3\xa4\xff\xc3\xa4\xff", buf, size);
		assert_true(strlen(buf) < size);
		assert_true(printable_is(buf));
	}
	printable("\xff\xff\xff", buf, 9);
	assert_string_equal(buf, "\\xff\\xff");
	printable("\xff\xff\xff", buf, 8);
	assert_string_equal(buf, "\\xff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_can_be_shown_stay_as_they_are),
		cmocka_unit_test(what_no_string_may_hold_is_escaped_by_byte),
		cmocka_unit_test(what_does_not_fit_is_cut_at_a_character),
		cmocka_unit_test(each_range_ends_where_it_should),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
