/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Kept files: the last good settings and the record, each tried for until it can be written
 *
 * Without them the daemon works as with them; each is a problem by its name meanwhile.
 */

#include "controller/base/retry.h"
#include "controller/config/in_force.h"
#include "controller/daemon/recorder.h"

struct kept_files {
	struct in_force *in_force;
	struct recorder recorder;
	struct retry *last_good, *record;
};

/* wake: the problems are others. Returns: 0 or negative errno. */
int kept_files_init(struct kept_files *files, struct in_force *in_force, sd_event *event,
		    const struct wake *wake);
void kept_files_done(struct kept_files *files);
/* Keeps what the files with settings say, once they are loaded, and records as they want it. */
void kept_files_use_settings(struct kept_files *files);
