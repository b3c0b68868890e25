/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/group_table.h"

#include <string.h>

#include "controller/ctl/api.h"
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
	[COL_GROUP] = { "GROUP", SCOLS_FL_TREE },
	[COL_LEVEL] = { "LEVEL" },
	[COL_RUNG] = { "RUNG" },
	[COL_WHY] = { "WHY" },
	[COL_USED] = { "USED", SCOLS_FL_RIGHT },
	[COL_MAX] = { "MAX", SCOLS_FL_RIGHT },
	[COL_LEFT] = { "LEFT", SCOLS_FL_RIGHT },
	[COL_GROWTH] = { "GROWTH/s", SCOLS_FL_RIGHT },
	[COL_TIME] = { "TIME LEFT", SCOLS_FL_RIGHT },
	[COL_BRAKE] = { "BRAKE" },
	[COL_MODULES] = { "MODULES", SCOLS_FL_RIGHT },
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

/* "cache.service" below "/system.slice", the whole path where no ancestor is shown. */
static const char *name_below(const char *path, const struct ancestor *ancestor)
{
	size_t length = ancestor ? strlen(ancestor->path) : 0;

	if (!ancestor)
		return path;
	return strcmp(ancestor->path, "/") == 0 ? path + 1 : path + length + 1;
}

static void fill_line(struct libscols_line *line, json_object *group, const char *name)
{
	const char *signal = props_string(group, API_SIGNAL);
	char why[64] = "";

	if (*signal && strcmp(signal, "none") != 0)
		snprintf(why, sizeof(why), "%s, %s", signal, props_string(group, API_ATTRIBUTION));
	output_cell(line, COL_GROUP, name);
	output_cell_level(line, COL_LEVEL, props_string(group, API_LEVEL));
	output_cell(line, COL_RUNG, props_string(group, API_RUNG));
	output_cell(line, COL_WHY, why);
	output_cell_bytes(line, COL_USED, props_u64(group, API_MEMORY_CURRENT));
	output_cell_bytes(line, COL_MAX, props_u64(group, API_MEMORY_MAX));
	output_cell_bytes(line, COL_LEFT, props_u64(group, API_HEADROOM));
	output_cell_bytes(line, COL_GROWTH, props_u64(group, API_GROWTH));
	output_cell_usec(line, COL_TIME, props_u64(group, API_TIME_LEFT));
	output_cell(line, COL_BRAKE, props_string(group, API_BRAKE));
	output_cell_number(line, COL_MODULES, props_u64(group, API_N_MODULES));
}

void group_table_print(const struct ctl *ctl, json_object *groups)
{
	_cleanup_table_ struct libscols_table *table = NULL;
	_cleanup_free_ struct ancestor *lines = NULL;
	size_t n = json_object_array_length(groups);
	struct ancestor *last = NULL;

	table = output_table(ctl, columns, sizeof(columns) / sizeof(columns[0]));
	lines = calloc(n + 1, sizeof(*lines));
	if (!lines)
		return;
	for (size_t i = 0; i < n; i++) {
		json_object *group = json_object_array_get_idx(groups, i);
		const char *path = props_string(group, API_CONTROL_GROUP);

		while (last && !group_is_below(path, last->path))
			last = last->above;
		lines[i].line = output_line(table, last ? last->line : NULL);
		lines[i].path = path;
		lines[i].above = last;
		fill_line(lines[i].line, group, name_below(path, last));
		last = &lines[i];
	}
	scols_print_table(table);
}
