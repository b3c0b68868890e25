/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *    probes ──▶ SPENT        the group is read, and the daemon makes a step
 *           ──▶ GROUP_GREW   remembered here until the next reading of the group
 *           ──▶ TASK_GREW    handed on, for GetTopTasks
 *           ──▶ OOM_VICTIM   handed on, for the journal
 *
 *    decision.budgets ──▶ probes
 */
#include "controller/kernel/tripwire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/base/wake.h"

/* A growth this old says nothing about now; slices are a second long. */
#define GROWTH_FRESH_USEC (2 * USEC_PER_SEC)
/* Growth is told in these parts of a limit: some thirty steps to the end, whatever the size. */
#define THRESHOLD_PARTS 32
#define THRESHOLD_MIN	MIB
/* Without a limit it matters only who grows fastest on a host that is short. */
#define THRESHOLD_UNLIMITED (4 * MIB)

struct pace {
	uint64_t bytes; /* per second */
	uint64_t at_usec;
};

struct tripwire {
	struct tripwire_config config;
	struct pace *paces; /* by slot */
};

static void tripwire_on_spent(struct tripwire *g, const struct kernel_event *event)
{
	const struct group *group = group_set_get(g->config.groups, event->slot);
	char amount[16];

	if (!group)
		return;
	log_debug("tripwire: %s: %s charged in %" PRIu64 " us", group->shown,
		  format_bytes(event->bytes, amount, sizeof(amount)),
		  (uint64_t)event->span_ns / 1000);
	g->config.spent(g->config.data, event->slot);
}

static void tripwire_on_group_grew(struct tripwire *g, const struct kernel_event *event)
{
	if (event->slot >= group_set_max(g->config.groups))
		return;
	g->paces[event->slot] = (struct pace){
		.bytes = u64_muldiv(event->bytes, 1000 * USEC_PER_SEC, u64_max(event->span_ns, 1)),
		.at_usec = event->at_ns / 1000,
	};
}

static void tripwire_on_told(void *data, const struct kernel_event *event)
{
	struct tripwire *g = data;

	switch (event->kind) {
	case KERNEL_EVENT_SPENT:
		tripwire_on_spent(g, event);
		break;
	case KERNEL_EVENT_GROUP_GREW:
		tripwire_on_group_grew(g, event);
		break;
	case KERNEL_EVENT_TASK_GREW:
		if (g->config.task_grew)
			g->config.task_grew(g->config.task_grew_data, event);
		break;
	case KERNEL_EVENT_OOM_VICTIM:
		if (g->config.oom_victim)
			g->config.oom_victim(g->config.oom_victim_data, event);
		break;
	}
}

void tripwire_add(struct tripwire *g, const struct group *group)
{
	if (!g->config.probes || group->slot == GROUP_SLOT_HOST)
		return;
	g->paces[group->slot] = (struct pace){};
	probes_watch(g->config.probes, group->slot, group->id);
}

static void tripwire_on_renewal(void *data)
{
	struct tripwire *g = data;

	group_set_foreach(g->config.groups, group)
		tripwire_add(g, group);
}

void tripwire_remove(struct tripwire *g, const struct group *group)
{
	if (g->config.probes && group->slot != GROUP_SLOT_HOST)
		probes_unwatch(g->config.probes, group->slot, group->id);
}

void tripwire_catch_up(struct tripwire *g)
{
	if (g->config.probes)
		probes_drain(g->config.probes);
}

/* The lower of memory.max and memory.high. */
static uint64_t tripwire_limit_of(const struct group_reading *reading)
{
	uint64_t limit_bytes = reading->limit_bytes;

	if (reading->has & GROUP_HAS_HIGH)
		limit_bytes = u64_min(limit_bytes, reading->high_bytes);
	return limit_bytes;
}

static void tripwire_learn_limit(struct tripwire *g, const struct group_reading *reading)
{
	uint64_t limit_bytes = tripwire_limit_of(reading), threshold_bytes = THRESHOLD_UNLIMITED;

	if (limit_bytes != BYTES_UNLIMITED)
		threshold_bytes = u64_max(limit_bytes / THRESHOLD_PARTS, THRESHOLD_MIN);
	else /* the judgement gives it no budget: the first charge under a limit is to be told */
		probes_arm(g->config.probes, reading->slot, BUDGET_FRESH);
	probes_set_threshold(g->config.probes, reading->slot, threshold_bytes);
}

bool tripwire_lately(const struct tripwire *g, uint32_t slot, uint64_t now_usec,
		     uint64_t *ret_bytes)
{
	const struct pace *pace = &g->paces[slot];

	if (!tripwire_works(g) || pace->at_usec == 0 ||
	    now_usec >= pace->at_usec + GROWTH_FRESH_USEC)
		return false;
	*ret_bytes = pace->bytes;
	return true;
}

void tripwire_fill(struct tripwire *g, struct group_reading *reading, uint64_t now_usec)
{
	if (!tripwire_works(g))
		return;
	if (tripwire_lately(g, reading->slot, now_usec, &reading->growth_bytes))
		reading->has |= GROUP_HAS_GROWTH;
	if (reading->has & GROUP_HAS_LIMIT)
		tripwire_learn_limit(g, reading);
}

void tripwire_arm(struct tripwire *g, const struct decision *decision)
{
	if (!tripwire_works(g))
		return;
	for (size_t i = 0; i < decision->n_budgets; i++) {
		const struct budget *budget = &decision->budgets[i];
		const struct group *group = group_set_get(g->config.groups, budget->group_slot);

		if (budget->group_slot == GROUP_SLOT_HOST ||
		    (group && group->id == budget->group_id))
			probes_arm(g->config.probes, budget->group_slot, budget->bytes);
	}
}

bool tripwire_works(const struct tripwire *g)
{
	return g->config.probes && probes_have_tripwire(g->config.probes);
}

int tripwire_new(struct tripwire **ret, const struct tripwire_config *config)
{
	_cleanup_(tripwire_free_cleanup) struct tripwire *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return -ENOMEM;
	g->config = *config;
	g->paces = calloc(group_set_max(config->groups), sizeof(*g->paces));
	if (!g->paces)
		return -ENOMEM;
	if (config->probes) {
		r = probes_listen(config->probes, config->event, KERNEL_EVENT_PRIORITY,
				  tripwire_on_told, g);
		if (r < 0)
			return r;
		probes_on_renewal(config->probes, tripwire_on_renewal, g);
	}
	*ret = take_ptr(g);
	return 0;
}

struct tripwire *tripwire_free(struct tripwire *g)
{
	if (!g)
		return NULL;
	free(g->paces);
	free(g);
	return NULL;
}
