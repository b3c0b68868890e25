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
struct agents_entry;

int agents_new(struct agents **ret, struct registry *registry);
struct agents *agents_free(struct agents *agents);
DEFINE_CLEANUP(struct agents *, agents_free);

/*
 * Registers a module for the sender of `message`, whose identity the caller has found out.
 * Asks the bus nothing that it waits for. Registering once more what agents_resume() took over
 * replaces it under the same id. Returns: as registry_add(); also -ESRCH when the message has no
 * sender.
 */
int agents_register(struct agents *agents, sd_bus_message *message, const struct client *client,
		    const char *agent_path, const struct module_description *description,
		    struct module **ret, const char **ret_problem);
/*
 * Registers what was registered with the daemon before this one; the client has been found to be
 * still there. Returns: 0; as registry_resume(); or negative errno, each with *ret_problem.
 */
int agents_resume(struct agents *agents, sd_bus *bus, const struct client *client,
		  const struct agents_entry *entry, const char **ret_problem);
bool agents_owns(const struct agents *agents, const struct module *module);
/*
 * What agents_resume() would need for this module.
 * Returns: false for one that is no agent's, or whose sender or path does not fit an entry.
 */
bool agents_describe(const struct agents *agents, const struct module *module,
		     struct agents_entry *ret);
/* True when `sender` (a unique name) owns the module. */
bool agents_is_owner(struct agents *agents, const struct module *module, const char *sender);
/* The bus went away: so did every agent. */
void agents_drop_all(struct agents *agents);
