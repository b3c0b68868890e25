/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *    level is news, action  ──▶ a tally begins; the fastest group inside is looked for
 *    finish                 ──▶ into the share of its service, and the sum
 *    episode, order is over ──▶ forgotten at the next step, when all have written of it
 *
 * A finish begins none: answers may come when what they were for is over.
 *
 * A long shortage is due for a line after a minute, and then whenever it is twice as old, but at
 * least every ten minutes; only if something was asked since.
 */

#include "controller/journal/tally.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/groups/unit_name.h"
#include "controller/observe/fastest_group.h"

/* As many ladders as there may be (daemon.c), and the orders among them. */
#define TALLIES_MAX 80
/* Services of all running tallies; ten modules are asked in a cycle at most. */
#define SHARES_MAX 512

#define DUE_FIRST_USEC USEC_PER_MIN
#define DUE_MOST_USEC  (10 * USEC_PER_MIN)

struct place {
	uint32_t tally; /* index + 1; 0: free */
	struct tally_share share;
};

struct tallies {
	struct group_set *groups;
	struct registry *registry;
	struct observer *observer;
	struct tally tallies[TALLIES_MAX]; /* both ids 0: free */
	bool is_over[TALLIES_MAX];
	struct place places[SHARES_MAX];
	size_t n_places_used;
};

int tallies_new(struct tallies **ret, struct group_set *groups, struct registry *registry,
		struct observer *observer)
{
	struct tallies *tallies = calloc(1, sizeof(*tallies));

	if (!tallies)
		return -ENOMEM;
	tallies->groups = groups;
	tallies->registry = registry;
	tallies->observer = observer;
	*ret = tallies;
	return 0;
}

struct tallies *tallies_free(struct tallies *tallies)
{
	free(tallies);
	return NULL;
}

static const struct tally *tally_find(const struct tallies *tallies, uint64_t episode_id,
				      uint64_t order_id)
{
	for (size_t i = 0; i < TALLIES_MAX; i++) {
		const struct tally *tally = &tallies->tallies[i];

		if (tally->episode_id == episode_id && tally->order_id == order_id)
			return tally;
	}
	return NULL;
}

const struct tally *tallies_of_episode(const struct tallies *tallies, uint64_t episode_id)
{
	return episode_id != 0 ? tally_find(tallies, episode_id, 0) : NULL;
}

const struct tally *tallies_of_order(const struct tallies *tallies, uint64_t order_id)
{
	return order_id != 0 ? tally_find(tallies, 0, order_id) : NULL;
}

static size_t tally_index_of(const struct tallies *tallies, const struct tally *tally)
{
	return (size_t)(tally - tallies->tallies);
}

/* What is done for an order inside a shortage counts for the order. NULL: there is no room. */
static struct tally *tally_get(struct tallies *tallies, uint64_t episode_id, uint64_t order_id,
			       uint64_t now_usec)
{
	struct tally *tally;

	if (order_id != 0)
		episode_id = 0;
	if (episode_id == 0 && order_id == 0)
		return NULL;
	tally = (struct tally *)tally_find(tallies, episode_id, order_id);
	if (tally)
		return tally;
	tally = (struct tally *)tally_find(tallies, 0, 0);
	if (!tally)
		return NULL;
	*tally = (struct tally){
		.episode_id = episode_id,
		.order_id = order_id,
		.group_slot = SLOT_NONE,
		.began_usec = now_usec,
		.due_usec = u64_add(now_usec, DUE_FIRST_USEC),
	};
	return tally;
}

static void tally_forget_ended(struct tallies *tallies)
{
	for (size_t i = 0; i < TALLIES_MAX; i++) {
		tallies->tallies[i].is_due = false;
		if (!tallies->is_over[i])
			continue;
		for (size_t k = 0; k < tallies->n_places_used; k++)
			if (tallies->places[k].tally == i + 1)
				tallies->places[k].tally = 0;
		tallies->tallies[i] = (struct tally){};
		tallies->is_over[i] = false;
	}
}

