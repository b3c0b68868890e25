/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top: groups or tasks, the fastest or the largest first, again every second
 *
 *    ask reliefd ──▶ title and table as text ──┬──▶ printed, once (no terminal, --once, --json)
 *        ▲                                     └──▶ drawn ──▶ a key, or a second ──┐
 *        └─────────────────────────────────────────────────────────────────────────┘
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/ctl/api.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"
#include "controller/ctl/screen.h"
#include "controller/ctl/task_table.h"
#include "controller/ctl/top_table.h"

#define REFRESH_USEC 1000000
/* Growth is the difference between two readings; reliefd takes them half a second apart. */
#define FIRST_PAUSE_USEC 600000

static const char keys_of_groups[] = "q quit  g by growth  m by memory  t tasks  l long names";
static const char keys_of_tasks[] = "q quit  g by growth  m by memory  t groups  l long names";

/* One round of answers. */
struct round {
	json_object *manager;
	json_object *rows; /* groups or tasks */
};

static void top_round_done(struct round *round)
{
	json_object_put(round->manager);
	json_object_put(round->rows);
	*round = (struct round){};
}

static int top_ask_groups(const struct ctl *ctl, sd_bus *bus, uint32_t n, struct round *ret)
{
	struct remote_objects objects = {};
	int r;

	r = remote_get_objects(bus, &objects);
	if (r != CTL_OK)
		return r;
	top_table_sort(ctl, objects.groups, n);
	ret->manager = take_ptr(objects.manager);
	ret->rows = take_ptr(objects.groups);
	remote_objects_done(&objects);
	return CTL_OK;
}

static int top_ask_tasks(const struct ctl *ctl, sd_bus *bus, uint32_t n, struct round *ret)
{
	int r;

	r = remote_get_all(bus, API_PATH, API_I_MANAGER, &ret->manager);
	if (r != CTL_OK)
		return r;
	return task_table_get(ctl, bus, n < CTL_MAX_LINES ? n : CTL_MAX_LINES, &ret->rows);
}

static int top_ask(const struct ctl *ctl, sd_bus *bus, uint32_t n, struct round *ret)
{
	if (ctl->n_lines > 0 && ctl->n_lines < n)
		n = ctl->n_lines;
	return ctl->tasks ? top_ask_tasks(ctl, bus, n, ret) : top_ask_groups(ctl, bus, n, ret);
}

static struct libscols_table *top_table_of(const struct ctl *ctl, const struct round *round)
{
	return ctl->tasks ? task_table_new(ctl, round->rows) : top_table_new(ctl, round->rows);
}

/* "reliefd: low, 752.5M left, growing by 19.8M/s, lasts 38s" */
static void top_write_title(const struct round *round, char *buf, size_t size)
{
	uint64_t left_usec = props_u64(round->manager, API_TIME_LEFT);
	uint64_t growth_bytes = props_u64(round->manager, API_GROWTH);
	char headroom[32], growth[32], left[32], recovery[64];
	size_t length;

	length = (size_t)snprintf(buf, size, "reliefd: ");
	if (output_recovery(round->manager, recovery))
		length += (size_t)snprintf(buf + length, size - length, "recovering, %s", recovery);
	else
		length += (size_t)snprintf(buf + length, size - length, "%s",
					   props_string(round->manager, API_LEVEL));
	length += (size_t)snprintf(buf + length, size - length, ", %s left",
				   output_bytes(props_u64(round->manager, API_HEADROOM), headroom));
	if (growth_bytes > 0 && growth_bytes != UINT64_MAX)
		length += (size_t)snprintf(buf + length, size - length, ", growing by %s/s",
					   output_bytes(growth_bytes, growth));
	if (left_usec != UINT64_MAX)
		snprintf(buf + length, size - length, ", lasts %s", output_usec(left_usec, left));
}

/* The first call shows no growth of groups that no other client asked about. */
static int top_ask_twice(const struct ctl *ctl, sd_bus *bus, struct round *ret)
{
	int r;

	if (!ctl->tasks) {
		r = top_ask(ctl, bus, UINT32_MAX, ret);
		if (r != CTL_OK)
			return r;
		top_round_done(ret);
		usleep(FIRST_PAUSE_USEC);
	}
	return top_ask(ctl, bus, UINT32_MAX, ret);
}

static int top_print_once(const struct ctl *ctl, sd_bus *bus)
{
	_cleanup_table_ struct libscols_table *table = NULL;
	_cleanup_(top_round_done) struct round round = {};
	char title[256];
	int r;

	r = top_ask_twice(ctl, bus, &round);
	if (r != CTL_OK)
		return r;
	if (ctl->json != JSON_OFF) {
		top_table_strip(round.rows);
		output_json(ctl, round.rows);
		return CTL_OK;
	}
	table = top_table_of(ctl, &round);
	top_write_title(&round, title, sizeof(title));
	if (ctl->legend)
		printf("%s\n", title);
	scols_print_table(table);
	return CTL_OK;
}

static void top_draw(const struct ctl *ctl, const struct round *round)
{
	struct ctl plain = *ctl;
	_cleanup_table_ struct libscols_table *table = NULL;
	const char *levels[CTL_MAX_LINES] = {};
	_cleanup_free_ char *text = NULL;
	size_t n = json_object_array_length(round->rows);
	char title[256];

	plain.legend = true; /* the heading is part of the screen */
	table = top_table_of(&plain, round);
	scols_table_enable_colors(table, 0);
	for (size_t i = 0; i < n && i < CTL_MAX_LINES; i++)
		levels[i] = props_string(json_object_array_get_idx(round->rows, i), API_LEVEL);
	top_write_title(round, title, sizeof(title));
	if (scols_print_table_to_string(table, &text) == 0)
		screen_draw(title, text, levels, n < CTL_MAX_LINES ? n : CTL_MAX_LINES,
			    ctl->tasks ? keys_of_tasks : keys_of_groups);
}

/* Returns: false when it was the last. */
static bool top_obey(struct ctl *ctl, int key)
{
	switch (key) {
	case 'q':
		return false;
	case 'g':
		ctl->sort = SORT_GROWTH;
		break;
	case 'm':
		ctl->sort = SORT_RSS;
		break;
	case 'l':
		ctl->full = !ctl->full;
		break;
	case 't':
		ctl->tasks = !ctl->tasks;
		break;
	}
	return true;
}

static int top_run_live(struct ctl *ctl, sd_bus *bus)
{
	uint64_t wait_usec = FIRST_PAUSE_USEC;
	int key = 0, r = CTL_OK;

	do {
		_cleanup_(top_round_done) struct round round = {};

		r = top_ask(ctl, bus, screen_lines(), &round);
		if (r != CTL_OK)
			break;
		top_draw(ctl, &round);
		key = screen_key(wait_usec);
		wait_usec = REFRESH_USEC;
	} while (top_obey(ctl, key));
	return r;
}

int verb_top(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	if (ctl->once || ctl->json != JSON_OFF || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return top_print_once(ctl, bus);
	if (!screen_open())
		return ctl_error("Cannot draw on a terminal of type '%s'; use --once",
				 getenv("TERM") ? getenv("TERM") : "");
	r = top_run_live(ctl, bus);
	screen_close();
	return r;
}
