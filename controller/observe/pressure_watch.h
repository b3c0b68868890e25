/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Pressure watch: what the kernel reports by itself
 *
 * PSI triggers on the host, memory.events and a PSI trigger on the top groups (the children of the
 * root), and a PSI trigger on groups that the profile names. The number of descriptors does not
 * grow with the number of groups: memory.events counts for everything below, so the tops are
 * enough to hear that something moved; the observer then looks down. What is wanted and cannot be
 * had is tried again by itself.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "controller/base/cleanup.h"
#include "controller/groups/group_set.h"
#include "policies/profile.h"

struct pressure_watch;

enum stir {
	STIR_STALL = 1U << 0,  /* a PSI trigger */
	STIR_EVENTS = 1U << 1, /* memory.events */
};

struct pressure_watch_config {
	sd_event *event;
	struct group_set *groups;
	const struct profile *profile; /* copied */
	/* That group made itself heard; the host for its own triggers. */
	void (*stirred)(void *data, uint32_t slot, enum stir stir);
	/* What was missing has been tried again. */
	void (*retried)(void *data);
	void *data;
};

/* Watches the host; groups are handed in. Returns: 0 or negative errno. */
int pressure_watch_new(struct pressure_watch **ret, const struct pressure_watch_config *config);
struct pressure_watch *pressure_watch_free(struct pressure_watch *watch);
DEFINE_CLEANUP(struct pressure_watch *, pressure_watch_free);

/* As told by the group set; the host is ignored. */
void pressure_watch_add(struct pressure_watch *watch, const struct group *group);
void pressure_watch_remove(struct pressure_watch *watch, const struct group *group);
/* Triggers are set anew when their settings differ or other groups are named. */
void pressure_watch_use_profile(struct pressure_watch *watch, const struct profile *profile);

/* A trigger or a watch is missing for want of descriptors, memory or a place; it may pass. */
bool pressure_watch_is_starved(const struct pressure_watch *watch);
/* What is heard of that group: enum stir bits, 0 when it found no place or no file. */
uint32_t pressure_watch_covers(const struct pressure_watch *watch, const struct group *group);
uint32_t pressure_watch_n_triggers(const struct pressure_watch *watch);
/* Of the host's triggers; 0 without. */
uint64_t pressure_watch_window_usec(const struct pressure_watch *watch);
/* Some memory.events could not be watched although it is there. */
bool pressure_watch_lacks_events(const struct pressure_watch *watch);
