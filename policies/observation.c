/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include "policies/observation.h"

void observation_clear(struct observation *observation, uint64_t now_usec)
{
	observation->now_usec = now_usec;
	observation->covers = 0;
	memset(&observation->machine, 0, sizeof(observation->machine));
	observation->n_groups = 0;
	observation->n_modules = 0;
	observation->n_outcomes = 0;
	observation->n_orders = 0;
}

/* The four lists differ only in their type. */
#define DEFINE_ADD(name, type, list)                                       \
	type *observation_add_##name(struct observation *observation)      \
	{                                                                  \
		if (observation->n_##list >= observation->max_##list)      \
			return NULL;                                       \
		type *entry = &observation->list[observation->n_##list++]; \
		memset(entry, 0, sizeof(*entry));                          \
		return entry;                                              \
	}

DEFINE_ADD(group, struct group_reading, groups)
DEFINE_ADD(module, struct module_reading, modules)
DEFINE_ADD(outcome, struct outcome, outcomes)
DEFINE_ADD(order, struct order, orders)
