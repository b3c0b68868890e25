/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Owed: answers that are still to come, late ones among them, and how long that may take
 */

#include "policies/step.h"

/* Whether the module still worked on a late answer at since_usec, as far as that can be hoped. */
bool owed_is_hoped_for(const struct step *step, const struct module_state *module,
		       uint64_t since_usec);

/*
 * How long the slowest answer may take that is still to come from inside a group: by what the last
 * one of that module took, by the deadline of a first one, and past that as long again. Of late
 * answers those count that were hoped for at since_usec, when the caller began to wait.
 * Returns: 0 when nobody owes an answer.
 */
uint64_t owed_wait_usec(const struct step *step, uint32_t group_slot, uint64_t since_usec);

/* Until when late answers to this ladder's requests are hoped for; 0: it has none. */
uint64_t owed_to_ladder_usec(const struct step *step, uint32_t ladder_index);
