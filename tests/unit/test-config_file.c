/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controller/config/config_file.h"

static struct config_file config;

static void parse_ok(const char *text)
{
	char *problem = NULL;
	int r;

	config_file_done(&config);
	r = config_file_parse(text, strlen(text), "f.conf", &config, &problem);
	if (r < 0)
		fail_msg("%d: %s", r, problem);
}

static int done(void **state)
{
	config_file_done(&config);
	return 0;
}

static void expect(size_t i, unsigned line, const char *section, const char *key, const char *value)
{
	assert_true(i < config.n);
	assert_int_equal(config.assignments[i].line, line);
	assert_string_equal(config.assignments[i].section, section);
	assert_string_equal(config.assignments[i].key, key);
	assert_string_equal(config.assignments[i].value, value);
}

static void assignments_come_in_the_order_of_their_lines(void **state)
{
	parse_ok("[B]\nx=1\n[A]\ny=2\n[B]\nz=3\n");
	assert_int_equal(config.n, 3);
	expect(0, 2, "B", "x", "1");
	expect(1, 4, "A", "y", "2");
	expect(2, 6, "B", "z", "3");
}

/* libeconf alone keeps the first of these three. */
static void every_assignment_of_a_key_is_seen(void **state)
{
	parse_ok("[Groups]\nUnits=a b\nUnits=\nUnits=c\n[Groups]\nUnits=d\n");
	assert_int_equal(config.n, 4);
	expect(0, 2, "Groups", "Units", "a b");
	expect(1, 3, "Groups", "Units", "");
	expect(2, 4, "Groups", "Units", "c");
	expect(3, 6, "Groups", "Units", "d");
}

static void comments_and_blanks_are_skipped(void **state)
{
	parse_ok("# one\n; two = 2\n\n   \n\t# indented \xc3\xa4\n"
		 "[A] # after\n  x  =  1  \t; why\n   \ny=2#no blank\n");
	assert_int_equal(config.n, 2);
	expect(0, 7, "A", "x", "1");
	expect(1, 9, "A", "y", "2");
}

static void quotes_around_a_value_fall_away(void **state)
{
	parse_ok("[A]\nx=\"a b\"\ny=\"a\nz=\n");
	expect(0, 2, "A", "x", "a b");
	expect(1, 3, "A", "y", "\"a");
	expect(2, 4, "A", "z", "");
}

static void the_last_line_needs_no_end(void **state)
{
	parse_ok("[A]\r\nx=1\r\ny = a=b");
	assert_int_equal(config.n, 2);
	expect(0, 2, "A", "x", "1");
	expect(1, 3, "A", "y", "a=b");
	parse_ok("");
	assert_int_equal(config.n, 0);
	parse_ok("[Empty]");
	assert_int_equal(config.n, 0);
}

static void expect_problem(const char *text, size_t length, const char *expected)
{
	struct config_file untouched = { .n = 7 };
	char *problem = NULL;
	int r;

	r = config_file_parse(text, length, "f.conf", &untouched, &problem);
	assert_true(r < 0);
	assert_non_null(problem);
	assert_string_equal(problem, expected);
	assert_int_equal(untouched.n, 7);
	free(problem);
}

static void faults_are_named_with_line_and_fix(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{ "[A]\nx\n", "f.conf:2: 'x' has no '='; write Key=value" },
		{ "[A]\nx=1\nfoo bar\n", "f.conf:3: 'foo bar' has no '='; write Key=value" },
		{ "[A]\nx=1\n more # = y\n", "f.conf:3: 'more' has no '='; write Key=value" },
		{ "[A]\n=5\n", "f.conf:2: nothing stands before '='; write Key=value" },
		{ "x=1\n",
		  "f.conf:1: x= stands before the first section; put it below its [Section]" },
		{ "[A]\n\na b=1\n", "f.conf:3: the key has a blank in it; write Key=value" },
		{ "[A\nx=1\n", "f.conf:1: the section has no ']'; write [Section]" },
		{ "#\n[]\n", "f.conf:2: the section has no name; write [Section]" },
		{ "[A] x\n", "f.conf:1: text follows the section; put it on the next line" },
		{ "[A]\nx=\a\n",
		  "f.conf:2: byte 0x07 is not a printable ASCII character; remove it" },
		{ "[A]\nx=\xc3\xa4\n",
		  "f.conf:2: byte 0xc3 is not a printable ASCII character; remove it" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_problem(rows[i].text, strlen(rows[i].text), rows[i].problem);
	expect_problem("[A]\nx=a\0b\n", 10,
		       "f.conf:2: byte 0x00 is not a printable ASCII character; remove it");
}

static void what_is_too_much_is_refused(void **state)
{
	static char text[64 * 1024];
	size_t length;

	memset(text, 'y', sizeof(text));
	memcpy(text, "[A]\nx=", 6);
	expect_problem(text, 4 + 4097,
		       "f.conf:2: the line has 4097 characters; at most 4096 are read");

	length = (size_t)sprintf(text, "[A]\n");
	for (int i = 0; i < 1025; i++)
		length += (size_t)sprintf(text + length, "x%d=%d\n", i, i);
	expect_problem(text, length, "f.conf:1026: more than 1024 assignments; split the file");
}

static void the_longest_line_arrives_whole(void **state)
{
	char text[4 + 4096 + 1];

	memset(text, 'y', sizeof(text));
	memcpy(text, "[A]\nx=", 6);
	text[sizeof(text) - 1] = '\0';
	parse_ok(text);
	assert_int_equal(strlen(config.assignments[0].value), 4094);
}

static void only_regular_files_are_read(void **state)
{
	struct config_file untouched = { .n = 7 };
	char *problem = NULL;

	assert_int_equal(config_file_read("/none.conf", &untouched, &problem), -ENOENT);
	assert_string_equal(problem, "/none.conf: cannot be opened: No such file or directory");
	free(problem);
	assert_int_equal(config_file_read("/tmp", &untouched, &problem), -EINVAL);
	assert_string_equal(problem, "/tmp: not a regular file; name a text file");
	free(problem);
	assert_int_equal(config_file_read("/dev/zero", &untouched, &problem), -EINVAL);
	free(problem);
	assert_int_equal(untouched.n, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(assignments_come_in_the_order_of_their_lines, done),
		cmocka_unit_test_teardown(every_assignment_of_a_key_is_seen, done),
		cmocka_unit_test_teardown(comments_and_blanks_are_skipped, done),
		cmocka_unit_test_teardown(quotes_around_a_value_fall_away, done),
		cmocka_unit_test_teardown(the_last_line_needs_no_end, done),
		cmocka_unit_test(faults_are_named_with_line_and_fix),
		cmocka_unit_test(what_is_too_much_is_refused),
		cmocka_unit_test_teardown(the_longest_line_arrives_whole, done),
		cmocka_unit_test(only_regular_files_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
