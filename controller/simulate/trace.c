/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Trace: one table per kind of line, used for reading and for writing
 */

#include "controller/simulate/trace.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OBSERVATION(key, kind, field, bit)                          \
	{                                                           \
		key, kind, offsetof(struct observation, field), bit \
	}
static const struct line_field step_fields[] = {
	OBSERVATION("now", LINE_USEC, now_usec, 0),
	OBSERVATION("machine", LINE_FLAG, covers, OBSERVED_MACHINE),
	OBSERVATION("modules", LINE_FLAG, covers, OBSERVED_MODULES),
	OBSERVATION("groups", LINE_FLAG, covers, OBSERVED_GROUPS),
};

#define MACHINE(key, kind, field, bit)                                  \
	{                                                               \
		key, kind, offsetof(struct machine_reading, field), bit \
	}
static const struct line_field machine_fields[] = {
	MACHINE("total", LINE_BYTES, total_bytes, MACHINE_HAS_MEMORY),
	MACHINE("available", LINE_BYTES, available_bytes, MACHINE_HAS_MEMORY),
	MACHINE("swap_total", LINE_BYTES, swap_total_bytes, MACHINE_HAS_SWAP),
	MACHINE("swap_free", LINE_BYTES, swap_free_bytes, MACHINE_HAS_SWAP),
	MACHINE("zram_total", LINE_BYTES, zram_total_bytes, MACHINE_HAS_ZRAM),
	MACHINE("zram_free", LINE_BYTES, zram_free_bytes, MACHINE_HAS_ZRAM),
	MACHINE("zram_stored", LINE_BYTES, zram_stored_bytes, MACHINE_HAS_ZRAM),
	MACHINE("zram_used", LINE_BYTES, zram_used_bytes, MACHINE_HAS_ZRAM),
	MACHINE("zswap_stored", LINE_BYTES, zswap_stored_bytes, MACHINE_HAS_ZSWAP),
	MACHINE("zswap_used", LINE_BYTES, zswap_used_bytes, MACHINE_HAS_ZSWAP),
	MACHINE("zswap_most", LINE_BYTES, zswap_most_bytes, MACHINE_HAS_ZSWAP),
	MACHINE("some", LINE_USEC, some_usec, MACHINE_HAS_STALL),
	MACHINE("full", LINE_USEC, full_usec, MACHINE_HAS_STALL),
	MACHINE("tripwire", LINE_FLAG, has, MACHINE_HAS_TRIPWIRE),
	MACHINE("estimated", LINE_FLAG, has, MACHINE_IS_ESTIMATED),
};

#define GROUP(key, kind, field, bit)                                  \
	{                                                             \
		key, kind, offsetof(struct group_reading, field), bit \
	}
static const struct line_field group_fields[] = {
	GROUP("slot", LINE_SLOT, slot, 0),
	GROUP("id", LINE_U64, id, 0),
	GROUP("parent", LINE_SLOT, parent_slot, 0),
	GROUP("current", LINE_BYTES, current_bytes, GROUP_HAS_CURRENT),
	GROUP("limit", LINE_BYTES, limit_bytes, GROUP_HAS_LIMIT),
	GROUP("high", LINE_BYTES, high_bytes, GROUP_HAS_HIGH),
	GROUP("reclaimable", LINE_BYTES, reclaimable_bytes, GROUP_HAS_RECLAIMABLE),
	GROUP("swap", LINE_BYTES, swap_bytes, GROUP_HAS_SWAP),
	GROUP("swap_limit", LINE_BYTES, swap_limit_bytes, GROUP_HAS_SWAP_LIMIT),
	GROUP("unused", LINE_BYTES, unused_bytes, GROUP_HAS_USE),
	GROUP("held", LINE_BYTES, held_bytes, GROUP_HAS_USE),
	GROUP("some", LINE_USEC, some_usec, GROUP_HAS_STALL),
	GROUP("full", LINE_USEC, full_usec, GROUP_HAS_STALL),
	GROUP("n_high", LINE_U64, n_high, GROUP_HAS_EVENTS),
	GROUP("n_max", LINE_U64, n_max, GROUP_HAS_EVENTS),
	GROUP("n_oom_kill", LINE_U64, n_oom_kill, GROUP_HAS_EVENTS),
	GROUP("growth", LINE_BYTES, growth_bytes, GROUP_HAS_GROWTH),
	GROUP("gone", LINE_FLAG, flags, GROUP_IS_GONE),
	GROUP("protected", LINE_FLAG, flags, GROUP_IS_PROTECTED),
	GROUP("context", LINE_FLAG, flags, GROUP_IS_CONTEXT),
	GROUP("unbraked", LINE_FLAG, flags, GROUP_IS_UNBRAKED),
	GROUP("excluded", LINE_FLAG, flags, GROUP_IS_EXCLUDED),
	GROUP("priority", LINE_I32, priority, 0),
};

