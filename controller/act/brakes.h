/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Brakes: groups held still for a bounded time
 *
 * Freezes a cgroup or sets its memory.high to what it has now, and undoes exactly that: when told,
 * at the deadline whatever happens to the rest of the daemon, when freed, and, since every hold is
 * written down before it begins, at the next start or by `reliefd --let-go` after a crash.
 */

#include <systemd/sd-event.h>

#include "controller/groups/group_set.h"
#include "controller/registry/outcomes.h"
#include "policies/decision.h"

/* Groups held at the same time; more are refused as busy. */
#define BRAKES_MAX 32

struct brakes;

/*
 * held_path: where holds are written down; what an earlier daemon left there is let go first. While
 * the file cannot be made every hold is refused; brakes_open_file() tells. NULL: not written down.
 * Returns: 0 or negative errno.
 */
int brakes_new(struct brakes **ret, sd_event *event, struct group_set *groups,
	       struct outcomes *outcomes, const char *held_path);
/* Lets go of everything. */
struct brakes *brakes_free(struct brakes *brakes);
DEFINE_CLEANUP(struct brakes *, brakes_free);

/*
 * Tries again to let go of what an earlier daemon held, and to make the file, where that is to be
 * done still. Returns: 0, all is done; -ENODEV there is no cgroup tree; or other negative errno.
 */
int brakes_open_file(struct brakes *brakes);

/*
 * Holds or lets go. A hold that fails becomes an outcome with the change's id: RESULT_GONE with its
 * group, RESULT_BUSY when too many are held, else RESULT_FAILED; and nothing is left changed.
 */
void brakes_apply(struct brakes *brakes, const struct brake_change *change);
/* A dry run begins: lets go of everything; for the judgement it was never more than described. */
void brakes_let_go_all(struct brakes *brakes);
/*
 * Lets go of what is written down at held_path, for cgroups that are still the same, below this
 * cgroup root. Returns: how many; or negative errno, and what is still held is written down still.
 */
int brakes_let_go_of_old(const char *held_path, const char *cgroup_root);
