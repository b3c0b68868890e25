/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings: every setting that is in force, with its origin
 */

#include "controller/ctl/settings.h"

#include <errno.h>
#include <string.h>

#include "controller/config/configuration.h"
#include "controller/ctl/api.h"
#include "controller/ctl/output.h"

/* The members of one entry, in the order of the bus. */
#define MEMBER_SECTION "Section"
#define MEMBER_KEY     "Key"
#define MEMBER_VALUE   "Value"
#define MEMBER_ORIGIN  "Origin"

static const char *const members[] = { MEMBER_SECTION, MEMBER_KEY, MEMBER_VALUE, MEMBER_ORIGIN };

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

int settings_get(sd_bus *bus, json_object **ret)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_json_ json_object *entries = NULL;
	json_object *list;
	int r;

	r = remote_call(NULL, bus, API_PATH, API_I_MANAGER, API_GET_SETTINGS, 0, &error, &reply,
			NULL);
	if (r >= 0)
		r = remote_read_json(reply, &entries);
	if (r < 0)
		return remote_error(&error, r, "Cannot ask for the settings");
	list = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		json_object *entry = json_object_array_get_idx(entries, i);
		json_object *named = json_object_new_object();

		for (size_t m = 0; m < N_MEMBERS; m++)
			json_object_object_add(
				named, members[m],
				json_object_get(json_object_array_get_idx(entry, m)));
		json_object_array_add(list, named);
	}
	*ret = list;
	return CTL_OK;
}

static json_object *settings_find(json_object *in_force, const char *section, const char *key)
{
	for (size_t i = 0; i < json_object_array_length(in_force); i++) {
		json_object *entry = json_object_array_get_idx(in_force, i);

		if (strcmp(props_string(entry, MEMBER_SECTION), section) == 0 &&
		    strcmp(props_string(entry, MEMBER_KEY), key) == 0)
			return entry;
	}
	return NULL;
}

static bool settings_is_from_command_line(json_object *entry)
{
	return strcmp(props_string(entry, MEMBER_ORIGIN), ORIGIN_COMMAND_LINE) == 0;
}

static bool settings_needs_restart(const struct listed_setting *file)
{
	return strcmp(file->section, SETTINGS_SECTION) == 0 &&
	       settings_need_restart(settings_place(file->key));
}

struct differences {
	size_t n;	 /* that a reload takes over */
	size_t n_fixed;	 /* that only a restart does */
	char first[768]; /* in words, of those of the first kind if there is one */
};

/* "Medium=25% (FILE:LINE) is not in force, but 20% (built-in)" of the first that differs. */
static void settings_note_difference(struct differences *d, const struct listed_setting *file,
				     json_object *entry)
{
	bool fixed = settings_needs_restart(file);

	if (d->n == 0 && (!fixed || d->n_fixed == 0))
		snprintf(d->first, sizeof(d->first), "%s=%s (%s) is not in force, but %s (%s)",
			 file->key, file->value, file->origin, props_string(entry, MEMBER_VALUE),
			 props_string(entry, MEMBER_ORIGIN));
	if (fixed)
		d->n_fixed++;
	else
		d->n++;
}

static void settings_find_differences(const struct setting_list *files, json_object *in_force,
				      struct differences *d)
{
	for (size_t i = 0; i < files->n; i++) {
		const struct listed_setting *file = &files->entries[i];
		json_object *entry = settings_find(in_force, file->section, file->key);

		if (entry && !settings_is_from_command_line(entry) &&
		    strcmp(props_string(entry, MEMBER_VALUE), file->value) != 0)
			settings_note_difference(d, file, entry);
	}
}

/* What --profile= of the daemon's command line named, else the one of the files. */
static const char *settings_forced_profile(json_object *in_force)
{
	json_object *entry = settings_find(in_force, SETTINGS_SECTION, "Profile");

	return entry && settings_is_from_command_line(entry) ? props_string(entry, MEMBER_VALUE)
							     : NULL;
}

static int settings_describe(const struct configuration *files, json_object *in_force,
			     char **ret_text)
{
	_cleanup_(setting_list_done) struct setting_list list = {};
	struct differences d = {};
	char more[48] = "";

	if (configuration_list(files, &list) < 0)
		return -ENOMEM;
	settings_find_differences(&list, in_force, &d);
	if (d.n + d.n_fixed == 0)
		return 0;
	if (d.n + d.n_fixed > 1)
		snprintf(more, sizeof(more), ", and %zu more", d.n + d.n_fixed - 1);
	if (asprintf(ret_text, "%s%s; %s", d.first, more,
		     d.n > 0 ? "reliefctl reload takes the files over"
			     : "it takes effect at the next start") < 0) {
		*ret_text = NULL;
		return -ENOMEM;
	}
	return 0;
}

int settings_compare(const struct ctl *ctl, json_object *in_force, char **ret_text)
{
	_cleanup_free_ char *problem = NULL;
	struct configuration files;
	int r;

	*ret_text = NULL;
	r = configuration_load(ctl->root, settings_forced_profile(in_force), &files, &problem);
	if (r == -EACCES || r == -ENOMEM)
		return r == -EACCES ? 0 : r;
	if (r < 0) {
		*ret_text = problem ? take_ptr(problem) : strdup(strerror(-r));
		return *ret_text ? 0 : -ENOMEM;
	}
	r = settings_describe(&files, in_force, ret_text);
	configuration_done(&files);
	return r;
}

enum {
	COL_SECTION,
	COL_SETTING,
	COL_VALUE,
	COL_ORIGIN,
};

static const struct output_column columns[] = {
	[COL_SECTION] = { "SECTION" },
	[COL_SETTING] = { "SETTING" },
	[COL_VALUE] = { "VALUE", SCOLS_FL_WRAP },
	[COL_ORIGIN] = { "ORIGIN" },
};

static void settings_print_table(const struct ctl *ctl, json_object *list)
{
	_cleanup_table_ struct libscols_table *table =
		output_table(ctl, columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *entry = json_object_array_get_idx(list, i);
		struct libscols_line *line = output_line(table, NULL);

		output_cell(line, COL_SECTION, props_string(entry, MEMBER_SECTION));
		output_cell(line, COL_SETTING, props_string(entry, MEMBER_KEY));
		output_cell(line, COL_VALUE, props_string(entry, MEMBER_VALUE));
		output_cell(line, COL_ORIGIN, props_string(entry, MEMBER_ORIGIN));
	}
	scols_print_table(table);
}

int verb_settings(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_json_ json_object *list = NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	r = remote_connect(&bus);
	if (r == CTL_OK)
		r = settings_get(bus, &list);
	if (r != CTL_OK)
		return r;
	output_page(ctl);
	if (ctl->json != JSON_OFF)
		output_json(ctl, list);
	else
		settings_print_table(ctl, list);
	return CTL_OK;
}
