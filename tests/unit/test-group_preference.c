/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include "controller/groups/group_preference.h"
#include "fixture.h"
#include "group_world.h"

/*
 * The fake tree's root directory is the root of unit files, too: ROOT/etc/systemd/system.
 */
#define UNITS "/etc/systemd/system"

static unsigned int n_changed;

static void on_changed(void *data, const struct group *group)
{
	n_changed++;
}

static void put(struct world *w, const char *file, const char *text)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s%s", w->fake.root, file);
	fake_write_full(path, text);
}

static void make(struct world *w, const char *directory)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s%s", w->fake.root, directory);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void open_with_units(struct world *w)
{
	make(w, "/etc");
	make(w, "/etc/systemd");
	make(w, UNITS);
	w->unit_root = w->fake.root;
	world_open(w, MAX_GROUPS);
	n_changed = 0;
	assert_int_equal(
		group_set_listen(w->set, &(struct group_listener){ .changed = on_changed }), 0);
}

static bool is_excluded(struct world *w, const char *path)
{
	struct group *group = group_set_find(w->set, path);

	assert_non_null(group);
	return group->flags & GROUP_IS_EXCLUDED;
}

static int32_t priority_of(struct world *w, const char *path)
{
	struct group *group = group_set_find(w->set, path);

	assert_non_null(group);
	return group->priority;
}

static const char *origin_of(struct world *w, const char *path)
{
	static char buf[4352];
	struct preferences found;

	group_set_preferences(w->set, group_set_find(w->set, path), &found);
	return group_preference_origin(&found.exclude, "Exclude", "server", buf, sizeof(buf));
}

static int set_attribute(struct world *w, const char *path, const char *name)
{
	int r = setxattr(fake_path(&w->fake, path), name, "1", 1, 0);

	return r < 0 ? -errno : 0;
}

/* tmpfs has no user attributes before Linux 6.6; the VM tests try those of real cgroups. */
static void need_attributes(struct world *w)
{
	if (set_attribute(w, "/user.slice", "user.test") == -ENOTSUP)
		skip();
}

static void the_profile_excludes_and_ranks(void **state)
{
	struct world *w = *state;

	name(&w->profile.exclude, "a.service");
	strcpy(w->profile.ranks.rank[0].pattern, "system.slice");
	w->profile.ranks.rank[0].priority = 5;
	w->profile.ranks.n = 1;
	world_open(w, MAX_GROUPS);
	assert_true(is_excluded(w, "/system.slice/a.service"));
	assert_false(is_excluded(w, "/system.slice/sshd.service"));
	assert_int_equal(priority_of(w, "/system.slice/sshd.service"), 5);
	assert_int_equal(priority_of(w, "/pods/one"), 0);
	assert_string_equal(origin_of(w, "/system.slice/a.service"),
			    "Exclude=a.service in [Groups] of profile server");
	assert_string_equal(origin_of(w, "/pods/one"), "");
	/* What a module's process calls its own cgroup below it is no way out. */
	fake_mkdir(&w->fake, "/system.slice/a.service/sub");
	struct group *sub;
	assert_int_equal(group_set_ensure(w->set, "/system.slice/a.service/sub", &sub), 0);
	assert_true(sub->flags & GROUP_IS_EXCLUDED);
}

static void a_dropin_excludes_a_unit_that_starts(void **state)
{
	struct world *w = *state;
	char expected[1024];

	open_with_units(w);
	make(w, UNITS "/db.service.d");
	put(w, UNITS "/db.service.d/relief.conf", "[X-Relief]\nExclude=yes\nPriority=9\n");
	assert_int_equal(n_changed, 0);
	fake_mkdir(&w->fake, "/system.slice/db.service");
	settle(w);
	assert_true(is_excluded(w, "/system.slice/db.service"));
	assert_int_equal(priority_of(w, "/system.slice/db.service"), 9);
	snprintf(expected, sizeof(expected), "%s" UNITS "/db.service.d/relief.conf:2",
		 w->fake.root);
	assert_string_equal(origin_of(w, "/system.slice/db.service"), expected);
	assert_false(is_excluded(w, "/system.slice/a.service"));
}

