/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/groups/group_match.h"

#include <limits.h>

#include "fixture.h"

static void add(struct pattern_list *list, const char *pattern)
{
	assert_true(strlen(pattern) < PROFILE_PATTERN_SIZE);
	strcpy(list->pattern[list->n++], pattern);
}

struct row {
	const char *path;
	bool listed, may_hold, named, protected;
};

static void check(const struct profile *profile, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];

		if (group_match_listed(profile, row->path) != row->listed)
			fail_msg("%s: listed %d", row->path, !row->listed);
		if (group_match_may_hold(profile, row->path) != row->may_hold)
			fail_msg("%s: may hold %d", row->path, !row->may_hold);
		if (group_match_named(profile, row->path) != row->named)
			fail_msg("%s: named %d", row->path, !row->named);
		if (group_match_protected(profile, row->path) != row->protected)
			fail_msg("%s: protected %d", row->path, !row->protected);
	}
}

static void unit_patterns(void **state)
{
	static const struct row rows[] = {
		{ "/", false, true, false, false },
		{ "/system.slice", false, true, false, false },
		{ "/system.slice/a.service", true, false, false, false },
		{ "/system.slice/_db.service", true, false, true, false },
		{ "/system.slice/db.service/worker", false, false, false, false },
		{ "/system.slice/dbus.service", true, false, false, true },
		{ "/user.slice/user-1.slice/user@1.service", true, true, false, false },
		{ "/user.slice/user-1.slice/user@1.service/init.scope", true, false, false, true },
		{ "/init.scope/below", false, false, false, true },
		{ "/docker", false, false, false, false },
	};
	struct profile profile = {};

	add(&profile.units, "*.service");
	add(&profile.units, "db.service");
	add(&profile.protected_units, "init.scope");
	add(&profile.protected_units, "dbus*.service");
	check(&profile, rows, N(rows));
}

static void names_match_as_they_are_printed(void **state)
{
	static const struct row rows[] = {
		{ "/a/app-gnome-firefox\\x2dw-2504.scope", true, false, true, true },
		{ "/a/app-gnome-firefox-w-2504.scope", false, false, false, false },
		{ "/a/app-gnome-firefoxx2dw-2504.scope", false, false, false, false },
		{ "/a/dev-disk-by\\x2duuid-1.swap", true, false, false, false },
		{ "/a/system-backup\\x2dprune.slice/b", false, false, false, true },
		{ "/a/bad\xff.service", true, false, false, true },
		{ "/a/odd[1]*.service", true, false, false, false },
		{ "/lxc/a\\x2db", true, false, true, false },
		{ "/lxc/bad\xff", true, false, false, false },
	};
	struct profile profile = {};

	add(&profile.units, "app-gnome-firefox\\x2dw-2504.scope");
	add(&profile.units, "dev-disk-by\\x2duuid-*.swap");
	add(&profile.units, "bad*.service");
	add(&profile.units, "odd[1]*.service");
	add(&profile.paths, "/lxc/a\\x2db");
	add(&profile.paths, "/lxc/bad\\xff");
	add(&profile.protected_units, "app-gnome-firefox\\x2dw-2504.scope");
	add(&profile.protected_units, "system-backup\\x2dprune.slice");
	add(&profile.protected_units, "bad\\xff.service");
	check(&profile, rows, N(rows));
}

static void a_unit_of_255_bytes_can_be_named(void **state)
{
	char name[256], path[300];
	struct profile profile = {};

	memset(name, 'x', 247);
	strcpy(name + 247, ".service");
	snprintf(path, sizeof(path), "/system.slice/%s", name);
	add(&profile.protected_units, name);
	assert_true(group_match_protected(&profile, path));
	name[0] = 'y';
	snprintf(path, sizeof(path), "/system.slice/%s", name);
	assert_false(group_match_protected(&profile, path));
}

static void path_patterns(void **state)
{
	static const struct row rows[] = {
		{ "/", false, true, false, false },
		{ "/kubepods.slice", false, true, false, false },
		{ "/kubepods.slice/pod1", true, true, false, false },
		{ "/kubepods.slice/pod1/ctr", false, true, false, false },
		{ "/kubepods.slice/pod1/ctr/app", true, false, false, false },
		{ "/system.slice", false, true, false, false },
		{ "/system.slice/db.service", true, false, true, false },
		{ "/system.slice/web.service", false, false, false, false },
		{ "/system.slicer", false, false, false, false },
		{ "/user.slice", false, false, false, false },
	};
	struct profile profile = {};

	add(&profile.paths, "/kubepods.slice/*");
	add(&profile.paths, "/kubepods.slice/*/*/app");
	add(&profile.paths, "/system.slice/db.service");
	check(&profile, rows, N(rows));
}