#define MODULE(key, kind, field, bit)                                  \
	{                                                              \
		key, kind, offsetof(struct module_reading, field), bit \
	}
static const struct line_field module_fields[] = {
	MODULE("slot", LINE_U32, slot, 0),
	MODULE("id", LINE_U64, id, 0),
	MODULE("group", LINE_SLOT, group_slot, 0),
	MODULE("kind", LINE_MODULE_KIND, kind, 0),
	MODULE("size", LINE_BYTES, size_bytes, 0),
	MODULE("owner", LINE_BYTES, owner_bytes, 0),
	MODULE("last_used", LINE_USEC, last_used_usec, 0),
	MODULE("idle_limit", LINE_USEC, idle_limit_usec, 0),
	MODULE("reload_cost", LINE_USEC, reload_cost_usec, 0),
	MODULE("shed", LINE_FLAG, flags, MODULE_CAN_SHED),
	MODULE("unload", LINE_FLAG, flags, MODULE_CAN_UNLOAD),
	MODULE("unloaded", LINE_FLAG, flags, MODULE_IS_UNLOADED),
	MODULE("keep", LINE_FLAG, flags, MODULE_IS_KEPT),
};

#define OUTCOME(key, kind, field)                             \
	{                                                     \
		key, kind, offsetof(struct outcome, field), 0 \
	}
static const struct line_field outcome_fields[] = {
	OUTCOME("action", LINE_U64, action_id),
	OUTCOME("result", LINE_RESULT, result),
	OUTCOME("error", LINE_I32, error),
	OUTCOME("claimed", LINE_BYTES, claimed_bytes),
	OUTCOME("finished", LINE_USEC, finished_usec),
};

#define ORDER(key, kind, field)                             \
	{                                                   \
		key, kind, offsetof(struct order, field), 0 \
	}
static const struct line_field order_fields[] = {
	ORDER("id", LINE_U64, id),
	ORDER("group", LINE_SLOT, group_slot),
	ORDER("group_id", LINE_U64, group_id),
	ORDER("bytes", LINE_BYTES, bytes),
	ORDER("max_rung", LINE_RUNG, max_rung),
};

#define TABLE(word, fields, has)                 \
	{                                        \
		word, fields, COUNT(fields), has \
	}
static const struct line_table step_table = TABLE("step", step_fields, 0);
static const struct line_table machine_table =
	TABLE("machine", machine_fields, offsetof(struct machine_reading, has));
static const struct line_table group_table =
	TABLE("group", group_fields, offsetof(struct group_reading, has));
static const struct line_table module_table = TABLE("module", module_fields, 0);
static const struct line_table outcome_table = TABLE("outcome", outcome_fields, 0);
static const struct line_table order_table = TABLE("order", order_fields, 0);

/* --- decisions: written only --- */

#define ACTION(key, kind, field)                             \
	{                                                    \
		key, kind, offsetof(struct action, field), 0 \
	}
