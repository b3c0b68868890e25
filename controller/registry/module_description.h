/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Module description: what an owner says of a module, and whether that can be
 */

#include <stdbool.h>
#include <stdint.h>

#include "policies/observation.h"

#define MODULE_NAME_SIZE 64

/*
 * Sizes and times in a description are below this. 2^60 bytes is more than any host has, and sums
 * over all modules stay far from the end of 64 bits.
 */
#define MODULE_AMOUNT_LIMIT (UINT64_C(1) << 60)

struct module_description {
	char name[MODULE_NAME_SIZE]; /* 1 to 63 bytes of printable UTF-8, unique within the owner */
	enum module_kind kind;
	uint32_t flags; /* enum module_flag; at least one of CAN_SHED, CAN_UNLOAD */
	uint64_t size_bytes;
	uint64_t idle_limit_usec;
	uint64_t reload_cost_usec;
};

/*
 * Returns: true, or false and *ret_problem a sentence for the owner (static, at most 63 bytes so
 * that it fits a channel message).
 */
bool module_description_is_valid(const struct module_description *description,
				 const char **ret_problem);
/* Well-formed UTF-8 without control, direction or line breaking characters, and not empty. */
bool name_is_printable(const char *name);
