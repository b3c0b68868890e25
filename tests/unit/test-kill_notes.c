/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controller/bus/kill_notes.h"
#include "policies/units.h"

#define SLICE "/system.slice"
#define UNIT  "/system.slice/die.service"

static struct kill_notes notes;

static uint64_t noted(const char *path)
{
	for (size_t i = 0; i < KILL_NOTES_MAX; i++)
		if (strcmp(notes.notes[i].path, path) == 0)
			return notes.notes[i].n;
	return 0;
}

static void name(const char *path)
{
	kill_notes_name(&notes, path, 60 * MIB, USEC_PER_SEC);
}

static void count(const char *path, uint64_t n)
{
	n = kill_notes_take_counted(&notes, n);
	if (n > 0)
		kill_notes_count(&notes, path, n, 60 * MIB, USEC_PER_SEC);
}

static void one_kill_is_one_whichever_is_heard_first(void **unused)
{
	notes = (struct kill_notes){};
	name(UNIT);
	count(UNIT, 1);
	assert_int_equal(noted(UNIT), 1);
	count(UNIT, 1);
	name(UNIT);
	assert_int_equal(noted(UNIT), 2);
	count(UNIT, 2);
	name(UNIT);
	name(UNIT);
	name(UNIT);
	count(UNIT, 1);
	assert_int_equal(noted(UNIT), 5);
}

static void a_kill_counted_above_moves_to_its_unit(void **unused)
{
	notes = (struct kill_notes){};
	count(SLICE, 1);
	assert_int_equal(noted(SLICE), 1);
	name(UNIT);
	assert_int_equal(noted(SLICE), 0);
	assert_int_equal(noted(UNIT), 1);
	name(UNIT);
	count(SLICE, 1);
	assert_int_equal(noted(SLICE), 0);
	assert_int_equal(noted(UNIT), 2);
	/* a name that only begins alike is not above */
	count("/system.slice/die", 1);
	name(UNIT);
	assert_int_equal(noted("/system.slice/die"), 1);
	assert_int_equal(noted(UNIT), 3);
}

static void without_a_probe_counters_are_enough(void **unused)
{
	notes = (struct kill_notes){};
	count(UNIT, 1);
	count(SLICE, 2);
	count(UNIT, 3);
	assert_int_equal(noted(UNIT), 4);
	assert_int_equal(noted(SLICE), 2);
}

static void the_oldest_makes_room_and_a_day_ends_a_note(void **unused)
{
	char path[32];

	notes = (struct kill_notes){};
	for (int i = 0; i <= KILL_NOTES_MAX; i++) {
		snprintf(path, sizeof(path), "/%d.service", i);
		kill_notes_name(&notes, path, BYTES_UNLIMITED, (uint64_t)(i + 1) * USEC_PER_SEC);
	}
	assert_int_equal(noted("/0.service"), 0);
	assert_int_equal(noted("/1.service"), 1);
	kill_notes_name(&notes, "/1.service", BYTES_UNLIMITED, 2 * KILL_NOTES_KEPT_USEC);
	assert_int_equal(noted("/1.service"), 1);
}

static void a_path_too_long_for_a_note_is_left_out(void **unused)
{
	char path[1000];

	notes = (struct kill_notes){};
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	name(path);
	count(path, 1);
	for (size_t i = 0; i < KILL_NOTES_MAX; i++)
		assert_int_equal(notes.notes[i].n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_kill_is_one_whichever_is_heard_first),
		cmocka_unit_test(a_kill_counted_above_moves_to_its_unit),
		cmocka_unit_test(without_a_probe_counters_are_enough),
		cmocka_unit_test(the_oldest_makes_room_and_a_day_ends_a_note),
		cmocka_unit_test(a_path_too_long_for_a_note_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
