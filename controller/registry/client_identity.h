/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Client identity: who registers a module
 *
 * Taken from the kernel or the bus, never from the client's word: uid and pid from the socket or
 * the bus, the cgroup from that pid, the unit from the cgroup.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "controller/groups/cgroup_tree.h"

#define CLIENT_CGROUP_SIZE 512

struct client {
	uid_t uid;
	pid_t pid;
	char unit[256]; /* "" when its cgroup belongs to no unit; 255 is systemd's longest */
	char cgroup[CLIENT_CGROUP_SIZE]; /* v2 path; containers within containers reach about 350 */
	bool acts_for_another;		 /* the cgroup is not its own: client_identity_act_for() */
	size_t unit_length; /* of `cgroup`, up to the end of the unit's own directory; 0: no unit */
};

/*
 * The identity of a process. pidfd: one that stands for it already (stays the caller's), or -1 to
 * open one here.
 * Returns: 0; -ESRCH it is gone (or not in our pid namespace); -ENODATA it has no v2 cgroup, or
 * one outside what we see; -ENAMETOOLONG; other negative errno.
 */
int client_identity_from_pid(const struct cgroup_tree *tree, pid_t pid, int pidfd, uid_t uid,
			     struct client *ret);
/* The peer of a connected Unix socket, as it was at connect(). Returns: as above. */
int client_identity_from_socket(const struct cgroup_tree *tree, int fd, struct client *ret);
/*
 * From here on the client speaks for what runs in that cgroup. To be allowed to root alone.
 * Returns: 0; -EINVAL no absolute path; -ENAMETOOLONG.
 */
int client_identity_act_for(struct client *client, const char *cgroup);
/*
 * Takes the user and the process out of the bus's reply to GetConnectionCredentials().
 * Returns: 0; -ENODATA when it does not say both; other negative errno.
 */
int client_identity_read_credentials(sd_bus_message *reply, uid_t *ret_uid, pid_t *ret_pid);
/* The cgroup of the client's unit, or the client's own when that belongs to no unit. */
void client_unit_cgroup(const struct client *client, char ret[static CLIENT_CGROUP_SIZE]);
/* Both run in the same unit of the same service manager; false for clients without a unit. */
bool client_is_same_unit(const struct client *a, const struct client *b);
