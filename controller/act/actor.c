/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/act/actor.h"

#include <errno.h>
#include <stdlib.h>

#include "controller/act/brakes.h"
#include "controller/act/reclaimer.h"
#include "controller/base/cleanup.h"

struct actor {
	sd_event *event;
	struct registry *registry;
	struct reclaimer *reclaimer;
	struct brakes *brakes;
	struct outcomes *outcomes;
	bool dry_run;
};

static uint64_t actor_now_usec(const struct actor *actor)
{
	uint64_t now_usec = 0;

	sd_event_now(actor->event, CLOCK_MONOTONIC, &now_usec);
	return now_usec;
}

static void actor_finish(struct actor *actor, uint64_t action_id, enum result result, int error,
			 uint64_t now_usec)
{
	outcomes_add(actor->outcomes, &(struct outcome){ .action_id = action_id,
							 .result = result,
							 .error = error,
							 .finished_usec = now_usec });
}

/* The result that the owner of a module would have given, when it could not be asked. */
static enum result actor_result_of_failure(int error)
{
	switch (error) {
	case -EAGAIN:
		return RESULT_BUSY;
	case -ENOENT:
	case -EPIPE:
	case -ECONNRESET:
	case -ENOTCONN:
		return RESULT_GONE;
	default:
		return RESULT_FAILED;
	}
}

/* The answer is an outcome of the registry's; a failure to ask is one at once. */
static void actor_ask_module(struct actor *actor, const struct action *action, uint64_t now_usec)
{
	int r = registry_send(actor->registry, action);
	enum result result;

	if (r >= 0)
		return;
	result = actor_result_of_failure(r);
	actor_finish(actor, action->id, result, result == RESULT_FAILED ? r : 0, now_usec);
}

static void actor_warn(struct actor *actor, const struct action *action, uint64_t now_usec)
{
	registry_tell_level(actor->registry, action->group_slot, action->level);
	actor_finish(actor, action->id, RESULT_DONE, 0, now_usec);
}

static void actor_reclaim(struct actor *actor, const struct action *action, uint64_t now_usec)
{
	reclaimer_send(actor->reclaimer, action, now_usec);
}

/* A new rung is a row here and a file that does it. */
static void (*const rungs[N_RUNGS])(struct actor *actor, const struct action *action,
				    uint64_t now_usec) = {
	[RUNG_WARN] = actor_warn,
	[RUNG_SHED] = actor_ask_module,
	[RUNG_UNLOAD] = actor_ask_module,
	[RUNG_RECLAIM] = actor_reclaim,
};

/* In a dry run nothing leaves the daemon: neither request nor level. */
static void actor_describe(struct actor *actor, uint64_t action_id, uint64_t now_usec)
{
	actor_finish(actor, action_id, RESULT_DRY_RUN, 0, now_usec);
}

/*
 * Levels that fell, so that caches may grow again. Levels that rise are sent by the rung warn, when
 * the profile has it.
 */
static void actor_send_relief(struct actor *actor, const struct decision *decision)
{
	for (size_t i = 0; i < decision->n_level_changes; i++) {
		const struct level_change *change = &decision->level_changes[i];

		if (change->new_level < change->old_level)
			registry_tell_level(actor->registry, change->group_slot, change->new_level);
	}
}

static void actor_carry_out_brakes(struct actor *actor, const struct decision *decision,
				   uint64_t now_usec)
{
	for (size_t i = 0; i < decision->n_brakes; i++) {
		const struct brake_change *change = &decision->brakes[i];

		if (!actor->dry_run)
			brakes_apply(actor->brakes, change);
		else if (change->brake != BRAKE_OFF)
			actor_describe(actor, change->id, now_usec);
	}
}

void actor_carry_out(struct actor *actor, const struct decision *decision)
{
	uint64_t now_usec = actor_now_usec(actor);

	/* Whoever runs away is held before anybody is asked. */
	actor_carry_out_brakes(actor, decision, now_usec);
	if (!actor->dry_run)
		actor_send_relief(actor, decision);
	for (size_t i = 0; i < decision->n_actions; i++) {
		const struct action *action = &decision->actions[i];

		if (actor->dry_run)
			actor_describe(actor, action->id, now_usec);
		else
			rungs[action->rung](actor, action, now_usec);
	}
}

int actor_start_reclaimer(struct actor *actor)
{
	return reclaimer_start(actor->reclaimer);
}

int actor_open_held_file(struct actor *actor)
{
	return brakes_open_file(actor->brakes);
}

bool actor_dry_run(const struct actor *actor)
{
	return actor->dry_run;
}

void actor_set_dry_run(struct actor *actor, bool dry_run)
{
	if (dry_run && !actor->dry_run) { /* the last words: nobody is to stay small for nothing */
		brakes_let_go_all(actor->brakes);
		registry_tell_calm(actor->registry);
	}
	actor->dry_run = dry_run;
}

int actor_new(struct actor **ret, const struct actor_config *config)
{
	_cleanup_(actor_free_cleanup) struct actor *actor = calloc(1, sizeof(*actor));
	int r;

	if (!actor)
		return -ENOMEM;
	actor->event = sd_event_ref(config->event);
	actor->registry = config->registry;
	actor->dry_run = config->dry_run;
	actor->outcomes = config->outcomes;
	r = reclaimer_new(&actor->reclaimer, config->event, config->groups, actor->outcomes);
	if (r < 0)
		return r;
	r = brakes_new(&actor->brakes, config->event, config->groups, actor->outcomes,
		       config->held_path);
	if (r < 0)
		return r;
	*ret = take_ptr(actor);
	return 0;
}

struct actor *actor_free(struct actor *actor)
{
	if (!actor)
		return NULL;
	brakes_free(actor->brakes);
	reclaimer_free(actor->reclaimer);
	sd_event_unref(actor->event);
	free(actor);
	return NULL;
}
