/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Tripwire: what the probes report, sorted by group and task
 *
 * Has the probes watch the groups, gives them the judgement's budgets, and keeps how fast
 * each group grew lately. Without probes it is silent.
 */

#include <systemd/sd-event.h>

#include "controller/groups/group_set.h"
#include "controller/kernel/probes.h"
#include "policies/decision.h"

struct tripwire;

struct tripwire_config {
	sd_event *event;
	struct group_set *groups;
	struct probes *probes; /* NULL: none; outlives this */
	/* The budget of that group (or of the host) is spent: it is time to look. */
	void (*spent)(void *data, uint32_t slot);
	/* The kernel's OOM killer chose somebody; NULL: nobody wants to know. */
	void (*oom_victim)(void *data, const struct kernel_event *victim);
	/* A task grew; NULL: nobody wants to know. */
	void (*task_grew)(void *data, const struct kernel_event *event);
	void *data, *oom_victim_data, *task_grew_data;
};

/* Returns: 0 or negative errno. */
int tripwire_new(struct tripwire **ret, const struct tripwire_config *config);
struct tripwire *tripwire_free(struct tripwire *tripwire);
DEFINE_CLEANUP(struct tripwire *, tripwire_free);

/* As told by the group set; the host is ignored. */
void tripwire_add(struct tripwire *tripwire, const struct group *group);
void tripwire_remove(struct tripwire *tripwire, const struct group *group);

/* Takes in what the probes told meanwhile without waking anybody. */
void tripwire_catch_up(struct tripwire *tripwire);
/* Completes the reading with the group's growth, if it grew lately, and learns its limit. */
void tripwire_fill(struct tripwire *tripwire, struct group_reading *reading, uint64_t now_usec);
/* How fast the group grew by its last event. Returns: whether that was lately. */
bool tripwire_lately(const struct tripwire *tripwire, uint32_t slot, uint64_t now_usec,
		     uint64_t *ret_bytes);
/* Gives the budgets of a decision to the kernel; those of groups that went meanwhile are void. */
void tripwire_arm(struct tripwire *tripwire, const struct decision *decision);

bool tripwire_works(const struct tripwire *tripwire);
