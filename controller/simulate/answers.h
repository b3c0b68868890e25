/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Answers: what the requests of a replayed run get, when they are others than those of the record
 *
 * The rules are at the top of answers.c.
 */

#include "controller/simulate/difference.h"
#include "controller/simulate/recorded.h"

struct answers;

/* `recorded` and `difference` stay the caller's. */
struct answers *answers_new(struct recorded *recorded, struct difference *difference);
struct answers *answers_free(struct answers *answers);
DEFINE_CLEANUP(struct answers *, answers_free);

/*
 * Requests from this number on are answered here; those below are the record's, with its answers.
 * Before it is called, answers_give() changes nothing.
 */
void answers_begin(struct answers *answers, uint64_t first_action_id);
/* Takes the requests of a decision. Returns: 0 or -ENOMEM. */
int answers_take(struct answers *answers, const struct decision *decision);
/*
 * Replaces the recorded answers of a step by those that are due, and corrects its readings. To be
 * called for each step, from the first on. attention: how much the run wants to see in it.
 */
void answers_give(struct answers *answers, enum attention attention,
		  struct observation *observation);
/* What was given in this run by those that were answered here. */
uint64_t answers_given_bytes(const struct answers *answers);
