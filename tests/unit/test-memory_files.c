/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>

#include "controller/observe/memory_files.h"
#include "fake_tree.h"
#include "fixture.h"

/*
 * The fixtures' numbers: 32 + 20 MiB on the file lists; 10 MiB mapped of which 8 may be shmem,
 * 3 dirty, 1 in writeback; 2 MiB reclaimable slab.
 */
#define FIXTURE_RECLAIMABLE ((32 + 20 - 10 - 3 - 1 + 1) * MIB)
#define FIXTURE_DOUBTFUL    (8 * MIB)

static void counters_of_every_kernel(void **state)
{
	for (size_t i = 0; i < N(kernels); i++) {
		char *text = fixture_read(kernels[i], "memory.events");
		struct memory_events events;

		assert_int_equal(memory_events_parse(text, &events), 0);
		assert_int_equal(events.n_high, 240);
		assert_int_equal(events.n_max, 17);
		assert_int_equal(events.n_oom_kill, 1);
		free(text);
	}
}

static void reclaimable_of_every_kernel(void **state)
{
	for (size_t i = 0; i < N(kernels); i++) {
		char *text = fixture_read(kernels[i], "memory.stat");
		struct memory_stat stat;

		assert_int_equal(memory_stat_parse(text, &stat), 0);
		assert_true(stat.is_known);
		assert_int_equal(stat.reclaimable_bytes, FIXTURE_RECLAIMABLE);
		assert_int_equal(stat.doubtful_bytes, FIXTURE_DOUBTFUL);
		free(text);
	}
}

/* Nothing tells a file that ends with a whole line from a whole one: then less is claimed. */
static void cut_files_never_claim_more(void **state)
{
	for (size_t i = 0; i < N(kernels); i++) {
		char *stat = fixture_read(kernels[i], "memory.stat");
		char *counters = fixture_read(kernels[i], "memory.events");

		for (size_t n = 0; n < strlen(stat); n++) {
			char *cut = fixture_cut(stat, n);
			struct memory_stat read;
			int r = memory_stat_parse(cut, &read);

			assert_true(r == -EBADMSG || (r == 0 && stat[n - 1] == '\n'));
			assert_true(!read.is_known ||
				    read.reclaimable_bytes <= FIXTURE_RECLAIMABLE);
			free(cut);
		}
		for (size_t n = 0; n < strlen(counters); n++) {
			char *cut = fixture_cut(counters, n);
			struct memory_events events = {};
			int r = memory_events_parse(cut, &events);

			assert_true(r == -EBADMSG || (r == 0 && events.n_oom_kill == 1));
			assert_true(events.n_max == 17 || events.n_max == COUNT_UNKNOWN);
			free(cut);
		}
		free(counters);
		free(stat);
	}
}

static void garbled_counters_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"high 1\nmax 2\n",
		"high 1\nmax 2\noom_kill x\n",
		"high 1\nmax\noom_kill 3\n",
		"high 1\nmax 2\noom_kill 18446744073709551616\n",
		"high 1 max 2 oom_kill 3\n",
		"\001\002\003\n",
	};

	for (size_t i = 0; i < N(texts); i++) {
		struct memory_events events;

		if (memory_events_parse(texts[i], &events) != -EBADMSG)
			fail_msg("\"%s\" was taken", texts[i]);
	}
}

static void a_garbled_counter_costs_that_counter_only(void **state)
{
	struct memory_events events;

	assert_int_equal(memory_events_parse("high 1\nmax -2\noom_kill 3\n", &events), -EBADMSG);
	assert_int_equal(events.n_high, 1);
	assert_true(events.n_max == COUNT_UNKNOWN);
	assert_int_equal(events.n_oom_kill, 3);
	assert_int_equal(
		memory_events_parse("high 18446744073709551615\nmax 2\noom_kill 3\n", &events),
		-EBADMSG);
	assert_true(events.n_high == COUNT_UNKNOWN);
	assert_int_equal(events.n_max, 2);
	/* 2^62 is the last that could be a count. */
	assert_int_equal(memory_events_parse("high 1\nmax 4611686018427387904\noom_kill "
					     "4611686018427387905\n",
					     &events),
			 -EBADMSG);
	assert_int_equal(events.n_max, 1ULL << 62);
	assert_true(events.n_oom_kill == COUNT_UNKNOWN);
}

