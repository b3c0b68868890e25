/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kills: of groups, as the probe and the counters tell of them
 *
 *    the probe of the killer ──▶ the victim's cgroup ──▶ kill_notes: paths and numbers,
 *    memory.events, by a step ──▶ kills that no probe named ──▶ which outlive the groups
 */

#include "controller/bus/bus.h"
#include "controller/bus/bus_internal.h"

/* memory.max of the group now. */
static uint64_t bus_kills_limit_of(const struct bus *bus, const struct group *group)
{
	const struct group_state *state = state_group(bus->config.state, group->slot, group->id);

	return state && state->seen.has & GROUP_HAS_LIMIT ? state->seen.limit_bytes
							  : BYTES_UNLIMITED;
}

void bus_note_victim(struct bus *bus, const struct kernel_event *victim)
{
	group_set_foreach(bus->config.groups, group) {
		if (group->id != victim->group_id)
			continue;
		kill_notes_name(&bus->kills, group->shown, bus_kills_limit_of(bus, group),
				bus_now(bus));
		return;
	}
}

/* How many of its own were not noted yet. */
static uint64_t bus_kills_take_new(struct published_group *told, const struct group_state *state)
{
	uint64_t n_own = suggestion_own_kills(state), n_new;

	if (told->id != state->id) /* another group in this slot: it was announced calm */
		*told = (struct published_group){ .id = state->id };
	n_new = u64_sub(n_own, told->n_own_kills);
	told->n_own_kills = n_own;
	return n_new;
}

void bus_note_kills(struct bus *bus)
{
	const struct state *state = bus->config.state;
	uint64_t n_unnamed;

	if (state->n_killed == bus->n_counted_kills)
		return;
	n_unnamed = kill_notes_take_counted(&bus->kills, state->n_killed - bus->n_counted_kills);
	bus->n_counted_kills = state->n_killed;
	for (uint32_t slot = 1; slot < state->n_groups_used; slot++) {
		const struct group *group = group_set_get(bus->config.groups, slot);
		uint64_t n_new = bus_kills_take_new(&bus->groups[slot], &state->groups[slot]);

		n_new = u64_min(n_new, n_unnamed);
		if (n_new == 0 || !group || group->id != state->groups[slot].id)
			continue;
		kill_notes_count(&bus->kills, group->shown, n_new, bus_kills_limit_of(bus, group),
				 bus_now(bus));
		n_unnamed -= n_new;
	}
}
