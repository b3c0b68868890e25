/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Registry world: a prepared cgroup tree with a real group set, registry and channels over it
 *
 * A temporary directory plays /proc and the cgroup mount; the event loop, sockets, inotify and
 * processes are real. Groups: /system.slice with a.service and b.service below it, and /user.slice.
 */

#include <systemd/sd-event.h>

#include "controller/client/include/relief/message.h"
#include "controller/groups/group_set.h"
#include "controller/registry/channels.h"
#include "controller/registry/registry.h"
#include "policies/profile.h"

struct world {
	char dir[64]; /* "DIR/proc", "DIR/cgroup", "DIR/relief.sock" */
	char socket[96];
	sd_event *event;
	struct cgroup_tree tree;
	struct profile profile;
	struct group_set *groups;
	struct masks *masks; /* in no file */
	struct registry *registry;
	struct channels *channels;
	uint32_t n_wakes;
	struct outcomes outcomes; /* of the registry, and of what a test builds beside it */
	uint32_t n_outcome_wakes;
};

/* Quotas: 0 for the registry's own. Anything that fails ends the test program. */
void world_init(struct world *world, uint32_t max_modules, uint32_t per_uid, uint32_t per_unit);
void world_done(struct world *world);

/* Runs the loop until nothing has happened for wait_usec. */
void world_run(struct world *world, uint64_t wait_usec);
void world_write(const struct world *world, const char *path, const char *text);
void world_make_cgroup(struct world *world, const char *cgroup);
void world_remove_cgroup(struct world *world, const char *cgroup);
/* From now on this process is in that cgroup, as far as DIR/proc says. */
void world_place(struct world *world, int pid, const char *cgroup);
/* A client as the kernel would describe it. */
struct client world_client(const struct world *world, unsigned int uid, const char *cgroup);
struct group *world_group(const struct world *world, const char *cgroup);

/* A description that is accepted: a cache of 64 MiB that can shed. */
struct module_description world_cache(const char *name);
/* The monotonic clock itself; the loop's time (registry_now_usec) stands still within a turn. */
uint64_t world_now_usec(void);
/* A shed for this module, to be answered this long after the loop's time. */
struct action world_action(const struct world *world, const struct module *module, uint64_t id,
			   uint64_t timeout_usec);

/* The client's end of a channel. */
int world_connect(const struct world *world);
struct relief_message world_message(enum relief_message_type type);
/* Sends without blocking. Returns: 0 or negative errno. */
int world_send(int fd, const struct relief_message *message);
/* Returns: the type of the next message, 0 when there is none yet, -1 at the end. */
int world_receive(int fd, struct relief_message *ret);
/* Runs the loop until a message of that type came (others are skipped); fails after a second. */
struct relief_message world_expect(struct world *world, int fd, enum relief_message_type type);
