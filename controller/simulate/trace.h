/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Trace: observations and decisions as text
 *
 *	trace 1
 *	step now=1000s machine modules
 *	machine total=1024M available=512M tripwire
 *	group slot=1 id=4711 current=100M limit=max reclaimable=20M growth=5M
 *	module slot=0 id=1 group=1 kind=cache size=90M last_used=990s shed
 *	outcome action=3 result=done claimed=20M finished=1000s
 *	order id=1 group_id=1 bytes=64M max_rung=reclaim
 *	name group=1 as=/system.slice/cache.service
 *	> budget group_id=1 bytes=20M
 *	> next wake=1060s slack=15s attention=host
 *
 * "trace 1 continued" is the first line of a record that begins in the middle of a run.
 * "step" begins an observation and says what it covers. Lines with > are what was decided then:
 * a recorded trace has them, a story written by hand need not. Sizes and times are exact.
 * `reliefd --record=FILE` writes this; `reliefctl simulate FILE` reads it.
 */

#include <stdio.h>

#include "controller/simulate/line.h"
#include "controller/simulate/trace_names.h"
#include "policies/decision.h"

/* One recorded step; `decision` may be NULL. Begins an empty file with its first line. */
void trace_write_step(FILE *file, const struct observation *observation,
		      const struct decision *decision);
/* Only the lines with >. */
void trace_write_decision(FILE *file, const struct decision *decision);

/*
 * Reads the next step into `observation`, whose arrays are lent by the caller. *ret_recorded is
 * what was decided, the lines with > as trace_write_decision() writes them, for the caller to
 * free; NULL when there are none. names: takes the names that stand in the step; may be NULL. The
 * first line ("trace 1") is the caller's to read. Returns: 1; 0 at the end; -EINVAL and
 * reader->problem; -errno.
 */
int trace_read_step(struct line_reader *reader, struct trace_names *names,
		    struct observation *observation, char **ret_recorded);

/*
 * Reads the requests and finishes out of what trace_read_step() gave as *ret_recorded; the other
 * lists stay empty. `decision` lends actions and finishes. A line that cannot be read is passed
 * over: what was decided may be of another version.
 */
void trace_read_recorded(const char *recorded, struct decision *decision);
