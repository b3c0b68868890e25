/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/bus/bus_internal.h"
#include "controller/groups/unit_name.h"

static int bus_brake_append_brake(struct bus *bus, sd_bus_message *signal,
				  const struct brake_change *change)
{
	const char *path = bus_group_name(bus, change->group_slot, change->group_id);
	char unit[256];
	int r;

	r = sd_bus_message_append(signal, "tssst", change->id, path, brake_name(change->brake),
				  reason_name(change->reason), change->until_usec);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(signal, 'a', "{sv}");
	if (r < 0)
		return r;
	r = sd_bus_message_append(
		signal, "{sv}{sv}{sv}{sv}{sv}{sv}", "EpisodeId", "t", change->episode_id, "DryRun",
		"b", bus->dry_run, "ShortControlGroup", "s",
		bus_group_name(bus, change->short_slot, change->short_id), "TimeLeftUSec", "t",
		change->time_left_usec, "Headroom", "t", change->headroom_bytes, "Unit", "s",
		unit_name_from_path(path, unit, sizeof(unit)) ? unit : "");
	return r < 0 ? r : sd_bus_message_close_container(signal);
}

int bus_tell_brake(struct bus *bus, const struct brake_change *change)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
	int r;

	r = sd_bus_message_new_signal(bus->connection, &signal, BUS_PATH, BUS_MANAGER_INTERFACE,
				      "BrakeChanged");
	if (r < 0)
		return r;
	r = bus_brake_append_brake(bus, signal, change);
	return r < 0 ? r : sd_bus_send(bus->connection, signal, NULL);
}
