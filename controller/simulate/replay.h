/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Replay: a trace through decide(), as it was recorded, or answered where it decides otherwise
 *
 *	decides as recorded      the record as it is: its readings, its answers
 *	decides otherwise        from that step on answers.c answers, and corrects the readings
 *	nothing was recorded     the trace as it is
 *
 * The file is read twice: once for what the record knows, and where this run first decides
 * otherwise; then step by step.
 */

#include <stdio.h>

#include "controller/simulate/bench.h"
#include "controller/simulate/line.h"

/*
 * Replays a trace whose first line has been read; `continued`: that line says so. The file must be
 * one in which one can seek. Prints the time line.
 * Returns: 0; -EINVAL and reader->problem; -errno.
 */
int replay_trace(struct line_reader *reader, struct bench *bench, bool continued, FILE *out);
