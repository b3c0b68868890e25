/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/outlook.h"
#include "policies/exhaustion.h"
#include "policies/group_tree.h"
#include "policies/headroom.h"
#include "policies/judgement.h"

/* A group without a limit may not be looked at for long: what was seen of its growth is soon old.
 */
#define SEEN_GROWTH_USEC (5 * USEC_PER_SEC)

static uint64_t outlook_seen_growth(const struct group_state *group, uint64_t now_usec)
{
	if (u64_sub(now_usec, group->seen_usec) > SEEN_GROWTH_USEC)
		return 0;
	return group->seen.has & GROUP_HAS_GROWTH ? group->seen.growth_bytes
						  : group->rise.growth_bytes;
}

void outlook_of_own(const struct profile *profile, const struct group_state *group,
		    uint64_t now_usec, struct outlook *ret)
{
	const struct shortage *shortage = &group->shortage;

	*ret = (struct outlook){
		.headroom_bytes = shortage->valid ? shortage->headroom_bytes : BYTES_UNLIMITED,
		.time_left_usec = USEC_NEVER,
		.slot = SLOT_NONE,
	};
	if (!shortage->valid || shortage->total_bytes == BYTES_UNLIMITED) {
		ret->growth_bytes = outlook_seen_growth(group, now_usec);
		return;
	}
	if (shortage->time_left_usec == USEC_NEVER)
		return;
	ret->time_left_usec =
		exhaustion_time_left(group, now_usec, exhaustion_told_confidence(profile));
	if (ret->time_left_usec == USEC_NEVER)
		return;
	ret->growth_bytes =
		u64_muldiv(shortage->headroom_bytes, USEC_PER_SEC, u64_max(ret->time_left_usec, 1));
	ret->confidence_bp = shortage->confidence_bp;
	ret->slot = group->slot;
}

/* Takes over what is nearer at the other one. */
static void outlook_limit(struct outlook *outlook, const struct outlook *above)
{
	outlook->headroom_bytes = u64_min(outlook->headroom_bytes, above->headroom_bytes);
	if (above->time_left_usec >= outlook->time_left_usec)
		return;
	outlook->time_left_usec = above->time_left_usec;
	outlook->confidence_bp = above->confidence_bp;
	outlook->slot = above->slot;
}

void outlook_of_group(const struct profile *profile, const struct state *state, uint32_t slot,
		      uint64_t now_usec, struct outlook *ret)
{
	struct outlook above;

	outlook_of_own(profile, &state->groups[slot], now_usec, ret);
	for (int depth = 0; depth < GROUP_DEPTH_MAX; depth++) {
		slot = group_tree_parent(state, slot);
		if (slot == SLOT_NONE || slot >= state->n_groups_used)
			break;
		outlook_of_own(profile, &state->groups[slot], now_usec, &above);
		outlook_limit(ret, &above);
		if (slot == GROUP_SLOT_HOST)
			break;
	}
}

uint64_t outlook_headroom_of_group(const struct group_reading *reading)
{
	struct shortage shortage = {};

	headroom_of_group(reading, &shortage);
	return shortage.valid ? shortage.headroom_bytes : BYTES_UNLIMITED;
}

uint64_t outlook_headroom_of_host(const struct state *state, const struct machine_reading *machine)
{
	struct shortage shortage = {};

	headroom_of_host(machine, headroom_stuck(state), &shortage);
	return shortage.valid ? shortage.headroom_bytes : BYTES_UNLIMITED;
}

void outlook_recovery(const struct profile *profile, const struct state *state, uint32_t slot,
		      struct recovery *ret)
{
	const struct group_state *group = &state->groups[slot];

	*ret = (struct recovery){ .level = group->level, .at_usec = USEC_NEVER };
	if (!group->is_below || group->level == LEVEL_LOW)
		return;
	ret->level = judgement_strongest_above(state, group)->judged_level;
	ret->at_usec = u64_add(group->below_since_usec, profile->dwell_usec);
}
