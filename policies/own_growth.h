/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Own growth: how fast a group grows beside its modules
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/*
 * Notes what the modules of each group hold now, and what left them since. Once a step, after
 * modules and groups were seen; does nothing in a step that does not cover the modules.
 */
void own_growth_see_modules(struct step *step);

/* Brings others_bytes of an episode's ladder up to date, where this step's readings allow. */
void own_growth_follow(const struct step *step, struct ladder *ladder);

/* What left the modules inside a group in this step: their owners, or by what either witness says.
 */
uint64_t own_growth_fell(const struct state *state, uint32_t group_slot, enum witness witness);
