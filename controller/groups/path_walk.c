/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/groups/path_walk.h"

#include <assert.h>
#include <string.h>

bool path_walk_push(struct path_walk *walk, const char *name)
{
	size_t n = strlen(name), at = walk->length == 1 ? 0 : walk->length;

	if (at + 1 + n >= sizeof(walk->path))
		return false;
	walk->depth++;
	walk->path[at] = '/';
	memcpy(walk->path + at + 1, name, n + 1);
	walk->length = at + 1 + n;
	return true;
}

void path_walk_cut(struct path_walk *walk, size_t length)
{
	assert(walk->depth > 0 && length <= walk->length);
	walk->depth--;
	walk->length = length;
	walk->path[length] = '\0';
}

bool path_is_clean(const char *path, unsigned int max_depth)
{
	unsigned int depth = 0;

	if (path[0] != '/')
		return false;
	for (const char *s = path; *s; s += strcspn(s, "/")) {
		size_t n = strcspn(++s, "/");

		if (++depth > max_depth || (n == 0 && path[1] != '\0') || (n == 1 && s[0] == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return false;
	}
	return true;
}
