/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Degradation: what this host lacks, by name
 */

#include <stdint.h>

/* What this host offers, for doctor, D-Bus `Degraded` and the log. */
enum observer_degradation {
	OBSERVER_NO_PSI = 1U << 0,   /* no PSI files: headroom and events only */
	OBSERVER_SLOW_PSI = 1U << 1, /* windows must be multiples of 2 s */
	OBSERVER_NO_MEMORY_CONTROLLER = 1U << 2,
	OBSERVER_NO_EVENTS = 1U << 3,
	/* Why growth is not told by the best clock; see enum probes_lack. */
	OBSERVER_NO_BTF = 1U << 4,
	OBSERVER_NO_BPF_CAPABILITY = 1U << 5,
	OBSERVER_NO_FENTRY = 1U << 6,
	OBSERVER_NO_BPF = 1U << 7,
	OBSERVER_BPF_OFF = 1U << 8,
	/* These come and go. */
	OBSERVER_NO_MEMORY_READING = 1U << 9, /* meminfo cannot be read or understood */
	OBSERVER_ESTIMATED_MEMORY = 1U << 10, /* it has no MemAvailable */
	OBSERVER_NO_INOTIFY = 1U << 11,	      /* births of cgroups are noticed late */
	OBSERVER_STARVED = 1U << 13,	/* a trigger or a watch is missing for want of a resource */
	OBSERVER_NO_GROUPS = 1U << 12,	/* no cgroup but the host is followed */
	OBSERVER_UNFOLLOWED = 1U << 14, /* some cgroup is not, for want of a slot or descriptor */
};

/* Why growth is not told by the best clock, from enum probes_lack. */
uint32_t degradations_of_probes(uint32_t lacks);
const char *observer_degradation_name(enum observer_degradation bit);
