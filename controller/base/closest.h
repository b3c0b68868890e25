/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Closest: which known name was meant
 */

#include <stddef.h>

struct closest {
	const char *wanted;
	const char *name; /* the best so far, NULL while none is near */
	size_t distance;  /* edits from wanted to name */
};

/* wanted must stay valid while the struct is used; so must every candidate. */
void closest_init(struct closest *closest, const char *wanted);
/* Offers a candidate. Near is: at most one edit in three characters of it, case aside. */
void closest_offer(struct closest *closest, const char *candidate);
