/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Kernel side: what of bpf/ this kernel takes
 */

#include <bpf/libbpf.h>

#include "bpf/kernel_event.h"
#include "controller/base/cleanup.h"
#include "policies/words.h"

/* The skeleton, which needs to know the types that both sides share. */
#include "bpf/probes.skel.h"

DEFINE_CLEANUP(struct probes_bpf *, probes_bpf__destroy);

struct kernel_side {
	struct probes_bpf *bpf; /* running; NULL with GROWTH_CLOCK_NONE; the caller destroys it */
	enum growth_clock clock;
	uint32_t lacks; /* enum degradation */
	int passing;	/* the first error of the load that may pass; 0: none did */
};

/* Tries the clocks from `best` on. Whatever the host lacks, it is said there. */
void kernel_side_load(struct kernel_side *side, enum growth_clock best, uint64_t total_bytes);
