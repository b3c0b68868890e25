/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Stories and recorded traces as a whole, and the plant behind the stories
 */

#include <unistd.h>

#include "controller/simulate/simulate.h"
#include "controller/simulate/story.h"
#include "controller/simulate/trace.h"
#include "tests/unit/course.h"

/* Simulates a file; *ret_out is what was printed, for the caller to free. */
static int simulate(FILE *file, char **ret_out)
{
	struct profile profile;
	size_t size;
	FILE *out = open_memstream(ret_out, &size);
	int r;

	profile_init(&profile);
	r = simulate_run(file, "a.story", &profile, out);
	fclose(out);
	fclose(file);
	return r;
}

static int simulate_text(const char *text, char **ret_out)
{
	return simulate(fmemopen((void *)(uintptr_t)text, strlen(text), "r"), ret_out);
}

/* Records a short course as the daemon does: each step with its decision. */
static char *record_with(void (*change)(struct profile *profile))
{
	struct course *c = course_new();
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (change)
		change(&c->profile);
	course_add_module(c, course_add_group(c, 150 * MIB), 100 * MIB);
	for (int i = 0; i < 20; i++) {
		course_step(c);
		trace_write_step(file, &c->seen, &c->decision);
		trace_names_write(file, "group", 1, i == 0 ? "/system.slice/web.service" : "");
		trace_names_write(file, "module", 0, i == 0 ? "images" : "");
		c->seen.machine.available_bytes -= 20 * MIB;
		c->seen.now_usec += 200 * MSEC;
	}
	fclose(file);
	course_free(c);
	return text;
}

static char *record(void)
{
	return record_with(NULL);
}

static void a_recorded_trace_gives_the_same_decisions(void **unused)
{
	_cleanup_free_ char *text = record(), *out = NULL;

	assert_non_null(strstr(text, "> action"));
	assert_int_equal(simulate_text(text, &out), 0);
	assert_non_null(strstr(out, "Of 20 recorded decisions, 0 are different"));
}

static void a_difference_is_shown(void **unused)
{
	_cleanup_free_ char *text = record(), *out = NULL;
	char *warn = strstr(text, "rung=warn");

	memcpy(warn, "rung=shed", 9);
	assert_int_equal(simulate_text(text, &out), 0);
	assert_non_null(strstr(out, "differs first here"));
	assert_non_null(strstr(out, "Of 20 recorded decisions, 1 are different"));
}

static void only_warn(struct profile *profile)
{
	for (int i = 0; i < N_LEVELS; i++)
		profile->max_rung[i] = RUNG_WARN;
}

/* Recorded by a profile that asks for nothing; this one asks. */
static void another_profile_gets_answers(void **unused)
{
	_cleanup_free_ char *text = record_with(only_warn), *out = NULL;

	assert_null(strstr(text, "module_id="));
	assert_int_equal(simulate_text(text, &out), 0);
	assert_ptr_equal(strstr(out, "This run decides otherwise than the record, first at "), out);
	assert_non_null(strstr(out, "images       shed "));
	assert_non_null(strstr(out, "images       answers done after 100ms: "));
	assert_non_null(
		strstr(out, "given, 0 late.\nThe record: 0 requests for 0B, 0B given, 0 late"));
	assert_null(strstr(out, "module 0"));
}

/* Recorded by one that asks; the module was silent, so it is here. */
static void a_silent_module_is_late_by_another_profile_too(void **unused)
{
	_cleanup_free_ char *text = record(), *out = NULL;
	char *wake;

	assert_int_equal(simulate_text(text, &out), 0);
	assert_ptr_not_equal(strstr(out, "This run decides otherwise"), out);
	assert_non_null(strstr(out, "images       answers late"));
	free(take_ptr(out));
	/* the rest as it was */
	wake = strstr(text, "> next wake=10");
	assert_non_null(wake);
	memcpy(wake, "> next wake=99", 14);
	assert_int_equal(simulate_text(text, &out), 0);
	assert_ptr_equal(strstr(out, "This run decides otherwise"), out);
	assert_non_null(strstr(out, "images       answers late"));
	assert_null(strstr(out, "answers done"));
}

static void a_recorded_line_has_the_names(void **unused)
{
	_cleanup_free_ char *text = record(), *out = NULL;
	char *module = strstr(text, "module_id=2001");

	assert_non_null(module);
	memcpy(module, "module_id=2009", 14);
	assert_int_equal(simulate_text(text, &out), 0);
	assert_non_null(strstr(out, "  # images\n"));
	assert_null(strstr(out, "  # host\n")); /* in this step nothing of the host */
}

static void a_pipe_is_read_as_a_file_is(void **unused)
{
	_cleanup_free_ char *text = record_with(only_warn), *out = NULL, *piped = NULL;
	int fds[2];

	assert_int_equal(simulate_text(text, &out), 0);
	assert_int_equal(pipe(fds), 0);
	assert_true(strlen(text) < 65536); /* fits into a pipe */
	assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
	close(fds[1]);
	assert_int_equal(simulate(fdopen(fds[0], "r"), &piped), 0);
	assert_string_equal(out, piped);
}

