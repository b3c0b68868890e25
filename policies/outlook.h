/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Outlook: what is left for a group, and for how long, at any moment
 *
 * For those who look between two steps (D-Bus, metrics, suggestions): a growth that ended is not
 * told on as if it went on until the next reading.
 */

#include "policies/profile.h"
#include "policies/state.h"

struct outlook {
	uint64_t headroom_bytes; /* the least, its own limit, those above and the host considered;
				    BYTES_UNLIMITED while nothing is known */
	uint64_t growth_bytes;	 /* per second, of the group itself; 0: not growing */
	uint64_t time_left_usec; /* until the first of these limits is reached; USEC_NEVER */
	uint32_t confidence_bp;	 /* in that; see struct shortage */
	uint32_t slot;		 /* whose limit that is, the host's for its memory; SLOT_NONE */
};

/* By the group's own limit (of the host: its memory) alone. */
void outlook_of_own(const struct profile *profile, const struct group_state *group,
		    uint64_t now_usec, struct outlook *ret);
/* And by what lies above it. */
void outlook_of_group(const struct profile *profile, const struct state *state, uint32_t slot,
		      uint64_t now_usec, struct outlook *ret);

/*
 * What is left by a reading of this moment: of a group below its own limit, of the host altogether;
 * BYTES_UNLIMITED without a limit or when the reading does not tell.
 */
uint64_t outlook_headroom_of_group(const struct group_reading *reading);
uint64_t outlook_headroom_of_host(const struct state *state, const struct machine_reading *machine);

/* How the level falls if nothing happens meanwhile: a shortage is over, and the dwell time is not.
 */
struct recovery {
	enum level level; /* the level to come; the present one when the group is not recovering */
	uint64_t at_usec; /* when it comes; USEC_NEVER: not recovering */
};

void outlook_recovery(const struct profile *profile, const struct state *state, uint32_t slot,
		      struct recovery *ret);
