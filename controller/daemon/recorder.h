/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Recorder: every observation and decision, in two files of bounded size
 *
 *	record      the present one; full, it becomes ...
 *	record.old  ... this one, and what was there before is gone
 *
 * Each begins with "trace 1" and an observation of everything, and ends with a whole step, so that
 * `reliefctl simulate` reads it by itself. Written after a step's requests have left. When a file
 * is full or can no more be written, `ended` is called, and the next one begins with
 * recorder_begin(), which is tried until it succeeds; the daemon goes on without.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "controller/base/wake.h"
#include "controller/simulate/trace_names.h"
#include "policies/decision.h"

/* Names of problems. */
#define PROBLEM_RECORD "record" /* nothing is recorded */

/* What a group or module is called; "": not known. Both may be NULL. */
struct recorder_names {
	const void *data;
	const char *(*group)(const void *data, uint32_t slot, uint64_t id, char *buf, size_t size);
	const char *(*module)(const void *data, uint32_t slot, uint64_t id, char *buf, size_t size);
};

struct recorder {
	struct wake ended; /* the next file is to be begun */
	struct recorder_names names;
	/* Those whose names are in the present file, by slot. */
	uint64_t named_groups[TRACE_NAMES_MAX], named_modules[TRACE_NAMES_MAX];
	FILE *file; /* NULL: nothing is recorded */
	char path[PATH_MAX];
	char note[128];	    /* a comment for the top of each file */
	uint64_t max_bytes; /* of one file; UINT64_MAX: one file that grows */
	uint64_t n_bytes;   /* whole steps in the present file */
	uint64_t n_steps;   /* made since the daemon's start, recorded or not */
	bool is_regular;    /* else it is neither renamed nor cut */
	bool wants_all;	    /* the next step is the first of a file */
	bool is_wanted;	    /* between start and stop */
	bool has_failed;    /* a step could not be written, and none since */
};

/*
 * Wants a record at path; max_bytes for both files together, UINT64_MAX for one file without a
 * bound that is written anew (after it could not be written, what it held is kept as path.old).
 * What is recorded already ends, unless path and bound are the same. note: a line of text about
 * what made the decisions.
 */
void recorder_start(struct recorder *recorder, const char *path, uint64_t max_bytes,
		    const char *note);
/* Ends the present file: one file is never of two profiles. */
void recorder_split(struct recorder *recorder);
/*
 * Begins a file if one is wanted and none is being written; where that fails, what was recorded
 * before is untouched. An attempt of a retry: returns 0, or negative errno and *ret_text.
 */
int recorder_begin(struct recorder *recorder, char **ret_text);
void recorder_step(struct recorder *recorder, const struct observation *observation,
		   const struct decision *decision);
void recorder_stop(struct recorder *recorder);
