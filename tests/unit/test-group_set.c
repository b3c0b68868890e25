/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/inotify.h>
#include <sys/resource.h>

#include "fixture.h"
#include "group_world.h"

static void what_the_profile_names_is_there(void **state)
{
	struct world *w = *state;
	struct group *g;

	world_open(w, MAX_GROUPS);
	/* The host, system.slice, a, sshd, pods, one. */
	assert_int_equal(group_set_size(w->set), 6);
	assert_int_equal(w->n_added, 6);
	g = group_set_get(w->set, GROUP_SLOT_HOST);
	assert_string_equal(g->path, "/");
	assert_int_equal(g->parent_slot, SLOT_NONE);
	g = group_set_find(w->set, "/system.slice");
	assert_int_equal(g->flags, GROUP_IS_CONTEXT | GROUP_IS_UNBRAKED);
	assert_int_equal(g->parent_slot, GROUP_SLOT_HOST);
	assert_int_equal(group_set_find(w->set, "/system.slice/a.service")->parent_slot, g->slot);
	assert_int_equal(group_set_find(w->set, "/system.slice/a.service")->flags, 0);
	assert_int_equal(group_set_find_unit(w->set, "sshd.service")->flags,
			 GROUP_IS_PROTECTED | GROUP_IS_UNBRAKED);
	assert_non_null(group_set_find(w->set, "/pods/one"));
	assert_null(group_set_find(w->set, "/user.slice"));
	assert_null(group_set_find(w->set, "/system.slice/boot.mount"));
	assert_null(group_set_find_unit(w->set, "b.service"));
}

static void births_are_noticed(void **state)
{
	struct world *w = *state;

	world_open(w, MAX_GROUPS);
	fake_mkdir(&w->fake, "/system.slice/b.service");
	fake_mkdir(&w->fake, "/system.slice/b.mount");
	/* A slice and what is put into it before anybody can have watched it. */
	fake_mkdir(&w->fake, "/user.slice/user-1.slice");
	fake_mkdir(&w->fake, "/user.slice/user-1.slice/user@1.service");
	fake_mkdir(&w->fake, "/user.slice/user-1.slice/user@1.service/app.slice");
	fake_mkdir(&w->fake, "/user.slice/user-1.slice/user@1.service/app.slice/x.service");
	settle(w);
	assert_int_equal(w->n_wakes, 1);
	assert_int_equal(group_set_size(w->set), 6 + 1 + 5);
	assert_int_equal(group_set_find_unit(w->set, "b.service")->flags, 0);
	assert_int_equal(group_set_find_unit(w->set, "app.slice")->flags,
			 GROUP_IS_CONTEXT | GROUP_IS_UNBRAKED);
	fake_mkdir(&w->fake, "/user.slice/user-1.slice/user@1.service/app.slice/y.service");
	settle(w);
	assert_non_null(group_set_find_unit(w->set, "y.service"));
	/* What nobody asked for wakes nobody. */
	fake_mkdir(&w->fake, "/system.slice/c.mount");
	settle(w);
	assert_int_equal(w->n_wakes, 2);
}

static void deaths_are_told_once_and_slots_are_used_again(void **state)
{
	struct world *w = *state;
	uint32_t slot;
	uint64_t id;

	world_open(w, MAX_GROUPS);
	slot = group_set_find_unit(w->set, "a.service")->slot;
	id = group_set_find_unit(w->set, "a.service")->id;
	fake_rmdir(&w->fake, "/system.slice/a.service");
	settle(w);
	assert_int_equal(w->n_removed, 1);
	assert_string_equal(w->last_removed, "/system.slice/a.service");
	assert_null(group_set_find_unit(w->set, "a.service"));
	assert_int_equal(group_set_size(w->set), 5);

	/* Until it was told, and during that step, the slot is nobody else's. */
	fake_mkdir(&w->fake, "/system.slice/b.service");
	settle(w);
	assert_int_not_equal(group_set_find_unit(w->set, "b.service")->slot, slot);
	collect(w);
	assert_int_equal(w->seen.n_groups, 1);
	assert_int_equal(w->seen.groups[0].id, id);
	assert_int_equal(w->seen.groups[0].slot, slot);
	assert_int_equal(w->seen.groups[0].flags, GROUP_IS_GONE);
	assert_int_equal(w->seen.groups[0].has, 0);
	assert_string_equal(group_set_get(w->set, slot)->path, "/system.slice/a.service");
	collect(w);
	assert_int_equal(w->seen.n_groups, 0);
	assert_null(group_set_get(w->set, slot));
	fake_mkdir(&w->fake, "/system.slice/c.service");
	settle(w);
	assert_int_equal(group_set_find_unit(w->set, "c.service")->slot, slot);
}

