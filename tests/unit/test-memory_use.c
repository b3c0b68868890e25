/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/observe/memory_use.h"
#include "policies/units.h"
#include "tests/unit/fixture.h"

/* memory.stat as 6.1 and 6.12 wrote it in a cgroup of one program, in MiB and without the rest. */
static void what_is_charged_but_not_used_is_known(void **state)
{
	static const struct {
		const char *what;
		uint64_t anon, file, shmem, inactive_anon, inactive_file, swapcached;
		uint64_t unsplit, unused, held;
	} rows[] = {
		{ "small pages", 64, 0, 0, 64, 0, 0, 0, 0, 64 },
		{ "parts of huge pages were freed", 49, 0, 0, 64, 0, 0, 15, 15, 49 },
		{ "and the kernel split them", 49, 0, 0, 49, 0, 0, 0, 0, 49 },
		{ "MADV_FREE", 64, 0, 0, 49, 15, 0, 0, 15, 49 },
		{ "MADV_FREE beside file cache", 64, 20, 0, 49, 35, 0, 0, 15, 49 },
		{ "both", 49, 0, 0, 49, 15, 0, 15, 30, 34 },
		{ "tmpfs", 0, 64, 64, 64, 0, 0, 0, 0, 64 },
		{ "in the swap cache and mapped", 64, 10, 0, 64, 0, 10, 0, 0, 54 },
		{ "lists that lag behind", 64, 20, 0, 60, 18, 0, 0, 0, 64 },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct memory_use use;
		char text[512];

		snprintf(text, sizeof(text),
			 "anon %llu\nfile %llu\nshmem %llu\nswapcached %llu\ninactive_anon %llu\n"
			 "active_anon 0\ninactive_file %llu\nactive_file 0\nunevictable 0\n",
			 rows[i].anon * MIB, rows[i].file * MIB, rows[i].shmem * MIB,
			 rows[i].swapcached * MIB, rows[i].inactive_anon * MIB,
			 rows[i].inactive_file * MIB);
		print_message("%s\n", rows[i].what);
		memory_use_parse(text, &use);
		assert_true(use.is_known);
		assert_int_equal(use.unsplit_bytes, rows[i].unsplit * MIB);
		assert_int_equal(use.unused_bytes, rows[i].unused * MIB);
		assert_int_equal(use.held_bytes, rows[i].held * MIB);
	}
}

/* 36 MiB of anon, 8 of shmem; nothing given up. However it is cut, no more is found. */
static void every_kernel_tells_it(void **state)
{
	for (size_t i = 0; i < N(kernels); i++) {
		char *text = fixture_read(kernels[i], "memory.stat");
		struct memory_use use;

		memory_use_parse(text, &use);
		assert_true(use.is_known);
		assert_int_equal(use.unused_bytes, 0);
		assert_int_equal(use.held_bytes, (36 + 8) * MIB);
		for (size_t n = 0; n < strlen(text); n++) {
			char *cut = fixture_cut(text, n);

			memory_use_parse(cut, &use);
			assert_int_equal(use.unused_bytes, 0);
			assert_true(use.held_bytes == 0 || use.held_bytes == (36 + 8) * MIB);
			free(cut);
		}
		free(text);
	}
}

static void numbers_that_are_no_amounts_are_not_known(void **state)
{
	static const char *const texts[] = {
		"",
		"anon 1\nfile 1\n",
		"anon 18446744073709551615\nfile 1\nshmem 0\ninactive_anon 1\nactive_anon 0\n"
		"inactive_file 0\nactive_file 0\nunevictable 0\n",
		"anon 1\nfile 1\nshmem 0\ninactive_anon -4096\nactive_anon 0\n"
		"inactive_file 0\nactive_file 0\nunevictable 0\n",
		"anon 1\nfile 1\nshmem 0\ninactive_anon 1\nactive_anon 0\n"
		"inactive_file 0\nactive_file 0\nunevictable 0\nswapcached 18446744073709547520\n",
	};

	for (size_t i = 0; i < N(texts); i++) {
		struct memory_use use = { true, 1, 1, 1 };

		memory_use_parse(texts[i], &use);
		if (use.is_known || use.unused_bytes || use.held_bytes || use.unsplit_bytes)
			fail_msg("\"%s\" was taken", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_charged_but_not_used_is_known),
		cmocka_unit_test(every_kernel_tells_it),
		cmocka_unit_test(numbers_that_are_no_amounts_are_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
