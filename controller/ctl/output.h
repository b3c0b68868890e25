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
};

DEFINE_CLEANUP(struct libscols_table *, scols_unref_table);

#define _cleanup_table_ _cleanup_(scols_unref_table_cleanup)

/* Returns: the table; ends the program when there is no memory for it. */
struct libscols_table *output_table(const struct ctl *ctl, const struct output_column *columns,
				    size_t n);
struct libscols_line *output_line(struct libscols_table *table, struct libscols_line *parent);
void output_cell(struct libscols_line *line, size_t column, const char *text);
void output_cell_bytes(struct libscols_line *line, size_t column, uint64_t bytes);
void output_cell_usec(struct libscols_line *line, size_t column, uint64_t usec);
void output_cell_number(struct libscols_line *line, size_t column, uint64_t number);
void output_cell_level(struct libscols_line *line, size_t column, const char *level);

/* The same in running text: "-" for UINT64_MAX; buf holds 32 bytes; returns buf. */
char *output_bytes(uint64_t bytes, char *buf);
char *output_usec(uint64_t usec, char *buf);

/* One JSON value and a newline, short or pretty as asked for. */
void output_json(const struct ctl *ctl, json_object *value);
