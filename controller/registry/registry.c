/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modules sit in slots, which the judgement knows them by; a slot is used again, an id never is.
 *
 *    slots:   [0] -> module 7 --owner--> channel of pid 812 --group--> /system.slice/a.service
 *             [1] -> module 9 --owner--------^
 *             [2]    free
 *
 * Quotas are counted by a walk over the slots when a module registers: a thousand pointers then,
 * and no counter per uid that could drift. Memory is taken when a module registers; sending a
 * request takes none.
 */
#include "controller/registry/registry.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/registry/client_group.h"
#include "controller/registry/owner_memory.h"

#define MAX_LISTENERS 4
/* A user runs many services, most of them with one to three modules. */
#define DEFAULT_MODULES_PER_UID 256
/* More parts than this in one service are no longer told apart by anybody. */
#define DEFAULT_MODULES_PER_UNIT 64

struct registry {
	struct registry_config config;
	struct module **modules; /* by slot */
	uint32_t n_modules;
	uint32_t end_slot; /* no module at or above */
	uint64_t last_id;
	LIST_HEAD(, owner) owners;
	struct registry_listener listeners[MAX_LISTENERS];
	size_t n_listeners;
	struct owner_memory_round owner_memory;
	uint8_t *levels; /* enum level by group slot, as last told */
	uint32_t n_levels;
};

/* ---- levels ---- */

static enum level registry_level(const struct registry *registry, const struct group *group)
{
	enum level level = LEVEL_LOW;

	while (group) {
		if (group->slot < registry->n_levels && registry->levels[group->slot] > level)
			level = registry->levels[group->slot];
		group = group->parent_slot == SLOT_NONE
				? NULL
				: group_set_get(registry->config.groups, group->parent_slot);
	}
	return level;
}

void registry_owner_tell(struct registry *registry, struct owner *owner)
{
	enum level level = registry_level(registry, owner->group);

	if (level == owner->level || !owner->ops->send_level)
		return;
	if (owner->ops->send_level(owner, level) >= 0)
		owner->level = level;
}

static void registry_tell_all(struct registry *registry)
{
	struct owner *owner;

	LIST_FOREACH(owner, &registry->owners, others)
	registry_owner_tell(registry, owner);
}

void registry_tell_level(struct registry *registry, uint32_t group_slot, enum level level)
{
	if (group_slot >= registry->n_levels)
		return;
	registry->levels[group_slot] = (uint8_t)level;
	registry_tell_all(registry);
}

void registry_tell_calm(struct registry *registry)
{
	if (registry->n_levels)
		memset(registry->levels, LEVEL_LOW, registry->n_levels);
	registry_tell_all(registry);
}

static void registry_on_group_added(void *data, const struct group *group)
{
	struct registry *registry = data;

	if (group->slot >= registry->n_levels) {
		uint32_t n = group->slot < 32 ? 64 : group->slot * 2;
		uint8_t *levels = realloc(registry->levels, n);

		if (!levels)
			return; /* its level is then not told */
		memset(levels + registry->n_levels, LEVEL_LOW, n - registry->n_levels);
		registry->levels = levels;
		registry->n_levels = n;
	}
	registry->levels[group->slot] = LEVEL_LOW;
}

/*
 * An owner whose cgroup was removed lives on elsewhere (its process was moved, or a cgroup above
 * it is its new home): count it with the nearest group that still exists.
 */
static void registry_on_group_removed(void *data, const struct group *group)
{
	struct registry *registry = data;
	struct group_set *groups = registry->config.groups;
	struct group *home = group_set_get(groups, group->parent_slot);
	struct owner *owner;

	while (home && (home->flags & GROUP_IS_GONE))
		home = group_set_get(groups, home->parent_slot);
	if (!home)
		home = group_set_get(groups, GROUP_SLOT_HOST);
	LIST_FOREACH(owner, &registry->owners, others)
	{
		if (owner->group->slot != group->slot)
			continue;
		owner->group->n_modules -= owner->n_modules;
		home->n_modules += owner->n_modules;
		owner->group = home;
	}
	registry_foreach_module(registry, module) {
		module->group_slot = module->owner->group->slot;
		module->group_id = module->owner->group->id;
	}
}

