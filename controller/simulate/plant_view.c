/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Plant view: what is seen of the plant, and what decisions do to it
 */

#include "controller/simulate/plant.h"

/* A reclaim of some hundred MiB, measured on a virtual machine, took tens of milliseconds. */
#define RECLAIM_USEC (30 * USEC_PER_MSEC)

/* What a module gives when asked, and what it says. */
static void plant_view_answer_module(struct plant *plant, const struct action *a,
				     struct outcome *outcome)
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
	module->held_bytes = u64_sub(module->held_bytes, bytes);
	module->reading.owner_bytes = u64_sub(module->reading.owner_bytes, bytes);
	if (a->rung == RUNG_UNLOAD)
		module->reading.flags |= MODULE_IS_UNLOADED;
	plant_free_used(group, bytes);
}

static void plant_view_answer_reclaim(struct plant *plant, const struct action *a,
				      struct outcome *outcome)
{
	struct plant_group *group = &plant->groups[a->group_slot];
	uint64_t from_cache = u64_min(a->bytes, group->cache_bytes), from_used;

	group->cache_bytes -= from_cache;
	from_used = u64_min(a->bytes - from_cache, group->used_bytes - group->swapped_bytes);
	from_used = u64_min(from_used,
			    u64_sub(plant->zram_bytes + plant->swap_bytes, plant_swapped(plant)));
	group->swapped_bytes += from_used;
	outcome->claimed_bytes = from_cache + from_used;
	outcome->result = outcome->claimed_bytes < a->bytes ? RESULT_PARTIAL : RESULT_DONE;
}

/* Answers that are due take their effect and go with the observation. */
static void plant_view_give_answers(struct plant *plant, struct observation *observation)
{
	size_t n = 0;

	for (size_t i = 0; i < plant->n_answers; i++) {
		const struct plant_answer *answer = &plant->answers[i];
		const struct action *a = &answer->action;
		struct outcome *outcome;

		if (answer->due_usec > plant->now_usec || !plant_answers(plant, a)) {
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
			plant_view_answer_reclaim(plant, a, outcome);
		else
			plant_view_answer_module(plant, a, outcome);
	}
	plant->n_answers = n;
}

static void plant_view_observe_machine(const struct plant *plant, struct machine_reading *machine)
{
	*machine = (struct machine_reading){ .has = plant->machine_has };
	if (plant->blind)
		return;
	*machine = (struct machine_reading){
		.has = plant->machine_has | MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP |
		       MACHINE_HAS_STALL,
		.total_bytes = plant->total_bytes,
		.available_bytes = plant_available(plant),
		.swap_total_bytes = plant->swap_bytes + plant->zram_bytes,
		.some_usec = plant->some_usec,
		.full_usec = plant->full_usec,
	};
	machine->swap_free_bytes = machine->swap_total_bytes - plant_swapped(plant);
	if (plant->zram_bytes == 0)
		return;
	machine->has |= MACHINE_HAS_ZRAM;
	machine->zram_total_bytes = plant->zram_bytes;
	machine->zram_stored_bytes = plant_zram_stored(plant);
	machine->zram_free_bytes = plant->zram_bytes - machine->zram_stored_bytes;
	machine->zram_used_bytes = machine->zram_stored_bytes / plant->zram_ratio;
}

static bool plant_view_holds_module(const struct plant *plant, uint32_t slot)
{
	for (uint32_t i = 0; i < plant->n_modules; i++)
		if (plant->modules[i].reading.id != 0 &&
		    plant->modules[i].reading.group_slot == slot)
			return true;
	return false;
}

/* memory.current and the like are hierarchical: a group's readings hold those below it. */
static void plant_view_add_below(const struct plant *plant, uint32_t slot,
				 struct group_reading *reading)
{
	for (uint32_t i = 1; i < plant->n_groups; i++) {
		const struct plant_group *group = &plant->groups[i];

		if (!plant_is_inside(plant, i, slot))
			continue;
		reading->current_bytes += plant_own_current(group);
		reading->reclaimable_bytes += group->cache_bytes;
		reading->swap_bytes += group->swapped_bytes;
		reading->growth_bytes += group->growth_bytes;
	}
	if (plant->machine_has & MACHINE_HAS_TRIPWIRE)
		reading->has |= GROUP_HAS_GROWTH;
}

static bool plant_view_is_limited(const struct plant *plant, uint32_t slot)
{
	for (; slot != GROUP_SLOT_HOST; slot = plant->groups[slot].reading.parent_slot)
		if (plant->groups[slot].reading.limit_bytes != BYTES_UNLIMITED)
			return true;
	return false;
}

static bool plant_view_is_wanted(const struct plant *plant, uint32_t slot, enum attention attention)
{
	const struct plant_group *group = &plant->groups[slot];

	if (group->reading.id == 0)
		return false;
	if (group->gone || group->heard)
		return true;
	switch (attention) {
	case ATTENTION_HOST:
		return false;
	case ATTENTION_LIMITS:
		return plant_view_is_limited(plant, slot);
	case ATTENTION_MODULES:
		return plant_view_is_limited(plant, slot) || plant_view_holds_module(plant, slot);
	case ATTENTION_GROUPS:
		break;
	}
	return true;
}

static void plant_view_observe_groups(struct plant *plant, enum attention attention,
				      struct observation *observation)
{
	for (uint32_t i = 1; i < plant->n_groups; i++) {
		struct plant_group *group = &plant->groups[i];
		struct group_reading *reading;

		if (!plant_view_is_wanted(plant, i, attention))
			continue;
		reading = observation_add_group(observation);
		if (!reading)
			continue;
		*reading = group->reading;
		plant_view_add_below(plant, i, reading);
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
	plant_view_give_answers(plant, observation);
	observation->covers = OBSERVED_MACHINE;
	plant_view_observe_machine(plant, &observation->machine);
	plant_view_observe_groups(plant, attention, observation);
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

static void plant_view_take_action(struct plant *plant, const struct action *a)
{
	struct plant_module *module = NULL;
	uint64_t due_usec = plant->now_usec + RECLAIM_USEC;

	if (a->rung == RUNG_WARN || plant->n_answers == PLANT_ANSWERS_MAX)
		return;
	if (a->module_slot != SLOT_NONE) {
		module = &plant->modules[a->module_slot];
		due_usec = plant->now_usec + module->answer_usec;
	}
	if (module && module->manner == MANNER_LEAVES)
		plant_unregister(plant, a->module_slot);
	if (module && (module->manner == MANNER_LEAVES || module->manner == MANNER_SILENT))
		return;
	plant->answers[plant->n_answers++] = (struct plant_answer){ *a, due_usec };
}

void plant_obey(struct plant *plant, const struct decision *decision)
{
	for (size_t i = 0; i < decision->n_actions; i++)
		plant_view_take_action(plant, &decision->actions[i]);
	for (size_t i = 0; i < decision->n_brakes; i++)
		plant_hold(plant, decision->brakes[i].group_slot, decision->brakes[i].brake,
			   decision->brakes[i].until_usec);
	for (size_t i = 0; i < decision->n_budgets; i++)
		plant->groups[decision->budgets[i].group_slot].budget_bytes =
			decision->budgets[i].bytes;
}
