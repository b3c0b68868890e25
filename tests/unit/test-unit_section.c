/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/groups/unit_section.h"
#include "fixture.h"

struct complaints {
	size_t n;
	unsigned int line;
	char problem[1024];
};

static void on_complaint(void *data, unsigned int line, const char *problem)
{
	struct complaints *c = data;

	c->n++;
	c->line = line;
	snprintf(c->problem, sizeof(c->problem), "%s", problem);
}

static struct unit_section parse(const char *text, struct complaints *ret)
{
	/* Memory of just that size, without a NUL: a read beyond it is seen by ASan. */
	char *copy = malloc(strlen(text));
	struct unit_section section;

	assert_non_null(copy);
	memcpy(copy, text, strlen(text));
	*ret = (struct complaints){ 0 };
	unit_section_parse(copy, strlen(text), &section, on_complaint, ret);
	free(copy);
	return section;
}

static void what_it_says_is_taken(void **unused)
{
	struct complaints c;
	struct unit_section s = parse("[Unit]\nDescription=x\n\n[X-Relief]\nExclude=yes\n"
				      "Priority = -7 \n[Service]\nExecStart=/bin/true\n",
				      &c);

	assert_int_equal(c.n, 0);
	assert_true(s.exclude.is_given && s.exclude.is_set);
	assert_int_equal(s.exclude.value, 1);
	assert_int_equal(s.exclude.line, 5);
	assert_true(s.priority.is_set);
	assert_int_equal(s.priority.value, -7);
	assert_int_equal(s.priority.line, 6);
}

static void only_its_own_section_counts(void **unused)
{
	static const char *const texts[] = {
		"Exclude=yes\n",
		"[Service]\nExclude=yes\n",
		"[X-Relief]\n[Service]\nExclude=yes\n",
		"[x-relief]\nExclude=yes\n",
		"[X-Reliefd]\nExclude=yes\n",
		"#[X-Relief]\nExclude=yes\n",
		/* The middle of somebody's long line, comment and all, is no section. */
		"[Service]\nExecStart=/bin/sh \\\n# a comment\n[X-Relief] \\\n\nExclude=yes\n",
		"[Service]\nEnvironment=A=\\\n[X-Relief]\nExclude=yes\n",
		"",
		"[",
		"[X-Relief]",
	};
	struct complaints c;

	for (size_t i = 0; i < N(texts); i++) {
		struct unit_section s = parse(texts[i], &c);

		if (s.exclude.is_given || s.priority.is_given || c.n)
			fail_msg("text %zu: given, or complained of: %s", i, c.problem);
	}
}

static void the_syntax_is_systemds(void **unused)
{
	static const struct {
		const char *text;
		int32_t priority;
	} rows[] = {
		{ "[X-Relief]\r\nPriority=5\r\n", 5 },
		{ "  [X-Relief]  \n\tPriority=5", 5 },
		{ "[X-Relief]\nPriority=\\\n5\n", 5 },
		{ "[X-Relief]\nPriority=\\\n; not this one\\\n# nor this\n5\n", 5 },
		{ "[X-Relief]\nPriority=1\nPriority=5\n", 5 },
		{ "[X-Relief]\nPriority=1\n[Service]\nPriority=2\n[X-Relief]\nPriority=5\n", 5 },
		{ "[Service]\nA=b\\\\\n[X-Relief]\nPriority=5\n", 5 },
		{ "[X-Relief]\nPriority=+5\n", 5 },
	};
	struct complaints c;

	for (size_t i = 0; i < N(rows); i++) {
		struct unit_section s = parse(rows[i].text, &c);

		if (!s.priority.is_set || s.priority.value != rows[i].priority || c.n)
			fail_msg("row %zu: %d, %s", i, s.priority.value, c.problem);
	}
}

static void an_empty_assignment_unsets(void **unused)
{
	struct complaints c;
	struct unit_section s = parse("[X-Relief]\nExclude=yes\nExclude=\n", &c);

	assert_true(s.exclude.is_given);
	assert_false(s.exclude.is_set);
	assert_int_equal(c.n, 0);
}

