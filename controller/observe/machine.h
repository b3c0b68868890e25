/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Machine: what the whole host has left
 *
 * Its files stay open, so that a reading under pressure opens nothing but a zram device's.
 */

#include <stdbool.h>

#include "controller/base/cleanup.h"
#include "policies/observation.h"

struct machine;

/* proc: of the cgroup tree. sys: NULL for "/sys". Files that are missing are no error. */
int machine_new(struct machine **ret, const char *proc, const char *sys);
struct machine *machine_free(struct machine *machine);
DEFINE_CLEANUP(struct machine *, machine_free);

enum machine_file {
	MACHINE_MEMINFO = 1U << 0,
	MACHINE_SWAPS = 1U << 1,
	MACHINE_PRESSURE = 1U << 2,
	MACHINE_ARCSTATS = 1U << 3,
};

/*
 * Fills the reading as far as the files allow; `has` says how far.
 * Returns: a bit for each file (enum machine_file) of which something could not be understood and
 * was left out; 0 when all was well.
 */
uint32_t machine_read(struct machine *machine, struct machine_reading *ret);
/* For people. */
const char *machine_file_name(enum machine_file file);
