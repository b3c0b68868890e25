/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/story.h"

#include <string.h>

#include "controller/base/parse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum verb {
	VERB_GROW,
	VERB_READ,
	VERB_FREE,
	VERB_USE,
	VERB_FILL,
	VERB_REGISTER,
	VERB_VANISH,
	VERB_STALL,
	VERB_BLIND,
	VERB_SEE,
	VERB_ORDER,
	N_VERBS,
};

enum target { TARGET_NONE, TARGET_GROUP, TARGET_MODULE };

static const struct {
	const char *name;
	enum target target;
} verbs[N_VERBS] = {
	[VERB_GROW] = { "grow", TARGET_GROUP },	    [VERB_READ] = { "read", TARGET_GROUP },
	[VERB_FREE] = { "free", TARGET_GROUP },	    [VERB_USE] = { "use", TARGET_MODULE },
	[VERB_FILL] = { "fill", TARGET_MODULE },    [VERB_REGISTER] = { "register", TARGET_MODULE },
	[VERB_VANISH] = { "vanish", TARGET_GROUP }, [VERB_STALL] = { "stall", TARGET_NONE },
	[VERB_BLIND] = { "blind", TARGET_NONE },    [VERB_SEE] = { "see", TARGET_NONE },
	[VERB_ORDER] = { "order", TARGET_NONE },
};

static const char *const manner_names[N_MANNERS] = {
	[MANNER_HONEST] = "honest", [MANNER_LIAR] = "liar",	[MANNER_SILENT] = "silent",
	[MANNER_BUSY] = "busy",	    [MANNER_LEAVES] = "leaves",
};

struct event {
	uint64_t at_usec;
	enum verb verb;
	uint32_t slot;
	uint64_t rate_bytes, until_bytes, bytes;
	uint32_t some_bp, full_bp;
	enum rung max_rung;
	uint32_t flags; /* EVENT_IS_QUIET */
};

#define EVENT_IS_QUIET 1U

struct story {
	struct event events[STORY_EVENTS_MAX];
	size_t n_events, next;
	uint64_t end_usec;
	uint64_t next_order_id;
	uint64_t module_ids[PLANT_MODULES_MAX]; /* of those that register later */
};

#define EVENT(key, kind, field)                             \
	{                                                   \
		key, kind, offsetof(struct event, field), 0 \
	}
static const struct line_field event_fields[] = {
	EVENT("rate", LINE_BYTES, rate_bytes),
	EVENT("until", LINE_BYTES, until_bytes),
	EVENT("bytes", LINE_BYTES, bytes),
	EVENT("some", LINE_SHARE, some_bp),
	EVENT("full", LINE_SHARE, full_bp),
	EVENT("max_rung", LINE_RUNG, max_rung),
	{ "quiet", LINE_FLAG, offsetof(struct event, flags), EVENT_IS_QUIET },
};
static const struct line_table event_table = { "at", event_fields, COUNT(event_fields), 0 };

#define MACHINE(key, kind, field)                           \
	{                                                   \
		key, kind, offsetof(struct plant, field), 0 \
	}
static const struct line_field machine_fields[] = {
	MACHINE("total", LINE_BYTES, total_bytes),
	MACHINE("available", LINE_BYTES, available_at_start_bytes),
	MACHINE("swap", LINE_BYTES, swap_bytes),
	MACHINE("zram", LINE_BYTES, zram_bytes),
	MACHINE("ratio", LINE_U32, zram_ratio),
	{ "tripwire", LINE_FLAG, offsetof(struct plant, machine_has), MACHINE_HAS_TRIPWIRE },
};
static const struct line_table machine_table = { "machine", machine_fields, COUNT(machine_fields),
						 0 };

/* "used" is besides the cache and the modules. */
#define GROUP(key, kind, field, bit)                                \
	{                                                           \
		key, kind, offsetof(struct plant_group, field), bit \
	}
static const struct line_field group_fields[] = {
	GROUP("used", LINE_BYTES, used_bytes, 0),
	GROUP("cache", LINE_BYTES, cache_bytes, 0),
	GROUP("limit", LINE_BYTES, reading.limit_bytes, 0),
	GROUP("high", LINE_BYTES, reading.high_bytes, 0),
	GROUP("protected", LINE_FLAG, reading.flags, GROUP_IS_PROTECTED),
	GROUP("context", LINE_FLAG, reading.flags, GROUP_IS_CONTEXT),
	GROUP("unbraked", LINE_FLAG, reading.flags, GROUP_IS_UNBRAKED),
	GROUP("excluded", LINE_FLAG, reading.flags, GROUP_IS_EXCLUDED),
	GROUP("priority", LINE_I32, reading.priority, 0),
};
static const struct line_table group_table = { "group", group_fields, COUNT(group_fields), 0 };