static const struct line_field action_fields[] = {
	ACTION("id", LINE_U64, id),
	ACTION("episode", LINE_U64, episode_id),
	ACTION("order", LINE_U64, order_id),
	ACTION("rung", LINE_RUNG, rung),
	ACTION("reason", LINE_REASON, reason),
	ACTION("level", LINE_LEVEL, level),
	ACTION("attribution", LINE_ATTRIBUTION, attribution),
	ACTION("group", LINE_SLOT, group_slot),
	ACTION("group_id", LINE_U64, group_id),
	ACTION("module", LINE_SLOT, module_slot),
	ACTION("module_id", LINE_U64, module_id),
	ACTION("bytes", LINE_BYTES, bytes),
	ACTION("ratio", LINE_SHARE, ratio_bp),
	ACTION("started", LINE_USEC, started_usec),
	ACTION("deadline", LINE_USEC, deadline_usec),
};

#define FINISH(key, kind, field)                             \
	{                                                    \
		key, kind, offsetof(struct finish, field), 0 \
	}
static const struct line_field finish_fields[] = {
	FINISH("id", LINE_U64, action.id),
	FINISH("result", LINE_RESULT, result),
	FINISH("error", LINE_I32, error),
	FINISH("claimed", LINE_BYTES, claimed_bytes),
	FINISH("measured", LINE_BYTES, measured_bytes),
	FINISH("duration", LINE_USEC, duration_usec),
};

#define LEVEL(key, kind, field)                                    \
	{                                                          \
		key, kind, offsetof(struct level_change, field), 0 \
	}
static const struct line_field level_fields[] = {
	LEVEL("group", LINE_SLOT, group_slot),
	LEVEL("group_id", LINE_U64, group_id),
	LEVEL("episode", LINE_U64, episode_id),
	LEVEL("old", LINE_LEVEL, old_level),
	LEVEL("new", LINE_LEVEL, new_level),
	LEVEL("signal", LINE_SIGNAL, signal),
	LEVEL("attribution", LINE_ATTRIBUTION, attribution),
	LEVEL("reason", LINE_REASON, reason),
	LEVEL("headroom", LINE_BYTES, headroom_bytes),
	LEVEL("time_left", LINE_USEC, time_left_usec),
};

#define RUNG(key, kind, field)                                    \
	{                                                         \
		key, kind, offsetof(struct rung_report, field), 0 \
	}
static const struct line_field rung_fields[] = {
	RUNG("episode", LINE_U64, episode_id),
	RUNG("order", LINE_U64, order_id),
	RUNG("group", LINE_SLOT, group_slot),
	RUNG("group_id", LINE_U64, group_id),
	RUNG("rung", LINE_RUNG, rung),
	RUNG("reason", LINE_REASON, reason),
	RUNG("requests", LINE_U32, n_requests),
	RUNG("late", LINE_U32, n_late),
	RUNG("goal", LINE_BYTES, goal_bytes),
	RUNG("claimed", LINE_BYTES, claimed_bytes),
	RUNG("measured", LINE_BYTES, measured_bytes),
	RUNG("duration", LINE_USEC, duration_usec),
};

#define EPISODE(key, kind, field)                                    \
	{                                                            \
		key, kind, offsetof(struct episode_report, field), 0 \
	}
static const struct line_field episode_fields[] = {
	EPISODE("id", LINE_U64, episode_id),
	EPISODE("group", LINE_SLOT, group_slot),
	EPISODE("group_id", LINE_U64, group_id),
	EPISODE("peak", LINE_LEVEL, peak_level),
	EPISODE("duration", LINE_USEC, duration_usec),
	EPISODE("shed", LINE_BYTES, measured_bytes[RUNG_SHED]),
	EPISODE("unload", LINE_BYTES, measured_bytes[RUNG_UNLOAD]),
	EPISODE("reclaim", LINE_BYTES, measured_bytes[RUNG_RECLAIM]),
	EPISODE("requests", LINE_U32, n_requests),
};

#define ORDERED(key, kind, field)                                  \
	{                                                          \
		key, kind, offsetof(struct order_report, field), 0 \
	}
static const struct line_field ordered_fields[] = {
	ORDERED("id", LINE_U64, order_id),
	ORDERED("claimed", LINE_BYTES, claimed_bytes),
	ORDERED("measured", LINE_BYTES, measured_bytes),
	ORDERED("duration", LINE_USEC, duration_usec),
};

#define BUDGET(key, kind, field)                             \
	{                                                    \
		key, kind, offsetof(struct budget, field), 0 \
	}
