/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Unfollowed: cgroups that ought to be in the set and are not, and for want of what
 */

#include <stdbool.h>
#include <stddef.h>

/* Enough to see which kind they are; the rest is counted. */
#define UNFOLLOWED_MAX 16

struct unfollowed_group {
	char *path;
	int error; /* negative errno: -ENOSPC no slot, -EMFILE no descriptor, ... */
	bool is_all_below;
};

struct unfollowed {
	struct unfollowed_group list[UNFOLLOWED_MAX];
	size_t n;
	size_t n_more; /* that found no room in the list, or no memory */
};

/* is_all_below: it could not be looked into. A path that is named already is not counted again. */
void unfollowed_note(struct unfollowed *unfollowed, const char *path, int error, bool is_all_below);
/* It is gone, or followed now. */
void unfollowed_forget(struct unfollowed *unfollowed, const char *path);
/* Before a look through the whole tree. */
void unfollowed_clear(struct unfollowed *unfollowed);
/* Why, in a few words. */
const char *unfollowed_reason(const struct unfollowed_group *group);
