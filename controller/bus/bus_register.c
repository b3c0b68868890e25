/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register and RegisterFD: from a{sv} to a module
 */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "controller/bus/bus_error.h"
#include "controller/bus/bus_internal.h"

/* A caller says only what differs from these. */
static const uint32_t kind_flags[N_MODULE_KINDS] = {
	[MODULE_CACHE] = MODULE_CAN_SHED,
	[MODULE_MODEL] = MODULE_CAN_UNLOAD,
	[MODULE_POOL] = MODULE_CAN_SHED,
	[MODULE_WORKER] = MODULE_CAN_UNLOAD,
	[MODULE_OTHER] = 0, /* has to be said */
};

/* What one call asks for. */
struct registration {
	struct module_description description;
	const char *control_group; /* that the caller acts for; NULL: its own. In the message. */
};

static const struct register_option {
	const char *name;
	char type;
	size_t offset; /* in struct registration, of a "t" or "s" */
	uint32_t flag; /* enum module_flag, of a "b" */
} options[] = {
	{ "Size", 't', offsetof(struct registration, description.size_bytes), 0 },
	{ "IdleLimitUSec", 't', offsetof(struct registration, description.idle_limit_usec), 0 },
	{ "ReloadCostUSec", 't', offsetof(struct registration, description.reload_cost_usec), 0 },
	{ "ControlGroup", 's', offsetof(struct registration, control_group), 0 },
	{ "Keep", 'b', 0, MODULE_IS_KEPT },
	{ "CanShed", 'b', 0, MODULE_CAN_SHED },
	{ "CanUnload", 'b', 0, MODULE_CAN_UNLOAD },
};

static const struct register_option *bus_register_option_find(const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

union option_value {
	uint64_t t;
	const char *s;
	int b;
};

static void bus_register_option_apply(const struct register_option *option,
				      const union option_value *value,
				      struct registration *registration)
{
	char *field = (char *)registration + option->offset;

	if (option->type == 't')
		memcpy(field, &value->t, sizeof(value->t));
	else if (option->type == 's')
		memcpy(field, &value->s, sizeof(value->s));
	else if (value->b)
		registration->description.flags |= option->flag;
	else
		registration->description.flags &= ~option->flag;
}

/* One {sv} entry, which the caller has entered. */
static int bus_register_read_option(sd_bus_message *call, struct registration *registration,
				    sd_bus_error *error)
{
	const struct register_option *option;
	union option_value value = {};
	const char *name, *type;
	char expected[2] = {};
	int r;

	r = sd_bus_message_read(call, "s", &name);
	if (r < 0)
		return r;
	option = bus_register_option_find(name);
	if (!option)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "There is no option '%s'; use Size, IdleLimitUSec, "
					 "ReloadCostUSec, ControlGroup, Keep, CanShed or CanUnload",
					 name);
	r = sd_bus_message_peek_type(call, NULL, &type);
	if (r < 0)
		return r;
	expected[0] = option->type;
	if (strcmp(type, expected) != 0)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "Option %s has type '%s'; it must be '%s'", name, type,
					 expected);
	r = sd_bus_message_read(call, "v", expected, &value);
	if (r < 0)
		return r;
	bus_register_option_apply(option, &value, registration);
	return 0;
}

static int bus_register_read_options(sd_bus_message *call, struct registration *registration,
				     sd_bus_error *error)
{
	int r;

	r = sd_bus_message_enter_container(call, 'a', "{sv}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(call, 'e', "sv")) > 0) {
		r = bus_register_read_option(call, registration, error);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(call);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(call);
}

/* Name and kind, the first two arguments of both methods. */
static int bus_register_read_name_and_kind(sd_bus_message *call,
					   struct module_description *description,
					   sd_bus_error *error)
{
	const char *name, *kind;
	int r;

	r = sd_bus_message_read(call, "ss", &name, &kind);
	if (r < 0)
		return r;
	if (strlen(name) >= sizeof(description->name))
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "The name is %zu bytes long; at most %zu are allowed",
					 strlen(name), sizeof(description->name) - 1);
	if (module_kind_from_name(kind, &description->kind) < 0)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "There is no kind '%s'; use cache, model, pool, worker or "
					 "other",
					 kind);
	strcpy(description->name, name);
	description->flags = kind_flags[description->kind];
	return 0;
}

