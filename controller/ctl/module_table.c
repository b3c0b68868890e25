/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/module_table.h"

#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/group_name.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"

enum {
	COL_ID,
	COL_NAME,
	COL_KIND,
	COL_UNIT,
	COL_SIZE,
	COL_IDLE,
	COL_REQUESTS,
	COL_LATE,
	COL_CLAIMED,
	COL_FREED,
	COL_STATE,
};

static const struct output_column columns[] = {
	[COL_ID] = { "ID", SCOLS_FL_RIGHT },
	[COL_NAME] = { "NAME", SCOLS_FL_TRUNC },
	[COL_KIND] = { "KIND", 0, 72 },
	[COL_UNIT] = { "UNIT", SCOLS_FL_TRUNC },
	[COL_SIZE] = { "SIZE", SCOLS_FL_RIGHT },
	[COL_IDLE] = { "IDLE", SCOLS_FL_RIGHT, 80 },
	[COL_REQUESTS] = { "REQUESTS", SCOLS_FL_RIGHT, 100 },
	[COL_LATE] = { "LATE", SCOLS_FL_RIGHT, 90 },
	[COL_CLAIMED] = { "CLAIMED", SCOLS_FL_RIGHT, 110 },
	[COL_FREED] = { "FREED", SCOLS_FL_RIGHT },
	[COL_STATE] = { "STATE" },
};

/* A module gives nothing when its group is excluded. */
static bool module_table_module_is_excluded(json_object *module, json_object *groups)
{
	const char *home = props_string(module, API_CONTROL_GROUP);

	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *group = json_object_array_get_idx(groups, i);

		if (strcmp(props_string(group, API_CONTROL_GROUP), home) == 0)
			return props_bool(group, API_EXCLUDED);
	}
	return false;
}

static const char *module_table_module_state(json_object *module, json_object *groups)
{
	if (module_table_module_is_excluded(module, groups))
		return "excluded";
	if (props_bool(module, API_DEMOTED))
		return "demoted";
	if (props_bool(module, API_UNLOADED))
		return "unloaded";
	return props_bool(module, API_KEEP) ? "keep" : "";
}

void module_table_print(const struct ctl *ctl, json_object *modules, json_object *groups)
{
	_cleanup_table_ struct libscols_table *table = NULL;

	table = output_table(ctl, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < json_object_array_length(modules); i++) {
		json_object *module = json_object_array_get_idx(modules, i);
		struct libscols_line *line = output_line(table, NULL);
		char name[GROUP_NAME_SIZE];

		output_cell_number(line, COL_ID, props_u64(module, API_ID));
		output_cell(line, COL_NAME, props_string(module, API_MODULE_NAME));
		output_cell(line, COL_KIND, props_string(module, API_KIND));
		output_cell(line, COL_UNIT,
			    group_name(ctl, props_string(module, API_CONTROL_GROUP), name,
				       sizeof(name)));
		output_cell_bytes(line, COL_SIZE, props_u64(module, API_SIZE));
		output_cell_usec(line, COL_IDLE, props_u64(module, API_IDLE));
		output_cell_number(line, COL_REQUESTS, props_u64(module, API_N_REQUESTS));
		output_cell_number(line, COL_LATE, props_u64(module, API_N_LATE));
		output_cell_bytes(line, COL_CLAIMED, props_u64(module, API_CLAIMED_BYTES));
		output_cell_bytes(line, COL_FREED, props_u64(module, API_FREED_BYTES));
		output_cell(line, COL_STATE, module_table_module_state(module, groups));
	}
	scols_print_table(table);
}
