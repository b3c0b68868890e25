/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Brake: the ladder's fast twin
 *
 * When time left is too short for anybody to answer, the group that grows is held still for a
 * bounded time, while the ladder of the group that runs out has modules shed and the kernel
 * reclaim. Internal to the policies; after the ladders, which it waits for.
 */

#include "policies/step.h"

/* Books failures to hold, lets go what is over, holds who runs away. */
void brake_run(struct step *step);
/* The group is gone: says so of the hold, and forgets it. */
void brake_forget(struct step *step, struct group_state *group);
/* Marks the groups for which another one is held still now (is_helped). */
void brake_mark_helped(struct state *state);
/* A throttled group's memory.high is our own doing: in what was seen, puts the old one in place. */
void brake_see_through(struct group_state *group);
