/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Plant
 *
 *	total = base + used of all groups - swapped + what swapped pages cost + cache + free
 *
 * File cache counts as available, as in MemAvailable. When there is no room for used memory,
 * pages are swapped out, first to zram, then to disk; tasks stall meanwhile. With swap full the
 * kernel kills the largest group. At its own limit a group first loses its cache, with a stall
 * and an event, then the largest inside it is killed.
 *
 * With the tripwire every charge counts for the group, for the limited ones above it and for the
 * host; when a budget is spent that is told at once. Frozen groups take no more memory, throttled
 *ones a little.
 */

#include "controller/simulate/plant.h"

#include <string.h>

#define SLICE_USEC (10 * USEC_PER_MSEC)
/* Group ids of a plant: told apart from slots at a glance. */
#define FIRST_GROUP_ID	1000
#define FIRST_MODULE_ID 2000
/* Share of time that tasks lose while the kernel swaps, and while it drops cache at a limit. */
#define SWAP_SOME_BP  4000
#define SWAP_FULL_BP  1500
#define LIMIT_SOME_BP 3000
/*
 * A throttled group goes on to this part above its memory.high: with 6 % over the kernel lets each
 * 64 pages wait for two seconds, the longest it ever does. Here that is taken at once.
 */
#define THROTTLE_LEAK 16

void plant_init(struct plant *plant, struct timeline *timeline)
{
	memset(plant, 0, sizeof(*plant));
	plant->zram_ratio = 2;
	plant->n_groups = 1;
	plant->now_usec = PLANT_START_USEC;
	plant->timeline = timeline;
	for (uint32_t i = 0; i < PLANT_GROUPS_MAX; i++) {
		struct group_reading *reading = &plant->groups[i].reading;

		reading->slot = i;
		reading->id = FIRST_GROUP_ID + i;
		reading->limit_bytes = BYTES_UNLIMITED;
		reading->high_bytes = BYTES_UNLIMITED;
		reading->has = GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_HIGH |
			       GROUP_HAS_RECLAIMABLE | GROUP_HAS_SWAP | GROUP_HAS_STALL |
			       GROUP_HAS_EVENTS;
	}
	for (uint32_t i = 0; i < PLANT_MODULES_MAX; i++) {
		plant->modules[i].reading.slot = i;
		plant->modules[i].reading.id = FIRST_MODULE_ID + i;
	}
}

uint64_t plant_swapped(const struct plant *plant)
{
	uint64_t sum = 0;

	for (uint32_t i = 1; i < plant->n_groups; i++)
		sum += plant->groups[i].swapped_bytes;
	return sum;
}

uint64_t plant_zram_stored(const struct plant *plant)
{
	return u64_min(plant_swapped(plant), plant->zram_bytes);
}

static uint64_t plant_in_use(const struct plant *plant)
{
	uint64_t sum = plant->base_bytes + plant_zram_stored(plant) / plant->zram_ratio;

	for (uint32_t i = 1; i < plant->n_groups; i++)
		sum += plant->groups[i].used_bytes - plant->groups[i].swapped_bytes;
	return sum;
}

uint64_t plant_available(const struct plant *plant)
{
	return u64_sub(plant->total_bytes, plant_in_use(plant));
}

uint64_t plant_own_current(const struct plant_group *group)
{
	return group->used_bytes - group->swapped_bytes + group->cache_bytes;
}

bool plant_is_inside(const struct plant *plant, uint32_t slot, uint32_t outer_slot)
{
	return slot == outer_slot || plant->groups[slot].reading.parent_slot == outer_slot;
}

uint64_t plant_current(const struct plant *plant, uint32_t slot)
{
	uint64_t sum = 0;

	for (uint32_t i = 1; i < plant->n_groups; i++)
		if (plant_is_inside(plant, i, slot))
			sum += plant_own_current(&plant->groups[i]);
	return sum;
}

