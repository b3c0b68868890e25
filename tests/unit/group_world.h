/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group world: a group set over a fake tree, and what it told
 */

#include "controller/groups/group_set.h"
#include "fake_tree.h"

#define MAX_GROUPS 4096

struct world {
	struct fake_tree fake;
	struct cgroup_tree tree;
	struct profile profile;
	sd_event *event;
	struct group_set *set;
	const char *unit_root; /* of group_set_config */
	unsigned int n_wakes, n_added, n_removed;
	char last_removed[256];
	struct group_reading readings[MAX_GROUPS];
	struct observation seen;
};

static inline void on_wake(void *data)
{
	struct world *w = data;

	w->n_wakes++;
}

static inline void on_added(void *data, const struct group *group)
{
	struct world *w = data;

	assert_non_null(group->path);
	assert_false(group->flags & GROUP_IS_GONE);
	w->n_added++;
}

static inline void on_removed(void *data, const struct group *group)
{
	struct world *w = data;

	assert_true(group->flags & GROUP_IS_GONE);
	assert_ptr_equal(group_set_get(w->set, group->slot), group);
	snprintf(w->last_removed, sizeof(w->last_removed), "%s", group->path);
	w->n_removed++;
}

static inline void name(struct pattern_list *list, const char *pattern)
{
	strcpy(list->pattern[list->n++], pattern);
}

/* Everything that is queued right now, and no waiting for more. */
static inline void settle(struct world *w)
{
	while (sd_event_run(w->event, 0) > 0)
		;
}

static inline void collect(struct world *w)
{
	observation_clear(&w->seen, 1);
	group_set_collect(w->set, &w->seen);
}

static inline void world_open_tree(struct world *w, uint32_t max_groups, bool is_mounted)
{
	w->tree = fake_tree_open(&w->fake);
	if (!is_mounted)
		free(take_ptr(w->tree.mount));
	assert_int_equal(sd_event_new(&w->event), 0);
	assert_int_equal(group_set_new(&w->set,
				       &(struct group_set_config){
					       .event = w->event,
					       .tree = &w->tree,
					       .profile = &w->profile,
					       .max_groups = max_groups,
					       .unit_root = w->unit_root,
					       .wake = { on_wake, w },
				       }),
			 0);
	assert_int_equal(group_set_listen(w->set,
					  &(struct group_listener){
						  .added = on_added,
						  .removed = on_removed,
						  .data = w,
					  }),
			 0);
	w->seen.groups = w->readings;
	w->seen.max_groups = MAX_GROUPS;
}

static inline void world_open(struct world *w, uint32_t max_groups)
{
	world_open_tree(w, max_groups, true);
}

static inline int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->fake = fake_tree_new();
	name(&w->profile.units, "*.service");
	name(&w->profile.paths, "/pods/*");
	name(&w->profile.protected_units, "sshd.service");
	fake_mkdir(&w->fake, "/system.slice");
	fake_mkdir(&w->fake, "/system.slice/a.service");
	fake_mkdir(&w->fake, "/system.slice/sshd.service");
	fake_mkdir(&w->fake, "/system.slice/boot.mount");
	fake_mkdir(&w->fake, "/user.slice");
	fake_mkdir(&w->fake, "/pods");
	fake_mkdir(&w->fake, "/pods/one");
	*state = w;
	return 0;
}

static inline int teardown(void **state)
{
	struct world *w = *state;

	group_set_free(w->set);
	sd_event_unref(w->event);
	cgroup_tree_done(&w->tree);
	fake_tree_done(&w->fake);
	free(w);
	return 0;
}
