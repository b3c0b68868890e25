/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Doubts: modules that do not give what they say, or not in time, said in the journal once each
 *
 * By the rules of the suggestions, so that the journal and `reliefctl suggestions` agree. Said
 * while the module is registered; `reliefctl suggestions` has its numbers after that.
 */

#include "controller/registry/registry.h"
#include "policies/state.h"

struct doubts;

int doubts_new(struct doubts **ret, const struct state *state, struct registry *registry);
struct doubts *doubts_free(struct doubts *doubts);
DEFINE_CLEANUP(struct doubts *, doubts_free);

/* After each step. Costs nothing while no request ends. */
void doubts_publish(struct doubts *doubts);
