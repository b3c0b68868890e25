/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Booking: requests go out, answers come back, and what they gave is measured
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/*
 * Takes a free request slot and an action, numbers it and opens its measure. `wanted` holds the
 * target, amount, rung and reason; the rest is filled in.
 * Returns: whether there was room for it.
 */
bool booking_send(struct step *step, uint32_t ladder_index, const struct action *wanted);

/* Whether an action on this group itself (reclaim) is still unanswered, late ones included. */
bool booking_group_is_busy(const struct state *state, uint32_t group_slot, uint64_t group_id);

/* Books the outcomes of this observation. After the groups were seen. */
void booking_settle(struct step *step);

/* Ends requests whose deadline has passed. After booking_settle(): an answer now is in time. */
void booking_end_late(struct step *step);

/* Ends the open requests of a group or module that is gone. */
void booking_end_group(struct step *step, uint32_t group_slot);
void booking_end_module(struct step *step, uint32_t module_slot);

/* The ladder is over: its open requests go on without it. */
void booking_leave_ladder(struct state *state, uint32_t ladder_index);
