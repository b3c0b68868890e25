/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Masks of the registry: an administrator keeps modules out, and lets them in again
 */

#include "controller/registry/registry.h"

/*
 * Reads the masks that could not be read yet; those registered that are masked by them are
 * unregistered. Returns: 0, all masks are known; or negative errno.
 */
int registry_read_masks(struct registry *registry);
/*
 * Masks a module (module "": all) of the unit at that cgroup. Those that are registered are
 * unregistered, and registering is refused until the mask is lifted.
 * Returns: as masks_add(); -EOPNOTSUPP when the registry has no masks.
 */
int registry_mask(struct registry *registry, const char *cgroup, const char *module);
/*
 * Lifts a mask. Clients on channels register anew by themselves; clients on D-Bus have to.
 * Returns: as masks_remove(); -EOPNOTSUPP when the registry has no masks.
 */
int registry_unmask(struct registry *registry, const char *cgroup, const char *module);