/* ---- life ---- */

int registry_new(struct registry **ret, const struct registry_config *config)
{
	_cleanup_(registry_free_cleanup) struct registry *registry = NULL;
	int r;

	assert(config->event && config->groups && config->max_modules > 0);
	registry = calloc(1, sizeof(*registry));
	if (!registry)
		return -ENOMEM;
	registry->config = *config;
	if (registry->config.max_modules_per_uid == 0)
		registry->config.max_modules_per_uid = DEFAULT_MODULES_PER_UID;
	if (registry->config.max_modules_per_unit == 0)
		registry->config.max_modules_per_unit = DEFAULT_MODULES_PER_UNIT;
	LIST_INIT(&registry->owners);
	registry->modules = calloc(config->max_modules, sizeof(*registry->modules));
	if (!registry->modules)
		return -ENOMEM;
	r = group_set_listen(config->groups,
			     &(struct group_listener){ .added = registry_on_group_added,
						       .removed = registry_on_group_removed,
						       .data = registry });
	if (r < 0)
		return r;
	*ret = take_ptr(registry);
	return 0;
}

struct registry *registry_free(struct registry *registry)
{
	if (!registry)
		return NULL;
	for (uint32_t slot = 0; registry->modules && slot < registry->end_slot; slot++)
		free(registry->modules[slot]);
	free(registry->modules);
	free(registry->levels);
	free(registry);
	return NULL;
}

int registry_listen(struct registry *registry, const struct registry_listener *listener)
{
	if (registry->n_listeners == MAX_LISTENERS)
		return -ENOSPC;
	registry->listeners[registry->n_listeners++] = *listener;
	return 0;
}

const struct cgroup_tree *registry_tree(const struct registry *registry)
{
	return group_set_tree(registry->config.groups);
}

uint64_t registry_now_usec(const struct registry *registry)
{
	uint64_t now_usec = 0;

	sd_event_now(registry->config.event, CLOCK_MONOTONIC, &now_usec);
	return now_usec;
}

/* Calls every listener that has this callback. */
#define registry_announce(registry, what, module)               \
	for (size_t i_ = 0; i_ < (registry)->n_listeners; i_++) \
		if ((registry)->listeners[i_].what)             \
	(registry)->listeners[i_].what((registry)->listeners[i_].data, module)

int registry_owner_init(struct registry *registry, struct owner *owner, const struct owner_ops *ops,
			const struct client *client)
{
	struct group *group;
	int r;

	r = client_group_find(registry->config.groups, client, &group);
	if (r < 0)
		return r;
	*owner = (struct owner){ .ops = ops, .client = *client, .group = group };
	LIST_INSERT_HEAD(&registry->owners, owner, others);
	return 0;
}

void registry_owner_done(struct registry *registry, struct owner *owner)
{
	for (uint32_t slot = 0; slot < registry->end_slot; slot++) {
		struct module *module = registry->modules[slot];

		if (module && module->owner == owner)
			registry_remove(registry, module);
	}
	LIST_REMOVE(owner, others);
}

/* Why the owner may not have one more module. Returns: 0 or negative errno and *ret_problem. */
static int registry_check_quota(struct registry *registry, const struct owner *owner,
				const char **ret_problem)
{
	uint32_t of_uid = 0, of_unit = 0;

	if (registry->n_modules == registry->config.max_modules) {
		*ret_problem = "reliefd has no room for another module";
		return -ENOSPC;
	}
	registry_foreach_module(registry, module) {
		of_uid += module->owner->client.uid == owner->client.uid;
		of_unit += client_is_same_unit(&module->owner->client, &owner->client);
	}
	if (of_uid >= registry->config.max_modules_per_uid) {
		*ret_problem = "this user's quota of modules is used up";
		return -EDQUOT;
	}
	if (of_unit >= registry->config.max_modules_per_unit) {
		*ret_problem = "this unit's quota of modules is used up";
		return -EDQUOT;
	}
	return 0;
}

