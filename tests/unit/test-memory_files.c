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
#define FIXTURE_RECLAIMABLE ((32 + 20 - (10 - 8) - 3 - 1 + 1) * MIB)

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
		uint64_t bytes;

		assert_int_equal(memory_stat_parse(text, &bytes), 0);
		assert_int_equal(bytes, FIXTURE_RECLAIMABLE);
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
			uint64_t bytes = 0;
			int r = memory_stat_parse(cut, &bytes);

			assert_true(r == -EBADMSG || (r == 0 && stat[n - 1] == '\n'));
			assert_true(bytes <= FIXTURE_RECLAIMABLE);
			free(cut);
		}
		for (size_t n = 0; n < strlen(counters); n++) {
			char *cut = fixture_cut(counters, n);
			struct memory_events events = {};
			int r = memory_events_parse(cut, &events);

			assert_true(r == -EBADMSG || (r == 0 && events.n_oom_kill == 1));
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

static void counters_that_do_not_add_up_do_not_wrap(void **state)
{
	uint64_t bytes;

	assert_int_equal(memory_stat_parse("inactive_file 1\nactive_file 1\nshmem 5\n"
					   "file_mapped 9\nfile_dirty 18446744073709551615\n"
					   "file_writeback 7\nslab_reclaimable 2\n",
					   &bytes),
			 0);
	assert_int_equal(bytes, 1);
	assert_int_equal(memory_stat_parse("inactive_file 18446744073709551615\nactive_file 9\n"
					   "shmem 0\nfile_mapped 0\nfile_dirty 0\n"
					   "file_writeback 0\n",
					   &bytes),
			 0);
	assert_true(bytes == UINT64_MAX);
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
	assert_int_equal(memory_files_read(dir, UINT32_MAX >> 1, &reading), 0);
	assert_int_equal(reading.has, GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_HIGH |
					      GROUP_HAS_RECLAIMABLE | GROUP_HAS_STALL |
					      GROUP_HAS_EVENTS);
	assert_int_equal(reading.current_bytes, 100 * MIB);
	assert_true(reading.limit_bytes == BYTES_UNLIMITED);
	assert_int_equal(reading.high_bytes, 80 * MIB);

	/* One garbled file does not take the others along. */
	fake_write(&tree, "/a.service/memory.current", "many\n");
	reading = (struct group_reading){};
	assert_int_equal(memory_files_read(dir, GROUP_HAS_CURRENT | GROUP_HAS_LIMIT, &reading),
			 -EBADMSG);
	assert_int_equal(reading.has, GROUP_HAS_LIMIT);

	/* A file larger than any kernel's is not understood, and nothing is overrun. */
	char *huge = fixture_huge("some_new_counter 12345\n", "");
	fake_write(&tree, "/a.service/memory.stat", huge);
	reading = (struct group_reading){};
	assert_int_equal(memory_files_read(dir, GROUP_HAS_RECLAIMABLE, &reading), -EBADMSG);
	assert_int_equal(reading.has, 0);
	free(huge);
	close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_of_every_kernel),
		cmocka_unit_test(reclaimable_of_every_kernel),
		cmocka_unit_test(cut_files_never_claim_more),
		cmocka_unit_test(garbled_counters_are_refused),
		cmocka_unit_test(counters_that_do_not_add_up_do_not_wrap),
		cmocka_unit_test(what_is_there_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
