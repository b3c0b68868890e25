/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Module choice
 *
 * Which may be asked at all: able to do it, not asked already (and owing no late answer, which
 *takes as long if asked twice), holding something, in no excluded group, not "keep" below high; to
 * unload, idle for long enough as well. Shed takes modules in use, too: a cache in use has a cold
 * tail that it can give. A module demoted for late answers is asked only when no other may be.
 *
 * Who first, each line only where those above tie:
 *
 *	1. those that did not answer the last time with nothing (busy, empty, a lie)
 *	2. priority of the group: the lower one gives first
 *	3. idle: longer than its limit, longer than the limit at critical, in use
 *	4. expected bytes (size times what it gave so far), by powers of two: 100 or 120 MiB is
 *	   the same, 100 or 10 is not
 *	5. reload cost, by powers of two
 *	6. kind: caches and pools before models and workers
 *	7. expected bytes, then the older id
 */

#include "policies/module_choice.h"
#include "policies/booking.h"
#include "policies/group_tree.h"
#include "policies/owed.h"

struct merit {
	uint32_t empty_class; /* smaller is better in all but expected_bytes */
	int32_t priority;
	uint32_t idle_class;
	uint32_t size_class;
	uint32_t cost_class;
	uint32_t kind_class;
	uint64_t expected_bytes;
	uint64_t id;
};

static uint32_t module_choice_log2_class(uint64_t value)
{
	return value == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(value);
}

static uint32_t module_choice_kind_class(enum module_kind kind)
{
	switch (kind) {
	case MODULE_CACHE:
		return 0;
	case MODULE_POOL:
		return 1;
	case MODULE_MODEL:
		return 3;
	case MODULE_WORKER:
		return 4;
	default:
		return 2;
	}
}

uint64_t module_idle_limit(const struct profile *profile, const struct module_reading *module,
			   enum level level)
{
	uint64_t limit_usec = module->idle_limit_usec ? module->idle_limit_usec
						      : profile->idle_limit_usec;

	if (level < LEVEL_HIGH)
		return limit_usec;
	if (level < LEVEL_CRITICAL)
		return limit_usec / 2;
	/* A limit that is short already must not grow again at critical. */
	return u64_min(limit_usec / 2, profile->idle_limit_critical_usec);
}

static uint64_t module_choice_idle_usec(const struct step *step,
					const struct module_reading *module)
{
	return u64_sub(step->now_usec, module->last_used_usec);
}

static bool module_choice_is_demoted(const struct step *step, const struct module_state *module)
{
	return module->demoted_until_usec > step->now_usec;
}

static bool module_choice_qualifies_but_for_exclusion(const struct step *step,
						      const struct module_query *query,
						      const struct module_state *module)
{
	const struct module_reading *seen = &module->seen;
	uint32_t able = query->rung == RUNG_SHED ? MODULE_CAN_SHED : MODULE_CAN_UNLOAD;

	if (module->id == 0 || module->open_action_id != 0 || seen->size_bytes == 0 ||
	    !(seen->flags & able) || (seen->flags & MODULE_IS_UNLOADED))
		return false;
	if (owed_is_hoped_for(step, module, step->now_usec))
		return false;
	if ((seen->flags & MODULE_IS_KEPT) && query->level < LEVEL_HIGH)
		return false;
	if (query->rung == RUNG_UNLOAD &&
	    module_choice_idle_usec(step, seen) <
		    module_idle_limit(step->profile, seen, query->level))
		return false;
	if (seen->group_slot >= step->state->n_groups_used ||
	    step->state->groups[seen->group_slot].id == 0)
		return false;
	return group_tree_is_inside(step->state, seen->group_slot, query->group_slot);
}

static bool module_choice_is_excluded(const struct step *step, const struct module_state *module)
{
	return step->state->groups[module->seen.group_slot].seen.flags & GROUP_IS_EXCLUDED;
}

static bool module_choice_qualifies(const struct step *step, const struct module_query *query,
				    const struct module_state *module)
{
	return module_choice_qualifies_but_for_exclusion(step, query, module) &&
	       !module_choice_is_excluded(step, module);
}

static struct merit module_choice_merit_of(const struct step *step,
					   const struct module_state *module)
{
	const struct module_reading *seen = &module->seen;
	uint64_t idle = module_choice_idle_usec(step, seen);
	uint64_t expected_bytes = bytes_share(seen->size_bytes, module->yield_bp);
	struct merit merit = {
		.empty_class = module->last_until_usec > step->now_usec,
		.priority = step->state->groups[seen->group_slot].seen.priority,
		.idle_class = 2,
		.size_class = 64 - module_choice_log2_class(expected_bytes),
		.cost_class = module_choice_log2_class(seen->reload_cost_usec),
		.kind_class = module_choice_kind_class(seen->kind),
		.expected_bytes = expected_bytes,
		.id = module->id,
	};

	if (idle >= module_idle_limit(step->profile, seen, LEVEL_MEDIUM))
		merit.idle_class = 0;
	else if (idle >= step->profile->idle_limit_critical_usec)
		merit.idle_class = 1;
	return merit;
}

