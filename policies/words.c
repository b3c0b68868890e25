/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stddef.h>
#include <string.h>

#include "policies/words.h"

static const char *const level_names[N_LEVELS] = {
	[LEVEL_LOW] = "low",
	[LEVEL_MEDIUM] = "medium",
	[LEVEL_HIGH] = "high",
	[LEVEL_CRITICAL] = "critical",
};

static const char *const signal_names[N_SIGNALS] = {
	[SIGNAL_NONE] = "none",
	[SIGNAL_HEADROOM] = "headroom",
	[SIGNAL_EXHAUSTION] = "exhaustion",
	[SIGNAL_STALL] = "stall",
	[SIGNAL_EVENT] = "event",
	[SIGNAL_MANUAL] = "manual",
};

static const char *const attribution_names[N_ATTRIBUTIONS] = {
	[ATTRIBUTION_NONE] = "none",
	[ATTRIBUTION_HOST] = "host",
	[ATTRIBUTION_OWN_LIMIT] = "own-limit",
	[ATTRIBUTION_IO] = "io",
};

static const char *const rung_names[N_RUNGS] = {
	[RUNG_NONE] = "none",	  [RUNG_WARN] = "warn",	      [RUNG_SHED] = "shed",
	[RUNG_UNLOAD] = "unload", [RUNG_RECLAIM] = "reclaim",
};

static const char *const brake_names[N_BRAKES] = {
	[BRAKE_OFF] = "off",
	[BRAKE_AUTO] = "auto",
	[BRAKE_FREEZE] = "freeze",
	[BRAKE_THROTTLE] = "throttle",
};

static const char *const module_kind_names[N_MODULE_KINDS] = {
	[MODULE_CACHE] = "cache",   [MODULE_MODEL] = "model", [MODULE_POOL] = "pool",
	[MODULE_WORKER] = "worker", [MODULE_OTHER] = "other",
};

static const char *const result_names[N_RESULTS] = {
	[RESULT_DONE] = "done",	      [RESULT_PARTIAL] = "partial", [RESULT_BUSY] = "busy",
	[RESULT_NOTHING] = "nothing", [RESULT_FAILED] = "failed",   [RESULT_GONE] = "gone",
	[RESULT_LATE] = "late",	      [RESULT_DRY_RUN] = "dry-run",
};

static const char *const growth_clock_names[N_GROWTH_CLOCKS] = {
	[GROWTH_CLOCK_CHARGE] = "charge",
	[GROWTH_CLOCK_RSS] = "rss-stat",
	[GROWTH_CLOCK_RSS_SAMPLED] = "rss-stat-sampled",
	[GROWTH_CLOCK_TASKS] = "task-iterator",
	[GROWTH_CLOCK_NONE] = "none",
};

static const struct {
	enum degradation bit;
	const char *name;
} degradation_names[] = {
	{ DEGRADATION_NO_PSI, "no-psi" },
	{ DEGRADATION_SLOW_PSI, "slow-psi" },
	{ DEGRADATION_NO_MEMORY_CONTROLLER, "no-memory-controller" },
	{ DEGRADATION_NO_EVENTS, "no-memory-events" },
	{ DEGRADATION_NO_BTF, "no-btf" },
	{ DEGRADATION_NO_BPF_CAPABILITY, "no-bpf-capability" },
	{ DEGRADATION_NO_FENTRY, "no-fentry" },
	{ DEGRADATION_NO_BPF, "no-bpf" },
	{ DEGRADATION_BPF_OFF, "bpf-off" },
	{ DEGRADATION_NO_MEMORY_READING, "no-memory-reading" },
	{ DEGRADATION_ESTIMATED_MEMORY, "estimated-memory" },
	{ DEGRADATION_NO_INOTIFY, "no-inotify" },
	{ DEGRADATION_NO_GROUPS, "no-groups" },
	{ DEGRADATION_STARVED, "short-of-resources" },
	{ DEGRADATION_UNFOLLOWED, "unfollowed-groups" },
};

static const char *words_name_of(const char *const *names, size_t n_names, unsigned int value)
{
	return value < n_names ? names[value] : "unknown";
}

static int words_value_of(const char *const *names, size_t n_names, const char *name)
{
	for (size_t i = 0; i < n_names; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

/* Both directions for one table. */
#define DEFINE_NAMES(word, type, count)                                         \
	const char *word##_name(type value)                                     \
	{                                                                       \
		return words_name_of(word##_names, count, (unsigned int)value); \
	}                                                                       \
	int word##_from_name(const char *name, type *ret)                       \
	{                                                                       \
		int value = words_value_of(word##_names, count, name);          \
		if (value < 0)                                                  \
			return -1;                                              \
		*ret = (type)value;                                             \
		return 0;                                                       \
	}

DEFINE_NAMES(level, enum level, N_LEVELS)
DEFINE_NAMES(signal, enum signal, N_SIGNALS)
DEFINE_NAMES(attribution, enum attribution, N_ATTRIBUTIONS)
DEFINE_NAMES(rung, enum rung, N_RUNGS)
DEFINE_NAMES(brake, enum brake, N_BRAKES)
DEFINE_NAMES(module_kind, enum module_kind, N_MODULE_KINDS)
DEFINE_NAMES(result, enum result, N_RESULTS)
DEFINE_NAMES(growth_clock, enum growth_clock, N_GROWTH_CLOCKS)

const char *degradation_name(enum degradation bit)
{
	for (size_t i = 0; i < sizeof(degradation_names) / sizeof(degradation_names[0]); i++)
		if (degradation_names[i].bit == bit)
			return degradation_names[i].name;
	return "unknown";
}
