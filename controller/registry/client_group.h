/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Client group: the group that a client's memory is charged to
 */

#include "controller/groups/group_set.h"
#include "controller/registry/client_identity.h"

/*
 * The client's cgroup, or the nearest above it that has the memory controller and a slot.
 * Returns: 0 or negative errno.
 */
int client_group_find(struct group_set *groups, const struct client *client, struct group **ret);
