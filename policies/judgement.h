/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Judgement: one level per group, from the strongest of the policies
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/* Asks each policy about a group with fresh readings; sets judged_level, signal and reason. */
void judgement_form(struct step *step, struct group_state *group);

/*
 * Brings every group's published level up to its judgement and those of the groups above it,
 * with dwell; names attributions; begins and ends episodes.
 */
void judgement_publish(struct step *step);

/* The group whose judged level is the strongest, from this one up; the nearest of equals. */
const struct group_state *judgement_strongest_above(const struct state *state,
						    const struct group_state *group);

/* Ends a group's level and episode, because it is gone. */
void judgement_end(struct step *step, struct group_state *group, enum reason reason);
