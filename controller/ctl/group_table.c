/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/group_table.h"

#include <inttypes.h>
#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/group_name.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"

enum {
	COL_GROUP,
	COL_LEVEL,
	COL_RUNG,
	COL_WHY,
	COL_USED,
	COL_MAX,
	COL_LEFT,
	COL_GROWTH,
	COL_TIME,
	COL_BRAKE,
	COL_MODULES,
};

static const struct output_column columns[] = {
	[COL_GROUP] = { "GROUP", SCOLS_FL_TREE | SCOLS_FL_TRUNC },
	[COL_LEVEL] = { "LEVEL" },
	[COL_RUNG] = { "RUNG", 0, 110 },
	[COL_WHY] = { "WHY", 0, 100 },
	[COL_USED] = { "USED", SCOLS_FL_RIGHT },
	[COL_MAX] = { "MAX", SCOLS_FL_RIGHT },
	[COL_LEFT] = { "LEFT", SCOLS_FL_RIGHT },
	[COL_GROWTH] = { "GROWTH/s", SCOLS_FL_RIGHT },
	[COL_TIME] = { "TIME LEFT", SCOLS_FL_RIGHT, 72 },
	[COL_BRAKE] = { "BRAKE" },
	[COL_MODULES] = { "MODULES", SCOLS_FL_RIGHT, 80 },
};

/* One line of the table that may yet get children. */
struct ancestor {
	struct libscols_line *line;
	const char *path;
	struct ancestor *above;
};

bool group_is_below(const char *path, const char *ancestor)
{
	size_t length = strlen(ancestor);

	if (strcmp(ancestor, "/") == 0)
		return true;
	return strncmp(path, ancestor, length) == 0 && path[length] == '/';
}

static bool group_table_has_limit(json_object *group)
{
	return props_u64(group, API_MEMORY_MAX) != UINT64_MAX ||
	       props_u64(group, API_MEMORY_HIGH) != UINT64_MAX;
}

bool group_is_limited(json_object *groups, json_object *group)
{
	const char *path = props_string(group, API_CONTROL_GROUP);

	if (strcmp(path, "/") == 0 || group_table_has_limit(group))
		return true;
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *above = json_object_array_get_idx(groups, i);
		const char *above_path = props_string(above, API_CONTROL_GROUP);

		if (strcmp(above_path, "/") != 0 && group_table_has_limit(above) &&
		    group_is_below(path, above_path))
			return true;
	}
	return false;
}

/* How much of the path the line of the ancestor says already. */
static size_t group_table_length_above(const struct ancestor *ancestor)
{
	if (!ancestor)
		return 0;
	return strcmp(ancestor->path, "/") == 0 ? 1 : strlen(ancestor->path) + 1;
}

static void group_table_fill_why(struct libscols_line *line, json_object *group)
{
	const char *signal = props_string(group, API_SIGNAL);
	char why[64] = "", recovery[64];

	if (output_recovery(group, recovery))
		snprintf(why, sizeof(why), "recovering");
	else if (*signal && strcmp(signal, "none") != 0)
		snprintf(why, sizeof(why), "%s, %s", signal, props_string(group, API_ATTRIBUTION));
	else if (props_bool(group, API_EXCLUDED))
		snprintf(why, sizeof(why), "excluded");
	else if (props_i64(group, API_PRIORITY) != 0)
		snprintf(why, sizeof(why), "priority %" PRId64, props_i64(group, API_PRIORITY));
	output_cell(line, COL_WHY, why);
}

/* What is left for the host is said once, in the host's line. */
static void group_table_fill_left(struct libscols_line *line, json_object *group, bool is_limited)
{
	output_cell_bytes(line, COL_LEFT, is_limited ? props_u64(group, API_HEADROOM) : UINT64_MAX);
	output_cell_usec(line, COL_TIME, is_limited ? props_u64(group, API_TIME_LEFT) : UINT64_MAX);
}

static void group_table_fill_line(struct libscols_line *line, json_object *group, const char *name)
{
	output_cell(line, COL_GROUP, name);
	output_cell_level_of(line, COL_LEVEL, group);
	output_cell(line, COL_RUNG, props_string(group, API_RUNG));
	group_table_fill_why(line, group);
	output_cell_bytes(line, COL_USED, props_u64(group, API_MEMORY_CURRENT));
	output_cell_bytes(line, COL_MAX, props_u64(group, API_MEMORY_MAX));
	output_cell_bytes(line, COL_GROWTH, props_u64(group, API_GROWTH));
	output_cell(line, COL_BRAKE, props_string(group, API_BRAKE));
	output_cell_number(line, COL_MODULES, props_u64(group, API_N_MODULES));
}

bool group_any_is_held(json_object *groups)
{
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		const char *brake = props_string(json_object_array_get_idx(groups, i), API_BRAKE);

		if (*brake && strcmp(brake, "off") != 0)
			return true;
	}
	return false;
}

void group_table_print(const struct ctl *ctl, json_object *groups, json_object *all)
{
	_cleanup_table_ struct libscols_table *table = NULL;
	_cleanup_free_ struct ancestor *lines = NULL;
	size_t n = json_object_array_length(groups);
	struct ancestor *last = NULL;

	table = output_table(ctl, columns, sizeof(columns) / sizeof(columns[0]));
	if (!group_any_is_held(groups))
		output_hide_column(table, COL_BRAKE);
	lines = calloc(n + 1, sizeof(*lines));
	if (!lines)
		return;
	for (size_t i = 0; i < n; i++) {
		json_object *group = json_object_array_get_idx(groups, i);
		const char *path = props_string(group, API_CONTROL_GROUP);
		char name[GROUP_NAME_SIZE];

		while (last && !group_is_below(path, last->path))
			last = last->above;
		lines[i].line = output_line(table, last ? last->line : NULL);
		lines[i].path = path;
		lines[i].above = last;
		group_table_fill_line(lines[i].line, group,
				      group_name_below(ctl, path, group_table_length_above(last),
						       name, sizeof(name)));
		group_table_fill_left(lines[i].line, group, group_is_limited(all, group));
		last = &lines[i];
	}
	scols_print_table(table);
}
