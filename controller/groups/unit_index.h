/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Unit index: all unit files and drop-ins of the system, and the [X-Relief] section of each
 *
 * The part of controller/groups/unit_files.h that reads. Files without the section take part: one
 * in /etc hides its namesake in /usr. When no file has the section, none is kept, only the times of
 * the directories.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "controller/base/remarks.h"
#include "controller/groups/unit_section.h"

/* How many directories systemd reads unit files from. */
#define UNIT_DIRECTORIES 11

enum unit_file_kind {
	UNIT_FILE_OWN,	  /* DIRECTORY/foo.service */
	UNIT_FILE_ALIAS,  /* DIRECTORY/bar.service -> foo.service: another name of it */
	UNIT_FILE_DROPIN, /* DIRECTORY/foo.service.d/x.conf */
};

struct unit_file {
	enum unit_file_kind kind;
	uint32_t directory; /* its place: a file in the first one counts before others */
	char *path;
	char *owner;  /* the unit it belongs to, or "service": a drop-in of all services */
	char *target; /* of an alias */
	struct unit_section section;
};

/* A directory when it was read. A missing one has no inode. */
struct stamp {
	char *path;
	uint64_t inode;
	struct timespec changed;
};

struct unit_index {
	struct unit_file *files; /* in the order of directories */
	size_t n_files;
	struct stamp *stamps;
	size_t n_stamps;
	bool has_section;
	struct remarks complaints; /* what could not be read or understood, by file and line */
};

/*
 * Fills an empty index. `root` is put before each directory. Returns: 0 or -ENOMEM.
 */
int unit_index_scan(struct unit_index *index, const char *root);
void unit_index_done(struct unit_index *index);
/* A directory has changed since the scan. */
bool unit_index_is_stale(const struct unit_index *index);
/* The last element of a path. */
const char *unit_file_name(const char *path);
