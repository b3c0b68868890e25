/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list: all groups, or all modules
 */

#include <string.h>

#include "controller/ctl/group_table.h"
#include "controller/ctl/module_table.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"

int verb_list(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(remote_objects_done) struct remote_objects objects = {};
	_cleanup_bus_ sd_bus *bus = NULL;
	bool modules = argc > 0 && strcmp(argv[0], "modules") == 0;
	int r;

	if (argc > 0 && !modules && strcmp(argv[0], "groups") != 0) {
		ctl_error("list %s: there are groups and modules to list", argv[0]);
		return CTL_USAGE;
	}
	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	r = remote_get_objects(bus, &objects);
	if (r != CTL_OK)
		return r;
	output_page(ctl);
	if (ctl->json != JSON_OFF)
		output_json(ctl, modules ? objects.modules : objects.groups);
	else if (modules)
		module_table_print(ctl, objects.modules);
	else
		group_table_print(ctl, objects.groups);
	return CTL_OK;
}
