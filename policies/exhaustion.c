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
 * not believed by a level that asks for 10 %; a ramp is, and long before its end. When the growth
 * ends the span goes on growing, so the time left does.
 *
 * The host must be surer than a group with a limit: every program that starts is a burst there,
 * while what starts inside a limit was given that limit.
 *
 * That is the past. When nothing was used up within the last moments the growth has stopped, and
 * time left is endless at once.
 *
 * Inside a limit, growth with much left may be a cache that fills, and stops when it is full. It is
 * medium and no more until a quarter is left (half of Headroom=).
 *
 * What modules gave back meanwhile is added to what is used up: it makes room, but those who grow
 * do not grow more slowly for it. A shortage is not over because a cache was dropped.
 */

#include "policies/exhaustion.h"
#include "policies/hysteresis.h"

/*
 * To leave a level, this many times as much time must be left as it took to enter, judged by as
 * much smaller a share.
 */
#define LEAVE_FACTOR 2
/*
 * 100 MB that a compiler or a browser takes at once are a fifth of what is left on a half-full host
 * of 1 GiB, and no shortage. So a level that asks for a tenth in a group asks for a fifth here.
 */
#define HOST_SURER_FACTOR 2
/* What is only told, or planned with once a level is there, needs no more proof than this. */
#define CONFIDENCE_TOLD_BP 1000U
/* Less than this is noise: a profile that asks for 0 gets it. */
#define CONFIDENCE_LEAST_BP 100U
/* Any program takes some megabytes when it starts, which is a large share of a small container. */
#define TAKEN_LEAST_BYTES (8 * MIB)
/* Nothing asks for more; all of it is gone only when it is too late. */
#define CONFIDENCE_MOST_BP 9500U
/* Confidence is found out in steps of this. */
#define CONFIDENCE_STEP_BP 500U
/* A past this much slower still says the same. */
#define AGREE_FACTOR 2
/* A growth goes on while it was seen within so long: a busy processor may delay it for less. */
#define PRESENT_USEC (200 * USEC_PER_MSEC)
/* Looks that are farther apart say nothing about the present: it may have begun just now. */
#define PRESENT_MOST_USEC USEC_PER_SEC
/* Only a pace that much slower than before is an end of the growth. */
#define ENDED_FACTOR 8
/* In a group, high and critical only in this part of what is left when time left begins to count.
 */
#define SEVERE_PART 2

/*
 * How long what is left lasts at least, by the pace of the last moments: for ever once the growth
 * has stopped; 0 where that is not known. While something is held still for the group, its use says
 * nothing about the pace.
 */
static uint64_t exhaustion_present_time_left(const struct group_state *group)
{
	const struct consumption *past = &group->consumption;
	uint64_t span_usec = 0, bytes, left_usec;

	if (group->is_helped || past->n == 0 ||
	    past->at_usec[past->n - 1] - past->at_usec[0] < PRESENT_USEC)
		return 0;
	bytes = consumption_last_rise(past, PRESENT_USEC, &span_usec);
	if (bytes == 0)
		return USEC_NEVER;
	left_usec = u64_muldiv(group->shortage.headroom_bytes, span_usec, bytes);
	return span_usec > PRESENT_MOST_USEC ? 0 : left_usec / ENDED_FACTOR;
}

/* By the time it took to use up the last so many bytes. */
static uint64_t exhaustion_past_time_left(const struct group_state *group, uint64_t now_usec,
					  uint32_t confidence_bp)
{
	uint64_t headroom_bytes = group->shortage.headroom_bytes, taken_bytes, span_usec;

	confidence_bp = (uint32_t)u64_max(confidence_bp, CONFIDENCE_LEAST_BP);
	taken_bytes = u64_muldiv(headroom_bytes, confidence_bp, BP_ONE - confidence_bp);
	span_usec = consumption_span(&group->consumption, now_usec,
				     u64_max(taken_bytes, TAKEN_LEAST_BYTES));
	if (span_usec == USEC_NEVER)
		return USEC_NEVER;
	if (taken_bytes < TAKEN_LEAST_BYTES)
		return u64_muldiv(span_usec, headroom_bytes, TAKEN_LEAST_BYTES);
	/* left / taken, without the rounding of taken: more pressure must not lengthen it. */
	return u64_muldiv(span_usec, BP_ONE - confidence_bp, confidence_bp);
}

uint64_t exhaustion_time_left(const struct group_state *group, uint64_t now_usec,
			      uint32_t confidence_bp)
{
	if (confidence_bp >= BP_ONE)
		return USEC_NEVER;
	if (group->shortage.headroom_bytes == 0)
		return 0;
	return u64_max(exhaustion_past_time_left(group, now_usec, confidence_bp),
		       exhaustion_present_time_left(group));
}

uint32_t exhaustion_confidence(const struct profile *profile, const struct group_state *group,
			       enum level level)
{
	uint32_t sure_bp = profile->exhaustion_confidence_bp[level];

	if (group->slot != GROUP_SLOT_HOST || sure_bp >= BP_ONE)
		return sure_bp;
	/* A share of 100 % stays what it is: never. */
	return (uint32_t)u64_max(u64_min(sure_bp * HOST_SURER_FACTOR, CONFIDENCE_MOST_BP), sure_bp);
}

uint32_t exhaustion_told_confidence(const struct profile *profile)
{
	return (uint32_t)u64_min(profile->exhaustion_confidence_bp[LEVEL_MEDIUM],
				 CONFIDENCE_TOLD_BP);
}

