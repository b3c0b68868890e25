/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Owner memory: what the process behind a module holds, by the kernel's word
 *
 * A process that is busy filling a cache reports the module's size late, or when it is full.
 */

#include "controller/registry/registry.h"

/* One collection: each owner is read once, and so many of them at most. */
struct owner_memory_round {
	const struct cgroup_tree *tree;
	uint64_t number;
	uint32_t n_left;
};

struct owner_memory_round owner_memory_begin(const struct cgroup_tree *tree, uint64_t number);
/*
 * Anonymous memory of the owner's process in bytes, from /proc/PID/statm; 0 when that cannot be
 * told, and when it was told in this round before.
 */
uint64_t owner_memory_of(struct owner_memory_round *round, struct owner *owner);
