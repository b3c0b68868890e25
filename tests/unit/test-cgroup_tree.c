/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <limits.h>

#include "controller/groups/cgroup_tree.h"
#include "fake_tree.h"
#include "fixture.h"

/* Puts text as proc/FILE, "@MOUNT@" replaced. */
static void put(struct fake_tree *tree, const char *file, const char *text, const char *mount)
{
	static const char mark[] = "@MOUNT@";
	const char *at = strstr(text, mark);
	size_t size = strlen(text) + strlen(mount) + 1;
	char *whole = malloc(size);

	assert_non_null(whole);
	if (at)
		snprintf(whole, size, "%.*s%s%s", (int)(at - text), text, mount,
			 at + sizeof(mark) - 1);
	else
		strcpy(whole, text);
	fake_write_proc(tree, file, whole);
	free(whole);
}

static void make_proc(struct fake_tree *tree, const char *process)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/proc/%s", tree->root, process);
	assert_int_equal(mkdir(path, 0755), 0);
}

static struct cgroup_tree look_up(struct fake_tree *fake)
{
	struct cgroup_tree tree;
	char proc[128];

	snprintf(proc, sizeof(proc), "%s/proc", fake->root);
	assert_int_equal(cgroup_tree_init(&tree, proc, NULL), 0);
	return tree;
}

struct story {
	const char *kernel, *file, *controllers;
	enum cgroup_mode mode;
};

static void mounts_of_every_kernel(void **state)
{
	static const struct story stories[] = {
		{ "6.1", "mountinfo-pure", "cpuset cpu io memory pids\n", CGROUP_MODE_PURE },
		{ "6.12", "mountinfo-pure", "memory\n", CGROUP_MODE_PURE },
		{ "6.12", "mountinfo-container", "cpu memory\n", CGROUP_MODE_PURE },
		{ "6.18", "mountinfo-hybrid", "hugetlb\n", CGROUP_MODE_HYBRID },
		{ "6.18", "mountinfo-hybrid", "", CGROUP_MODE_HYBRID },
		{ "6.18", "mountinfo-hybrid", "memoryless\n", CGROUP_MODE_HYBRID },
	};

	for (size_t i = 0; i < N(stories); i++) {
		_cleanup_(fake_tree_done) struct fake_tree fake = fake_tree_new();
		char *text = fixture_read(stories[i].kernel, stories[i].file);
		struct cgroup_tree tree;

		make_proc(&fake, "self");
		put(&fake, "self/mountinfo", text, fake_path(&fake, ""));
		fake_write(&fake, "/cgroup.controllers", stories[i].controllers);
		tree = look_up(&fake);
		assert_int_equal(tree.mode, stories[i].mode);
		assert_string_equal(tree.mount, fake_path(&fake, ""));
		cgroup_tree_done(&tree);
		free(text);
	}
}

static void blanks_in_a_mount_are_unescaped(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree fake = fake_tree_new();
	char escaped[sizeof(fake.path) + 32];
	struct cgroup_tree tree;

	make_proc(&fake, "self");
	fake_mkdir(&fake, "/a b\\\tc");
	fake_write(&fake, "/a b\\\tc/cgroup.controllers", "memory\n");
	snprintf(escaped, sizeof(escaped), "%s/a\\040b\\134\\011c", fake_path(&fake, ""));
	put(&fake, "self/mountinfo", "41 31 0:38 / @MOUNT@ rw - cgroup2 cgroup2 rw\n", escaped);
	tree = look_up(&fake);
	assert_int_equal(tree.mode, CGROUP_MODE_PURE);
	assert_string_equal(tree.mount, fake_path(&fake, "/a b\\\tc"));
	cgroup_tree_done(&tree);
}

/* Cut anywhere, either nothing is found or the right place; never a piece of its name. */
static void a_cut_mountinfo_finds_nothing(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree fake = fake_tree_new();
	char *text = fixture_read("6.18", "mountinfo-hybrid");
	unsigned int n_found = 0;

	make_proc(&fake, "self");
	for (size_t n = 0; n <= strlen(text); n++) {
		char *cut = fixture_cut(text, n);
		struct cgroup_tree tree;

		put(&fake, "self/mountinfo", cut, fake_path(&fake, ""));
		tree = look_up(&fake);
		if (tree.mode != CGROUP_MODE_NONE) {
			assert_string_equal(tree.mount, fake_path(&fake, ""));
			n_found++;
		}
		cgroup_tree_done(&tree);
		free(cut);
	}
	assert_int_equal(n_found, 1);
	free(text);
}

static void garbled_mountinfo_finds_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n\n",
		"- cgroup2\n",
		"41 31 0:38 / - cgroup2 cgroup2 rw\n",
		"41 31 0:38 relative relative rw - cgroup2 cgroup2 rw\n",
		"41 31 0:38 / /tmp rw - cgroup cgroup2 rw\n",
		"41 31 0:38 / /tmp rw cgroup2 cgroup2 rw\n",
	};
	char *huge = fixture_huge("41 31 0:38 / /tmp rw,relatime - tmpfs tmpfs rw\n", "");

	for (size_t i = 0; i <= N(texts); i++) {
		_cleanup_(fake_tree_done) struct fake_tree fake = fake_tree_new();
		struct cgroup_tree tree;

		make_proc(&fake, "self");
		put(&fake, "self/mountinfo", i < N(texts) ? texts[i] : huge, "");
		tree = look_up(&fake);
		assert_int_equal(tree.mode, CGROUP_MODE_NONE);
		assert_null(tree.mount);
		cgroup_tree_done(&tree);
	}
	free(huge);
}

