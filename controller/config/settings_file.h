/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Settings file: reliefd.conf, what concerns the daemon and not the judgement
 *
 * Layered as profiles are: /etc/reliefd/reliefd.conf > /run > /usr/lib, drop-ins in
 * reliefd.conf.d/. One section, [Daemon]. One table describes every key; whoever walks over all of
 * them (the reader, the list of what is in force, the tests) uses its places.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "controller/config/origins.h"
#include "policies/profile.h"

#define SETTINGS_SECTION "Daemon"

/* The longest name of a growth clock, with the NUL. */
#define GROWTH_CLOCK_NAME_SIZE 20
/* Record= is a path, not a tale. */
#define RECORD_NAME_SIZE 256

struct settings {
	char profile[PROFILE_NAME_MAX]; /* Profile=, default "default" */
	bool dry_run;			/* DryRun=, default no */
	int log_level;			/* LogLevel=, default LOG_INFO */
	/* GrowthClock=, one of the known names (controller/kernel/probes.h) or "auto" */
	char growth_clock[GROWTH_CLOCK_NAME_SIZE];
	char record[RECORD_NAME_SIZE]; /* Record=, "no", "yes" or an absolute path */
	uint64_t record_max_bytes;     /* RecordMax=, of both files together */
};

/* The built-in values. */
void settings_init(struct settings *settings);
/*
 * As profile_load(), with origins by place in the table; files that do not exist are no error.
 * Each setting that is not sound refuses the whole.
 */
int settings_load(const char *root, struct settings *ret, struct origins *ret_origins,
		  char **ret_problem);
/* Checks one file on its own on top of the defaults. */
int settings_load_file(const char *path, struct settings *ret, char **ret_problem);
/* Prints every file that took part. Returns: how many, or negative errno. */
int settings_cat(const char *root, FILE *out);

/* The table of keys. */
extern const size_t n_settings;
const char *settings_key(size_t place);
/* The value as a file has it; buf holds RECORD_NAME_SIZE bytes and is not always used. */
const char *settings_value(const struct settings *settings, size_t place, char *buf, size_t size);
/* True when a running daemon cannot take over another value. */
bool settings_need_restart(size_t place);
/* Takes one value over from another set of settings. */
void settings_copy(struct settings *settings, size_t place, const struct settings *from);
bool settings_are_equal(const struct settings *a, const struct settings *b, size_t place);
/* The place of DryRun= and others that are set by other means than a file. */
size_t settings_place(const char *key);
/* Stores one assignment of [Daemon]. Returns: 0; -ENOENT unknown key; as config_problem(). */
int settings_apply(struct settings *settings, const struct assignment *a, char **ret_problem);

/*
 * Whether files that settings_load() refuses want a dry run all the same: the last line that looks
 * like DryRun=, misspelt or in the wrong section, and does not say no. *ret_all_read: every file
 * could be read, so that no other line can say so.
 */
bool settings_want_dry_run(const char *root, bool *ret_all_read);
