/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Profile: the table of settings, the built-in values, and what must fit together
 *
 * profiles/default.conf spells the built-in values out with the reason for each; a test holds the
 * two together.
 */

#include <string.h>

#include "policies/profile.h"

#define FIELD(field) offsetof(struct profile, field)

#define SHARE_UP_TO(section, key, field, max, help)                     \
	{                                                               \
		section, key, SETTING_SHARE, FIELD(field), 0, max, help \
	}
#define SHARE(section, key, field, help) SHARE_UP_TO(section, key, field, BP_ONE, help)
#define BYTES(section, key, field, min, max, help)                        \
	{                                                                 \
		section, key, SETTING_BYTES, FIELD(field), min, max, help \
	}
#define USEC(section, key, field, min, max, help)                        \
	{                                                                \
		section, key, SETTING_USEC, FIELD(field), min, max, help \
	}
#define COUNT(section, key, field, min, max, help)                        \
	{                                                                 \
		section, key, SETTING_COUNT, FIELD(field), min, max, help \
	}
#define RUNG(section, key, field, help)                                                 \
	{                                                                               \
		section, key, SETTING_RUNG, FIELD(field), RUNG_WARN, RUNG_RECLAIM, help \
	}
#define BRAKE(section, key, field, help)                                                   \
	{                                                                                  \
		section, key, SETTING_BRAKE, FIELD(field), BRAKE_OFF, BRAKE_THROTTLE, help \
	}
#define PATTERNS(section, key, field, help)                              \
	{                                                                \
		section, key, SETTING_PATTERNS, FIELD(field), 0, 0, help \
	}
#define RANKS(section, key, field, help)                              \
	{                                                             \
		section, key, SETTING_RANKS, FIELD(field), 0, 0, help \
	}

#define USEC_PER_HOUR (60 * USEC_PER_MIN)
/* What a time may be at most: a year. Longer ones are typing mistakes. */
#define USEC_LONGEST (365 * 24 * USEC_PER_HOUR)
/* What the ladder may ask for at least: more would empty every cache of most hosts each time. */
#define GOAL_MIN_LARGEST (64 * GIB)
/* The brake waits for this much at most: at 100 % there is nothing left to hold a group back from.
 */
#define BRAKE_FILL_LARGEST 9900
/*
 * What must be left to leave a level, at most. The kernel and the daemons of a small host, and the
 * program in a small container, take a tenth when nothing happens: more is never left.
 */
#define LEAVE_LARGEST_BP 9000

