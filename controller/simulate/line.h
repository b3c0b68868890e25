/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Line: one line of a trace or a story: a word, then key=value and bare words
 *
 *	group slot=1 id=4711 current=100M protected
 *
 * A table of fields says which keys a word takes and where their values go; the same table writes
 * the line again. Complaints name the file, the line and what would be right.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "controller/base/cleanup.h"

/* Words and key=value pairs in one line, the first word included. */
#define LINE_WORDS_MAX 40

enum line_kind {
	LINE_U32,
	LINE_U64,
	LINE_I32,
	LINE_SLOT, /* uint32_t, "none" for SLOT_NONE */
	LINE_BYTES,
	LINE_USEC,
	LINE_SHARE, /* uint32_t basis points */
	LINE_FLAG,  /* a bare word: sets `bit` in the uint32_t at offset */
	LINE_LEVEL,
	LINE_SIGNAL,
	LINE_ATTRIBUTION,
	LINE_RUNG,
	LINE_BRAKE,
	LINE_MODULE_KIND,
	LINE_RESULT,
	LINE_REASON,
	LINE_ATTENTION, /* written only */
};

struct line_field {
	const char *key;
	enum line_kind kind;
	size_t offset;
	uint32_t bit; /* LINE_FLAG: the flag. Others: validity, in the uint32_t at has_offset */
};

/* All fields of a word. Those that share a validity bit are given together or not at all. */
struct line_table {
	const char *word;
	const struct line_field *fields;
	size_t n_fields;
	size_t has_offset;
};

struct line_reader {
	FILE *file;
	const char *name; /* of the file, for messages */
	unsigned int number;
	char *buffer;
	size_t size;
	bool again; /* line_push_back() was called */
	char *words[LINE_WORDS_MAX];
	size_t n_words;
	char problem[256];
};

/* `file` and `name` stay the caller's. */
void line_reader_init(struct line_reader *reader, FILE *file, const char *name);
void line_reader_done(struct line_reader *reader);

/* Reads the next line that is not empty or a comment (#) into words[].
 * Returns: 1; 0 at the end; -EINVAL and reader->problem; -errno. */
int line_next(struct line_reader *reader);
/* Splits a line with > that line_next() left whole; words[0] is ">". Returns: as line_next(). */
int line_split(struct line_reader *reader);
/* Begins the file anew; what was complained about is forgotten. Returns: 0 or -errno. */
int line_rewind(struct line_reader *reader);
/* The next line_next() gives the same line again. */
void line_push_back(struct line_reader *reader);
/* Notes a complaint about the present line. Returns: -EINVAL. */
int line_fail(struct line_reader *reader, const char *format, ...) _printf_(2, 3);

/*
 * Stores the words of the present line from words[first] on in `ret` by the table; what is not
 * given stays as it is. Returns: 0; -EINVAL and reader->problem.
 */
int line_parse(struct line_reader *reader, size_t first, const struct line_table *table, void *ret);
/* One value. `key` is for the message. */
int line_parse_value(struct line_reader *reader, enum line_kind kind, const char *key,
		     const char *text, void *ret);

/* Writes prefix, word and fields; leaves out what is not valid, and zeros without validity bit. */
void line_write(FILE *file, const char *prefix, const struct line_table *table, const void *value);
