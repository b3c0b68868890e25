/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Later parts: what a part is without when it cannot be had at the start, and gets when it can
 *
 * Each is a problem by its name until it is there.
 */

#include "controller/daemon/parts.h"

/* Names of problems. */
#define PROBLEM_CHANNEL	   "channel"	/* services cannot connect */
#define PROBLEM_CGROUPS	   "cgroups"	/* no group but the host is known */
#define PROBLEM_OWN_CGROUP "own-cgroup" /* no group can be held: it could be ours */
#define PROBLEM_MASKS	   "masks"	/* masked modules may register */
#define PROBLEM_BRAKE	   "brake"	/* no group can be held */
#define PROBLEM_RECLAIM	   "reclaim"	/* no group can be reclaimed from */
#define PROBLEM_EBPF	   "ebpf"	/* a worse growth clock than this kernel has is in use */

/* Once all parts are built: tries each, and tries it again. Returns: 0; negative errno, logged. */
int later_parts_try(struct parts *parts, const struct parts_config *config);
