/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Growth: what the probes tell, sorted by group and task
 *
 * Puts the groups under the probes' eyes, hands them the judgement's budgets, and keeps how fast
 * each group grew lately. Without probes it is silent.
 */

#include <systemd/sd-event.h>

#include "controller/groups/group_set.h"
#include "controller/kernel/probes.h"
#include "policies/decision.h"

struct growth;

struct growth_config {
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
int growth_new(struct growth **ret, const struct growth_config *config);
struct growth *growth_free(struct growth *growth);
DEFINE_CLEANUP(struct growth *, growth_free);

/* As told by the group set; the host is ignored. */
void growth_add(struct growth *growth, const struct group *group);
void growth_remove(struct growth *growth, const struct group *group);

/* Takes in what the probes told meanwhile without waking anybody. */
void growth_catch_up(struct growth *growth);
/* Completes the reading with the group's growth, if it grew lately, and learns its limit. */
void growth_fill(struct growth *growth, struct group_reading *reading, uint64_t now_usec);
/* How fast the group grew by its last event. Returns: whether that was lately. */
bool growth_lately(const struct growth *growth, uint32_t slot, uint64_t now_usec,
		   uint64_t *ret_bytes);
/* Hands the budgets of a decision to the kernel; those of groups that went meanwhile are void. */
void growth_arm(struct growth *growth, const struct decision *decision);

bool growth_has_tripwire(const struct growth *growth);
