/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * is-ok: one exit status for scripts and health checks
 */

#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/remote.h"

int verb_is_ok(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	_cleanup_json_ json_object *group = NULL;
	_cleanup_free_ char *path = NULL;
	const char *level;
	int r;

	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	r = remote_find_group(bus, argc > 0 ? argv[0] : NULL, &path);
	if (r == CTL_OK)
		r = remote_get_all(bus, path, API_I_GROUP, &group);
	if (r != CTL_OK)
		return r == CTL_NOT_RUNNING ? r : CTL_UNKNOWN;
	level = props_string(group, API_LEVEL);
	if (!ctl->quiet)
		printf("%s\n", level);
	return strcmp(level, "low") == 0 ? CTL_OK : CTL_PRESSURE;
}
