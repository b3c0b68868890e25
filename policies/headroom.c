/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Headroom
 *
 *	host   available = MemAvailable, and what ZFS gives back
 *	       headroom  = available + what swapping could still save
 *	group  available = headroom = limit - (current - reclaimable)
 *
 * What swapping saves: a page on disk saves all of itself. A page on zram costs used/stored of
 * itself, so free zram saves only the rest; the same with zswap in front of a disk. And no more
 * can be swapped out than is in use and not stuck.
 *
 * What is stuck: what a group's programs hold beyond what it may swap out still (memory.swap.max).
 * Where a group and one below it both have such, the outer one counts for both. Groups are read
 * less often than the machine, so that what is stuck moves in steps when they are: growth is
 * measured without it.
 *
 *	1 GiB RAM, 300 MiB available, 512 MiB zram free that compresses 3:1
 *	headroom = 300 + 512 * (1 - 1/3) = 641 MiB, not 812
 */

#include "policies/headroom.h"
#include "policies/group_tree.h"
#include "policies/hysteresis.h"

/* Below this much stored data the ratio says nothing yet: assume 2:1, at the cautious end. */
#define COMPRESSED_MIN_BYTES  MIB
#define COMPRESSED_ASSUMED_BP 5000U

/* What `free_bytes` of compressed swap save, by what the stored part costs. */
static uint64_t headroom_compressed_gain(uint64_t free_bytes, uint64_t stored_bytes,
					 uint64_t used_bytes)
{
	uint32_t cost_bp = COMPRESSED_ASSUMED_BP;

	if (stored_bytes >= COMPRESSED_MIN_BYTES)
		cost_bp = bytes_ratio_bp(used_bytes, stored_bytes);
	return u64_sub(free_bytes, u64_muldiv(free_bytes, cost_bp, BP_ONE));
}

/* The pool in front of a disk costs memory only up to its limit; what follows goes to the disk. */
static uint64_t headroom_zswap_gain(const struct machine_reading *m, uint64_t disk_bytes)
{
	uint64_t gain_bytes =
		headroom_compressed_gain(disk_bytes, m->zswap_stored_bytes, m->zswap_used_bytes);

	if (m->zswap_most_bytes == 0)
		return gain_bytes;
	return u64_max(gain_bytes,
		       u64_sub(disk_bytes, u64_sub(m->zswap_most_bytes, m->zswap_used_bytes)));
}

/* What this group holds and may not swap out, by its own limit. */
static uint64_t headroom_stuck_by_own_limit(const struct group_reading *seen)
{
	const uint32_t needed = GROUP_HAS_USE | GROUP_HAS_SWAP_LIMIT;
	uint64_t room_bytes;

	if ((seen->has & needed) != needed || seen->swap_limit_bytes == BYTES_UNLIMITED)
		return 0;
	room_bytes =
		u64_sub(seen->swap_limit_bytes, seen->has & GROUP_HAS_SWAP ? seen->swap_bytes : 0);
	return u64_sub(seen->held_bytes, room_bytes);
}

static bool headroom_is_stuck_above(const struct state *state, uint32_t slot)
{
	for (int depth = 0; depth < GROUP_DEPTH_MAX; depth++) {
		slot = group_tree_parent(state, slot);
		if (slot == GROUP_SLOT_HOST || slot >= state->n_groups_used)
			return false;
		if (headroom_stuck_by_own_limit(&state->groups[slot].seen) > 0)
			return true;
	}
	return false;
}

uint64_t headroom_stuck(const struct state *state)
{
	uint64_t sum_bytes = 0;

	if (!(state->machine.has & MACHINE_HAS_SWAP) || state->machine.swap_free_bytes == 0)
		return 0;
	for (uint32_t slot = GROUP_SLOT_HOST + 1; slot < state->n_groups_used; slot++) {
		uint64_t bytes = headroom_stuck_by_own_limit(&state->groups[slot].seen);

		if (bytes > 0 && !headroom_is_stuck_above(state, slot))
			sum_bytes = u64_add(sum_bytes, bytes);
	}
	return sum_bytes;
}

