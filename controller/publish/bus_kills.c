/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kills: where the kernel's OOM killer struck lately
 *
 *    the probe of the killer ──▶ the victim's cgroup ──▶ a note with its path
 *    memory.events, by a step ──▶ kills that no probe named ──▶ a note with the path of the group
 *
 * A unit whose process was killed ends, and its cgroup with it. So the notes keep names, and
 * outlive the groups. A kill is noted once: the counters count what the probe has named already.
 */

#include <stdio.h>
#include <string.h>

#include "controller/publish/bus_internal.h"

/* The one for that path, or the oldest, emptied. */
static struct kill_note *find_note(struct bus *bus, const char *path)
{
	struct kill_note *oldest = &bus->kills[0];

	for (size_t i = 0; i < BUS_MAX_KILLS; i++) {
		if (strcmp(bus->kills[i].path, path) == 0)
			return &bus->kills[i];
		if (bus->kills[i].last_usec < oldest->last_usec)
			oldest = &bus->kills[i];
	}
	*oldest = (struct kill_note){};
	snprintf(oldest->path, sizeof(oldest->path), "%s", path);
	return oldest;
}

static void note(struct bus *bus, const struct group *group, uint64_t n)
{
	const struct group_state *state = state_group(bus->config.state, group->slot, group->id);
	struct kill_note *kills;

	if (strlen(group->shown) >= sizeof(kills->path))
		return;
	kills = find_note(bus, group->shown);
	if (bus_now(bus) > kills->last_usec + BUS_KILL_KEPT_USEC)
		kills->n = 0;
	kills->n += n;
	kills->last_usec = bus_now(bus);
	kills->limit_bytes = BYTES_UNLIMITED;
	if (state && state->seen.has & GROUP_HAS_LIMIT)
		kills->limit_bytes = state->seen.limit_bytes;
}

void bus_note_victim(struct bus *bus, const struct kernel_event *victim)
{
	group_set_foreach(bus->config.groups, group) {
		if (group->id != victim->group_id)
			continue;
		note(bus, group, 1);
		bus->n_named_kills++;
		return;
	}
}

/* How many of its own were not noted yet. */
static uint64_t take_new(struct published_group *told, const struct group_state *state)
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
	n_unnamed = u64_sub(state->n_killed - bus->n_counted_kills, bus->n_named_kills);
	bus->n_named_kills = u64_sub(bus->n_named_kills, state->n_killed - bus->n_counted_kills);
	bus->n_counted_kills = state->n_killed;
	for (uint32_t slot = 1; slot < state->n_groups_used; slot++) {
		const struct group *group = group_set_get(bus->config.groups, slot);
		uint64_t n_new = take_new(&bus->groups[slot], &state->groups[slot]);

		n_new = u64_min(n_new, n_unnamed);
		if (n_new == 0 || !group || group->id != state->groups[slot].id)
			continue;
		note(bus, group, n_new);
		n_unnamed -= n_new;
	}
}
