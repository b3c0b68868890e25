/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>

#include "controller/observe/meminfo.h"
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
		uint64_t total;

		assert_int_equal(meminfo_parse(text, &m, &total), 0);
		assert_int_equal(total, expected[i].total_kib * KIB);
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
		uint64_t total;
		int r = meminfo_parse(cut, &m, &total);

		assert_true(r == -EBADMSG || (r == 0 && text[n - 1] == '\n'));
		assert_true(!(m.has & MACHINE_HAS_MEMORY) || m.available_bytes == 24223636 * KIB);
		assert_true(!(m.has & MACHINE_HAS_SWAP) || m.swap_free_bytes == 393212 * KIB);
		assert_true(!(m.has & MACHINE_HAS_ZSWAP) || m.zswap_stored_bytes == 40960 * KIB);
		assert_false(m.has & MACHINE_IS_ESTIMATED);
		free(cut);
	}
	free(text);
}

struct row {
	const char *name, *text;
	int result;
	uint32_t has;
	uint64_t total_kib, available_kib;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct machine_reading m = {};
		uint64_t total;
		int r = meminfo_parse(rows[i].text, &m, &total);

		if (r != rows[i].result || m.has != rows[i].has)
			fail_msg("%s: returned %d, has %x", rows[i].name, r, m.has);
		if (m.has & MACHINE_HAS_MEMORY) {
			assert_int_equal(m.total_bytes, rows[i].total_kib * KIB);
			assert_int_equal(m.available_bytes, rows[i].available_kib * KIB);
		}
	}
}

#define MEMORY "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 300 kB\n"
#define FILES  "Buffers: 10 kB\nCached: 200 kB\nShmem: 30 kB\nSReclaimable: 40 kB\n"

static void what_lxcfs_miscounts_costs_that_value_only(void **state)
{
	const uint32_t all = MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP;
	const struct row rows[] = {
		{ "sound", MEMORY "SwapTotal: 0 kB\nSwapFree: 0 kB\n", 0, all, 1000, 300 },
		{ "swap below zero, in 64 bits of kB",
		  MEMORY "SwapTotal: 0 kB\nSwapFree: 18446744073709346016 kB\n", -EBADMSG,
		  MACHINE_HAS_MEMORY, 1000, 300 },
		{ "swap below zero, in 64 bits of bytes",
		  MEMORY "SwapTotal: 0 kB\nSwapFree: 18014398509276384 kB\n", -EBADMSG,
		  MACHINE_HAS_MEMORY, 1000, 300 },
		{ "swap with a sign", MEMORY "SwapTotal: 0 kB\nSwapFree: -205600 kB\n", -EBADMSG,
		  MACHINE_HAS_MEMORY, 1000, 300 },
		{ "more swap free than there is", MEMORY "SwapTotal: 5 kB\nSwapFree: 6 kB\n",
		  -EBADMSG, MACHINE_HAS_MEMORY, 1000, 300 },
		{ "swap beyond any device",
		  MEMORY "SwapTotal: 9007199254740991 kB\nSwapFree: 9007199254740991 kB\n",
		  -EBADMSG, MACHINE_HAS_MEMORY, 1000, 300 },
		{ "no final newline", MEMORY "SwapTotal: 5 kB\nSwapFree: 5 kB", -EBADMSG,
		  MACHINE_HAS_MEMORY, 1000, 300 },
		{ "zswap beyond all memory", MEMORY "Zswap: 18014398509276384 kB\nZswapped: 5 kB\n",
		  -EBADMSG, MACHINE_HAS_MEMORY, 1000, 300 },
		{ "another unit", MEMORY "SwapTotal: 1 MB\nSwapFree: 1 kB\n", -EBADMSG,
		  MACHINE_HAS_MEMORY, 1000, 300 },
		{ "no unit", MEMORY "SwapTotal: 1\nSwapFree: 1 kB\n", -EBADMSG, MACHINE_HAS_MEMORY,
		  1000, 300 },
		{ "twice", MEMORY "MemAvailable: 900 kB\n", 0, MACHINE_HAS_MEMORY, 1000, 300 },
	};

	check_rows(rows, N(rows));
}

static void without_available_it_is_estimated(void **state)
{
	const uint32_t estimated = MACHINE_HAS_MEMORY | MACHINE_IS_ESTIMATED;
	const struct row rows[] = {
		{ "an old kernel", "MemTotal: 1000 kB\nMemFree: 100 kB\n" FILES, 0, estimated, 1000,
		  100 + 10 + 200 - 30 + 20 },
		{ "with lists",
		  "MemTotal: 1000 kB\nMemFree: 100 kB\n" FILES
		  "Active(file): 50 kB\nInactive(file): 60 kB\n",
		  0, estimated, 1000, 100 + 50 + 60 + 20 },
		{ "more available than there is",
		  "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 1001 kB\n" FILES, -EBADMSG,
		  estimated, 1000, 300 },
		{ "available is no number",
		  "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: +300 kB\n" FILES, -EBADMSG,
		  estimated, 1000, 300 },
		{ "free is more than there is", "MemTotal: 1000 kB\nMemFree: 1100 kB\n" FILES,
		  -EBADMSG, 0 },
		{ "free and files are more", "MemTotal: 1000 kB\nMemFree: 801 kB\n" FILES, -EBADMSG,
		  0 },
		{ "free and files are all", "MemTotal: 1000 kB\nMemFree: 800 kB\n" FILES, 0,
		  estimated, 1000, 1000 },
		{ "cut short", "MemTotal: 1000 kB\nMemFree: 100 kB\n", -EBADMSG, 0 },
		{ "nothing to estimate from", "MemTotal: 1000 kB\nMemAvailable: 1001 kB\n",
		  -EBADMSG, 0 },
	};

	check_rows(rows, N(rows));
}