static void a_whole_subtree_dies(void **state)
{
	struct world *w = *state;

	world_open(w, MAX_GROUPS);
	fake_rmdir(&w->fake, "/system.slice");
	settle(w);
	assert_int_equal(w->n_removed, 3);
	assert_string_equal(w->last_removed, "/system.slice");
	assert_int_equal(group_set_size(w->set), 3);
	fake_mkdir(&w->fake, "/system.slice");
	fake_mkdir(&w->fake, "/system.slice/a.service");
	settle(w);
	assert_int_equal(group_set_size(w->set), 5);
}

static void ancestors_go_with_their_last_child(void **state)
{
	struct world *w = *state;

	world_open(w, MAX_GROUPS);
	fake_rmdir(&w->fake, "/pods/one");
	settle(w);
	assert_null(group_set_find(w->set, "/pods"));
	assert_int_equal(w->n_removed, 2);
	/* And come back with the next. */
	fake_mkdir(&w->fake, "/pods/two");
	settle(w);
	assert_non_null(group_set_find(w->set, "/pods"));
}

static void a_recycled_path_is_another_group(void **state)
{
	struct world *w = *state;
	struct group old, *new;
	int fd;

	world_open(w, MAX_GROUPS);
	fake_write(&w->fake, "/system.slice/a.service/memory.current", "1\n");
	old = *group_set_find_unit(w->set, "a.service");
	fd = group_open(w->set, &old, "memory.current", O_RDONLY);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(group_open(w->set, &old, "memory.max", O_RDONLY), -ENOENT);

	fake_rmdir(&w->fake, "/system.slice/a.service");
	assert_int_equal(group_open(w->set, &old, "memory.current", O_RDONLY), -ENODEV);
	fake_mkdir(&w->fake, "/system.slice/a.service");
	fake_write(&w->fake, "/system.slice/a.service/memory.current", "2\n");
	/* Before the news is read: the path is there, the group is not. */
	assert_int_equal(group_open(w->set, &old, "memory.current", O_RDONLY), -ENODEV);
	settle(w);
	new = group_set_find_unit(w->set, "a.service");
	assert_non_null(new);
	assert_true(new->id != old.id);
	assert_int_not_equal(new->slot, old.slot);
	fd = group_open(w->set, new, "memory.current", O_RDONLY);
	assert_true(fd >= 0);
	close(fd);
	collect(w);
	assert_int_equal(w->seen.n_groups, 1);
	assert_true(w->seen.groups[0].id == old.id);
}

static void another_profile_takes_over(void **state)
{
	struct world *w = *state;
	struct profile other = {};
	uint64_t id;

	world_open(w, MAX_GROUPS);
	id = group_set_find_unit(w->set, "sshd.service")->id;
	name(&other.units, "sshd.service");
	name(&other.paths, "/user.slice");
	name(&other.protected_units, "user.slice");
	group_set_use_profile(w->set, &other);
	assert_int_equal(w->n_wakes, 1);
	/* The host, system.slice, sshd, user.slice. */
	assert_int_equal(group_set_size(w->set), 4);
	assert_int_equal(group_set_find(w->set, "/user.slice")->flags,
			 GROUP_IS_PROTECTED | GROUP_IS_UNBRAKED);
	assert_true(group_set_find_unit(w->set, "sshd.service")->id == id);
	assert_int_equal(group_set_find_unit(w->set, "sshd.service")->flags, 0);
	/* Births are heard under the new patterns only. */
	fake_mkdir(&w->fake, "/system.slice/b.service");
	fake_rmdir(&w->fake, "/system.slice/sshd.service");
	settle(w);
	assert_int_equal(group_set_size(w->set), 2);
}

