/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Layered file: which files make up one configuration, in which order
 *
 *   NAME.conf             the first of the directories that has it
 *   NAME.conf.d/<x>.conf  of all directories, in the order of <x>; of equal <x> the one in the
 *                         earlier directory
 *
 * A link to /dev/null masks what it replaces, as everywhere in systemd.
 */

#include <stdbool.h>

#include "controller/config/config_file.h"

struct layered_file {
	char **paths; /* in the order to apply */
	size_t n_paths;
	bool main_found; /* NAME.conf exists somewhere, masked or not */
};

/*
 * root: NULL or a directory before every path. directories: NULL at the end. name: "reliefd.conf".
 * Returns: 0, also when there is no file at all; or negative errno and *ret_problem.
 */
int layered_file_find(struct layered_file *ret, const char *root, const char *const *directories,
		      const char *name, char **ret_problem);
void layered_file_done(struct layered_file *files);
/* Whether a file of that name in a *.conf.d is read. */
bool layered_file_is_drop_in(const char *name);

/* Returns: 0; or negative errno and *ret_problem by config_problem() at the assignment. */
typedef int (*apply_fn)(void *data, const struct assignment *assignment, char **ret_problem);
/* Reads every file and passes every assignment to apply(), until one fails. */
int layered_file_apply(const struct layered_file *files, apply_fn apply, void *data,
		       char **ret_problem);
/* Prints every file below a "# PATH" line. Returns: how many, or negative errno. */
int layered_file_cat(const struct layered_file *files, FILE *out);
