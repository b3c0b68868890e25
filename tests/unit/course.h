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
#include "policies/workspace.h"

#define COURSE_GROUPS	32
#define COURSE_MODULES	32
#define COURSE_LADDERS	4
#define COURSE_REQUESTS 16
#define COURSE_LIST	64 /* more than any of its lists holds */

#define SEC  USEC_PER_SEC
#define MSEC USEC_PER_MSEC

struct course {
	struct profile profile;
	struct state state;
	void *workspace;
	struct observation seen;
	struct decision decision;
	/* of these, for short */
	struct group_reading *groups;
	struct module_reading *modules;
	struct outcome *outcomes;
	struct order *orders;
	struct action *actions;
	struct finish *finishes;
	struct level_change *level_changes;
	struct rung_report *rungs;
	struct episode_report *episodes;
	struct order_report *order_reports;
	struct budget *budgets;
	struct brake_change *brakes;
};

static const struct state_limits course_limits = { .max_groups = COURSE_GROUPS,
						   .max_modules = COURSE_MODULES,
						   .max_ladders = COURSE_LADDERS,
						   .max_requests = COURSE_REQUESTS,
						   .max_orders = COURSE_LADDERS };

static inline void course_name_lists(struct course *c)
{
	c->groups = c->seen.groups;
	c->modules = c->seen.modules;
	c->outcomes = c->seen.outcomes;
	c->orders = c->seen.orders;
	c->actions = c->decision.actions;
	c->finishes = c->decision.finishes;
	c->level_changes = c->decision.level_changes;
	c->rungs = c->decision.rungs;
	c->episodes = c->decision.episodes;
	c->order_reports = c->decision.orders;
	c->budgets = c->decision.budgets;
	c->brakes = c->decision.brakes;
}

/* A calm host of 1 GiB without swap, half of it available, nothing registered. */
static inline struct course *course_new(void)
{
	struct course *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	profile_init(&c->profile);
	c->workspace = calloc(1, workspace_size(&course_limits));
	assert_non_null(c->workspace);
	workspace_init(&course_limits, c->workspace, &c->state, &c->seen, &c->decision);
	course_name_lists(c);
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
	free(c->workspace);
	free(c);
}

/* A second course in the same state, with the same observation. */
static inline struct course *course_copy(const struct course *c)
{
	size_t size = workspace_size(&course_limits);
	struct course *copy = malloc(sizeof(*copy));

	assert_non_null(copy);
	*copy = *c;
	copy->workspace = malloc(size);
	assert_non_null(copy->workspace);
	memcpy(copy->workspace, c->workspace, size);
	workspace_lend(&course_limits, copy->workspace, &copy->state, &copy->seen, &copy->decision);
	course_name_lists(copy);
	return copy;
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

/* A host at medium that has just asked n caches of that size, all in one group of 150 MiB. */
static inline struct course *course_new_asked(size_t n_caches, uint64_t size_bytes)
{
	struct course *c = course_new();
	struct group_reading *group = course_add_group(c, 150 * MIB);

	for (size_t i = 0; i < n_caches; i++)
		course_add_module(c, group, size_bytes);
	c->seen.machine.available_bytes = 110 * MIB;
	course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), n_caches);
	return c;
}

static inline enum level course_host_level(const struct course *c)
{
	return state_host(&c->state)->level;
}
