/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/simulate.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/log.h"
#include "controller/simulate/bench.h"
#include "controller/simulate/replay.h"
#include "controller/simulate/story.h"

/* --- a story --- */

static void simulate_name_slots(const struct plant *plant, const char **groups,
				const char **modules)
{
	for (uint32_t i = 1; i < plant->n_groups; i++)
		groups[i] = plant->groups[i].name;
	for (uint32_t i = 0; i < plant->n_modules; i++)
		modules[i] = plant->modules[i].name;
}

static void simulate_play(struct story *story, struct plant *plant, struct bench *b,
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

static int simulate_run_story(struct line_reader *reader, struct bench *b, FILE *out)
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
	simulate_name_slots(plant, group_names, module_names);
	simulate_play(story, plant, b, &timeline);
	timeline_sum_up(&timeline, b->state.claimed_bytes, b->state.measured_bytes);
	fprintf(out, "Killed by the kernel: %" PRIu32 ".\n", plant->n_killed);
	if (plant->machine_has & MACHINE_HAS_TRIPWIRE)
		fprintf(out, "Looked %" PRIu64 " times.\n", b->state.n_steps);
	story_free(story);
	return 0;
}

static bool simulate_is_first_line(const struct line_reader *reader, const char *word,
				   const char *more)
{
	return reader->n_words == (more ? 3 : 2) && strcmp(reader->words[0], word) == 0 &&
	       strcmp(reader->words[1], "1") == 0 && (!more || strcmp(reader->words[2], more) == 0);
}

/* The first line says which of the two it is. */
static int simulate_dispatch(struct line_reader *reader, struct bench *b, FILE *out)
{
	int r = line_next(reader);

	if (r < 0)
		return r;
	if (r > 0 && simulate_is_first_line(reader, "trace", NULL))
		return replay_trace(reader, b, false, out);
	if (r > 0 && simulate_is_first_line(reader, "trace", "continued"))
		return replay_trace(reader, b, true, out);
	if (r > 0 && simulate_is_first_line(reader, "story", NULL))
		return simulate_run_story(reader, b, out);
	return line_fail(reader, "The first line must be \"trace 1\" or \"story 1\"");
}

/* A trace is read twice, also one from a pipe. *ret_file: NULL where the file itself will do. */
static int simulate_copy_if_needed(FILE *file, FILE **ret_file)
{
	_cleanup_file_ FILE *copy = NULL;
	char buf[4096];
	size_t n;

	*ret_file = NULL;
	if (fseeko(file, 0, SEEK_CUR) == 0)
		return 0;
	copy = tmpfile();
	if (!copy)
		return -errno;
	while ((n = fread(buf, 1, sizeof(buf), file)) > 0)
		if (fwrite(buf, 1, n, copy) != n)
			return -errno;
	if (ferror(file) || fseeko(copy, 0, SEEK_SET) < 0)
		return -EIO;
	*ret_file = take_ptr(copy);
	return 0;
}

int simulate_run(FILE *file, const char *name, const struct profile *profile, FILE *out)
{
	_cleanup_(bench_free_cleanup) struct bench *bench = bench_new(profile);
	_cleanup_file_ FILE *copy = NULL;
	struct line_reader reader;
	int r;

	if (!bench)
		return -ENOMEM;
	r = simulate_copy_if_needed(file, &copy);
	if (r < 0)
		return r;
	line_reader_init(&reader, copy ? copy : file, name);
	r = simulate_dispatch(&reader, bench, out);
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
