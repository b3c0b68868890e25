/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Module choice: which modules shed and unload ask, and for how much
 *
 * Internal to the policies.
 */

#include "policies/step.h"

struct module_choice {
	uint32_t slot;
	uint64_t bytes;
	uint32_t ratio_bp; /* of the module's size */
};

/* What to look for. */
struct module_query {
	uint32_t group_slot; /* modules charged to this group or below it */
	enum rung rung;	     /* RUNG_SHED or RUNG_UNLOAD */
	enum level level;
	uint64_t goal_bytes;
	bool is_order; /* what is asked for is counted, not what is expected of it */
};

/*
 * Fills `ret` with the best modules first, as many as the goal takes, at most as many as the
 * profile asks at this level (and MODULES_PER_CYCLE_MAX). *ret_all: nobody else qualifies.
 * Returns: how many; 0 when none qualifies.
 */
uint32_t module_choose(const struct step *step, const struct module_query *query,
		       struct module_choice *ret, bool *ret_all);

/* Whether some module would qualify if its group were not excluded. */
bool module_is_excluded(const struct step *step, const struct module_query *query);

/* Idle for this long, a module is asked to unload at that level. */
uint64_t module_idle_limit(const struct profile *profile, const struct module_reading *module,
			   enum level level);
