/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/config/profile_patterns.h"
#include "fixture.h"

static struct assignment assignment_of(const char *key, char *value)
{
	return (struct assignment){
		.path = "a.conf",
		.line = 7,
		.section = (char *)"Groups",
		.key = (char *)key,
		.value = value,
	};
}

static int apply_ranks(struct rank_list *list, const char *value, char **ret_problem)
{
	char *copy = strdup(value);
	struct assignment a = assignment_of("Priority", copy);
	int r = profile_ranks_apply(list, &a, ret_problem);

	free(copy);
	return r;
}

static int apply_patterns(struct pattern_list *list, const char *value, char **ret_problem)
{
	char *copy = strdup(value);
	struct assignment a = assignment_of("Exclude", copy);
	int r = profile_patterns_apply(list, &a, ret_problem);

	free(copy);
	return r;
}

static void expect_ranks(const struct rank_list *list, const char *text)
{
	char *shown = NULL;

	assert_int_equal(profile_ranks_format(list, &shown), 0);
	assert_string_equal(shown, text);
	free(shown);
}

static void expect_patterns(const struct pattern_list *list, const char *text)
{
	char *shown = NULL;

	assert_int_equal(profile_patterns_format(list, &shown), 0);
	assert_string_equal(shown, text);
	free(shown);
}

static void ranks_add_up_and_the_last_number_counts(void **state)
{
	struct rank_list list = {};
	char *problem = NULL;

	assert_int_equal(apply_ranks(&list, "a.service:100 b:c.service:-100", &problem), 0);
	expect_ranks(&list, "a.service:100 b:c.service:-100");
	assert_int_equal(apply_ranks(&list, "d.service:+5 a.service:0", &problem), 0);
	expect_ranks(&list, "b:c.service:-100 d.service:5 a.service:0");
	assert_int_equal(list.rank[1].priority, 5);
	assert_int_equal(apply_ranks(&list, "", &problem), 0);
	expect_ranks(&list, "");
}

static void a_bad_rank_is_named(void **state)
{
	static const struct {
		const char *value, *problem;
	} rows[] = {
		{ "x:1 a.service",
		  "a.conf:7: a.service in Priority= is not PATTERN:NUMBER; write for "
		  "example mydb.service:10" },
		{ "a:", "a.conf:7: a: in Priority= is not PATTERN:NUMBER; write for example "
			"mydb.service:10" },
		{ ":5", "a.conf:7: :5 in Priority= is not PATTERN:NUMBER; write for example "
			"mydb.service:10" },
		{ "a:5x", "a.conf:7: a:5x in Priority= is not PATTERN:NUMBER; write for example "
			  "mydb.service:10" },
		{ "a:-", "a.conf:7: a:- in Priority= is not PATTERN:NUMBER; write for example "
			 "mydb.service:10" },
		{ "a:101", "a.conf:7: a:101 in Priority= is out of range; -100 to 100 is right" },
		{ "a:-101", "a.conf:7: a:-101 in Priority= is out of range; -100 to 100 is right" },
		{ "a:99999999999999999999",
		  "a.conf:7: a:99999999999999999999 in Priority= is out of "
		  "range; -100 to 100 is right" },
		{ "\"a\":5",
		  "a.conf:7: \"a\" in Priority= has a quote; write patterns without quotes, "
		  "separated by blanks" },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct rank_list list = {};
		char *problem = NULL;

		assert_int_equal(apply_ranks(&list, rows[i].value, &problem), -EINVAL);
		assert_string_equal(problem, rows[i].problem);
		free(problem);
	}
}

static void a_pattern_is_listed_once(void **state)
{
	struct pattern_list list = {};
	char *problem = NULL;

	assert_int_equal(apply_patterns(&list, "a b  a\tc", &problem), 0);
	assert_int_equal(apply_patterns(&list, "b d", &problem), 0);
	expect_patterns(&list, "a b c d");
	assert_int_equal(apply_patterns(&list, "", &problem), 0);
	expect_patterns(&list, "");
}

static void a_pattern_is_as_long_as_a_name_gets(void **state)
{
	struct pattern_list list = {};
	struct rank_list ranks = {};
	char name[PROFILE_PATTERN_SIZE + 8], *problem = NULL;

	memset(name, 'a', sizeof(name));
	strcpy(name + PROFILE_PATTERN_SIZE - 1, ":1");
	assert_int_equal(apply_ranks(&ranks, name, &problem), 0);
	name[PROFILE_PATTERN_SIZE - 1] = '\0';
	assert_int_equal(apply_patterns(&list, name, &problem), 0);
	strcpy(name + PROFILE_PATTERN_SIZE - 1, "a:1");
	assert_int_equal(apply_ranks(&ranks, name, &problem), -EINVAL);
	assert_string_equal(problem, "a.conf:7: a pattern of Priority= has 256 characters; at most "
				     "255 are right");
	free(problem);
	name[PROFILE_PATTERN_SIZE] = '\0';
	assert_int_equal(apply_patterns(&list, name, &problem), -EINVAL);
	free(problem);
	assert_int_equal(list.n, 1);
	assert_int_equal(ranks.n, 1);
}

static void a_list_has_room_for_as_many_as_it_says(void **state)
{
	struct pattern_list list = {};
	struct rank_list ranks = {};
	char word[16], *problem = NULL;

	for (int i = 0; i < PROFILE_PATTERNS_MAX; i++) {
		snprintf(word, sizeof(word), "p%d", i);
		assert_int_equal(apply_patterns(&list, word, &problem), 0);
		snprintf(word, sizeof(word), "p%d:%d", i, i);
		assert_int_equal(apply_ranks(&ranks, word, &problem), 0);
	}
	assert_int_equal(apply_patterns(&list, "p0", &problem), 0); /* it is there already */
	assert_int_equal(apply_ranks(&ranks, "p0:50", &problem), 0);
	assert_int_equal(apply_patterns(&list, "one-more", &problem), -EINVAL);
	assert_string_equal(problem,
			    "a.conf:7: Exclude= has more than 32 patterns; use broader ones");
	free(problem);
	assert_int_equal(apply_ranks(&ranks, "one-more:1", &problem), -EINVAL);
	assert_string_equal(problem,
			    "a.conf:7: Priority= has more than 32 patterns; use broader ones");
	free(problem);
	assert_int_equal(list.n, PROFILE_PATTERNS_MAX);
	assert_int_equal(ranks.n, PROFILE_PATTERNS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_add_up_and_the_last_number_counts),
		cmocka_unit_test(a_bad_rank_is_named),
		cmocka_unit_test(a_pattern_is_listed_once),
		cmocka_unit_test(a_pattern_is_as_long_as_a_name_gets),
		cmocka_unit_test(a_list_has_room_for_as_many_as_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
