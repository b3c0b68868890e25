/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Problems: what is wrong at the moment and will end, each by its name
 *
 * A problem is a degradation of the daemon's own making (its settings, its files), as the host's
 * are of the observer. It begins when it is set, and ends when it is cleared.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One a name; more names than are in use. */
#define PROBLEMS_MAX 16

struct problem {
	const char *name; /* static; "settings" */
	char *text;	  /* one sentence: what is wrong and the fix */
	uint64_t since_usec;
};

struct problems {
	struct problem list[PROBLEMS_MAX];
	size_t n;
	uint64_t version; /* moves with each change */
};

/* Begins a problem, or changes its text; text is copied (cut to nothing when memory is short). */
void problems_set(struct problems *problems, const char *name, const char *text, uint64_t now_usec);
/* Ends it. Returns: whether it was there. */
bool problems_clear(struct problems *problems, const char *name);
/* The problem of that name, or NULL. */
const struct problem *problems_find(const struct problems *problems, const char *name);
void problems_done(struct problems *problems);
