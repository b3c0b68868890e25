/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Requests: rungs that ask the owners of modules
 */

#include "controller/act/outcomes.h"
#include "controller/registry/registry.h"
#include "policies/decision.h"

/* Shed, unload: the answer comes later by registry_config.answered; a failure to ask at once. */
void requests_send(struct registry *registry, const struct action *action, uint64_t now_usec,
		   struct outcomes *outcomes);
/* Warn: tells the group's owners its level; done at once. */
void requests_warn(struct registry *registry, const struct action *action, uint64_t now_usec,
		   struct outcomes *outcomes);
/*
 * Tells of levels that fell, so that caches may grow again. Levels that rise are told by the warn
 * rung only, when the profile has it.
 */
void requests_tell_relief(struct registry *registry, const struct decision *decision);
