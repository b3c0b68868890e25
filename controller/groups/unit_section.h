/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Unit section: what a unit file or drop-in says to reliefd
 *
 *	[X-Relief]
 *	Exclude=yes
 *	Priority=10
 *
 * systemd ignores sections whose name begins with X-. The syntax is that of systemd.syntax(7):
 * comments, lines continued by a backslash, the last assignment counts, an empty one unsets.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unit_word {
	bool is_given; /* the text assigns it */
	bool is_set;   /* false: the assignment is empty */
	int32_t value; /* of Exclude=: 1 or 0 */
	unsigned int line;
};

struct unit_section {
	struct unit_word exclude, priority;
};

/* What is wrong with a line, without control characters; the line is left out. */
typedef void (*unit_complain)(void *data, unsigned int line, const char *problem);

/* systemd's words for yes and no. Returns: false when it is neither. */
bool unit_section_parse_boolean(const char *text, int32_t *ret);
/* The text needs no NUL at its end. Whatever it holds, only well-formed lines have an effect. */
void unit_section_parse(const char *text, size_t size, struct unit_section *ret,
			unit_complain complain, void *data);
