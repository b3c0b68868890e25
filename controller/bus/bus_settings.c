/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings on the bus: what is in force, and what is wrong with what is not
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/printable.h"
#include "controller/bus/bus_error.h"
#include "controller/bus/bus_internal.h"

static int bus_settings_append_remarks(sd_bus_message *reply, const struct remarks *remarks)
{
	int r;

	r = sd_bus_message_open_container(reply, 'a', "s");
	for (size_t i = 0; r >= 0 && i < remarks->n; i++)
		r = sd_bus_message_append(reply, "s", remarks->list[i]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_reload(struct bus *bus, sd_bus_message *call, const struct caller *caller,
	       sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(remarks_done) struct remarks remarks = {};
	_cleanup_free_ char *problem = NULL;
	int r;

	r = bus->config.hooks.reload(bus->config.hooks.data, &remarks, &problem);
	if (r < 0)
		return sd_bus_error_set(error, BUS_ERROR_POLICY_INVALID,
					problem ? problem : strerror(-r));
	r = sd_bus_message_new_method_return(call, &reply);
	if (r >= 0)
		r = bus_settings_append_remarks(reply, &remarks);
	return r < 0 ? r : sd_bus_message_send(reply);
}

static int bus_settings_append_settings(sd_bus_message *reply, const struct setting_list *list)
{
	int r;

	r = sd_bus_message_open_container(reply, 'a', "(ssss)");
	for (size_t i = 0; r >= 0 && i < list->n; i++)
		r = sd_bus_message_append(reply, "(ssss)", list->entries[i].section,
					  list->entries[i].key, list->entries[i].value,
					  list->entries[i].origin);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_get_settings(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(setting_list_done) struct setting_list list = {};
	struct bus *bus = userdata;
	int r;

	r = bus->config.hooks.list_settings(bus->config.hooks.data, &list);
	if (r < 0)
		return r;
	r = sd_bus_message_new_method_return(call, &reply);
	if (r >= 0)
		r = bus_settings_append_settings(reply, &list);
	return r < 0 ? r : sd_bus_message_send(reply);
}

int bus_get_problems(sd_bus *connection, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply, void *userdata,
		     sd_bus_error *error)
{
	const struct problems *problems = ((const struct bus *)userdata)->config.problems;
	int r;

	r = sd_bus_message_open_container(reply, 'a', "(sst)");
	for (size_t i = 0; r >= 0 && i < problems->n; i++) {
		const struct problem *p = &problems->list[i];

		r = sd_bus_message_append(reply, "(sst)", p->name, p->text ? p->text : "",
					  p->since_usec);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The last entry stands for those that found no room in the list. */
int bus_get_unfollowed(sd_bus *connection, const char *path, const char *interface,
		       const char *property, sd_bus_message *reply, void *userdata,
		       sd_bus_error *error)
{
	const struct bus *bus = userdata;
	const struct unfollowed *unfollowed = group_set_unfollowed(bus->config.groups);
	char shown[PATH_MAX], more[32];
	int r;

	r = sd_bus_message_open_container(reply, 'a', "(ssb)");
	for (size_t i = 0; r >= 0 && i < unfollowed->n; i++) {
		const struct unfollowed_group *group = &unfollowed->list[i];

		r = sd_bus_message_append(reply, "(ssb)",
					  printable(group->path, shown, sizeof(shown)),
					  unfollowed_reason(group), group->is_all_below);
	}
	if (r >= 0 && unfollowed->n_more > 0) {
		snprintf(more, sizeof(more), "%zu more", unfollowed->n_more);
		r = sd_bus_message_append(reply, "(ssb)", "", more, false);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_get_degraded(sd_bus *connection, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply, void *userdata,
		     sd_bus_error *error)
{
	const struct bus *bus = userdata;
	int degraded = observer_degradations(bus->config.observer) != 0 ||
		       bus->config.problems->n > 0;

	return sd_bus_message_append(reply, "b", degraded);
}

int bus_get_degraded_reasons(sd_bus *connection, const char *path, const char *interface,
			     const char *property, sd_bus_message *reply, void *userdata,
			     sd_bus_error *error)
{
	const struct bus *bus = userdata;
	uint32_t bits = observer_degradations(bus->config.observer);
	int r;

	r = sd_bus_message_open_container(reply, 'a', "s");
	for (uint32_t bit = 1; r >= 0 && bit && bit <= bits; bit <<= 1)
		if (bits & bit)
			r = sd_bus_message_append(reply, "s", degradation_name(bit));
	for (size_t i = 0; r >= 0 && i < bus->config.problems->n; i++)
		r = sd_bus_message_append(reply, "s", bus->config.problems->list[i].name);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}