/* What the registry refused, in the words of the bus. */
static int bus_register_refuse_module(const struct module_description *description, int r,
				      const char *problem, sd_bus_error *error)
{
	const char *name = r == -EDQUOT || r == -ENOSPC ? BUS_ERROR_TOO_MANY_MODULES
			   : r == -EACCES		? BUS_ERROR_MASKED
							: BUS_ERROR_INVALID_ARGUMENT;

	if (!problem)
		return r;
	return sd_bus_error_setf(error, name, "Module '%s' is not registered: %s",
				 description->name, problem);
}

/* The cgroup must be under control: nothing could be measured elsewhere. */
static int bus_register_act_for(struct bus *bus, const char *control_group, struct client *client,
				sd_bus_error *error)
{
	struct group *group;
	int r;

	if (client->uid != 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"Only root may register for another control group; leave "
					"ControlGroup out to register for your own");
	r = bus_find_group(bus, control_group, &group, error);
	if (r < 0)
		return r;
	r = client_identity_act_for(client, group->path);
	if (r < 0)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "Nothing can be registered for control group '%s': %s",
					 control_group, strerror(-r));
	return 0;
}

static int bus_register_identify(struct bus *bus, const struct caller *caller,
				 const char *control_group, struct client *ret, sd_bus_error *error)
{
	int r;

	r = client_identity_from_pid(registry_tree(bus->config.registry), caller->pid, -1,
				     caller->uid, ret);
	if (r < 0)
		return sd_bus_error_setf(error, BUS_ERROR_NOT_SUPPORTED,
					 "The cgroup of process %d cannot be told: %s; modules can "
					 "be registered by processes in this host's cgroup v2 tree",
					 caller->pid, strerror(-r));
	return control_group ? bus_register_act_for(bus, control_group, ret, error) : 0;
}

int bus_register(struct bus *bus, sd_bus_message *call, const struct caller *caller,
		 sd_bus_error *error)
{
	struct registration registration = {};
	char path[BUS_MODULE_PATH_SIZE];
	const char *agent_path, *problem = NULL;
	struct module *module;
	struct client client;
	int r;

	r = bus_register_read_name_and_kind(call, &registration.description, error);
	if (r < 0)
		return r;
	r = sd_bus_message_read(call, "o", &agent_path);
	if (r < 0)
		return r;
	r = bus_register_read_options(call, &registration, error);
	if (r < 0)
		return r;
	r = bus_register_identify(bus, caller, registration.control_group, &client, error);
	if (r < 0)
		return r;
	r = agents_register(bus->agents, call, &client, agent_path, &registration.description,
			    &module, &problem);
	if (r < 0)
		return bus_register_refuse_module(&registration.description, r, problem, error);
	bus_module_path(module->id, path);
	return sd_bus_reply_method_return(call, "o", path);
}

int bus_register_fd(struct bus *bus, sd_bus_message *call, const struct caller *caller,
		    sd_bus_error *error)
{
	struct registration registration = {};
	char path[BUS_MODULE_PATH_SIZE];
	const char *problem = NULL;
	_cleanup_fd_ int fd = -1;
	struct module *module;
	struct client client;
	int r;

	r = bus_register_read_name_and_kind(call, &registration.description, error);
	if (r < 0)
		return r;
	r = bus_register_read_options(call, &registration, error);
	if (r < 0)
		return r;
	r = bus_register_identify(bus, caller, registration.control_group, &client, error);
	if (r < 0)
		return r;
	r = channels_register(bus->config.channels, &client, &registration.description, &module,
			      &fd, &problem);
	if (r < 0)
		return bus_register_refuse_module(&registration.description, r, problem, error);
	bus_module_path(module->id, path);
	return sd_bus_reply_method_return(call, "oh", path, fd);
}
