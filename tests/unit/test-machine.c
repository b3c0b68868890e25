/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>

#include "controller/observe/machine.h"
#include "fake_tree.h"
#include "fixture.h"

struct expected {
	const char *kernel, *file;
	uint32_t has;
	uint64_t total_kib, available_kib, swap_total_kib, swap_free_kib, zswap_kib, zswapped_kib;
};

static const struct expected expected[] = {
	{ "6.1", "meminfo", MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP, 995588, 746448, 262140, 254716 },
	{ "6.12", "meminfo", MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP, 990148, 762828, 262140,
	  257276 },
	{ "6.18", "meminfo", MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP | MACHINE_HAS_ZSWAP, 24684084,
	  24223636 },
	{ "6.18", "meminfo-zswap", MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP | MACHINE_HAS_ZSWAP,
	  24684084, 24223636, 524284, 393212, 10240, 40960 },
};

static void meminfo_of_every_kernel(void **state)
{
	for (size_t i = 0; i < N(expected); i++) {
		char *text = fixture_read(expected[i].kernel, expected[i].file);
		struct machine_reading m = {};

		assert_int_equal(meminfo_parse(text, &m), 0);
		assert_int_equal(m.has, expected[i].has);
		assert_int_equal(m.total_bytes, expected[i].total_kib * KIB);
		assert_int_equal(m.available_bytes, expected[i].available_kib * KIB);
		assert_int_equal(m.swap_total_bytes, expected[i].swap_total_kib * KIB);
		assert_int_equal(m.swap_free_bytes, expected[i].swap_free_kib * KIB);
		assert_int_equal(m.zswap_used_bytes, expected[i].zswap_kib * KIB);
		assert_int_equal(m.zswap_stored_bytes, expected[i].zswapped_kib * KIB);
		free(text);
	}
}

static void a_cut_meminfo_says_less_or_nothing(void **state)
{
	char *text = fixture_read("6.18", "meminfo-zswap");

	for (size_t n = 0; n < strlen(text); n++) {
		char *cut = fixture_cut(text, n);
		struct machine_reading m = {};
		int r = meminfo_parse(cut, &m);

		assert_true(r == -EBADMSG || (r == 0 && text[n - 1] == '\n'));
		assert_true(r == 0 || m.has == 0);
		assert_true(!(m.has & MACHINE_HAS_MEMORY) || m.available_bytes == 24223636 * KIB);
		assert_true(!(m.has & MACHINE_HAS_SWAP) || m.swap_free_bytes == 393212 * KIB);
		assert_true(!(m.has & MACHINE_HAS_ZSWAP) || m.zswap_stored_bytes == 40960 * KIB);
		free(cut);
	}
	free(text);
}

static void garbled_meminfo_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"MemTotal: 1 kB\n",
		"MemAvailable: 1 kB\n",
		"MemTotal: 1 kB\nMemAvailable: none\n",
		"MemTotal: 1 kB\nMemAvailable: 1 MB\n",
		"MemTotal: 18014398509481984 kB\nMemAvailable: 1 kB\n",
		"MemTotal: 99999999999999999999999 kB\nMemAvailable: 1 kB\n",
	};

	for (size_t i = 0; i < N(texts); i++) {
		struct machine_reading m = { .total_bytes = 5 };

		if (meminfo_parse(texts[i], &m) != -EBADMSG)
			fail_msg("\"%s\" was taken", texts[i]);
		assert_int_equal(m.total_bytes, 5);
	}
}

static void zram_is_told_from_other_swap(void **state)
{
	char *text = fixture_read("6.1", "swaps-mixed");
	struct swaps swaps;

	assert_int_equal(swaps_parse(text, &swaps), 0);
	assert_int_equal(swaps.zram_devices, 3);
	assert_int_equal(swaps.zram_total_bytes, (524284 + 262140) * KIB);
	assert_int_equal(swaps.zram_used_bytes, (131072 + 4) * KIB);
	free(text);
	text = fixture_read("6.18", "swaps");
	assert_int_equal(swaps_parse(text, &swaps), 0);
	assert_int_equal(swaps.zram_devices, 0);
	free(text);
}

static void a_cut_swaps_is_refused(void **state)
{
	char *text = fixture_read("6.1", "swaps-mixed");

	for (size_t n = 0; n < strlen(text); n++) {
		char *cut = fixture_cut(text, n);
		struct swaps swaps = { .zram_used_bytes = 1 };
		int r = swaps_parse(cut, &swaps);

		assert_true(r == -EBADMSG || (r == 0 && text[n - 1] == '\n'));
		assert_true(r == 0 || swaps.zram_used_bytes == 1);
		free(cut);
	}
	free(text);
}