static void the_first_line_says_what_it_is(void **unused)
{
	_cleanup_free_ char *out = NULL;

	assert_int_equal(simulate_text("tale 1\n", &out), -EINVAL);
	free(take_ptr(out));
	assert_int_equal(simulate_text("story 2\n", &out), -EINVAL);
	free(take_ptr(out));
	assert_int_equal(simulate_text("# nothing\n", &out), -EINVAL);
}

/* Reads a story behind its first line. */
static int read_story(const char *text, struct plant *plant, struct story **ret,
		      struct line_reader *reader)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	static struct timeline timeline;
	int r;

	timeline.out = stdout;
	plant_init(plant, &timeline);
	line_reader_init(reader, file, "a.story");
	r = story_read(reader, plant, ret);
	line_reader_done(reader);
	fclose(file);
	return r;
}

static void expect_problem(const char *text, const char *problem)
{
	struct plant *plant = calloc(1, sizeof(*plant));
	struct story *story = NULL;
	struct line_reader reader;

	assert_int_equal(read_story(text, plant, &story, &reader), -EINVAL);
	if (!strstr(reader.problem, problem))
		fail_msg("\"%s\" does not say \"%s\"", reader.problem, problem);
	free(plant);
}

#define MACHINE "machine total=1G available=500M\n"

static void what_is_wrong_in_a_story_is_named(void **unused)
{
	expect_problem("until 5s\n", "needs total= and available=");
	expect_problem(MACHINE, "needs \"until TIME\"");
	expect_problem(MACHINE "group web used=600M\nuntil 5s\n", "hold more than total=");
	expect_problem(MACHINE "group used=5M\n", "a.story:2: group needs a name first");
	expect_problem(MACHINE "group web parent=slice\n", "No group \"slice\" above");
	expect_problem(MACHINE "module m size=5M\n", "module m needs group=");
	expect_problem(MACHINE "group g\nmodule m group=g manner=rude\n",
		       "honest, liar, silent, busy or leaves");
	expect_problem(MACHINE "at 5s\n", "Expected at TIME VERB");
	expect_problem(MACHINE "at 5s sing\n", "Unknown \"sing\": expected grow");
	expect_problem(MACHINE "at 5s grow\n", "grow needs the name of a group");
	expect_problem(MACHINE "group g\nat 5s grow g rate=5M\n", "grow needs rate= and until=");
	expect_problem(MACHINE "at 5s order\n", "order needs bytes=");
	expect_problem(MACHINE "at 5s blind\nat 4s see\n", "before the event above");
	expect_problem(MACHINE "weather good\n", "a story knows machine, group");
	expect_problem(MACHINE "group a-name-that-is-far-too-long\n", "longer than 23 letters");
}

/* The plant: 1 GiB with a grower and a cache, up to the given second. */
static struct plant *run_plant(const char *text, uint64_t seconds)
{
	struct plant *plant = calloc(1, sizeof(*plant));
	struct story *story = NULL;
	struct line_reader reader;
	uint64_t end_usec = PLANT_START_USEC + seconds * SEC;

	assert_int_equal(read_story(text, plant, &story, &reader), 0);
	while (plant->now_usec < end_usec) {
		plant_run(plant, u64_min(end_usec, story_next(story)));
		story_happen(story, plant);
	}
	story_free(story);
	return plant;
}

static void memory_in_use_grows_and_file_cache_is_available(void **unused)
{
	struct plant *plant = run_plant(MACHINE
					"group hog\ngroup backup\n"
					"at 0s grow hog rate=50M until=100M\n"
					"at 0s read backup rate=100M until=200M\nuntil 9s\n",
					5);

	assert_int_equal(plant_available(plant), 400 * MIB);
	assert_int_equal(plant->groups[2].cache_bytes, 200 * MIB);
	assert_int_equal(plant->n_killed, 0);
	free(plant);
}

static void zram_stalls_first_and_the_kernel_kills_last(void **unused)
{
	static const char text[] = "machine total=1G available=200M zram=200M ratio=2\n"
				   "group hog\nat 0s grow hog rate=100M until=900M\nuntil 9s\n";
	struct plant *plant = run_plant(text, 3); /* 300 MiB: 100 too many, 200 swapped at 2:1 */

	assert_int_equal(plant->n_killed, 0);
	assert_true(plant->some_usec > 100 * MSEC);
	assert_in_range(plant->groups[1].swapped_bytes, 180 * MIB, 200 * MIB);
	free(plant);
	plant = run_plant(text, 5);
	assert_int_equal(plant->n_killed, 1);
	free(plant);
}

