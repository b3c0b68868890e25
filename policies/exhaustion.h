/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Exhaustion: policy: too little time left
 *
 * Headroom divided by its growth. Works where nothing else does: on a host without swap tasks
 * begin to stall milliseconds before the kill, while growth is seen seconds ahead.
 */

#include "policies/profile.h"
#include "policies/state.h"

/*
 * Feeds the trend with a fresh shortage and sets growth_bytes and time_left_usec in it. After what
 * was given back was booked.
 */
void exhaustion_add(struct group_state *group, uint64_t now_usec);

/* The level that this policy asks for, coming from `current`. */
enum level exhaustion_level(const struct profile *profile, const struct group_state *group,
			    enum level current);
