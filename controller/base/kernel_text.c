/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/base/kernel_text.h"

#include <errno.h>
#include <string.h>

#include "controller/base/file.h"
#include "policies/units.h"

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

/* What stands behind the key: an optional colon, blanks, a number, the unit if it has one, newline.
 */
static int kernel_text_take_value(const char *s, const struct text_field *field)
{
	uint64_t value;

	if (*s == ':')
		s++;
	if (!text_take_blanks(&s) || !text_take_number(&s, &value))
		return -EBADMSG;
	if (field->is_kib) {
		if (strncmp(s, " kB", 3) != 0 || __builtin_mul_overflow(value, KIB, &value))
			return -EBADMSG;
		s += 3;
	}
	if (*s != '\n')
		return -EBADMSG;
	*field->value = value;
	return 0;
}

/* The field of that name, or n_fields. Most lines have none: the first character tells. */
static size_t kernel_text_find_field(const char *key, size_t length,
				     const struct text_field *fields, size_t n_fields)
{
	size_t i;

	for (i = 0; i < n_fields; i++)
		if (fields[i].key[0] == key[0] && strncmp(fields[i].key, key, length) == 0 &&
		    fields[i].key[length] == '\0')
			break;
	return i;
}

int text_read_fields(const char *text, const struct text_field *fields, size_t n_fields,
		     uint32_t *ret_found)
{
	uint32_t found = 0;
	const char *end;
	int r = 0;

	for (; *text; text = end + 1) {
		size_t length = strcspn(text, ": \t\n");
		size_t i = kernel_text_find_field(text, length, fields, n_fields);

		end = strchr(text, '\n');
		if (!end) {
			r = -EBADMSG;
			break;
		}
		if (i == n_fields || found >> i & 1)
			continue;
		if (kernel_text_take_value(text + length, &fields[i]) < 0)
			r = -EBADMSG;
		else
			found |= 1U << i;
	}
	*ret_found = found;
	return r;
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

/* A NUL would hide what stands behind it: it garbles its own line only. */
static int kernel_text_finish(char *text, size_t size, ssize_t n)
{
	int r = 0;

	if (n == -EFBIG) {
		n = (ssize_t)size - 1;
		r = -EBADMSG;
	}
	if (n < 0)
		return (int)n;
	for (char *nul; (nul = memchr(text, '\0', (size_t)n)); *nul = '?')
		r = -EBADMSG;
	return r;
}

int text_load_fd(int fd, char *text, size_t size)
{
	return kernel_text_finish(text, size, file_read_fd(fd, text, size));
}

int text_load_at(int dirfd, const char *path, char *text, size_t size)
{
	return kernel_text_finish(text, size, file_read_at(dirfd, path, text, size));
}

bool text_is_absent(int loaded)
{
	return loaded == -ENOENT || loaded == -ENODEV || loaded == -EOPNOTSUPP ||
	       loaded == -EACCES || loaded == -EPERM || loaded == -EBADF || loaded == -ENOTDIR;
}
