/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * org.reliefd.Relief1.Module: one object a registered module, at .../module/m<id>
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/base/parse.h"
#include "controller/base/printable.h"
#include "controller/bus/bus_error.h"
#include "controller/bus/bus_internal.h"

void bus_module_path(uint64_t module_id, char buf[static BUS_MODULE_PATH_SIZE])
{
	snprintf(buf, BUS_MODULE_PATH_SIZE, BUS_MODULE_PREFIX "/m%" PRIu64, module_id);
}

struct module *bus_module_at(struct bus *bus, const char *path)
{
	static const char prefix[] = BUS_MODULE_PREFIX "/m";
	uint64_t id;

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	path += sizeof(prefix) - 1;
	/* One path a module: "m007" is not m7. */
	if (path[0] == '0' || parse_u64(path, &id) < 0)
		return NULL;
	return registry_find(bus->config.registry, id);
}

/* Properties */

static bool bus_module_is(const struct module_view *v, enum module_flag flag)
{
	return v->module->description.flags & flag;
}

static uint64_t bus_module_idle_usec(const struct module_view *v)
{
	struct timespec ts;
	uint64_t now_usec;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now_usec = (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
	return u64_sub(now_usec, v->module->last_used_usec);
}

BUS_GETTER_U64(get_id, module_view, v->module->id)
BUS_GETTER_STRING(get_name, module_view, v->module->description.name)
BUS_GETTER_STRING(get_kind, module_view, module_kind_name(v->module->description.kind))
BUS_GETTER_STRING(get_unit, module_view, v->module->owner->client.unit)

static int bus_module_get_control_group(sd_bus *connection, const char *path, const char *interface,
					const char *property, sd_bus_message *reply, void *userdata,
					sd_bus_error *error)
{
	const struct module_view *v = userdata;
	_cleanup_free_ char *shown = printable_dup(v->module->owner->client.cgroup);

	return shown ? sd_bus_message_append(reply, "s", shown) : -ENOMEM;
}

BUS_GETTER_STRING(get_transport, module_view, v->module->owner->ops->name)
BUS_GETTER_U32(get_pid, module_view, v->module->owner->client.pid)
BUS_GETTER_U32(get_uid, module_view, v->module->owner->client.uid)
BUS_GETTER_U64(get_registered, module_view, v->module->registered_usec)
BUS_GETTER_U64(get_size, module_view, v->module->description.size_bytes)
BUS_GETTER_U64(get_idle, module_view, bus_module_idle_usec(v))
BUS_GETTER_U64(get_idle_limit, module_view, v->module->description.idle_limit_usec)
BUS_GETTER_U64(get_reload_cost, module_view, v->module->description.reload_cost_usec)
BUS_GETTER_BOOL(get_keep, module_view, bus_module_is(v, MODULE_IS_KEPT))
BUS_GETTER_BOOL(get_can_shed, module_view, bus_module_is(v, MODULE_CAN_SHED))
BUS_GETTER_BOOL(get_can_unload, module_view, bus_module_is(v, MODULE_CAN_UNLOAD))
BUS_GETTER_BOOL(get_unloaded, module_view, bus_module_is(v, MODULE_IS_UNLOADED))
BUS_GETTER_U32(get_n_requests, module_view, v->state->n_requests)
BUS_GETTER_U32(get_n_late, module_view, v->state->n_late)
BUS_GETTER_U64(get_claimed, module_view, v->state->claimed_bytes)
BUS_GETTER_U64(get_freed, module_view, v->state->measured_bytes)
BUS_GETTER_U64(get_latency, module_view, v->state->last_latency_usec)
BUS_GETTER_U32(get_yield, module_view, v->state->yield_bp)
BUS_GETTER_BOOL(get_demoted, module_view,
		v->state->demoted_until_usec > v->bus->config.state->now_usec)

static int bus_module_get_group(sd_bus *connection, const char *path, const char *interface,
				const char *property, sd_bus_message *reply, void *userdata,
				sd_bus_error *error)
{
	const struct module_view *v = userdata;
	const struct group *group = group_set_get(v->bus->config.groups, v->module->group_slot);
	_cleanup_free_ char *group_path = NULL;
	int r;

	if (!group || group->id != v->module->group_id)
		return sd_bus_message_append(reply, "o", "/");
	r = bus_group_path(group, &group_path);
	if (r < 0)
		return r;
	return sd_bus_message_append(reply, "o", group_path);
}

/* Methods of the owner */

static int bus_module_check_owner(const struct module_view *v, sd_bus_message *call,
				  sd_bus_error *error)
{
	if (agents_is_owner(v->bus->agents, v->module, sd_bus_message_get_sender(call)))
		return 0;
	return sd_bus_error_setf(error, BUS_ERROR_NOT_OWNER,
				 "Module '%s' was registered on another connection; only that one "
				 "may speak for it",
				 v->module->description.name);
}

static int bus_module_method_touch(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	const struct module_view *v = userdata;
	int r;

	r = bus_module_check_owner(v, call, error);
	if (r < 0)
		return r;
	registry_touch(v->bus->config.registry, v->module);
	return sd_bus_reply_method_return(call, NULL);
}

static int bus_module_method_report(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	const struct module_view *v = userdata;
	uint64_t size_bytes;
	int unloaded, r;

	r = bus_module_check_owner(v, call, error);
	if (r < 0)
		return r;
	r = sd_bus_message_read(call, "tb", &size_bytes, &unloaded);
	if (r < 0)
		return r;
	registry_report(v->bus->config.registry, v->module, size_bytes, unloaded);
	return sd_bus_reply_method_return(call, NULL);
}

int bus_unregister(struct bus *bus, sd_bus_message *call, struct module *module,
		   sd_bus_error *error)
{
	registry_remove(bus->config.registry, module);
	return sd_bus_reply_method_return(call, NULL);
}

static int bus_module_do_unregister(struct bus *bus, sd_bus_message *call,
				    const struct caller *caller, sd_bus_error *error)
{
	struct module *module = bus_module_at(bus, sd_bus_message_get_path(call));

	if (!module)
		return sd_bus_error_set(error, BUS_ERROR_NO_SUCH_MODULE,
					"The module went away in the meantime");
	return bus_unregister_for_others(bus, call, caller, module, error);
}

static int bus_module_method_unregister(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	const struct module_view *v = userdata;

	if (agents_is_owner(v->bus->agents, v->module, sd_bus_message_get_sender(call)))
		return bus_unregister(v->bus, call, v->module, error);
	return bus_admit(v->bus, call, POLKIT_ACTION_MANAGE, bus_module_do_unregister, error);
}

static const sd_bus_vtable module_vtable[] = {
	SD_BUS_VTABLE_START(0),

	SD_BUS_METHOD_WITH_ARGS("Touch", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, bus_module_method_touch,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Report", SD_BUS_ARGS("t", size, "b", unloaded), SD_BUS_NO_RESULT,
				bus_module_method_report, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Unregister", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
				bus_module_method_unregister, SD_BUS_VTABLE_UNPRIVILEGED),

	BUS_CONSTANT("Id", "t", get_id),
	BUS_CONSTANT("Name", "s", get_name),
	BUS_CONSTANT("Kind", "s", get_kind),
	BUS_CONSTANT("Unit", "s", get_unit),
	BUS_CONSTANT("ControlGroup", "s", bus_module_get_control_group),
	BUS_UNTOLD("Group", "o", bus_module_get_group),
	BUS_CONSTANT("PID", "u", get_pid),
	BUS_CONSTANT("UID", "u", get_uid),
	BUS_CONSTANT("Transport", "s", get_transport),
	BUS_CONSTANT("RegisteredTimestampMonotonic", "t", get_registered),
	BUS_CONSTANT("IdleLimitUSec", "t", get_idle_limit),
	BUS_UNTOLD("ReloadCostUSec", "t", get_reload_cost),
	BUS_CONSTANT("Keep", "b", get_keep),
	BUS_CONSTANT("CanShed", "b", get_can_shed),
	BUS_CONSTANT("CanUnload", "b", get_can_unload),
	BUS_TOLD("Unloaded", "b", get_unloaded),
	BUS_UNTOLD("Size", "t", get_size),
	BUS_UNTOLD("IdleUSec", "t", get_idle),
	BUS_UNTOLD("NRequests", "u", get_n_requests),
	BUS_UNTOLD("NLate", "u", get_n_late),
	BUS_UNTOLD("ClaimedBytes", "t", get_claimed),
	BUS_UNTOLD("FreedBytes", "t", get_freed),
	BUS_UNTOLD("LastLatencyUSec", "t", get_latency),
	BUS_UNTOLD("YieldRatio", "u", get_yield),
	BUS_UNTOLD("Demoted", "b", get_demoted),
	SD_BUS_VTABLE_END,
};

/* The objects, for sd-bus */

static int bus_module_find_module(sd_bus *connection, const char *path, const char *interface,
				  void *userdata, void **ret_found, sd_bus_error *error)
{
	static const struct module_state unmet = {};
	struct bus *bus = userdata;
	struct module *module = bus_module_at(bus, path);
	const struct module_state *state;

	if (!module)
		return 0;
	state = state_module(bus->config.state, module->slot, module->id);
	bus->module_view = (struct module_view){ bus, module, state ? state : &unmet };
	*ret_found = &bus->module_view;
	return 1;
}

static int bus_module_list_modules(sd_bus *connection, const char *prefix, void *userdata,
				   char ***ret_paths, sd_bus_error *error)
{
	char path[BUS_MODULE_PATH_SIZE];
	struct bus *bus = userdata;
	size_t n = 0;
	char **paths;

	paths = calloc(registry_size(bus->config.registry) + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	registry_foreach_module(bus->config.registry, module) {
		bus_module_path(module->id, path);
		paths[n] = strdup(path);
		if (!paths[n++])
			break;
	}
	*ret_paths = paths;
	return 0;
}

int bus_add_modules(struct bus *bus)
{
	int r;

	r = sd_bus_add_fallback_vtable(bus->connection, NULL, BUS_MODULE_PREFIX,
				       BUS_MODULE_INTERFACE, module_vtable, bus_module_find_module,
				       bus);
	if (r < 0)
		return r;
	return sd_bus_add_node_enumerator(bus->connection, NULL, BUS_MODULE_PREFIX,
					  bus_module_list_modules, bus);
}