static void a_module_keeps_its_group(void **state)
{
	struct world *w = *state;
	struct profile nothing = {};
	struct group *g, *same;

	world_open(w, MAX_GROUPS);
	fake_mkdir(&w->fake, "/user.slice/user-1.slice");
	fake_mkdir(&w->fake, "/user.slice/user-1.slice/session-1.scope");
	settle(w);
	assert_null(group_set_find_unit(w->set, "session-1.scope"));
	assert_int_equal(group_set_ensure(w->set, "/user.slice/user-1.slice/session-1.scope", &g),
			 0);
	assert_int_equal(g->flags, GROUP_IS_UNBRAKED);
	assert_int_equal(group_set_find(w->set, "/user.slice/user-1.slice")->flags,
			 GROUP_IS_CONTEXT | GROUP_IS_UNBRAKED);
	assert_int_equal(
		group_set_ensure(w->set, "/user.slice/user-1.slice/session-1.scope", &same), 0);
	assert_ptr_equal(g, same);
	/* An ancestor gets a module, too. */
	assert_int_equal(group_set_ensure(w->set, "/user.slice/user-1.slice", &same), 0);
	assert_int_equal(same->flags, GROUP_IS_UNBRAKED);

	group_set_use_profile(w->set, &nothing);
	assert_ptr_equal(group_set_find_unit(w->set, "session-1.scope"), g);
	assert_int_equal(group_set_size(w->set), 4);
	fake_rmdir(&w->fake, "/user.slice/user-1.slice");
	settle(w);
	assert_int_equal(group_set_size(w->set), 1);
}

static void bad_paths_are_refused(void **state)
{
	static const char *const paths[] = {
		"",
		"relative",
		"/none.service",
		"/system.slice/../user.slice",
		"/system.slice/",
		"//user.slice",
		"/./user.slice",
		"/system.slice//a.service",
		"/..",
		"/cgroup.controllers",
	};
	struct world *w = *state;
	struct group *g = NULL;
	char deep[256] = "";

	world_open(w, MAX_GROUPS);
	for (size_t i = 0; i < N(paths); i++)
		assert_int_equal(group_set_ensure(w->set, paths[i], &g), -ENOENT);
	for (int i = 0; i < 40; i++) {
		strcat(deep, "/d");
		fake_mkdir(&w->fake, deep);
	}
	assert_int_equal(group_set_ensure(w->set, deep, &g), -ENOENT);
	assert_null(g);
	assert_int_equal(group_set_size(w->set), 6);
	assert_int_equal(group_set_ensure(w->set, "/", &g), 0);
	assert_int_equal(g->slot, GROUP_SLOT_HOST);
}

static size_t n_unfollowed(const struct world *w)
{
	const struct unfollowed *unfollowed = group_set_unfollowed(w->set);

	return unfollowed->n + unfollowed->n_more;
}

static bool is_unfollowed(const struct world *w, const char *path)
{
	const struct unfollowed *unfollowed = group_set_unfollowed(w->set);

	for (size_t i = 0; i < unfollowed->n; i++)
		if (strcmp(unfollowed->list[i].path, path) == 0)
			return true;
	return false;
}

static void what_found_no_slot_is_named_until_there_is_one(void **state)
{
	struct world *w = *state;
	struct group *g = NULL;

	world_open(w, 5);
	assert_int_equal(group_set_size(w->set), 5);
	assert_int_equal(n_unfollowed(w), 1); /* which one is up to the directory's order */
	assert_int_equal(group_set_unfollowed(w->set)->list[0].error, -ENOSPC);
	assert_int_equal(group_set_ensure(w->set, "/user.slice", &g), -ENOSPC);
	assert_int_equal(n_unfollowed(w), 2);
	assert_int_equal(group_set_ensure(w->set, "/user.slice", &g), -ENOSPC);
	assert_int_equal(n_unfollowed(w), 2);
	assert_true(is_unfollowed(w, "/user.slice"));
	assert_int_equal(group_set_size(w->set), 5);
	/* A death makes room, but only after the step that reported it. */
	fake_rmdir(&w->fake, "/system.slice/a.service");
	fake_rmdir(&w->fake, "/system.slice/sshd.service");
	settle(w);
	assert_int_equal(group_set_ensure(w->set, "/user.slice", &g), -ENOSPC);
	collect(w);
	assert_int_equal(group_set_ensure(w->set, "/user.slice", &g), -ENOSPC);
	collect(w);
	assert_int_equal(group_set_ensure(w->set, "/user.slice", &g), 0);
	assert_false(is_unfollowed(w, "/user.slice"));
}

