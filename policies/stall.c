/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Stall: the share of time lost, between two readings of the kernel's totals
 *
 *	total  a       b                     c
 *	  -----|-------|---------------------|-----> time
 *	       500 ms..10 s: a window        longer: starts anew, looked at again soon
 *
 * Shorter than half a second is noise. After a longer sleep the same stall may have been one dense
 * second or ten thin minutes: the share is unknown, so the window starts anew, and when enough was
 * lost to have set off a PSI trigger, reliefd looks again as soon as a short window can close.
 */

#include "policies/stall.h"
#include "policies/hysteresis.h"

/* The shortest window of the kernel's own triggers, and the longest. */
#define STALL_WINDOW_MIN_USEC (500 * USEC_PER_MSEC)
#define STALL_WINDOW_MAX_USEC (10 * USEC_PER_SEC)

/* What moved between two totals; one that is not known says nothing. */
static uint64_t stall_lost_between(uint64_t before_usec, uint64_t after_usec)
{
	if (before_usec == COUNT_UNKNOWN || after_usec == COUNT_UNKNOWN)
		return 0;
	return u64_sub(after_usec, before_usec);
}

static void stall_window_start(struct group_state *group, uint64_t some_usec, uint64_t full_usec,
			       uint64_t now_usec)
{
	group->stall_started = true;
	group->stall_since_usec = now_usec;
	group->stall_some_usec = some_usec;
	group->stall_full_usec = full_usec;
}

void stall_add(const struct profile *profile, struct group_state *group, uint64_t some_usec,
	       uint64_t full_usec, uint64_t now_usec)
{
	uint64_t elapsed_usec = u64_sub(now_usec, group->stall_since_usec);
	uint64_t lost_some_usec = stall_lost_between(group->stall_some_usec, some_usec);
	uint64_t lost_full_usec = stall_lost_between(group->stall_full_usec, full_usec);

	if (!group->stall_started) {
		stall_window_start(group, some_usec, full_usec, now_usec);
		return;
	}
	if (elapsed_usec < STALL_WINDOW_MIN_USEC)
		return;

	group->look_again_usec = 0;
	group->shortage.some_bp = 0;
	group->shortage.full_bp = 0;
	if (elapsed_usec <= STALL_WINDOW_MAX_USEC) {
		group->shortage.some_bp = bytes_ratio_bp(lost_some_usec, elapsed_usec);
		group->shortage.full_bp = bytes_ratio_bp(lost_full_usec, elapsed_usec);
	} else if ((profile->trigger_some_usec > 0 &&
		    lost_some_usec >= profile->trigger_some_usec) ||
		   (profile->trigger_full_usec > 0 &&
		    lost_full_usec >= profile->trigger_full_usec)) {
		group->look_again_usec = now_usec + STALL_WINDOW_MIN_USEC;
	}
	stall_window_start(group, some_usec, full_usec, now_usec);
}

bool stall_is_confirmed(const struct profile *profile, const struct shortage *shortage)
{
	if (!shortage->valid || shortage->total_bytes == BYTES_UNLIMITED)
		return false;
	return shortage->available_bytes <=
	       bytes_share(shortage->total_bytes, profile->stall_headroom_bp);
}

/* To leave a level, less than half of what it took to enter may be lost. */
static bool stall_reaches(uint32_t lost_bp, uint32_t threshold_bp, bool leave)
{
	return threshold_bp > 0 && lost_bp >= (leave ? (threshold_bp + 1) / 2 : threshold_bp);
}

static enum level stall_time_lost_level(const struct profile *profile,
					const struct shortage *shortage, enum level current)
{
	for (int level = LEVEL_CRITICAL; level > LEVEL_LOW; level--) {
		bool leave = hysteresis_holds(level, current);

		if (stall_reaches(shortage->some_bp, profile->stall_some_bp[level], leave) ||
		    stall_reaches(shortage->full_bp, profile->stall_full_bp[level], leave))
			return level;
	}
	return LEVEL_LOW;
}

enum level stall_level(const struct profile *profile, const struct group_state *group,
		       enum level current)
{
	if (!stall_is_confirmed(profile, &group->shortage))
		return LEVEL_LOW;
	return stall_time_lost_level(profile, &group->shortage, current);
}

enum level stall_event_level(const struct profile *profile, const struct group_state *group,
			     enum level current)
{
	(void)current;
	if (!group->limit_hit || !stall_is_confirmed(profile, &group->shortage))
		return LEVEL_LOW;
	/* Each event is a task that had to wait for reclaim; the kill may follow within 3 ms. */
	return LEVEL_HIGH;
}

bool stall_is_io(const struct profile *profile, const struct group_state *group)
{
	const struct shortage *shortage = &group->shortage;

	if (stall_is_confirmed(profile, shortage))
		return false;
	return group->limit_hit || stall_time_lost_level(profile, shortage, LEVEL_LOW) > LEVEL_LOW;
}
