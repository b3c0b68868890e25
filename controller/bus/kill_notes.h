/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Kill notes: where the kernel's OOM killer struck lately, and how often
 *
 * A kill is heard of twice, in either order: the probe of the killer names the victim's cgroup, and
 * memory.events of a group counts. It is noted once.
 */

#include <stdint.h>

#include "policies/units.h"

/* Units that a person would look at; the oldest makes room. */
#define KILL_NOTES_MAX 16
/* A day: it should still be there the next morning. */
#define KILL_NOTES_KEPT_USEC (24 * 60 * USEC_PER_MIN)

struct kill_note {
	char path[512]; /* of the cgroup, "": free */
	uint64_t n, last_usec;
	uint64_t n_unnamed;   /* of n: counted, and not named yet */
	uint64_t limit_bytes; /* memory.max then, BYTES_UNLIMITED without one */
};

struct kill_notes {
	struct kill_note notes[KILL_NOTES_MAX];
	uint64_t n_uncounted; /* named, and not counted yet */
};

/* The probe named a victim in this cgroup. A path that is too long for a note is left out. */
void kill_notes_name(struct kill_notes *notes, const char *path, uint64_t limit_bytes,
		     uint64_t now_usec);
/* Counters rose by n in all. Returns: how many of these were not named; kill_notes_count() them. */
uint64_t kill_notes_take_counted(struct kill_notes *notes, uint64_t n);
void kill_notes_count(struct kill_notes *notes, const char *path, uint64_t n, uint64_t limit_bytes,
		      uint64_t now_usec);