static const struct line_field budget_fields[] = {
	BUDGET("group", LINE_SLOT, group_slot),
	BUDGET("group_id", LINE_U64, group_id),
	BUDGET("bytes", LINE_BYTES, bytes),
};

#define BRAKE(key, kind, field)                                    \
	{                                                          \
		key, kind, offsetof(struct brake_change, field), 0 \
	}
static const struct line_field brake_fields[] = {
	BRAKE("id", LINE_U64, id),
	BRAKE("group", LINE_SLOT, group_slot),
	BRAKE("group_id", LINE_U64, group_id),
	BRAKE("brake", LINE_BRAKE, brake),
	BRAKE("reason", LINE_REASON, reason),
	BRAKE("until", LINE_USEC, until_usec),
	BRAKE("short", LINE_SLOT, short_slot),
	BRAKE("short_id", LINE_U64, short_id),
	BRAKE("episode", LINE_U64, episode_id),
	BRAKE("time_left", LINE_USEC, time_left_usec),
	BRAKE("headroom", LINE_BYTES, headroom_bytes),
};

#define NEXT(key, kind, field)                                 \
	{                                                      \
		key, kind, offsetof(struct decision, field), 0 \
	}
static const struct line_field next_fields[] = {
	NEXT("wake", LINE_USEC, wake_at_usec),
	NEXT("slack", LINE_USEC, wake_slack_usec),
	NEXT("attention", LINE_ATTENTION, attention),
	NEXT("dropped", LINE_U32, n_dropped),
};

static const struct line_table action_table = TABLE("action", action_fields, 0);
static const struct line_table finish_table = TABLE("finish", finish_fields, 0);
static const struct line_table level_table = TABLE("level", level_fields, 0);
static const struct line_table rung_table = TABLE("rung", rung_fields, 0);
static const struct line_table episode_table = TABLE("episode", episode_fields, 0);
static const struct line_table ordered_table = TABLE("ordered", ordered_fields, 0);
static const struct line_table brake_table = TABLE("brake", brake_fields, 0);
static const struct line_table budget_table = TABLE("budget", budget_fields, 0);
static const struct line_table next_table = TABLE("next", next_fields, 0);

void trace_write_decision(FILE *file, const struct decision *d)
{
	for (size_t i = 0; i < d->n_finishes; i++)
		line_write(file, "> ", &finish_table, &d->finishes[i]);
	for (size_t i = 0; i < d->n_level_changes; i++)
		line_write(file, "> ", &level_table, &d->level_changes[i]);
	for (size_t i = 0; i < d->n_rungs; i++)
		line_write(file, "> ", &rung_table, &d->rungs[i]);
	for (size_t i = 0; i < d->n_actions; i++)
		line_write(file, "> ", &action_table, &d->actions[i]);
	for (size_t i = 0; i < d->n_episodes; i++)
		line_write(file, "> ", &episode_table, &d->episodes[i]);
	for (size_t i = 0; i < d->n_orders; i++)
		line_write(file, "> ", &ordered_table, &d->orders[i]);
	for (size_t i = 0; i < d->n_brakes; i++)
		line_write(file, "> ", &brake_table, &d->brakes[i]);
	for (size_t i = 0; i < d->n_budgets; i++)
		line_write(file, "> ", &budget_table, &d->budgets[i]);
	line_write(file, "> ", &next_table, d);
}

void trace_write_step(FILE *file, const struct observation *observation,
		      const struct decision *decision)
{
	if (ftell(file) == 0)
		fputs("trace 1\n", file);
	line_write(file, "", &step_table, observation);
	if (observation->covers & OBSERVED_MACHINE)
		line_write(file, "", &machine_table, &observation->machine);
	for (size_t i = 0; i < observation->n_groups; i++)
		line_write(file, "", &group_table, &observation->groups[i]);
	for (size_t i = 0; i < observation->n_modules; i++)
		line_write(file, "", &module_table, &observation->modules[i]);
	for (size_t i = 0; i < observation->n_outcomes; i++)
		line_write(file, "", &outcome_table, &observation->outcomes[i]);
	for (size_t i = 0; i < observation->n_orders; i++)
		line_write(file, "", &order_table, &observation->orders[i]);
	if (decision)
		trace_write_decision(file, decision);
}