/* An observation without room gets the rest next time. */
static void no_death_is_lost(void **state)
{
	struct world *w = *state;
	unsigned int n = 0;

	world_open(w, MAX_GROUPS);
	fake_rmdir(&w->fake, "/system.slice");
	settle(w);
	w->seen.max_groups = 2;
	for (int i = 0; i < 4; i++) {
		collect(w);
		n += w->seen.n_groups;
	}
	assert_int_equal(n, 3);
}

static unsigned int queue_length(void)
{
	unsigned int n = 0;
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");

	if (f) {
		if (fscanf(f, "%u", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

static void an_overrun_queue_is_survived(void **state)
{
	struct world *w = *state;
	unsigned int n = queue_length();
	char path[64];

	if (n == 0 || n > 100000) {
		print_message("the kernel queues %u events: too many to overrun\n", n);
		skip();
	}
	world_open(w, MAX_GROUPS);
	for (unsigned int i = 0; i <= n / 2; i++) {
		snprintf(path, sizeof(path), "/system.slice/x%u.mount", i);
		fake_mkdir(&w->fake, path);
		assert_int_equal(rmdir(fake_path(&w->fake, path)), 0);
	}
	/* This is lost. */
	fake_rmdir(&w->fake, "/system.slice/a.service");
	fake_mkdir(&w->fake, "/system.slice/b.service");
	fake_rmdir(&w->fake, "/system.slice/sshd.service");
	fake_mkdir(&w->fake, "/system.slice/sshd.service");
	settle(w);
	assert_null(group_set_find_unit(w->set, "a.service"));
	assert_non_null(group_set_find_unit(w->set, "b.service"));
	assert_int_equal(w->n_removed, 2);
	/* And following goes on. */
	fake_mkdir(&w->fake, "/system.slice/c.service");
	settle(w);
	assert_non_null(group_set_find_unit(w->set, "c.service"));
}

static size_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void a_thousand_groups_come_and_go(void **state)
{
	struct world *w = *state;
	size_t before, per_group;
	char path[64];

	world_open(w, MAX_GROUPS);
	before = heap_bytes();
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/system.slice/worker-%04d.service", i);
		fake_mkdir(&w->fake, path);
		if (i % 100 == 0)
			settle(w);
	}
	settle(w);
	assert_int_equal(group_set_size(w->set), 1006);
	per_group = (heap_bytes() - before) / 1000 + sizeof(struct group);
	print_message("%zu bytes a group, %zu of them in its slot\n", per_group,
		      sizeof(struct group));
	assert_true(per_group <= 300);
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/system.slice/worker-%04d.service", i);
		assert_non_null(group_set_find(w->set, path));
		fake_rmdir(&w->fake, path);
	}
	settle(w);
	assert_int_equal(group_set_size(w->set), 6);
	collect(w);
	assert_int_equal(w->seen.n_groups, 1000);
	collect(w);
	assert_int_equal(w->seen.n_groups, 0);
	/* Nothing of the slots in use moved. */
	assert_true(heap_bytes() - before < 64 * 1024);
}

/* Two runs over the same events end in the same set as a fresh look. */
static void a_fresh_look_sees_the_same(void **state)
{
	struct world *w = *state;
	struct group_set *fresh;
	uint32_t seed = 4711;
	char path[64];

	world_open(w, MAX_GROUPS);
	for (int i = 0; i < 2000; i++) {
		seed = seed * 1664525 + 1013904223;
		snprintf(path, sizeof(path), "/system.slice/s%u.slice%s%s", seed >> 30,
			 seed >> 29 & 1 ? "/" : "", seed >> 29 & 1 ? "u.service" : "");
		if (mkdir(fake_path(&w->fake, path), 0755) < 0 && errno == EEXIST)
			fake_rmdir(&w->fake, path);
		if (seed >> 24 & 1)
			settle(w);
		if (seed >> 20 & 1)
			collect(w);
	}
	settle(w);
	assert_int_equal(group_set_new(&fresh,
				       &(struct group_set_config){
					       .event = w->event,
					       .tree = &w->tree,
					       .profile = &w->profile,
					       .max_groups = MAX_GROUPS,
					       .wake = { on_wake, w },
				       }),
			 0);
	assert_int_equal(group_set_size(fresh), group_set_size(w->set));
	group_set_foreach(fresh, group) {
		struct group *same = group_set_find(w->set, group->path);

		assert_non_null(same);
		assert_true(same->id == group->id);
		assert_int_equal(same->flags, group->flags);
		assert_int_equal(same->n_children, group->n_children);
	}
	group_set_free(fresh);
}

static void without_a_tree_there_is_the_host_until_it_is_found(void **state)
{
	struct world *w = *state;
	struct group *group;
	struct stat root;
	char *mount;

	world_open_tree(w, MAX_GROUPS, false);
	assert_int_equal(group_set_size(w->set), 1);
	assert_true(group_set_is_followed(w->set));
	assert_int_equal(group_set_ensure(w->set, "/system.slice/a.service", &group), -ENOENT);
	assert_int_equal(group_set_unfollowed(w->set)->n, 0);
	group_set_use_profile(w->set, &w->profile);
	settle(w);
	assert_int_equal(group_set_size(w->set), 1);

	mount = strdup(fake_path(&w->fake, ""));
	w->tree.mount = strdup("/dev/null");
	assert_int_equal(group_set_use_tree(w->set), -ENOTDIR);
	assert_int_equal(group_set_size(w->set), 1);
	free(w->tree.mount);
	w->tree.mount = mount;
	assert_int_equal(group_set_use_tree(w->set), 0);
	assert_int_equal(stat(mount, &root), 0);
	assert_int_equal(group_set_get(w->set, GROUP_SLOT_HOST)->id, root.st_ino);
	assert_int_equal(group_set_size(w->set), 6);
	assert_int_equal(w->n_added, 6);
	fake_mkdir(&w->fake, "/system.slice/b.service");
	settle(w);
	assert_non_null(group_set_find_unit(w->set, "b.service"));
}

static void our_own_cgroup_is_protected_once_it_is_known(void **state)
{
	static const uint32_t flags = GROUP_IS_PROTECTED | GROUP_IS_UNBRAKED;
	struct world *w = *state;
	char path[128];

	world_open(w, MAX_GROUPS);
	assert_null(group_set_own_path(w->set));
	assert_int_equal(group_set_find_self(w->set), -ENOENT);
	snprintf(path, sizeof(path), "%s/proc/self", w->fake.root);
	assert_int_equal(mkdir(path, 0755), 0);
	fake_write_proc(&w->fake, "self/cgroup", "0::/system.slice/a.ser");
	assert_int_equal(group_set_find_self(w->set), -ENODATA);
	assert_int_equal(group_set_find_unit(w->set, "a.service")->flags & flags, 0);
	fake_write_proc(&w->fake, "self/cgroup", "1:cpu:/x\n0::/system.slice/a.service\n");
	assert_int_equal(group_set_find_self(w->set), 0);
	assert_string_equal(group_set_own_path(w->set), "/system.slice/a.service");
	assert_int_equal(group_set_find_unit(w->set, "a.service")->flags & flags, flags);
	assert_true(w->n_wakes > 0);
}

static void outside_the_tree_nothing_is_ours(void **state)
{
	struct world *w = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/proc/self", w->fake.root);
	assert_int_equal(mkdir(path, 0755), 0);
	fake_write_proc(&w->fake, "self/cgroup", "0::/../host.scope\n");
	world_open(w, MAX_GROUPS);
	assert_string_equal(group_set_own_path(w->set), "/");
	assert_int_equal(group_set_find_unit(w->set, "a.service")->flags, 0);
}

static void name_is_shown_as_text(struct world *w, const char *path, const char *shown)
{
	struct group *g = group_set_find(w->set, path);

	assert_non_null(g);
	assert_string_equal(g->shown, shown);
	assert_ptr_equal(group_set_find_shown(w->set, shown), g);
}

static void names_of_any_bytes_are_followed(void **state)
{
	struct world *w = *state;

	world_open(w, MAX_GROUPS);
	fake_mkdir(&w->fake, "/system.slice/bad\xff.service");
	fake_mkdir(&w->fake, "/system.slice/tab\t.service");
	settle(w);
	/* One that begins with a dot is no hidden one. */
	fake_mkdir(&w->fake, "/system.slice/..dot.service");
	group_set_use_profile(w->set, &w->profile);
	assert_non_null(group_set_find(w->set, "/system.slice/..dot.service"));
	name_is_shown_as_text(w, "/system.slice/bad\xff.service", "/system.slice/bad\\xff.service");
	name_is_shown_as_text(w, "/system.slice/tab\t.service", "/system.slice/tab\\x09.service");
	name_is_shown_as_text(w, "/system.slice/a.service", "/system.slice/a.service");
	assert_non_null(group_set_find_unit(w->set, "bad\\xff.service"));
	assert_null(group_set_find_shown(w->set, "/system.slice/bad"));
	fake_rmdir(&w->fake, "/system.slice/bad\xff.service");
	settle(w);
	assert_null(group_set_find_shown(w->set, "/system.slice/bad\\xff.service"));
}

/* Takes every descriptor that is left, so that there is none for inotify or a directory. */
static size_t take_descriptors(int *fds, size_t max, struct rlimit *ret_before)
{
	struct rlimit few;
	size_t n = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, ret_before), 0);
	few = *ret_before;
	few.rlim_cur = max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (n < max && (fds[n] = dup(STDERR_FILENO)) >= 0)
		n++;
	assert_true(n < max);
	return n;
}

