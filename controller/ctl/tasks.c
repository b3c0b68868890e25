/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tasks: who grows fastest, or who is largest, once
 *
 * Where reliefd has no exact sizes, those of the first few are read here: smaps_rollup waits for
 * a lock of the task that it asks about, which this program may do and the daemon must not.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/file.h"
#include "controller/ctl/api.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"
#include "controller/ctl/task_table.h"

/* What fits on a screen. */
#define DEFAULT_LINES 20
/* As many as reliefd has counted exactly where the kernel does it. */
#define MAX_EXACT 16

/* "Rss:   1234 kB", the second line. */
static bool tasks_read_exact_rss(uint64_t pid, uint64_t *ret_bytes)
{
	char path[64], text[4096];
	const char *rss;

	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/smaps_rollup", pid);
	if (file_read_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	rss = strstr(text, "\nRss:");
	if (!rss)
		return false;
	*ret_bytes = strtoull(rss + strlen("\nRss:"), NULL, 10) * 1024;
	return true;
}

static void tasks_confirm(json_object *tasks)
{
	for (size_t i = 0; i < json_object_array_length(tasks) && i < MAX_EXACT; i++) {
		json_object *task = json_object_array_get_idx(tasks, i);
		uint64_t rss_bytes;

		if (props_bool(task, API_TASK_RSS_EXACT) ||
		    !tasks_read_exact_rss(props_u64(task, API_TASK_PID), &rss_bytes))
			continue;
		json_object_object_add(task, API_TASK_RSS, json_object_new_uint64(rss_bytes));
		json_object_object_add(task, API_TASK_RSS_EXACT, json_object_new_boolean(true));
	}
}

static int tasks_compare_rss(const void *a, const void *b)
{
	uint64_t x = props_u64(*(json_object *const *)a, API_TASK_RSS);
	uint64_t y = props_u64(*(json_object *const *)b, API_TASK_RSS);

	return (x < y) - (x > y);
}

int verb_tasks(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_table_ struct libscols_table *table = NULL;
	_cleanup_json_ json_object *tasks = NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	r = task_table_get(ctl, bus, ctl->n_lines ? ctl->n_lines : DEFAULT_LINES, &tasks);
	if (r != CTL_OK)
		return r;
	tasks_confirm(tasks);
	if (ctl->sort == SORT_RSS)
		json_object_array_sort(tasks, tasks_compare_rss);
	output_page(ctl);
	if (ctl->json != JSON_OFF) {
		output_json(ctl, tasks);
		return CTL_OK;
	}
	table = task_table_new(ctl, tasks);
	scols_print_table(table);
	return CTL_OK;
}
