/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show: every property of one object, in the form of systemctl show
 */

#include <ctype.h>
#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"

/* Properties with "no value" print like systemd's: [not set]. */
#define NOT_SET "[not set]"

static void show_print_value(json_object *value)
{
	if (!value) {
		printf(NOT_SET "\n");
	} else if (json_object_is_type(value, json_type_boolean)) {
		printf("%s\n", json_object_get_boolean(value) ? "yes" : "no");
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			printf("%s%s", i > 0 ? " " : "",
			       json_object_get_string(json_object_array_get_idx(value, i)));
		printf("\n");
	} else {
		printf("%s\n", json_object_get_string(value));
	}
}

static void show_print_property(const struct ctl *ctl, const char *name, json_object *value)
{
	if (!ctl->value)
		printf("%s=", name);
	show_print_value(value);
}

/* Only those of -p, in its order. Returns: an exit status. */
static int show_select_properties(const struct ctl *ctl, json_object *props, json_object **ret)
{
	json_object *selected = json_object_new_object(), *value;

	for (size_t i = 0; i < ctl->n_properties; i++) {
		if (!json_object_object_get_ex(props, ctl->properties[i], &value)) {
			json_object_put(selected);
			return ctl_error("There is no property %s here; reliefctl show without -p "
					 "lists them",
					 ctl->properties[i]);
		}
		json_object_object_add(selected, ctl->properties[i], json_object_get(value));
	}
	*ret = selected;
	return CTL_OK;
}

/* "m3", "module/3" and "3" are modules. */
static const char *show_module_number(const char *name)
{
	const char *number = name;

	if (strncmp(number, "module/", 7) == 0)
		number += 7;
	if (*number == 'm')
		number++;
	return *number && strspn(number, "0123456789") == strlen(number) ? number : NULL;
}

static const char *show_interface_of_path(const char *path)
{
	if (strcmp(path, API_PATH) == 0)
		return API_I_MANAGER;
	return strncmp(path, API_MODULE, strlen(API_MODULE)) == 0 ? API_I_MODULE : API_I_GROUP;
}

static int show_find_object(sd_bus *bus, const char *name, char **ret_path)
{
	const char *number = name ? show_module_number(name) : NULL;
	int n;

	if (name && strncmp(name, API_PATH, strlen(API_PATH)) != 0 && !number)
		return remote_find_group(bus, name, ret_path);
	if (number)
		n = asprintf(ret_path, "%s%s", API_MODULE, number);
	else
		n = asprintf(ret_path, "%s", name ? name : API_PATH);
	return n < 0 ? ctl_error("Out of memory") : CTL_OK;
}

static int show_print_properties(const struct ctl *ctl, json_object *props)
{
	_cleanup_json_ json_object *selected = NULL;
	int r;

	if (ctl->n_properties > 0) {
		r = show_select_properties(ctl, props, &selected);
		if (r != CTL_OK)
			return r;
		props = selected;
	}
	if (ctl->json != JSON_OFF) {
		output_json(ctl, props);
		return CTL_OK;
	}
	json_object_object_foreach(props, name, value) show_print_property(ctl, name, value);
	return CTL_OK;
}

int verb_show(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	_cleanup_json_ json_object *props = NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	r = show_find_object(bus, argc > 0 ? argv[0] : NULL, &path);
	if (r != CTL_OK)
		return r;
	r = remote_get_all(bus, path, show_interface_of_path(path), &props);
	if (r != CTL_OK)
		return r;
	output_page(ctl);
	return show_print_properties(ctl, props);
}