static void the_booleans_are_systemds(void **unused)
{
	static const char *const yes[] = { "1", "yes", "Y", "true", "T", "on", "YES" };
	static const char *const no[] = { "0", "no", "N", "false", "f", "OFF" };
	int32_t value;

	for (size_t i = 0; i < N(yes); i++)
		assert_true(unit_section_parse_boolean(yes[i], &value) && value == 1);
	for (size_t i = 0; i < N(no); i++)
		assert_true(unit_section_parse_boolean(no[i], &value) && value == 0);
	assert_false(unit_section_parse_boolean("", &value));
	assert_false(unit_section_parse_boolean("2", &value));
	assert_false(unit_section_parse_boolean("yes ", &value));
}

/* The line is left out and named; what else the file says holds. */
static void a_bad_line_is_named_and_left_out(void **unused)
{
	static const struct {
		const char *line, *problem;
	} rows[] = {
		{ "Exclude=maybe", "Exclude=maybe is not yes or no; the line is left out" },
		{ "Priority=high",
		  "Priority=high is not a whole number from -100 to 100; the line is left out" },
		{ "Priority=101", "Priority=101 is not a whole number from -100 to 100; the line "
				  "is left out" },
		{ "Priority=99999999999999999999",
		  "Priority=99999999999999999999 is not a whole "
		  "number from -100 to 100; the line is left out" },
		{ "Priority=5x", "Priority=5x is not a whole number from -100 to 100; the line is "
				 "left out" },
		{ "Exclud=yes", "unknown key Exclud= in [X-Relief]; did you mean Exclude=?; the "
				"line is left out" },
		{ "Priorty=5", "unknown key Priorty= in [X-Relief]; did you mean Priority=?; the "
			       "line is left out" },
		{ "Weight=5", "unknown key Weight= in [X-Relief]; known are Exclude= Priority=; "
			      "the line is left out" },
		{ "Exclude", "Exclude is no KEY=VALUE; the line is left out" },
		{ "Exclude=\x1b[31m", "Exclude=?[31m is not yes or no; the line is left out" },
	};
	struct complaints c;
	char text[512];

	for (size_t i = 0; i < N(rows); i++) {
		struct unit_section s;

		snprintf(text, sizeof(text), "[X-Relief]\nPriority=3\n%s\n", rows[i].line);
		s = parse(text, &c);
		assert_string_equal(c.problem, rows[i].problem);
		assert_int_equal(c.n, 1);
		assert_int_equal(c.line, 3);
		assert_int_equal(s.priority.value, 3);
		assert_false(s.exclude.is_given);
	}
}

static void hostile_text_does_no_harm(void **unused)
{
	char *huge = fixture_huge("Exclude=yes ", "\n[X-Relief]\nPriority=2\n");
	static const char zero[] = "[X-Relief]\nExclude=y\0es\nPriority=4\n";
	struct unit_section s;
	struct complaints c;

	s = parse(huge, &c);
	assert_int_equal(s.priority.value, 2);
	assert_false(s.exclude.is_given);
	assert_int_equal(c.n, 0); /* too long, but in no section of ours */
	free(huge);
	huge = fixture_huge("x", "\nPriority=6\n");
	memcpy(huge, "[X-Relief]\nExclude=yes", 22);
	s = parse(huge, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.line, 2);
	assert_false(s.exclude.is_given);
	assert_int_equal(s.priority.value, 6);
	free(huge);
	s = parse("[X-Relief]\nPriority=3\n  ", &c); /* blanks are all that is left */
	assert_int_equal(c.n, 0);
	assert_int_equal(s.priority.value, 3);
	s = parse("[X-Relief]\nPriority=5 \\", &c); /* goes on, but nothing follows */
	assert_int_equal(c.n, 0);
	assert_int_equal(s.priority.value, 5);
	c = (struct complaints){ 0 };
	unit_section_parse(zero, sizeof(zero) - 1, &s, on_complaint, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.line, 2);
	assert_false(s.exclude.is_given);
	assert_int_equal(s.priority.value, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says_is_taken),
		cmocka_unit_test(only_its_own_section_counts),
		cmocka_unit_test(the_syntax_is_systemds),
		cmocka_unit_test(an_empty_assignment_unsets),
		cmocka_unit_test(the_booleans_are_systemds),
		cmocka_unit_test(a_bad_line_is_named_and_left_out),
		cmocka_unit_test(hostile_text_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
