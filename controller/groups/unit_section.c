/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/groups/unit_section.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "controller/base/closest.h"
#include "policies/profile.h"

#define SECTION "[X-Relief]"
/* Whole lines, continuations joined. Ours are short; longer ones belong to others or are wrong. */
#define LINE_SIZE 512
#define BLANKS	  " \t\r\v\f"

struct parser {
	struct unit_section *section;
	unit_complain complain;
	void *data;
	char line[LINE_SIZE]; /* the line under way, continuations joined */
	size_t length;
	bool is_long;	     /* it did not fit */
	unsigned int number; /* of its first physical line */
	bool is_inside;	     /* of our section */
};

static void unit_section_parser_complain(const struct parser *p, const char *before,
					 const char *text, const char *after)
{
	char problem[LINE_SIZE + 128];

	snprintf(problem, sizeof(problem), "%s%s%s; the line is left out", before, text, after);
	for (char *c = problem; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	p->complain(p->data, p->number, problem);
}

static char *unit_section_trim(char *text)
{
	size_t n;

	text += strspn(text, BLANKS);
	for (n = strlen(text); n > 0 && strchr(BLANKS, text[n - 1]); n--)
		;
	text[n] = '\0';
	return text;
}

bool unit_section_parse_boolean(const char *text, int32_t *ret)
{
	static const char *const words[2][6] = {
		{ "0", "no", "n", "false", "f", "off" },
		{ "1", "yes", "y", "true", "t", "on" },
	};

	for (int32_t value = 0; value < 2; value++)
		for (size_t i = 0; i < 6; i++)
			if (strcasecmp(text, words[value][i]) == 0) {
				*ret = value;
				return true;
			}
	return false;
}

static bool unit_section_parse_priority(const char *text, int32_t *ret)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < PRIORITY_MIN || value > PRIORITY_MAX)
		return false;
	*ret = (int32_t)value;
	return true;
}

static const struct key {
	const char *name;
	size_t offset; /* of its unit_word */
	bool (*parse)(const char *text, int32_t *ret);
	const char *expected;
} keys[] = {
	{ "Exclude", offsetof(struct unit_section, exclude), unit_section_parse_boolean,
	  " is not yes or no" },
	{ "Priority", offsetof(struct unit_section, priority), unit_section_parse_priority,
	  " is not a whole number from -100 to 100" },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

_Static_assert(PRIORITY_MIN == -100 && PRIORITY_MAX == 100, "keys[] says the range");

static void unit_section_unknown_key(const struct parser *p, const char *name)
{
	struct closest closest;
	char after[64];

	closest_init(&closest, name);
	for (size_t i = 0; i < N_KEYS; i++)
		closest_offer(&closest, keys[i].name);
	if (closest.name)
		snprintf(after, sizeof(after), "= in " SECTION "; did you mean %s=?", closest.name);
	else
		snprintf(after, sizeof(after), "= in " SECTION "; known are Exclude= Priority=");
	unit_section_parser_complain(p, "unknown key ", name, after);
}

static void unit_section_take_assignment(struct parser *p, char *line)
{
	char *equals = strchr(line, '='), *name, *value;
	struct unit_word word = { .is_given = true, .line = p->number };

	if (!equals) {
		unit_section_parser_complain(p, "", line, " is no KEY=VALUE");
		return;
	}
	*equals = '\0';
	name = unit_section_trim(line);
	value = unit_section_trim(equals + 1);
	for (size_t i = 0; i < N_KEYS; i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		word.is_set = *value != '\0';
		if (word.is_set && !keys[i].parse(value, &word.value)) {
			*equals = '=';
			unit_section_parser_complain(p, line, "", keys[i].expected);
			return;
		}
		*(struct unit_word *)((char *)p->section + keys[i].offset) = word;
		return;
	}
	unit_section_unknown_key(p, name);
}

/* A whole line: a section begins, or something of ours is assigned. */
static void unit_section_parser_end_line(struct parser *p)
{
	char *line;

	p->line[p->length] = '\0';
	line = unit_section_trim(p->line);
	if (p->is_long) {
		if (p->is_inside)
			unit_section_parser_complain(p, "a line in " SECTION " is too long", "",
						     "");
	} else if (line[0] == '[') {
		p->is_inside = strcmp(line, SECTION) == 0;
	} else if (p->is_inside && line[0]) {
		unit_section_take_assignment(p, line);
	}
	p->length = 0;
	p->is_long = false;
	p->number = 0;
}

static void unit_section_parser_append(struct parser *p, const char *text, size_t n)
{
	if (n >= sizeof(p->line) - p->length) {
		p->is_long = true;
		return;
	}
	memcpy(p->line + p->length, text, n);
	p->length += n;
}

/* An odd number of backslashes at the end: the next line goes on with this one. */
static bool unit_section_goes_on(const char *text, size_t n)
{
	size_t n_backslashes = 0;

	while (n_backslashes < n && text[n - 1 - n_backslashes] == '\\')
		n_backslashes++;
	return n_backslashes % 2 == 1;
}

static void unit_section_parser_take(struct parser *p, const char *text, size_t n,
				     unsigned int number)
{
	size_t blanks = 0;

	while (blanks < n && memchr(BLANKS, text[blanks], sizeof(BLANKS) - 1))
		blanks++;
	/* Comments do not end a line that goes on. */
	if (blanks < n && (text[blanks] == '#' || text[blanks] == ';'))
		return;
	if (p->number == 0)
		p->number = number;
	if (unit_section_goes_on(text, n)) {
		unit_section_parser_append(p, text, n - 1);
		unit_section_parser_append(p, " ", 1);
		return;
	}
	unit_section_parser_append(p, text, n);
	unit_section_parser_end_line(p);
}

void unit_section_parse(const char *text, size_t size, struct unit_section *ret,
			unit_complain complain, void *data)
{
	struct parser p = { .section = ret, .complain = complain, .data = data };
	const char *end = text + size;

	*ret = (struct unit_section){ 0 };
	for (unsigned int number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);

		if (memchr(text, '\0', n)) {
			p.number = number;
			unit_section_parser_complain(&p, "a zero byte", "", "");
			p.number = 0;
			p.length = 0;
		} else {
			unit_section_parser_take(&p, text, n, number);
		}
		text += newline ? n + 1 : n;
	}
	if (p.number != 0)
		unit_section_parser_end_line(&p);
}
