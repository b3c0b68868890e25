/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Interest: which groups are worth reading, from what was seen of them before
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

struct interest {
	struct group_set *groups;
	struct pressure_watch *watch; /* the observer's */
	uint32_t fields;	      /* enum group_field: what this host's groups can have */
	struct glance *glances;	      /* by slot */
	uint64_t next_look_usec;      /* not before */
	uint64_t unwatched_look_usec;
};

/* What groups of this tree can have, enum group_field. */
uint32_t interest_fields(const struct cgroup_tree *tree);
/* Returns: 0 or -ENOMEM. */
int interest_init(struct interest *interest, struct group_set *groups, uint32_t fields);
void interest_done(struct interest *interest);

static inline struct glance *interest_glance_at(struct interest *interest, uint32_t slot)
{
	return &interest->glances[slot];
}

static inline struct glance *interest_glance(struct interest *interest, const struct group *group)
{
	return interest_glance_at(interest, group->slot);
}

/* The group made itself heard. */
void interest_stir(struct interest *interest, uint32_t slot, enum stir stir, uint64_t now_usec);
/* The group was read. */
void interest_learn(struct interest *interest, const struct group_reading *reading,
		    uint64_t now_usec);
/*
 * Looks at the groups below the tops that stirred, unless it is too soon after the last look.
 * Returns: 0, or the time at which to come again.
 */
uint64_t interest_look_below(struct interest *interest, uint64_t now_usec);
/* Something moved in it lately. */
bool interest_is_fresh(struct interest *interest, const struct group *group, uint64_t now_usec);
/*
 * A limit of its own or of an ancestor binds it. For a group known for ten seconds and more, what
 * is known may be ten seconds old; before that at most half of the time it has been known.
 */
bool interest_is_limited(struct interest *interest, const struct group *group, uint64_t now_usec);
/* memory.max or memory.high is set. */
bool reading_is_limited(const struct group_reading *reading);
