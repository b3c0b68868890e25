/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/machine_correction.h"

/* What so much costs in RAM that was swapped out; on zram as what lies there, or half of it. */
static int64_t machine_correction_swap_cost(const struct machine_reading *machine, int64_t bytes)
{
	if (!(machine->has & MACHINE_HAS_ZRAM) || machine->zram_total_bytes == 0)
		return 0;
	if (machine->zram_stored_bytes == 0)
		return bytes / 2;
	return bytes / (int64_t)BP_ONE *
	       (int64_t)bytes_ratio_bp(machine->zram_used_bytes, machine->zram_stored_bytes);
}

static void machine_correction_correct_swap(struct machine_reading *machine, int64_t swapped_bytes,
					    int64_t cost_bytes)
{
	if (machine->has & MACHINE_HAS_SWAP)
		machine->swap_free_bytes =
			u64_min(bytes_less(machine->swap_free_bytes, swapped_bytes),
				machine->swap_total_bytes);
	if (!(machine->has & MACHINE_HAS_ZRAM))
		return;
	machine->zram_free_bytes = u64_min(bytes_less(machine->zram_free_bytes, swapped_bytes),
					   machine->zram_total_bytes);
	machine->zram_stored_bytes = bytes_less(machine->zram_stored_bytes, -swapped_bytes);
	machine->zram_used_bytes = bytes_less(machine->zram_used_bytes, -cost_bytes);
}

bool machine_correct(struct machine_reading *machine, int64_t given_bytes, int64_t swapped_bytes)
{
	uint64_t recorded_bytes = machine->available_bytes;
	int64_t cost_bytes = machine_correction_swap_cost(machine, swapped_bytes);
	int64_t more_bytes = given_bytes + swapped_bytes - cost_bytes;

	if (swapped_bytes != 0)
		machine_correction_correct_swap(machine, swapped_bytes, cost_bytes);
	if (!(machine->has & MACHINE_HAS_MEMORY))
		return false;
	machine->available_bytes = u64_min(bytes_less(recorded_bytes, -more_bytes),
					   u64_max(machine->total_bytes, recorded_bytes));
	return more_bytes < 0 && (uint64_t)-more_bytes > recorded_bytes;
}