static void who_is_never_held_still(void **state)
{
	static const struct {
		const char *path;
		bool unbraked;
	} rows[] = {
		{ "/", true },
		{ "/init.scope", true },
		{ "/system.slice", true },
		{ "/system.slice/a.service", false },
		{ "/system.slice/a.service/worker", false },
		{ "/system.slice/dbus.service", true },
		{ "/system.slice/dbus-broker.service", true },
		{ "/system.slice/systemd-journald.service", true },
		{ "/system.slice/system-systemd\\x2djournald.slice/systemd-journald@x.service",
		  true },
		{ "/system.slice/systemd-logind.service", true },
		{ "/system.slice/docker-abc.scope", false },
		{ "/reliefd.slice/reliefd.service", true },
		{ "/user.slice/user-1.slice/session-2.scope", true },
		{ "/user.slice/user-1.slice/session-2.scope/below", true },
		{ "/user.slice/user-1.slice/user@1.service", true },
		{ "/user.slice/user-1.slice/user@1.service/init.scope", true },
		{ "/user.slice/user-1.slice/user@1.service/session.slice/dbus.service", true },
		{ "/user.slice/user-1.slice/user@1.service/app.slice/app-x.scope", false },
		{ "/kubepods.slice/kubepods-pod1.slice/cri-abc.scope", true },
		{ "/kubepods/pod1/ctr", true },
		{ "/batch.slice/db-1.service", true },
		{ "/batch.slice/job.service", false },
		{ "/system.slice/shield.service", true },
	};
	struct profile profile;

	profile_init(&profile);
	add(&profile.brake_exclude, "db-*.service");
	add(&profile.protected_units, "shield.service");
	for (size_t i = 0; i < N(rows); i++)
		if (group_match_unbraked(&profile, rows[i].path) != rows[i].unbraked)
			fail_msg("%s: unbraked %d", rows[i].path, !rows[i].unbraked);

	/* Kubernetes is a matter of the profile, the others are not. */
	profile.brake_exclude.n = profile.protected_units.n = 0;
	assert_false(group_match_unbraked(&profile, "/kubepods.slice/pod1.slice/cri-abc.scope"));
	assert_true(group_match_unbraked(&profile, "/init.scope"));
	assert_true(group_match_unbraked(&profile, "/user.slice/user-1.slice/session-2.scope"));
}

/* By unit or by path, and with all that is below. */
static void what_is_excluded(void **state)
{
	static const struct {
		const char *path, *pattern;
	} rows[] = {
		{ "/", NULL },
		{ "/system.slice", NULL },
		{ "/system.slice/mydb.service", "mydb.service" },
		{ "/system.slice/mydb.service/worker/1", "mydb.service" },
		{ "/system.slice/mydb.service.d", NULL },
		{ "/system.slice/_db.service", "db.service" }, /* systemd's escape */
		{ "/system.slice/dbx.service", NULL },
		{ "/batch.slice/job-1.service", "batch.slice" },
		{ "/kubepods.slice/kubepods-podX.slice", NULL },
		{ "/kubepods.slice/kubepods-podX.slice/cri-containerd-1.scope",
		  "/kubepods.slice/*/*" },
		{ "/kubepods.slice/kubepods-podX.slice/cri-containerd-1.scope/init",
		  "/kubepods.slice/*/*" },
	};
	struct profile profile = {};

	add(&profile.exclude, "mydb.service");
	add(&profile.exclude, "db.service");
	add(&profile.exclude, "batch.slice");
	add(&profile.exclude, "/kubepods.slice/*/*");
	for (size_t i = 0; i < N(rows); i++) {
		const char *pattern = group_match_excluded(&profile, rows[i].path);

		if (!pattern != !rows[i].pattern ||
		    (pattern && strcmp(pattern, rows[i].pattern) != 0))
			fail_msg("%s: excluded by %s", rows[i].path, pattern);
	}
}

