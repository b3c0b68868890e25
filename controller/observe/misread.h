/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Misread: kernel text that made no sense: said, and looked at again soon
 *
 * What cannot be understood is left out of a reading. That is most likely a moment's, so the next
 * look follows within half a second, then less and less often so long as it stays the same.
 */

#include <stdbool.h>

#include "controller/groups/group_set.h"

struct misread {
	uint64_t now_usec; /* of this look */
	bool any;	   /* in this look */
	uint64_t retry_delay_usec, retry_usec;
	uint64_t host_said_usec, group_said_usec; /* 0: never */
};

/* A look begins. */
void misread_begin(struct misread *misread, uint64_t now_usec);
/* Files of the host (enum machine_file) or of a group (enum group_field), a bit each; 0: none. */
void misread_note_host(struct misread *misread, uint32_t files);
void misread_note_group(struct misread *misread, const struct group *group, uint32_t fields);
/* The look is over. Returns: 0, or when to look again. */
uint64_t misread_end(struct misread *misread);