static int registry_check(struct registry *registry, const struct owner *owner,
			  const struct module_description *description, const char **ret_problem)
{
	if (!module_description_is_valid(description, ret_problem))
		return -EINVAL;
	registry_foreach_module(registry, module) {
		if (module->owner != owner ||
		    strcmp(module->description.name, description->name) != 0)
			continue;
		*ret_problem = "you already have a module of that name";
		return -EEXIST;
	}
	if (registry->config.masks &&
	    masks_match_client(registry->config.masks, &owner->client, description->name)) {
		*ret_problem = "an administrator has masked it (reliefctl unmask)";
		return -EACCES;
	}
	return registry_check_quota(registry, owner, ret_problem);
}

static uint32_t registry_free_slot(const struct registry *registry)
{
	uint32_t slot = 0;

	assert(registry->n_modules < registry->config.max_modules);
	while (registry->modules[slot])
		slot++;
	return slot;
}

static int registry_insert(struct registry *registry, struct owner *owner,
			   const struct module_description *description, uint64_t id,
			   struct module **ret, const char **ret_problem)
{
	struct module *module;
	int r;

	r = registry_check(registry, owner, description, ret_problem);
	if (r < 0)
		return r;
	module = calloc(1, sizeof(*module));
	if (!module) {
		*ret_problem = "reliefd is out of memory";
		return -ENOMEM;
	}
	module->id = id;
	registry->last_id = u64_max(registry->last_id, id);
	module->slot = registry_free_slot(registry);
	module->group_slot = owner->group->slot;
	module->group_id = owner->group->id;
	module->description = *description;
	module->registered_usec = module->last_used_usec = registry_now_usec(registry);
	module->owner = owner;
	registry->modules[module->slot] = module;
	registry->n_modules++;
	if (module->slot >= registry->end_slot)
		registry->end_slot = module->slot + 1;
	owner->n_modules++;
	owner->group->n_modules++;
	registry_announce(registry, added, module);
	wake_up(&registry->config.wake);
	*ret = module;
	return 0;
}

int registry_add(struct registry *registry, struct owner *owner,
		 const struct module_description *description, struct module **ret,
		 const char **ret_problem)
{
	return registry_insert(registry, owner, description, registry->last_id + 1, ret,
			       ret_problem);
}

int registry_resume(struct registry *registry, struct owner *owner,
		    const struct module_description *description, uint64_t id, struct module **ret,
		    const char **ret_problem)
{
	int r;

	if (id == 0 || registry_find(registry, id)) {
		*ret_problem = "its number is in use";
		return -EEXIST;
	}
	r = registry_insert(registry, owner, description, id, ret, ret_problem);
	if (r == 0)
		(*ret)->is_resumed = true;
	return r;
}

static void registry_close_request(struct registry *registry, struct module *module,
				   const struct outcome *outcome)
{
	module->request_is_open = false;
	outcomes_add(registry->config.outcomes, outcome);
}

void registry_remove(struct registry *registry, struct module *module)
{
	if (module->request_is_open)
		registry_close_request(
			registry, module,
			&(struct outcome){ .action_id = module->request_id,
					   .result = RESULT_GONE,
					   .finished_usec = registry_now_usec(registry) });
	registry_announce(registry, removed, module);
	module->owner->n_modules--;
	module->owner->group->n_modules--;
	registry->modules[module->slot] = NULL;
	registry->n_modules--;
	while (registry->end_slot > 0 && !registry->modules[registry->end_slot - 1])
		registry->end_slot--;
	free(module);
	wake_up(&registry->config.wake);
}

struct masks *registry_masks(const struct registry *registry)
{
	return registry->config.masks;
}