int plant_start(struct plant *plant)
{
	uint64_t held = plant_in_use(plant);
	uint64_t taken = u64_sub(plant->total_bytes, plant->available_at_start_bytes);

	if (held > taken)
		return -EINVAL;
	for (uint32_t i = 0; i < plant->n_modules; i++)
		plant->modules[i].reading.last_used_usec =
			u64_sub(plant->now_usec, plant->modules[i].idle_usec);
	plant->base_bytes = taken - held;
	for (uint32_t i = 1; i < plant->n_groups; i++) {
		struct plant_group *group = &plant->groups[i];

		group->heard = true; /* whoever was never read is read */
		/* The first charge under a limit is told: it may be new to the judgement. */
		group->budget_bytes = group->reading.limit_bytes != BYTES_UNLIMITED;
	}
	return 0;
}

static void plant_spend(struct plant *plant, struct plant_group *group, uint64_t bytes)
{
	uint64_t budget_bytes = group->budget_bytes;

	if (budget_bytes == 0)
		return;
	group->budget_bytes = u64_sub(budget_bytes, bytes);
	if (group->budget_bytes > 0)
		return;
	group->heard = true;
	plant->tripped = true;
}

void plant_charge(struct plant *plant, uint32_t slot, uint64_t bytes)
{
	if (!(plant->machine_has & MACHINE_HAS_TRIPWIRE) || bytes == 0)
		return;
	while (slot != GROUP_SLOT_HOST) {
		plant_spend(plant, &plant->groups[slot], bytes);
		slot = plant->groups[slot].reading.parent_slot;
	}
	plant_spend(plant, &plant->groups[GROUP_SLOT_HOST], bytes);
}

/* How this group is held: by itself or with one above it. */
static enum brake plant_held_by(const struct plant *plant, uint32_t slot)
{
	for (; slot != GROUP_SLOT_HOST; slot = plant->groups[slot].reading.parent_slot)
		if (plant->groups[slot].brake != BRAKE_OFF)
			return plant->groups[slot].brake;
	return BRAKE_OFF;
}

static bool plant_is_frozen(const struct plant *plant, uint32_t slot)
{
	return plant_held_by(plant, slot) == BRAKE_FREEZE;
}

void plant_hold(struct plant *plant, uint32_t slot, enum brake brake, uint64_t until_usec)
{
	struct plant_group *group = &plant->groups[slot];

	if (group->brake == BRAKE_OFF)
		group->high_bytes = group->reading.high_bytes;
	group->brake = brake;
	group->held_until_usec = until_usec;
	group->reading.high_bytes = brake == BRAKE_THROTTLE ? plant_current(plant, slot)
							    : group->high_bytes;
}

void plant_free_used(struct plant_group *group, uint64_t bytes)
{
	group->used_bytes = u64_sub(group->used_bytes, bytes);
	group->swapped_bytes = u64_min(group->swapped_bytes, group->used_bytes);
}

void plant_unregister(struct plant *plant, uint32_t slot)
{
	plant->modules[slot].reading.id = 0;
}

void plant_vanish(struct plant *plant, uint32_t group_slot)
{
	struct plant_group *group = &plant->groups[group_slot];

	group->used_bytes = group->cache_bytes = group->swapped_bytes = 0;
	group->grow.active = group->read.active = false;
	group->gone = true;
	for (uint32_t i = 0; i < plant->n_modules; i++)
		if (plant->modules[i].reading.group_slot == group_slot)
			plant_unregister(plant, i);
	plant->woken = true;
}

static void plant_kill_group(struct plant *plant, struct plant_group *group)
{
	timeline_say(plant->timeline, plant->now_usec, group->name, "is killed by the kernel");
	plant->n_killed++;
	group->reading.n_oom_kill++;
	plant_vanish(plant, group->reading.slot);
}

/* The largest inside a group, or of all (GROUP_SLOT_HOST); NULL when nobody uses anything. */
static struct plant_group *plant_largest_inside(struct plant *plant, uint32_t outer_slot)
{
	struct plant_group *largest = NULL;