uint64_t headroom_swap_gain(const struct machine_reading *m, uint64_t stuck_bytes)
{
	uint64_t disk_bytes = m->swap_free_bytes, zram_bytes = 0, movable_bytes;

	if ((m->has & (MACHINE_HAS_SWAP | MACHINE_HAS_MEMORY)) !=
	    (MACHINE_HAS_SWAP | MACHINE_HAS_MEMORY))
		return 0;
	/* Pages swapped out first go where the priority is; zram first is what everybody does. */
	movable_bytes = u64_sub(u64_sub(m->total_bytes, m->available_bytes), stuck_bytes);
	if (m->has & MACHINE_HAS_ZRAM) {
		uint64_t free_bytes = u64_min(m->zram_free_bytes, disk_bytes);

		disk_bytes -= free_bytes;
		free_bytes = u64_min(free_bytes, movable_bytes);
		movable_bytes -= free_bytes;
		zram_bytes = headroom_compressed_gain(free_bytes, m->zram_stored_bytes,
						      m->zram_used_bytes);
	}
	disk_bytes = u64_min(disk_bytes, movable_bytes);
	if ((m->has & MACHINE_HAS_ZSWAP) && m->zswap_stored_bytes >= COMPRESSED_MIN_BYTES)
		disk_bytes = headroom_zswap_gain(m, disk_bytes);
	return u64_add(zram_bytes, disk_bytes);
}

void headroom_of_host(const struct machine_reading *machine, uint64_t stuck_bytes,
		      struct shortage *shortage)
{
	uint64_t gain_bytes = headroom_swap_gain(machine, stuck_bytes);

	shortage->valid = (machine->has & MACHINE_HAS_MEMORY) && machine->total_bytes > 0;
	if (!shortage->valid)
		return;
	shortage->total_bytes = machine->total_bytes;
	shortage->available_bytes = u64_min(machine->available_bytes, machine->total_bytes);
	shortage->headroom_bytes = u64_add(shortage->available_bytes, gain_bytes);
	shortage->useless_bytes = u64_sub(headroom_swap_gain(machine, 0), gain_bytes);
}

void headroom_of_group(const struct group_reading *reading, struct shortage *shortage)
{
	const uint32_t needed = GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_RECLAIMABLE;
	uint64_t limit_bytes = reading->limit_bytes;

	shortage->valid = (reading->has & needed) == needed;
	if (!shortage->valid)
		return;
	if (reading->has & GROUP_HAS_HIGH)
		limit_bytes = u64_min(limit_bytes, reading->high_bytes);
	shortage->total_bytes = limit_bytes;
	shortage->available_bytes = limit_bytes;
	if (limit_bytes != BYTES_UNLIMITED)
		shortage->available_bytes = u64_sub(
			limit_bytes, u64_sub(reading->current_bytes, reading->reclaimable_bytes));
	shortage->headroom_bytes = shortage->available_bytes;
}

uint64_t headroom_threshold(const struct profile *profile, uint64_t total_bytes, enum level level,
			    bool leave)
{
	uint32_t enter_bp = profile->headroom_bp[level];
	uint32_t bp = leave ? enter_bp + profile->headroom_leave_bp : enter_bp;
	/* On a large host the margin to leave shrinks in the same measure as the threshold. */
	uint64_t most_bytes =
		enter_bp == 0 ? BYTES_UNLIMITED
			      : u64_muldiv(profile->headroom_max_bytes[level], bp, enter_bp);

	return u64_min(bytes_share(total_bytes, bp), most_bytes);
}

uint64_t headroom_left(const struct shortage *shortage, enum level level)
{
	return level <= LEVEL_MEDIUM ? shortage->available_bytes : shortage->headroom_bytes;
}

enum level headroom_level(const struct profile *profile, const struct group_state *group,
			  enum level current)
{
	const struct shortage *shortage = &group->shortage;

	if (!shortage->valid || shortage->total_bytes == BYTES_UNLIMITED)
		return LEVEL_LOW;
	for (int level = LEVEL_CRITICAL; level > LEVEL_LOW; level--) {
		bool leave = hysteresis_holds(level, current);

		if (headroom_left(shortage, level) <=
		    headroom_threshold(profile, shortage->total_bytes, level, leave))
			return level;
	}
	return LEVEL_LOW;
}
