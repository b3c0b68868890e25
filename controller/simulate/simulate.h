/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Simulate: the same decide(), offline
 *
 * Of a recorded trace: what would be decided by this profile, and where that differs from what was
 * recorded; from there on with answers and readings to match (replay.h). Of a story: what happens
 * to a toy machine under this judgement.
 */

#include <stdio.h>

#include "policies/profile.h"

/*
 * Prints a time line of levels, rungs, requests and answers, and a summary.
 * Returns: 0; -EINVAL after saying on stderr which line is wrong and what would be right; -errno.
 */
int simulate_file(const char *path, const struct profile *profile, FILE *out);
/* The same; `name` is for messages. */
int simulate_run(FILE *file, const char *name, const struct profile *profile, FILE *out);