static void without_a_total_nothing_is_known(void **state)
{
	const struct row rows[] = {
		{ "empty", "", -EBADMSG, 0 },
		{ "no total", "MemFree: 1 kB\nMemAvailable: 1 kB\n", -EBADMSG, 0 },
		{ "zero", "MemTotal: 0 kB\nMemAvailable: 0 kB\n", -EBADMSG, 0 },
		{ "hex", "MemTotal: 0x10 kB\nMemAvailable: 1 kB\n", -EBADMSG, 0 },
		{ "huge", "MemTotal: 18014398509481983 kB\nMemAvailable: 1 kB\n", -EBADMSG, 0 },
		{ "html", "<html>\n", -EBADMSG, 0 },
	};

	check_rows(rows, N(rows));
}

#define POOL_16G "MemTotal: 16384000 kB\nMemFree: 1200000 kB\nMemAvailable: 1600000 kB\n"

static void static_huge_pages_are_a_pool_of_their_own(void **state)
{
	const uint32_t has = MACHINE_HAS_MEMORY;
	char *text = fixture_read("field", "meminfo-huge-pages");
	const struct row rows[] = {
		{ "as reported", text, 0, MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP,
		  16384000 - 12582912, 1600000 },
		{ "of one size, before Hugetlb was printed",
		  POOL_16G "HugePages_Total: 6144\nHugepagesize: 2048 kB\n", 0, has,
		  16384000 - 12582912, 1600000 },
		{ "of two sizes",
		  POOL_16G "HugePages_Total: 1\nHugepagesize: 2048 kB\nHugetlb: 12582912 kB\n", 0,
		  has, 16384000 - 12582912, 1600000 },
		{ "the host's, in a container",
		  "MemTotal: 4194304 kB\nMemFree: 2000000 kB\nMemAvailable: 3000000 kB\n"
		  "Hugetlb: 2097152 kB\n",
		  0, has, 4194304, 3000000 },
		{ "more than all memory", POOL_16G "Hugetlb: 17000000 kB\n", 0, has, 16384000,
		  1600000 },
		{ "no number", POOL_16G "Hugetlb: -1 kB\n", -EBADMSG, has, 16384000, 1600000 },
	};

	check_rows(rows, N(rows));
	free(text);
}

static void a_host_with_a_terabyte_is_judged_without_its_pool(void **state)
{
	char *text = fixture_read("field", "meminfo-huge-pages-1T");
	struct machine_reading m = {};
	uint64_t total;

	assert_int_equal(meminfo_parse(text, &m, &total), 0);
	assert_int_equal(m.total_bytes, (1055902584 - 939524096) * KIB);
	assert_int_equal(total, 1055902584 * KIB);
	free(text);
}

#define ARC(size, c_min) "name type data\nc_min 4 " c_min "\nc 4 1\nsize 4 " size "\n"
#define CLEAN(a, b)                                                                       \
	"mru_evictable_data 4 " a "\nmru_evictable_metadata 4 0\nmfu_evictable_data 4 " b \
	"\nmfu_evictable_metadata 4 0\n"

static void zfs_gives_back_what_is_clean_and_above_its_minimum(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t bytes;
	} rows[] = {
		{ ARC("900", "100"), 0, 800 },
		{ ARC("50", "100"), 0, 0 },
		/* 300 are dirty or in use, more than c_min: all that is clean goes. */
		{ ARC("900", "100") CLEAN("400", "200"), 0, 600 },
		/* 50 are: c_min bounds it. */
		{ ARC("900", "100") CLEAN("400", "450"), 0, 800 },
		{ ARC("900", "-1"), -EBADMSG, 7 },
		{ ARC("18446744073709551615", "1"), -EBADMSG, 7 },
		{ "size 4 9", -EBADMSG, 7 },
		{ "", -EBADMSG, 7 },
	};

	for (size_t i = 0; i < N(rows); i++) {
		uint64_t bytes = 7;

		assert_int_equal(arcstats_parse(rows[i].text, &bytes), rows[i].result);
		assert_int_equal(bytes, rows[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meminfo_of_every_kernel),
		cmocka_unit_test(a_cut_meminfo_says_less_or_nothing),
		cmocka_unit_test(what_lxcfs_miscounts_costs_that_value_only),
		cmocka_unit_test(without_available_it_is_estimated),
		cmocka_unit_test(without_a_total_nothing_is_known),
		cmocka_unit_test(static_huge_pages_are_a_pool_of_their_own),
		cmocka_unit_test(a_host_with_a_terabyte_is_judged_without_its_pool),
		cmocka_unit_test(zfs_gives_back_what_is_clean_and_above_its_minimum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
