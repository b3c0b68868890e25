/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Loader: loads the probes again when that failed for a reason that may pass
 *
 * On a thread that keeps the capabilities this takes when the process gives them up: the loop never
 * has them, and never waits for the kernel's verifier.
 */

#include <systemd/sd-event.h>

#include "controller/base/cleanup.h"
#include "controller/kernel/probes.h"

struct probes_loader;

struct probes_loader_config {
	sd_event *event;
	enum growth_clock best; /* as for probes_load() */
	uint64_t total_bytes;
	/* A load is over; what is left in *side is destroyed. May free the loader. */
	void (*loaded)(void *data, struct kernel_side *side);
	void *data;
};

/* Before privileges are dropped. Returns: 0 or negative errno. */
int probes_loader_new(struct probes_loader **ret, const struct probes_loader_config *config);
/* Waits for a load that is under way; the capabilities are gone afterwards. */
struct probes_loader *probes_loader_free(struct probes_loader *loader);
DEFINE_CLEANUP(struct probes_loader *, probes_loader_free);
/* Begins a load, unless one is under way. */
void probes_loader_begin(struct probes_loader *loader);
