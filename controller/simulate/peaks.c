/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/peaks.h"

#include <errno.h>
#include <stdlib.h>

#include "policies/units.h"

void peaks_done(struct peaks *peaks)
{
	free(peaks->list);
	*peaks = (struct peaks){};
}

/* The slot holds a new thing. */
static int peaks_add(struct peaks *peaks, uint32_t slot, uint64_t id)
{
	if (peaks->n == peaks->max) {
		size_t max = peaks->max ? 2 * peaks->max : 64;
		struct peak *more = reallocarray(peaks->list, max, sizeof(*more));

		if (!more)
			return -ENOMEM;
		peaks->list = more;
		peaks->max = max;
	}
	peaks->list[peaks->n++] = (struct peak){ .id = id };
	peaks->of_slot[slot] = (uint32_t)peaks->n;
	return 0;
}

int peaks_see(struct peaks *peaks, uint32_t slot, uint64_t id, uint64_t bytes)
{
	struct peak *peak;
	int r = 0;

	if (slot >= PEAKS_SLOTS || id == 0)
		return 0;
	if (peaks->of_slot[slot] == 0 || peaks->list[peaks->of_slot[slot] - 1].id != id)
		r = peaks_add(peaks, slot, id);
	if (r < 0)
		return r;
	peak = &peaks->list[peaks->of_slot[slot] - 1];
	peak->bytes = u64_max(peak->bytes, bytes);
	return 0;
}

uint64_t peaks_find(const struct peaks *peaks, uint64_t id)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < peaks->n; i++)
		if (peaks->list[i].id == id)
			bytes = u64_max(bytes, peaks->list[i].bytes);
	return bytes;
}
