/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/registry/registry_masks.h"

#include <errno.h>

static void registry_masks_unregister_masked(struct registry *registry, const struct masks *masks)
{
	struct module *module = registry_next(registry, 0), *next;

	for (; module; module = next) {
		struct owner *owner = module->owner;

		next = registry_next(registry, module->slot + 1);
		if (!masks_match_client(masks, &owner->client, module->description.name))
			continue;
		if (owner->ops->send_unregistered)
			owner->ops->send_unregistered(owner, module);
		registry_remove(registry, module);
	}
}

int registry_read_masks(struct registry *registry)
{
	struct masks *masks = registry_masks(registry);
	int r = masks ? masks_read_again(masks) : 0;

	if (masks && r == 0)
		registry_masks_unregister_masked(registry, masks);
	return r;
}

int registry_mask(struct registry *registry, const char *cgroup, const char *module)
{
	struct masks *masks = registry_masks(registry);
	int r;

	if (!masks)
		return -EOPNOTSUPP;
	r = masks_add(masks, cgroup, module);
	if (r == 0)
		registry_masks_unregister_masked(registry, masks);
	return r;
}

int registry_unmask(struct registry *registry, const char *cgroup, const char *module)
{
	struct masks *masks = registry_masks(registry);
	int r;

	if (!masks)
		return -EOPNOTSUPP;
	r = masks_remove(masks, cgroup, module);
	if (r == 0)
		registry_ask_again(registry, cgroup);
	return r;
}
