/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Rung: what each rung sends
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/* Whether this step's observation holds all that the rung chooses from and measures by. */
bool rung_is_covered(const struct step *step, enum rung rung);
/* What the next observation should cover for it. */
enum attention rung_attention(enum rung rung);

/*
 * Sends the rung's requests for the ladder's goal_bytes. *ret_all: nobody else qualifies; written
 * when some went out.
 * Returns: how many went out; 0 when nobody qualifies.
 */
uint32_t rung_send(struct step *step, const struct ladder *ladder, enum rung rung, bool *ret_all);

/* After rung_send() found nobody: whether somebody would qualify but for Exclude= and its kin. */
bool rung_is_excluded(const struct step *step, const struct ladder *ladder, enum rung rung);

/* Tells the ladder's group its level. It has no answer: it is over as soon as it is said. */
bool rung_warn(struct step *step, const struct ladder *ladder);
