/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Decision: what to do, what changed, and when to look again
 *
 * A list of values: the actor carries the actions out, a dry run prints them, the simulator
 * applies them to a model, and the publishers tell the rest. Nothing here points into state.
 */

#include "policies/observation.h"
#include "policies/reason.h"

/* How much the next observation should cover; each holds those before it. */
enum attention {
	ATTENTION_HOST,	   /* the machine, and groups that made themselves heard */
	ATTENTION_LIMITS,  /* and every group under a limit, its own or one above it */
	ATTENTION_MODULES, /* and every module with its group */
	ATTENTION_GROUPS,  /* and every group: somebody must be chosen for reclaim */
};

/*
 * One thing to do. Ids are unique for the life of the daemon and grow. A warning is over as soon as
 * it is told: it needs no outcome and has no finish. All others end in exactly one finish.
 */
struct action {
	uint64_t id;
	uint64_t episode_id;
	uint64_t order_id; /* 0: not asked for by anybody */
	enum rung rung;
	enum reason reason;
	enum level level;
	enum attribution attribution;
	uint32_t group_slot; /* the target, or the group of the target module */
	uint64_t group_id;
	uint32_t module_slot; /* SLOT_NONE for warn and reclaim */
	uint64_t module_id;
	uint64_t bytes;		/* asked for; 0 with warn */
	uint32_t ratio_bp;	/* the same as a share of the module's size */
	uint64_t started_usec;	/* now */
	uint64_t deadline_usec; /* absolute, monotonic */
};

/* An action that is over: what was asked, claimed and measured. */
struct finish {
	struct action action;
	enum result result;
	int error;
	uint64_t claimed_bytes;
	uint64_t measured_bytes; /* fall of memory.current of the group, shared out by claim */
	uint64_t duration_usec;
};

/*
 * A group's level. old_level == new_level with REASON_IO_ONLY: only the attribution became io.
 * Groups below a short one change with it, with its episode_id; only the short one has the episode.
 */
struct level_change {
	uint32_t group_slot;
	uint64_t group_id;
	uint64_t episode_id;
	enum level old_level, new_level;
	enum signal signal;
	enum attribution attribution;
	enum reason reason;
	bool is_news; /* the group's own episode begins with it, or was never so severe before */
	uint64_t headroom_bytes;
	uint64_t time_left_usec; /* USEC_NEVER: not growing */
};

/* A rung of a ladder is over (or was skipped). */
struct rung_report {
	uint64_t episode_id;
	uint64_t order_id;
	uint32_t group_slot;
	uint64_t group_id;
	enum rung rung;
	enum reason reason; /* goal met, missed, skipped, nobody to ask, ... */
	uint32_t n_requests, n_late;
	uint64_t goal_bytes, claimed_bytes, measured_bytes;
	uint64_t duration_usec;
};

/* An episode is over: the group is back to `low`. */
struct episode_report {
	uint64_t episode_id;
	uint32_t group_slot;
	uint64_t group_id;
	enum level peak_level;
	uint64_t duration_usec;
	uint64_t measured_bytes[N_RUNGS]; /* what each rung gave */
	uint32_t n_requests;
};

/* An order is over. */
struct order_report {
	uint64_t order_id;
	uint64_t claimed_bytes, measured_bytes;
	uint64_t duration_usec;
};

/*
 * How much may be charged to a group (everybody, for the host) before the kernel is to wake us:
 * replaces what was left of an earlier budget. Only with MACHINE_HAS_TRIPWIRE.
 */
struct budget {
	uint32_t group_slot;
	uint64_t group_id;
	uint64_t bytes; /* > 0 */
};

/* A group is held still, or let go. Failing to hold it comes back as an outcome with this id. */
struct brake_change {
	uint64_t id; /* of the same numbers as actions; letting go has the id of holding */
	uint32_t group_slot;
	uint64_t group_id;
	enum brake brake; /* how to hold it (freeze, throttle); BRAKE_OFF: let go */
	enum reason reason;
	uint64_t duration_usec; /* held for so long; 0 when it begins */
	uint64_t until_usec; /* absolute: let go at the latest, whatever happens to the judgement */
	uint32_t short_slot; /* the group (or host) that runs out */
	uint64_t short_id;
	uint64_t episode_id;
	uint64_t time_left_usec;
	uint64_t headroom_bytes;
};

struct decision {
	struct action *actions;
	size_t n_actions, max_actions;
	struct finish *finishes;
	size_t n_finishes, max_finishes;
	struct level_change *level_changes;
	size_t n_level_changes, max_level_changes;
	struct rung_report *rungs;
	size_t n_rungs, max_rungs;
	struct episode_report *episodes;
	size_t n_episodes, max_episodes;
	struct order_report *orders;
	size_t n_orders, max_orders;
	struct budget *budgets;
	size_t n_budgets, max_budgets;
	struct brake_change *brakes;
	size_t n_brakes, max_brakes;

	uint64_t wake_at_usec;	  /* absolute; always after the observation's now_usec */
	uint64_t wake_slack_usec; /* later by this much is as good */
	enum attention attention;
	uint32_t n_dropped; /* list entries that found no room (they are counted, never silent) */
};

void decision_clear(struct decision *decision);
/* The next free entry, zeroed; NULL (and n_dropped + 1) when the list is full. */
struct action *decision_add_action(struct decision *decision);
struct finish *decision_add_finish(struct decision *decision);
struct level_change *decision_add_level_change(struct decision *decision);
struct rung_report *decision_add_rung(struct decision *decision);
struct episode_report *decision_add_episode(struct decision *decision);
struct order_report *decision_add_order(struct decision *decision);
struct budget *decision_add_budget(struct decision *decision);
struct brake_change *decision_add_brake(struct decision *decision);
