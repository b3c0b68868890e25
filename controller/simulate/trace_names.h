/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Trace names: what the groups and modules of a trace are called
 *
 *	name group=1 as=/system.slice/cache.service
 *	name module=0 as=cache.service/images
 *
 * By slot, from the step on in which the line stands. The judgement knows no names; they are for
 * the readers of the time line. A blank in a name is written as "_".
 */

#include <stdint.h>

#include "controller/simulate/line.h"

/* As many slots as the daemon has. */
#define TRACE_NAMES_MAX 4096

struct trace_names {
	char *groups[TRACE_NAMES_MAX]; /* without the slices above: "cache.service" */
	char *modules[TRACE_NAMES_MAX];
};

struct trace_names *trace_names_new(void);
struct trace_names *trace_names_free(struct trace_names *names);
DEFINE_CLEANUP(struct trace_names *, trace_names_free);

/* One line; kind: "group" or "module". Nothing for an empty name. */
void trace_names_write(FILE *file, const char *kind, uint32_t slot, const char *name);
/* The present line, whose word is "name"; names: NULL: only checked. Returns: as line_parse(). */
int trace_names_read(struct line_reader *reader, struct trace_names *names);
