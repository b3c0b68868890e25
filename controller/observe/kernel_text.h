/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Kernel text: the shape that most kernel files share, lines of a key and a number
 *
 *     max 12                memory.events, memory.stat
 *     MemTotal:  1024 kB    meminfo
 *
 * Files grow new keys with every kernel, so a line with another key is skipped; but every line
 * must be whole, and a key that is asked for must have a number.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_field {
	const char *key;
	uint64_t *value; /* "kB" is multiplied out */
};

/*
 * Fills the fields that are there; *ret_found has a bit for each, in their order (at most 32).
 * Returns: 0; -EBADMSG a line is cut short or a wanted one has no number that fits 64 bits. The
 * values of fields seen before are written even then.
 */
int text_read_fields(const char *text, const struct text_field *fields, size_t n_fields,
		     uint32_t *ret_found);
/* A file of one number and a newline. Returns: 0, or -EBADMSG. */
int text_read_number(const char *text, uint64_t *ret);
/* The same, where "max" is BYTES_UNLIMITED. */
int text_read_limit(const char *text, uint64_t *ret_bytes);

/* Digits at *cursor, which moves behind them. Returns: false when there are none, or too many. */
bool text_take_number(const char **cursor, uint64_t *ret);
/* Skips blanks and tabs. Returns: whether there were any. */
bool text_take_blanks(const char **cursor);
