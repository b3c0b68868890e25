/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Registry: the modules, their owners, and how to reach them
 *
 * An owner is one connection: an agent on D-Bus (agents.c) or a channel (channels.c). Who it is
 * (uid, pid, cgroup, unit) was taken from the kernel or the bus. A module belongs to one owner and
 * goes with it. The registry sends requests and passes answers on; it decides nothing.
 */

#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "controller/base/wake.h"
#include "controller/groups/group_set.h"
#include "controller/registry/client_identity.h"
#include "controller/registry/masks.h"
#include "controller/registry/module_description.h"
#include "controller/registry/outcomes.h"
#include "policies/decision.h"

struct registry;
struct owner;

struct module {
	uint64_t id; /* never reused */
	uint32_t slot;
	uint32_t group_slot;
	uint64_t group_id;
	struct module_description description; /* size and flags as last reported */
	uint64_t registered_usec;
	uint64_t last_used_usec;
	bool is_resumed; /* registered with the daemon before this one; see registry_resume() */
	struct owner *owner;

	/* The request last sent; one at a time is open. */
	uint64_t request_id; /* the action's; 0: none yet */
	uint64_t request_deadline_usec;
	bool request_is_open; /* not answered, nor replaced after its deadline */
};

/* How to talk to one owner; implemented by agents.c and channels.c. */
struct owner_ops {
	const char *name; /* "agent", "channel" */
	/* Returns 0; -EAGAIN when it does not take more right now; other negative errno: it is
	 * lost. */
	int (*send_request)(struct owner *owner, const struct module *module,
			    const struct action *action);
	int (*send_level)(struct owner *owner, enum level level); /* may be NULL */
	/* An administrator unregistered the module. May be NULL. */
	void (*send_unregistered)(struct owner *owner, const struct module *module);
	/* What was refused before would be taken now: makes the owner register anew. May be NULL.
	 */
	void (*ask_again)(struct owner *owner);
};

struct owner {
	const struct owner_ops *ops;
	struct client client;
	struct group *group; /* where its memory is charged */
	uint32_t n_modules;
	enum level level;      /* as last told */
	uint64_t memory_round; /* see owner_memory.h */
	LIST_ENTRY(owner) others;
};

struct registry_listener {
	void (*added)(void *data, const struct module *module);
	void (*changed)(void *data, const struct module *module); /* size, flags; not mere use */
	void (*removed)(void *data, const struct module *module);
	void *data;
};

struct registry_config {
	sd_event *event;
	struct group_set *groups;
	struct masks *masks; /* NULL: none, and none can be set */
	uint32_t max_modules;
	uint32_t max_modules_per_uid;  /* root included; 0: the default, 256 */
	uint32_t max_modules_per_unit; /* 0: the default, 64 */
	/* For the answer to a request, or that its module went away; outlives the registry. */
	struct outcomes *outcomes;
	struct wake wake; /* a module came or went */
};

int registry_new(struct registry **ret, const struct registry_config *config);
struct registry *registry_free(struct registry *registry);
DEFINE_CLEANUP(struct registry *, registry_free);

/* At most four listeners; they stay. Returns: 0 or -ENOSPC. */
int registry_listen(struct registry *registry, const struct registry_listener *listener);
/* Where the clients' cgroups are looked up: the groups' own. */
const struct cgroup_tree *registry_tree(const struct registry *registry);
uint64_t registry_now_usec(const struct registry *registry); /* of this turn of the loop */

/*
 * Owners; called by agents.c and channels.c. The owner is embedded in theirs.
 * The group is the client's cgroup, or the nearest above it that has the memory controller and a
 * slot. Returns: 0 or negative errno.
 */
int registry_owner_init(struct registry *registry, struct owner *owner, const struct owner_ops *ops,
			const struct client *client);
/* Unregisters all its modules; open requests are answered RESULT_GONE. */
void registry_owner_done(struct registry *registry, struct owner *owner);
/* Tells one owner its level, where it differs from the last: it is new, or takes messages again. */
void registry_owner_tell(struct registry *registry, struct owner *owner);

/*
 * Returns: 0 and the module, owned by the registry; or, with *ret_problem a sentence for the
 * client (static): -EINVAL description, -EEXIST the owner has a module of that name, -EDQUOT a
 * quota of the uid or the unit is used up, -ENOSPC no slot left, -EACCES masked.
 */
int registry_add(struct registry *registry, struct owner *owner,
		 const struct module_description *description, struct module **ret,
		 const char **ret_problem);
/*
 * As registry_add(), for a module that was registered with the daemon before this one: it keeps its
 * id. Later modules get larger ids. Returns also -EEXIST when there is a module of that id.
 */
int registry_resume(struct registry *registry, struct owner *owner,
		    const struct module_description *description, uint64_t id, struct module **ret,
		    const char **ret_problem);
void registry_remove(struct registry *registry, struct module *module);

/* The masks, as given by the config, or NULL. */
struct masks *registry_masks(const struct registry *registry);
/* Owners of the unit at that cgroup register anew what was refused to them. */
void registry_ask_again(struct registry *registry, const char *cgroup);
/* An owner's words about its module: its size now (capped below MODULE_AMOUNT_LIMIT), and whether
 * it is unloaded; and: it was used just now. To be loaded again is a use, too. */
void registry_report(struct registry *registry, struct module *module, uint64_t size_bytes,
		     bool unloaded);
/* What it takes to load it again turned out otherwise (capped, too). */
void registry_report_reload_cost(struct registry *registry, struct module *module,
				 uint64_t reload_cost_usec);
void registry_touch(struct registry *registry, struct module *module);
/*
 * An owner answered.
 * Returns: 0; -ESTALE when that request was replaced by a newer one after its deadline; -ENOENT
 * when no such request is open.
 */
int registry_answer(struct registry *registry, struct module *module,
		    const struct outcome *outcome);

uint32_t registry_size(const struct registry *registry);
struct module *registry_get(struct registry *registry, uint32_t slot); /* or NULL */
struct module *registry_find(struct registry *registry, uint64_t id);  /* or NULL */
struct module *registry_next(struct registry *registry, uint32_t slot);

#define registry_foreach_module(registry, each)                      \
	for (struct module *each = registry_next(registry, 0); each; \
	     each = registry_next(registry, each->slot + 1))

/* Lists all modules in the observation and sets OBSERVED_MODULES. */
void registry_collect(struct registry *registry, struct observation *observation);
/*
 * Sends a shed or unload to the module's owner. Returns: 0, -ENOENT when the module is gone,
 * -EAGAIN when the owner does not take more right now or has not answered the last one, whose
 * deadline is still to come; or why it could not be sent.
 */
int registry_send(struct registry *registry, const struct action *action);
/*
 * The group's level is now this. What an owner hears is the highest level of its group and all
 * above it, and only when that changes.
 */
void registry_tell_level(struct registry *registry, uint32_t group_slot, enum level level);
/* Forgets all levels told: every owner that heard of a shortage hears `low`. */
void registry_tell_calm(struct registry *registry);
