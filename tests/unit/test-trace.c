/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Lines, traces: what is written is read back the same; what is wrong is named with its line
 */

#include "controller/simulate/trace.h"
#include "tests/unit/course.h"

/* Reads one step from text into the course's observation. */
static int read_text(struct course *c, const char *text, struct line_reader *reader,
		     char **recorded)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int r;

	assert_non_null(file);
	line_reader_init(reader, file, "a.trace");
	r = trace_read_step(reader, NULL, &c->seen, recorded);
	line_reader_done(reader);
	fclose(file);
	return r;
}

static char *write_text(const struct course *c)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	trace_write_step(file, &c->seen, NULL);
	assert_int_equal(fclose(file), 0);
	return text;
}

/* An observation that uses every field, with values no unit divides. */
static void fill(struct course *c)
{
	struct machine_reading *m = &c->seen.machine;
	struct group_reading *g;
	struct module_reading *module;

	c->seen.now_usec = 1234567891;
	m->has |= MACHINE_HAS_ZRAM | MACHINE_HAS_ZSWAP | MACHINE_HAS_TRIPWIRE;
	m->swap_total_bytes = 3 * GIB + 1;
	m->swap_free_bytes = 2 * KIB;
	m->zram_total_bytes = 5;
	m->zswap_used_bytes = UINT64_MAX;
	m->some_usec = 1500;
	m->full_usec = 999;
	g = course_add_group(c, 100 * MIB + 17);
	g->has |= GROUP_HAS_SWAP | GROUP_HAS_SWAP_LIMIT | GROUP_HAS_USE;
	g->swap_limit_bytes = BYTES_UNLIMITED;
	g->swap_bytes = 1;
	g->unused_bytes = 2 * MIB + 1;
	g->held_bytes = 90 * MIB + 3;
	g->n_max = 7;
	g->has |= GROUP_HAS_GROWTH;
	g->growth_bytes = 7 * MIB + 3;
	g->flags = GROUP_IS_GONE | GROUP_IS_PROTECTED | GROUP_IS_CONTEXT | GROUP_IS_UNBRAKED |
		   GROUP_IS_EXCLUDED;
	g->priority = -7;
	g = course_add_group(c, 0);
	g->parent_slot = SLOT_NONE;
	g->has = 0;
	module = course_add_module(c, g, 3);
	module->flags = MODULE_CAN_SHED | MODULE_CAN_UNLOAD | MODULE_IS_UNLOADED | MODULE_IS_KEPT;
	module->kind = MODULE_WORKER;
	module->idle_limit_usec = 61 * SEC;
	module->reload_cost_usec = 1;
	course_answer(c, 42, RESULT_FAILED, 17);
	c->outcomes[0].error = -110;
	course_order(c, 9, NULL, 5 * GIB, RUNG_UNLOAD);
}

static void what_is_written_is_read_back(void **unused)
{
	struct course *c = course_new(), *back = course_new();
	_cleanup_free_ char *text = NULL, *again = NULL, *recorded = NULL;
	struct line_reader reader;

	fill(c);
	text = write_text(c);
	assert_true(strncmp(text, "trace 1\n", 8) == 0);
	assert_int_equal(read_text(back, text + 8, &reader, &recorded), 1);
	assert_null(recorded);
	assert_int_equal(back->seen.now_usec, c->seen.now_usec);
	assert_int_equal(back->seen.covers, c->seen.covers);
	assert_memory_equal(&back->seen.machine, &c->seen.machine, sizeof(c->seen.machine));
	assert_int_equal(back->seen.n_groups, 2);
	assert_int_equal(back->groups[0].n_max, 7);
	assert_int_equal(back->groups[0].growth_bytes, 7 * MIB + 3);
	assert_int_equal(back->groups[0].flags, 31);
	assert_int_equal(back->groups[0].priority, -7);
	assert_int_equal(back->groups[1].parent_slot, SLOT_NONE);
	assert_int_equal(back->groups[1].has, 0);
	assert_int_equal(back->outcomes[0].error, -110);
	assert_int_equal(back->orders[0].max_rung, RUNG_UNLOAD);
	again = write_text(back);
	assert_string_equal(again, text);
	course_free(c);
	course_free(back);
}

static void decisions_are_kept_as_text(void **unused)
{
	struct course *c = course_new();
	_cleanup_free_ char *recorded = NULL;
	struct line_reader reader;

	assert_int_equal(
		read_text(c, "step now=1s\n> level new=high\n> next wake=2s\n", &reader, &recorded),
		1);
	assert_string_equal(recorded, "> level new=high\n> next wake=2s\n");
	assert_int_equal(c->seen.covers, 0);
	course_free(c);
}

static void budgets_and_brakes_are_written(void **unused)
{
	struct course *c = course_new();
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	*decision_add_budget(&c->decision) =
		(struct budget){ .group_slot = 2, .group_id = 1002, .bytes = MIB };
	*decision_add_brake(&c->decision) = (struct brake_change){
		.id = 5,
		.group_slot = 3,
		.group_id = 1003,
		.brake = BRAKE_FREEZE,
		.reason = REASON_RUNAWAY,
		.until_usec = 6 * SEC,
		.short_slot = 2,
		.short_id = 1002,
		.time_left_usec = 200 * MSEC,
		.headroom_bytes = 12 * MIB,
	};
	*decision_add_brake(&c->decision) = (struct brake_change){
		.id = 5, .group_slot = 3, .group_id = 1003, .reason = REASON_RELIEVED
	};
	trace_write_decision(file, &c->decision);
	fclose(file);
	assert_non_null(strstr(text, "> budget group=2 group_id=1002 bytes=1M\n"));
	assert_non_null(strstr(text, "> brake id=5 group=3 group_id=1003 brake=freeze "
				     "reason=runaway until=6s short=2 short_id=1002"));
	assert_non_null(strstr(text, "> brake id=5 group=3 group_id=1003 reason=relieved\n"));
	free(text);
	course_free(c);
}

