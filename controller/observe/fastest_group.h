/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Fastest group: which group inside another one grows
 */

#include "controller/observe/observer.h"

/* Slower than that is noise beside a shortage: services come and go by so much. */
#define FASTEST_GROUP_LEAST MIB

/*
 * The group that grows fastest inside a group (itself included) or inside the host, and its growth
 * per second. Of a group and one below it, the one below when at least half of the growth is its
 * own. By what the probes count, and by memory.current within the limits of looks.h. Returns: NULL
 * when none is known to grow by FASTEST_GROUP_LEAST a second.
 */
const struct group *fastest_group_inside(struct observer *observer, struct group_set *groups,
					 uint32_t outer_slot, uint64_t turn_usec,
					 uint64_t *ret_bytes);
