/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Tally: what came of a running shortage, or order, in sum
 *
 * Filled from each step's decision: the group that grew, the services that were asked, what they
 * gave. The journal writes these sums in place of each single request. Of fixed size: a shortage or
 * a service that finds no place is left out of the sums, and counted where it can be.
 */

#include "controller/groups/group_set.h"
#include "controller/observe/observer.h"
#include "controller/registry/registry.h"
#include "policies/decision.h"

struct tallies;

/* What a unit's name takes, and a cgroup's without one; what is longer is cut. */
#define TALLY_NAME_SIZE 256

/* One service of a tally. */
struct tally_share {
	char unit[TALLY_NAME_SIZE]; /* "": it belongs to none */
	char name[TALLY_NAME_SIZE]; /* for people: the unit, else the cgroup */
	uint32_t n_requests, n_late, n_failed;
	uint64_t asked_bytes, claimed_bytes, measured_bytes;
};

/* The group that was seen growing fastest while it ran. */
struct tally_grower {
	uint64_t growth_bytes; /* per second; 0: none was seen */
	char unit[TALLY_NAME_SIZE];
	char cgroup[TALLY_NAME_SIZE];
};

struct tally {
	uint64_t episode_id; /* 0: of an order */
	uint64_t order_id;   /* 0: of an episode */
	uint32_t group_slot; /* the short one; SLOT_NONE: not known yet */
	uint64_t group_id;
	uint64_t began_usec;
	struct tally_grower grower;
	struct tally_share sum;	 /* of all services; no names */
	enum reason skip_reason; /* the last rung's that was passed over; REASON_NONE */
	bool dry_run;		 /* something was only described */
	bool is_due; /* while it lasts: this step, what was done so far is worth a line */

	uint64_t due_usec;	  /* not before */
	uint32_t n_requests_then; /* when it was due last */
};

int tallies_new(struct tallies **ret, struct group_set *groups, struct registry *registry,
		struct observer *observer);
struct tallies *tallies_free(struct tallies *tallies);
DEFINE_CLEANUP(struct tallies *, tallies_free);

/* Takes in what a step decided. What the step before ended is forgotten. */
void tallies_see(struct tallies *tallies, const struct decision *decision, bool dry_run,
		 uint64_t now_usec);
/* Of a running episode or order, or one that this step ended; NULL: there is none. */
const struct tally *tallies_of_episode(const struct tallies *tallies, uint64_t episode_id);
const struct tally *tallies_of_order(const struct tallies *tallies, uint64_t order_id);
/* The next one that is due, after `last` (NULL: the first); NULL: no more. */
const struct tally *tallies_next_due(const struct tallies *tallies, const struct tally *last);
/* The next service of a tally, likewise, in the order in which they were asked first. */
const struct tally_share *tallies_next_share(const struct tallies *tallies,
					     const struct tally *tally,
					     const struct tally_share *last);