const struct profile_setting profile_settings[] = {
	SHARE("Headroom", "Medium", headroom_bp[LEVEL_MEDIUM],
	      "The level is medium when this share of memory or less is left without swapping."),
	SHARE("Headroom", "High", headroom_bp[LEVEL_HIGH],
	      "The level is high when this share or less is left, free swap included."),
	SHARE("Headroom", "Critical", headroom_bp[LEVEL_CRITICAL],
	      "The level is critical when this share or less is left, free swap included."),
	BYTES("Headroom", "MediumMax", headroom_max_bytes[LEVEL_MEDIUM], MIB, BYTES_UNLIMITED,
	      "On large hosts medium begins no earlier than with this much left."),
	BYTES("Headroom", "HighMax", headroom_max_bytes[LEVEL_HIGH], MIB, BYTES_UNLIMITED,
	      "On large hosts high begins no earlier than with this much left."),
	BYTES("Headroom", "CriticalMax", headroom_max_bytes[LEVEL_CRITICAL], MIB, BYTES_UNLIMITED,
	      "On large hosts critical begins no earlier than with this much left."),
	SHARE("Headroom", "Leave", headroom_leave_bp,
	      "To leave a level, this much more than its threshold must be left."),

	USEC("Exhaustion", "Medium", exhaustion_usec[LEVEL_MEDIUM], 0, USEC_PER_HOUR,
	     "The level is medium when memory lasts for this long or less at its growth; 0 is "
	     "off."),
	USEC("Exhaustion", "High", exhaustion_usec[LEVEL_HIGH], 0, USEC_PER_HOUR,
	     "The level is high when memory lasts for this long or less at its growth; 0 is off."),
	USEC("Exhaustion", "Critical", exhaustion_usec[LEVEL_CRITICAL], 0, USEC_PER_HOUR,
	     "The level is critical when memory lasts for this long or less; 0 is off."),
	SHARE("Exhaustion", "ConfidenceMedium", exhaustion_confidence_bp[LEVEL_MEDIUM],
	      "Medium believes a growth once this share of what was left was seen going."),
	SHARE("Exhaustion", "ConfidenceHigh", exhaustion_confidence_bp[LEVEL_HIGH],
	      "High believes a growth once this share of what was left was seen going."),
	SHARE("Exhaustion", "ConfidenceCritical", exhaustion_confidence_bp[LEVEL_CRITICAL],
	      "Critical believes a growth once this share of what was left was seen going."),
	SHARE("Exhaustion", "Headroom", exhaustion_headroom_bp,
	      "Time left counts only once this share or less is left; in a group medium does "
	      "before."),

	SHARE("Stall", "SomeMedium", stall_some_bp[LEVEL_MEDIUM],
	      "The level is medium when some task waits for memory this share of time; 0 is off."),
	SHARE("Stall", "SomeHigh", stall_some_bp[LEVEL_HIGH],
	      "The level is high when some task waits for memory this share of time; 0 is off."),
	SHARE("Stall", "SomeCritical", stall_some_bp[LEVEL_CRITICAL],
	      "The level is critical when some task waits this share of time; 0 is off."),
	SHARE("Stall", "FullMedium", stall_full_bp[LEVEL_MEDIUM],
	      "The level is medium when all tasks wait for memory this share of time; 0 is off."),
	SHARE("Stall", "FullHigh", stall_full_bp[LEVEL_HIGH],
	      "The level is high when all tasks wait for memory this share of time; 0 is off."),
	SHARE("Stall", "FullCritical", stall_full_bp[LEVEL_CRITICAL],
	      "The level is critical when all tasks wait this share of time; 0 is off."),
	SHARE("Stall", "Headroom", stall_headroom_bp,
	      "A stall counts only when this share of memory or less is left; else it is io."),
	USEC("Stall", "TriggerSome", trigger_some_usec, 0, 10 * USEC_PER_SEC,
	     "The kernel wakes reliefd when some task waited this long in one window; 0 is off."),
	USEC("Stall", "TriggerFull", trigger_full_usec, 0, 10 * USEC_PER_SEC,
	     "The kernel wakes reliefd when all tasks waited this long in one window; 0 is off."),
	USEC("Stall", "TriggerWindow", trigger_window_usec, 500 * USEC_PER_MSEC, 10 * USEC_PER_SEC,
	     "The window of both triggers; the kernel takes 500 ms to 10 s."),

	USEC("Dwell", "Time", dwell_usec, 0, USEC_PER_HOUR,
	     "A level is not left downwards before this time."),

	RUNG("Ladder", "MediumRung", max_rung[LEVEL_MEDIUM], "The highest rung at medium."),
	RUNG("Ladder", "HighRung", max_rung[LEVEL_HIGH], "The highest rung at high."),
	RUNG("Ladder", "CriticalRung", max_rung[LEVEL_CRITICAL], "The highest rung at critical."),
	USEC("Ladder", "ShedDeadline", rung_deadline_usec[RUNG_SHED], USEC_PER_MSEC, USEC_PER_MIN,
	     "An answer to shed after this time is late."),
	USEC("Ladder", "UnloadDeadline", rung_deadline_usec[RUNG_UNLOAD], USEC_PER_MSEC,
	     USEC_PER_MIN, "An answer to unload after this time is late."),
	USEC("Ladder", "ReclaimDeadline", rung_deadline_usec[RUNG_RECLAIM], USEC_PER_MSEC,
	     USEC_PER_MIN, "A reclaim that takes longer than this is late."),
	BYTES("Ladder", "GoalMin", goal_min_bytes, MIB, GOAL_MIN_LARGEST,
	      "While others than the modules grow, a rung never asks for less than this in all."),
	USEC("Ladder", "GoalHorizon", goal_horizon_usec, 0, USEC_PER_MIN,
	     "A rung also asks for what others than the modules take within this time."),
	USEC("Ladder", "Settle", settle_usec, 10 * USEC_PER_MSEC, USEC_PER_MIN,
	     "The pause between two cycles of the ladder at one level; shorter while little "
	     "time is left."),

	BRAKE("Brake", "Mode", brake,
	      "How a group that runs away is held still: off, auto, freeze or throttle."),
	USEC("Brake", "TimeLeft", brake_usec, USEC_PER_MSEC, USEC_PER_MIN,
	     "Hold the grower when memory lasts for this long or less at its growth."),
	SHARE("Brake", "Confidence", brake_confidence_bp,
	      "The brake believes a growth once this share of what was left was seen going."),
	SHARE_UP_TO(
		"Brake", "Fill", brake_fill_bp, BRAKE_FILL_LARGEST,
		"The brake waits until at least this share of memory or of the limit is used up."),
	USEC("Brake", "Hold", brake_hold_usec, 10 * USEC_PER_MSEC, USEC_PER_MIN,
	     "A group is let go after this time at the latest."),
	USEC("Brake", "Rest", brake_rest_usec, 0, USEC_PER_HOUR,
	     "A group that was let go is not held again for this long."),
	PATTERNS("Brake", "Exclude", brake_exclude,
		 "Patterns of unit names, slices included, that are never held still."),

	USEC("Modules", "IdleLimit", idle_limit_usec, 0, USEC_LONGEST,
	     "Unload asks modules idle for this long at medium, half as long at high."),
	USEC("Modules", "IdleLimitCritical", idle_limit_critical_usec, 0, USEC_LONGEST,
	     "Unload asks modules idle for this long at critical."),
	COUNT("Modules", "PerCycleMedium", modules_per_cycle[LEVEL_MEDIUM], 1,
	      MODULES_PER_CYCLE_MAX, "At most this many modules are asked by one rung at medium."),
	COUNT("Modules", "PerCycleHigh", modules_per_cycle[LEVEL_HIGH], 1, MODULES_PER_CYCLE_MAX,
	      "At most this many modules are asked by one rung at high."),
	COUNT("Modules", "PerCycleCritical", modules_per_cycle[LEVEL_CRITICAL], 1,
	      MODULES_PER_CYCLE_MAX,
	      "At most this many modules are asked by one rung at critical."),
	USEC("Modules", "Demote", demote_usec, 0, 24 * USEC_PER_HOUR,
	     "A module that answered late goes last for this long, doubling each time."),

	USEC("Sampling", "Interval", sampling_usec, 100 * USEC_PER_MSEC, USEC_PER_HOUR,
	     "The longest sleep between two looks at memory."),
	USEC("Sampling", "Minimum", sampling_min_usec, 10 * USEC_PER_MSEC, USEC_PER_MIN,
	     "The shortest sleep between two looks at memory."),
	BYTES("Sampling", "FillRate", fill_rate_bytes, MIB, BYTES_UNLIMITED,
	      "Per second: the fastest fill that must be noticed in time without eBPF."),
	SHARE("Sampling", "Budget", budget_bp,
	      "With eBPF: the kernel wakes reliefd when this share of what is left was taken."),
	BYTES("Sampling", "BudgetMin", budget_min_bytes, 64 * KIB, BYTES_UNLIMITED,
	      "With eBPF: the kernel does not wake reliefd for less than this."),

	PATTERNS("Groups", "Units", units, "Patterns of unit names under control."),
	PATTERNS("Groups", "Paths", paths, "Patterns of cgroup paths under control."),
	PATTERNS("Groups", "ProtectedUnits", protected_units,
		 "Patterns of unit names that are never reclaimed from or held still."),
	PATTERNS("Groups", "Exclude", exclude,
		 "Patterns of unit names or cgroup paths from which nothing is taken."),
	RANKS("Groups", "Priority", ranks,
	      "PATTERN:NUMBER of unit names or cgroup paths: a higher number gives later."),
};

