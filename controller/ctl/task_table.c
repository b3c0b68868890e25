/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/task_table.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "controller/ctl/api.h"
#include "controller/ctl/group_name.h"
#include "controller/ctl/remote.h"

enum {
	COL_PID,
	COL_USER,
	COL_RSS,
	COL_SWAP,
	COL_GROWTH,
	COL_SINCE,
	COL_COMMAND,
	COL_WHERE,
};

static const struct output_column columns[] = {
	[COL_PID] = { "PID", SCOLS_FL_RIGHT },
	[COL_USER] = { "USER", 0, 70 },
	[COL_RSS] = { "RSS", SCOLS_FL_RIGHT },
	[COL_SWAP] = { "SWAP", SCOLS_FL_RIGHT, 90 },
	[COL_GROWTH] = { "GROWTH/s", SCOLS_FL_RIGHT },
	[COL_SINCE] = { "SINCE", SCOLS_FL_RIGHT, 80 },
	[COL_COMMAND] = { "COMMAND" },
	[COL_WHERE] = { "WHERE", SCOLS_FL_TRUNC },
};

static json_object *task_table_string(const char *text)
{
	return json_object_new_string(text);
}

/* Returns: 1 and the next entry, NULL when that is ourselves; 0 at the end; negative errno. */
static int task_table_read_task(sd_bus_message *reply, json_object **ret)
{
	const char *comm, *unit, *path, *pod, *container;
	uint64_t rss_bytes, swap_bytes, growth_bytes, since_usec;
	json_object *task;
	uint32_t pid, uid;
	int exact, r;

	r = sd_bus_message_read(reply, API_TASK_TYPE, &pid, &uid, &comm, &unit, &path, &pod,
				&container, &rss_bytes, &exact, &swap_bytes, &growth_bytes,
				&since_usec);
	if (r <= 0)
		return r;
	*ret = NULL;
	if (pid == (uint32_t)getpid())
		return 1;
	task = json_object_new_object();
	json_object_object_add(task, API_TASK_PID, json_object_new_uint64(pid));
	json_object_object_add(task, API_TASK_UID, json_object_new_uint64(uid));
	json_object_object_add(task, API_TASK_COMM, task_table_string(comm));
	json_object_object_add(task, API_UNIT, task_table_string(unit));
	json_object_object_add(task, API_CONTROL_GROUP, task_table_string(path));
	json_object_object_add(task, API_TASK_POD, task_table_string(pod));
	json_object_object_add(task, API_TASK_CONTAINER, task_table_string(container));
	json_object_object_add(task, API_TASK_RSS, json_object_new_uint64(rss_bytes));
	json_object_object_add(task, API_TASK_RSS_EXACT, json_object_new_boolean(exact));
	json_object_object_add(task, API_TASK_SWAP, json_object_new_uint64(swap_bytes));
	json_object_object_add(task, API_GROWTH, json_object_new_uint64(growth_bytes));
	json_object_object_add(task, API_TASK_GROWS_FROM, json_object_new_uint64(since_usec));
	*ret = task;
	return 1;
}

static int task_table_read_tasks(sd_bus_message *reply, uint32_t n, json_object **ret)
{
	_cleanup_json_ json_object *tasks = json_object_new_array();
	json_object *task;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', API_TASK_TYPE);
	if (r < 0)
		return r;
	while ((r = task_table_read_task(reply, &task)) > 0)
		if (task)
			json_object_array_add(tasks, task);
	if (r < 0)
		return r;
	if (json_object_array_length(tasks) > n)
		json_object_array_del_idx(tasks, n, 1);
	*ret = take_ptr(tasks);
	return 0;
}

int task_table_get(const struct ctl *ctl, sd_bus *bus, uint32_t n, json_object **ret)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *order = ctl->sort == SORT_RSS ? "rss" : "growth";
	/* One more: a program that has just started grows, and nobody asks about this one. */
	uint32_t max = n < CTL_MAX_LINES ? n + 1 : CTL_MAX_LINES;
	int r;

	r = remote_call(NULL, bus, API_PATH, API_I_MANAGER, API_GET_TOP_TASKS, 0, &error, &reply,
			"su", order, max);
	if (r >= 0)
		r = task_table_read_tasks(reply, n, ret);
	return r < 0 ? remote_error(&error, r, "Cannot list the tasks") : CTL_OK;
}

static void task_table_fill_user(struct libscols_line *line, uint64_t uid)
{
	const struct passwd *user = getpwuid((uid_t)uid);

	if (user)
		output_cell(line, COL_USER, user->pw_name);
	else
		output_cell_number(line, COL_USER, uid);
}

/* "~" stands before what is off by some pages. */
static void task_table_fill_rss(struct libscols_line *line, json_object *task)
{
	char size[32], text[34];

	output_bytes(props_u64(task, API_TASK_RSS), size);
	snprintf(text, sizeof(text), "%s%s", props_bool(task, API_TASK_RSS_EXACT) ? "" : "~", size);
	output_cell(line, COL_RSS, text);
}

static void task_table_fill_growth(struct libscols_line *line, json_object *task)
{
	uint64_t growth_bytes = props_u64(task, API_GROWTH);
	uint64_t since_usec = props_u64(task, API_TASK_GROWS_FROM), now_usec = ctl_now_usec();
	uint64_t age_seconds = now_usec > since_usec ? (now_usec - since_usec) / 1000000 : 0;

	output_cell_bytes(line, COL_GROWTH, growth_bytes > 0 ? growth_bytes : UINT64_MAX);
	if (growth_bytes > 0 && age_seconds > 0)
		output_cell_usec(line, COL_SINCE, age_seconds * 1000000);
	else
		output_cell(line, COL_SINCE, growth_bytes > 0 ? "<1s" : "");
}

struct libscols_table *task_table_new(const struct ctl *ctl, json_object *tasks)
{
	struct libscols_table *table;

	table = output_table(ctl, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < json_object_array_length(tasks); i++) {
		json_object *task = json_object_array_get_idx(tasks, i);
		struct libscols_line *line = output_line(table, NULL);
		char name[GROUP_NAME_SIZE];

		output_cell_number(line, COL_PID, props_u64(task, API_TASK_PID));
		task_table_fill_user(line, props_u64(task, API_TASK_UID));
		task_table_fill_rss(line, task);
		output_cell_bytes(line, COL_SWAP, props_u64(task, API_TASK_SWAP));
		task_table_fill_growth(line, task);
		output_cell(line, COL_COMMAND, props_string(task, API_TASK_COMM));
		output_cell(
			line, COL_WHERE,
			group_name(ctl, props_string(task, API_CONTROL_GROUP), name, sizeof(name)));
	}
	return table;
}
