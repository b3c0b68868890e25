/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slice grows with the service in it, and the host with both. What puts a group first is what it
 * grows (or holds) by itself, less what the groups right below it do: so the one that causes it
 * comes first, and those above it follow.
 */

#include "controller/ctl/top_table.h"

#include <inttypes.h>
#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/group_name.h"
#include "controller/ctl/group_table.h"
#include "controller/ctl/remote.h"

enum {
	COL_GROUP,
	COL_LEVEL,
	COL_USED,
	COL_GROWTH,
	COL_LEFT,
	COL_TIME,
	COL_SURE,
	COL_BRAKE,
};

static const struct output_column columns[] = {
	[COL_GROUP] = { "GROUP", SCOLS_FL_TRUNC },   [COL_LEVEL] = { "LEVEL" },
	[COL_USED] = { "USED", SCOLS_FL_RIGHT },     [COL_GROWTH] = { "GROWTH/s", SCOLS_FL_RIGHT },
	[COL_LEFT] = { "LEFT", SCOLS_FL_RIGHT },     [COL_TIME] = { "TIME LEFT", SCOLS_FL_RIGHT },
	[COL_SURE] = { "SURE", SCOLS_FL_RIGHT, 80 }, [COL_BRAKE] = { "BRAKE" },
};

/* Beside the properties, for the order and the table; not shown in JSON. */
#define OWN_GROWTH "OwnGrowth"
#define OWN_MEMORY "OwnMemory"
#define IS_LIMITED "IsLimited"

static uint64_t top_table_or_zero(uint64_t value)
{
	return value == UINT64_MAX ? 0 : value;
}

/* The nearest group above the one at `index` in an array that is sorted by path; NULL for the host.
 */
static json_object *top_table_parent_of(json_object *groups, size_t index)
{
	const char *path =
		props_string(json_object_array_get_idx(groups, index), API_CONTROL_GROUP);

	for (size_t i = index; i-- > 0;) {
		json_object *above = json_object_array_get_idx(groups, i);

		if (group_is_below(path, props_string(above, API_CONTROL_GROUP)))
			return above;
	}
	return NULL;
}

static void top_table_add_number(json_object *group, const char *name, uint64_t value)
{
	json_object_object_add(group, name, json_object_new_uint64(value));
}

/* Takes what this one has from what the one above it has by itself. */
static void top_table_subtract(json_object *above, const char *own, json_object *group,
			       const char *property)
{
	uint64_t mine = top_table_or_zero(props_u64(group, property)), rest = props_u64(above, own);

	top_table_add_number(above, own, rest > mine ? rest - mine : 0);
}

static void top_table_find_own(json_object *groups)
{
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *group = json_object_array_get_idx(groups, i);
		json_object *above = top_table_parent_of(groups, i);

		top_table_add_number(group, OWN_GROWTH,
				     top_table_or_zero(props_u64(group, API_GROWTH)));
		top_table_add_number(group, OWN_MEMORY,
				     top_table_or_zero(props_u64(group, API_MEMORY_CURRENT)));
		json_object_object_add(group, IS_LIMITED,
				       json_object_new_boolean(group_is_limited(groups, group)));
		if (!above)
			continue;
		top_table_subtract(above, OWN_GROWTH, group, API_GROWTH);
		top_table_subtract(above, OWN_MEMORY, group, API_MEMORY_CURRENT);
	}
}

void top_table_strip(json_object *groups)
{
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *group = json_object_array_get_idx(groups, i);

		json_object_object_del(group, OWN_GROWTH);
		json_object_object_del(group, OWN_MEMORY);
		json_object_object_del(group, IS_LIMITED);
	}
}

static int top_table_compare_number(json_object *x, json_object *y, const char *name)
{
	uint64_t a = top_table_or_zero(props_u64(x, name)),
		 b = top_table_or_zero(props_u64(y, name));

	return (a < b) - (a > b);
}

static int top_table_compare_by(const void *a, const void *b, const char *const *names)
{
	json_object *x = *(json_object *const *)a, *y = *(json_object *const *)b;
	int order = 0;

	for (; order == 0 && *names; names++)
		order = top_table_compare_number(x, y, *names);
	return order ? order
		     : strcmp(props_string(x, API_CONTROL_GROUP),
			      props_string(y, API_CONTROL_GROUP));
}

static int top_table_compare_growth(const void *a, const void *b)
{
	static const char *const names[] = { OWN_GROWTH, API_GROWTH, OWN_MEMORY, NULL };

	return top_table_compare_by(a, b, names);
}

static int top_table_compare_size(const void *a, const void *b)
{
	static const char *const names[] = { OWN_MEMORY, API_MEMORY_CURRENT, OWN_GROWTH, NULL };

	return top_table_compare_by(a, b, names);
}

void top_table_sort(const struct ctl *ctl, json_object *groups, size_t n)
{
	size_t all = json_object_array_length(groups);

	top_table_find_own(groups);
	json_object_array_sort(groups, ctl->sort == SORT_RSS ? top_table_compare_size
							     : top_table_compare_growth);
	if (all > n)
		json_object_array_del_idx(groups, n, all - n);
}

/* Tenths of a second are as far as a person reads. */
static void top_table_fill_time(struct libscols_line *line, uint64_t left_usec)
{
	output_cell_usec(line, COL_TIME,
			 left_usec == UINT64_MAX ? left_usec : left_usec / 100000 * 100000);
}

static void top_table_fill_confidence(struct libscols_line *line, json_object *group)
{
	uint64_t confidence_bp = props_u64(group, API_CONFIDENCE);
	char text[32] = "";

	if (confidence_bp != UINT64_MAX && props_u64(group, API_TIME_LEFT) != UINT64_MAX)
		snprintf(text, sizeof(text), "%" PRIu64 "%%", confidence_bp / 100);
	output_cell(line, COL_SURE, text);
}

static void top_table_fill_brake(struct libscols_line *line, const char *brake)
{
	output_cell(line, COL_BRAKE, strcmp(brake, "off") == 0 ? "" : brake);
}

/* Without a limit of its own or above it, what is left is the host's: the title has it. */
static void top_table_fill_left(struct libscols_line *line, json_object *group)
{
	if (!props_bool(group, IS_LIMITED)) {
		output_cell(line, COL_LEFT, "");
		output_cell(line, COL_TIME, "");
		output_cell(line, COL_SURE, "");
		return;
	}
	output_cell_bytes(line, COL_LEFT, props_u64(group, API_HEADROOM));
	top_table_fill_time(line, props_u64(group, API_TIME_LEFT));
	top_table_fill_confidence(line, group);
}

struct libscols_table *top_table_new(const struct ctl *ctl, json_object *groups)
{
	struct libscols_table *table;

	table = output_table(ctl, columns, sizeof(columns) / sizeof(columns[0]));
	if (!group_any_is_held(groups))
		output_hide_column(table, COL_BRAKE);
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *group = json_object_array_get_idx(groups, i);
		struct libscols_line *line = output_line(table, NULL);
		char name[GROUP_NAME_SIZE];

		output_cell(line, COL_GROUP,
			    group_name(ctl, props_string(group, API_CONTROL_GROUP), name,
				       sizeof(name)));
		output_cell_level_of(line, COL_LEVEL, group);
		output_cell_bytes(line, COL_USED, props_u64(group, API_MEMORY_CURRENT));
		output_cell_bytes(line, COL_GROWTH, props_u64(group, API_GROWTH));
		top_table_fill_left(line, group);
		top_table_fill_brake(line, props_string(group, API_BRAKE));
	}
	return table;
}