	for (uint32_t i = 1; i < plant->n_groups; i++)
		if (!plant->groups[i].gone && plant->groups[i].used_bytes > 0 &&
		    (outer_slot == GROUP_SLOT_HOST || plant_is_inside(plant, i, outer_slot)) &&
		    (!largest || plant->groups[i].used_bytes > largest->used_bytes))
			largest = &plant->groups[i];
	return largest;
}

/* Swaps out of the group that has most left in memory. Returns: whether that was possible. */
static bool plant_swap_out(struct plant *plant, uint64_t bytes)
{
	uint64_t room = u64_sub(plant->zram_bytes + plant->swap_bytes, plant_swapped(plant));
	struct plant_group *most = NULL;

	for (uint32_t i = 1; i < plant->n_groups; i++) {
		struct plant_group *group = &plant->groups[i];

		if (!most || group->used_bytes - group->swapped_bytes >
				     most->used_bytes - most->swapped_bytes)
			most = group;
	}
	bytes = u64_min(bytes, room);
	if (!most || bytes == 0 || most->used_bytes == most->swapped_bytes)
		return false;
	most->swapped_bytes += u64_min(bytes, most->used_bytes - most->swapped_bytes);
	return true;
}

/* Makes room when more is in use than there is. */
static void plant_press(struct plant *plant)
{
	while (plant_in_use(plant) > plant->total_bytes) {
		struct plant_group *victim;

		/* Each page on zram still costs a part of itself: twice the lack is enough. */
		if (plant_swap_out(plant, 2 * (plant_in_use(plant) - plant->total_bytes))) {
			plant->some_usec += SLICE_USEC * SWAP_SOME_BP / BP_ONE;
			plant->full_usec += SLICE_USEC * SWAP_FULL_BP / BP_ONE;
			plant->woken = true;
			continue;
		}
		victim = plant_largest_inside(plant, GROUP_SLOT_HOST);
		if (!victim)
			return;
		plant_kill_group(plant, victim);
	}
}

/* A group at its own limit loses its cache first, and that of those below. */
static void plant_hold_to_limit(struct plant *plant, struct plant_group *group)
{
	uint32_t slot = group->reading.slot;
	uint64_t over = u64_sub(plant_current(plant, slot), group->reading.limit_bytes);

	if (over == 0)
		return;
	for (uint32_t i = 1; i < plant->n_groups; i++) {
		uint64_t dropped = u64_min(over, plant->groups[i].cache_bytes);

		if (!plant_is_inside(plant, i, slot))
			continue;
		plant->groups[i].cache_bytes -= dropped;
		over -= dropped;
	}
	group->reading.n_max++;
	group->reading.some_usec += SLICE_USEC * LIMIT_SOME_BP / BP_ONE;
	plant->some_usec += SLICE_USEC * LIMIT_SOME_BP / BP_ONE;
	group->heard = true;
	plant->woken = true;
	if (over > 0)
		plant_kill_group(plant, plant_largest_inside(plant, slot));
}

/* What the modules of one group hold. */
static uint64_t plant_in_modules(const struct plant *plant, uint32_t slot)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < plant->n_modules; i++)
		if (plant->modules[i].reading.group_slot == slot)
			sum += plant->modules[i].reading.size_bytes;
	return sum;
}

static void plant_advance_drive(struct plant_drive *drive, uint64_t *bytes)
{
	uint64_t stride = drive->rate_bytes * SLICE_USEC / USEC_PER_SEC;

	if (!drive->active)
		return;
	*bytes = u64_min(*bytes + stride, u64_max(drive->until_bytes, *bytes));
	drive->active = *bytes < drive->until_bytes;
}

/* How much more a group's programs may take now, by how it is held. */
static uint64_t plant_room_to_grow(const struct plant *plant, const struct plant_group *group)
{
	uint64_t high_bytes = group->reading.high_bytes;

	switch (plant_held_by(plant, group->reading.slot)) {
	case BRAKE_OFF:
		return BYTES_UNLIMITED;
	case BRAKE_THROTTLE:
		return u64_sub(high_bytes + high_bytes / THROTTLE_LEAK,
			       plant_current(plant, group->reading.slot));
	default:
		return 0;
	}
}

