/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection
 *
 *              open                   Connected              name acquired
 *    apart ───────────▶ connecting ─────────────▶ connected ─────────────▶ named
 *      ▲                    │                         │                      │
 *      └──── 250 ms … 10 s ─┴────── Disconnected ─────┴──────────────────────┘
 *
 * No step waits: connecting watches for the socket to appear (inotify, by sd-bus), the hello and
 * the request for the name are asynchronous calls. While another process owns the name, the bus
 * keeps us in its queue and gives us the name when that one leaves. Objects belong to a connection
 * and are added to each new one; agents belong to it too and are dropped with it.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/bus/bus.h"
#include "controller/bus/bus_error.h"
#include "controller/bus/bus_internal.h"

#define BUS_LOCAL	   "org.freedesktop.DBus.Local"
#define BUS_ADDRESS_SYSTEM "unix:path=/run/dbus/system_bus_socket"

/* A restarting bus is back within this; a broken one is not asked more often than the longest. */
#define BUS_RETRY_FIRST_USEC   (250 * USEC_PER_MSEC)
#define BUS_RETRY_LONGEST_USEC (10 * USEC_PER_SEC)

static void bus_retry_later(struct bus *bus);

uint64_t bus_now(const struct bus *bus)
{
	uint64_t now_usec = 0;

	sd_event_now(bus->config.event, CLOCK_MONOTONIC, &now_usec);
	return now_usec;
}

static const char *bus_address(void)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");

	return address ? address : BUS_ADDRESS_SYSTEM;
}

/* Everything that lived on the connection is forgotten; the connection itself is not touched. */
static void bus_forget(struct bus *bus)
{
	bus->connected = false;
	bus->named = false;
	if (bus->keeper)
		agents_keeper_pause(bus->keeper);
	agents_drop_all(bus->agents);
	callers_drop_all(&bus->callers);
	bus_drop_orders(bus);
}

static void bus_close(struct bus *bus)
{
	if (!bus->connection)
		return;
	bus_forget(bus);
	sd_bus_detach_event(bus->connection);
	sd_bus_close(bus->connection);
	bus->connection = sd_bus_unref(bus->connection);
}

/* The name is ours: from here on everything is told. */
static void bus_became_named(struct bus *bus)
{
	if (bus->named)
		return;
	bus->named = true;
	bus->said_why = false;
	bus->retry_delay_usec = BUS_RETRY_FIRST_USEC;
	bus_published_reset(bus);
	log_info("On the bus as %s", BUS_NAME);
	if (bus->keeper)
		agents_keeper_resume(bus->keeper, bus->connection);
}

static int bus_on_name_acquired(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	const char *name;

	if (sd_bus_message_read(message, "s", &name) >= 0 && strcmp(name, BUS_NAME) == 0)
		bus_became_named(bus);
	return 0;
}

static int bus_on_name_requested(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	enum { PRIMARY_OWNER = 1, IN_QUEUE = 2, EXISTS = 3, ALREADY_OWNER = 4 };
	struct bus *bus = userdata;
	uint32_t answer = 0;

	if (sd_bus_message_is_method_error(reply, NULL)) {
		log_error("The bus refuses the name %s: %s; is %s.conf installed in "
			  "/usr/share/dbus-1/system.d?",
			  BUS_NAME, sd_bus_message_get_error(reply)->message, BUS_NAME);
		bus_retry_later(bus);
		return 0;
	}
	if (sd_bus_message_read(reply, "u", &answer) < 0)
		return 0;
	if (answer == PRIMARY_OWNER || answer == ALREADY_OWNER)
		bus_became_named(bus);
	else
		log_error("Another process owns %s (see `busctl status %s`): nobody can talk to "
			  "this reliefd on D-Bus until it leaves",
			  BUS_NAME, BUS_NAME);
	return 0;
}

static int bus_on_connected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	int r;

	bus->connected = true;
	r = sd_bus_match_signal_async(bus->connection, NULL, "org.freedesktop.DBus",
				      "/org/freedesktop/DBus", "org.freedesktop.DBus",
				      "NameAcquired", bus_on_name_acquired, NULL, bus);
	if (r >= 0)
		r = sd_bus_request_name_async(bus->connection, NULL, BUS_NAME, SD_BUS_NAME_QUEUE,
					      bus_on_name_requested, bus);
	if (r < 0) {
		log_errno(r, "Cannot ask the bus for the name %s", BUS_NAME);
		bus_retry_later(bus);
	}
	return 0;
}

static int bus_on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;

	if (!bus->said_why && bus->connected)
		log_warning("Lost the bus; agents on it are unregistered, channels go on");
	else if (!bus->said_why)
		log_warning("The bus at %s refuses us; retrying", bus_address());
	bus->said_why = true;
	bus_forget(bus);
	bus_retry_later(bus);
	return 0;
}

