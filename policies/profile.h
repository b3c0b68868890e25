/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Profile: a policy's settings
 *
 * A plain value: copied to switch, compared to see what changed. profile_settings[] describes
 * every setting once; the file reader, `cat-config`, the manual page test and the checks use that
 * one table. Reading files is not done here (controller/config/profile_file.c).
 */

#include <stdbool.h>

#include "policies/units.h"
#include "policies/words.h"

#define PROFILE_NAME_MAX     32
#define PROFILE_PATTERNS_MAX 32
#define PROFILE_PATTERN_SIZE 256 /* with the NUL: as long as a unit's name gets; or a path */

/* How many modules one rung may ask at once, at most: the choice lies on decide()'s stack. */
#define MODULES_PER_CYCLE_MAX 64

struct pattern_list {
	uint32_t n;
	char pattern[PROFILE_PATTERNS_MAX][PROFILE_PATTERN_SIZE];
};

/* Patterns with a number each, PRIORITY_MIN to PRIORITY_MAX. */
struct rank_list {
	uint32_t n;
	struct rank {
		char pattern[PROFILE_PATTERN_SIZE];
		int32_t priority;
	} rank[PROFILE_PATTERNS_MAX];
};

struct profile {
	char name[PROFILE_NAME_MAX]; /* set by the reader */

	/* [Headroom]: level when what is left falls to this share; [LEVEL_LOW] is unused. */
	uint32_t headroom_bp[N_LEVELS];
	uint64_t headroom_max_bytes[N_LEVELS]; /* ... but never more than this, for large hosts */
	uint32_t headroom_leave_bp;	       /* to leave a level, this much more must be left */

	/* [Exhaustion]: level when headroom / growth falls to this; 0 = off. */
	uint64_t exhaustion_usec[N_LEVELS];
	uint32_t exhaustion_confidence_bp[N_LEVELS]; /* ... and this share was seen going */
	uint32_t exhaustion_headroom_bp; /* only once headroom is below this share; group, medium:
					    before */

	/* [Stall]: level when tasks lost this share of the window; 0 = off. */
	uint32_t stall_some_bp[N_LEVELS];
	uint32_t stall_full_bp[N_LEVELS];
	uint32_t stall_headroom_bp; /* confirmed only below this; else attribution io */
	uint64_t trigger_some_usec; /* PSI trigger: stall ... */
	uint64_t trigger_full_usec;
	uint64_t trigger_window_usec; /* ... within this window, 500 ms to 10 s */

	/* [Dwell] */
	uint64_t dwell_usec; /* a level is not left downwards before this */

	/* [Ladder] */
	enum rung max_rung[N_LEVELS];	      /* climb no further than this at a level */
	uint64_t rung_deadline_usec[N_RUNGS]; /* an answer after this is late */
	uint64_t goal_min_bytes;	      /* never ask for less than this */
	uint64_t goal_horizon_usec;	      /* ask for what grows within this time, too */
	uint64_t settle_usec;		      /* pause between two cycles at one level */

	/* [Brake] */
	enum brake brake;
	uint64_t brake_usec;		   /* hold the grower when time left falls to this ... */
	uint32_t brake_confidence_bp;	   /* ... this share was seen going ... */
	uint32_t brake_fill_bp;		   /* ... and at least this share is used up */
	uint64_t brake_hold_usec;	   /* let go after this at the latest */
	uint64_t brake_rest_usec;	   /* and do not hold the same group again for this long */
	struct pattern_list brake_exclude; /* units, slices included, never held still */

	/* [Modules] */
	uint64_t idle_limit_usec; /* unload: idle for this long at medium, half at high */
	uint64_t idle_limit_critical_usec;
	uint32_t modules_per_cycle[N_LEVELS];
	uint64_t demote_usec; /* a late module goes last for this long, doubling */

	/* [Sampling] */
	uint64_t sampling_usec;	    /* the longest sleep */
	uint64_t sampling_min_usec; /* the shortest */
	uint64_t fill_rate_bytes;   /* per second: the fastest fill the timer must notice */
	uint32_t budget_bp;	    /* tripwire: this share of what is left ... */
	uint64_t budget_min_bytes;  /* ... but never less */

	/* [Groups]: patterns are fnmatch(3) globs */
	struct pattern_list units;	     /* unit names under control */
	struct pattern_list paths;	     /* cgroup paths under control */
	struct pattern_list protected_units; /* never reclaimed from or held still */
	struct pattern_list exclude;	     /* units or paths: nothing is taken from these */
	struct rank_list ranks;		     /* units or paths: a higher priority gives later */
};

enum setting_kind {
	SETTING_BYTES,	  /* uint64_t */
	SETTING_USEC,	  /* uint64_t */
	SETTING_SHARE,	  /* uint32_t basis points */
	SETTING_COUNT,	  /* uint32_t */
	SETTING_RUNG,	  /* enum rung */
	SETTING_BRAKE,	  /* enum brake */
	SETTING_PATTERNS, /* struct pattern_list */
	SETTING_RANKS,	  /* struct rank_list */
};

struct profile_setting {
	const char *section;
	const char *key;
	enum setting_kind kind;
	size_t offset;	   /* in struct profile */
	uint64_t min, max; /* inclusive; unused for patterns and ranks */
	const char *help;  /* one sentence */
};

extern const struct profile_setting profile_settings[];
extern const size_t n_profile_settings;

/* The setting of that name, or NULL. Section and key compare exactly. */
const struct profile_setting *profile_setting_find(const char *section, const char *key);

/* The value of a setting as a number; of patterns and ranks, how many there are. */
uint64_t profile_get(const struct profile *profile, const struct profile_setting *setting);

/* The built-in defaults: the same as profiles/default.conf. */
void profile_init(struct profile *profile);

/* Two settings that contradict each other. */
struct profile_conflict {
	const struct profile_setting *setting;
	const struct profile_setting *other; /* what it does not fit; NULL: nothing else is there */
	const char *problem;		     /* about `setting`: what must hold, and why; static */
};

/*
 * Checks settings against each other (thresholds in order, rungs rising with the level, stall
 * within window, a way back from every level, ...), after each one's own range was checked.
 * Returns: true, or false and *ret.
 */
bool profile_is_sound(const struct profile *profile, struct profile_conflict *ret);
