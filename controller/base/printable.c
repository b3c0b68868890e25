/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/base/printable.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* "\xff" */
#define ESCAPE_LENGTH 4

/* How many bytes a character with this first byte has; 0: no character begins so. */
static size_t printable_length_by_first(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c < 0xe0)
		return 2;
	if (c >= 0xe0 && c < 0xf0)
		return 3;
	return c >= 0xf0 && c < 0xf5 ? 4 : 0;
}

/*
 * No control character, nothing that turns the direction of what follows, and none that D-Bus
 * refuses: surrogates and what is no character.
 */
static bool printable_is_shown(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff)
		return false;
	if ((c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069))
		return false;
	if (c == 0xfeff) /* byte order mark */
		return false;
	return (c < 0xd800 || c > 0xdfff) && (c < 0xfdd0 || c > 0xfdef) && (c & 0xfffe) != 0xfffe;
}

/* The length of the printable character at s, or 0. */
static size_t printable_character_length(const char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = printable_length_by_first((unsigned char)s[0]);
	uint32_t c;

	if (n == 0)
		return 0;
	c = n == 1 ? (unsigned char)s[0] : (unsigned char)s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0; /* the NUL, too */
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	return c >= least[n] && printable_is_shown(c) ? n : 0;
}

bool printable_is(const char *text)
{
	while (*text) {
		size_t n = printable_character_length(text);

		if (n == 0)
			return false;
		text += n;
	}
	return true;
}

static void printable_escape_to(char *buf, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	buf[0] = '\\';
	buf[1] = 'x';
	buf[2] = digits[c >> 4];
	buf[3] = digits[c & 15];
}

const char *printable(const char *text, char *buf, size_t size)
{
	size_t length = 0;

	if (printable_is(text))
		return text;
	while (*text) {
		size_t n = printable_character_length(text), needed = n ? n : ESCAPE_LENGTH;

		if (length + needed >= size)
			break;
		if (n)
			memcpy(buf + length, text, n);
		else
			printable_escape_to(buf + length, (unsigned char)*text);
		length += needed;
		text += n ? n : 1;
	}
	buf[length] = '\0';
	return buf;
}

char *printable_dup(const char *text)
{
	size_t size = strlen(text) * PRINTABLE_GROWTH + 1;
	char *buf;

	if (printable_is(text))
		return strdup(text);
	buf = malloc(size);
	if (buf)
		printable(text, buf, size);
	return buf;
}
