/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/parse.h"
#include "controller/simulate/answers.h"
#include "controller/simulate/timeline.h"
#include "controller/simulate/trace.h"

struct replay {
	struct bench *bench;
	struct recorded recorded;
	struct difference *difference;
	struct answers *answers;
	uint64_t n_steps, first_other; /* the step that first decides otherwise; 0: none */
	uint64_t start_usec, first_other_usec;
	uint64_t first_action_id; /* that is not the record's */
	uint32_t n_recorded, n_differ;
	bool is_of_before; /* the record begins in the middle of a run */
};

static void replay_done(struct replay *replay)
{
	recorded_done(&replay->recorded);
	answers_free(replay->answers);
	difference_free(replay->difference);
}

/* Whether what was decided is what was recorded. Returns: 0 or -errno. */
static int replay_compare(const struct bench *b, const char *recorded, bool *ret_is_same)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return -errno;
	trace_write_decision(file, &b->decision);
	if (fclose(file) != 0)
		return -errno;
	*ret_is_same = strcmp(text, recorded) == 0;
	return 0;
}

/* --- first reading --- */

static int replay_learn_step(struct replay *replay, const char *recorded)
{
	struct bench *b = replay->bench;
	bool is_same = true;
	int r = 0;

	if (replay->n_steps++ == 0)
		replay->start_usec = b->seen.now_usec;
	if (replay->first_other == 0) {
		bench_decide(b);
		if (recorded)
			r = replay_compare(b, recorded, &is_same);
		if (r < 0)
			return r;
	}
	if (!is_same) {
		replay->first_other = replay->n_steps;
		replay->first_other_usec = b->seen.now_usec;
	}
	decision_clear(&b->recorded);
	if (recorded)
		trace_read_recorded(recorded, &b->recorded);
	r = difference_learn(replay->difference, &b->seen);
	return r < 0 ? r : recorded_add_step(&replay->recorded, &b->seen, &b->recorded);
}

/* A fault in the file ends the learning; the second reading comes to it, too. */
static int replay_learn(struct replay *replay, struct line_reader *reader)
{
	int r;

	for (;;) {
		_cleanup_free_ char *recorded = NULL;

		r = trace_read_step(reader, NULL, &replay->bench->seen, &recorded);
		if (r <= 0)
			break;
		r = replay_learn_step(replay, recorded);
		if (r < 0)
			return r;
	}
	if (r < 0 && r != -EINVAL)
		return r;
	bench_restart(replay->bench);
	replay->n_steps = 0;
	r = line_rewind(reader);
	if (r == 0)
		r = line_next(reader); /* "trace 1" */
	return r < 0 ? r : 0;
}

/* --- second reading --- */

static void replay_print_kind(const struct replay *replay, FILE *out)
{
	uint64_t usec = u64_sub(replay->first_other_usec, replay->start_usec);

	if (replay->first_other == 0)
		return;
	fprintf(out,
		"This run decides otherwise than the record, first at %llu.%03llus. From there on\n"
		"its requests are answered by what the record knows of each module, and the\n"
		"readings are corrected by what was given otherwise: see simulate in "
		"reliefctl(1).\n",
		usec / USEC_PER_SEC, usec % USEC_PER_SEC / USEC_PER_MSEC);
}

/* The slot in a recorded line, which leaves out zeros. */
static uint32_t replay_slot_in(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	if (!at)
		return 0;
	at += strlen(key);
	return strncmp(at, "none", 4) == 0 ? SLOT_NONE : (uint32_t)strtoul(at, NULL, 10);
}

/* What a recorded line is about, by its name; NULL: about nothing that has one. */
static const char *replay_name_in(const struct timeline *timeline, const char *line)
{
	if (strncmp(line, "> finish ", 9) == 0 || strncmp(line, "> ordered ", 10) == 0 ||
	    strncmp(line, "> next ", 7) == 0)
		return NULL;
	return timeline_name(timeline, replay_slot_in(line, " group="),
			     strncmp(line, "> action ", 9) == 0 ? replay_slot_in(line, " module=")
								: SLOT_NONE);
}

static int replay_print_recorded(const struct timeline *timeline, const char *recorded)
{
	_cleanup_free_ char *lines = strdup(recorded);
	char *save = NULL;

	if (!lines)
		return -ENOMEM;
	for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *name = replay_name_in(timeline, line);

		fprintf(timeline->out, "%s%s%s\n", line, name ? "  # " : "", name ? name : "");
	}
	return 0;
}

