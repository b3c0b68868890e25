/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Kernel text: the shape that most kernel files share, lines of a key and a number
 *
 *     max 12                memory.events, memory.stat
 *     MemTotal:  1024 kB    meminfo
 *
 * Files grow new keys with every kernel, so a line with another key is skipped. A line that is not
 * whole, or has no number that fits 64 bits, costs its own value; all others are taken. What a
 * container sees of these files may come from a program (lxcfs) that counts wrongly now and then.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No processor addresses more (52 bits): a number beyond this is no amount of memory. */
#define MEMORY_MOST_BYTES (1ULL << 52)

struct text_field {
	const char *key;
	uint64_t *value;
	bool is_kib; /* "kB" must stand behind it, and is multiplied out; else no unit may */
};

/*
 * Fills the fields that are there; *ret_found has a bit for each, in their order (at most 32), and
 * is written in any case. Of a key that comes twice the first value with a number counts.
 * Returns: 0; -EBADMSG the last line is cut short, or a wanted value is no number: it is left out.
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

/*
 * Loads a kernel file as text for the parsers.
 * Returns: 0; -EBADMSG it did not fit, or held a NUL (which becomes a '?'): parse what is there;
 * other negative errno: there is no text.
 */
int text_load_fd(int fd, char *text, size_t size);
int text_load_at(int dirfd, const char *path, char *text, size_t size);
/*
 * Whether loading failed for good reason: no such file, feature or cgroup, not allowed. Anything
 * else (no descriptor left, a file server that died) passes.
 */
bool text_is_absent(int loaded);
/* What loading said, or else what parsing said; for text that was loaded. */
static inline int text_result(int loaded, int parsed)
{
	return parsed < 0 ? parsed : loaded;
}
