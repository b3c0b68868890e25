/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The group that a user names, or why there is none: the unit may not exist, not run, or run
 * without being under control. That is asked of systemd and the cgroup tree only after reliefd said
 * no.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "controller/ctl/api.h"
#include "controller/ctl/remote.h"
#include "controller/groups/cgroup_tree.h"

#define NO_SUCH_GROUP API_NAME ".Error.NoSuchGroup"

static int find_group_unit_name_of(const char *name, char **ret)
{
	if (asprintf(ret, "%s%s", name, strchr(name, '.') ? "" : ".service") < 0)
		return -ENOMEM;
	return 0;
}

/* "profile default (/usr/lib/reliefd/profiles/default.conf and its drop-ins)" */
static void find_group_describe_profile(sd_bus *bus, char *buf, size_t size)
{
	static const char *const places[] = { "/etc", "/run", "/usr/lib" };
	_cleanup_json_ json_object *manager = NULL;
	const char *profile;
	char path[256];

	snprintf(buf, size, "the profile");
	if (remote_get_all(bus, API_PATH, API_I_MANAGER, &manager) != CTL_OK)
		return;
	profile = props_string(manager, API_PROFILE);
	snprintf(buf, size, "profile %s", profile);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/reliefd/profiles/%s.conf", places[i], profile);
		if (access(path, F_OK) != 0)
			continue;
		snprintf(buf, size, "profile %s (%s and its drop-ins)", profile, path);
		return;
	}
}

/* Properties of the unit that systemd has, or would load. Returns: 0 or negative errno. */
static int find_group_ask_systemd(sd_bus *bus, const char *unit, char **ret_load, char **ret_active)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_free_ char *load = NULL;
	const char *path;
	int r;

	r = sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "LoadUnit", NULL,
			       &reply, "s", unit);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		r = sd_bus_get_property_string(bus, SYSTEMD_NAME, path, SYSTEMD_UNIT, "LoadState",
					       NULL, &load);
	if (r >= 0)
		r = sd_bus_get_property_string(bus, SYSTEMD_NAME, path, SYSTEMD_UNIT, "ActiveState",
					       NULL, ret_active);
	if (r >= 0)
		*ret_load = take_ptr(load);
	return r;
}

/* Returns: whether the reason was said. */
static bool find_group_explain_unit(sd_bus *bus, const char *unit)
{
	_cleanup_free_ char *load = NULL, *active = NULL;
	char profile[512];

	if (find_group_ask_systemd(bus, unit, &load, &active) < 0)
		return false;
	if (strcmp(active, "active") == 0 || strcmp(active, "reloading") == 0) {
		find_group_describe_profile(bus, profile, sizeof(profile));
		ctl_error("%s runs, but is not under control: Units= of %s does not list it", unit,
			  profile);
	} else if (strcmp(load, "loaded") == 0) {
		ctl_error("%s is not running (systemd has it as %s)", unit, active);
	} else if (strcmp(load, "not-found") == 0) {
		ctl_error("There is no unit '%s'; reliefctl list shows the groups under control",
			  unit);
	} else {
		ctl_error("%s cannot run (systemd has it as %s)", unit, load);
	}
	return true;
}

static bool find_group_explain_cgroup(sd_bus *bus, const char *path)
{
	_cleanup_free_ char *directory = NULL;
	struct cgroup_tree tree;
	char profile[512];
	bool exists;

	if (cgroup_tree_init(&tree, NULL, NULL) < 0)
		return false;
	if (tree.mode == CGROUP_MODE_NONE || asprintf(&directory, "%s%s", tree.mount, path) < 0) {
		cgroup_tree_done(&tree);
		return false;
	}
	exists = access(directory, F_OK) == 0;
	cgroup_tree_done(&tree);
	if (exists) {
		find_group_describe_profile(bus, profile, sizeof(profile));
		ctl_error(
			"The cgroup %s is there, but not under control: neither Units= nor Paths= "
			"of %s lists it",
			path, profile);
	} else {
		ctl_error(
			"There is no cgroup '%s'; reliefctl list -l shows the groups under control",
			path);
	}
	return true;
}

static int find_group_no_such_group(sd_bus *bus, const char *name, const char *unit,
				    const sd_bus_error *error, int r)
{
	if (sd_bus_error_has_name(error, NO_SUCH_GROUP) &&
	    (unit ? find_group_explain_unit(bus, unit) : find_group_explain_cgroup(bus, name)))
		return CTL_FAILURE;
	return remote_error(error, r, "Cannot find the group");
}

int remote_find_group(sd_bus *bus, const char *name, char **ret_path)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_free_ char *unit = NULL;
	const char *path;
	int r;

	if (!name || name[0] == '/') {
		r = remote_call(NULL, bus, API_PATH, API_I_MANAGER, API_GET_GROUP_BY_CONTROL_GROUP,
				0, &error, &reply, "s", name ? name : "/");
	} else {
		r = find_group_unit_name_of(name, &unit);
		if (r >= 0)
			r = remote_call(NULL, bus, API_PATH, API_I_MANAGER, API_GET_GROUP_BY_UNIT,
					0, &error, &reply, "s", unit);
	}
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return find_group_no_such_group(bus, name, unit, &error, r);
	*ret_path = strdup(path);
	return *ret_path ? CTL_OK : ctl_error("Out of memory");
}
