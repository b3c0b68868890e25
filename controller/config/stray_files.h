/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Stray files: what lies where settings are read from, and is not read
 *
 * A drop-in without .conf, the copy that an editor left, a NAME.conf.d for no profile: whoever put
 * it there believes that it counts.
 */

#include <stdbool.h>

#include "controller/base/remarks.h"

/* Adds "PATH is not read: why, and what would be" for each below root (NULL: "/"). */
void stray_files_find(const char *root, struct remarks *remarks);
/* Adds the same for one file that was named to be checked, when it lies in a *.conf.d. */
void stray_files_check(const char *path, struct remarks *remarks);
