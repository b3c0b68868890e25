/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relieve(): an order that is answered when it is done
 *
 * The order goes through decide() like everything that changes the course; the call waits here
 * until decision.orders brings its number back with what was measured.
 */

#include <errno.h>
#include <string.h>

#include "controller/bus/bus_error.h"
#include "controller/bus/bus_internal.h"
#include "controller/groups/group_preference.h"

static struct waiting_order *bus_order_find(struct bus *bus, uint64_t order_id)
{
	for (size_t i = 0; i < BUS_MAX_ORDERS; i++)
		if (bus->orders[i].call && bus->orders[i].order_id == order_id)
			return &bus->orders[i];
	return NULL;
}

static struct waiting_order *bus_order_find_free(struct bus *bus)
{
	for (size_t i = 0; i < BUS_MAX_ORDERS; i++)
		if (!bus->orders[i].call)
			return &bus->orders[i];
	return NULL;
}

static int bus_order_too_many_orders(sd_bus_error *error)
{
	return sd_bus_error_set(error, BUS_ERROR_TOO_MANY_ORDERS,
				"Too many calls of Relieve() are being worked on; wait for one to "
				"end and try again");
}

static int bus_order_read_max_rung(const char *max_rung, enum rung *ret, sd_bus_error *error)
{
	enum rung rung = RUNG_RECLAIM; /* the last one there is */

	if (max_rung[0] && (rung_from_name(max_rung, &rung) < 0 || rung == RUNG_NONE))
		return sd_bus_error_setf(
			error, BUS_ERROR_INVALID_ARGUMENT,
			"There is no rung '%s'; use warn, shed, unload, reclaim, or "
			"nothing for all of them",
			max_rung);
	*ret = rung;
	return 0;
}

/* An order that names it is a mistake; one for a group above it passes it over. */
static int bus_order_refuse_excluded(struct bus *bus, const struct group *group,
				     sd_bus_error *error)
{
	struct preferences found;
	char origin[BUS_ORIGIN_SIZE];

	group_set_preferences(bus->config.groups, group, &found);
	return sd_bus_error_setf(error, BUS_ERROR_EXCLUDED,
				 "Nothing is taken from %s: it is excluded by %s; change that "
				 "setting and run reliefctl reload, or name another group",
				 group->shown,
				 group_preference_origin(&found.exclude, "Exclude",
							 bus->config.profile->name, origin,
							 sizeof(origin)));
}

int bus_relieve(struct bus *bus, sd_bus_message *call, const struct group *group, uint64_t bytes,
		const char *max_rung, sd_bus_error *error)
{
	struct waiting_order *order;
	enum rung rung = RUNG_NONE;
	int r;

	if (bytes == 0)
		return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGUMENT,
					"0 bytes were asked for; say how many should be freed");
	r = bus_order_read_max_rung(max_rung, &rung, error);
	if (r < 0)
		return r;
	if ((group->flags & GROUP_IS_EXCLUDED) && rung > RUNG_WARN)
		return bus_order_refuse_excluded(bus, group, error);
	order = bus_order_find_free(bus);
	if (!order)
		return bus_order_too_many_orders(error);
	r = bus->config.hooks.relieve(bus->config.hooks.data, group->slot, group->id, bytes, rung,
				      &order->order_id);
	if (r == -EBUSY)
		return bus_order_too_many_orders(error);
	if (r < 0)
		return r;
	order->call = sd_bus_message_ref(call);
	return 1; /* answered by bus_answer_orders() */
}

void bus_answer_orders(struct bus *bus, const struct decision *decision)
{
	for (size_t i = 0; i < decision->n_orders; i++) {
		const struct order_report *report = &decision->orders[i];
		struct waiting_order *order = bus_order_find(bus, report->order_id);

		if (!order)
			continue;
		sd_bus_reply_method_return(order->call, "tt", report->measured_bytes,
					   report->claimed_bytes);
		order->call = sd_bus_message_unref(order->call);
	}
}

void bus_drop_orders(struct bus *bus)
{
	for (size_t i = 0; i < BUS_MAX_ORDERS; i++)
		bus->orders[i].call = sd_bus_message_unref(bus->orders[i].call);
}