static void steps_follow_each_other(void **unused)
{
	static const char text[] = "# a comment\n\nstep now=1s machine\nmachine total=1G "
				   "available=1M # words behind\nstep now=2s\n";
	struct course *c = course_new();
	char *recorded = NULL;
	struct line_reader reader;
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	line_reader_init(&reader, file, "a.trace");
	assert_int_equal(trace_read_step(&reader, NULL, &c->seen, &recorded), 1);
	assert_int_equal(c->seen.machine.available_bytes, MIB);
	assert_int_equal(trace_read_step(&reader, NULL, &c->seen, &recorded), 1);
	assert_int_equal(c->seen.now_usec, 2 * SEC);
	assert_int_equal(c->seen.machine.has, 0);
	assert_int_equal(trace_read_step(&reader, NULL, &c->seen, &recorded), 0);
	line_reader_done(&reader);
	fclose(file);
	course_free(c);
}

static void expect_problem(const char *text, const char *problem)
{
	struct course *c = course_new();
	_cleanup_free_ char *recorded = NULL;
	struct line_reader reader;

	assert_int_equal(read_text(c, text, &reader, &recorded), -EINVAL);
	if (!strstr(reader.problem, problem))
		fail_msg("\"%s\" does not say \"%s\"", reader.problem, problem);
	course_free(c);
}

static void what_is_wrong_is_named(void **unused)
{
	expect_problem("machine total=1G available=1G\n", "a.trace:1: Expected \"step");
	expect_problem("step now=1s\nmachine total=1G\n", "a.trace:2: machine lacks available=");
	expect_problem("step now=1s\ngroup slot=1 curent=5\n", "did you mean \"current\"?");
	expect_problem("step now=1s\ngroup current=5X\n", "expected a size such as 100M or max");
	expect_problem("step now=yesterday\n", "expected a time such as 500ms");
	expect_problem("step now=1s\nmodule kind=cash\n", "cache, model, pool, worker or other");
	expect_problem("step now=1s\ngroup slot=99999999999\n", "expected a slot");
	expect_problem("step now=1s\nmodule slot=1 slot=2\n", "slot is given twice");
	expect_problem("step now=1s\noutcome result=fine\n", "done, partial, busy");
	expect_problem("step now=1s\noutcome error=--1\n", "expected a whole number");
	expect_problem("step now=1s\n\nfrog\n", "a.trace:3: Unknown word \"frog\"");
	expect_problem("step now=1s machine=1\n", "step takes no \"machine\"");
}

static void too_much_is_refused(void **unused)
{
	char text[4096] = "step now=1s\n";

	for (int i = 0; i < COURSE_GROUPS + 1; i++)
		strcat(text, "group slot=1\n");
	expect_problem(text, "Too many lines of \"group\"");
	strcpy(text, "step");
	for (int i = 0; i < LINE_WORDS_MAX + 1; i++)
		strcat(text, " x");
	expect_problem(text, "More than 40 words");
}

static void a_nul_byte_is_no_text(void **unused)
{
	static char text[] = "step now=1s\n\0\n";
	struct course *c = course_new();
	char *recorded = NULL;
	struct line_reader reader;
	FILE *file = fmemopen(text, sizeof(text) - 1, "r");

	line_reader_init(&reader, file, "a.trace");
	assert_int_equal(trace_read_step(&reader, NULL, &c->seen, &recorded), -EINVAL);
	assert_non_null(strstr(reader.problem, "NUL byte"));
	line_reader_done(&reader);
	fclose(file);
	course_free(c);
}

static void requests_and_finishes_are_read_out_of_what_was_decided(void **unused)
{
	static const char text[] =
		"> finish id=2 result=partial claimed=9M measured=8M duration=40ms\n"
		"> level group=1 new=medium\n"
		"> action id=3 rung=shed reason=no-such-reason bytes=1M\n" /* of another version */
		"> action id=4 rung=shed group=1 group_id=1001 module_id=2001 bytes=60M "
		"started=5s\n"
		"> action id=5 rung=reclaim module=none\n"
		">\n"
		"> action id=6 rung=shed\n"
		"> next wake=7s\n";
	struct action actions[2];
	struct finish finishes[2];
	struct decision decision = {
		.actions = actions,
		.max_actions = 2,
		.finishes = finishes,
		.max_finishes = 2,
	};

	trace_read_recorded(text, &decision);
	assert_int_equal(decision.n_finishes, 1);
	assert_int_equal(finishes[0].action.id, 2);
	assert_int_equal(finishes[0].result, RESULT_PARTIAL);
	assert_int_equal(finishes[0].measured_bytes, 8 * MIB);
	assert_int_equal(decision.n_actions, 2); /* for the third there is no room */
	assert_int_equal(actions[0].id, 4);
	assert_int_equal(actions[0].module_slot, 0);
	assert_int_equal(actions[0].module_id, 2001);
	assert_int_equal(actions[0].bytes, 60 * MIB);
	assert_int_equal(actions[1].module_slot, SLOT_NONE);
	trace_read_recorded("> next wake=7s\n", &decision);
	assert_int_equal(decision.n_actions + decision.n_finishes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(decisions_are_kept_as_text),
		cmocka_unit_test(budgets_and_brakes_are_written),
		cmocka_unit_test(steps_follow_each_other),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(a_nul_byte_is_no_text),
		cmocka_unit_test(requests_and_finishes_are_read_out_of_what_was_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
