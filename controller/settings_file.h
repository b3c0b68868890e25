/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Settings file: reliefd.conf, what concerns the daemon and not the judgement
 *
 * Layered as profiles are: /etc/reliefd/reliefd.conf > /run > /usr/lib, drop-ins in
 * reliefd.conf.d/. One section, [Daemon].
 */

#include <stdbool.h>
#include <stdio.h>

#include "policies/profile.h"

/* The longest name of a growth clock, with the NUL. */
#define GROWTH_CLOCK_NAME_SIZE 20

struct settings {
	char profile[PROFILE_NAME_MAX]; /* Profile=, default "default" */
	bool dry_run;			/* DryRun=, default no */
	int log_level;			/* LogLevel=, default LOG_INFO */
	/* GrowthClock=, one of the known names (controller/observe/probes.h) or "auto" */
	char growth_clock[GROWTH_CLOCK_NAME_SIZE];
};

/* As profile_load(); files that do not exist are no error. */
int settings_load(const char *root, struct settings *ret, char **ret_problem);
/* Checks one file on its own on top of the defaults. */
int settings_load_file(const char *path, struct settings *ret, char **ret_problem);
/* Prints every file that took part. Returns: how many, or negative errno. */
int settings_cat(const char *root, FILE *out);