void registry_ask_again(struct registry *registry, const char *cgroup)
{
	char of_owner[CLIENT_CGROUP_SIZE];
	struct owner *owner;

	LIST_FOREACH(owner, &registry->owners, others)
	{
		client_unit_cgroup(&owner->client, of_owner);
		if (owner->ops->ask_again && strcmp(of_owner, cgroup) == 0)
			owner->ops->ask_again(owner);
	}
}

void registry_report(struct registry *registry, struct module *module, uint64_t size_bytes,
		     bool unloaded)
{
	struct module_description *description = &module->description;
	uint32_t flags = description->flags & ~MODULE_IS_UNLOADED;

	size_bytes = u64_min(size_bytes, MODULE_AMOUNT_LIMIT - 1);
	if (unloaded)
		flags |= MODULE_IS_UNLOADED;
	else if (description->flags & MODULE_IS_UNLOADED)
		registry_touch(registry, module);
	if (description->size_bytes == size_bytes && description->flags == flags)
		return;
	description->size_bytes = size_bytes;
	description->flags = flags;
	registry_announce(registry, changed, module);
}

void registry_report_reload_cost(struct registry *registry, struct module *module,
				 uint64_t reload_cost_usec)
{
	module->description.reload_cost_usec = u64_min(reload_cost_usec, MODULE_AMOUNT_LIMIT - 1);
}

void registry_touch(struct registry *registry, struct module *module)
{
	module->last_used_usec = registry_now_usec(registry);
}

uint32_t registry_size(const struct registry *registry)
{
	return registry->n_modules;
}

struct module *registry_get(struct registry *registry, uint32_t slot)
{
	return slot < registry->end_slot ? registry->modules[slot] : NULL;
}

struct module *registry_find(struct registry *registry, uint64_t id)
{
	registry_foreach_module(registry, module)
		if (module->id == id)
			return module;
	return NULL;
}

struct module *registry_next(struct registry *registry, uint32_t slot)
{
	for (; slot < registry->end_slot; slot++)
		if (registry->modules[slot])
			return registry->modules[slot];
	return NULL;
}

/* ---- for decide() and the actor ---- */

void registry_collect(struct registry *registry, struct observation *observation)
{
	owner_memory_begin(&registry->owner_memory, registry_tree(registry));
	observation->covers |= OBSERVED_MODULES;
	registry_foreach_module(registry, module) {
		struct module_reading *reading = observation_add_module(observation);

		if (!reading) { /* what is not listed must not count as gone */
			observation->covers &= ~(uint32_t)OBSERVED_MODULES;
			return;
		}
		*reading = (struct module_reading){
			.id = module->id,
			.slot = module->slot,
			.group_slot = module->group_slot,
			.flags = module->description.flags,
			.kind = module->description.kind,
			.size_bytes = module->description.size_bytes,
			.owner_bytes = owner_memory_of(&registry->owner_memory,
						       &module->owner->client,
						       &module->owner->memory_round),
			.last_used_usec = module->last_used_usec,
			.idle_limit_usec = module->description.idle_limit_usec,
			.reload_cost_usec = module->description.reload_cost_usec,
		};
	}
}

int registry_send(struct registry *registry, const struct action *action)
{
	struct module *module = registry_get(registry, action->module_slot);
	int r;

	if (!module || module->id != action->module_id)
		return -ENOENT;
	if (module->request_is_open && registry_now_usec(registry) < module->request_deadline_usec)
		return -EAGAIN;
	r = module->owner->ops->send_request(module->owner, module, action);
	if (r < 0)
		return r;
	module->request_id = action->id;
	module->request_deadline_usec = action->deadline_usec;
	module->request_is_open = true;
	return 0;
}

int registry_answer(struct registry *registry, struct module *module, const struct outcome *outcome)
{
	if (!module->request_is_open || outcome->action_id != module->request_id)
		return outcome->action_id > 0 && outcome->action_id < module->request_id ? -ESTALE
											 : -ENOENT;
	registry_close_request(registry, module, outcome);
	return 0;
}