static void garbled_swaps_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"/dev/zram0 partition 1 1 1\n",
		"Filename\n/dev/zram0\n",
		"Filename\n/dev/zram0 partition x 1 1\n",
		"Filename\n/dev/zram0 partition 1 18446744073709551616 1\n",
	};
	struct swaps swaps;

	for (size_t i = 0; i < N(texts); i++)
		if (swaps_parse(texts[i], &swaps) != -EBADMSG)
			fail_msg("\"%s\" was taken", texts[i]);
	/* Names that only look like zram's. */
	assert_int_equal(swaps_parse("Filename\n/dev/zramble partition 1 1 1\n"
				     "/dev/zram partition 1 1 1\n/zram0 file 1 1 1\n"
				     "/dev/zram64 partition 1 1 1\n",
				     &swaps),
			 0);
	assert_int_equal(swaps.zram_devices, 0);
}

static void zram_costs_what_it_uses(void **state)
{
	static const struct {
		uint64_t stored, used;
	} known[] = { { 6053888, 1568768 }, { 4923392, 2596864 } };

	for (size_t i = 0; i < N(known); i++) {
		char *text = fixture_read(kernels[i], "mm_stat");
		uint64_t stored, used;

		assert_int_equal(mm_stat_parse(text, &stored, &used), 0);
		assert_int_equal(stored, known[i].stored);
		assert_int_equal(used, known[i].used);
		for (size_t n = 0; n < strlen(text); n++) {
			char *cut = fixture_cut(text, n);

			assert_int_equal(mm_stat_parse(cut, &stored, &used), -EBADMSG);
			free(cut);
		}
		free(text);
	}
	uint64_t stored, used;
	assert_int_equal(mm_stat_parse("1 2\n", &stored, &used), -EBADMSG);
	assert_int_equal(mm_stat_parse("1 2 3x\n", &stored, &used), -EBADMSG);
	assert_int_equal(mm_stat_parse("1 2 18446744073709551616\n", &stored, &used), -EBADMSG);
}

static struct machine *open_machine(struct fake_tree *tree)
{
	struct machine *machine;
	char proc[128], sys[128];

	snprintf(proc, sizeof(proc), "%s/proc", tree->root);
	snprintf(sys, sizeof(sys), "%s/sys", tree->root);
	assert_int_equal(machine_new(&machine, proc, sys), 0);
	return machine;
}

static void a_host_with_zram_is_read_whole(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree tree = fake_tree_new();
	char *meminfo = fixture_read("6.1", "meminfo"), *swaps = fixture_read("6.1", "swaps");
	char *mm_stat = fixture_read("6.1", "mm_stat"), path[128];
	struct machine_reading m;
	struct machine *machine;

	fake_write_proc(&tree, "meminfo", meminfo);
	fake_write_proc(&tree, "swaps", swaps);
	for (const char *const *d = (const char *const[]){ "", "/block", "/block/zram0", NULL }; *d;
	     d++) {
		snprintf(path, sizeof(path), "%s/sys%s", tree.root, *d);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	strcat(path, "/mm_stat");
	fake_write_full(path, mm_stat);
	machine = open_machine(&tree);
	assert_int_equal(machine_read(machine, &m), 0);
	assert_int_equal(m.has, MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP | MACHINE_HAS_ZRAM |
					MACHINE_HAS_STALL);
	assert_int_equal(m.zram_total_bytes, 262140 * KIB);
	assert_int_equal(m.zram_free_bytes, (262140 - 6144) * KIB);
	assert_int_equal(m.zram_stored_bytes, 6053888);
	assert_int_equal(m.zram_used_bytes, 1568768);
	assert_int_equal(m.some_usec, 7000);
	assert_int_equal(m.full_usec, 5000);

	/* The device goes away between the two files: its swap is not passed off as a disk's. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(machine_read(machine, &m), 0);
	assert_false(m.has & MACHINE_HAS_ZRAM);
	assert_true(m.has & MACHINE_HAS_SWAP);
	machine_free(machine);
	free(mm_stat);
	free(swaps);
	free(meminfo);
}

static void what_is_missing_or_garbled_is_left_out(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree tree = fake_tree_new();
	struct machine *machine = open_machine(&tree);
	struct machine_reading m;

	fake_write_proc(&tree, "pressure/memory", "some\n");
	assert_int_equal(machine_read(machine, &m), -EBADMSG);
	assert_int_equal(m.has, MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP);
	fake_write_proc(&tree, "meminfo", "");
	assert_int_equal(machine_read(machine, &m), -EBADMSG);
	assert_int_equal(m.has, 0);
	machine_free(machine);

	assert_int_equal(machine_new(&machine, "/nonexistent", "/nonexistent"), 0);
	assert_int_equal(machine_read(machine, &m), 0);
	assert_int_equal(m.has, 0);
	assert_null(machine_free(machine));
	assert_null(machine_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meminfo_of_every_kernel),
		cmocka_unit_test(a_cut_meminfo_says_less_or_nothing),
		cmocka_unit_test(garbled_meminfo_is_refused),
		cmocka_unit_test(zram_is_told_from_other_swap),
		cmocka_unit_test(a_cut_swaps_is_refused),
		cmocka_unit_test(garbled_swaps_is_refused),
		cmocka_unit_test(zram_costs_what_it_uses),
		cmocka_unit_test(a_host_with_zram_is_read_whole),
		cmocka_unit_test(what_is_missing_or_garbled_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
