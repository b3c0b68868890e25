/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Second look: an answer that measured far below its claim is looked at again
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/*
 * An answer was measured. Sets request->look_usec when it should be looked at again, and is_held
 * when the ladder should wait for that.
 * Returns: whether it should: nothing is to be learned from it yet.
 */
bool second_look_plan(const struct step *step, struct request *request);

/* When the last look at a planned one is due. */
uint64_t second_look_last_usec(const struct request *request);

/* Whether some look is due in this step. */
bool second_look_is_due(const struct step *step);

/* Measures the requests whose look is due, and sets looked_at; the amounts are to be booked. */
void second_look_measure(struct step *step);

/* A look was booked: plans the next one. Returns: whether this was the last. */
bool second_look_is_over(const struct step *step, struct request *request);

/* Wakes for the looks to come, and asks that their groups are read then. */
void second_look_wake(struct step *step);
