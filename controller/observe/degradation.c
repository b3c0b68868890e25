/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/degradation.h"

#include <stddef.h>

#include "controller/observe/probes.h"

uint32_t degradations_of_probes(uint32_t lacks)
{
	static const struct {
		enum probes_lack lack;
		enum observer_degradation bit;
	} rows[] = {
		{ PROBES_LACK_BTF, OBSERVER_NO_BTF },
		{ PROBES_LACK_CAPABILITY, OBSERVER_NO_BPF_CAPABILITY },
		{ PROBES_LACK_FENTRY, OBSERVER_NO_FENTRY },
		{ PROBES_LACK_BPF, OBSERVER_NO_BPF },
		{ PROBES_SWITCHED_OFF, OBSERVER_BPF_OFF },
	};
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (lacks & rows[i].lack)
			bits |= rows[i].bit;
	return bits;
}

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
	case OBSERVER_UNFOLLOWED:
		return "unfollowed-groups";
	case OBSERVER_STARVED:
		return "short-of-resources";
	}
	return "unknown";
}
