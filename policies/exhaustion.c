/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Exhaustion
 *
 *	left |  . *                      taken = share / (1 - share) of what is left now
 *	     |      . *    taken         span  = how long that took
 *	     |          . *
 *	     |              * now        time left = span * left / taken
 *	     |              | .          \
 *	     |              |   .  left   the same speed, carried on
 *	     +--------------+-----.-- time
 *	          |<-span-->|<--->| time left
 *
 * Looking back not by time but by bytes makes one rule fit all speeds: at 1 GB/s the last tenth of
 * what was left went in milliseconds, with a leak it took hours, and either says how long the rest
 * will do. The share is the confidence: a burst that takes 5 % of what is left, however fast, is
 *not believed by a level that asks for 10 %; a ramp is, and long before its end. When the growth
 *ends the span goes on growing, so the time left does.
 *
 * What modules gave back meanwhile is added to what is used up: it makes room, but those who grow
 * do not grow more slowly for it. A shortage is not over because a cache was dropped.
 */

#include "policies/exhaustion.h"
#include "policies/hysteresis.h"

/* To leave a level, this many times as much time must be left as it took to enter. */
#define LEAVE_FACTOR 2
/* Less than this is noise: a profile that asks for 0 gets it. */
#define CONFIDENCE_LEAST_BP 100U
/* Confidence is found out in steps of this: more than 95 % was never asked for by anybody. */
#define CONFIDENCE_STEP_BP 500
/* A past this much slower still says the same. */
#define AGREE_FACTOR 2

uint64_t exhaustion_time_left(const struct group_state *group, uint64_t now_usec,
			      uint32_t confidence_bp)
{
	uint64_t headroom_bytes = group->shortage.headroom_bytes, taken_bytes, span_usec;

	confidence_bp = (uint32_t)u64_max(confidence_bp, CONFIDENCE_LEAST_BP);
	if (confidence_bp >= BP_ONE)
		return USEC_NEVER;
	taken_bytes = u64_muldiv(headroom_bytes, confidence_bp, BP_ONE - confidence_bp);

	if (headroom_bytes == 0)
		return 0;
	taken_bytes = u64_max(taken_bytes, 1);
	span_usec = consumption_span(&group->consumption, now_usec, taken_bytes);
	return span_usec == USEC_NEVER ? USEC_NEVER
				       : u64_muldiv(span_usec, headroom_bytes, taken_bytes);
}

/* The largest share of what was left that went at least half as fast. */
static uint32_t confidence_of(const struct group_state *group, uint64_t now_usec, uint32_t least_bp,
			      uint64_t time_left_usec)
{
	uint64_t most_usec = u64_muldiv(time_left_usec, AGREE_FACTOR, 1);
	uint32_t sure_bp = least_bp;

	for (uint32_t bp = least_bp + CONFIDENCE_STEP_BP; bp < BP_ONE; bp += CONFIDENCE_STEP_BP) {
		if (exhaustion_time_left(group, now_usec, bp) > most_usec)
			break;
		sure_bp = bp;
	}
	return sure_bp;
}

/* What is used up, on a scale whose zero does not matter; a group's does not move with its limit.
 */
static uint64_t used_bytes(const struct group_state *group)
{
	const struct shortage *shortage = &group->shortage;
	uint64_t whole_bytes = group->slot == GROUP_SLOT_HOST ? INT64_MAX : shortage->total_bytes;

	return u64_add(u64_sub(whole_bytes, shortage->headroom_bytes), group->given_bytes);
}

void exhaustion_add(const struct profile *profile, struct group_state *group, uint64_t now_usec)
{
	struct shortage *shortage = &group->shortage;
	uint32_t least_bp = profile->exhaustion_confidence_bp[LEVEL_MEDIUM];

	shortage->growth_bytes = 0;
	shortage->time_left_usec = USEC_NEVER;
	shortage->confidence_bp = 0;
	if (!shortage->valid || shortage->total_bytes == BYTES_UNLIMITED)
		return;
	consumption_add(&group->consumption, now_usec, used_bytes(group));
	shortage->time_left_usec = exhaustion_time_left(group, now_usec, least_bp);
	if (shortage->time_left_usec == USEC_NEVER)
		return;
	shortage->growth_bytes = u64_muldiv(shortage->headroom_bytes, USEC_PER_SEC,
					    u64_max(shortage->time_left_usec, 1));
	shortage->confidence_bp =
		confidence_of(group, now_usec, least_bp, shortage->time_left_usec);
}

static uint64_t last_seen_usec(const struct group_state *group)
{
	uint32_t n = group->consumption.n;

	return n > 0 ? group->consumption.at_usec[n - 1] : 0;
}

/* Fast growth on a host that is half empty is a program starting; its own limit is no host. */
static bool is_roomy(const struct profile *profile, const struct group_state *group)
{
	return group->slot == GROUP_SLOT_HOST &&
	       group->shortage.headroom_bytes >
		       bytes_share(group->shortage.total_bytes, profile->exhaustion_headroom_bp);
}

enum level exhaustion_level(const struct profile *profile, const struct group_state *group,
			    enum level current)
{
	const struct shortage *shortage = &group->shortage;

	/* No growth: nothing runs out, even where nothing is left (headroom says that). */
	if (!shortage->valid || shortage->growth_bytes == 0 || is_roomy(profile, group))
		return LEVEL_LOW;
	for (int level = LEVEL_CRITICAL; level > LEVEL_LOW; level--) {
		uint64_t limit_usec = profile->exhaustion_usec[level];
		uint32_t sure_bp = profile->exhaustion_confidence_bp[level];

		if (hysteresis_holds(level, current)) {
			limit_usec *= LEAVE_FACTOR;
			sure_bp /= LEAVE_FACTOR;
		}
		if (limit_usec > 0 &&
		    exhaustion_time_left(group, last_seen_usec(group), sure_bp) <= limit_usec)
			return level;
	}
	return LEVEL_LOW;
}
