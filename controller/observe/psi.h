/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * PSI: the time that tasks lose waiting for memory
 *
 * A pressure file is read for its totals, and a trigger on it wakes us when tasks lose a given
 * time within a window.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "controller/observe/fd_closer.h"

/*
 * The totals of a pressure file; one that is missing, cut short or no time becomes COUNT_UNKNOWN.
 * Returns: 0; -EBADMSG when one of them did, or the last line is cut short.
 */
int psi_parse(const char *text, uint64_t *ret_some_usec, uint64_t *ret_full_usec);

enum psi_kind {
	PSI_SOME, /* at least one task waits */
	PSI_FULL, /* all that could run wait */
};

struct psi_trigger {
	sd_event_source *source; /* NULL: not armed */
	struct fd_closer *closer;
	int fd;
	uint64_t window_usec; /* the one that was granted */
	/* Tasks lost that time; or the group is gone, and the trigger was disarmed. */
	void (*fired)(void *data, struct psi_trigger *trigger, bool gone);
	void *data;
};

struct psi_trigger_config {
	sd_event *event;
	struct fd_closer *closer;
	enum psi_kind kind;
	uint64_t stall_usec;
	uint64_t window_usec;
	const char *description;
	void (*fired)(void *data, struct psi_trigger *trigger, bool gone);
	void *data;
};

/*
 * The host's pressure file, for a trigger. proc: where /proc is.
 * Returns: a descriptor, to be closed; negative errno, -EOPNOTSUPP or -ENOENT where PSI is off.
 */
int psi_open_host(const char *proc);
/*
 * Asks for the wanted window; refused that, for the next multiple of 2 s with the same share.
 * Takes over fd, a pressure file opened O_RDWR, in any case.
 * Returns: 0; -EOPNOTSUPP no kernel pressure file, or PSI is off; other negative errno.
 */
int psi_trigger_arm(struct psi_trigger *trigger, int fd, const struct psi_trigger_config *config);
/* No effect on one that is not armed. */
void psi_trigger_disarm(struct psi_trigger *trigger);
