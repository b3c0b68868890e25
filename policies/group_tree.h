/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group tree: which group is below which
 *
 * A group knows its parent's slot. What an observation says may be wrong, so each walk up is
 * bounded.
 */

#include "policies/state.h"

/* How far a walk up goes at most; a deeper or circular chain ends there. */
#define GROUP_DEPTH_MAX 64

/* Walks from a group up to a top group: the next slot, SLOT_NONE above the top and the host. */
uint32_t group_tree_parent(const struct state *state, uint32_t slot);
/* Whether a group is the other one or below it; everything is inside the host. */
bool group_tree_is_inside(const struct state *state, uint32_t slot, uint32_t outer_slot);
/* Marks the groups that have others below them, for group_tree_is_leaf() in the same step. */
void group_tree_mark_parents(struct state *state);
/* Whether no group under control is below this one. */
bool group_tree_is_leaf(const struct state *state, uint32_t slot);
