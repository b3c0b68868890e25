/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Plant
 *
 *	total = base + used of all groups - swapped + what swapped pages cost + cache + free
 *
 * File cache counts as available, as in MemAvailable. When there is no room for used memory,
 * pages are swapped out, first to zram, then to disk; tasks stall meanwhile. With swap full the
 * kernel kills the largest group. At its own limit a group first loses its cache, with a stall
 * and an event, then it is killed.
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
/* A reclaim of some hundred MiB, measured on a virtual machine, took tens of milliseconds. */
#define RECLAIM_USEC (30 * USEC_PER_MSEC)

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

static uint64_t swapped_bytes(const struct plant *plant)
{
	uint64_t sum = 0;

	for (uint32_t i = 1; i < plant->n_groups; i++)
		sum += plant->groups[i].swapped_bytes;
	return sum;
}

/* What lies on zram: it is filled before the disk. */
static uint64_t zram_stored(const struct plant *plant)
{
	return u64_min(swapped_bytes(plant), plant->zram_bytes);
}

static uint64_t in_use(const struct plant *plant)
{
	uint64_t sum = plant->base_bytes + zram_stored(plant) / plant->zram_ratio;

	for (uint32_t i = 1; i < plant->n_groups; i++)
		sum += plant->groups[i].used_bytes - plant->groups[i].swapped_bytes;
	return sum;
}

uint64_t plant_available(const struct plant *plant)
{
	return u64_sub(plant->total_bytes, in_use(plant));
}

int plant_start(struct plant *plant)
{
	uint64_t held = in_use(plant);
	uint64_t taken = u64_sub(plant->total_bytes, plant->available_at_start_bytes);

	if (held > taken)
		return -EINVAL;
	for (uint32_t i = 0; i < plant->n_modules; i++)
		plant->modules[i].reading.last_used_usec =
			u64_sub(plant->now_usec, plant->modules[i].idle_usec);
	plant->base_bytes = taken - held;
	return 0;
}

static void free_used(struct plant_group *group, uint64_t bytes)
{
	group->used_bytes = u64_sub(group->used_bytes, bytes);
	group->swapped_bytes = u64_min(group->swapped_bytes, group->used_bytes);
}

static void unregister(struct plant *plant, uint32_t slot)
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
			unregister(plant, i);
	plant->woken = true;
}

static void kill_group(struct plant *plant, struct plant_group *group)
{
	timeline_say(plant->timeline, plant->now_usec, group->name, "is killed by the kernel");
	plant->n_killed++;
	group->reading.n_oom_kill++;
	plant_vanish(plant, group->reading.slot);
}

static struct plant_group *largest_group(struct plant *plant)
{
	struct plant_group *largest = NULL;

	for (uint32_t i = 1; i < plant->n_groups; i++)
		if (!plant->groups[i].gone && plant->groups[i].used_bytes > 0 &&
		    (!largest || plant->groups[i].used_bytes > largest->used_bytes))
			largest = &plant->groups[i];
	return largest;
}

