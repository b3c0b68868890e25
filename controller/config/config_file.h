/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Config file: one file of [Section] and Key=value lines, strictly
 *
 * Text to assignments in the order of the lines; what they mean is the caller's business. Lines
 * that are empty or begin with # or ; are skipped; a # or ; further on ends the value. The same key
 * may be assigned again: an empty value and then a new one is how a drop-in replaces a list.
 */

#include <stddef.h>

#include "controller/base/cleanup.h"

struct assignment {
	const char *path; /* of the file, borrowed from the caller */
	unsigned line;
	char *section;
	char *key;
	char *value; /* without surrounding blanks and quotes; "" when nothing was there */
};

struct config_file {
	struct assignment *assignments;
	size_t n;
};

/*
 * path: for messages and assignment.path; must outlive ret.
 * Returns: 0; or negative errno and *ret_problem, "FILE:LINE: what is wrong; what would be right".
 */
int config_file_parse(const char *text, size_t length, const char *path, struct config_file *ret,
		      char **ret_problem);
int config_file_read(const char *path, struct config_file *ret, char **ret_problem);
void config_file_done(struct config_file *config);
/* The text of a file, ended by a NUL, for the caller to free; fails as config_file_read(). */
int config_file_text(const char *path, char **ret_text, size_t *ret_length, char **ret_problem);

/*
 * Writes "PATH:LINE: text" (PATH alone when line is 0) to *ret_problem, for the caller to free;
 * ret_problem may be NULL.
 * Returns: error, or -ENOMEM.
 */
int config_problem(char **ret_problem, int error, const char *path, unsigned line,
		   const char *format, ...) _printf_(5, 6);

/* A problem of an assignment's value: "FILE:LINE: ...". */
#define assignment_problem(a, ret_problem, ...) \
	config_problem(ret_problem, -EINVAL, (a)->path, (a)->line, __VA_ARGS__)
