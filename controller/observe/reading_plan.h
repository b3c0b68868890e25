/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reading plan: which groups are worth reading, from what was seen of them before
 *
 * One small record a group: the counters when last seen, and when they last moved.
 */

#include <stdbool.h>

#include "controller/observe/pressure_watch.h"

/* What is remembered of a group between two collects. */
struct glance {
	uint64_t n_events;   /* sum of the counters of memory.events: only its change counts */
	uint64_t some_usec;  /* total of memory.pressure */
	uint64_t moved_usec; /* when either moved; 0: never */
	uint64_t limits_first_usec; /* when is_limited was found out at first; 0: never */
	uint64_t limits_usec;	    /* the same, last */
	uint64_t shared_usec;	    /* when shared_bytes was found out; 0: never */
	uint64_t shared_bytes;	    /* of its shmem, mapped by its processes */
	uint32_t round;		    /* the collect that listed it */
	uint8_t stirs;		    /* enum stir, of a top: nobody looked below since */
	bool is_known;		    /* listed at least once */
	bool is_limited;	    /* by its own memory.max or memory.high */
};

struct reading_plan {
	struct group_set *groups;
	struct pressure_watch *watch; /* the observer's */
	uint32_t fields;	      /* enum group_field: what this host's groups can have */
	struct glance *glances;	      /* by slot */
	uint64_t next_look_usec;      /* not before */
	uint64_t unwatched_look_usec;
};

/* What groups of this tree can have, enum group_field. */
uint32_t reading_plan_fields(const struct cgroup_tree *tree);
/* Returns: 0 or -ENOMEM. */
int reading_plan_init(struct reading_plan *plan, struct group_set *groups, uint32_t fields);
void reading_plan_done(struct reading_plan *plan);

static inline struct glance *reading_plan_glance_at(struct reading_plan *plan, uint32_t slot)
{
	return &plan->glances[slot];
}

static inline struct glance *reading_plan_glance(struct reading_plan *plan,
						 const struct group *group)
{
	return reading_plan_glance_at(plan, group->slot);
}

/* The group made itself heard. */
void reading_plan_stir(struct reading_plan *plan, uint32_t slot, enum stir stir, uint64_t now_usec);
/* The group was read. */
void reading_plan_learn(struct reading_plan *plan, const struct group_reading *reading,
			uint64_t now_usec);
/*
 * Looks at the groups below the tops that stirred, unless it is too soon after the last look.
 * Returns: 0, or the time at which to come again.
 */
uint64_t reading_plan_look_below(struct reading_plan *plan, uint64_t now_usec);
/* Something moved in it lately. */
bool reading_plan_is_fresh(struct reading_plan *plan, const struct group *group, uint64_t now_usec);
/*
 * A limit of its own or of an ancestor binds it. For a group known for ten seconds and more, what
 * is known may be ten seconds old; before that at most half of the time it has been known.
 */
bool reading_plan_is_limited(struct reading_plan *plan, const struct group *group,
			     uint64_t now_usec);
/* memory.max or memory.high is set. */
bool reading_is_limited(const struct group_reading *reading);