/* The largest share of what was left that went at least half as fast. */
static uint32_t exhaustion_confidence_of(const struct group_state *group, uint64_t now_usec,
					 uint32_t least_bp, uint64_t time_left_usec)
{
	uint64_t most_usec = u64_muldiv(time_left_usec, AGREE_FACTOR, 1);
	uint32_t sure_bp = least_bp;

	for (uint32_t bp = least_bp + CONFIDENCE_STEP_BP; bp <= CONFIDENCE_MOST_BP;
	     bp += CONFIDENCE_STEP_BP) {
		if (exhaustion_time_left(group, now_usec, bp) > most_usec)
			break;
		sure_bp = bp;
	}
	return sure_bp;
}

uint64_t exhaustion_used(const struct group_state *group)
{
	const struct group_reading *seen = &group->seen;
	uint64_t used;

	if (group->slot == GROUP_SLOT_HOST)
		used = u64_sub(INT64_MAX, u64_add(group->shortage.headroom_bytes,
						  group->shortage.useless_bytes));
	else
		used = u64_sub(seen->current_bytes, seen->reclaimable_bytes);
	return u64_add(used, group->given_bytes);
}

/*
 * What it rose by since the last look, as far as the kernel saw it rise at such a pace. On a busy
 * host looks come late; then a steady growth must not be taken for a jump.
 */
static uint64_t exhaustion_steady_rise(const struct group_state *group, uint64_t now_usec,
				       uint64_t bytes)
{
	const struct consumption *past = &group->consumption;
	uint64_t interval_usec, pace_bytes;

	if (past->n == 0 || !(group->seen.has & GROUP_HAS_GROWTH))
		return 0;
	interval_usec = u64_sub(now_usec, past->at_usec[past->n - 1]);
	pace_bytes = u64_muldiv(group->seen.growth_bytes, interval_usec, USEC_PER_SEC);
	return u64_min(u64_sub(bytes, past->bytes[past->n - 1]),
		       u64_muldiv(pace_bytes, AGREE_FACTOR, 1));
}

static void exhaustion_remember(struct group_state *group, uint64_t now_usec)
{
	uint64_t bytes = exhaustion_used(group);

	consumption_fill_in(&group->consumption, now_usec,
			    exhaustion_steady_rise(group, now_usec, bytes));
	consumption_add(&group->consumption, now_usec, bytes);
}

void exhaustion_add(const struct profile *profile, struct group_state *group, uint64_t now_usec)
{
	struct shortage *shortage = &group->shortage;
	uint32_t least_bp = exhaustion_told_confidence(profile);

	shortage->growth_bytes = 0;
	shortage->time_left_usec = USEC_NEVER;
	shortage->confidence_bp = 0;
	if (!shortage->valid || shortage->total_bytes == BYTES_UNLIMITED)
		return;
	exhaustion_remember(group, now_usec);
	shortage->time_left_usec = exhaustion_time_left(group, now_usec, least_bp);
	if (shortage->time_left_usec == USEC_NEVER)
		return;
	shortage->growth_bytes = u64_muldiv(shortage->headroom_bytes, USEC_PER_SEC,
					    u64_max(shortage->time_left_usec, 1));
	shortage->confidence_bp =
		exhaustion_confidence_of(group, now_usec, least_bp, shortage->time_left_usec);
}

bool exhaustion_is_roomy(const struct profile *profile, const struct group_state *group)
{
	return group->shortage.headroom_bytes >
	       bytes_share(group->shortage.total_bytes, profile->exhaustion_headroom_bp);
}

/* What fast growth may be called at most while so much is left. */
static enum level exhaustion_most_severe(const struct profile *profile,
					 const struct group_state *group)
{
	uint64_t severe_bytes = bytes_share(group->shortage.total_bytes,
					    profile->exhaustion_headroom_bp / SEVERE_PART);

	if (group->slot == GROUP_SLOT_HOST)
		return exhaustion_is_roomy(profile, group) ? LEVEL_LOW : LEVEL_CRITICAL;
	return group->shortage.headroom_bytes > severe_bytes ? LEVEL_MEDIUM : LEVEL_CRITICAL;
}

/* Whether what is left is believed to last that long at most. */
static bool exhaustion_is_short(const struct group_state *group, uint32_t sure_bp,
				uint64_t limit_usec)
{
	uint32_t n = group->consumption.n;
	uint64_t now_usec = n > 0 ? group->consumption.at_usec[n - 1] : 0;

	return limit_usec > 0 && exhaustion_time_left(group, now_usec, sure_bp) <= limit_usec;
}

enum level exhaustion_level(const struct profile *profile, const struct group_state *group,
			    enum level current)
{
	const struct shortage *shortage = &group->shortage;

	if (!shortage->valid || shortage->total_bytes == BYTES_UNLIMITED)
		return LEVEL_LOW;
	for (int level = exhaustion_most_severe(profile, group); level > LEVEL_LOW; level--) {
		uint64_t limit_usec = profile->exhaustion_usec[level];
		uint32_t sure_bp = exhaustion_confidence(profile, group, level);

		if (exhaustion_is_short(group, sure_bp, limit_usec))
			return level;
		if (hysteresis_holds(level, current) &&
		    exhaustion_is_short(group, sure_bp / LEAVE_FACTOR, limit_usec * LEAVE_FACTOR))
			return level;
	}
	return LEVEL_LOW;
}
