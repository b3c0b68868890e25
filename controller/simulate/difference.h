/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Difference: what modules hold otherwise in this run than in the record, and the readings that
 * follow from it
 *
 * In bytes for each module, and for the file cache of each group that the kernel reclaims from.
 * The rules are at the top of difference.c.
 */

#include "controller/base/cleanup.h"
#include "policies/decision.h"

struct difference;

struct difference *difference_new(void);
struct difference *difference_free(struct difference *difference);
DEFINE_CLEANUP(struct difference *, difference_free);

/*
 * A step of the first reading: how large each module and file cache becomes in the whole record.
 * Returns: 0 or -ENOMEM.
 */
int difference_learn(struct difference *difference, const struct observation *observation);
/* A step's readings as recorded, before anything is corrected in them. */
void difference_see(struct difference *difference, const struct observation *observation);
/*
 * Whether the module (or group, for a reclaim) is there now. *ret_bytes: what it has in this run
 * that it could give; *ret_easy_bytes: of a group, what is file cache of it.
 */
bool difference_has(const struct difference *difference, const struct action *action,
		    uint64_t *ret_bytes, uint64_t *ret_easy_bytes);
/* It gave so much in this run, at most what it has. Unknown targets give nothing. */
void difference_give(struct difference *difference, const struct action *action, uint64_t bytes,
		     uint64_t now_usec);
/* It gave so much in the record; easy_bytes: of a group, how much was file cache before. */
void difference_give_recorded(struct difference *difference, const struct action *action,
			      uint64_t bytes, uint64_t easy_bytes);
/*
 * Corrects the readings of the step that was seen last. Added are, as they were seen last: groups
 * and modules that are not in it, but whose difference has changed; and all that this run wants to
 * see (attention), where the record did not look.
 */
void difference_correct(struct difference *difference, enum attention attention,
			struct observation *observation);
/*
 * How often the host, or a group, came to hold more in this run than there is, or than its limit.
 * What the kernel would have done then is in no record.
 */
uint32_t difference_n_beyond(const struct difference *difference);
