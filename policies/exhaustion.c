/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Exhaustion
 *
 *	headroom
 *	   |  .
 *	   |    .  .          growth    = slope of what is used up, last 4 s
 *	   |         .        time left = headroom / growth
 *	   |           \
 *	   +------------\---- time
 *	             now ^    here it runs out
 *
 * What modules gave back meanwhile is added to what is used up: it makes room, but those who grow
 * do not grow more slowly for it. A shortage is not over because a cache was dropped.
 *
 * Two gates keep program starts apart from shortages: growth must be seen in several samples
 * (trend.c), and most of memory must be used already.
 */

#include "policies/exhaustion.h"
#include "policies/hysteresis.h"

/* To leave a level, this many times as much time must be left as it took to enter. */
#define LEAVE_FACTOR 2

void exhaustion_add(struct group_state *group, uint64_t now_usec)
{
	struct shortage *shortage = &group->shortage;

	shortage->growth_bytes = 0;
	shortage->time_left_usec = USEC_NEVER;
	if (!shortage->valid || shortage->total_bytes == BYTES_UNLIMITED)
		return;
	/* What is used up, on a scale whose zero does not matter. */
	trend_add(&group->trend, now_usec,
		  u64_add(u64_sub(INT64_MAX, shortage->headroom_bytes), group->given_bytes));
	shortage->growth_bytes = trend_growth(&group->trend, now_usec);
	if (shortage->growth_bytes > 0)
		shortage->time_left_usec =
			u64_muldiv(shortage->headroom_bytes, USEC_PER_SEC, shortage->growth_bytes);
}

enum level exhaustion_level(const struct profile *profile, const struct group_state *group,
			    enum level current)
{
	const struct shortage *shortage = &group->shortage;

	if (!shortage->valid || shortage->growth_bytes == 0 ||
	    shortage->headroom_bytes >
		    bytes_share(shortage->total_bytes, profile->exhaustion_headroom_bp))
		return LEVEL_LOW;
	for (int level = LEVEL_CRITICAL; level > LEVEL_LOW; level--) {
		uint64_t limit_usec = profile->exhaustion_usec[level];

		if (hysteresis_holds(level, current))
			limit_usec *= LEAVE_FACTOR;
		if (limit_usec > 0 && shortage->time_left_usec <= limit_usec)
			return level;
	}
	return LEVEL_LOW;
}
