/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LevelChanged, EpisodeEnded, and the group that grew: what is sent about a shortage as a whole
 */

#include "controller/bus/bus_internal.h"
#include "controller/journal/tally.h"

const struct tally_grower *bus_grower_of(const struct bus *bus, uint64_t episode_id)
{
	const struct tally *tally =
		bus->config.tallies ? tallies_of_episode(bus->config.tallies, episode_id) : NULL;

	return tally && tally->grower.growth_bytes > 0 ? &tally->grower : NULL;
}

/* The last argument of both signals. episode_id: 0 where it is an argument already. */
static int bus_episode_append_details(sd_bus_message *signal, uint64_t episode_id,
				      const struct tally_grower *grower)
{
	int r;

	r = sd_bus_message_open_container(signal, 'a', "{sv}");
	if (r >= 0 && episode_id != 0)
		r = sd_bus_message_append(signal, "{sv}", "EpisodeId", "t", episode_id);
	if (r >= 0 && grower)
		r = sd_bus_message_append(signal, "{sv}{sv}", "Grower", "s", grower->cgroup,
					  "GrowerBytesPerSecond", "t", grower->growth_bytes);
	return r < 0 ? r : sd_bus_message_close_container(signal);
}

int bus_tell_level_change(struct bus *bus, const struct level_change *change)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
	int r;

	r = bus_new_signal(bus, "LevelChanged", &signal);
	if (r < 0)
		return r;
	r = sd_bus_message_append(
		signal, "sssssst", bus_group_name(bus, change->group_slot, change->group_id),
		level_name(change->old_level), level_name(change->new_level),
		attribution_name(change->attribution), signal_name(change->signal),
		reason_name(change->reason), bus->config.state->now_usec);
	if (r < 0)
		return r;
	r = bus_episode_append_details(signal, change->episode_id,
				       bus_grower_of(bus, change->episode_id));
	return r < 0 ? r : sd_bus_send(bus->connection, signal, NULL);
}

int bus_tell_episode(struct bus *bus, const struct episode_report *report)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
	uint64_t freed_bytes = 0;
	int r;

	for (size_t i = 0; i < N_RUNGS; i++)
		freed_bytes = u64_add(freed_bytes, report->measured_bytes[i]);
	r = bus_new_signal(bus, "EpisodeEnded", &signal);
	if (r < 0)
		return r;
	r = sd_bus_message_append(signal, "tsstt", report->episode_id,
				  bus_group_name(bus, report->group_slot, report->group_id),
				  level_name(report->peak_level), freed_bytes,
				  report->duration_usec);
	if (r < 0)
		return r;
	r = bus_episode_append_details(signal, 0, bus_grower_of(bus, report->episode_id));
	return r < 0 ? r : sd_bus_send(bus->connection, signal, NULL);
}