static int bus_add_objects(struct bus *bus)
{
	int r;

	r = sd_bus_add_object_manager(bus->connection, NULL, BUS_PATH);
	if (r < 0)
		return r;
	r = bus_add_manager(bus);
	if (r < 0)
		return r;
	r = bus_add_groups(bus);
	if (r < 0)
		return r;
	return bus_add_modules(bus);
}

static int bus_match_local(struct bus *bus, const char *member, sd_bus_message_handler_t handler)
{
	/* Synthesised by sd-bus itself: no traffic. */
	return sd_bus_match_signal_async(bus->connection, NULL, BUS_LOCAL, NULL, BUS_LOCAL, member,
					 handler, NULL, bus);
}

static int bus_configure(struct bus *bus)
{
	int r;

	r = sd_bus_set_description(bus->connection, "reliefd");
	if (r < 0)
		return r;
	r = sd_bus_set_address(bus->connection, bus_address());
	if (r < 0)
		return r;
	r = sd_bus_set_bus_client(bus->connection, true);
	if (r < 0)
		return r;
	r = sd_bus_set_watch_bind(bus->connection, true);
	if (r < 0)
		return r;
	r = sd_bus_set_connected_signal(bus->connection, true);
	if (r < 0)
		return r;
	r = bus_match_local(bus, "Connected", bus_on_connected);
	if (r < 0)
		return r;
	r = bus_match_local(bus, "Disconnected", bus_on_disconnected);
	if (r < 0)
		return r;
	return bus_add_objects(bus);
}

static int bus_open(struct bus *bus)
{
	int r;

	r = sd_bus_new(&bus->connection);
	if (r < 0)
		return r;
	r = bus_configure(bus);
	if (r < 0)
		return r;
	r = sd_bus_start(bus->connection);
	if (r < 0)
		return r;
	return sd_bus_attach_event(bus->connection, bus->config.event, SD_EVENT_PRIORITY_NORMAL);
}

/* Closes what there is and tries again after the present delay, which doubles. */
static int bus_on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct bus *bus = userdata;
	int r;

	bus_close(bus);
	r = bus_open(bus);
	if (r < 0) {
		if (!bus->said_why)
			log_errno(r, "Cannot connect to the bus at %s; retrying", bus_address());
		bus->said_why = true;
		bus_close(bus);
		bus_retry_later(bus);
	}
	return 0;
}

static void bus_retry_later(struct bus *bus)
{
	int r;

	r = sd_event_source_set_time_relative(bus->retry, bus->retry_delay_usec);
	if (r >= 0)
		r = sd_event_source_set_enabled(bus->retry, SD_EVENT_ONESHOT);
	if (r < 0)
		log_errno(r, "Cannot plan the next try to reach the bus");
	bus->retry_delay_usec = u64_min(2 * bus->retry_delay_usec, BUS_RETRY_LONGEST_USEC);
}

static int bus_build(struct bus *bus)
{
	const struct state_limits *limits = &bus->config.state->limits;
	int r;

	bus->groups = calloc(limits->max_groups, sizeof(*bus->groups));
	bus->modules = calloc(limits->max_modules, sizeof(*bus->modules));
	if (!bus->groups || !bus->modules)
		return -ENOMEM;
	r = bus_error_register();
	if (r < 0)
		return r;
	r = agents_new(&bus->agents, bus->config.registry);
	if (r < 0)
		return r;
	if (bus->config.agents_file) {
		r = agents_keeper_new(&bus->keeper, bus->agents, bus->config.registry,
				      &(struct agents_keeper_config){
					      .event = bus->config.event,
					      .path = bus->config.agents_file,
					      .problems = bus->config.problems,
					      .wake = bus->config.wake,
				      });
		if (r < 0)
			return r;
	}
	/* The first try comes with the first turn of the loop, as every later one. */
	r = sd_event_add_time_relative(bus->config.event, &bus->retry, CLOCK_MONOTONIC, 0, 0,
				       bus_on_retry, bus);
	if (r < 0)
		return r;
	sd_event_source_set_description(bus->retry, "bus-retry");
	return bus_publish_listen(bus);
}

int bus_new(struct bus **ret, const struct bus_config *config)
{
	_cleanup_(bus_free_cleanup) struct bus *bus = calloc(1, sizeof(*bus));
	int r;

	if (!bus)
		return -ENOMEM;
	bus->config = *config;
	bus->callers.bus = bus;
	bus->dry_run = config->dry_run;
	bus->retry_delay_usec = BUS_RETRY_FIRST_USEC;
	r = bus_build(bus);
	if (r < 0)
		return r;
	*ret = take_ptr(bus);
	return 0;
}

struct bus *bus_free(struct bus *bus)
{
	if (!bus)
		return NULL;
	bus->retry = sd_event_source_disable_unref(bus->retry);
	if (bus->keeper)
		agents_keeper_stop(bus->keeper); /* while the agents are there */
	bus_close(bus);
	agents_free(bus->agents);
	agents_keeper_free(bus->keeper);
	free(bus->groups);
	free(bus->modules);
	free(bus);
	return NULL;
}

bool bus_is_connected(const struct bus *bus)
{
	return bus->named;
}
