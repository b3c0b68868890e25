/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Actor: carries a decision out
 *
 * Carries a decision's actions out in order, or only says so in a dry run, and reports how each
 * ended in the mailbox of outcomes. Never blocks: requests are sent on open connections, reclaim is
 * written by a worker thread.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "controller/groups/group_set.h"
#include "controller/registry/registry.h"
#include "policies/decision.h"

struct actor;

struct actor_config {
	sd_event *event;
	struct group_set *groups;
	struct registry *registry;
	bool dry_run;
	const char *held_path;	   /* where holds are written down (brakes.h); NULL: nowhere */
	struct outcomes *outcomes; /* of what was carried out; outlives the actor */
};

int actor_new(struct actor **ret, const struct actor_config *config);
/* Lets go of all that is held and ends the worker; a reclaim that the kernel has not finished is
 * interrupted. */
struct actor *actor_free(struct actor *actor);
DEFINE_CLEANUP(struct actor *, actor_free);

/*
 * What an actor can be without, and is to be tried again: the reclaimer's thread, and the file in
 * which holds are written down. Returns: 0, it is there; or negative errno.
 */
int actor_start_reclaimer(struct actor *actor);
int actor_open_held_file(struct actor *actor);

void actor_carry_out(struct actor *actor, const struct decision *decision);
bool actor_dry_run(const struct actor *actor);
void actor_set_dry_run(struct actor *actor, bool dry_run);
