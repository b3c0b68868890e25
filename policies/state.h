/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * State: what the judgement remembers between steps
 *
 * Fixed arrays by slot, in memory that the caller lends once at start; untouched slots cost no
 * resident page. Publishers read it; only decide() writes it.
 */

#include "policies/consumption.h"
#include "policies/decision.h"
#include "policies/profile.h"

/* What is left of a group, and for how long. */
struct shortage {
	bool valid;
	uint64_t total_bytes;	  /* RAM, or the limit that binds */
	uint64_t available_bytes; /* left without swapping */
	uint64_t headroom_bytes;  /* left altogether, compressed swap by its real bytes */
	uint64_t useless_bytes;	  /* of the host: swap not in headroom, as no group may use it */
	uint64_t growth_bytes;	  /* per second; 0 when not growing */
	uint64_t time_left_usec;  /* headroom / growth; USEC_NEVER: not growing; 0: nothing left */
	uint32_t confidence_bp;	  /* how much of what was left was seen going at that speed */
	uint32_t some_bp;	  /* share of the last window lost to stalls */
	uint32_t full_bp;
};

/*
 * One module's part of a running rung, or one group's reclaim. Free when neither active nor late.
 */
struct request {
	struct action action;
	bool active;	 /* sent, neither answered nor late */
	bool late;	 /* its deadline passed; an answer is still booked to the module */
	uint32_t ladder; /* index; SLOT_NONE when that ladder is over */

	/* Within one step: it was answered, or its group is looked at again. */
	bool answered, looked_at;
	struct outcome outcome;	 /* the answer */
	uint64_t measured_bytes; /* what was measured in this step */
	bool measured_by_group;	 /* by the group's own counters, not by the host's */

	/* Answered, but measured far below its claim: judged after another look (second_look.c). */
	uint64_t look_usec; /* when; 0: no look is to come */
	uint64_t answered_usec;
	uint64_t total_measured_bytes; /* of all looks */
	bool is_held;		       /* an order's: it stays active until the first look */
};

/* What the modules charged to a group hold of it, as two witnesses say. */
enum witness {
	WITNESS_REPORT, /* the sizes that they report */
	WITNESS_OWNER,	/* the memory of the processes that registered them; 0: not known */
	N_WITNESSES,
};

struct own_share {
	/* When the modules were observed last, as far as it is used memory of this group. */
	uint64_t bytes[N_WITNESSES];
	uint64_t fell_bytes[N_WITNESSES];     /* in that step */
	uint64_t released_bytes[N_WITNESSES]; /* fell so far while asked: their gifts */
	uint64_t answered_step;		      /* state.n_steps when one of them answered last */
};

/* The ladder of one group or one order: which rung is on, what it has to reach. */
struct ladder {
	bool active;
	uint32_t group_slot;
	uint64_t group_id;
	uint64_t episode_id; /* 0 for an order outside an episode */
	uint64_t order_id;   /* 0 for an episode's own ladder */
	uint64_t order_bytes;
	enum rung order_max_rung;

	enum rung rung; /* RUNG_NONE: between two cycles */
	uint64_t rung_started_usec;
	uint64_t deadline_usec;
	uint64_t goal_bytes;
	uint64_t claimed_bytes, measured_bytes; /* by this rung so far */
	uint64_t left_bytes; /* what left the processes of the modules since it began */
	uint32_t n_requests, n_open, n_late;

	uint64_t started_usec;
	uint64_t next_cycle_usec;
	uint32_t spent_rungs; /* bit per rung: without effect in this episode, skipped */
	uint64_t total_claimed_bytes, total_measured_bytes;

	struct consumption others[N_WITNESSES]; /* used beside the modules (own_growth.c) */
	uint64_t others_bytes;			/* per second: how fast that grows now */
	bool others_known;			/* it was looked at for long enough to say so */
	bool is_content;	 /* nothing is missing at the moment: nothing is asked for */
	uint64_t released_bytes; /* an order's: what left the modules since it began */
	uint64_t waited_usec;	 /* an order's: for late answers */
	uint64_t step_bytes;	 /* an order's: the largest step of those that answered */

