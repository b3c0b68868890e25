/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Daemon status: the one line of `systemctl status`
 */

#include "policies/profile.h"
#include "policies/state.h"

/* Tells the service manager; nothing when there is none. */
void daemon_status_notify(const struct profile *profile, const struct state *state,
			  uint32_t n_modules, bool dry_run);
