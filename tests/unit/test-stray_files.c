/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controller/config/stray_files.h"
#include "tests/unit/config_root.h"

/* Exactly one remark, about that file and with these words. */
static void expect_one(const char *file, const char *words)
{
	struct remarks remarks = {};
	char expected[512];

	put(file, "[Headroom]\n");
	stray_files_find(root, &remarks);
	assert_int_equal(remarks.n, 1);
	snprintf(expected, sizeof(expected), "%s%s", root, words);
	assert_string_equal(remarks.list[0], expected);
	remarks_done(&remarks);
	remove_root(NULL);
	make_root(NULL);
	put("/usr/lib/reliefd/profiles/server.conf", "");
}

static void what_is_not_read_is_named(void **unused)
{
	remove_root(NULL);
	make_root(NULL);
	expect_one("/etc/reliefd/profiles/default.conf.d/50-mine",
		   "/etc/reliefd/profiles/default.conf.d/50-mine is not read: its name must end in "
		   ".conf");
	expect_one("/etc/reliefd/profiles/server.conf.d/50-x.conf~",
		   "/etc/reliefd/profiles/server.conf.d/50-x.conf~ is not read: its name must end "
		   "in .conf");
	expect_one(
		"/run/reliefd/reliefd.conf.d/.50-x.conf.swp",
		"/run/reliefd/reliefd.conf.d/.50-x.conf.swp is not read: names that begin with a "
		"dot are left out");
	expect_one("/etc/reliefd/profiles/sever.conf.d/50-x.conf",
		   "/etc/reliefd/profiles/sever.conf.d is not read: there is no profile sever; did "
		   "you mean server.conf.d?");
	expect_one("/etc/reliefd/profiles/server.d/50-x.conf",
		   "/etc/reliefd/profiles/server.d is not read: drop-ins belong in NAME.conf.d");
	expect_one("/etc/reliefd/default.conf.d/50-x.conf",
		   "/etc/reliefd/default.conf.d is not read: reliefd.conf and reliefd.conf.d are, "
		   "and what is in profiles");
	expect_one("/etc/reliefd/reliefd.conf.dpkg-old",
		   "/etc/reliefd/reliefd.conf.dpkg-old is not read: reliefd.conf is");
	expect_one("/etc/reliefd/profiles/mine.conf.bak",
		   "/etc/reliefd/profiles/mine.conf.bak is not read: its name must end in .conf");
	expect_one("/etc/reliefd/reliefd.conf.d",
		   "/etc/reliefd/reliefd.conf.d is not read: it is not a directory");
}

static void what_is_read_is_not_named(void **unused)
{
	struct remarks remarks = {};

	put("/etc/reliefd/reliefd.conf", "");
	put("/etc/reliefd/reliefd.conf.d/10-x.conf", "");
	put("/etc/reliefd/reliefd.conf.d/README", "");
	put("/etc/reliefd/profiles/mine.conf", "");
	put("/etc/reliefd/profiles/mine.conf.d/10-x.conf", "");
	put("/etc/reliefd/profiles/default.conf.d/10-x.conf", "");
	put("/run/reliefd/held", "");
	put("/run/reliefd/relief.sock", "");
	stray_files_find(root, &remarks);
	assert_int_equal(remarks.n, 0);
}

static void many_are_named_by_some(void **unused)
{
	struct remarks remarks = {};
	char path[128];

	for (int i = 0; i < REMARKS_MAX + 4; i++) {
		snprintf(path, sizeof(path), "/etc/reliefd/reliefd.conf.d/%d", i);
		put(path, "");
	}
	stray_files_find(root, &remarks);
	assert_int_equal(remarks.n, REMARKS_MAX);
	assert_int_equal(remarks.n_left_out, 4);
	remarks_done(&remarks);
}

static void a_named_file_is_looked_at_alone(void **unused)
{
	struct remarks remarks = {};

	stray_files_check("/etc/reliefd/profiles/default.conf.d/x.conf", &remarks);
	stray_files_check("/tmp/x", &remarks);
	stray_files_check("x", &remarks);
	assert_int_equal(remarks.n, 0);
	stray_files_check("/etc/reliefd/profiles/default.conf.d/x.cnf", &remarks);
	assert_int_equal(remarks.n, 1);
	remarks_done(&remarks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_root(what_is_not_read_is_named),
		with_root(what_is_read_is_not_named),
		with_root(many_are_named_by_some),
		with_root(a_named_file_is_looked_at_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