static void a_reload_reads_the_unit_files_again(void **state)
{
	struct world *w = *state;

	open_with_units(w);
	make(w, UNITS "/a.service.d");
	put(w, UNITS "/a.service.d/relief.conf", "[X-Relief]\nExclude=yes\n");
	assert_false(is_excluded(w, "/system.slice/a.service"));
	group_set_use_profile(w->set, &w->profile);
	assert_true(is_excluded(w, "/system.slice/a.service"));
	assert_int_equal(n_changed, 1);
	put(w, UNITS "/a.service.d/relief.conf", "[X-Relief]\nExclude=no\n");
	group_set_use_profile(w->set, &w->profile);
	assert_false(is_excluded(w, "/system.slice/a.service"));
	assert_int_equal(n_changed, 2);
}

/* A disk may take long when memory is short; what is known already goes for a new group, too. */
static void files_are_left_alone_while_memory_is_short(void **state)
{
	struct world *w = *state;

	open_with_units(w);
	make(w, UNITS "/known.service.d");
	put(w, UNITS "/known.service.d/relief.conf", "[X-Relief]\nExclude=yes\n");
	group_set_use_profile(w->set, &w->profile);
	group_set_allow_reading(w->set, false);
	make(w, UNITS "/new.service.d");
	put(w, UNITS "/new.service.d/relief.conf", "[X-Relief]\nExclude=yes\n");
	fake_mkdir(&w->fake, "/system.slice/known.service");
	fake_mkdir(&w->fake, "/system.slice/new.service");
	settle(w);
	assert_true(is_excluded(w, "/system.slice/known.service"));
	assert_false(is_excluded(w, "/system.slice/new.service"));
	group_set_allow_reading(w->set, true);
	assert_true(is_excluded(w, "/system.slice/new.service"));
}

static void what_a_unit_says_goes_for_all_below(void **state)
{
	struct world *w = *state;
	struct group *sub;

	open_with_units(w);
	make(w, UNITS "/system.slice.d");
	put(w, UNITS "/system.slice.d/relief.conf", "[X-Relief]\nExclude=yes\n");
	put(w, UNITS "/b.service", "[X-Relief]\nExclude=no\n");
	fake_mkdir(&w->fake, "/system.slice/b.service");
	fake_mkdir(&w->fake, "/system.slice/b.service/sub");
	group_set_use_profile(w->set, &w->profile);
	assert_true(is_excluded(w, "/system.slice/a.service"));
	/* The innermost unit that says something. */
	assert_int_equal(group_set_ensure(w->set, "/system.slice/b.service/sub", &sub), 0);
	assert_false(sub->flags & GROUP_IS_EXCLUDED);
}

/* A unit of a user, or of a systemd in a container, may have any name. */
static void only_units_of_the_host_go_by_its_files(void **state)
{
	static const char *const paths[] = {
		"/user.slice/user-1.slice",
		"/user.slice/user-1.slice/user@1.service",
		"/user.slice/user-1.slice/user@1.service/app.slice",
		"/user.slice/user-1.slice/user@1.service/app.slice/db.service",
		"/system.slice/a.service/system.slice",
		"/system.slice/a.service/system.slice/db.service",
	};
	struct world *w = *state;
	struct group *group;

	open_with_units(w);
	put(w, UNITS "/db.service", "[X-Relief]\nExclude=yes\nPriority=50\n");
	for (size_t i = 0; i < N(paths); i++) {
		fake_mkdir(&w->fake, paths[i]);
		assert_int_equal(group_set_ensure(w->set, paths[i], &group), 0);
		assert_false(group->flags & GROUP_IS_EXCLUDED);
		assert_int_equal(group->priority, 0);
	}
}

