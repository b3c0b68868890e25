/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Workspace: the lent memory that decide() works in
 *
 * State, observation and decision have lists whose lengths follow from the limits. Daemon,
 * simulator and tests lay them out by this one file, so that the same record gives the same
 * decisions.
 */

#include "policies/state.h"

/* Orders that wait for one step. */
#define WORKSPACE_MAX_ORDERS 16

/* The daemon's and the simulator's. */
extern const struct state_limits workspace_limits;

size_t workspace_size(const struct state_limits *limits);
/*
 * Divides the memory, of workspace_size() bytes and aligned for any type, among the lists. What
 * lies in it and how much of it is in use stays as it is.
 */
void workspace_lend(const struct state_limits *limits, void *memory, struct state *state,
		    struct observation *observation, struct decision *decision);
/* The same for memory that is all zero: a state before its first step, and empty lists. */
void workspace_init(const struct state_limits *limits, void *memory, struct state *state,
		    struct observation *observation, struct decision *decision);
