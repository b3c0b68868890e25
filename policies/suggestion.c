/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/suggestion.h"
#include "policies/exhaustion.h"
#include "policies/group_tree.h"
#include "policies/outlook.h"

/* Less than this share of what was left seen going is one program starting. */
#define CONFIDENCE_LEAST_BP 2000
/* A kill follows critical time left within a second; its count comes with a later reading. */
#define KILL_FOLLOWS_USEC (10 * USEC_PER_SEC)
/* Whoever looks the next morning should still find it. */
#define KILL_KEPT_USEC (24 * 60 * USEC_PER_MIN)

/* A claim that is no small change, and how little of it is found. */
#define LIE_LEAST_BYTES (4 * MIB)
#define LIE_SHARE	4
/* So often, and at least one request in so many. */
#define LATE_LEAST 2
#define LATE_SHARE 4

/* Time left below which it is worth saying: time enough to get up, to type, to do nothing else. */
static const struct {
	uint64_t time_left_usec;
	enum severity severity;
} urgencies[] = {
	{ USEC_PER_MIN, SEVERITY_CRITICAL },
	{ 10 * USEC_PER_MIN, SEVERITY_WARNING },
	{ 60 * USEC_PER_MIN, SEVERITY_INFO },
};

#define N_URGENCIES (sizeof(urgencies) / sizeof(urgencies[0]))

/* Its caches were asked, and fill again: it was there before, and may be asked again. */
static bool suggestion_fills_again(const struct state *state, const struct suggestion *suggestion)
{
	const struct group_state *group = &state->groups[suggestion->group_slot];
	uint64_t used_bytes = group->seen.current_bytes;

	if (group->slot == GROUP_SLOT_HOST)
		used_bytes = u64_sub(state->machine.total_bytes, state->machine.available_bytes);
	return state->now_usec < group->refill.until_usec && used_bytes <= group->refill.to_bytes;
}

static bool suggestion_time_left_applies(const struct profile *profile, const struct state *state,
					 struct suggestion *suggestion)
{
	if (suggestion->module_slot != SLOT_NONE || suggestion->growth_bytes == 0 ||
	    suggestion->confidence_bp < CONFIDENCE_LEAST_BP ||
	    suggestion_fills_again(state, suggestion))
		return false;
	for (size_t i = 0; i < N_URGENCIES; i++) {
		if (suggestion->time_left_usec >= urgencies[i].time_left_usec)
			continue;
		suggestion->severity = urgencies[i].severity;
		return true;
	}
	return false;
}

/* A slice and the host are never held themselves, but those in them. */
static bool suggestion_somebody_may_be_held(const struct state *state, uint32_t outer_slot)
{
	const uint32_t exempt = GROUP_IS_CONTEXT | GROUP_IS_PROTECTED | GROUP_IS_UNBRAKED |
				GROUP_IS_EXCLUDED;

	for (uint32_t slot = 1; slot < state->n_groups_used; slot++) {
		const struct group_state *group = &state->groups[slot];

		if (group->id != 0 && !(group->seen.flags & exempt) &&
		    group_tree_is_inside(state, slot, outer_slot))
			return true;
	}
	return false;
}

static bool suggestion_brake_applies(const struct profile *profile, const struct state *state,
				     struct suggestion *suggestion)
{
	suggestion->severity = SEVERITY_WARNING;
	return suggestion->module_slot == SLOT_NONE && profile->brake == BRAKE_OFF &&
	       suggestion->n_kills > 0 &&
	       suggestion_somebody_may_be_held(state, suggestion->group_slot);
}

static bool suggestion_kills_apply(const struct profile *profile, const struct state *state,
				   struct suggestion *suggestion)
{
	return false; /* the publishers', see suggestion.h */
}

/* Measured less than a quarter of several MiB claimed: no rounding, and no other's growth
 * meanwhile. */
static bool suggestion_liar_applies(const struct profile *profile, const struct state *state,
				    struct suggestion *suggestion)
{
	suggestion->severity = SEVERITY_WARNING;
	return suggestion->module_slot != SLOT_NONE &&
	       suggestion->claimed_bytes >= LIE_LEAST_BYTES &&
	       suggestion->measured_bytes < suggestion->claimed_bytes / LIE_SHARE;
}

/* Once may be bad luck. */
static bool suggestion_late_applies(const struct profile *profile, const struct state *state,
				    struct suggestion *suggestion)
{
	suggestion->severity = SEVERITY_WARNING;
	return suggestion->module_slot != SLOT_NONE && suggestion->n_late >= LATE_LEAST &&
	       suggestion->n_late >= suggestion->n_requests / LATE_SHARE;
}