#define MODULE(key, kind, field, bit)                                \
	{                                                            \
		key, kind, offsetof(struct plant_module, field), bit \
	}
static const struct line_field module_fields[] = {
	MODULE("size", LINE_BYTES, reading.size_bytes, 0),
	MODULE("kind", LINE_MODULE_KIND, reading.kind, 0),
	MODULE("idle_limit", LINE_USEC, reading.idle_limit_usec, 0),
	MODULE("reload_cost", LINE_USEC, reading.reload_cost_usec, 0),
	MODULE("answer", LINE_USEC, answer_usec, 0),
	MODULE("idle", LINE_USEC, idle_usec, 0),
	MODULE("shed", LINE_FLAG, reading.flags, MODULE_CAN_SHED),
	MODULE("unload", LINE_FLAG, reading.flags, MODULE_CAN_UNLOAD),
	MODULE("keep", LINE_FLAG, reading.flags, MODULE_IS_KEPT),
};
static const struct line_table module_table = { "module", module_fields, COUNT(module_fields), 0 };

void story_free(struct story *story)
{
	free(story);
}

uint64_t story_end(const struct story *story)
{
	return story->end_usec;
}

uint64_t story_next(const struct story *story)
{
	return story->next < story->n_events ? story->events[story->next].at_usec : USEC_NEVER;
}

/* --- reading --- */

