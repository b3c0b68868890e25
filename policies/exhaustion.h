/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Exhaustion: policy: too little time left
 *
 * Works where nothing else does: on a host without swap tasks begin to stall milliseconds before
 * the kill, while growth is seen seconds ahead.
 */

#include "policies/profile.h"
#include "policies/state.h"

/*
 * Remembers a fresh shortage and sets growth_bytes, time_left_usec and confidence_bp in it. After
 * what was given back was booked.
 */
void exhaustion_add(const struct profile *profile, struct group_state *group, uint64_t now_usec);

/*
 * How long what is left lasts, believing a growth only once it took this share of what was left
 * before it (1 % at least; 100 % is never believed): the surer one has to be, the more of the past
 * must agree.
 * Returns: USEC_NEVER when no such growth was seen; 0 when nothing is left.
 */
uint64_t exhaustion_time_left(const struct group_state *group, uint64_t now_usec,
			      uint32_t confidence_bp);

/* The share that must have gone before this level believes a growth of this group. */
uint32_t exhaustion_confidence(const struct profile *profile, const struct group_state *group,
			       enum level level);

/* The share that must have gone before a growth is told: in struct shortage, and to the world. */
uint32_t exhaustion_told_confidence(const struct profile *profile);

/*
 * More is left than the share from which on time left counts: fast growth may be a program that
 * starts, or a cache that fills. On the host that makes no level; a group with a limit of its own
 * is at most medium, and only warned.
 */
bool exhaustion_is_roomy(const struct profile *profile, const struct group_state *group);

/*
 * What is used up, on a scale whose zero does not matter and which no limit moves. What modules
 * gave back when asked counts as used: it makes room, and slows nothing that grows.
 */
uint64_t exhaustion_used(const struct group_state *group);

/* The level that this policy asks for, coming from `current`. */
enum level exhaustion_level(const struct profile *profile, const struct group_state *group,
			    enum level current);