static void the_attributes_of_systemd_are_honoured_at_once(void **state)
{
	struct world *w = *state;

	need_attributes(w);
	open_with_units(w);
	/* systemd makes the cgroup first and sets its attributes then. */
	fake_mkdir(&w->fake, "/system.slice/b.service");
	settle(w);
	assert_false(is_excluded(w, "/system.slice/b.service"));
	assert_int_equal(set_attribute(w, "/system.slice/b.service", "user.oomd_omit"), 0);
	assert_int_equal(set_attribute(w, "/system.slice/a.service", "user.oomd_avoid"), 0);
	settle(w);
	assert_true(is_excluded(w, "/system.slice/b.service"));
	assert_int_equal(priority_of(w, "/system.slice/b.service"), 0);
	assert_false(is_excluded(w, "/system.slice/a.service"));
	assert_int_equal(priority_of(w, "/system.slice/a.service"), PRIORITY_MAX);
	assert_int_equal(n_changed, 2);
	assert_string_equal(origin_of(w, "/system.slice/b.service"),
			    "attribute user.oomd_omit of /system.slice/b.service");
	assert_int_equal(
		removexattr(fake_path(&w->fake, "/system.slice/b.service"), "user.oomd_omit"), 0);
	settle(w);
	assert_false(is_excluded(w, "/system.slice/b.service"));
}

/* Whoever owns a cgroup sets its attributes: a user must not get away from giving by that. */
static void attributes_count_only_on_cgroups_of_root(void **state)
{
	struct world *w = *state;
	struct group *group;

	need_attributes(w);
	if (geteuid() != 0)
		skip();
	open_with_units(w);
	fake_mkdir(&w->fake, "/user.slice/user-1.slice");
	fake_mkdir(&w->fake, "/user.slice/user-1.slice/user@1.service");
	fake_mkdir(&w->fake, "/user.slice/user-1.slice/user@1.service/mine.service");
	assert_int_equal(
		chown(fake_path(&w->fake, "/user.slice/user-1.slice/user@1.service"), 1, 1), 0);
	assert_int_equal(
		set_attribute(w, "/user.slice/user-1.slice/user@1.service", "user.oomd_omit"), 0);
	/* Nor on one that root made below. */
	assert_int_equal(set_attribute(w, "/user.slice/user-1.slice/user@1.service/mine.service",
				       "user.oomd_omit"),
			 0);
	assert_int_equal(group_set_ensure(w->set,
					  "/user.slice/user-1.slice/user@1.service/mine.service",
					  &group),
			 0);
	assert_false(group->flags & GROUP_IS_EXCLUDED);
	assert_false(is_excluded(w, "/user.slice/user-1.slice/user@1.service"));
	/* One above that says so excludes them with it. */
	assert_int_equal(set_attribute(w, "/user.slice/user-1.slice", "user.oomd_omit"), 0);
	settle(w);
	assert_true(group->flags & GROUP_IS_EXCLUDED);
}

static void profile_before_unit_file_before_attribute(void **state)
{
	struct world *w = *state;

	need_attributes(w);
	open_with_units(w);
	assert_int_equal(set_attribute(w, "/system.slice/a.service", "user.oomd_omit"), 0);
	assert_int_equal(set_attribute(w, "/system.slice/a.service", "user.oomd_avoid"), 0);
	settle(w);
	assert_true(is_excluded(w, "/system.slice/a.service"));
	put(w, UNITS "/a.service", "[X-Relief]\nExclude=no\nPriority=3\n");
	group_set_use_profile(w->set, &w->profile);
	assert_false(is_excluded(w, "/system.slice/a.service"));
	assert_int_equal(priority_of(w, "/system.slice/a.service"), 3);
	name(&w->profile.exclude, "a.service");
	strcpy(w->profile.ranks.rank[0].pattern, "a.service");
	w->profile.ranks.rank[0].priority = -4;
	w->profile.ranks.n = 1;
	group_set_use_profile(w->set, &w->profile);
	assert_true(is_excluded(w, "/system.slice/a.service"));
	assert_int_equal(priority_of(w, "/system.slice/a.service"), -4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_profile_excludes_and_ranks),
		TEST(a_dropin_excludes_a_unit_that_starts),
		TEST(a_reload_reads_the_unit_files_again),
		TEST(files_are_left_alone_while_memory_is_short),
		TEST(what_a_unit_says_goes_for_all_below),
		TEST(only_units_of_the_host_go_by_its_files),
		TEST(the_attributes_of_systemd_are_honoured_at_once),
		TEST(attributes_count_only_on_cgroups_of_root),
		TEST(profile_before_unit_file_before_attribute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
