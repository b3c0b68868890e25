/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Rungs: one row each
 *
 *	rung     asks                              must have been observed in this step
 *	warn     nobody: the actor tells           -
 *	shed     modules, a share of each          all modules and their groups
 *	unload   idle modules, all of each         all modules and their groups
 *	reclaim  the kernel, for up to 4 groups    all groups
 */

#include "policies/rung.h"
#include "policies/booking.h"
#include "policies/module_choice.h"
#include "policies/victim.h"

static const struct group_state *rung_group_of(const struct step *step, const struct ladder *ladder)
{
	return &step->state->groups[ladder->group_slot];
}

static uint32_t rung_index_of(const struct step *step, const struct ladder *ladder)
{
	return (uint32_t)(ladder - step->state->ladders);
}

/* The common part of an action of this ladder. */
static struct action rung_action_of(const struct step *step, const struct ladder *ladder,
				    enum rung rung)
{
	const struct group_state *group = rung_group_of(step, ladder);

	return (struct action){
		.episode_id = ladder->episode_id,
		.order_id = ladder->order_id,
		.rung = rung,
		.reason = ladder->next_reason,
		.level = ladder->level,
		.attribution = group->attribution,
		.group_slot = ladder->group_slot,
		.group_id = ladder->group_id,
		.module_slot = SLOT_NONE,
		.started_usec = step->now_usec,
		.deadline_usec = u64_add(step->now_usec, step->profile->rung_deadline_usec[rung]),
	};
}

static struct module_query rung_query_of(const struct ladder *ladder, enum rung rung)
{
	return (struct module_query){
		.group_slot = ladder->group_slot,
		.rung = rung,
		.level = ladder->level,
		.goal_bytes = ladder->goal_bytes,
		.is_order = ladder->order_id != 0,
	};
}

static uint32_t rung_ask_modules(struct step *step, const struct ladder *ladder, enum rung rung,
				 bool *ret_all)
{
	struct module_choice choices[MODULES_PER_CYCLE_MAX];
	const struct module_query query = rung_query_of(ladder, rung);
	uint32_t n = module_choose(step, &query, choices, ret_all), n_sent = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct module_state *module = &step->state->modules[choices[i].slot];
		struct action action = rung_action_of(step, ladder, rung);

		action.group_slot = module->seen.group_slot;
		action.group_id = step->state->groups[action.group_slot].id;
		action.module_slot = choices[i].slot;
		action.module_id = module->id;
		action.bytes = choices[i].bytes;
		action.ratio_bp = choices[i].ratio_bp;
		n_sent += booking_send(step, rung_index_of(step, ladder), &action);
	}
	return n_sent;
}

static uint32_t rung_ask_kernel(struct step *step, const struct ladder *ladder, enum rung rung,
				bool *ret_all)
{
	struct victim victims[VICTIMS_MAX];
	uint32_t n = victim_choose(step, ladder->group_slot, ladder->goal_bytes, victims, ret_all);
	uint32_t n_sent = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct group_state *group = &step->state->groups[victims[i].slot];
		struct action action = rung_action_of(step, ladder, rung);

		action.group_slot = victims[i].slot;
		action.group_id = group->id;
		action.bytes = victims[i].bytes;
		action.ratio_bp = bytes_ratio_bp(victims[i].bytes, group->seen.current_bytes);
		n_sent += booking_send(step, rung_index_of(step, ladder), &action);
	}
	return n_sent;
}

static bool rung_modules_are_excluded(const struct step *step, const struct ladder *ladder,
				      enum rung rung)
{
	const struct module_query query = rung_query_of(ladder, rung);

	return module_is_excluded(step, &query);
}

static bool rung_groups_are_excluded(const struct step *step, const struct ladder *ladder,
				     enum rung rung)
{
	return victim_is_excluded(step, ladder->group_slot);
}

/* What a rung does, and what the observation must cover for that. */
static const struct rung_row {
	uint32_t covers; /* enum observed */
	enum attention attention;
	uint32_t (*send)(struct step *step, const struct ladder *ladder, enum rung rung,
			 bool *ret_all);
	bool (*is_excluded)(const struct step *step, const struct ladder *ladder, enum rung rung);
} rows[N_RUNGS] = {
	[RUNG_SHED] = { OBSERVED_MODULES, ATTENTION_MODULES, rung_ask_modules,
			rung_modules_are_excluded },
	[RUNG_UNLOAD] = { OBSERVED_MODULES, ATTENTION_MODULES, rung_ask_modules,
			  rung_modules_are_excluded },
	[RUNG_RECLAIM] = { OBSERVED_GROUPS, ATTENTION_GROUPS, rung_ask_kernel,
			   rung_groups_are_excluded },
};

bool rung_is_covered(const struct step *step, enum rung rung)
{
	return (step->observation->covers & rows[rung].covers) == rows[rung].covers;
}

enum attention rung_attention(enum rung rung)
{
	return rows[rung].attention;
}

uint32_t rung_send(struct step *step, const struct ladder *ladder, enum rung rung, bool *ret_all)
{
	return rows[rung].send ? rows[rung].send(step, ladder, rung, ret_all) : 0;
}

bool rung_is_excluded(const struct step *step, const struct ladder *ladder, enum rung rung)
{
	return rows[rung].is_excluded && rows[rung].is_excluded(step, ladder, rung);
}

bool rung_warn(struct step *step, const struct ladder *ladder)
{
	struct action *action = decision_add_action(step->decision);

	if (!action)
		return false;
	*action = rung_action_of(step, ladder, RUNG_WARN);
	action->id = step->state->next_action_id++;
	action->reason = REASON_LEVEL_ROSE;
	action->level = ladder->risen_level;
	return true;
}
