/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Daemon configuration: what the command line says, before any file
 */

#include <stdbool.h>

struct daemon_config {
	const char *profile;	 /* in place of Profile=; NULL: as that says */
	const char *config_root; /* NULL: "/"; before every configuration path */
	const char *proc;	 /* NULL: "/proc" */
	const char *sys;	 /* NULL: "/sys" */
	const char *cgroup_root; /* NULL: found by mountinfo */
	const char *socket;	 /* path of the channel socket */
	int socket_fd;		 /* listening descriptor from systemd, else -1; taken over */
	const char *state;	 /* directory of what outlives a reboot */
	const char *held;	 /* who is held still is written down here; NULL: nowhere */
	const char *agents;	 /* registrations on D-Bus are kept here; NULL: nowhere */
	const char *masks;	 /* masked modules are kept here; NULL: nowhere */
	/* The three below go before reliefd.conf: */
	const char *record; /* write every observation and decision here; NULL: as Record= says */
	int log_level;	    /* LOG_ERR ... LOG_DEBUG; -1: as LogLevel= says */
	bool dry_run;	    /* false: as DryRun= says */
	/*
	 * Called once when all that needs privileges is done and before the first thread: gives
	 * them up. Returns 0 or negative errno. NULL: nothing to give up.
	 */
	int (*confine)(void);
};