/* What the programs of one group do in a slice. */
static void plant_live(struct plant *plant, struct plant_group *group)
{
	uint64_t before = group->used_bytes + group->cache_bytes, taken;
	uint64_t own_bytes, grown_bytes, room;

	if (group->brake != BRAKE_OFF && plant->now_usec >= group->held_until_usec)
		plant_hold(plant, group->reading.slot, BRAKE_OFF, 0);
	room = plant_room_to_grow(plant, group);
	if (room > 0) {
		own_bytes =
			u64_sub(group->used_bytes, plant_in_modules(plant, group->reading.slot));
		grown_bytes = own_bytes;
		plant_advance_drive(&group->grow, &grown_bytes);
		group->grow.active |= grown_bytes - own_bytes > room;
		group->used_bytes += u64_min(grown_bytes - own_bytes, room);
	}
	if (room == BYTES_UNLIMITED)
		plant_advance_drive(&group->read, &group->cache_bytes);
	taken = group->used_bytes + group->cache_bytes - before;
	group->growth_bytes = taken * (USEC_PER_SEC / SLICE_USEC);
	plant_charge(plant, group->reading.slot, taken);
}

/* A module that fills; its process is known, so that what it holds is seen. */
static void plant_fill(struct plant *plant, struct plant_module *module)
{
	struct plant_group *group = &plant->groups[module->reading.group_slot];
	uint64_t before = module->filled_bytes, taken;

	if (!module->fill.active || group->gone || plant_is_frozen(plant, group->reading.slot))
		return;
	plant_advance_drive(&module->fill, &module->filled_bytes);
	taken = module->filled_bytes - before;
	module->held_bytes += taken;
	module->reading.owner_bytes = module->held_bytes;
	if (!module->fills_quietly || !module->fill.active)
		module->reading.size_bytes = module->held_bytes;
	group->used_bytes += taken;
	group->growth_bytes += taken * (USEC_PER_SEC / SLICE_USEC);
	plant_charge(plant, group->reading.slot, taken);
}

static void plant_slice(struct plant *plant)
{
	for (uint32_t i = 1; i < plant->n_groups; i++) {
		struct plant_group *group = &plant->groups[i];
		uint64_t room = u64_sub(plant_available(plant), group->cache_bytes);

		plant_live(plant, group);
		group->cache_bytes = u64_min(group->cache_bytes, u64_max(room, MIB));
	}
	for (uint32_t i = 0; i < plant->n_modules; i++)
		plant_fill(plant, &plant->modules[i]);
	for (uint32_t i = 1; i < plant->n_groups; i++)
		plant_hold_to_limit(plant, &plant->groups[i]);
	plant_press(plant);
	plant->some_usec += SLICE_USEC * plant->stall_some_bp / BP_ONE;
	plant->full_usec += SLICE_USEC * plant->stall_full_bp / BP_ONE;
}

bool plant_answers(const struct plant *plant, const struct action *action)
{
	return action->module_slot == SLOT_NONE || !plant_is_frozen(plant, action->group_slot);
}

uint64_t plant_next_answer(const struct plant *plant)
{
	uint64_t next = USEC_NEVER;

	for (size_t i = 0; i < plant->n_answers; i++)
		if (plant_answers(plant, &plant->answers[i].action))
			next = u64_min(next, plant->answers[i].due_usec);
	return next;
}

void plant_run(struct plant *plant, uint64_t until_usec)
{
	/* The kernel rate-limits its events, too: not more than ten a second. */
	uint64_t deaf_until_usec = plant->now_usec + 100 * USEC_PER_MSEC;

	until_usec = u64_min(until_usec, plant_next_answer(plant));
	plant->woken = plant->tripped = false;
	while (plant->now_usec < until_usec) {
		uint64_t before = plant->now_usec / SLICE_USEC;

		plant->now_usec = u64_min(until_usec, (before + 1) * SLICE_USEC);
		if (plant->now_usec / SLICE_USEC == before)
			return;
		plant_slice(plant);
		if (plant->tripped || (plant->woken && plant->now_usec >= deaf_until_usec))
			return;
	}
}