	enum level level;	 /* what the ladder acts on: the judged level */
	enum level risen_level;	 /* the group's level that was answered to */
	enum rung next_rung;	 /* where the cycle goes on at next_cycle_usec */
	enum reason next_reason; /* and why */
	bool waiting;		 /* for an observation that covers more */
	bool asked_all;		 /* nobody else would have qualified for this rung */
	uint32_t n_barren;	 /* cycles in a row in which no module gave anything */
	uint32_t n_repeats;	 /* of one rung of an order */
	uint64_t cycle_measured_bytes;
	uint32_t told[N_LEVELS]; /* skipped rungs already reported at this level, a bit each */
};

struct episode {
	uint64_t id; /* 0: none */
	uint64_t started_usec;
	enum level peak_level;
	uint32_t n_requests;
	bool has_ladder; /* false while all ladder slots are taken */
	uint64_t measured_bytes[N_RUNGS];
};

/* What holds a group still right now, or did lately. */
struct hold {
	uint64_t id;	     /* of the decision's brake_change; 0: not held */
	enum brake brake;    /* BRAKE_FREEZE or BRAKE_THROTTLE while held */
	enum reason reason;  /* why it is held, or was let go; REASON_NONE: it never was */
	uint32_t short_slot; /* the group (or host) it is held for */
	uint64_t short_id;
	uint64_t since_usec, until_usec;
	uint64_t rest_until_usec; /* not again before, or for this long only: */
	uint64_t spare_usec;	  /* what a relief left of Hold= */
	uint64_t growth_bytes;	  /* per second: what ran away when it was stopped */
	uint64_t headroom_bytes;  /* what was left for short_slot then */
	uint64_t high_bytes;	  /* throttled: what memory.high was before */
};

/* Counters of a group at one instant; what they fall by later is measured. */
struct group_mark {
	uint32_t has;		/* enum group_field: which of them are known */
	uint64_t current_bytes; /* the host: memory used */
	uint64_t unused_bytes, held_bytes, swap_bytes;
};

/* How fast a group grew between two readings, limit or not. */
struct rise {
	uint64_t since_usec, since_bytes;
	uint64_t growth_bytes; /* per second, up to since_usec */
};

/* When a group ran out of time, and whom the kernel killed then: for the suggestions. */
struct kill_record {
	bool is_counted;       /* n_seen was read */
	uint64_t n_seen;       /* memory.events: oom_kill at the last reading */
	uint64_t seen_usec;    /* a kill in it, or in a group below; 0: never */
	uint64_t ran_out_usec; /* when time left was critical, for the last time; 0: never */
	uint64_t n_unbraked;   /* killed soon after that, with no brake in the profile */
	uint64_t last_usec;    /* the last of these */
	/* Since it is followed, all below it included; and those of groups right below it, gone or
	 * not. */
	uint64_t n_killed, n_below;
};

/* What its modules gave back lately: growth up to where it was before is a cache that fills again.
 */
struct refill {
	uint64_t to_bytes;
	uint64_t until_usec;
};

/*
 * What each step walks over stands first, in two cache lines: after a minute of sleep nothing is in
 * the cache, and there may be a thousand groups.
 */
struct group_state {
	uint64_t id; /* 0: free slot */
	uint32_t slot, parent_slot;
	uint64_t seen_step;	 /* state.n_steps of the last reading */
	enum level level;	 /* what is published: judged, with dwell, here or above */
	enum level judged_level; /* by its own readings, without dwell */
	enum attribution attribution;
	bool is_below;		  /* judged lower than the level, without a break ... */
	bool brake_waits;	  /* for an observation that covers more */
	bool is_helped;		  /* something is held still for it: its pace says nothing */
	uint64_t look_again_usec; /* a stall may be on: close the window then; 0: no */
	struct episode episode;
	struct hold hold;

