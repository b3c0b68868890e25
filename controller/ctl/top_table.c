/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/top_table.h"

#include <inttypes.h>
#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/remote.h"

enum {
	COL_LEVEL,
	COL_USED,
	COL_LEFT,
	COL_GROWTH,
	COL_TIME,
	COL_SURE,
	COL_BRAKE,
	COL_GROUP,
};

/* The longest last: it is what a narrow terminal cuts off. */
static const struct output_column columns[] = {
	[COL_LEVEL] = { "LEVEL" },
	[COL_USED] = { "USED", SCOLS_FL_RIGHT },
	[COL_LEFT] = { "LEFT", SCOLS_FL_RIGHT },
	[COL_GROWTH] = { "GROWTH/s", SCOLS_FL_RIGHT },
	[COL_TIME] = { "TIME LEFT", SCOLS_FL_RIGHT },
	[COL_SURE] = { "SURE", SCOLS_FL_RIGHT },
	[COL_BRAKE] = { "BRAKE" },
	[COL_GROUP] = { "GROUP" },
};

/* Unknown is less than nothing. */
static int compare_known(uint64_t x, uint64_t y)
{
	x++;
	y++;
	return (x < y) - (x > y);
}

static int compare_by(const void *a, const void *b, const char *first, const char *second)
{
	json_object *x = *(json_object *const *)a, *y = *(json_object *const *)b;
	int order = compare_known(props_u64(x, first), props_u64(y, first));

	if (order == 0)
		order = compare_known(props_u64(x, second), props_u64(y, second));
	if (order == 0)
		order = strcmp(props_string(x, API_CONTROL_GROUP),
			       props_string(y, API_CONTROL_GROUP));
	return order;
}

static int compare_growth(const void *a, const void *b)
{
	return compare_by(a, b, API_GROWTH, API_MEMORY_CURRENT);
}

static int compare_size(const void *a, const void *b)
{
	return compare_by(a, b, API_MEMORY_CURRENT, API_GROWTH);
}

void top_table_sort(const struct ctl *ctl, json_object *groups, size_t n)
{
	size_t all = json_object_array_length(groups);

	json_object_array_sort(groups, ctl->sort == SORT_RSS ? compare_size : compare_growth);
	if (all > n)
		json_object_array_del_idx(groups, n, all - n);
}

/* Tenths of a second are as far as a person reads. */
static void fill_time(struct libscols_line *line, uint64_t left_usec)
{
	output_cell_usec(line, COL_TIME,
			 left_usec == UINT64_MAX ? left_usec : left_usec / 100000 * 100000);
}

static void fill_confidence(struct libscols_line *line, json_object *group)
{
	uint64_t confidence_bp = props_u64(group, API_CONFIDENCE);
	char text[32] = "";

	if (confidence_bp != UINT64_MAX && props_u64(group, API_TIME_LEFT) != UINT64_MAX)
		snprintf(text, sizeof(text), "%" PRIu64 "%%", confidence_bp / 100);
	output_cell(line, COL_SURE, text);
}

static void fill_brake(struct libscols_line *line, const char *brake)
{
	output_cell(line, COL_BRAKE, strcmp(brake, "off") == 0 ? "" : brake);
}

struct libscols_table *top_table_new(const struct ctl *ctl, json_object *groups)
{
	struct libscols_table *table;

	table = output_table(ctl, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *group = json_object_array_get_idx(groups, i);
		struct libscols_line *line = output_line(table, NULL);

		output_cell_level(line, COL_LEVEL, props_string(group, API_LEVEL));
		output_cell_bytes(line, COL_USED, props_u64(group, API_MEMORY_CURRENT));
		output_cell_bytes(line, COL_LEFT, props_u64(group, API_HEADROOM));
		output_cell_bytes(line, COL_GROWTH, props_u64(group, API_GROWTH));
		fill_time(line, props_u64(group, API_TIME_LEFT));
		fill_confidence(line, group);
		fill_brake(line, props_string(group, API_BRAKE));
		output_cell(line, COL_GROUP, props_string(group, API_CONTROL_GROUP));
	}
	return table;
}
