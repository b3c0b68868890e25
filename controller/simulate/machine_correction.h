/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Machine correction: the host's readings, had modules given more and the kernel swapped out more
 */

#include "policies/observation.h"

/* bytes - less, within 64 bits and not below 0; less may be below 0. */
static inline uint64_t bytes_less(uint64_t bytes, int64_t less_bytes)
{
	return less_bytes >= 0 ? u64_sub(bytes, (uint64_t)less_bytes)
			       : u64_add(bytes, (uint64_t)-less_bytes);
}

/*
 * Both may be below 0 and are far from the ends of 64 bits. Returns: whether more is in use then
 * than there is; what is available is 0 then.
 */
bool machine_correct(struct machine_reading *machine, int64_t given_bytes, int64_t swapped_bytes);
