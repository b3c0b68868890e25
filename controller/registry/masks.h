/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Masks: modules that an administrator keeps out
 *
 * A mask names a unit's cgroup and one of its modules, or all of them. A masked module cannot
 * register. Masks are kept in a file and last until they are lifted, over restarts and reboots.
 */

#include <stdbool.h>
#include <stddef.h>

#include "controller/base/cleanup.h"
#include "controller/registry/client_identity.h"

/* More than a person sets by hand; it bounds the file and the walk at each registration. */
#define MASKS_MAX 1024

struct masks;

/*
 * path: where they are kept; NULL: nowhere, they end with the process. Lines of the file that
 * cannot be understood are logged and left out.
 * Returns: 0 or -ENOMEM. A file that cannot be read is never overwritten: each change is refused
 * with the error of the reading, until masks_read_again() could read it.
 */
int masks_new(struct masks **ret, const char *path);
/* Returns: 0, what the file holds is known; or negative errno. */
int masks_read_again(struct masks *masks);
struct masks *masks_free(struct masks *masks);
DEFINE_CLEANUP(struct masks *, masks_free);

/* Whether this module of the unit at that cgroup is masked. */
bool masks_match(const struct masks *masks, const char *cgroup, const char *module);
/* The same for a client's unit, or its cgroup when it belongs to none. */
bool masks_match_client(const struct masks *masks, const struct client *client, const char *module);
/*
 * module: "" for all modules of the unit.
 * Returns: 0; -EEXIST masked already; -EINVAL no absolute cgroup path, or a line break in it or the
 * name; -ENOSPC MASKS_MAX are set; other negative errno: the file could not be written, and nothing
 * has changed.
 */
int masks_add(struct masks *masks, const char *cgroup, const char *module);
/* Returns: 0; -ENOENT there is no such mask; other negative errno as masks_add(). */
int masks_remove(struct masks *masks, const char *cgroup, const char *module);

size_t masks_size(const struct masks *masks);
/* By index, in the order in which they were set; valid until the next change. */
void masks_get(const struct masks *masks, size_t index, const char **ret_cgroup,
	       const char **ret_module);
