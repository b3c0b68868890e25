/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Members: groups and modules come, are seen again, and go
 *
 * Internal to the policies. What an observation does not cover stays as it was.
 */

#include "policies/step.h"

/* Takes over the machine's and the groups' readings and forms their judgements' raw material. */
void members_see_groups(struct step *step);

/* Takes over the modules' readings; with OBSERVED_MODULES, those not listed are gone. */
void members_see_modules(struct step *step);

/* Marks the groups that have others below them, for members_is_leaf() in the same step. */
void members_mark_parents(const struct step *step);

/* Whether nobody under control is below this group. */
static inline bool members_is_leaf(const struct step *step, uint32_t slot)
{
	return step->state->groups[slot].parent_step != step->state->n_steps;
}

/* Forgets groups whose reading said that they are gone. After their outcomes were booked. */
void members_forget_gone_groups(struct step *step);
