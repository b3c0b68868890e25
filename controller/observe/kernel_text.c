/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/kernel_text.h"

#include <errno.h>
#include <string.h>

#include "policies/observation.h"

bool text_take_number(const char **cursor, uint64_t *ret)
{
	const char *s = *cursor;
	uint64_t value = 0;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return false;
	*cursor = s;
	*ret = value;
	return true;
}

bool text_take_blanks(const char **cursor)
{
	const char *s = *cursor;

	while (*s == ' ' || *s == '\t')
		s++;
	if (s == *cursor)
		return false;
	*cursor = s;
	return true;
}

/* What stands behind the key: an optional colon, blanks, a number, an optional unit, newline. */
static int take_value(const char *s, uint64_t *ret)
{
	uint64_t value;

	if (*s == ':')
		s++;
	if (!text_take_blanks(&s) || !text_take_number(&s, &value))
		return -EBADMSG;
	if (strncmp(s, " kB", 3) == 0) {
		s += 3;
		if (__builtin_mul_overflow(value, KIB, &value))
			return -EBADMSG;
	}
	if (*s != '\n')
		return -EBADMSG;
	*ret = value;
	return 0;
}

int text_read_fields(const char *text, const struct text_field *fields, size_t n_fields,
		     uint32_t *ret_found)
{
	uint32_t found = 0;

	while (*text) {
		const char *end = strchr(text, '\n');
		size_t n = strcspn(text, ": \t\n");

		if (!end)
			return -EBADMSG;
		for (size_t i = 0; i < n_fields; i++) {
			if (strlen(fields[i].key) != n || memcmp(fields[i].key, text, n) != 0)
				continue;
			if (take_value(text + n, fields[i].value) < 0)
				return -EBADMSG;
			found |= 1U << i;
			break;
		}
		text = end + 1;
	}
	*ret_found = found;
	return 0;
}

int text_read_number(const char *text, uint64_t *ret)
{
	uint64_t value;

	if (!text_take_number(&text, &value) || strcmp(text, "\n") != 0)
		return -EBADMSG;
	*ret = value;
	return 0;
}

int text_read_limit(const char *text, uint64_t *ret_bytes)
{
	if (strcmp(text, "max\n") == 0) {
		*ret_bytes = BYTES_UNLIMITED;
		return 0;
	}
	return text_read_number(text, ret_bytes);
}