/* --- reading --- */

/* Keeps a line with > for the comparison. */
static int trace_keep_recorded(struct line_reader *reader, char **recorded)
{
	size_t had = *recorded ? strlen(*recorded) : 0, more = strlen(reader->words[0]);
	char *longer = realloc(*recorded, had + more + 1);

	if (!longer)
		return -ENOMEM;
	memcpy(longer + had, reader->words[0], more + 1);
	*recorded = longer;
	return 0;
}

/* Adds one entry of a list by its table; `entry` is NULL when the list is full. */
static int trace_add(struct line_reader *reader, const struct line_table *table, void *entry)
{
	if (!entry)
		return line_fail(reader, "Too many lines of \"%s\" in one step", table->word);
	return line_parse(reader, 1, table, entry);
}

static int trace_read_line(struct line_reader *reader, struct trace_names *names,
			   struct observation *observation)
{
	const char *word = reader->words[0];

	if (strcmp(word, "machine") == 0)
		return line_parse(reader, 1, &machine_table, &observation->machine);
	if (strcmp(word, "group") == 0)
		return trace_add(reader, &group_table, observation_add_group(observation));
	if (strcmp(word, "module") == 0)
		return trace_add(reader, &module_table, observation_add_module(observation));
	if (strcmp(word, "outcome") == 0)
		return trace_add(reader, &outcome_table, observation_add_outcome(observation));
	if (strcmp(word, "order") == 0)
		return trace_add(reader, &order_table, observation_add_order(observation));
	if (strcmp(word, "name") == 0)
		return trace_names_read(reader, names);
	return line_fail(
		reader,
		"Unknown word \"%s\"; a trace knows step, machine, group, module, outcome, "
		"order, name and >",
		word);
}

int trace_read_step(struct line_reader *reader, struct trace_names *names,
		    struct observation *observation, char **ret_recorded)
{
	_cleanup_free_ char *recorded = NULL;
	int r;

	r = line_next(reader);
	if (r <= 0)
		return r;
	if (strcmp(reader->words[0], "step") != 0)
		return line_fail(reader, "Expected \"step now=TIME ...\" first");
	observation_clear(observation, 0);
	r = line_parse(reader, 1, &step_table, observation);
	while (r >= 0) {
		r = line_next(reader);
		if (r <= 0)
			break;
		if (strcmp(reader->words[0], "step") == 0) {
			line_push_back(reader);
			break;
		}
		r = reader->words[0][0] == '>' ? trace_keep_recorded(reader, &recorded)
					       : trace_read_line(reader, names, observation);
	}
	if (r < 0)
		return r;
	*ret_recorded = take_ptr(recorded);
	return 1;
}

static void trace_read_recorded_line(struct line_reader *reader, struct decision *decision)
{
	struct action action = {};
	struct finish finish = {};
	struct action *next_action;
	struct finish *next_finish;

	if (reader->n_words < 2)
		return;
	if (strcmp(reader->words[1], action_table.word) == 0 &&
	    line_parse(reader, 2, &action_table, &action) == 0) {
		next_action = decision_add_action(decision);
		if (next_action)
			*next_action = action;
	} else if (strcmp(reader->words[1], finish_table.word) == 0 &&
		   line_parse(reader, 2, &finish_table, &finish) == 0) {
		next_finish = decision_add_finish(decision);
		if (next_finish)
			*next_finish = finish;
	}
}

void trace_read_recorded(const char *recorded, struct decision *decision)
{
	_cleanup_file_ FILE *file = fmemopen((void *)(uintptr_t)recorded, strlen(recorded), "r");
	struct line_reader reader;

	decision_clear(decision);
	if (!file)
		return;
	line_reader_init(&reader, file, "record");
	while (line_next(&reader) > 0)
		if (line_split(&reader) == 0)
			trace_read_recorded_line(&reader, decision);
	line_reader_done(&reader);
}
