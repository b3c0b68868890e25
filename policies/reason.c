/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stddef.h>
#include <string.h>

#include "policies/reason.h"

static const struct {
	const char *name;
	const char *sentence;
} reasons[N_REASONS] = {
	[REASON_NONE] = { "none", "No reason was given." },
	[REASON_HEADROOM_LOW] = { "headroom-low",
				  "What is left fell below the threshold of this level." },
	[REASON_TIME_SHORT] = { "time-short", "At the present growth, memory runs out too soon." },
	[REASON_STALLED] = { "stalled",
			     "Tasks lose time waiting for memory and little of it is left." },
	[REASON_LIMIT_REACHED] = { "limit-reached", "The group is held at its own memory limit "
						    "with little to give back." },
	[REASON_RECOVERED] = { "recovered", "There has been enough again for the dwell time." },
	[REASON_IO_ONLY] = { "io-only", "Tasks stall although memory is left: this is "
					"input/output, so nothing is done." },
	[REASON_LEVEL_ROSE] = { "level-rose", "The level rose: this is the first answer to it." },
	[REASON_GOAL_MISSED] = { "goal-missed",
				 "The memory given back, as measured, stayed below the goal." },
	[REASON_GOAL_MET] = { "goal-met", "The memory given back, as measured, reached the goal." },
	[REASON_STILL_SHORT] = { "still-short",
				 "The shortage goes on: a further cycle of the ladder begins." },
	[REASON_NO_EFFECT_BEFORE] = { "no-effect-before", "Skipped, because this rung gave nothing "
							  "earlier in this episode." },
	[REASON_NOBODY_TO_ASK] = { "nobody-to-ask",
				   "Skipped, because no module or group qualifies for this rung." },
	[REASON_NOT_AT_THIS_LEVEL] = { "not-at-this-level",
				       "The profile allows this rung only at a higher level." },
	[REASON_ORDERED] = { "ordered", "Somebody asked for relief." },
	[REASON_CALM_AGAIN] = { "calm-again", "Ended early, because the level is back to low." },
	[REASON_GROUP_GONE] = { "group-gone", "Ended, because the group does not exist any more." },
	[REASON_TOO_MANY] = { "too-many",
			      "Refused, because too many groups and orders are served already." },
	[REASON_RUNAWAY] = { "runaway", "It grows so fast that memory would be gone before anybody "
					"could answer: held still for a moment." },
	[REASON_RELIEVED] = { "relieved", "Let go, because enough memory was given back." },
	[REASON_HELD_LONG] = { "held-long",
			       "Let go, because it was held for as long as the profile allows." },
	[REASON_NO_HELP] = { "no-help", "Let go, because nobody has anything left to give." },
	[REASON_FAILED] = { "failed", "Let go, because the kernel refused to hold it." },
	[REASON_SWITCHED] = { "switched-off",
			      "Let go, because the profile in force has no brake." },
	[REASON_EXCLUDED] = { "excluded", "Nothing is taken, because all that qualifies is "
					  "excluded (reliefctl show UNIT names the setting)." },
};

const char *reason_name(enum reason reason)
{
	return (unsigned int)reason < N_REASONS ? reasons[reason].name : "unknown";
}

const char *reason_sentence(enum reason reason)
{
	return (unsigned int)reason < N_REASONS ? reasons[reason].sentence
						: "The reason is not known to this version.";
}

int reason_from_name(const char *name, enum reason *ret)
{
	for (size_t i = 0; i < N_REASONS; i++) {
		if (strcmp(reasons[i].name, name) == 0) {
			*ret = (enum reason)i;
			return 0;
		}
	}
	return -1;
}
