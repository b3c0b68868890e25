/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * In force: the settings that the daemon runs with
 *
 *	command line > SetDryRun() until the next reload > files > last good > built in
 *
 * A start never fails for the sake of a file: what is not sound is left aside, as a whole, for the
 * last good settings or the built-in ones, and that is a problem by the name of "settings". A
 *reload of files that are not sound changes nothing and is the same problem. It ends with the first
 *load that succeeds.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controller/base/problems.h"
#include "controller/base/remarks.h"
#include "controller/config/configuration.h"

/* Names of problems. */
#define PROBLEM_SETTINGS "settings" /* what is in force is not what the files say */
#define PROBLEM_STATE	 "state"    /* the last good settings cannot be kept */

struct in_force_options {
	const char *root;	     /* before every configuration path; NULL: "/" */
	const char *state_directory; /* where the last good settings are; NULL: nowhere */
	/* What the command line says, and no file changes: */
	const char *profile; /* NULL: not said */
	const char *record;  /* NULL: not said */
	int log_level;	     /* -1: not said */
	bool dry_run;	     /* false: not said */
};

struct in_force {
	struct in_force_options options; /* strings are borrowed */
	struct problems *problems;
	struct configuration now;
	bool is_dry_run_set; /* by SetDryRun() since the last load */
	char *unkept;	     /* what the last good file is to say; NULL: it does */
};

/*
 * Loads the settings, or what stands in for them. Remarks are about files that are not read.
 * Returns: 0, also when a problem was set; or -ENOMEM.
 */
int in_force_start(struct in_force *f, uint64_t now_usec, struct remarks *remarks);
/*
 * Loads them again. Remarks are about what was not, or not yet, taken over.
 * Returns: 0; or negative errno and *ret_problem (to be freed), and all is as before.
 */
int in_force_reload(struct in_force *f, uint64_t now_usec, struct remarks *remarks,
		    char **ret_problem);
/* What the bus asked for; lasts until the next load. */
int in_force_set_dry_run(struct in_force *f, bool dry_run);
/*
 * Keeps what was loaded last for a start with faulty files; does nothing when it is kept.
 * An attempt of a retry: returns 0, or negative errno and *ret_text (to be freed).
 */
int in_force_keep(struct in_force *f, char **ret_text);
void in_force_done(struct in_force *f);
