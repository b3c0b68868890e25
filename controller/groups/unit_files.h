/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Unit files: the [X-Relief] sections of all system units
 *
 * All unit files and drop-ins are read at once, and what they say is kept; a unit's answer is then
 * found without touching a file, so that it is there for a unit that starts under pressure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controller/base/cleanup.h"

struct unit_files;

/* What a unit's files say of one thing, and where. */
struct unit_setting {
	bool is_set;
	int32_t value;
	const char *path; /* lives until the files are read anew */
	unsigned int line;
};

/*
 * Reads everything. `root` is put before each directory; "" for the running system.
 * Returns: 0 or -ENOMEM; files that cannot be read or understood are named in the log,
 * once for each change.
 */
int unit_files_new(struct unit_files **ret, const char *root);
struct unit_files *unit_files_free(struct unit_files *files);
DEFINE_CLEANUP(struct unit_files *, unit_files_free);

/*
 * Reads everything again, if a directory has changed since or `anyway`.
 * Returns: 1 it was read; 0 nothing has changed; -ENOMEM, and what was known stays.
 */
int unit_files_refresh(struct unit_files *files, bool anyway);

void unit_files_exclude(const struct unit_files *files, const char *unit, struct unit_setting *ret);
void unit_files_priority(const struct unit_files *files, const char *unit,
			 struct unit_setting *ret);
