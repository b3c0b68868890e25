/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mask, unmask: keep a unit's modules out, and let them in again
 *
 * A mask is kept under a cgroup. A unit's is asked of reliefd while the unit runs; later it is
 * looked for among the masks that are set, by the last element of the path.
 */

#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/password.h"
#include "controller/ctl/remote.h"

/* Returns: an exit status, and the cgroup of a unit under control. */
static int mask_find_running(sd_bus *bus, const char *unit, char **ret_cgroup)
{
	_cleanup_json_ json_object *group = NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	r = remote_find_group(bus, unit, &path);
	if (r == CTL_OK)
		r = remote_get_all(bus, path, API_I_GROUP, &group);
	if (r != CTL_OK)
		return r;
	*ret_cgroup = strdup(props_string(group, API_CONTROL_GROUP));
	return *ret_cgroup ? CTL_OK : ctl_error("Out of memory");
}

static bool mask_is_named(const char *cgroup, const char *unit)
{
	const char *last = strrchr(cgroup, '/');
	size_t length = strlen(unit);

	if (!last || strncmp(last + 1, unit, length) != 0)
		return false;
	return strcmp(last + 1 + length, "") == 0 ||
	       (!strchr(unit, '.') && strcmp(last + 1 + length, ".service") == 0);
}

/* The cgroup under which such a unit is masked; NULL: none is. */
static const char *mask_find_masked(json_object *masked, const char *unit)
{
	for (size_t i = 0; i < json_object_array_length(masked); i++) {
		json_object *mask = json_object_array_get_idx(masked, i);
		const char *cgroup = json_object_get_string(json_object_array_get_idx(mask, 0));

		if (mask_is_named(cgroup, unit))
			return cgroup;
	}
	return NULL;
}

static int mask_find_cgroup(sd_bus *bus, const char *unit, bool among_masked, char **ret_cgroup)
{
	_cleanup_json_ json_object *manager = NULL;
	json_object *masked;
	const char *cgroup = unit;
	int r;

	if (unit[0] != '/' && among_masked) {
		r = remote_get_all(bus, API_PATH, API_I_MANAGER, &manager);
		if (r != CTL_OK)
			return r;
		if (!json_object_object_get_ex(manager, API_MASKED, &masked))
			return ctl_error("This reliefd has no masks");
		cgroup = mask_find_masked(masked, unit);
		if (!cgroup)
			return ctl_error("No module of %s is masked; see `reliefctl list masked`",
					 unit);
	} else if (unit[0] != '/') {
		return mask_find_running(bus, unit, ret_cgroup);
	}
	*ret_cgroup = strdup(cgroup);
	return *ret_cgroup ? CTL_OK : ctl_error("Out of memory");
}

/* "m1", as `list modules` and `show` call it. */
static bool mask_is_module_id(const char *text)
{
	return text[0] == 'm' && text[1] && text[1 + strspn(text + 1, "0123456789")] == '\0';
}

/* The cgroup and the name of a registered module, by its id. */
static int mask_find_module(sd_bus *bus, const char *id, char **ret_cgroup, char **ret_module)
{
	_cleanup_json_ json_object *module = NULL;
	char path[sizeof(API_MODULE) + 24];
	int r;

	if ((size_t)snprintf(path, sizeof(path), API_MODULE "%s", id + 1) >= sizeof(path))
		return ctl_error("There is no module %s", id);
	r = remote_get_all(bus, path, API_I_MODULE, &module);
	if (r != CTL_OK)
		return r;
	*ret_cgroup = strdup(props_string(module, API_CONTROL_GROUP));
	*ret_module = strdup(props_string(module, API_MODULE_NAME));
	return *ret_cgroup && *ret_module ? CTL_OK : ctl_error("Out of memory");
}

static int mask_change(struct ctl *ctl, int argc, char **argv, const char *method, const char *done)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	bool is_unmask = strcmp(method, API_UNMASK) == 0;
	const char *module = argc > 1 ? argv[1] : "";
	_cleanup_free_ char *cgroup = NULL, *name = NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	if (argc == 0) {
		ctl_error("Say which unit, as `foo.service`, or which cgroup, as `/a/b`");
		return CTL_USAGE;
	}
	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	if (argc == 1 && !is_unmask && mask_is_module_id(argv[0]))
		r = mask_find_module(bus, argv[0], &cgroup, &name);
	else
		r = mask_find_cgroup(bus, argv[0], is_unmask, &cgroup);
	if (r != CTL_OK)
		return r;
	if (name)
		module = name;
	password_agent_start(ctl);
	r = remote_call(ctl, bus, API_PATH, API_I_MANAGER, method, 0, &error, NULL, "ss", cgroup,
			module);
	if (r < 0)
		return remote_error(&error, r, "Nothing was changed");
	if (!ctl->quiet)
		printf("%s %s of %s.\n", done, module[0] ? module : "all modules", cgroup);
	return CTL_OK;
}

int verb_mask(struct ctl *ctl, int argc, char **argv)
{
	return mask_change(ctl, argc, argv, API_MASK, "Masked");
}

int verb_unmask(struct ctl *ctl, int argc, char **argv)
{
	return mask_change(ctl, argc, argv, API_UNMASK, "Unmasked");
}
