/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Measure: how much memory came back, by the counters and not by anybody's word
 *
 * Internal to the policies.
 */

#include "policies/step.h"

/*
 * A request is about to go out to this group: notes its counter, unless another one is waited for
 * there in time. Called before the request is entered.
 */
void measure_open(struct state *state, uint32_t group_slot);

/* Sets measured_bytes of all requests with `answered`, and notes the counters they were held
 * against anew. */
void measure_answers(struct step *step);

/*
 * Credits what fell in this group since then to the answers that miss some of their claim
 * (look_usec is set), unless an answer is to come that may claim it. Returns: whether the group's
 * counters were read in this step.
 */
bool measure_late(struct step *step, uint32_t group_slot);

/* After the answers were booked: ends the measure of groups that no answer is to come from. */
void measure_close(struct step *step);
