/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Keeper: D-Bus registrations outlive a restart of the daemon
 *
 * Clients on channels register anew by themselves. A client on D-Bus often does not notice that
 * reliefd was away, so its registrations are kept in a file and taken over by the next reliefd,
 * with the same object paths, if the client is still on the same bus.
 */

#include "controller/base/retry.h"
#include "controller/registry/agents.h"

/* Names of problems. */
#define PROBLEM_AGENTS "agents" /* a restart would lose modules, or did so far */

struct agents_keeper;

struct agents_keeper_config {
	sd_event *event;
	const char *path; /* of the file, in a directory that ends with the boot; copied */
	struct problems *problems;
	struct wake wake; /* the problems are others */
};

int agents_keeper_new(struct agents_keeper **ret, struct agents *agents, struct registry *registry,
		      const struct agents_keeper_config *config);
/* Not before the last agent is gone: the registry tells the keeper of it. */
struct agents_keeper *agents_keeper_free(struct agents_keeper *keeper);
DEFINE_CLEANUP(struct agents_keeper *, agents_keeper_free);

/*
 * The daemon is on this bus: takes over what the file holds, asking the bus asynchronously for each
 * client, and from then on keeps the file true. What fails is tried again.
 */
void agents_keeper_resume(struct agents_keeper *keeper, sd_bus *bus);
/* The daemon ends: writes the file a last time. */
void agents_keeper_stop(struct agents_keeper *keeper);
/* The connection is lost, and the agents are about to go: the file stays as it is. */
void agents_keeper_pause(struct agents_keeper *keeper);
