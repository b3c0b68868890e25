/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/registry/agents_file.h"

#define BUS "0123456789abcdef0123456789abcdef"

static char path[64];

static int start(void **state)
{
	int fd;

	strcpy(path, "/tmp/reliefd-agents-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int stop(void **state)
{
	return unlink(path);
}

static struct agents_entry entry_of(uint64_t id, const char *name)
{
	struct agents_entry entry = {
		.module_id = id,
		.sender = ":1.42",
		.path = "/org/example/agent",
		.uid = 1000,
		.pid = 812,
		.description = { .kind = MODULE_POOL,
				 .flags = MODULE_CAN_SHED | MODULE_IS_KEPT,
				 .size_bytes = 100 * MIB,
				 .idle_limit_usec = 5,
				 .reload_cost_usec = MODULE_AMOUNT_LIMIT - 1 },
	};

	snprintf(entry.description.name, sizeof(entry.description.name), "%s", name);
	return entry;
}

static void what_is_written_is_read(void **state)
{
	struct agents_entry entries[] = { entry_of(4, "two words"), entry_of(UINT64_MAX, "b") };
	struct agents_file written = { .bus_id = BUS, .entries = entries, .n = 2 }, file;
	struct stat status;

	assert_int_equal(agents_file_write(path, &written), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(agents_file_read(path, &file), 0);
	assert_string_equal(file.bus_id, BUS);
	assert_int_equal(file.n, 2);
	assert_memory_equal(file.entries, entries, sizeof(entries));
	agents_file_done(&file);
}

static void the_longest_entry_fits(void **state)
{
	struct agents_entry entry = entry_of(UINT64_MAX, "");
	struct agents_file written = { .bus_id = BUS, .entries = &entry, .n = 1 }, file;

	memset(entry.path, 'a', sizeof(entry.path) - 1);
	entry.path[0] = '/';
	memset(entry.cgroup, 'c', sizeof(entry.cgroup) - 1);
	entry.cgroup[0] = '/';
	memset(entry.sender, '1', sizeof(entry.sender) - 1);
	entry.sender[0] = ':';
	memset(entry.description.name, 'n', sizeof(entry.description.name) - 1);
	entry.uid = UINT32_MAX;
	entry.pid = INT32_MAX;
	assert_int_equal(agents_file_write(path, &written), 0);
	assert_int_equal(agents_file_read(path, &file), 0);
	assert_int_equal(file.n, 1);
	assert_memory_equal(file.entries, &entry, sizeof(entry));
	agents_file_done(&file);
}

static void write_text(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void a_damaged_entry_costs_only_itself(void **state)
{
	static const char *const damaged[] = {
		"0\t:1.42\t1000\t812\t0\t1\t5\t0\t0\t/agent\t\tzero id",
		"4\t1.42\t1000\t812\t0\t1\t5\t0\t0\t/agent\t\tno unique name",
		"4\t:1.42\t-1\t812\t0\t1\t5\t0\t0\t/agent\t\tnegative uid",
		"4\t:1.42\t1000\t99999999999\t0\t1\t5\t0\t0\t/agent\t\thuge pid",
		"4\t:1.42\t1000\t812\t5\t1\t5\t0\t0\t/agent\t\tunknown kind",
		"4\t:1.42\t1000\t812\t0\t0\t5\t0\t0\t/agent\t\tcan do nothing",
		"4\t:1.42\t1000\t812\t0\t4096\t5\t0\t0\t/agent\t\tunknown flag",
		"4\t:1.42\t1000\t812\t0\t1\t99999999999999999999\t0\t0\t/agent\t\thuge",
		"4\t:1.42\t1000\t812\t0\t1\t5\t0\t0\tagent\t\tno object path",
		"4\t:1.42\t1000\t812\t0\t1\t5\t0\t0\t/agent\t\t",
		"4\t:1.42\t1000\t812\t0\t1\t5\t0\t0\t/agent",
		"4\t:1.42\t1000\t812\t0\t1\t5\t0\t0",
		"4\t:1.42\t1000\t812\t0\t1\t5\t0\t0\t/agent\t\tbad\x1b[31m",
		"4\t:1.422222222222222222222222222222222\t1000\t812\t0\t1\t5\t0\t0\t/agent\t\tlong "
		"name",
		"4\t:1.42\t1000\t812\t0\t1\t5\t0\t0\t/agent\t\t"
		"123456789012345678901234567890123456789012345678901234567890 64 bytes",
		"4\t:1.42\t1000\t812\t0\t1\t5\t0\t0\t/agent\ta.service\trelative cgroup",
		"4 :1.42 1000 812 0 1 5 0 0 /agent /a blanks, no tabs",
		"",
		"x",
	};

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct agents_file file;
		char text[512];

		snprintf(text, sizeof(text),
			 "bus " BUS "\n%s\n7\t:1.9\t0\t1\t0\t1\t5\t0\t0\t/\t/a b\tgood\n",
			 damaged[i]);
		write_text(text);
		assert_int_equal(agents_file_read(path, &file), 0);
		if (file.n != 1)
			fail_msg("%zu entries with: %s", file.n, damaged[i]);
		assert_int_equal(file.entries[0].module_id, 7);
		agents_file_done(&file);
	}
}

static void what_is_no_such_file_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"bus\n",
		"bus 12\n",
		"bus " BUS "0\n",
		"bus 0123456789ABCDEF0123456789ABCDEF",
		"7\t:1.9\t0\t1\t0\t1\t5\t0\t0\t/\t\tgood\n",
	};
	struct agents_file file;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_text(texts[i]);
		assert_int_equal(agents_file_read(path, &file), -EBADMSG);
	}
	assert_int_equal(agents_file_read("/not/there", &file), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read, start, stop),
		cmocka_unit_test_setup_teardown(the_longest_entry_fits, start, stop),
		cmocka_unit_test_setup_teardown(a_damaged_entry_costs_only_itself, start, stop),
		cmocka_unit_test_setup_teardown(what_is_no_such_file_is_refused, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
