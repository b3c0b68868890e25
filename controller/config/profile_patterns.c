/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/config/profile_patterns.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/cleanup.h"

static int profile_patterns_check_pattern(const char *pattern, const struct assignment *a,
					  char **ret_problem)
{
	if (strlen(pattern) >= PROFILE_PATTERN_SIZE)
		return assignment_problem(
			a, ret_problem, "a pattern of %s= has %zu characters; at most %d are right",
			a->key, strlen(pattern), PROFILE_PATTERN_SIZE - 1);
	if (strchr(pattern, '"') || strchr(pattern, '\''))
		return assignment_problem(a, ret_problem,
					  "%s in %s= has a quote; write patterns without quotes, "
					  "separated by blanks",
					  pattern, a->key);
	return 0;
}

static int profile_patterns_too_many_patterns(const struct assignment *a, char **ret_problem)
{
	return assignment_problem(a, ret_problem, "%s= has more than %d patterns; use broader ones",
				  a->key, PROFILE_PATTERNS_MAX);
}

static int profile_patterns_add_pattern(struct pattern_list *list, const char *pattern,
					const struct assignment *a, char **ret_problem)
{
	int r;

	r = profile_patterns_check_pattern(pattern, a, ret_problem);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < list->n; i++)
		if (strcmp(list->pattern[i], pattern) == 0)
			return 0; /* a layer may repeat what it builds on */
	if (list->n == PROFILE_PATTERNS_MAX)
		return profile_patterns_too_many_patterns(a, ret_problem);
	strcpy(list->pattern[list->n++], pattern);
	return 0;
}

int profile_patterns_apply(struct pattern_list *list, const struct assignment *a,
			   char **ret_problem)
{
	char *rest = a->value, *pattern;
	int r;

	if (*a->value == '\0')
		memset(list, 0, sizeof(*list));
	while ((pattern = strtok_r(rest, " \t", &rest))) {
		r = profile_patterns_add_pattern(list, pattern, a, ret_problem);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "PATTERN:NUMBER"; a unit name may hold colons itself, so the last one counts. */
static int profile_patterns_split_rank(char *word, int32_t *ret_priority,
				       const struct assignment *a, char **ret_problem)
{
	char *colon = strrchr(word, ':'), *end = NULL;
	long priority = 0;

	if (colon && (isdigit((unsigned char)colon[1]) || colon[1] == '-' || colon[1] == '+')) {
		errno = 0;
		priority = strtol(colon + 1, &end, 10);
	}
	if (!end || *end || end == colon + 1 || colon == word)
		return assignment_problem(a, ret_problem,
					  "%s in %s= is not PATTERN:NUMBER; write for example "
					  "mydb.service:10",
					  word, a->key);
	if (errno || priority < PRIORITY_MIN || priority > PRIORITY_MAX)
		return assignment_problem(a, ret_problem,
					  "%s in %s= is out of range; %d to %d is right", word,
					  a->key, PRIORITY_MIN, PRIORITY_MAX);
	*colon = '\0';
	*ret_priority = (int32_t)priority;
	return 0;
}

/* The same pattern again has the new number, at its new place. */
static void profile_patterns_drop_rank(struct rank_list *list, const char *pattern)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < list->n; i++)
		if (strcmp(list->rank[i].pattern, pattern) != 0)
			list->rank[n++] = list->rank[i];
	list->n = n;
}

static int profile_patterns_add_rank(struct rank_list *list, char *word, const struct assignment *a,
				     char **ret_problem)
{
	int32_t priority = 0;
	int r;

	r = profile_patterns_split_rank(word, &priority, a, ret_problem);
	if (r == 0)
		r = profile_patterns_check_pattern(word, a, ret_problem);
	if (r < 0)
		return r;
	profile_patterns_drop_rank(list, word);
	if (list->n == PROFILE_PATTERNS_MAX)
		return profile_patterns_too_many_patterns(a, ret_problem);
	strcpy(list->rank[list->n].pattern, word);
	list->rank[list->n++].priority = priority;
	return 0;
}

int profile_ranks_apply(struct rank_list *list, const struct assignment *a, char **ret_problem)
{
	char *rest = a->value, *word;
	int r;

	if (*a->value == '\0')
		memset(list, 0, sizeof(*list));
	while ((word = strtok_r(rest, " \t", &rest))) {
		r = profile_patterns_add_rank(list, word, a, ret_problem);
		if (r < 0)
			return r;
	}
	return 0;
}

int profile_patterns_format(const struct pattern_list *list, char **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	for (uint32_t i = 0; i < list->n; i++)
		fprintf(f, "%s%s", i > 0 ? " " : "", list->pattern[i]);
	if (fclose(f) != 0)
		return -ENOMEM;
	*ret = take_ptr(text);
	return 0;
}

int profile_ranks_format(const struct rank_list *list, char **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	for (uint32_t i = 0; i < list->n; i++)
		fprintf(f, "%s%s:%d", i > 0 ? " " : "", list->rank[i].pattern,
			list->rank[i].priority);
	if (fclose(f) != 0)
		return -ENOMEM;
	*ret = take_ptr(text);
	return 0;
}