static void a_limit_takes_the_cache_before_it_kills(void **unused)
{
	static const char text[] = MACHINE "group pod used=50M limit=100M\n"
					   "at 0s read pod rate=100M until=300M\n"
					   "at 3s grow pod rate=50M until=200M\nuntil 9s\n";
	struct plant *plant = run_plant(text, 2);

	assert_int_equal(plant->groups[1].cache_bytes, 50 * MIB);
	assert_true(plant->groups[1].reading.n_max > 0);
	assert_int_equal(plant->n_killed, 0);
	free(plant);
	plant = run_plant(text, 6);
	assert_int_equal(plant->n_killed, 1);
	free(plant);
}

/* Plants with the tripwire; a slice of 100 MiB over two groups. */
#define SLICE                                        \
	"machine total=1G available=500M tripwire\n" \
	"group slice limit=100M\n"                   \
	"group job parent=slice\n"                   \
	"group web parent=slice used=20M\n"

static void a_spent_budget_is_told_at_once(void **unused)
{
	struct plant *plant = run_plant(SLICE "at 1s grow job rate=50M until=90M\nuntil 9s\n", 1);
	uint64_t start_usec = plant->now_usec;

	/* the first charge under a limit */
	plant->groups[2].grow = (struct plant_drive){ 50 * MIB, 90 * MIB, true };
	plant_run(plant, start_usec + SEC);
	assert_true(plant->tripped);
	assert_int_equal(plant->now_usec, start_usec + 10 * MSEC);
	assert_true(plant->groups[1].heard);
	/* 10 MiB later: a budget is told once */
	plant->groups[1].budget_bytes = 10 * MIB;
	plant_run(plant, start_usec + SEC);
	assert_int_equal(plant->now_usec, start_usec + 210 * MSEC);
	plant_run(plant, start_usec + SEC);
	assert_false(plant->tripped);
	assert_int_equal(plant->now_usec, start_usec + SEC);
	/* everybody's charges count for the host */
	plant->groups[0].budget_bytes = MIB;
	plant_charge(plant, 3, MIB);
	assert_int_equal(plant->groups[0].budget_bytes, 0);
	free(plant);
}

static void a_limit_holds_what_is_below(void **unused)
{
	struct plant *plant = run_plant(SLICE "at 0s read web rate=100M until=50M\n"
					      "at 1s grow job rate=50M until=90M\nuntil 9s\n",
					2);

	assert_int_equal(plant_current(plant, 1), 100 * MIB);
	assert_int_equal(plant->groups[3].cache_bytes, 30 * MIB);
	assert_int_equal(plant->n_killed, 0);
	free(plant);
	plant = run_plant(SLICE "at 0s grow job rate=50M until=90M\nuntil 9s\n", 3);
	assert_int_equal(plant->n_killed, 1);
	assert_true(plant->groups[2].gone); /* the largest */
	assert_false(plant->groups[3].gone);
	free(plant);
}

static void who_is_held_takes_no_more(void **unused)
{
	struct plant *plant = run_plant(SLICE "at 0s grow job rate=50M until=70M\nuntil 9s\n", 1);
	uint64_t used_bytes = plant->groups[2].used_bytes, now_usec = plant->now_usec;
	struct action ask = { .group_slot = 2, .module_slot = 0 };

	plant_hold(plant, 1, BRAKE_FREEZE, now_usec + 500 * MSEC); /* with the slice above it */
	assert_false(plant_answers(plant, &ask));
	plant_run(plant, now_usec + 490 * MSEC);
	assert_int_equal(plant->groups[2].used_bytes, used_bytes);
	plant_run(plant, now_usec + 600 * MSEC); /* the deadline lets it go */
	assert_true(plant->groups[2].used_bytes > used_bytes);
	plant_hold(plant, 2, BRAKE_THROTTLE, now_usec + SEC);
	assert_true(plant_answers(plant, &ask));
	assert_int_equal(plant->groups[2].reading.high_bytes, plant->groups[2].used_bytes);
	plant_hold(plant, 2, BRAKE_OFF, 0);
	assert_true(plant->groups[2].reading.high_bytes == BYTES_UNLIMITED);
	free(plant);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_trace_gives_the_same_decisions),
		cmocka_unit_test(a_difference_is_shown),
		cmocka_unit_test(another_profile_gets_answers),
		cmocka_unit_test(a_silent_module_is_late_by_another_profile_too),
		cmocka_unit_test(a_recorded_line_has_the_names),
		cmocka_unit_test(a_pipe_is_read_as_a_file_is),
		cmocka_unit_test(the_first_line_says_what_it_is),
		cmocka_unit_test(what_is_wrong_in_a_story_is_named),
		cmocka_unit_test(memory_in_use_grows_and_file_cache_is_available),
		cmocka_unit_test(zram_stalls_first_and_the_kernel_kills_last),
		cmocka_unit_test(a_limit_takes_the_cache_before_it_kills),
		cmocka_unit_test(a_spent_budget_is_told_at_once),
		cmocka_unit_test(a_limit_holds_what_is_below),
		cmocka_unit_test(who_is_held_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
