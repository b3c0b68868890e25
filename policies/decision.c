/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include "policies/decision.h"

void decision_clear(struct decision *decision)
{
	decision->n_actions = 0;
	decision->n_finishes = 0;
	decision->n_level_changes = 0;
	decision->n_rungs = 0;
	decision->n_episodes = 0;
	decision->n_orders = 0;
	decision->n_budgets = 0;
	decision->n_brakes = 0;
	decision->wake_at_usec = USEC_NEVER;
	decision->wake_slack_usec = 0;
	decision->attention = ATTENTION_HOST;
	decision->n_dropped = 0;
}

/* The lists differ only in their type. */
#define DEFINE_ADD(name, type, list)                                 \
	type *decision_add_##name(struct decision *decision)         \
	{                                                            \
		if (decision->n_##list >= decision->max_##list) {    \
			decision->n_dropped++;                       \
			return NULL;                                 \
		}                                                    \
		type *entry = &decision->list[decision->n_##list++]; \
		memset(entry, 0, sizeof(*entry));                    \
		return entry;                                        \
	}

DEFINE_ADD(action, struct action, actions)
DEFINE_ADD(finish, struct finish, finishes)
DEFINE_ADD(level_change, struct level_change, level_changes)
DEFINE_ADD(rung, struct rung_report, rungs)
DEFINE_ADD(episode, struct episode_report, episodes)
DEFINE_ADD(order, struct order_report, orders)
DEFINE_ADD(budget, struct budget, budgets)
DEFINE_ADD(brake, struct brake_change, brakes)