/* The fastest that was seen so far stays. */
static void tally_look_for_grower(struct tallies *tallies, struct tally *tally, uint64_t now_usec)
{
	struct tally_grower *grower = &tally->grower;
	const struct group *group;
	uint64_t growth_bytes;

	if (!tallies->observer || tally->episode_id == 0 || tally->group_slot == SLOT_NONE)
		return;
	group = fastest_group_inside(tallies->observer, tallies->groups, tally->group_slot,
				     now_usec, &growth_bytes);
	if (!group || growth_bytes <= grower->growth_bytes)
		return;
	grower->growth_bytes = growth_bytes;
	snprintf(grower->cgroup, sizeof(grower->cgroup), "%s", group->shown);
	if (!unit_name_from_path(group->path, grower->unit, sizeof(grower->unit)))
		grower->unit[0] = '\0';
}

static void tally_see_level(struct tallies *tallies, const struct level_change *change,
			    uint64_t now_usec)
{
	struct tally *tally;

	if (!change->is_news)
		return;
	tally = tally_get(tallies, change->episode_id, 0, now_usec);
	if (!tally)
		return;
	tally->group_slot = change->group_slot;
	tally->group_id = change->group_id;
	tally_look_for_grower(tallies, tally, now_usec);
}

/* The service that an action was sent to: of its module, else of its group. */
static void tally_name_target(struct tallies *tallies, const struct action *action,
			      struct tally_share *ret)
{
	const struct group *group = group_set_get(tallies->groups, action->group_slot);
	const struct module *module = NULL;

	if (action->module_slot != SLOT_NONE && tallies->registry)
		module = registry_get(tallies->registry, action->module_slot);
	if (module && module->id == action->module_id && module->owner->client.unit[0])
		snprintf(ret->unit, sizeof(ret->unit), "%s", module->owner->client.unit);
	else if (!group || group->id != action->group_id ||
		 !unit_name_from_path(group->path, ret->unit, sizeof(ret->unit)))
		ret->unit[0] = '\0';
	if (ret->unit[0])
		snprintf(ret->name, sizeof(ret->name), "%s", ret->unit);
	else if (group && group->id == action->group_id)
		snprintf(ret->name, sizeof(ret->name), "%.*s", TALLY_NAME_SIZE - 1, group->shown);
	else
		snprintf(ret->name, sizeof(ret->name), "a service that is gone");
}

static struct tally_share *tally_share_of(struct tallies *tallies, const struct tally *tally,
					  const struct action *action)
{
	uint32_t mark = (uint32_t)tally_index_of(tallies, tally) + 1;
	struct tally_share target = {};
	struct place *empty = NULL;

	tally_name_target(tallies, action, &target);
	for (size_t i = 0; i < tallies->n_places_used; i++) {
		struct place *place = &tallies->places[i];

		if (place->tally == mark && strcmp(place->share.name, target.name) == 0)
			return &place->share;
		if (place->tally == 0 && !empty)
			empty = place;
	}
	if (!empty && tallies->n_places_used < SHARES_MAX)
		empty = &tallies->places[tallies->n_places_used++];
	if (!empty)
		return NULL;
	*empty = (struct place){ .tally = mark, .share = target };
	return &empty->share;
}

static void tally_add_finish(struct tally_share *share, const struct finish *finish)
{
	share->n_requests++;
	share->n_late += finish->result == RESULT_LATE;
	share->n_failed += finish->result == RESULT_FAILED || finish->result == RESULT_GONE;
	share->asked_bytes = u64_add(share->asked_bytes, finish->action.bytes);
	share->claimed_bytes = u64_add(share->claimed_bytes, finish->claimed_bytes);
	share->measured_bytes = u64_add(share->measured_bytes, finish->measured_bytes);
}

