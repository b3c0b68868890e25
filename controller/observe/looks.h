/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Looks: readings for clients that ask between two steps
 *
 * The judgement reads only what matters to it; a screen shows every group. What a client asks for
 * is read then, and kept for as long as it takes that all clients together cost at most a twentieth
 * of one processor. The judgement never sees these readings.
 */

#include "controller/groups/group_set.h"
#include "controller/observe/machine.h"

struct looks;

/* `machine` outlives this. fields: what a group has on this host, enum group_field. */
int looks_new(struct looks **ret, struct group_set *groups, struct machine *machine,
	      uint32_t fields);
struct looks *looks_free(struct looks *looks);
DEFINE_CLEANUP(struct looks *, looks_free);

/* The cgroup tree was found: groups have other fields. */
void looks_use_fields(struct looks *looks, uint32_t fields);
/* Forgets what was seen in that slot. */
void looks_forget(struct looks *looks, uint32_t slot);

/*
 * The group's reading, with the fields wanted as fresh as the limits of the file's top allow; `has`
 * says what is known. turn_usec: when this turn of the loop began, CLOCK_MONOTONIC. The host's
 * current_bytes are what is in use of its memory; it has no other field. Valid until the next call.
 */
const struct group_reading *looks_at(struct looks *looks, const struct group *group,
				     uint32_t wanted, uint64_t turn_usec);
/*
 * How fast the group grew between two looks, 0 when it did not.
 * Returns: whether it is known: two looks at memory.current lie half a second to a minute apart.
 */
bool looks_growth(struct looks *looks, const struct group *group, uint64_t turn_usec,
		  uint64_t *ret_bytes);
/* The machine's reading, likewise. */
const struct machine_reading *looks_at_machine(struct looks *looks, uint64_t turn_usec);
