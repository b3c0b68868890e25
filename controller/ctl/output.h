/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Output: tables for people, JSON for programs
 */

#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>

#include "controller/ctl/ctl.h"

/* Sends what is printed to stdout through a pager, when that is a terminal and --no-pager absent.
 */
void output_page(const struct ctl *ctl);
/* Waits until the reader has left the pager; called once at the end. */
void output_page_end(void);

/* True on a terminal, unless $NO_COLOR is set or $SYSTEMD_COLORS is off. */
bool output_colours(void);
/* The colour of a level's name for libsmartcols, NULL for a calm one. */
const char *output_level_colour(const char *level);
/* Escape sequences to begin and end a colour by libsmartcols' names; "" without colours. */
const char *output_colour_begin(const char *colour);
const char *output_colour_end(const char *colour);

struct output_column {
	const char *name;
	int flags; /* SCOLS_FL_RIGHT and the like */
	/* The table leaves it out where lines are shorter than this; 0: never. */
	size_t from_width;
};

DEFINE_CLEANUP(struct libscols_table *, scols_unref_table);

#define _cleanup_table_ _cleanup_(scols_unref_table_cleanup)

/*
 * The columns that fit; those with SCOLS_FL_TRUNC are cut. Lines are as long as the terminal, in a
 * pipe as $COLUMNS says, with --full or without either as long as need be.
 * Returns: the table; ends the program when there is no memory for it.
 */
struct libscols_table *output_table(const struct ctl *ctl, const struct output_column *columns,
				    size_t n);
struct libscols_line *output_line(struct libscols_table *table, struct libscols_line *parent);
void output_cell(struct libscols_line *line, size_t column, const char *text);
void output_cell_bytes(struct libscols_line *line, size_t column, uint64_t bytes);
void output_cell_usec(struct libscols_line *line, size_t column, uint64_t usec);
void output_cell_number(struct libscols_line *line, size_t column, uint64_t number);
void output_cell_level(struct libscols_line *line, size_t column, const char *level);

/* The level, or "low in 4s" while it only outlasts its shortage. */
void output_cell_level_of(struct libscols_line *line, size_t column, json_object *props);
/*
 * "low in 4s", by RecoveringTo and RecoveringUntilUSec. Returns: buf (64 bytes), or NULL when it is
 * not recovering.
 */
char *output_recovery(json_object *props, char *buf);
/* Takes a column out of a table that was made. */
void output_hide_column(struct libscols_table *table, size_t column);
/* Columns of the terminal, or of $COLUMNS in a pipe; 0: no matter. */
size_t output_width(void);

/* The same in running text: "-" for UINT64_MAX; buf holds 32 bytes; returns buf. */
char *output_bytes(uint64_t bytes, char *buf);
char *output_usec(uint64_t usec, char *buf);

/* One JSON value and a newline, short or pretty as asked for. */
void output_json(const struct ctl *ctl, json_object *value);
