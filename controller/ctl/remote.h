/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Remote: reliefd over the system bus
 *
 * What comes back is JSON (json-c), the same for tables and for --json. A number that means
 * "unknown" or "no limit" on the bus (UINT64_MAX) becomes null. Nothing here starts the daemon: a
 * question must not change the answer.
 *
 * Functions that return an exit status (enum in ctl.h) have said on stderr what went wrong.
 */

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "controller/ctl/ctl.h"

DEFINE_CLEANUP(json_object *, json_object_put);

#define _cleanup_json_ _cleanup_(json_object_put_cleanup)
#define _cleanup_bus_  _cleanup_(sd_bus_flush_close_unrefp)

/* Returns: CTL_OK or CTL_UNKNOWN. */
int remote_connect(sd_bus **ret);
/* The exit status for a failed call, after the message for people. what: "Cannot reload". */
int remote_error(const sd_bus_error *error, int r, const char *what);

/* One value of any type at the message's read position. Returns: 0 or negative errno. */
int remote_read_json(sd_bus_message *message, json_object **ret);

/* All properties of one object, by name. */
int remote_get_all(sd_bus *bus, const char *path, const char *interface, json_object **ret);

/* Every object: the manager's properties, and arrays of those of groups (by path) and modules. */
struct remote_objects {
	json_object *manager;
	json_object *groups;
	json_object *modules;
};

int remote_get_objects(sd_bus *bus, struct remote_objects *ret);
void remote_objects_done(struct remote_objects *objects);

/*
 * The object of a group: NULL or "/" is the host, "/a/b" a cgroup, anything else a unit
 * (".service" is added to a name without a suffix, as systemctl does).
 */
int remote_find_group(sd_bus *bus, const char *name, char **ret_path);

/* A method call that may ask for a password; timeout_usec 0 = the bus's default. */
int remote_call(const struct ctl *ctl, sd_bus *bus, const char *path, const char *interface,
		const char *member, uint64_t timeout_usec, sd_bus_error *error,
		sd_bus_message **ret_reply, const char *types, ...);

/* Values of an object; a missing one is "", UINT64_MAX or false. */
const char *props_string(json_object *props, const char *name);
uint64_t props_u64(json_object *props, const char *name);
int64_t props_i64(json_object *props, const char *name); /* 0 when it is missing */
bool props_bool(json_object *props, const char *name);