/* As after a line of lxcfs that was cut: what it names is not there, the other one is. */
static void a_mount_that_is_not_there_is_not_preferred(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree tree = fake_tree_new();
	_cleanup_(cgroup_tree_done) struct cgroup_tree t = {};
	char text[2 * PATH_MAX];

	fake_mkdir(&tree, "/there");
	snprintf(text, sizeof(text),
		 "30 1 0:1 /../.. /nowhere rw - cgroup2 none rw\n"
		 "31 1 0:1 / %s rw - cgroup2 none rw\n"
		 "32 1 0:1 / /gone rw - cgroup2 none rw\n",
		 fake_path(&tree, "/there"));
	make_proc(&tree, "self");
	fake_write_proc(&tree, "self/mountinfo", text);
	t = look_up(&tree);
	assert_string_equal(t.mount, fake_path(&tree, "/there"));
}

static void errors_are_told(void **state)
{
	struct cgroup_tree tree;

	assert_int_equal(cgroup_tree_init(&tree, "/nonexistent", NULL), -ENOENT);
	assert_int_equal(cgroup_tree_init(&tree, NULL, "/nonexistent"), -ENOENT);
	assert_int_equal(cgroup_tree_init(&tree, NULL, "/dev/null"), -ENOTDIR);
}

static void the_path_of_a_process(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *path;
	} rows[] = {
		{ "0::/system.slice/foo.service\n", 0, "/system.slice/foo.service" },
		{ "9:name=systemd:/x\n4:memory:/y\n0::/a b:c\n", 0, "/a b:c" },
		{ "0::/\n", 0, "/" },
		{ "0::/foo.service (deleted)\n", -ESRCH, NULL },
		{ "0::/../outside.scope\n", -ENODATA, NULL },
		{ "4:memory:/y\n", -ENODATA, NULL },
		{ "0::/cut.serv", -ENODATA, NULL },
		{ "0::\n", -ENODATA, NULL },
		{ "", -ENODATA, NULL },
	};
	_cleanup_(fake_tree_done) struct fake_tree fake = fake_tree_new();
	struct cgroup_tree tree = fake_tree_open(&fake);
	char *path = NULL;

	make_proc(&fake, "17");
	for (size_t i = 0; i < N(rows); i++) {
		put(&fake, "17/cgroup", rows[i].text, "");
		assert_int_equal(cgroup_tree_path_of_pid(&tree, 17, &path), rows[i].result);
		if (rows[i].path)
			assert_string_equal(path, rows[i].path);
		free(path);
		path = NULL;
	}
	assert_int_equal(cgroup_tree_path_of_pid(&tree, 18, &path), -ESRCH);
	cgroup_tree_done(&tree);
}

static void a_kernel_without_cgroup2_has_no_tree_to_wait_for(void **state)
{
	static const struct {
		const char *text;
		bool is_possible;
	} rows[] = {
		{ "nodev\tproc\nnodev\tcgroup\nnodev\tcgroup2\n\text4\n", true },
		{ "nodev\tproc\nnodev\tcgroup\n\text4\n", false },
		{ "", true }, /* it cannot be told */
	};
	struct fake_tree fake = fake_tree_new();
	struct cgroup_tree tree = fake_tree_open(&fake);

	assert_true(cgroup_tree_is_possible(&tree));
	for (size_t i = 0; i < N(rows); i++) {
		fake_write_proc(&fake, "filesystems", rows[i].text);
		assert_int_equal(cgroup_tree_is_possible(&tree), rows[i].is_possible);
	}
	cgroup_tree_done(&tree);
	fake_tree_done(&fake);
}

/* Whatever this machine is, the answers must fit together. */
static void this_machine(void **state)
{
	struct cgroup_tree tree;
	struct stat st;

	assert_int_equal(cgroup_tree_init(&tree, NULL, NULL), 0);
	if (tree.mode == CGROUP_MODE_NONE)
		assert_null(tree.mount);
	else
		assert_int_equal(stat(tree.mount, &st), 0);
	print_message("cgroup mode here: %s, %s\n", cgroup_mode_name(tree.mode),
		      tree.mount ? tree.mount : "no v2 tree");
	cgroup_tree_done(&tree);
}

static void of_two_mounts_that_show_as_much_the_first_is_taken(void **state)
{
	_cleanup_(fake_tree_done) struct fake_tree tree = fake_tree_new();
	_cleanup_(cgroup_tree_done) struct cgroup_tree t = {};
	char text[3 * PATH_MAX], first[PATH_MAX];

	fake_mkdir(&tree, "/first");
	fake_mkdir(&tree, "/second");
	snprintf(first, sizeof(first), "%s", fake_path(&tree, "/first"));
	snprintf(text, sizeof(text),
		 "30 1 0:1 / %s rw - cgroup2 none rw\n"
		 "31 1 0:1 / %s rw - cgroup2 none rw\n",
		 first, fake_path(&tree, "/second"));
	make_proc(&tree, "self");
	fake_write_proc(&tree, "self/mountinfo", text);
	t = look_up(&tree);
	assert_string_equal(t.mount, first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts_of_every_kernel),
		cmocka_unit_test(blanks_in_a_mount_are_unescaped),
		cmocka_unit_test(a_cut_mountinfo_finds_nothing),
		cmocka_unit_test(garbled_mountinfo_finds_nothing),
		cmocka_unit_test(a_mount_that_is_not_there_is_not_preferred),
		cmocka_unit_test(errors_are_told),
		cmocka_unit_test(the_path_of_a_process),
		cmocka_unit_test(a_kernel_without_cgroup2_has_no_tree_to_wait_for),
		cmocka_unit_test(this_machine),
		cmocka_unit_test(of_two_mounts_that_show_as_much_the_first_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