/* It is looked for: reclaim from a slice or a service above it must not reach it. */
static void what_is_excluded_is_under_control(void **state)
{
	static const struct row rows[] = {
		{ "/", false, true, false, false },
		{ "/app.slice", true, true, true, false },
		{ "/app.slice/db.service", true, true, false, false },
		{ "/app.slice/db.service/store", true, false, false, false },
		{ "/app.slice/web.service", false, true, false, false },
		{ "/app.slice/sshd.service", true, true, false, true },
	};
	struct profile profile = {};

	add(&profile.units, "app.slice");
	add(&profile.exclude, "db.service");
	add(&profile.exclude, "/app.slice/*/store");
	add(&profile.protected_units, "sshd.service");
	check(&profile, rows, N(rows));
}

static void add_rank(struct profile *profile, const char *pattern, int32_t priority)
{
	strcpy(profile->ranks.rank[profile->ranks.n].pattern, pattern);
	profile->ranks.rank[profile->ranks.n++].priority = priority;
}

static void which_priority_counts(void **state)
{
	static const struct {
		const char *path;
		int32_t priority;
	} rows[] = {
		{ "/", 0 },
		{ "/batch.slice", -10 },
		{ "/batch.slice/job.service", -10 },
		{ "/batch.slice/mydb.service", 20 }, /* the innermost that matches */
		{ "/batch.slice/mydb.service/worker", 20 },
		{ "/system.slice/mydb.service", 20 }, /* of these the last */
		{ "/system.slice/yourdb.service", 5 },
		{ "/kubepods/pod1/ctr", 7 },
		{ "/kubepods/pod1", 0 },
	};
	struct profile profile = {};

	add_rank(&profile, "*db.service", 5);
	add_rank(&profile, "mydb.service", 20);
	add_rank(&profile, "batch.slice", -10);
	add_rank(&profile, "/kubepods/*/*", 7);
	for (size_t i = 0; i < N(rows); i++) {
		const struct rank *rank = group_match_rank(&profile, rows[i].path);

		if ((rank ? rank->priority : 0) != rows[i].priority)
			fail_msg("%s: priority %d", rows[i].path, rank ? rank->priority : 0);
	}
}

static void an_empty_profile_lists_nothing(void **state)
{
	static const struct row rows[] = {
		{ "/", false, false, false, false },
		{ "/system.slice", false, false, false, false },
	};
	struct profile profile = {};

	check(&profile, rows, N(rows));
}

static void below_is_by_whole_elements(void **state)
{
	assert_true(path_is_below("/a/b", "/"));
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a", "/a"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/a", "/a/b"));
}

static void what_is_excluded_may_be_written_as_it_is_shown(void **unused)
{
	struct profile profile;

	profile_init(&profile);
	strcpy(profile.exclude.pattern[0], "app-firefox\\x2dw-2504.scope");
	strcpy(profile.exclude.pattern[1], "bad\\xff.service");
	profile.exclude.n = 2;
	assert_non_null(group_match_excluded(&profile, "/app.slice/app-firefox\\x2dw-2504.scope"));
	assert_non_null(group_match_excluded(&profile, "/app.slice/bad\xff.service"));
	assert_null(group_match_excluded(&profile, "/app.slice/good.service"));
}

/* No cgroup has such a path: PATH_MAX is what can be opened. */
static void a_path_that_is_too_long_matches_nothing(void **unused)
{
	struct profile profile = {};
	char path[PATH_MAX + 16];

	add(&profile.exclude, "a*");
	add_rank(&profile, "a*", 5);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[PATH_MAX - 1] = '\0';
	assert_non_null(group_match_excluded(&profile, path));
	assert_non_null(group_match_rank(&profile, path));
	path[PATH_MAX - 1] = 'a';
	path[PATH_MAX] = '\0';
	assert_null(group_match_excluded(&profile, path));
	assert_null(group_match_rank(&profile, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unit_patterns),
		cmocka_unit_test(names_match_as_they_are_printed),
		cmocka_unit_test(a_unit_of_255_bytes_can_be_named),
		cmocka_unit_test(path_patterns),
		cmocka_unit_test(who_is_never_held_still),
		cmocka_unit_test(what_is_excluded),
		cmocka_unit_test(what_is_excluded_is_under_control),
		cmocka_unit_test(which_priority_counts),
		cmocka_unit_test(an_empty_profile_lists_nothing),
		cmocka_unit_test(below_is_by_whole_elements),
		cmocka_unit_test(what_is_excluded_may_be_written_as_it_is_shown),
		cmocka_unit_test(a_path_that_is_too_long_matches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
