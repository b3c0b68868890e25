/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/simulate.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/log.h"
#include "controller/simulate/bench.h"
#include "controller/simulate/story.h"
#include "controller/simulate/trace.h"

/* --- a trace --- */

/* Whether this is what was recorded; says so where it is not. */
static int compare(struct bench *b, struct timeline *timeline, const char *recorded,
		   uint32_t *n_differ)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *file;

	if (!recorded)
		return 0;
	file = open_memstream(&text, &size);
	if (!file)
		return -errno;
	trace_write_decision(file, &b->decision);
	if (fclose(file) != 0)
		return -errno;
	if (strcmp(text, recorded) == 0)
		return 0;
	if ((*n_differ)++ == 0) {
		timeline_say(timeline, b->seen.now_usec, "record", "differs first here; recorded:");
		fputs(recorded, timeline->out);
	}
	return 0;
}

static int run_trace(struct line_reader *reader, struct bench *b, bool continued, FILE *out)
{
	_cleanup_(trace_names_free_cleanup) struct trace_names *names = trace_names_new();
	struct timeline timeline = { .out = out };
	uint32_t n_steps = 0, n_recorded = 0, n_differ = 0;
	int r;

	if (!names)
		return -ENOMEM;
	timeline.group_names = (const char *const *)names->groups;
	timeline.module_names = (const char *const *)names->modules;
	timeline.n_group_names = timeline.n_module_names = TRACE_NAMES_MAX;
	for (;;) {
		_cleanup_free_ char *recorded = NULL;

		r = trace_read_step(reader, names, &b->seen, &recorded);
		if (r <= 0)
			break;
		if (n_steps++ == 0)
			timeline.start_usec = b->seen.now_usec;
		n_recorded += recorded != NULL;
		bench_decide(b);
		timeline_print(&timeline, b->state.now_usec, &b->decision);
		r = compare(b, &timeline, recorded, &n_differ);
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	timeline_sum_up(&timeline, b->state.claimed_bytes, b->state.measured_bytes);
	if (n_recorded > 0)
		fprintf(out,
			"Of %" PRIu32 " recorded decisions, %" PRIu32
			" are different by this profile.\n",
			n_recorded, n_differ);
	if (continued && n_differ > 0)
		fprintf(out,
			"The record begins in the middle of a run. What reliefd remembered then is "
			"not in it, so decisions may differ by that, too.\n");
	return 0;
}

/* --- a story --- */

static void name_slots(const struct plant *plant, const char **groups, const char **modules)
{
	for (uint32_t i = 1; i < plant->n_groups; i++)
		groups[i] = plant->groups[i].name;
	for (uint32_t i = 0; i < plant->n_modules; i++)
		modules[i] = plant->modules[i].name;
}

static void play(struct story *story, struct plant *plant, struct bench *b,
		 struct timeline *timeline)
{
	uint64_t wake_usec = 0;

	while (plant->now_usec < story_end(story)) {
		plant_run(plant, u64_min(u64_min(wake_usec, story_next(story)), story_end(story)));
		bool woken = story_happen(story, plant) || plant->woken || plant->tripped ||
			     plant->now_usec >= plant_next_answer(plant);
		if (!woken && plant->now_usec < wake_usec)
			continue;
		plant_observe(plant, b->decision.attention, &b->seen);
		bench_decide(b);
		timeline_print(timeline, plant->now_usec, &b->decision);
		plant_obey(plant, &b->decision);
		/* As late as allowed: a story must hold without luck. */
		wake_usec = u64_add(b->decision.wake_at_usec, b->decision.wake_slack_usec);
	}
}

static int run_story(struct line_reader *reader, struct bench *b, FILE *out)
{
	const char *group_names[PLANT_GROUPS_MAX] = { 0 };
	const char *module_names[PLANT_MODULES_MAX] = { 0 };
	struct timeline timeline = {
		.out = out,
		.start_usec = PLANT_START_USEC,
		.group_names = group_names,
		.module_names = module_names,
		.n_group_names = PLANT_GROUPS_MAX,
		.n_module_names = PLANT_MODULES_MAX,
	};
	_cleanup_free_ struct plant *plant = calloc(1, sizeof(*plant));
	struct story *story;
	int r;

	if (!plant)
		return -ENOMEM;
	plant_init(plant, &timeline);
	r = story_read(reader, plant, &story);
	if (r < 0)
		return r;
	name_slots(plant, group_names, module_names);
	play(story, plant, b, &timeline);
	timeline_sum_up(&timeline, b->state.claimed_bytes, b->state.measured_bytes);
	fprintf(out, "Killed by the kernel: %" PRIu32 ".\n", plant->n_killed);
	if (plant->machine_has & MACHINE_HAS_TRIPWIRE)
		fprintf(out, "Looked %" PRIu64 " times.\n", b->state.n_steps);
	story_free(story);
	return 0;
}

static bool is_first_line(const struct line_reader *reader, const char *word, const char *more)
{
	return reader->n_words == (more ? 3 : 2) && strcmp(reader->words[0], word) == 0 &&
	       strcmp(reader->words[1], "1") == 0 && (!more || strcmp(reader->words[2], more) == 0);
}

/* The first line says which of the two it is. */
static int run(struct line_reader *reader, struct bench *b, FILE *out)
{
	int r = line_next(reader);

	if (r < 0)
		return r;
	if (r > 0 && is_first_line(reader, "trace", NULL))
		return run_trace(reader, b, false, out);
	if (r > 0 && is_first_line(reader, "trace", "continued"))
		return run_trace(reader, b, true, out);
	if (r > 0 && is_first_line(reader, "story", NULL))
		return run_story(reader, b, out);
	return line_fail(reader, "The first line must be \"trace 1\" or \"story 1\"");
}

int simulate_run(FILE *file, const char *name, const struct profile *profile, FILE *out)
{
	_cleanup_(bench_free_cleanup) struct bench *bench = bench_new(profile);
	struct line_reader reader;
	int r;

	if (!bench)
		return -ENOMEM;
	line_reader_init(&reader, file, name);
	r = run(&reader, bench, out);
	if (reader.problem[0])
		log_error("%s", reader.problem);
	line_reader_done(&reader);
	return r;
}

int simulate_file(const char *path, const struct profile *profile, FILE *out)
{
	_cleanup_file_ FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	return simulate_run(file, path, profile, out);
}
