/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reasons: why something was done, or not done
 *
 * One row a reason: a number that never changes, a short name for machines (journal field REASON=,
 * D-Bus strings, traces) and a sentence for people.
 */

enum reason {
	REASON_NONE,
	/* levels */
	REASON_HEADROOM_LOW,  /* headroom fell below the level's threshold */
	REASON_TIME_SHORT,    /* at this growth it runs out too soon */
	REASON_STALLED,	      /* tasks lose time waiting for memory and little is left */
	REASON_LIMIT_REACHED, /* the group is held at its own limit */
	REASON_RECOVERED,     /* above the leave threshold for the dwell time */
	REASON_IO_ONLY,	      /* stall without shortage: left alone */
	/* rungs and actions */
	REASON_LEVEL_ROSE,	  /* first answer to a level above low */
	REASON_GOAL_MISSED,	  /* the rung below gave too little, measured */
	REASON_GOAL_MET,	  /* the rung gave what was asked */
	REASON_STILL_SHORT,	  /* a further cycle: the level holds */
	REASON_NO_EFFECT_BEFORE,  /* skipped: gave nothing earlier in this episode */
	REASON_NOBODY_TO_ASK,	  /* skipped: no module or group qualifies */
	REASON_NOT_AT_THIS_LEVEL, /* the profile allows the rung only at a higher level */
	REASON_ORDERED,		  /* somebody asked for relief */
	REASON_CALM_AGAIN,	  /* ended early: the level is back to low */
	REASON_GROUP_GONE,	  /* ended: the group does not exist any more */
	REASON_TOO_MANY,	  /* refused: as many ladders are on as there is room for */
	/* the brake */
	REASON_RUNAWAY,	  /* held: it would be over before the ladder could answer */
	REASON_RELIEVED,  /* let go: enough was given back */
	REASON_HELD_LONG, /* let go: held for as long as the profile allows */
	REASON_NO_HELP,	  /* let go: nobody has anything left to give */
	REASON_FAILED,	  /* let go: the kernel refused to hold it */
	REASON_SWITCHED,  /* let go: the profile has no brake any more */
	/* rungs and the brake */
	REASON_EXCLUDED, /* skipped or let go: settings exclude what it would take from */
	N_REASONS,
};

/* Short name, such as "headroom-low"; "unknown" outside the range. */
const char *reason_name(enum reason reason);
/* One sentence, starting with a capital, ending with a full stop. */
const char *reason_sentence(enum reason reason);
/* Returns: 0 and *ret, or -1 when no reason has that short name. */
int reason_from_name(const char *name, enum reason *ret);
