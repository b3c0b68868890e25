/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list: all groups, all modules, or the modules that are masked
 */

#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/group_table.h"
#include "controller/ctl/module_table.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"

static json_object *list_select_groups(const struct remote_objects *objects)
{
	return objects->groups;
}

static json_object *list_select_modules(const struct remote_objects *objects)
{
	return objects->modules;
}

static json_object *list_select_masked(const struct remote_objects *objects)
{
	json_object *masked = NULL;

	json_object_object_get_ex(objects->manager, API_MASKED, &masked);
	return masked;
}

static void list_print_groups(const struct ctl *ctl, const struct remote_objects *objects)
{
	group_table_print(ctl, objects->groups, objects->groups);
}

static void list_print_modules(const struct ctl *ctl, const struct remote_objects *objects)
{
	module_table_print(ctl, objects->modules, objects->groups);
}

static void list_print_masked(const struct ctl *ctl, const struct remote_objects *objects)
{
	json_object *masked = list_select_masked(objects);
	static const struct output_column columns[] = { { "CGROUP" }, { "MODULE" } };
	_cleanup_table_ struct libscols_table *table = output_table(ctl, columns, 2);

	for (size_t i = 0; i < json_object_array_length(masked); i++) {
		json_object *mask = json_object_array_get_idx(masked, i);
		const char *module = json_object_get_string(json_object_array_get_idx(mask, 1));
		struct libscols_line *line = output_line(table, NULL);

		output_cell(line, 0, json_object_get_string(json_object_array_get_idx(mask, 0)));
		output_cell(line, 1, module[0] ? module : "(all)");
	}
	scols_print_table(table);
}

static const struct list {
	const char *name;
	json_object *(*select)(const struct remote_objects *objects);
	void (*print)(const struct ctl *ctl, const struct remote_objects *objects);
} lists[] = {
	{ "groups", list_select_groups, list_print_groups },
	{ "modules", list_select_modules, list_print_modules },
	{ "masked", list_select_masked, list_print_masked },
};

static const struct list *list_find_list(const char *name)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(lists[i].name, name) == 0)
			return &lists[i];
	return NULL;
}

int verb_list(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(remote_objects_done) struct remote_objects objects = {};
	_cleanup_bus_ sd_bus *bus = NULL;
	const struct list *list = list_find_list(argc > 0 ? argv[0] : "groups");
	int r;

	if (!list) {
		ctl_error("list %s: there are groups, modules and masked to list", argv[0]);
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
		output_json(ctl, list->select(&objects));
	else
		list->print(ctl, &objects);
	return CTL_OK;
}
