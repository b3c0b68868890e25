/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "controller/observe/swaps.h"
#include "fake_tree.h"
#include "fixture.h"

static void zram_is_told_from_other_swap(void **state)
{
	char *text = fixture_read("6.1", "swaps-mixed");
	uint64_t total = 0, used = 0;
	struct swaps swaps;
	size_t n_zram = 0;

	assert_int_equal(swaps_parse(text, NULL, NULL, &swaps), 0);
	for (size_t i = 0; i < swaps.n; i++) {
		if (swaps.devices[i].zram == SWAP_IS_NO_ZRAM)
			continue;
		n_zram++;
		total += swaps.devices[i].total_bytes;
		used += swaps.devices[i].used_bytes;
	}
	assert_int_equal(n_zram, 2);
	assert_int_equal(total, (524284 + 262140) * KIB);
	assert_int_equal(used, (131072 + 4) * KIB);
	free(text);
	text = fixture_read("6.18", "swaps");
	assert_int_equal(swaps_parse(text, NULL, NULL, &swaps), 0);
	assert_int_equal(swaps.n, 0);
	free(text);
}

static void zram_is_known_by_any_name(void **state)
{
	static const struct {
		const char *name;
		int zram;
	} rows[] = {
		{ "/dev/zram0 partition", 0 },
		{ "/zram1 partition", 1 },
		{ "/dev/block/zram0 partition", 0 },
		{ "/dev/zram12\\040(deleted) partition", 12 },
		{ "zram7 partition", 7 },
		{ "/dev/zram64 partition", 64 },
		{ "/dev/zram partition", SWAP_IS_NO_ZRAM },
		{ "/dev/zramble partition", SWAP_IS_NO_ZRAM },
		{ "/dev/zram3x partition", SWAP_IS_NO_ZRAM },
		{ "/dev/zram65535 partition", 65535 },
		{ "/dev/zram65536 partition", SWAP_IS_NO_ZRAM },
		{ "/dev/zram-1 partition", SWAP_IS_NO_ZRAM },
		{ "/dev/zram99999999999999999999 partition", SWAP_IS_NO_ZRAM },
		{ "/zram0 file", SWAP_IS_NO_ZRAM },
		{ "/dev/nvme0n1p3 partition", SWAP_IS_NO_ZRAM },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct swaps swaps;
		char text[256];

		snprintf(text, sizeof(text), "Filename Type Size Used Priority\n%s 8 4 -2\n",
			 rows[i].name);
		assert_int_equal(swaps_parse(text, NULL, NULL, &swaps), 0);
		assert_int_equal(swaps.n, 1);
		if (swaps.devices[0].zram != rows[i].zram)
			fail_msg("%s is zram %d", rows[i].name, swaps.devices[0].zram);
	}
}

static void a_garbled_line_costs_that_device_only(void **state)
{
	static const char *const lines[] = {
		"/dev/zram0\n",
		"/dev/zram0 partition\n",
		"/dev/zram0 partition x 1 1\n",
		"/dev/zram0 partition -8 1 1\n",
		"/dev/zram0 partition 1 18446744073709551616 1\n",
		"/dev/zram0 partition 1 2 1\n",
		" partition 2 1 1\n",
		"\n",
	};

	for (size_t i = 0; i < N(lines); i++) {
		struct swaps swaps;
		char text[256];

		snprintf(text, sizeof(text), "Filename\n%s/dev/zram3 partition 8 4 1\n", lines[i]);
		assert_int_equal(swaps_parse(text, NULL, NULL, &swaps), -EBADMSG);
		assert_int_equal(swaps.n, 1);
		assert_int_equal(swaps.devices[0].zram, 3);
	}
}

static void a_cut_swaps_says_less(void **state)
{
	char *text = fixture_read("6.1", "swaps-mixed");
	struct swaps whole;

	assert_int_equal(swaps_parse(text, NULL, NULL, &whole), 0);
	for (size_t n = 0; n < strlen(text); n++) {
		char *cut = fixture_cut(text, n);
		struct swaps swaps;
		int r = swaps_parse(cut, NULL, NULL, &swaps);

		assert_true(r == -EBADMSG || (r == 0 && text[n - 1] == '\n'));
		for (size_t i = 0; i < swaps.n; i++) {
			assert_int_equal(swaps.devices[i].zram, whole.devices[i].zram);
			assert_int_equal(swaps.devices[i].used_bytes, whole.devices[i].used_bytes);
		}
		free(cut);
	}
	free(text);
}