/* Counters are added up by CPU and read while they move: a small one may come out below zero. */
static void a_value_below_zero_does_not_blind_a_group(void **state)
{
	static const char *const values[] = { "-4096", "18446744073709547520",	 "-0", "",
					      "0x10",  "99999999999999999999999" };
	char text[512];

	for (size_t i = 0; i < N(values); i++) {
		struct memory_stat stat;

		snprintf(text, sizeof(text),
			 "file 9000\nshmem 1000\nfile_mapped 2000\nfile_dirty 0\n"
			 "file_writeback %s\ninactive_file 5000\nactive_file 3000\n"
			 "slab_reclaimable 20\n",
			 values[i]);
		assert_int_equal(memory_stat_parse(text, &stat), -EBADMSG);
		assert_true(stat.is_known);
		assert_int_equal(stat.reclaimable_bytes, 6010);
		assert_int_equal(stat.doubtful_bytes, 1000);
		/* The lists are what is left of all file pages. */
		snprintf(text, sizeof(text),
			 "file 9000\nshmem 1000\nfile_mapped 2000\nfile_dirty 0\n"
			 "file_writeback 0\ninactive_file 5000\nactive_file %s\n"
			 "slab_reclaimable 20\n",
			 values[i]);
		assert_int_equal(memory_stat_parse(text, &stat), -EBADMSG);
		assert_true(stat.is_known);
		assert_int_equal(stat.reclaimable_bytes, 6010);
	}
}

static void what_is_mapped_is_file_unless_processes_say_otherwise(void **state)
{
	char *mapped = fixture_read("field", "memory.stat-mapped");
	char *tmpfs = fixture_read("field", "memory.stat-mapped-and-tmpfs");
	struct memory_stat stat;

	assert_int_equal(memory_stat_parse(mapped, &stat), 0);
	assert_int_equal(stat.reclaimable_bytes, 0);
	assert_int_equal(stat.doubtful_bytes, 0);
	assert_int_equal(memory_stat_parse(tmpfs, &stat), 0);
	assert_int_equal(stat.reclaimable_bytes, 0);
	assert_int_equal(stat.doubtful_bytes, 300 * MIB);
	free(tmpfs);
	free(mapped);
}

static void what_is_locked_is_on_no_list(void **state)
{
	struct memory_stat stat;

	/* 6000 of the 7000 mapped are locked: off the lists, and not to be taken off twice. */
	assert_int_equal(memory_stat_parse("file 10000\nshmem 0\nfile_mapped 7000\nfile_dirty 0\n"
					   "file_writeback 0\ninactive_file 3000\n"
					   "active_file 1000\nunevictable 6000\n",
					   &stat),
			 0);
	assert_int_equal(stat.reclaimable_bytes, 3000);
}

static void counters_that_do_not_add_up_do_not_wrap(void **state)
{
	struct memory_stat stat;

	memory_stat_parse("file 0\ninactive_file 1\nactive_file 1\nshmem 5\nfile_mapped 9\n"
			  "file_dirty 4503599627370496\nfile_writeback 7\nslab_reclaimable 2\n",
			  &stat);
	assert_int_equal(stat.reclaimable_bytes, 1);
	assert_int_equal(stat.doubtful_bytes, 0);
}

static void what_is_there_is_read(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree tree = fake_tree_new();
	struct group_reading reading = {};
	int dir;

	fake_group(&tree, "/a.service", 100 * MIB, "max");
	fake_write(&tree, "/a.service/memory.high", "83886080\n");
	fake_remove(&tree, "/a.service/memory.swap.current");
	dir = open(fake_path(&tree, "/a.service"), O_PATH | O_CLOEXEC);
	assert_int_equal(memory_files_read(dir, UINT32_MAX >> 1, &reading, NULL), 0);
	assert_int_equal(reading.has, GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_HIGH |
					      GROUP_HAS_RECLAIMABLE | GROUP_HAS_SWAP_LIMIT |
					      GROUP_HAS_STALL | GROUP_HAS_EVENTS);
	assert_int_equal(reading.current_bytes, 100 * MIB);
	assert_true(reading.limit_bytes == BYTES_UNLIMITED);
	assert_int_equal(reading.high_bytes, 80 * MIB);
	assert_true(reading.swap_limit_bytes == BYTES_UNLIMITED);

	/* One garbled file does not take the others along. */
	fake_write(&tree, "/a.service/memory.current", "many\n");
	reading = (struct group_reading){};
	assert_int_equal(
		memory_files_read(dir, GROUP_HAS_CURRENT | GROUP_HAS_LIMIT, &reading, NULL),
		GROUP_HAS_CURRENT);
	assert_int_equal(reading.has, GROUP_HAS_LIMIT);
	assert_string_equal(memory_file_name(GROUP_HAS_CURRENT), "memory.current");

	/* More than any machine has. */
	fake_write(&tree, "/a.service/memory.current", "9223372036854771712\n");
	reading = (struct group_reading){};
	assert_int_equal(memory_files_read(dir, GROUP_HAS_CURRENT, &reading, NULL),
			 GROUP_HAS_CURRENT);
	assert_int_equal(reading.has, 0);

	uint64_t some_usec = 7, full_usec = 8; /* no file at all */

	assert_int_equal(unlinkat(dir, "memory.pressure", 0), 0);
	assert_int_equal(memory_pressure_read(dir, &some_usec, &full_usec), -ENOENT);
	assert_true(some_usec == 7 && full_usec == 8);
	/* One total, one counter: the others of that file are there. */
	fake_write(&tree, "/a.service/memory.pressure", "some total=-1\nfull total=5\n");
	fake_write(&tree, "/a.service/memory.events", "high 1\nmax x\noom_kill 2\n");
	reading = (struct group_reading){};
	assert_int_equal(memory_files_read(dir, GROUP_HAS_STALL | GROUP_HAS_EVENTS, &reading, NULL),
			 GROUP_HAS_STALL | GROUP_HAS_EVENTS);
	assert_int_equal(reading.has, GROUP_HAS_STALL | GROUP_HAS_EVENTS);
	assert_true(reading.some_usec == COUNT_UNKNOWN && reading.full_usec == 5);
	assert_true(reading.n_max == COUNT_UNKNOWN && reading.n_oom_kill == 2);

	/* A file larger than any kernel's is not understood, and nothing is overrun. */
	char *huge = fixture_huge("some_new_counter 12345\n", "");
	fake_write(&tree, "/a.service/memory.stat", huge);
	reading = (struct group_reading){};
	assert_int_equal(memory_files_read(dir, GROUP_HAS_RECLAIMABLE, &reading, NULL),
			 GROUP_HAS_RECLAIMABLE);
	assert_int_equal(reading.has, 0);
	free(huge);
	close(dir);
}