static bool suggestion_excluded_applies(const struct profile *profile, const struct state *state,
					struct suggestion *suggestion)
{
	suggestion->severity = SEVERITY_WARNING;
	return suggestion->n_excluded > 0;
}

static const struct {
	const char *name;
	bool (*applies)(const struct profile *profile, const struct state *state,
			struct suggestion *suggestion);
} rules[N_SUGGESTION_KINDS] = {
	[SUGGESTION_TIME_LEFT] = { "time-left", suggestion_time_left_applies },
	[SUGGESTION_BRAKE] = { "brake-would-help", suggestion_brake_applies },
	[SUGGESTION_KILLS] = { "oom-kills", suggestion_kills_apply },
	[SUGGESTION_LIAR] = { "module-frees-less", suggestion_liar_applies },
	[SUGGESTION_LATE] = { "module-is-late", suggestion_late_applies },
	[SUGGESTION_EXCLUDED] = { "all-excluded", suggestion_excluded_applies },
};

static bool suggestion_kill_is_recent(const struct kill_record *kills, uint64_t now_usec)
{
	return kills->n_unbraked > 0 && u64_sub(now_usec, kills->last_usec) < KILL_KEPT_USEC;
}

/* All modules, when every one is excluded; 0 as soon as one may be asked. */
static uint32_t suggestion_count_excluded(const struct state *state)
{
	uint32_t n = 0;

	for (uint32_t slot = 0; slot < state->n_modules_used; slot++) {
		const struct module_state *module = &state->modules[slot];

		if (module->id == 0 || module->seen.group_slot >= state->n_groups_used)
			continue;
		if (!(state->groups[module->seen.group_slot].seen.flags & GROUP_IS_EXCLUDED))
			return 0;
		n++;
	}
	return n;
}

static void suggestion_fill(const struct profile *profile, const struct group_state *group,
			    uint64_t now_usec, struct suggestion *ret)
{
	struct outlook outlook;

	outlook_of_own(profile, group, now_usec, &outlook);
	*ret = (struct suggestion){
		.group_slot = group->slot,
		.group_id = group->id,
		.module_slot = SLOT_NONE,
		.total_bytes = group->shortage.total_bytes,
		.headroom_bytes = outlook.headroom_bytes,
		.growth_bytes = outlook.growth_bytes,
		.time_left_usec = outlook.time_left_usec,
		.confidence_bp = outlook.confidence_bp,
		.n_kills = suggestion_kill_is_recent(&group->kills, now_usec)
				   ? group->kills.n_unbraked
				   : 0,
	};
}

static bool suggestion_is_before(const struct suggestion *a, const struct suggestion *b)
{
	if (a->severity != b->severity)
		return a->severity > b->severity;
	return a->time_left_usec < b->time_left_usec;
}

/* Into its place among `n`; the last one falls off when there is no room. Returns: how many. */
static size_t suggestion_insert(struct suggestion *list, size_t n, size_t max,
				const struct suggestion *new)
{
	size_t at = n;

	while (at > 0 && suggestion_is_before(new, &list[at - 1]))
		at--;
	if (at == max)
		return n;
	if (n == max)
		n--;
	for (size_t i = n; i > at; i--)
		list[i] = list[i - 1];
	list[at] = *new;
	return n + 1;
}

static void suggestion_fill_module(const struct state *state, const struct module_state *module,
				   uint32_t slot, struct suggestion *ret)
{
	*ret = (struct suggestion){
		.group_slot = module->seen.group_slot,
		.group_id = state->groups[module->seen.group_slot].id,
		.module_slot = slot,
		.module_id = module->id,
		.time_left_usec = USEC_NEVER,
		.claimed_bytes = module->claimed_bytes,
		.measured_bytes = module->measured_bytes,
		.n_requests = module->n_requests,
		.n_late = module->n_late,
		.last_latency_usec = module->last_latency_usec,
	};
}

bool suggestion_of_module(const struct state *state, uint32_t slot, enum suggestion_kind kind,
			  struct suggestion *ret)
{
	const struct module_state *module = &state->modules[slot];

	if (module->id == 0 || module->seen.group_slot >= state->n_groups_used)
		return false;
	suggestion_fill_module(state, module, slot, ret);
	ret->kind = kind;
	return (kind == SUGGESTION_LIAR || kind == SUGGESTION_LATE) &&
	       rules[kind].applies(NULL, state, ret);
}

/* All rules on one group or module. Returns: how many are in the list then. */
static size_t suggestion_add_all(const struct profile *profile, const struct state *state,
				 struct suggestion *suggestion, struct suggestion *ret, size_t n,
				 size_t max)
{
	for (int kind = 0; kind < N_SUGGESTION_KINDS; kind++) {
		suggestion->kind = (enum suggestion_kind)kind;
		if (rules[kind].applies(profile, state, suggestion))
			n = suggestion_insert(ret, n, max, suggestion);
	}
	return n;
}

