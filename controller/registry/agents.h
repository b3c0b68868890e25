/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Agents: module owners on D-Bus
 *
 * The client exports org.reliefd.Relief1.Agent at a path of its own; a request is an asynchronous
 * call to Relieve(), its reply carries the freed bytes. The owner goes when its unique name does.
 */

#include <systemd/sd-bus.h>

#include "controller/registry/registry.h"

struct agents;

int agents_new(struct agents **ret, struct registry *registry);
struct agents *agents_free(struct agents *agents);
DEFINE_CLEANUP(struct agents *, agents_free);

/*
 * Registers a module for the sender of `message`, whose identity the caller has found out.
 * Asks the bus nothing that it waits for. Returns: as registry_add(); also -ESRCH when the message
 * has no sender.
 */
int agents_register(struct agents *agents, sd_bus_message *message, const struct client *client,
		    const char *agent_path, const struct module_description *description,
		    struct module **ret, const char **ret_problem);
/* True when `sender` (a unique name) owns the module. */
bool agents_is_owner(struct agents *agents, const struct module *module, const char *sender);
/* The bus went away: so did every agent. */
void agents_drop_all(struct agents *agents);