static void give_descriptors(const int *fds, size_t n, const struct rlimit *before)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, before), 0);
}

static bool becomes_followed(struct world *w)
{
	for (int i = 0; i < 100 && !group_set_is_followed(w->set); i++)
		sd_event_run(w->event, 200 * USEC_PER_MSEC);
	return group_set_is_followed(w->set);
}

static void without_descriptors_a_reload_loses_nobody_for_good(void **state)
{
	struct world *w = *state;
	struct rlimit before;
	int fds[256];
	size_t n;

	world_open(w, MAX_GROUPS);
	assert_true(group_set_is_followed(w->set));
	n = take_descriptors(fds, N(fds), &before);
	/* Its own descriptor of inotify is closed and taken at once: one is free, two are needed.
	 */
	fds[n] = -1;
	group_set_use_profile(w->set, &w->profile);
	assert_false(group_set_is_followed(w->set));
	give_descriptors(fds, n, &before);
	fake_mkdir(&w->fake, "/system.slice/late.service");
	assert_true(becomes_followed(w));
	assert_non_null(group_set_find_unit(w->set, "late.service"));
	assert_non_null(group_set_find_unit(w->set, "a.service"));
	/* And from then on at once. */
	fake_mkdir(&w->fake, "/system.slice/next.service");
	settle(w);
	assert_non_null(group_set_find_unit(w->set, "next.service"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_profile_names_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(births_are_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(deaths_are_told_once_and_slots_are_used_again,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_whole_subtree_dies, setup, teardown),
		cmocka_unit_test_setup_teardown(ancestors_go_with_their_last_child, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_recycled_path_is_another_group, setup, teardown),
		cmocka_unit_test_setup_teardown(another_profile_takes_over, setup, teardown),
		cmocka_unit_test_setup_teardown(a_module_keeps_its_group, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_paths_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_found_no_slot_is_named_until_there_is_one,
						setup, teardown),
		cmocka_unit_test_setup_teardown(no_death_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(an_overrun_queue_is_survived, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thousand_groups_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(a_fresh_look_sees_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_tree_there_is_the_host_until_it_is_found,
						setup, teardown),
		cmocka_unit_test_setup_teardown(our_own_cgroup_is_protected_once_it_is_known, setup,
						teardown),
		cmocka_unit_test_setup_teardown(outside_the_tree_nothing_is_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(names_of_any_bytes_are_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(without_descriptors_a_reload_loses_nobody_for_good,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