static void tally_see_finish(struct tallies *tallies, const struct finish *finish, bool dry_run,
			     uint64_t now_usec)
{
	const struct action *action = &finish->action;
	struct tally *tally =
		(struct tally *)(action->order_id != 0
					 ? tallies_of_order(tallies, action->order_id)
					 : tallies_of_episode(tallies, action->episode_id));
	struct tally_share *share;

	if (!tally)
		return;
	tally->dry_run = tally->dry_run || dry_run;
	tally_add_finish(&tally->sum, finish);
	share = tally_share_of(tallies, tally, action);
	if (share)
		tally_add_finish(share, finish);
	tally_look_for_grower(tallies, tally, now_usec);
}

static void tally_see_rung(struct tallies *tallies, const struct rung_report *report,
			   uint64_t now_usec)
{
	struct tally *tally = tally_get(tallies, report->episode_id, report->order_id, now_usec);

	if (!tally)
		return;
	if (tally->group_slot == SLOT_NONE) {
		tally->group_slot = report->group_slot;
		tally->group_id = report->group_id;
	}
	if (report->n_requests == 0 &&
	    (report->reason == REASON_NOBODY_TO_ASK || report->reason == REASON_EXCLUDED))
		tally->skip_reason = report->reason;
}

static void tally_set_due(struct tally *tally, uint64_t now_usec)
{
	uint64_t age_usec = u64_sub(now_usec, tally->began_usec);

	if (tally->episode_id == 0 || tally->group_slot == SLOT_NONE ||
	    now_usec < tally->due_usec || tally->sum.n_requests == tally->n_requests_then)
		return;
	tally->is_due = true;
	tally->n_requests_then = tally->sum.n_requests;
	tally->due_usec = u64_add(now_usec, u64_min(age_usec, DUE_MOST_USEC));
}

static void tally_end(struct tallies *tallies, const struct tally *tally)
{
	if (tally)
		tallies->is_over[tally_index_of(tallies, tally)] = true;
}

void tallies_see(struct tallies *tallies, const struct decision *decision, bool dry_run,
		 uint64_t now_usec)
{
	tally_forget_ended(tallies);
	for (size_t i = 0; i < decision->n_level_changes; i++)
		tally_see_level(tallies, &decision->level_changes[i], now_usec);
	for (size_t i = 0; i < decision->n_actions; i++)
		tally_get(tallies, decision->actions[i].episode_id, decision->actions[i].order_id,
			  now_usec);
	for (size_t i = 0; i < decision->n_finishes; i++)
		tally_see_finish(tallies, &decision->finishes[i], dry_run, now_usec);
	for (size_t i = 0; i < decision->n_rungs; i++)
		tally_see_rung(tallies, &decision->rungs[i], now_usec);
	for (size_t i = 0; i < decision->n_episodes; i++)
		tally_end(tallies, tallies_of_episode(tallies, decision->episodes[i].episode_id));
	for (size_t i = 0; i < decision->n_orders; i++)
		tally_end(tallies, tallies_of_order(tallies, decision->orders[i].order_id));
	for (size_t i = 0; i < TALLIES_MAX; i++)
		if (!tallies->is_over[i])
			tally_set_due(&tallies->tallies[i], now_usec);
}

const struct tally *tallies_next_due(const struct tallies *tallies, const struct tally *last)
{
	for (size_t i = last ? tally_index_of(tallies, last) + 1 : 0; i < TALLIES_MAX; i++)
		if (tallies->tallies[i].is_due)
			return &tallies->tallies[i];
	return NULL;
}

const struct tally_share *tallies_next_share(const struct tallies *tallies,
					     const struct tally *tally,
					     const struct tally_share *last)
{
	uint32_t mark = (uint32_t)tally_index_of(tallies, tally) + 1;
	bool passed = !last;

	for (size_t i = 0; i < tallies->n_places_used; i++) {
		const struct place *place = &tallies->places[i];

		if (passed && place->tally == mark)
			return &place->share;
		passed = passed || &place->share == last;
	}
	return NULL;
}