const size_t n_profile_settings = sizeof(profile_settings) / sizeof(profile_settings[0]);

const struct profile_setting *profile_setting_find(const char *section, const char *key)
{
	for (size_t i = 0; i < n_profile_settings; i++)
		if (strcmp(profile_settings[i].section, section) == 0 &&
		    strcmp(profile_settings[i].key, key) == 0)
			return &profile_settings[i];
	return NULL;
}

static const struct profile defaults = {
	.name = "default",
	.headroom_bp = { [LEVEL_MEDIUM] = 2000, [LEVEL_HIGH] = 1000, [LEVEL_CRITICAL] = 500 },
	.headroom_max_bytes = { [LEVEL_MEDIUM] = 4 * GIB,
				[LEVEL_HIGH] = 2 * GIB,
				[LEVEL_CRITICAL] = 1 * GIB },
	.headroom_leave_bp = 250,
	.exhaustion_usec = { [LEVEL_MEDIUM] = 8 * USEC_PER_SEC,
			     [LEVEL_HIGH] = 3 * USEC_PER_SEC,
			     [LEVEL_CRITICAL] = 1 * USEC_PER_SEC },
	.exhaustion_confidence_bp = { [LEVEL_MEDIUM] = 1000,
				      [LEVEL_HIGH] = 2000,
				      [LEVEL_CRITICAL] = 3000 },
	.exhaustion_headroom_bp = 5000,
	.stall_some_bp = { [LEVEL_MEDIUM] = 1000, [LEVEL_HIGH] = 2500, [LEVEL_CRITICAL] = 0 },
	.stall_full_bp = { [LEVEL_MEDIUM] = 0, [LEVEL_HIGH] = 1000, [LEVEL_CRITICAL] = 3000 },
	.stall_headroom_bp = 3000,
	.trigger_some_usec = 70 * USEC_PER_MSEC,
	.trigger_full_usec = 50 * USEC_PER_MSEC,
	.trigger_window_usec = 1 * USEC_PER_SEC,
	.dwell_usec = 5 * USEC_PER_SEC,
	.max_rung = { [LEVEL_MEDIUM] = RUNG_SHED,
		      [LEVEL_HIGH] = RUNG_RECLAIM,
		      [LEVEL_CRITICAL] = RUNG_RECLAIM },
	.rung_deadline_usec = { [RUNG_SHED] = 500 * USEC_PER_MSEC,
				[RUNG_UNLOAD] = 2 * USEC_PER_SEC,
				[RUNG_RECLAIM] = 2 * USEC_PER_SEC },
	.goal_min_bytes = 16 * MIB,
	.goal_horizon_usec = 3 * USEC_PER_SEC,
	.settle_usec = 500 * USEC_PER_MSEC,
	.brake = BRAKE_OFF,
	.brake_usec = 500 * USEC_PER_MSEC,
	.brake_confidence_bp = 2500,
	.brake_fill_bp = 5000,
	.brake_hold_usec = 5 * USEC_PER_SEC,
	.brake_rest_usec = 10 * USEC_PER_SEC,
	.brake_exclude = { .n = 2, .pattern = { "kubepods.slice", "kubepods" } },
	.idle_limit_usec = 5 * USEC_PER_MIN,
	.idle_limit_critical_usec = 30 * USEC_PER_SEC,
	.modules_per_cycle = { [LEVEL_MEDIUM] = 5, [LEVEL_HIGH] = 8, [LEVEL_CRITICAL] = 10 },
	.demote_usec = 1 * USEC_PER_MIN,
	.sampling_usec = 1 * USEC_PER_MIN,
	.sampling_min_usec = 100 * USEC_PER_MSEC,
	.fill_rate_bytes = 1 * GIB,
	.budget_bp = 400,
	.budget_min_bytes = 1 * MIB,
	.units = { .n = 2, .pattern = { "*.service", "*.scope" } },
	.paths = { .n = 8,
		   .pattern = { "/lxc/*", "/lxc.payload.*", "/lxc.payload/*", "/docker/*",
				"/libpod_parent/libpod-*", "/machine/*", "/kubepods/pod*/*",
				"/kubepods/*/pod*/*" } },
	.protected_units = { .n = 10,
			     .pattern = { "init.scope", "systemd-*.service", "dbus.service",
					  "dbus-broker.service", "ssh.service", "sshd.service",
					  "ssh@*.service", "sshd@*.service", "session-*.scope",
					  "reliefd.service" } },
};

