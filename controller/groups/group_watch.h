/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group watch: births and deaths in directories, by one inotify descriptor
 *
 * Directories are named by their path from the root of the tree, "/" being the root.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "controller/base/cleanup.h"
#include "controller/groups/cgroup_tree.h"

struct group_watch;

struct group_watch_config {
	sd_event *event;
	const struct cgroup_tree *tree;
	/* A directory appeared or went away. They may add and remove watches. */
	void (*created)(void *data, const char *path);
	void (*deleted)(void *data, const char *path);
	/* A directory's attributes or its owner changed. */
	void (*changed)(void *data, const char *path);
	/* The kernel's queue ran over: reset, and look at everything again. */
	void (*lost)(void *data);
	/* All that was queued is told; called once for any number of the above. */
	void (*settled)(void *data);
	void *data;
};

/* Returns: 0, also when no watch can be had just now (group_watch_is_open()); or -ENOMEM. */
int group_watch_new(struct group_watch **ret, const struct group_watch_config *config);
struct group_watch *group_watch_free(struct group_watch *watch);
DEFINE_CLEANUP(struct group_watch *, group_watch_free);

/* False while the host or this process has no inotify instance for us. */
bool group_watch_is_open(const struct group_watch *watch);
/*
 * Watches a directory; no change when it is watched already.
 * Returns: 0; -ENOENT it is gone; -ENOSPC the host's limit of watches is reached; -EMFILE no
 * instance.
 */
int group_watch_add(struct group_watch *watch, const char *path);
/* Stops watching this directory and all below it. */
void group_watch_remove(struct group_watch *watch, const char *path);
/* Forgets all watches and what is queued. Returns: 0, or why it is not open now. */
int group_watch_reset(struct group_watch *watch);
