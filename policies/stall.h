/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Stall: policy: tasks lose time waiting for memory
 *
 * A stall alone says nothing: a container that reads files at its own limit stalls all day. It
 * raises a level only when little is left; without that it is input/output and left alone.
 */

#include "policies/profile.h"
#include "policies/state.h"

/*
 * Feeds a group's (or the host's) PSI totals, each of which may be COUNT_UNKNOWN. Sets
 * shortage.some_bp and full_bp each time a window closes and keeps them until the next one does;
 * sets look_again_usec when stalls began during a sleep that was too long to tell how dense they
 * are.
 */
void stall_add(const struct profile *profile, struct group_state *group, uint64_t some_usec,
	       uint64_t full_usec, uint64_t now_usec);

/* Whether so little is left that a stall means shortage; false when nothing is known. */
bool stall_is_confirmed(const struct profile *profile, const struct shortage *shortage);

/* The level that this policy asks for, coming from `current`. */
enum level stall_level(const struct profile *profile, const struct group_state *group,
		       enum level current);

/* The group is held at memory.max with little to give back: its level is high. */
enum level stall_event_level(const struct profile *profile, const struct group_state *group,
			     enum level current);

/* Stalls as for a level, or held at memory.max by cache, and memory is left: attribution io. */
bool stall_is_io(const struct profile *profile, const struct group_state *group);
