/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Path walk: a path that grows and shrinks while a tree is walked
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct path_walk {
	char path[PATH_MAX]; /* absolute */
	size_t length;
	unsigned int depth;
};

/* Goes down into `name`. Returns: false when the path would become too long; then nothing changed.
 */
bool path_walk_push(struct path_walk *walk, const char *name);
/* Goes up again, to the path of that length. */
void path_walk_cut(struct path_walk *walk, size_t length);
/* An absolute path of at most so many elements, none of them empty, "." or "..". */
bool path_is_clean(const char *path, unsigned int max_depth);
