/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Profile file: from layered text to struct profile
 *
 * A profile NAME is NAME.conf from the first of the directories that has it, and then every
 * NAME.conf.d/<any>.conf drop-in of all of them in the order of their file names; of equal names
 * the one in the earlier directory wins and a link to /dev/null masks. Scalars: the last one wins,
 * an empty assignment brings the built-in value back; lists accumulate (a pattern that is there
 * already is not added again), an empty assignment empties them. The profile "default" needs no
 * file.
 */

#include <stdbool.h>
#include <stdio.h>

#include "controller/config/origins.h"
#include "policies/profile.h"

/* /etc/reliefd/profiles, /run/reliefd/profiles, /usr/lib/reliefd/profiles; NULL at the end. */
extern const char *const profile_directories[];

/* Letters, digits, - _ and ., not longer than PROFILE_NAME_MAX - 1. */
bool profile_name_is_valid(const char *name);

/*
 * root: NULL, or a directory that is put before every path (tests, reliefctl --root=).
 * ret_origins: NULL, or where each value came from, by place in profile_settings[];
 * origins_done() frees them.
 * Returns: 0 and *ret; or negative errno and *ret_problem (the caller frees it): one line
 * "FILE:LINE: what is wrong; what would be right" (left alone for -ENOMEM). *ret is untouched on
 * failure.
 */
int profile_load(const char *root, const char *name, struct profile *ret,
		 struct origins *ret_origins, char **ret_problem);
/* Checks one file on its own on top of the defaults, as `reliefctl verify FILE` does. */
int profile_load_file(const char *path, struct profile *ret, char **ret_problem);
/*
 * Prints every file that took part, each below a "# PATH" line, as `systemd-analyze cat-config`.
 * Returns: how many (0: "default" without a file), or negative errno; -ENOENT no such profile.
 */
int profile_cat(const char *root, const char *name, FILE *out);
