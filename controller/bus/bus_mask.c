/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mask, Unmask, and Unregister by an administrator, which is a mask of one module
 */

#include <errno.h>
#include <string.h>

#include "controller/bus/bus.h"
#include "controller/bus/bus_error.h"
#include "controller/bus/bus_internal.h"
#include "controller/journal/journal.h"
#include "controller/registry/registry_masks.h"

static const char *bus_mask_module_text(const char *module)
{
	return module[0] ? module : "all modules";
}

static int bus_mask_refuse_mask(int r, const char *control_group, const char *module,
				sd_bus_error *error)
{
	switch (r) {
	case -EEXIST:
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "%s of %s is masked already", bus_mask_module_text(module),
					 control_group);
	case -ENOENT:
		return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_MODULE,
					 "There is no mask for %s of %s; the property Masked "
					 "lists all masks",
					 bus_mask_module_text(module), control_group);
	case -EINVAL:
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "'%s' is no control group: give its path from the "
					 "root, as /system.slice/foo.service",
					 control_group);
	case -ENOSPC:
		return sd_bus_error_setf(error, BUS_ERROR_TOO_MANY_MODULES,
					 "%u masks are set, and no more can be; lift one first",
					 MASKS_MAX);
	default:
		return sd_bus_error_setf(error, BUS_ERROR_NOT_SUPPORTED,
					 "The list of masks cannot be written (%s); nothing was "
					 "changed",
					 strerror(-r));
	}
}

void bus_publish_masks(struct bus *bus)
{
	if (bus->named)
		sd_bus_emit_properties_changed(bus->connection, BUS_PATH, BUS_MANAGER_INTERFACE,
					       "Masked", NULL);
}

/* The file is written first, so -ENOENT of masks_add() is the directory's. */
static int bus_mask_mask(struct bus *bus, const char *control_group, const char *module, uid_t uid,
			 sd_bus_error *error)
{
	int r;

	if (module[0] && !name_is_printable(module))
		return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGUMENT,
					"The module's name is no printable UTF-8");
	r = registry_mask(bus->config.registry, control_group, module);
	if (r < 0)
		return bus_mask_refuse_mask(r == -ENOENT ? -EIO : r, control_group, module, error);
	journal_masked(control_group, module, uid, true);
	sd_bus_emit_properties_changed(bus->connection, BUS_PATH, BUS_MANAGER_INTERFACE, "Masked",
				       NULL);
	return 0;
}

static int bus_mask_unmask(struct bus *bus, const char *control_group, const char *module,
			   uid_t uid, sd_bus_error *error)
{
	int r;

	r = registry_unmask(bus->config.registry, control_group, module);
	if (r < 0)
		return bus_mask_refuse_mask(r, control_group, module, error);
	journal_masked(control_group, module, uid, false);
	sd_bus_emit_properties_changed(bus->connection, BUS_PATH, BUS_MANAGER_INTERFACE, "Masked",
				       NULL);
	return 0;
}

int bus_mask(struct bus *bus, sd_bus_message *call, const struct caller *caller,
	     sd_bus_error *error)
{
	const char *control_group, *module;
	int r;

	r = sd_bus_message_read(call, "ss", &control_group, &module);
	if (r < 0)
		return r;
	r = bus_mask_mask(bus, control_group, module, caller->uid, error);
	return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

int bus_unmask(struct bus *bus, sd_bus_message *call, const struct caller *caller,
	       sd_bus_error *error)
{
	const char *control_group, *module;
	int r;

	r = sd_bus_message_read(call, "ss", &control_group, &module);
	if (r < 0)
		return r;
	r = bus_mask_unmask(bus, control_group, module, caller->uid, error);
	return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

int bus_unregister_for_others(struct bus *bus, sd_bus_message *call, const struct caller *caller,
			      struct module *module, sd_bus_error *error)
{
	char cgroup[CLIENT_CGROUP_SIZE], name[MODULE_NAME_SIZE];
	int r;

	/* The module goes with the mask. */
	client_unit_cgroup(&module->owner->client, cgroup);
	memcpy(name, module->description.name, sizeof(name));
	r = bus_mask_mask(bus, cgroup, name, caller->uid, error);
	return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

int bus_get_masked(sd_bus *connection, const char *path, const char *interface,
		   const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct bus *bus = userdata;
	const struct masks *masks = registry_masks(bus->config.registry);
	size_t n = masks ? masks_size(masks) : 0;
	int r;

	r = sd_bus_message_open_container(reply, 'a', "(ss)");
	for (size_t i = 0; r >= 0 && i < n; i++) {
		const char *cgroup, *module;

		masks_get(masks, i, &cgroup, &module);
		r = sd_bus_message_append(reply, "(ss)", cgroup, module);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}