static void more_devices_than_the_kernel_takes_are_no_accident(void **state)
{
	char *text = fixture_huge("/dev/zram0 partition 8 4 1\n", ""), *whole;
	struct swaps swaps;

	assert_true(asprintf(&whole, "Filename\n%s", text) > 0);
	swaps_parse(whole, NULL, NULL, &swaps);
	assert_int_equal(swaps.n, SWAPS_MAX);
	free(whole);
	free(text);
}

static void mm_stat_of_every_kernel(void **state)
{
	static const struct mm_stat known[] = { { 6053888, 1568768, 0 }, { 4923392, 2596864, 0 } };
	struct mm_stat stat;

	for (size_t i = 0; i < N(known); i++) {
		char *text = fixture_read(kernels[i], "mm_stat");

		assert_int_equal(mm_stat_parse(text, &stat), 0);
		assert_int_equal(stat.stored_bytes, known[i].stored_bytes);
		assert_int_equal(stat.used_bytes, known[i].used_bytes);
		assert_int_equal(stat.limit_bytes, 0);
		for (size_t n = 0; n < strlen(text); n++) {
			char *cut = fixture_cut(text, n);

			assert_int_equal(mm_stat_parse(cut, &stat), -EBADMSG);
			free(cut);
		}
		free(text);
	}
	assert_int_equal(mm_stat_parse("1 2 3 4\n", &stat), 0); /* the last that is read */
	assert_int_equal(stat.limit_bytes, 4);
	assert_int_equal(mm_stat_parse("1 2 3 4x\n", &stat), -EBADMSG);
	assert_int_equal(mm_stat_parse("1 2 3\n", &stat), -EBADMSG);
	assert_int_equal(mm_stat_parse("1 2 3x 4\n", &stat), -EBADMSG);
	assert_int_equal(mm_stat_parse("1 2 -3 4\n", &stat), -EBADMSG);
	assert_int_equal(mm_stat_parse("1 2 18446744073709551616 4\n", &stat), -EBADMSG);
}

/* A /sys of plain files, and a reading with that much swap. */
struct world {
	struct fake_tree fake;
	struct swap_names names;
	struct machine_reading reading;
};

