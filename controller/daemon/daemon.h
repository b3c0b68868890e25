/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Daemon: the loop
 *
 * Woken, observe, decide, act, publish, sleep until the decision says. Builds the parts on the
 * event loop it is given; main.c decides about the process (options, privileges, notification).
 */

#include <systemd/sd-event.h>

#include "controller/base/cleanup.h"
#include "controller/daemon/daemon_config.h"

struct daemon;

/*
 * Builds every part and makes the first step.
 * Returns: 0 or negative errno; the error is logged.
 */
int daemon_new(struct daemon **ret, sd_event *event, const struct daemon_config *config);
struct daemon *daemon_free(struct daemon *daemon);
DEFINE_CLEANUP(struct daemon *, daemon_free);

/* Reads the settings again; on failure the old ones stay, and the problem is logged. */
int daemon_reload(struct daemon *daemon);