void profile_init(struct profile *profile)
{
	memcpy(profile, &defaults, sizeof(*profile));
}

/*
 * What must hold between two settings: the first is at most (or at least) the second, or both
 * together leave a way back. Each step of a chain medium - high - critical is a row; so is
 * medium - critical where `high` may be off.
 */
enum relation { AT_MOST, AT_LEAST, CAN_BE_LEFT };

struct rule {
	const char *section, *key;
	enum relation relation;
	const char *other_section, *other_key;
	bool zero_is_off; /* then 0 on either side fits with anything */
	const char *problem;
};

#define LESS "a severer level begins with less left"
#define MORE "a severer level begins with more time lost"

static const struct rule rules[] = {
	{ "Headroom", "High", AT_MOST, "Headroom", "Medium", false,
	  "must not be above Medium=: " LESS },
	{ "Headroom", "Critical", AT_MOST, "Headroom", "High", false,
	  "must not be above High=: " LESS },
	{ "Headroom", "HighMax", AT_MOST, "Headroom", "MediumMax", false,
	  "must not be above MediumMax=: " LESS },
	{ "Headroom", "CriticalMax", AT_MOST, "Headroom", "HighMax", false,
	  "must not be above HighMax=: " LESS },
	{ "Headroom", "Leave", CAN_BE_LEFT, "Headroom", "Medium", false,
	  "must not be above 90% together with Medium=: that much is never left, so that medium "
	  "would never end" },
	{ "Exhaustion", "High", AT_MOST, "Exhaustion", "Medium", true,
	  "must not be above Medium=: " LESS },
	{ "Exhaustion", "Critical", AT_MOST, "Exhaustion", "High", true,
	  "must not be above High=: " LESS },
	{ "Exhaustion", "Critical", AT_MOST, "Exhaustion", "Medium", true,
	  "must not be above Medium=: " LESS },
	{ "Exhaustion", "ConfidenceHigh", AT_LEAST, "Exhaustion", "ConfidenceMedium", false,
	  "must not be below ConfidenceMedium=: a severer level must be surer" },
	{ "Exhaustion", "ConfidenceCritical", AT_LEAST, "Exhaustion", "ConfidenceHigh", false,
	  "must not be below ConfidenceHigh=: a severer level must be surer" },
	{ "Stall", "SomeHigh", AT_LEAST, "Stall", "SomeMedium", true,
	  "must not be below SomeMedium=: " MORE },
	{ "Stall", "SomeCritical", AT_LEAST, "Stall", "SomeHigh", true,
	  "must not be below SomeHigh=: " MORE },
	{ "Stall", "SomeCritical", AT_LEAST, "Stall", "SomeMedium", true,
	  "must not be below SomeMedium=: " MORE },
	{ "Stall", "FullHigh", AT_LEAST, "Stall", "FullMedium", true,
	  "must not be below FullMedium=: " MORE },
	{ "Stall", "FullCritical", AT_LEAST, "Stall", "FullHigh", true,
	  "must not be below FullHigh=: " MORE },
	{ "Stall", "FullCritical", AT_LEAST, "Stall", "FullMedium", true,
	  "must not be below FullMedium=: " MORE },
	{ "Stall", "Headroom", AT_LEAST, "Headroom", "Medium", false,
	  "must not be below Medium= of [Headroom]: a stall counts when that little is left" },
	{ "Stall", "TriggerSome", AT_MOST, "Stall", "TriggerWindow", false,
	  "must not be above TriggerWindow=: a stall cannot last longer than its window" },
	{ "Stall", "TriggerFull", AT_MOST, "Stall", "TriggerWindow", false,
	  "must not be above TriggerWindow=: a stall cannot last longer than its window" },
	{ "Ladder", "HighRung", AT_LEAST, "Ladder", "MediumRung", false,
	  "must not be below MediumRung=: a severer level may climb at least as far" },
	{ "Ladder", "CriticalRung", AT_LEAST, "Ladder", "HighRung", false,
	  "must not be below HighRung=: a severer level may climb at least as far" },
	{ "Modules", "PerCycleHigh", AT_LEAST, "Modules", "PerCycleMedium", false,
	  "must not be below PerCycleMedium=: a severer level asks at least as many" },
	{ "Modules", "PerCycleCritical", AT_LEAST, "Modules", "PerCycleHigh", false,
	  "must not be below PerCycleHigh=: a severer level asks at least as many" },
	{ "Modules", "IdleLimitCritical", AT_MOST, "Modules", "IdleLimit", false,
	  "must not be above IdleLimit=: a severer level asks at least as many" },
	{ "Sampling", "Minimum", AT_MOST, "Sampling", "Interval", false,
	  "must not be above Interval=: the shortest sleep cannot exceed the longest" },
};

