/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Headroom: policy: too little left
 *
 * Medium is judged on what is left without swapping, high and critical on what is left altogether.
 */

#include "policies/profile.h"
#include "policies/state.h"

/*
 * Memory that programs hold in groups which may not swap it out; 0 without free swap.
 */
uint64_t headroom_stuck(const struct state *state);
/*
 * Sets total, available and headroom of the host; `valid` false when memory was not read.
 * stuck_bytes: headroom_stuck().
 */
void headroom_of_host(const struct machine_reading *machine, uint64_t stuck_bytes,
		      struct shortage *shortage);

/*
 * The same for a group by its own memory.max (or memory.high below it). A group without a limit
 * has BYTES_UNLIMITED of everything; one whose readings are missing is not valid.
 */
void headroom_of_group(const struct group_reading *reading, struct shortage *shortage);

/* Memory that swapping could still save, compressed swap by what it really costs. */
uint64_t headroom_swap_gain(const struct machine_reading *machine, uint64_t stuck_bytes);

/* At or below this a level is entered, or, with `leave`, above this it may be left. */
uint64_t headroom_threshold(const struct profile *profile, uint64_t total_bytes, enum level level,
			    bool leave);

/* What counts for a level: available for medium, headroom above it. */
uint64_t headroom_left(const struct shortage *shortage, enum level level);

/* The level that this policy asks for, coming from `current`; low when nothing is known. */
enum level headroom_level(const struct profile *profile, const struct group_state *group,
			  enum level current);
