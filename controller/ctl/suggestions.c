/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suggestions: what a person could do where reliefd itself does nothing or not enough
 */

#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"

/* The members of one entry, in the order of the bus; the numbers follow as a dictionary. */
static const char *const members[] = { "Kind", "Severity", API_CONTROL_GROUP, "Object", "Text" };

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static const char *suggestions_colour_of(const char *severity)
{
	if (strcmp(severity, "critical") == 0)
		return "red";
	return strcmp(severity, "warning") == 0 ? "yellow" : NULL;
}

/* An array of the bus as an object with names, the numbers beside the words. */
static json_object *suggestions_name_members(json_object *entry)
{
	json_object *named = json_object_new_object(), *numbers;

	for (size_t i = 0; i < N_MEMBERS; i++)
		json_object_object_add(named, members[i],
				       json_object_get(json_object_array_get_idx(entry, i)));
	numbers = json_object_array_get_idx(entry, N_MEMBERS);
	json_object_object_foreach(numbers, name, value)
		json_object_object_add(named, name, json_object_get(value));
	return named;
}

static int suggestions_get_suggestions(sd_bus *bus, json_object **ret)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_json_ json_object *entries = NULL;
	json_object *list;
	int r;

	r = remote_call(NULL, bus, API_PATH, API_I_MANAGER, API_GET_SUGGESTIONS, 0, &error, &reply,
			NULL);
	if (r >= 0)
		r = remote_read_json(reply, &entries);
	if (r < 0)
		return remote_error(&error, r, "Cannot ask for suggestions");
	list = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(entries); i++)
		json_object_array_add(
			list, suggestions_name_members(json_object_array_get_idx(entries, i)));
	*ret = list;
	return CTL_OK;
}

static void suggestions_print_suggestion(json_object *suggestion)
{
	const char *severity = props_string(suggestion, "Severity");
	const char *colour = suggestions_colour_of(severity);

	printf("%s%s%s: %s.\n", output_colour_begin(colour), severity, output_colour_end(colour),
	       props_string(suggestion, "Text"));
}

int verb_suggestions(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_json_ json_object *list = NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	r = suggestions_get_suggestions(bus, &list);
	if (r != CTL_OK)
		return r;
	output_page(ctl);
	if (ctl->json != JSON_OFF) {
		output_json(ctl, list);
		return CTL_OK;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++)
		suggestions_print_suggestion(json_object_array_get_idx(list, i));
	if (json_object_array_length(list) == 0 && !ctl->quiet)
		printf("Nothing to suggest.\n");
	return CTL_OK;
}
