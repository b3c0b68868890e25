/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/degradation.h"

const char *observer_degradation_name(enum observer_degradation bit)
{
	switch (bit) {
	case OBSERVER_NO_PSI:
		return "no-psi";
	case OBSERVER_SLOW_PSI:
		return "slow-psi";
	case OBSERVER_NO_MEMORY_CONTROLLER:
		return "no-memory-controller";
	case OBSERVER_NO_EVENTS:
		return "no-memory-events";
	case OBSERVER_NO_BTF:
		return "no-btf";
	case OBSERVER_NO_BPF_CAPABILITY:
		return "no-bpf-capability";
	case OBSERVER_NO_FENTRY:
		return "no-fentry";
	case OBSERVER_NO_BPF:
		return "no-bpf";
	case OBSERVER_BPF_OFF:
		return "bpf-off";
	case OBSERVER_NO_MEMORY_READING:
		return "no-memory-reading";
	case OBSERVER_ESTIMATED_MEMORY:
		return "estimated-memory";
	case OBSERVER_NO_INOTIFY:
		return "no-inotify";
	case OBSERVER_NO_GROUPS:
		return "no-groups";
	case OBSERVER_STARVED:
		return "short-of-resources";
	}
	return "unknown";
}