uint64_t profile_get(const struct profile *profile, const struct profile_setting *setting)
{
	const char *field = (const char *)profile + setting->offset;

	switch (setting->kind) {
	case SETTING_BYTES:
	case SETTING_USEC:
		return *(const uint64_t *)field;
	case SETTING_SHARE:
	case SETTING_COUNT:
		return *(const uint32_t *)field;
	case SETTING_RUNG:
		return (uint64_t) * (const enum rung *)field;
	case SETTING_BRAKE:
		return (uint64_t) * (const enum brake *)field;
	case SETTING_PATTERNS:
		return ((const struct pattern_list *)field)->n;
	case SETTING_RANKS:
		break;
	}
	return ((const struct rank_list *)field)->n;
}

static bool profile_rule_holds(const struct rule *rule, const struct profile *profile)
{
	uint64_t a = profile_get(profile, profile_setting_find(rule->section, rule->key));
	uint64_t b =
		profile_get(profile, profile_setting_find(rule->other_section, rule->other_key));

	if (rule->zero_is_off && (a == 0 || b == 0))
		return true;
	switch (rule->relation) {
	case AT_MOST:
		return a <= b;
	case AT_LEAST:
		return a >= b;
	case CAN_BE_LEFT: /* 0: the level is off, and is never entered */
		return b == 0 || a + b <= LEAVE_LARGEST_BP;
	}
	return true;
}

bool profile_is_sound(const struct profile *profile, struct profile_conflict *ret)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (profile_rule_holds(&rules[i], profile))
			continue;
		*ret = (struct profile_conflict){
			.setting = profile_setting_find(rules[i].section, rules[i].key),
			.other = profile_setting_find(rules[i].other_section, rules[i].other_key),
			.problem = rules[i].problem,
		};
		return false;
	}
	if (profile->units.n + profile->paths.n == 0) {
		*ret = (struct profile_conflict){
			.setting = profile_setting_find("Groups", "Units"),
			.other = profile_setting_find("Groups", "Paths"),
			.problem = "must not be empty while Paths= is: no group would be under "
				   "control",
		};
		return false;
	}
	return true;
}
