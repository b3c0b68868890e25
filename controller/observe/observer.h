/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Observer: fills the observation
 *
 * Owns the kernel's event sources (PSI triggers, memory.events) and reads the kernel's files; one
 * call fills the machine and group part of an observation.
 */

#include <systemd/sd-event.h>

#include "controller/base/wake.h"
#include "controller/groups/group_set.h"
#include "controller/kernel/probes.h"
#include "policies/decision.h"
#include "policies/profile.h"

struct observer;

struct observer_config {
	sd_event *event;
	struct group_set *groups;
	struct probes *probes; /* NULL: none; outlives the observer */
	const struct profile *profile;
	const char *sys; /* NULL: "/sys"; for zram and zswap */
	struct wake wake;
	/* The kernel's OOM killer chose somebody; may be NULL. */
	void (*oom_victim)(void *data, const struct kernel_event *victim);
	void *oom_victim_data;
	/* A task grew; may be NULL. */
	void (*task_grew)(void *data, const struct kernel_event *event);
	void *task_grew_data;
};

struct observer_stats {
	uint64_t n_psi_events, n_memory_events;
	uint64_t n_tripwire_events;    /* how often a spent budget woke us */
	uint64_t n_kernel_events_lost; /* told by the probes while nobody took them */
	uint64_t last_trigger_usec;    /* when either was last seen readable; 0: never */
	uint32_t n_triggers;	       /* armed PSI triggers */
	uint64_t trigger_window_usec;  /* the window that the host's triggers got */
};

/* Returns: 0 or negative errno; what the host lacks is no error but a degradation. */
int observer_new(struct observer **ret, const struct observer_config *config);
struct observer *observer_free(struct observer *observer);
DEFINE_CLEANUP(struct observer *, observer_free);

/*
 * Fills the machine always; groups by attention and by who made itself heard since the last call:
 * ATTENTION_HOST: groups below a top whose memory.events or PSI moved, and limited groups that
 * hold modules; ATTENTION_MODULES: and every group that holds modules, with its ancestors;
 * ATTENTION_GROUPS: every group, reclaimable bytes included. Also lists groups that are gone.
 */
void observer_collect(struct observer *observer, enum attention attention,
		      struct observation *observation);
/* When it wakes the daemon by itself to look again; USEC_NEVER: it does not. */
uint64_t observer_look_at(const struct observer *observer);
/* Re-arms triggers where the new profile differs; old ones are closed on a helper thread. */
int observer_use_profile(struct observer *observer, const struct profile *profile);
uint32_t observer_degradations(const struct observer *observer);
const struct observer_stats *observer_stats(struct observer *observer);
/* What tells growth on this host. */
enum growth_clock observer_growth_clock(const struct observer *observer);
/* Direct reclaims by tasks of the group in that slot or below since it is watched; or zeros. */
void observer_group_stalls(const struct observer *observer, uint32_t slot, uint64_t *ret_n,
			   uint64_t *ret_usec);

/* Gives the decision's budgets to the kernel, which wakes us when one is spent. */
void observer_arm(struct observer *observer, const struct decision *decision);

/*
 * For clients that ask between two steps: readings that are as fresh as a twentieth of a processor
 * allows, shared by all clients (looks.h). turn_usec: when this turn of the loop began.
 */
const struct group_reading *observer_look(struct observer *observer, const struct group *group,
					  uint32_t wanted, uint64_t turn_usec);
const struct machine_reading *observer_look_at_machine(struct observer *observer,
						       uint64_t turn_usec);
/*
 * How fast the group grows, by two looks, else by what the probes told lately.
 * Returns: whether that is known.
 */
bool observer_look_at_growth(struct observer *observer, const struct group *group,
			     uint64_t turn_usec, uint64_t *ret_bytes);