/* Says once where this run begins to decide otherwise. */
static int replay_show_difference(struct replay *replay, struct timeline *timeline,
				  const char *recorded)
{
	const struct bench *b = replay->bench;
	bool is_same;
	int r;

	if (!recorded)
		return 0;
	replay->n_recorded++;
	r = replay_compare(b, recorded, &is_same);
	if (r < 0 || is_same)
		return r;
	if (replay->n_differ++ > 0)
		return 0;
	timeline_say(timeline, b->seen.now_usec, "record", "differs first here; recorded:");
	return replay_print_recorded(timeline, recorded);
}

static int replay_step(struct replay *replay, struct timeline *timeline, const char *recorded)
{
	struct bench *b = replay->bench;
	bool is_other;
	int r;

	is_other = ++replay->n_steps >= replay->first_other && replay->first_other != 0;
	if (replay->n_steps == replay->first_other)
		replay->first_action_id = b->state.next_action_id;
	if (replay->first_other != 0)
		answers_give(replay->answers, b->decision.attention, &b->seen);
	bench_decide(b);
	timeline_print(timeline, b->state.now_usec, &b->decision);
	r = replay_show_difference(replay, timeline, recorded);
	if (r < 0 || !is_other)
		return r;
	answers_begin(replay->answers, replay->first_action_id);
	return answers_take(replay->answers, &b->decision);
}

static void replay_sum_up_answers(const struct replay *replay, const struct timeline *timeline)
{
	struct recorded_sum common = recorded_sum_below(&replay->recorded, replay->first_action_id);
	struct recorded_sum all = recorded_sum_below(&replay->recorded, UINT64_MAX);
	char asked[2][32], given[2][32];

	fprintf(timeline->out,
		"This run: %" PRIu32 " requests for %s, %s given, %" PRIu32 " late.\n"
		"The record: %" PRIu64 " requests for %s, %s given, %" PRIu64 " late.\n",
		timeline->n_requests,
		format_bytes(timeline->asked_bytes, asked[0], sizeof(asked[0])),
		format_bytes(u64_add(common.given_bytes, answers_given_bytes(replay->answers)),
			     given[0], sizeof(given[0])),
		timeline->n_late, all.n_requests,
		format_bytes(all.asked_bytes, asked[1], sizeof(asked[1])),
		format_bytes(all.given_bytes, given[1], sizeof(given[1])), all.n_late);
	if (difference_n_beyond(replay->difference) > 0)
		fprintf(timeline->out,
			"Beyond the host's memory or a limit: %" PRIu32
			" times. What the kernel would have done is in no record.\n",
			difference_n_beyond(replay->difference));
}

static void replay_sum_up(const struct replay *replay, const struct timeline *timeline)
{
	const struct state *state = &replay->bench->state;

	timeline_sum_up(timeline, state->claimed_bytes, state->measured_bytes);
	if (replay->first_other != 0)
		replay_sum_up_answers(replay, timeline);
	if (replay->n_recorded > 0)
		fprintf(timeline->out,
			"Of %" PRIu32 " recorded decisions, %" PRIu32
			" are different by this profile.\n",
			replay->n_recorded, replay->n_differ);
	if (replay->is_of_before && replay->n_differ > 0)
		fprintf(timeline->out,
			"The record begins in the middle of a run. What reliefd remembered then is "
			"not in it, so decisions may differ by that, too.\n");
}

static int replay_run(struct replay *replay, struct line_reader *reader, FILE *out)
{
	_cleanup_(trace_names_free_cleanup) struct trace_names *names = trace_names_new();
	struct timeline timeline = { .out = out, .start_usec = replay->start_usec };
	int r;

	if (!names)
		return -ENOMEM;
	timeline.group_names = (const char *const *)names->groups;
	timeline.module_names = (const char *const *)names->modules;
	timeline.n_group_names = timeline.n_module_names = TRACE_NAMES_MAX;
	replay_print_kind(replay, out);
	for (;;) {
		_cleanup_free_ char *recorded = NULL;

		r = trace_read_step(reader, names, &replay->bench->seen, &recorded);
		if (r > 0)
			r = replay_step(replay, &timeline, recorded);
		else
			break;
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	replay_sum_up(replay, &timeline);
	return 0;
}

int replay_trace(struct line_reader *reader, struct bench *bench, bool continued, FILE *out)
{
	_cleanup_(replay_done) struct replay replay = { .bench = bench, .is_of_before = continued };
	int r;

	replay.difference = difference_new();
	if (!replay.difference)
		return -ENOMEM;
	replay.answers = answers_new(&replay.recorded, replay.difference);
	if (!replay.answers)
		return -ENOMEM;
	r = replay_learn(&replay, reader);
	return r < 0 ? r : replay_run(&replay, reader, out);
}
