/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Owner memory: what the process behind a module holds, by the kernel's word
 *
 * A process that is busy filling a cache reports the module's size late, or when it is full.
 */

#include "controller/groups/cgroup_tree.h"
#include "controller/registry/client_identity.h"

/* One collection: each owner is read once, and so many of them at most. */
struct owner_memory_round {
	const struct cgroup_tree *tree;
	uint64_t number;
	uint32_t n_left;
};

/* Begins the next round. */
void owner_memory_begin(struct owner_memory_round *round, const struct cgroup_tree *tree);
/*
 * Anonymous memory of the client's process in bytes, from /proc/PID/statm. *number: the round in
 * which it was read last; becomes this one. Returns: 0 when it cannot be read, and when it was read
 * in this round before.
 */
uint64_t owner_memory_of(struct owner_memory_round *round, const struct client *client,
			 uint64_t *number);