size_t suggestion_list(const struct profile *profile, const struct state *state, uint64_t now_usec,
		       struct suggestion *ret, size_t max)
{
	struct suggestion suggestion;
	size_t n = 0;

	for (uint32_t slot = 0; slot < state->n_groups_used; slot++) {
		if (state->groups[slot].id == 0)
			continue;
		suggestion_fill(profile, &state->groups[slot], now_usec, &suggestion);
		if (slot == GROUP_SLOT_HOST)
			suggestion.n_excluded = suggestion_count_excluded(state);
		n = suggestion_add_all(profile, state, &suggestion, ret, n, max);
	}
	for (uint32_t slot = 0; slot < state->n_modules_used; slot++) {
		const struct module_state *module = &state->modules[slot];

		if (module->id == 0 || module->seen.group_slot >= state->n_groups_used)
			continue;
		suggestion_fill_module(state, module, slot, &suggestion);
		n = suggestion_add_all(profile, state, &suggestion, ret, n, max);
	}
	return n;
}

uint64_t suggestion_own_kills(const struct group_state *group)
{
	return u64_sub(group->kills.n_killed, group->kills.n_below);
}

const char *suggestion_kind_name(enum suggestion_kind kind)
{
	return (unsigned int)kind < N_SUGGESTION_KINDS ? rules[kind].name : "unknown";
}

const char *severity_name(enum severity severity)
{
	static const char *const names[N_SEVERITIES] = {
		[SEVERITY_INFO] = "info",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_CRITICAL] = "critical",
	};

	return (unsigned int)severity < N_SEVERITIES ? names[severity] : "unknown";
}

/* Learning */

static bool suggestion_ran_out_lately(const struct kill_record *kills, uint64_t now_usec)
{
	return kills->ran_out_usec != 0 &&
	       u64_sub(now_usec, kills->ran_out_usec) <= KILL_FOLLOWS_USEC;
}

/* How many the kernel killed in it since the last reading; counted for all below it, too. */
static uint64_t suggestion_new_kills(struct group_state *group)
{
	struct kill_record *kills = &group->kills;
	uint64_t n_new = kills->is_counted ? u64_sub(group->seen.n_oom_kill, kills->n_seen) : 0;

	kills->is_counted = true;
	kills->n_seen = group->seen.n_oom_kill;
	return n_new;
}

/* The counter of a group has those of the groups below it, too. */
static void suggestion_count_kills(struct state *state, struct group_state *group, uint64_t n_new)
{
	struct group_state *above = NULL;

	if (group->parent_slot < state->n_groups_used)
		above = &state->groups[group->parent_slot];
	group->kills.n_killed += n_new;
	if (above && group->parent_slot != GROUP_SLOT_HOST)
		above->kills.n_below += n_new;
	else
		state->n_killed += n_new;
}

/* In it and in all above. */
static void suggestion_note_kill(struct state *state, uint32_t slot)
{
	state->groups[GROUP_SLOT_HOST].kills.seen_usec = state->now_usec;
	for (int depth = 0; depth < GROUP_DEPTH_MAX && slot < state->n_groups_used; depth++) {
		state->groups[slot].kills.seen_usec = state->now_usec;
		slot = group_tree_parent(state, slot);
	}
}

void suggestion_learn(const struct profile *profile, struct state *state, struct group_state *group)
{
	struct group_state *host = &state->groups[GROUP_SLOT_HOST], *short_one = group;
	uint64_t n_new;

	if (group->shortage.growth_bytes > 0 && /* most do not grow: that is cheaper to know */
	    exhaustion_level(profile, group, LEVEL_LOW) == LEVEL_CRITICAL)
		group->kills.ran_out_usec = state->now_usec;
	if (group->slot == GROUP_SLOT_HOST || !(group->seen.has & GROUP_HAS_EVENTS) ||
	    group->seen.n_oom_kill == COUNT_UNKNOWN)
		return;
	n_new = suggestion_new_kills(group);
	suggestion_count_kills(state, group, n_new);
	if (n_new > 0)
		suggestion_note_kill(state, group->slot);
	/* The host has no such counter: whoever is killed for its sake is killed in a top group. */
	if (group->parent_slot == GROUP_SLOT_HOST &&
	    !suggestion_ran_out_lately(&group->kills, state->now_usec))
		short_one = host;
	if (n_new == 0 || profile->brake != BRAKE_OFF ||
	    !suggestion_ran_out_lately(&short_one->kills, state->now_usec))
		return;
	short_one->kills.n_unbraked += n_new;
	short_one->kills.last_usec = state->now_usec;
}
