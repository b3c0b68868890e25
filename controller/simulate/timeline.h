/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Timeline: decisions as sentences, with the time in front
 */

#include <stdio.h>

#include "controller/base/cleanup.h"
#include "policies/decision.h"

struct timeline {
	FILE *out;
	uint64_t start_usec; /* printed as 0 */
	/* Names by slot, NULL entries and slots beyond have none; both lists may be NULL. */
	const char *const *group_names;
	const char *const *module_names;
	size_t n_group_names, n_module_names;
	/* counted while printing */
	enum level peak_level; /* of the host */
	uint32_t n_requests, n_late, n_actions, n_holds;
	uint64_t asked_bytes;
};

void timeline_print(struct timeline *timeline, uint64_t now_usec, const struct decision *decision);
/* One line of something else that happened. */
void timeline_say(struct timeline *timeline, uint64_t now_usec, const char *who, const char *format,
		  ...) _printf_(4, 5);
/* The name of the module, or of the group where module_slot is SLOT_NONE; NULL: it has none. */
const char *timeline_name(const struct timeline *timeline, uint32_t group_slot,
			  uint32_t module_slot);
/* The last lines: what it came to. The bytes are those of all answers, of late ones, too. */
void timeline_sum_up(const struct timeline *timeline, uint64_t claimed_bytes,
		     uint64_t measured_bytes);