static bool module_choice_is_better(const struct merit *a, const struct merit *b)
{
	if (a->empty_class != b->empty_class)
		return a->empty_class < b->empty_class;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	if (a->idle_class != b->idle_class)
		return a->idle_class < b->idle_class;
	if (a->size_class != b->size_class)
		return a->size_class < b->size_class;
	if (a->cost_class != b->cost_class)
		return a->cost_class < b->cost_class;
	if (a->kind_class != b->kind_class)
		return a->kind_class < b->kind_class;
	if (a->expected_bytes != b->expected_bytes)
		return a->expected_bytes > b->expected_bytes;
	return a->id < b->id;
}

static bool module_choice_is_chosen(const struct module_choice *choices, uint32_t n, uint32_t slot)
{
	for (uint32_t i = 0; i < n; i++)
		if (choices[i].slot == slot)
			return true;
	return false;
}

/* The best one not chosen yet, SLOT_NONE when there is none. */
static uint32_t module_choice_next_best(const struct step *step, const struct module_query *query,
					bool demoted, const struct module_choice *choices,
					uint32_t n)
{
	const struct state *state = step->state;
	struct merit best = { 0 };
	uint32_t best_slot = SLOT_NONE;

	for (uint32_t slot = 0; slot < state->n_modules_used; slot++) {
		const struct module_state *module = &state->modules[slot];

		if (!module_choice_qualifies(step, query, module) ||
		    module_choice_is_demoted(step, module) != demoted ||
		    module_choice_is_chosen(choices, n, slot))
			continue;
		struct merit merit = module_choice_merit_of(step, module);
		if (best_slot == SLOT_NONE || module_choice_is_better(&merit, &best)) {
			best = merit;
			best_slot = slot;
		}
	}
	return best_slot;
}

/*
 * All of it, or for the last one to shed what the goal still needs. One that gave less than it was
 * asked for is not asked for more in turn: memory that comes back late would come back twice.
 */
static struct module_choice module_choice_portion(const struct module_query *query,
						  const struct module_state *module, uint32_t slot,
						  uint64_t rest_bytes)
{
	struct module_choice choice = { slot, module->seen.size_bytes, BP_ONE };

	if (query->rung == RUNG_SHED && choice.bytes > rest_bytes) {
		choice.bytes = u64_max(rest_bytes, 1);
		choice.ratio_bp = bytes_ratio_bp(choice.bytes, module->seen.size_bytes);
		choice.ratio_bp = (uint32_t)u64_min(choice.ratio_bp + 1, BP_ONE);
	}
	return choice;
}

/* How much nearer to the goal that brings. */
static uint64_t module_choice_counted_bytes(const struct module_query *query,
					    const struct module_state *module,
					    const struct module_choice *choice)
{
	return query->is_order ? choice->bytes : bytes_share(choice->bytes, module->yield_bp);
}

uint32_t module_choose(const struct step *step, const struct module_query *query,
		       struct module_choice *ret, bool *ret_all)
{
	uint32_t most = step->profile->modules_per_cycle[query->level], n = 0;
	uint64_t expected_bytes = 0;
	bool demoted = module_choice_next_best(step, query, false, ret, 0) == SLOT_NONE;

	if (most > MODULES_PER_CYCLE_MAX)
		most = MODULES_PER_CYCLE_MAX;
	while (n < most && expected_bytes < query->goal_bytes) {
		uint32_t slot = module_choice_next_best(step, query, demoted, ret, n);

		if (slot == SLOT_NONE)
			break;
		const struct module_state *module = &step->state->modules[slot];
		ret[n] = module_choice_portion(query, module, slot,
					       query->goal_bytes - expected_bytes);
		expected_bytes = u64_add(expected_bytes,
					 module_choice_counted_bytes(query, module, &ret[n++]));
	}
	*ret_all = module_choice_next_best(step, query, false, ret, n) == SLOT_NONE &&
		   module_choice_next_best(step, query, true, ret, n) == SLOT_NONE;
	return n;
}

bool module_is_excluded(const struct step *step, const struct module_query *query)
{
	for (uint32_t slot = 0; slot < step->state->n_modules_used; slot++) {
		const struct module_state *module = &step->state->modules[slot];

		if (module_choice_qualifies_but_for_exclusion(step, query, module) &&
		    module_choice_is_excluded(step, module))
			return true;
	}
	return false;
}