/* Any of them is worth having; without all three there is nothing. */
static void counters_are_garbled_one_by_one(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree tree = fake_tree_new();
	struct group_reading reading = {};
	int dir;

	fake_group(&tree, "/a.service", 100 * MIB, "max");
	dir = open(fake_path(&tree, "/a.service"), O_PATH | O_CLOEXEC);
	fake_write(&tree, "/a.service/memory.events", "high x\nmax 3\noom_kill 2\n");
	assert_int_equal(memory_files_read(dir, GROUP_HAS_EVENTS, &reading, NULL),
			 GROUP_HAS_EVENTS);
	assert_int_equal(reading.has, GROUP_HAS_EVENTS);
	assert_true(reading.n_high == COUNT_UNKNOWN && reading.n_max == 3);
	fake_write(&tree, "/a.service/memory.events", "high x\nmax x\noom_kill x\n");
	reading = (struct group_reading){};
	assert_int_equal(memory_files_read(dir, GROUP_HAS_EVENTS, &reading, NULL),
			 GROUP_HAS_EVENTS);
	assert_int_equal(reading.has, 0);
	close(dir);
}

/* "inactive_file" is no "active_file": without that line the file was cut short. */
static void a_line_is_found_by_its_whole_name(void **state)
{
	struct memory_stat stat;

	assert_int_equal(memory_stat_parse("file 9000\nshmem 1000\nfile_mapped 2000\nfile_dirty 0\n"
					   "file_writeback 0\ninactive_file 5000\n"
					   "slab_reclaimable 20\n",
					   &stat),
			 -EBADMSG);
	assert_false(stat.is_known);
}

/* Without the lists, `file` less `shmem` is the file cache. */
static void without_lists_both_others_are_needed(void **state)
{
	static const char *const texts[] = { "file 9000\nshmem -5\n", "file -5\nshmem 1000\n" };
	char text[512];

	for (size_t i = 0; i < N(texts); i++) {
		struct memory_stat stat;

		snprintf(text, sizeof(text),
			 "%sfile_mapped 2000\nfile_dirty 0\nfile_writeback 0\n"
			 "inactive_file 5000\nactive_file -5\nslab_reclaimable 20\n",
			 texts[i]);
		assert_int_equal(memory_stat_parse(text, &stat), -EBADMSG);
		assert_false(stat.is_known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_of_every_kernel),
		cmocka_unit_test(reclaimable_of_every_kernel),
		cmocka_unit_test(cut_files_never_claim_more),
		cmocka_unit_test(garbled_counters_are_refused),
		cmocka_unit_test(a_garbled_counter_costs_that_counter_only),
		cmocka_unit_test(a_value_below_zero_does_not_blind_a_group),
		cmocka_unit_test(what_is_mapped_is_file_unless_processes_say_otherwise),
		cmocka_unit_test(what_is_locked_is_on_no_list),
		cmocka_unit_test(counters_that_do_not_add_up_do_not_wrap),
		cmocka_unit_test(what_is_there_is_read),
		cmocka_unit_test(counters_are_garbled_one_by_one),
		cmocka_unit_test(a_line_is_found_by_its_whole_name),
		cmocka_unit_test(without_lists_both_others_are_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