static void fake_sys(struct world *w, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/sys/%s", w->fake.root, file);
	for (char *slash = path + strlen(w->fake.root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	fake_write_full(path, text);
}

static void world_open(struct world *w)
{
	char path[128];

	*w = (struct world){ .fake = fake_tree_new() };
	fake_sys(w, "block/none", "");
	snprintf(path, sizeof(path), "%s/sys", w->fake.root);
	w->names.sys_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->names.sys_fd >= 0);
}

static void world_close(struct world *w)
{
	close(w->names.sys_fd);
	fake_tree_done(&w->fake);
}

static int fill(struct world *w, const char *text, uint64_t total_kib, uint64_t free_kib)
{
	w->reading = (struct machine_reading){
		.has = MACHINE_HAS_SWAP | MACHINE_HAS_MEMORY,
		.swap_total_bytes = total_kib * KIB,
		.swap_free_bytes = free_kib * KIB,
	};
	return swaps_fill(&w->names, text, &w->reading);
}

static void zram_of_another_namespace_counts_by_its_real_bytes(void **state)
{
	char *swaps = fixture_read("field", "swaps-android");
	char *mm_stat = fixture_read("field", "mm_stat-incompressible");
	struct world w;

	world_open(&w);
	fake_sys(&w, "block/zram0/mm_stat", mm_stat);
	assert_int_equal(fill(&w, swaps, 8157720, 7109144), 0);
	assert_true(w.reading.has & MACHINE_HAS_ZRAM);
	assert_int_equal(w.reading.zram_free_bytes, 7109144 * KIB);
	assert_int_equal(w.reading.zram_used_bytes, 990000000);
	world_close(&w);
	free(mm_stat);
	free(swaps);
}

static void a_device_without_statistics_is_zram_all_the_same(void **state)
{
	char *swaps = fixture_read("field", "swaps-zramd");
	struct world w;

	world_open(&w);
	assert_int_equal(fill(&w, swaps, 4194300 + 2 * 8157720, 4194300 + 2 * 257720), 0);
	assert_int_equal(w.reading.zram_total_bytes, 2 * 8157720 * KIB);
	assert_int_equal(w.reading.zram_free_bytes, 2 * 257720 * KIB);
	assert_int_equal(w.reading.swap_free_bytes, (4194300 + 2 * 257720) * KIB);
	world_close(&w);
	free(swaps);
}

/* By the device number of what the name leads to: a file system, here that of the tree itself. */
static void a_file_on_zram_is_found_by_its_device_number(void **state)
{
	char text[256], link[128], target[128];
	struct world w;
	struct stat st;

	world_open(&w);
	assert_int_equal(stat(w.fake.root, &st), 0);
	fake_sys(&w, "dev/block/none", "");
	fake_sys(&w, "block/zram5/mm_stat", "4194304 9 2097152 0 0\n");
	snprintf(link, sizeof(link), "%s/sys/dev/block/%u:%u", w.fake.root, major(st.st_dev),
		 minor(st.st_dev));
	snprintf(target, sizeof(target), "../../devices/virtual/block/zram5/zram5p1");
	snprintf(text, sizeof(text), "Filename\n%s/proc/meminfo file 2048 0 -2\n", w.fake.root);
	assert_int_equal(fill(&w, text, 2048, 2048), 0);
	assert_false(w.reading.has & MACHINE_HAS_ZRAM);

	/* It is looked up when it is first seen, and again after it was gone. */
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(fill(&w, text, 2048, 2048), 0);
	assert_false(w.reading.has & MACHINE_HAS_ZRAM);
	assert_int_equal(fill(&w, "Filename\n", 2048, 2048), 0);
	assert_int_equal(fill(&w, text, 2048, 2048), 0);
	assert_true(w.reading.has & MACHINE_HAS_ZRAM);
	assert_int_equal(w.reading.zram_used_bytes, 2 * MIB);
	world_close(&w);
}

static void a_mapped_device_on_zram_is_found_below_it(void **state)
{
	char text[256], file[128];
	struct world w;
	struct stat st;

	world_open(&w);
	assert_int_equal(stat(w.fake.root, &st), 0);
	snprintf(file, sizeof(file), "dev/block/%u:%u/slaves/zram2/size", major(st.st_dev),
		 minor(st.st_dev));
	fake_sys(&w, file, "1\n");
	snprintf(text, sizeof(text), "Filename\n%s/proc/meminfo partition 2048 0 -2\n",
		 w.fake.root);
	assert_int_equal(fill(&w, text, 2048, 2048), 0);
	assert_true(w.reading.has & MACHINE_HAS_ZRAM);
	world_close(&w);
}

#define ONE_GIB "Filename\n/dev/zram0 partition 1048576 262144 100\n"

static void a_limit_on_zram_bounds_what_it_takes(void **state)
{
	struct world w;

	world_open(&w);
	/* 256 MiB stored in 128; 32 MiB of the limit are left: they take 64. */
	fake_sys(&w, "block/zram0/mm_stat", "268435456 9 134217728 167772160 0\n");
	assert_int_equal(fill(&w, ONE_GIB, 1048576, 786432), 0);
	assert_int_equal(w.reading.zram_free_bytes, 64 * MIB);
	/* What does not fit is no free space of another kind. */
	assert_int_equal(w.reading.swap_free_bytes, 64 * MIB);
	/* 4:1: 32 MiB take 128. */
	fake_sys(&w, "block/zram0/mm_stat", "268435456 9 67108864 100663296 0\n");
	assert_int_equal(fill(&w, ONE_GIB, 1048576, 786432), 0);
	assert_int_equal(w.reading.zram_free_bytes, 128 * MIB);
	/* Nothing is stored yet: 2:1 is assumed. */
	fake_sys(&w, "block/zram0/mm_stat", "0 0 0 33554432 0\n");
	assert_int_equal(fill(&w, ONE_GIB, 1048576, 786432), 0);
	assert_int_equal(w.reading.zram_free_bytes, 64 * MIB);
	/* Full. */
	fake_sys(&w, "block/zram0/mm_stat", "268435456 9 134217728 134217728 0\n");
	assert_int_equal(fill(&w, ONE_GIB, 1048576, 786432), 0);
	assert_int_equal(w.reading.zram_free_bytes, 0);
	assert_int_equal(w.reading.swap_free_bytes, 0);
	world_close(&w);
}

static void what_zram_wrote_back_says_nothing_about_its_ratio(void **state)
{
	struct world w;

	world_open(&w);
	/* 256 MiB stored, half of that on the backing device; the rest takes 64. */
	fake_sys(&w, "block/zram0/mm_stat", "268435456 9 67108864 0 0\n");
	fake_sys(&w, "block/zram0/bd_stat", "   32768        0    32768\n");
	assert_int_equal(fill(&w, ONE_GIB, 1048576, 786432), 0);
	assert_int_equal(w.reading.zram_stored_bytes, 128 * MIB);
	assert_int_equal(w.reading.zram_used_bytes, 64 * MIB);
	world_close(&w);
}

static void a_device_that_is_being_emptied_takes_nothing(void **state)
{
	struct world w;

	world_open(&w);
	/* sda2 is on its way out: of its 1 GiB the 200 MiB in use count in both, 824 MiB do not. */
	assert_int_equal(fill(&w,
			      "Filename\n/dev/sda2 partition 1048576 204800 -2\n"
			      "/dev/sdb2 partition 524288 102400 -3\n",
			      524288 + 204800, 524288 - 102400 + 204800),
			 0);
	assert_int_equal(w.reading.swap_free_bytes, (524288 - 102400) * KIB);
	/* Those behind it are looked at all the same. */
	assert_int_equal(fill(&w,
			      "Filename\n/dev/sda2 partition 1048576 204800 -2\n"
			      "/dev/zram0 partition 524288 102400 100\n",
			      524288 + 204800, 524288 - 102400 + 204800),
			 0);
	assert_true(w.reading.has & MACHINE_HAS_ZRAM);
	assert_int_equal(w.reading.zram_free_bytes, (524288 - 102400) * KIB);
	/* A container sees less than all: nothing is being emptied. */
	assert_int_equal(fill(&w,
			      "Filename\n/dev/sda2 partition 1048576 204800 -2\n"
			      "/dev/sdb2 partition 524288 102400 -3\n",
			      300000, 200000),
			 0);
	assert_int_equal(w.reading.swap_free_bytes, 200000 * KIB);
	world_close(&w);
}

static void what_is_not_understood_counts_as_compressed(void **state)
{
	struct world w;

	world_open(&w);
	assert_int_equal(fill(&w,
			      "Filename\n/dev/zram0 partition -1 0 100\n"
			      "/dev/sdb2 partition 524288 102400 -3\n",
			      2 * 524288, 2 * 524288 - 102400),
			 -EBADMSG);
	assert_true(w.reading.has & MACHINE_HAS_ZRAM);
	assert_int_equal(w.reading.zram_total_bytes, 524288 * KIB);
	assert_int_equal(w.reading.zram_free_bytes, 524288 * KIB);
	world_close(&w);
}

static void a_disk_behind_zram_is_no_zram(void **state)
{
	struct world w;

	world_open(&w);
	fake_sys(&w, "block/zram0/mm_stat", "268435456 9 134217728 0 0\n");
	assert_int_equal(fill(&w,
			      "Filename\n/dev/zram0 partition 1048576 262144 100\n"
			      "/dev/sda2 partition 524288 102400 -2\n",
			      1048576 + 524288, 786432 + 421888),
			 0);
	assert_int_equal(w.reading.zram_total_bytes, GIB);
	assert_int_equal(w.reading.zram_free_bytes, 768 * MIB);
	assert_int_equal(w.reading.swap_free_bytes, (786432 + 421888) * KIB);
	world_close(&w);
}

/* Swap on a loop device, whose file lies on a file system on zram: here that of /proc. */
static void a_loop_device_on_zram_is_found_by_its_file(void **state)
{
	char text[256], file[128], link[256];
	struct stat tree, proc;
	struct world w;

	world_open(&w);
	assert_int_equal(stat(w.fake.root, &tree), 0);
	assert_int_equal(stat("/proc/meminfo", &proc), 0);
	snprintf(file, sizeof(file), "dev/block/%u:%u/loop/backing_file", major(tree.st_dev),
		 minor(tree.st_dev));
	fake_sys(&w, file, "/proc/meminfo\n");
	snprintf(link, sizeof(link), "%s/sys/dev/block/%u:%u", w.fake.root, major(proc.st_dev),
		 minor(proc.st_dev));
	assert_int_equal(symlink("../../devices/virtual/block/zram3", link), 0);
	snprintf(text, sizeof(text), "Filename\n%s/proc/meminfo partition 2048 0 -2\n",
		 w.fake.root);
	assert_int_equal(fill(&w, text, 2048, 2048), 0);
	assert_true(w.reading.has & MACHINE_HAS_ZRAM);
	world_close(&w);
}

/* The kernel writes blanks and the like as three octal digits. */
static void a_name_with_escapes_is_found(void **state)
{
	static const struct {
		const char *name, *escaped;
	} rows[] = {
		{ "a b\\c", "a\\040b\\134c" },
		{ "last\xff", "last\\377" },
		{ "none\\400\\08", "none\\400\\08" }, /* these are no escapes */
	};

	for (size_t i = 0; i < N(rows); i++) {
		char text[256], path[128], link[256];
		struct world w;
		struct stat st;
		FILE *file;

		world_open(&w);
		snprintf(path, sizeof(path), "%s/%s", w.fake.root, rows[i].name);
		file = fopen(path, "w");
		assert_non_null(file);
		fclose(file);
		assert_int_equal(stat(path, &st), 0);
		fake_sys(&w, "dev/block/none", "");
		snprintf(link, sizeof(link), "%s/sys/dev/block/%u:%u", w.fake.root,
			 major(st.st_dev), minor(st.st_dev));
		assert_int_equal(symlink("../../devices/virtual/block/zram5", link), 0);
		snprintf(text, sizeof(text), "Filename\n%s/%s file 2048 0 -2\n", w.fake.root,
			 rows[i].escaped);
		assert_int_equal(fill(&w, text, 2048, 2048), 0);
		if (!(w.reading.has & MACHINE_HAS_ZRAM))
			fail_msg("%s is not found", rows[i].escaped);
		world_close(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zram_is_told_from_other_swap),
		cmocka_unit_test(zram_is_known_by_any_name),
		cmocka_unit_test(a_garbled_line_costs_that_device_only),
		cmocka_unit_test(a_cut_swaps_says_less),
		cmocka_unit_test(more_devices_than_the_kernel_takes_are_no_accident),
		cmocka_unit_test(mm_stat_of_every_kernel),
		cmocka_unit_test(zram_of_another_namespace_counts_by_its_real_bytes),
		cmocka_unit_test(a_device_without_statistics_is_zram_all_the_same),
		cmocka_unit_test(a_file_on_zram_is_found_by_its_device_number),
		cmocka_unit_test(a_mapped_device_on_zram_is_found_below_it),
		cmocka_unit_test(a_limit_on_zram_bounds_what_it_takes),
		cmocka_unit_test(what_zram_wrote_back_says_nothing_about_its_ratio),
		cmocka_unit_test(a_device_that_is_being_emptied_takes_nothing),
		cmocka_unit_test(what_is_not_understood_counts_as_compressed),
		cmocka_unit_test(a_disk_behind_zram_is_no_zram),
		cmocka_unit_test(a_loop_device_on_zram_is_found_by_its_file),
		cmocka_unit_test(a_name_with_escapes_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