/* Swaps out of the group that has most left in memory. Returns: whether that was possible. */
static bool swap_out(struct plant *plant, uint64_t bytes)
{
	uint64_t room = u64_sub(plant->zram_bytes + plant->swap_bytes, swapped_bytes(plant));
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
static void press(struct plant *plant)
{
	while (in_use(plant) > plant->total_bytes) {
		struct plant_group *victim;

		/* Each page on zram still costs a part of itself: twice the lack is enough. */
		if (swap_out(plant, 2 * (in_use(plant) - plant->total_bytes))) {
			plant->some_usec += SLICE_USEC * SWAP_SOME_BP / BP_ONE;
			plant->full_usec += SLICE_USEC * SWAP_FULL_BP / BP_ONE;
			plant->woken = true;
			continue;
		}
		victim = largest_group(plant);
		if (!victim)
			return;
		kill_group(plant, victim);
	}
}

static uint64_t current_bytes(const struct plant_group *group)
{
	return group->used_bytes - group->swapped_bytes + group->cache_bytes;
}

/* A group at its own limit loses its cache first. */
static void hold_to_limit(struct plant *plant, struct plant_group *group)
{
	uint64_t over = u64_sub(current_bytes(group), group->reading.limit_bytes);

	if (over == 0)
		return;
	group->cache_bytes = u64_sub(group->cache_bytes, over);
	group->reading.n_max++;
	group->reading.some_usec += SLICE_USEC * LIMIT_SOME_BP / BP_ONE;
	plant->some_usec += SLICE_USEC * LIMIT_SOME_BP / BP_ONE;
	group->heard = true;
	plant->woken = true;
	if (group->used_bytes - group->swapped_bytes > group->reading.limit_bytes)
		kill_group(plant, group);
}

static void drive(struct plant_drive *drive, uint64_t *bytes)
{
	uint64_t stride = drive->rate_bytes * SLICE_USEC / USEC_PER_SEC;

	if (!drive->active)
		return;
	*bytes = u64_min(*bytes + stride, u64_max(drive->until_bytes, *bytes));
	drive->active = *bytes < drive->until_bytes;
}

static void slice(struct plant *plant)
{
	for (uint32_t i = 1; i < plant->n_groups; i++) {
		struct plant_group *group = &plant->groups[i];
		uint64_t room = u64_sub(plant_available(plant), group->cache_bytes);

		drive(&group->grow, &group->used_bytes);
		drive(&group->read, &group->cache_bytes);
		group->cache_bytes = u64_min(group->cache_bytes, u64_max(room, MIB));
		hold_to_limit(plant, group);
	}
	press(plant);
	plant->some_usec += SLICE_USEC * plant->stall_some_bp / BP_ONE;
	plant->full_usec += SLICE_USEC * plant->stall_full_bp / BP_ONE;
}

uint64_t plant_next_answer(const struct plant *plant)
{
	uint64_t next = USEC_NEVER;

	for (size_t i = 0; i < plant->n_answers; i++)
		next = u64_min(next, plant->answers[i].due_usec);
	return next;
}

void plant_run(struct plant *plant, uint64_t until_usec)
{
	/* The kernel rate-limits its events, too: not more than ten a second. */
	uint64_t deaf_until_usec = plant->now_usec + 100 * USEC_PER_MSEC;

	until_usec = u64_min(until_usec, plant_next_answer(plant));
	plant->woken = false;
	while (plant->now_usec < until_usec) {
		uint64_t before = plant->now_usec / SLICE_USEC;

		plant->now_usec = u64_min(until_usec, (before + 1) * SLICE_USEC);
		if (plant->now_usec / SLICE_USEC == before)
			return;
		slice(plant);
		if (plant->woken && plant->now_usec >= deaf_until_usec)
			return;
	}
}

/* What a module gives when asked, and what it says. */
static void answer_module(struct plant *plant, const struct action *a, struct outcome *outcome)
{
	struct plant_module *module = &plant->modules[a->module_slot];
	struct plant_group *group = &plant->groups[module->reading.group_slot];
	uint64_t bytes = u64_min(a->bytes, module->reading.size_bytes);

	outcome->result = bytes < a->bytes ? RESULT_PARTIAL : RESULT_DONE;
	outcome->claimed_bytes = bytes;
	if (module->manner == MANNER_BUSY) {
		outcome->result = RESULT_BUSY;
		outcome->claimed_bytes = 0;
	}
	if (module->manner != MANNER_HONEST)
		return;
	module->reading.size_bytes -= bytes;
	if (a->rung == RUNG_UNLOAD)
		module->reading.flags |= MODULE_IS_UNLOADED;
	free_used(group, bytes);
}

static void answer_reclaim(struct plant *plant, const struct action *a, struct outcome *outcome)
{
	struct plant_group *group = &plant->groups[a->group_slot];
	uint64_t from_cache = u64_min(a->bytes, group->cache_bytes), from_used;

	group->cache_bytes -= from_cache;
	from_used = u64_min(a->bytes - from_cache, group->used_bytes - group->swapped_bytes);
	from_used = u64_min(from_used,
			    u64_sub(plant->zram_bytes + plant->swap_bytes, swapped_bytes(plant)));
	group->swapped_bytes += from_used;
	outcome->claimed_bytes = from_cache + from_used;
	outcome->result = outcome->claimed_bytes < a->bytes ? RESULT_PARTIAL : RESULT_DONE;
}

/* Answers that are due take their effect and go with the observation. */
static void give_answers(struct plant *plant, struct observation *observation)
{
	size_t n = 0;

	for (size_t i = 0; i < plant->n_answers; i++) {
		const struct plant_answer *answer = &plant->answers[i];
		const struct action *a = &answer->action;
		struct outcome *outcome;

		if (answer->due_usec > plant->now_usec) {
			plant->answers[n++] = *answer;
			continue;
		}
		if (plant->groups[a->group_slot].gone ||
		    (a->module_slot != SLOT_NONE &&
		     plant->modules[a->module_slot].reading.id != a->module_id))
			continue;
		outcome = observation_add_outcome(observation);
		if (!outcome)
			continue;
		outcome->action_id = a->id;
		outcome->finished_usec = plant->now_usec;
		if (a->module_slot == SLOT_NONE)
			answer_reclaim(plant, a, outcome);
		else
			answer_module(plant, a, outcome);
	}
	plant->n_answers = n;
}

static void observe_machine(const struct plant *plant, struct machine_reading *machine)
{
	if (plant->blind)
		return;
	*machine = (struct machine_reading){
		.has = MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP | MACHINE_HAS_STALL,
		.total_bytes = plant->total_bytes,
		.available_bytes = plant_available(plant),
		.swap_total_bytes = plant->swap_bytes + plant->zram_bytes,
		.some_usec = plant->some_usec,
		.full_usec = plant->full_usec,
	};
	machine->swap_free_bytes = machine->swap_total_bytes - swapped_bytes(plant);
	if (plant->zram_bytes == 0)
		return;
	machine->has |= MACHINE_HAS_ZRAM;
	machine->zram_total_bytes = plant->zram_bytes;
	machine->zram_stored_bytes = zram_stored(plant);
	machine->zram_free_bytes = plant->zram_bytes - machine->zram_stored_bytes;
	machine->zram_used_bytes = machine->zram_stored_bytes / plant->zram_ratio;
}

static bool holds_module(const struct plant *plant, uint32_t slot)
{
	for (uint32_t i = 0; i < plant->n_modules; i++)
		if (plant->modules[i].reading.id != 0 &&
		    plant->modules[i].reading.group_slot == slot)
			return true;
	return false;
}

/* memory.current and the like are hierarchical: a group's readings hold those below it. */
static void add_below(const struct plant *plant, uint32_t slot, struct group_reading *reading)
{
	for (uint32_t i = 1; i < plant->n_groups; i++) {
		const struct plant_group *group = &plant->groups[i];

		if (i != slot && group->reading.parent_slot != slot)
			continue;
		reading->current_bytes += current_bytes(group);
		reading->reclaimable_bytes += group->cache_bytes;
		reading->swap_bytes += group->swapped_bytes;
	}
}

static void observe_groups(struct plant *plant, enum attention attention,
			   struct observation *observation)
{
	for (uint32_t i = 1; i < plant->n_groups; i++) {
		struct plant_group *group = &plant->groups[i];
		struct group_reading *reading;

		if (group->reading.id == 0 ||
		    (!group->gone && !group->heard && attention < ATTENTION_GROUPS &&
		     !(attention == ATTENTION_MODULES && holds_module(plant, i))))
			continue;
		reading = observation_add_group(observation);
		if (!reading)
			continue;
		*reading = group->reading;
		add_below(plant, i, reading);
		group->heard = false;
		if (group->gone) {
			reading->flags |= GROUP_IS_GONE;
			group->reading.id = 0;
		}
	}
}

void plant_observe(struct plant *plant, enum attention attention, struct observation *observation)
{
	observation_clear(observation, plant->now_usec);
	give_answers(plant, observation);
	observation->covers = OBSERVED_MACHINE;
	observe_machine(plant, &observation->machine);
	observe_groups(plant, attention, observation);
	if (attention >= ATTENTION_GROUPS)
		observation->covers |= OBSERVED_GROUPS;
	if (attention >= ATTENTION_MODULES) {
		observation->covers |= OBSERVED_MODULES;
		for (uint32_t i = 0; i < plant->n_modules; i++) {
			struct module_reading *reading;

			if (plant->modules[i].reading.id == 0)
				continue;
			reading = observation_add_module(observation);
			if (reading)
				*reading = plant->modules[i].reading;
		}
	}
	for (size_t i = 0; i < plant->n_orders; i++) {
		struct order *order = observation_add_order(observation);

		if (order)
			*order = plant->orders[i];
	}
	plant->n_orders = 0;
}

void plant_obey(struct plant *plant, const struct decision *decision)
{
	for (size_t i = 0; i < decision->n_actions; i++) {
		const struct action *a = &decision->actions[i];
		struct plant_module *module = NULL;
		uint64_t due_usec = plant->now_usec + RECLAIM_USEC;

		if (a->rung == RUNG_WARN || plant->n_answers == PLANT_ANSWERS_MAX)
			continue;
		if (a->module_slot != SLOT_NONE) {
			module = &plant->modules[a->module_slot];
			due_usec = plant->now_usec + module->answer_usec;
		}
		if (module && module->manner == MANNER_LEAVES)
			unregister(plant, a->module_slot);
		if (module && (module->manner == MANNER_LEAVES || module->manner == MANNER_SILENT))
			continue;
		plant->answers[plant->n_answers++] = (struct plant_answer){ *a, due_usec };
	}
}
