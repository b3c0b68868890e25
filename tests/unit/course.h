/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Course: a state, an observation to fill in, and the decision that follows
 *
 * What the tests of the policies drive decide() with. Small arrays, everything on one struct; the
 * test sets readings, calls course_step() and looks at the decision.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policies/decide.h"

#define COURSE_GROUPS	32
#define COURSE_MODULES	32
#define COURSE_LADDERS	4
#define COURSE_REQUESTS 16
#define COURSE_LIST	64

#define SEC  USEC_PER_SEC
#define MSEC USEC_PER_MSEC

struct course {
	struct profile profile;
	struct state state;
	void *memory;
	struct observation seen;
	struct decision decision;
	struct group_reading groups[COURSE_GROUPS];
	struct module_reading modules[COURSE_MODULES];
	struct outcome outcomes[COURSE_LIST];
	struct order orders[COURSE_LIST];
	struct action actions[COURSE_LIST];
	struct finish finishes[COURSE_LIST];
	struct level_change level_changes[COURSE_LIST];
	struct rung_report rungs[COURSE_LIST];
	struct episode_report episodes[COURSE_LIST];
	struct order_report order_reports[COURSE_LIST];
	struct budget budgets[COURSE_LIST];
	struct brake_change brakes[COURSE_LIST];
};

static inline void course_lend(struct course *c)
{
	c->seen.groups = c->groups;
	c->seen.max_groups = COURSE_GROUPS;
	c->seen.modules = c->modules;
	c->seen.max_modules = COURSE_MODULES;
	c->seen.outcomes = c->outcomes;
	c->seen.max_outcomes = COURSE_LIST;
	c->seen.orders = c->orders;
	c->seen.max_orders = COURSE_LIST;
	c->decision.actions = c->actions;
	c->decision.max_actions = COURSE_LIST;
	c->decision.finishes = c->finishes;
	c->decision.max_finishes = COURSE_LIST;
	c->decision.level_changes = c->level_changes;
	c->decision.max_level_changes = COURSE_LIST;
	c->decision.rungs = c->rungs;
	c->decision.max_rungs = COURSE_LIST;
	c->decision.episodes = c->episodes;
	c->decision.max_episodes = COURSE_LIST;
	c->decision.orders = c->order_reports;
	c->decision.max_orders = COURSE_LIST;
	c->decision.budgets = c->budgets;
	c->decision.max_budgets = COURSE_LIST;
	c->decision.brakes = c->brakes;
	c->decision.max_brakes = COURSE_LIST;
}

/* A calm host of 1 GiB without swap, half of it available, nothing registered. */
static inline struct course *course_new(void)
{
	const struct state_limits limits = { COURSE_GROUPS, COURSE_MODULES, COURSE_LADDERS,
					     COURSE_REQUESTS };
	struct course *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	profile_init(&c->profile);
	c->memory = calloc(1, state_size(&limits));
	assert_non_null(c->memory);
	state_init(&c->state, &limits, c->memory);
	course_lend(c);
	observation_clear(&c->seen, 1000 * SEC);
	c->seen.covers = OBSERVED_MACHINE | OBSERVED_MODULES | OBSERVED_GROUPS;
	c->seen.machine = (struct machine_reading){
		.has = MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP | MACHINE_HAS_STALL,
		.total_bytes = GIB,
		.available_bytes = GIB / 2,
	};
	return c;
}

static inline void course_free(struct course *c)
{
	free(c->memory);
	free(c);
}

/* A top group that is listed in every step; slots count up from 1, ids from 1001. */
static inline struct group_reading *course_add_group(struct course *c, uint64_t current_bytes)
{
	struct group_reading *group = observation_add_group(&c->seen);

	assert_non_null(group);
	*group = (struct group_reading){
		.slot = (uint32_t)c->seen.n_groups,
		.id = 1000 + c->seen.n_groups,
		.parent_slot = GROUP_SLOT_HOST,
		.has = GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_HIGH |
		       GROUP_HAS_RECLAIMABLE | GROUP_HAS_EVENTS | GROUP_HAS_STALL,
		.current_bytes = current_bytes,
		.limit_bytes = BYTES_UNLIMITED,
		.high_bytes = BYTES_UNLIMITED,
	};
	return group;
}

/* A cache in that group, in use right now, that can shed and unload. */
static inline struct module_reading *
course_add_module(struct course *c, const struct group_reading *group, uint64_t size_bytes)
{
	struct module_reading *module = observation_add_module(&c->seen);

	assert_non_null(module);
	*module = (struct module_reading){
		.slot = (uint32_t)c->seen.n_modules - 1,
		.id = 2000 + c->seen.n_modules,
		.group_slot = group->slot,
		.flags = MODULE_CAN_SHED | MODULE_CAN_UNLOAD,
		.kind = MODULE_CACHE,
		.size_bytes = size_bytes,
		.last_used_usec = c->seen.now_usec,
	};
	return module;
}

static inline void course_answer(struct course *c, uint64_t action_id, enum result result,
				 uint64_t claimed_bytes)
{
	struct outcome *outcome = observation_add_outcome(&c->seen);

	assert_non_null(outcome);
	outcome->action_id = action_id;
	outcome->result = result;
	outcome->claimed_bytes = claimed_bytes;
	outcome->finished_usec = c->seen.now_usec;
}

static inline void course_order(struct course *c, uint64_t id, const struct group_reading *group,
				uint64_t bytes, enum rung max_rung)
{
	struct order *order = observation_add_order(&c->seen);

	assert_non_null(order);
	order->id = id;
	order->group_slot = group ? group->slot : GROUP_SLOT_HOST;
	order->group_id = group ? group->id : 1;
	order->bytes = bytes;
	order->max_rung = max_rung;
}

/* One step at the observation's time; outcomes and orders are used up by it. */
static inline const struct decision *course_step(struct course *c)
{
	decide(&c->profile, &c->state, &c->seen, &c->decision);
	assert_true(c->decision.wake_at_usec > c->state.now_usec);
	c->seen.n_outcomes = 0;
	c->seen.n_orders = 0;
	return &c->decision;
}

static inline const struct decision *course_step_after(struct course *c, uint64_t pause_usec)
{
	c->seen.now_usec += pause_usec;
	return course_step(c);
}

/* The n-th action of that rung in the last decision, or NULL. */
static inline const struct action *course_action(const struct course *c, enum rung rung, size_t n)
{
	for (size_t i = 0; i < c->decision.n_actions; i++)
		if (c->decision.actions[i].rung == rung && n-- == 0)
			return &c->decision.actions[i];
	return NULL;
}

static inline size_t course_count(const struct course *c, enum rung rung)
{
	size_t n = 0;

	while (course_action(c, rung, n))
		n++;
	return n;
}

/* The last report of that rung in the last decision, or NULL. */
static inline const struct rung_report *course_rung(const struct course *c, enum rung rung)
{
	for (size_t i = c->decision.n_rungs; i > 0; i--)
		if (c->decision.rungs[i - 1].rung == rung)
			return &c->decision.rungs[i - 1];
	return NULL;
}

static inline enum level course_host_level(const struct course *c)
{
	return state_host(&c->state)->level;
}
