/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>

#include "controller/observe/machine.h"
#include "fake_tree.h"
#include "fixture.h"

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
	assert_true(m.has & MACHINE_HAS_ZRAM);
	assert_int_equal(m.zram_free_bytes, (262140 - 6144) * KIB);
	assert_int_equal(m.zram_stored_bytes, 0);
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
	assert_int_equal(machine_read(machine, &m), MACHINE_PRESSURE);
	assert_int_equal(m.has, MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP);
	fake_write_proc(&tree, "meminfo", "");
	assert_int_equal(machine_read(machine, &m), MACHINE_MEMINFO | MACHINE_PRESSURE);
	assert_int_equal(m.has, 0);
	machine_free(machine);

	assert_int_equal(machine_new(&machine, "/nonexistent", "/nonexistent"), 0);
	assert_int_equal(machine_read(machine, &m), 0);
	assert_int_equal(m.has, 0);
	assert_null(machine_free(machine));
	assert_null(machine_free(NULL));
}

static void a_total_that_is_lost_for_a_moment_is_remembered(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree tree = fake_tree_new();
	struct machine *machine = open_machine(&tree);
	struct machine_reading m;

	assert_int_equal(machine_read(machine, &m), 0);
	fake_write_proc(&tree, "meminfo", "MemTotal: -1 kB\nMemAvailable: 1024 kB\n");
	assert_int_equal(machine_read(machine, &m), MACHINE_MEMINFO);
	assert_true(m.has & MACHINE_HAS_MEMORY);
	assert_int_equal(m.total_bytes, GIB);
	assert_int_equal(m.available_bytes, MIB);
	machine_free(machine);
}

static void what_zfs_keeps_is_available(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree tree = fake_tree_new();
	char *meminfo = fixture_read("field", "meminfo-zfs"),
	     *arc = fixture_read("field", "arcstats");
	struct machine *machine = open_machine(&tree);
	struct machine_reading m;
	char path[128];

	fake_write_proc(&tree, "meminfo", meminfo);
	assert_int_equal(machine_read(machine, &m), 0);
	assert_int_equal(m.available_bytes, 900000 * KIB);
	/* The module is loaded later. */
	for (const char *const *d =
		     (const char *const[]){ "/spl", "/spl/kstat", "/spl/kstat/zfs", NULL };
	     *d; d++) {
		snprintf(path, sizeof(path), "%s/proc%s", tree.root, *d);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	fake_write_proc(&tree, "spl/kstat/zfs/arcstats", arc);
	assert_int_equal(machine_read(machine, &m), 0);
	assert_int_equal(m.available_bytes, 900000 * KIB + 6240000000 - 393216000);
	fake_write_proc(&tree, "spl/kstat/zfs/arcstats", "size 4 lots\n");
	assert_int_equal(machine_read(machine, &m), MACHINE_ARCSTATS);
	assert_int_equal(m.available_bytes, 900000 * KIB);
	machine_free(machine);
	free(arc);
	free(meminfo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_with_zram_is_read_whole),
		cmocka_unit_test(what_is_missing_or_garbled_is_left_out),
		cmocka_unit_test(a_total_that_is_lost_for_a_moment_is_remembered),
		cmocka_unit_test(what_zfs_keeps_is_available),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
