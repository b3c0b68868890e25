/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Origins: which line gave each setting of a table its value, and in which order
 */

#include "controller/config/config_file.h"

struct origin {
	char *text;	/* "FILE:LINE"; NULL: built in */
	unsigned order; /* the later a line was applied, the higher; 0: built in */
};

struct origins {
	struct origin *at; /* by place in the table */
	size_t n;
	unsigned n_noted;
};

/* n: settings in the table. Returns: 0 or -ENOMEM. */
int origins_init(struct origins *origins, size_t n);
void origins_done(struct origins *origins);
/* The setting in that place got its value by this assignment. Returns: 0 or -ENOMEM. */
int origins_note(struct origins *origins, size_t place, const struct assignment *a);
/* Sets one origin in words; it counts as applied last. Returns: 0 or -ENOMEM. */
int origins_set(struct origins *origins, size_t place, const char *text);
/* "FILE:LINE", "built-in" and the like. */
const char *origins_text(const struct origins *origins, size_t place);
