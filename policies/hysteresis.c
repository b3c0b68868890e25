/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/hysteresis.h"

enum level hysteresis_step(enum level current, uint64_t below_since_usec, enum level judged,
			   uint64_t now_usec, uint64_t dwell_usec)
{
	if (judged >= current)
		return judged;
	return u64_sub(now_usec, below_since_usec) >= dwell_usec ? judged : current;
}