static int story_find_group(struct line_reader *reader, const struct plant *plant, const char *name,
			    uint32_t *ret)
{
	for (uint32_t i = 1; i < plant->n_groups; i++) {
		if (strcmp(plant->groups[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	return line_fail(reader, "No group \"%s\" above this line", name);
}

static int story_find_module(struct line_reader *reader, const struct plant *plant,
			     const char *name, uint32_t *ret)
{
	for (uint32_t i = 0; i < plant->n_modules; i++) {
		if (strcmp(plant->modules[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	return line_fail(reader, "No module \"%s\" above this line", name);
}

/* Takes KEY=VALUE out of the line, since its value is a name and no number; NULL when not there. */
static const char *story_take_word(struct line_reader *reader, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 1; i < reader->n_words; i++) {
		const char *word = reader->words[i];

		if (strncmp(word, key, length) != 0 || (word[length] && word[length] != '='))
			continue;
		memmove(&reader->words[i], &reader->words[i + 1],
			(reader->n_words - i - 1) * sizeof(reader->words[0]));
		reader->n_words--;
		return word[length] ? word + length + 1 : "";
	}
	return NULL;
}

static int story_take_name(struct line_reader *reader, char *name)
{
	if (reader->n_words < 2 || strchr(reader->words[1], '='))
		return line_fail(reader, "%s needs a name first", reader->words[0]);
	if (strlen(reader->words[1]) >= PLANT_NAME_SIZE)
		return line_fail(reader, "The name \"%s\" is longer than %d letters",
				 reader->words[1], PLANT_NAME_SIZE - 1);
	strcpy(name, reader->words[1]);
	return 0;
}

static int story_read_group(struct line_reader *reader, struct plant *plant)
{
	struct plant_group *group = &plant->groups[plant->n_groups];
	const char *parent = story_take_word(reader, "parent");
	int r;

	if (plant->n_groups == PLANT_GROUPS_MAX)
		return line_fail(reader, "More than %d groups", PLANT_GROUPS_MAX - 1);
	r = story_take_name(reader, group->name);
	if (r < 0)
		return r;
	if (parent) {
		r = story_find_group(reader, plant, parent, &group->reading.parent_slot);
		if (r < 0)
			return r;
	}
	r = line_parse(reader, 2, &group_table, group);
	if (r < 0)
		return r;
	plant->n_groups++;
	return 0;
}

static int story_read_manner(struct line_reader *reader, const char *name, enum plant_manner *ret)
{
	for (int i = 0; i < N_MANNERS; i++) {
		if (strcmp(manner_names[i], name) == 0) {
			*ret = (enum plant_manner)i;
			return 0;
		}
	}
	return line_fail(reader, "manner=%s: expected honest, liar, silent, busy or leaves", name);
}

static int story_read_module(struct line_reader *reader, struct story *story, struct plant *plant)
{
	struct plant_module *module = &plant->modules[plant->n_modules];
	const char *group = story_take_word(reader, "group"),
		   *manner = story_take_word(reader, "manner");
	const char *later = story_take_word(reader, "later");
	int r;

	if (plant->n_modules == PLANT_MODULES_MAX)
		return line_fail(reader, "More than %d modules", PLANT_MODULES_MAX);
	r = story_take_name(reader, module->name);
	if (r == 0 && !group)
		r = line_fail(reader, "module %s needs group=", module->name);
	if (r == 0)
		r = story_find_group(reader, plant, group, &module->reading.group_slot);
	if (r == 0 && manner)
		r = story_read_manner(reader, manner, &module->manner);
	if (r == 0)
		r = line_parse(reader, 2, &module_table, module);
	if (r < 0)
		return r;
	module->held_bytes = module->reading.size_bytes;
	plant->groups[module->reading.group_slot].used_bytes += module->held_bytes;
	if (later) {
		story->module_ids[plant->n_modules] = module->reading.id;
		module->reading.id = 0;
	}
	plant->n_modules++;
	return 0;
}

static int story_read_target(struct line_reader *reader, const struct plant *plant,
			     struct event *event)
{
	enum target target = verbs[event->verb].target;

	if (target == TARGET_NONE)
		return 0;
	if (reader->n_words < 4)
		return line_fail(reader, "%s needs the name of a %s", verbs[event->verb].name,
				 target == TARGET_GROUP ? "group" : "module");
	return target == TARGET_GROUP
		       ? story_find_group(reader, plant, reader->words[3], &event->slot)
		       : story_find_module(reader, plant, reader->words[3], &event->slot);
}

static int story_read_verb(struct line_reader *reader, const char *name, enum verb *ret)
{
	for (int i = 0; i < N_VERBS; i++) {
		if (strcmp(verbs[i].name, name) == 0) {
			*ret = (enum verb)i;
			return 0;
		}
	}
	return line_fail(reader,
			 "Unknown \"%s\": expected grow, read, free, use, fill, register, vanish, "
			 "stall, blind, see or order",
			 name);
}

/* The words after the verb and its target; what makes no sense without a number is refused. */
static int story_read_event_values(struct line_reader *reader, struct event *event)
{
	size_t first = verbs[event->verb].target == TARGET_NONE ? 3 : 4;
	int r;

	event->max_rung = RUNG_RECLAIM;
	event->bytes = event->verb == VERB_FREE ? BYTES_UNLIMITED : 0;
	r = line_parse(reader, first, &event_table, event);
	if (r < 0)
		return r;
	if ((event->verb == VERB_GROW || event->verb == VERB_READ) &&
	    (event->rate_bytes == 0 || event->until_bytes == 0))
		return line_fail(reader, "%s needs rate= and until=", verbs[event->verb].name);
	if ((event->verb == VERB_ORDER || event->verb == VERB_FILL) && event->bytes == 0)
		return line_fail(reader, "%s needs bytes=", verbs[event->verb].name);
	return 0;
}

static int story_read_event(struct line_reader *reader, struct story *story,
			    const struct plant *plant)
{
	struct event *event = &story->events[story->n_events];
	const char *group = story_take_word(reader, "group");
	int r;

	if (story->n_events == STORY_EVENTS_MAX)
		return line_fail(reader, "More than %d events", STORY_EVENTS_MAX);
	if (reader->n_words < 3)
		return line_fail(reader, "Expected at TIME VERB ...");
	r = line_parse_value(reader, LINE_USEC, "at", reader->words[1], &event->at_usec);
	if (r < 0)
		return r;
	event->at_usec = u64_add(event->at_usec, PLANT_START_USEC);
	if (story->n_events > 0 && event->at_usec < event[-1].at_usec)
		return line_fail(reader, "at %s is before the event above: put them in order",
				 reader->words[1]);
	r = story_read_verb(reader, reader->words[2], &event->verb);
	if (r == 0)
		r = story_read_target(reader, plant, event);
	if (r == 0)
		r = story_read_event_values(reader, event);
	if (r == 0 && group)
		r = story_find_group(reader, plant, group, &event->slot);
	if (r < 0)
		return r;
	story->n_events++;
	return 0;
}

static int story_read_line(struct line_reader *reader, struct story *story, struct plant *plant)
{
	const char *word = reader->words[0];

	if (strcmp(word, "machine") == 0)
		return line_parse(reader, 1, &machine_table, plant);
	if (strcmp(word, "group") == 0)
		return story_read_group(reader, plant);
	if (strcmp(word, "module") == 0)
		return story_read_module(reader, story, plant);
	if (strcmp(word, "at") == 0)
		return story_read_event(reader, story, plant);
	if (strcmp(word, "until") == 0 && reader->n_words == 2) {
		int r = line_parse_value(reader, LINE_USEC, "until", reader->words[1],
					 &story->end_usec);
		story->end_usec = u64_add(story->end_usec, PLANT_START_USEC);
		return r;
	}
	return line_fail(reader,
			 "Unknown \"%s\": a story knows machine, group, module, at and until TIME",
			 word);
}

/* What must be known before it can begin. */
static int story_check(struct line_reader *reader, const struct story *story, struct plant *plant)
{
	if (plant->total_bytes == 0 || plant->available_at_start_bytes > plant->total_bytes)
		return line_fail(reader, "The machine needs total= and available= below it");
	if (plant->zram_ratio == 0)
		return line_fail(reader, "The machine needs ratio= of at least 1");
	if (story->end_usec == 0)
		return line_fail(reader, "The story needs \"until TIME\"");
	if (plant_start(plant) < 0)
		return line_fail(reader, "The groups hold more than total= less available=");
	return 0;
}

int story_read(struct line_reader *reader, struct plant *plant, struct story **ret)
{
	_cleanup_free_ struct story *story = calloc(1, sizeof(*story));
	int r;

	if (!story)
		return -ENOMEM;
	for (;;) {
		r = line_next(reader);
		if (r == 0)
			break;
		if (r > 0)
			r = story_read_line(reader, story, plant);
		if (r < 0)
			return r;
	}
	r = story_check(reader, story, plant);
	if (r < 0)
		return r;
	*ret = take_ptr(story);
	return 0;
}

/* --- happening --- */

static void story_free_bytes(struct plant_group *group, uint64_t bytes)
{
	group->grow.active = group->read.active = false;
	group->used_bytes = u64_sub(group->used_bytes, bytes);
	group->swapped_bytes = u64_min(group->swapped_bytes, group->used_bytes);
	if (bytes == BYTES_UNLIMITED)
		group->cache_bytes = 0;
}

static void story_give_order(struct story *story, struct plant *plant, const struct event *event)
{
	if (plant->n_orders == PLANT_ANSWERS_MAX)
		return;
	plant->orders[plant->n_orders++] = (struct order){
		.id = ++story->next_order_id,
		.group_slot = event->slot,
		.group_id = plant->groups[event->slot].reading.id,
		.bytes = event->bytes,
		.max_rung = event->max_rung,
	};
}

static void story_fill(struct plant *plant, struct plant_module *module, const struct event *event)
{
	uint64_t bytes = event->bytes;

	module->reading.flags &= ~(uint32_t)MODULE_IS_UNLOADED;
	if (event->rate_bytes > 0) {
		module->fill = (struct plant_drive){
			.rate_bytes = event->rate_bytes,
			.until_bytes = module->filled_bytes + bytes,
			.active = true,
		};
		module->fills_quietly = event->flags & EVENT_IS_QUIET;
		return;
	}
	module->held_bytes += bytes;
	module->reading.size_bytes += bytes;
	plant->groups[module->reading.group_slot].used_bytes += bytes;
	plant_charge(plant, module->reading.group_slot, bytes);
}

static bool story_apply_event(struct story *story, struct plant *plant, const struct event *event)
{
	struct plant_group *group = &plant->groups[event->slot];
	struct plant_module *module = &plant->modules[event->slot];

	switch (event->verb) {
	case VERB_GROW:
		group->grow = (struct plant_drive){ event->rate_bytes, event->until_bytes, true };
		return false;
	case VERB_READ:
		group->read = (struct plant_drive){ event->rate_bytes, event->until_bytes, true };
		return false;
	case VERB_FREE:
		story_free_bytes(group, event->bytes);
		return false;
	case VERB_USE:
		module->reading.last_used_usec = plant->now_usec;
		return false;
	case VERB_FILL:
		story_fill(plant, module, event);
		return false;
	case VERB_REGISTER:
		module->reading.id = story->module_ids[event->slot];
		module->reading.last_used_usec = plant->now_usec;
		return true;
	case VERB_VANISH:
		plant_vanish(plant, event->slot);
		return true;
	case VERB_STALL:
		plant->stall_some_bp = event->some_bp;
		plant->stall_full_bp = event->full_bp;
		return true;
	case VERB_BLIND:
	case VERB_SEE:
		plant->blind = event->verb == VERB_BLIND;
		return false;
	case VERB_ORDER:
		story_give_order(story, plant, event);
		return true;
	case N_VERBS:
		break;
	}
	return false;
}

bool story_happen(struct story *story, struct plant *plant)
{
	bool wakes = false;

	while (story_next(story) <= plant->now_usec)
		wakes |= story_apply_event(story, plant, &story->events[story->next++]);
	return wakes;
}