	struct group_reading seen; /* the last reading; validity in seen.has */
	uint64_t seen_usec;
	uint64_t parent_step;	  /* the last step in which it was seen to have a child */
	struct group_mark booked; /* the counters up to which falls were booked to actions */
	bool booking;		  /* some action in this group is waiting for its measure */

	uint64_t level_since_usec;
	uint64_t below_since_usec; /* is_below: since then */
	enum signal signal;
	uint32_t signals; /* a bit each: all that ask for a level above low now */
	enum reason reason;
	uint64_t io_seen_usec; /* attribution io: when it was last true */
	struct shortage shortage;
	struct consumption consumption;
	uint64_t given_bytes; /* by modules in here so far: growth is what others take */
	bool stall_started;   /* the three below hold the start of a PSI window */
	uint64_t stall_since_usec, stall_some_usec, stall_full_usec;
	bool limit_hit; /* memory.events:max moved at the last reading */
	struct own_share own;
	struct rise rise;
	uint64_t n_holds;
	struct kill_record kills;
	struct refill refill;
};

struct module_state {
	uint64_t id; /* 0: free slot */
	struct module_reading seen;
	uint64_t seen_step;
	uint64_t open_action_id; /* 0: nobody asked it anything right now */
	uint32_t yield_bp;	 /* measured / asked so far, smoothed: what to expect of it */
	uint64_t step_bytes;	 /* it gave so much more than was asked: it has no smaller blocks */
	uint64_t demoted_until_usec;
	uint64_t last_until_usec; /* it gave nothing: others first until then */
	uint64_t owes_since_usec; /* late without an answer since then; 0: owes none */
	uint32_t n_late_in_a_row;
	/* Totals for the record. */
	uint32_t n_requests, n_late;
	uint64_t claimed_bytes, measured_bytes;
	uint64_t last_latency_usec;
};

struct state_limits {
	uint32_t max_groups; /* slots, the host's included */
	uint32_t max_modules;
	uint32_t max_ladders;  /* groups short at the same time, plus orders */
	uint32_t max_requests; /* outstanding at the same time */
	uint32_t max_orders;   /* new in one step */
};

struct state {
	struct state_limits limits;
	struct group_state *groups;   /* by slot */
	struct module_state *modules; /* by slot */
	struct ladder *ladders;
	struct request *requests;
	uint32_t n_groups_used, n_modules_used; /* high-water marks for walks */

	uint64_t next_action_id, next_episode_id;
	uint64_t now_usec;	    /* of the last step */
	uint64_t modules_seen_usec; /* when all modules were observed last */
	uint64_t modules_step;	    /* n_steps when their groups' own_share was added up last */
	struct machine_reading machine;

	/* Totals since start, for the publishers. */
	uint64_t n_steps, n_requests, n_late, n_episodes;
	uint64_t n_killed;	       /* by the kernel, in any group */
	uint32_t n_held;	       /* groups whose hold.id is not 0 */
	uint64_t n_results[N_RESULTS]; /* requests that are over, reclaim included */
	uint64_t claimed_bytes, measured_bytes;
};

/* Bytes to lend for these limits; aligned memory, all zero, as calloc() gives. */
/* Before the first step. The state is all zero but its limits and lists: workspace_init() calls it.
 */
void state_init(struct state *state);
/* The group or module in that slot if it is this one, else NULL. */
const struct group_state *state_group(const struct state *state, uint32_t slot, uint64_t id);
const struct module_state *state_module(const struct state *state, uint32_t slot, uint64_t id);
/* The host's record; always there, its level is `low` until something was seen. */
const struct group_state *state_host(const struct state *state);
/* The rung a group's ladder stands on, RUNG_NONE when it has none. */
enum rung state_group_rung(const struct state *state, uint32_t slot);
