/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One agent is one object of one client; it goes when the client's unique name leaves the bus:
 *
 *    Register(path) --> agent (sender, path) -- NameOwnerChanged of the sender: agent freed
 *                          |
 *    registry_send() --> struct call --Relieve()--> client       reply, error or timeout:
 *                          ^----------------------------------   registry_answer()
 *
 * Calls are queued by sd-bus and never waited for. A bus that does not take messages any more makes
 * its modules answer "busy" or "late" and holds up nobody else.
 *
 * An agent without modules stays until its client leaves or the next registration sweeps it: it may
 * have lost its last module in the middle of a call that still uses it.
 */
#include "controller/registry/agents.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/base/log.h"
#include "controller/registry/agents_file.h"

#define AGENT_INTERFACE "org.reliefd.Relief1.Agent"
#define BUS_DRIVER	"org.freedesktop.DBus"
#define BUS_DRIVER_PATH "/org/freedesktop/DBus"
#define NAME_OWNER_CHANGED                                                                        \
	"type='signal',sender='" BUS_DRIVER "',path='" BUS_DRIVER_PATH "',interface='" BUS_DRIVER \
	"',member='NameOwnerChanged'"
/*
 * The reply may take this many times longer than the deadline, and this long at least, before
 * sd-bus gives up: what a late module frees is on record, and a brake waits for it (Hold= is ten
 * times the deadline of shed, too). A bus of its own limits how many calls may wait for a reply.
 */
#define REPLY_GRACE_FACTOR     10
#define REPLY_GRACE_LEAST_USEC (500 * USEC_PER_MSEC)

struct agent {
	struct owner owner; /* first: an owner of ours is its agent */
	struct agents *agents;
	sd_bus *bus;
	sd_bus_slot *match, *query; /* follow the sender's name */
	char *sender, *path;
	LIST_ENTRY(agent) others;
};

/* A request on its way. Modules are looked up again by id: they may be gone when it returns. */
struct call {
	struct agents *agents;
	uint64_t module_id, action_id;
	sd_bus_slot *slot;
	LIST_ENTRY(call) others;
};

struct agents {
	struct registry *registry;
	LIST_HEAD(, agent) list;
	LIST_HEAD(, call) calls;
};

static struct agent *agent_of(struct owner *owner)
{
	return (struct agent *)owner;
}
_Static_assert(offsetof(struct agent, owner) == 0, "agent_of() relies on it");

static inline void agents_message_unref_cleanup(sd_bus_message **message)
{
	sd_bus_message_unref(*message);
}

/* ---- calls ---- */

static void agents_call_free(struct call *call)
{
	LIST_REMOVE(call, others);
	sd_bus_slot_unref(call->slot);
	free(call);
}

/* How a call that came back as a D-Bus error ended. */
static void agents_outcome_from_error(sd_bus_message *reply, struct outcome *outcome)
{
	int error = sd_bus_message_get_errno(reply);

	if (error == ETIMEDOUT || sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY)) {
		outcome->result = RESULT_LATE;
		return;
	}
	outcome->result = RESULT_FAILED;
	outcome->error = -error;
}

static void agents_outcome_from_reply(sd_bus_message *reply, struct outcome *outcome)
{
	const char *result;
	uint64_t freed_bytes;
	int r;

	r = sd_bus_message_read(reply, "ts", &freed_bytes, &result);
	if (r >= 0 && freed_bytes < MODULE_AMOUNT_LIMIT &&
	    result_from_name(result, &outcome->result) == 0 && outcome->result <= RESULT_FAILED) {
		outcome->claimed_bytes = freed_bytes;
		outcome->error = outcome->result == RESULT_FAILED ? -EIO : 0;
		return;
	}
	outcome->result = RESULT_FAILED;
	outcome->error = -EBADMSG;
}

static int agents_call_on_reply(sd_bus_message *reply, void *data, sd_bus_error *ret_error)
{
	struct call *call = data;
	struct registry *registry = call->agents->registry;
	struct module *module = registry_find(registry, call->module_id);
	struct outcome outcome = { .action_id = call->action_id };

	outcome.finished_usec = registry_now_usec(registry);
	if (sd_bus_message_is_method_error(reply, NULL))
		agents_outcome_from_error(reply, &outcome);
	else
		agents_outcome_from_reply(reply, &outcome);
	agents_call_free(call);
	if (module && registry_answer(registry, module, &outcome) < 0)
		log_debug("Answer to request %" PRIu64 " came too late", outcome.action_id);
	return 0;
}

/* ---- sending ---- */

static int agent_new_message(struct agent *agent, const char *member, sd_bus_message **ret)
{
	int r;

	r = sd_bus_message_new_method_call(agent->bus, ret, agent->sender, agent->path,
					   AGENT_INTERFACE, member);
	if (r < 0)
		return r;
	return sd_bus_message_set_auto_start(*ret, false);
}

/* sd-bus keeps a bounded queue for a bus that does not read; full is "not now". */
static int agents_send_error(int r)
{
	return r == -ENOBUFS ? -EAGAIN : r;
}

static uint64_t agents_reply_grace(uint64_t timeout_usec)
{
	return u64_max(u64_muldiv(timeout_usec, REPLY_GRACE_FACTOR, 1), REPLY_GRACE_LEAST_USEC);
}

static int agent_send_request(struct owner *owner, const struct module *module,
			      const struct action *action)
{
	_cleanup_(agents_message_unref_cleanup) sd_bus_message *message = NULL;
	struct agent *agent = agent_of(owner);
	struct agents *agents = agent->agents;
	uint64_t timeout_usec = u64_sub(action->deadline_usec, registry_now_usec(agents->registry));
	struct call *call;
	int r;

	r = agent_new_message(agent, "Relieve", &message);
	if (r < 0)
		return r;
	r = sd_bus_message_append(message, "tssstuts", action->id, module->description.name,
				  rung_name(action->rung), level_name(action->level), action->bytes,
				  action->ratio_bp, timeout_usec, reason_name(action->reason));
	if (r < 0)
		return r;
	call = calloc(1, sizeof(*call));
	if (!call)
		return -EAGAIN;
	*call = (struct call){ .agents = agents, .module_id = module->id, .action_id = action->id };
	LIST_INSERT_HEAD(&agents->calls, call, others);
	r = sd_bus_call_async(agent->bus, &call->slot, message, agents_call_on_reply, call,
			      u64_add(timeout_usec, agents_reply_grace(timeout_usec)));
	if (r < 0) {
		agents_call_free(call);
		return agents_send_error(r);
	}
	return 0;
}

static int agent_send_level(struct owner *owner, enum level level)
{
	_cleanup_(agents_message_unref_cleanup) sd_bus_message *message = NULL;
	struct agent *agent = agent_of(owner);
	int r;

	r = agent_new_message(agent, "LevelChanged", &message);
	if (r < 0)
		return r;
	r = sd_bus_message_append(message, "s", level_name(level));
	if (r < 0)
		return r;
	r = sd_bus_message_set_expect_reply(message, false);
	if (r < 0)
		return r;
	return agents_send_error(sd_bus_send(agent->bus, message, NULL));
}

static const struct owner_ops agent_ops = {
	.name = "agent",
	.send_request = agent_send_request,
	.send_level = agent_send_level,
};

/* ---- life of an agent ---- */

static struct agent *agent_free(struct agent *agent)
{
	registry_owner_done(agent->agents->registry, &agent->owner);
	LIST_REMOVE(agent, others);
	sd_bus_slot_unref(agent->match);
	sd_bus_slot_unref(agent->query);
	sd_bus_unref(agent->bus);
	free(agent->sender);
	free(agent->path);
	free(agent);
	return NULL;
}

static int agent_on_owner_changed(sd_bus_message *signal, void *data, sd_bus_error *ret_error)
{
	const char *name, *old_owner, *new_owner;

	if (sd_bus_message_read(signal, "sss", &name, &old_owner, &new_owner) >= 0 &&
	    new_owner[0] == '\0')
		agent_free(data);
	return 0;
}

static int agent_on_has_owner(sd_bus_message *reply, void *data, sd_bus_error *ret_error)
{
	int has_owner;

	if (!sd_bus_message_is_method_error(reply, NULL) &&
	    sd_bus_message_read(reply, "b", &has_owner) >= 0 && !has_owner)
		agent_free(data);
	return 0;
}

/*
 * sd_bus_track would do, but waits for the bus. The two messages arrive there in this order: either
 * the client is gone already and the reply says so, or the signal will.
 */
static int agent_follow(struct agent *agent)
{
	_cleanup_free_ char *match = NULL;
	int r;

	if (asprintf(&match, NAME_OWNER_CHANGED ",arg0='%s'", agent->sender) < 0) {
		match = NULL;
		return -ENOMEM;
	}
	r = sd_bus_add_match_async(agent->bus, &agent->match, match, agent_on_owner_changed, NULL,
				   agent);
	if (r < 0)
		return r;
	return sd_bus_call_method_async(agent->bus, &agent->query, BUS_DRIVER, BUS_DRIVER_PATH,
					BUS_DRIVER, "NameHasOwner", agent_on_has_owner, agent, "s",
					agent->sender);
}

static int agent_new(struct agent **ret, struct agents *agents, sd_bus *bus, const char *sender,
		     const char *path, const struct client *client)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int r;

	if (!agent)
		return -ENOMEM;
	r = registry_owner_init(agents->registry, &agent->owner, &agent_ops, client);
	if (r < 0) {
		free(agent);
		return r;
	}
	LIST_INSERT_HEAD(&agents->list, agent, others);
	agent->agents = agents;
	agent->bus = sd_bus_ref(bus);
	agent->sender = strdup(sender);
	agent->path = strdup(path);
	r = agent->sender && agent->path ? agent_follow(agent) : -ENOMEM;
	if (r < 0) {
		agent_free(agent);
		return r;
	}
	*ret = agent;
	return 0;
}

/* ---- interface ---- */

int agents_new(struct agents **ret, struct registry *registry)
{
	struct agents *agents = calloc(1, sizeof(*agents));

	if (!agents)
		return -ENOMEM;
	agents->registry = registry;
	LIST_INIT(&agents->list);
	LIST_INIT(&agents->calls);
	*ret = agents;
	return 0;
}

void agents_drop_all(struct agents *agents)
{
	while (!LIST_EMPTY(&agents->calls))
		agents_call_free(LIST_FIRST(&agents->calls));
	while (!LIST_EMPTY(&agents->list))
		agent_free(LIST_FIRST(&agents->list));
}

struct agents *agents_free(struct agents *agents)
{
	if (!agents)
		return NULL;
	agents_drop_all(agents);
	free(agents);
	return NULL;
}

static struct agent *agents_find(struct agents *agents, const char *sender, const char *path)
{
	struct agent *agent;

	LIST_FOREACH(agent, &agents->list, others)
	if (strcmp(agent->sender, sender) == 0 && strcmp(agent->path, path) == 0)
		return agent;
	return NULL;
}

/* A client could leave any number of agents behind by registering at ever new paths. */
static void agents_sweep(struct agents *agents)
{
	struct agent *agent = LIST_FIRST(&agents->list), *next;

	for (; agent; agent = next) {
		next = LIST_NEXT(agent, others);
		if (agent->owner.n_modules == 0)
			agent_free(agent);
	}
}

/* The agent that is there, or a new one. */
static int agents_ensure(struct agents *agents, sd_bus *bus, const char *sender, const char *path,
			 const struct client *client, struct agent **ret)
{
	*ret = agents_find(agents, sender, path);
	if (*ret)
		return 0;
	agents_sweep(agents);
	return agent_new(ret, agents, bus, sender, path, client);
}

/* A client that watches reliefd come back registers anew what has been taken over already. */
static uint64_t agent_replace_resumed(struct agent *agent, const char *name)
{
	struct registry *registry = agent->agents->registry;

	registry_foreach_module(registry, module) {
		uint64_t id = module->id;

		if (module->owner != &agent->owner || !module->is_resumed ||
		    strcmp(module->description.name, name) != 0)
			continue;
		registry_remove(registry, module);
		return id;
	}
	return 0;
}

int agents_register(struct agents *agents, sd_bus_message *message, const struct client *client,
		    const char *agent_path, const struct module_description *description,
		    struct module **ret, const char **ret_problem)
{
	const char *sender = sd_bus_message_get_sender(message);
	struct agent *agent;
	uint64_t id = 0;
	int r;

	*ret_problem = "the agent's path is no object path";
	if (!sd_bus_object_path_is_valid(agent_path))
		return -EINVAL;
	*ret_problem = "reliefd could not take the agent";
	if (!sender)
		return -ESRCH;
	r = agents_ensure(agents, sd_bus_message_get_bus(message), sender, agent_path, client,
			  &agent);
	if (r < 0)
		return r;
	if (module_description_is_valid(description, ret_problem))
		id = agent_replace_resumed(agent, description->name);
	if (id != 0)
		r = registry_resume(agents->registry, &agent->owner, description, id, ret,
				    ret_problem);
	else
		r = registry_add(agents->registry, &agent->owner, description, ret, ret_problem);
	if (r < 0)
		return r;
	(*ret)->is_resumed = false;
	registry_owner_tell(agents->registry, &agent->owner);
	return 0;
}

int agents_resume(struct agents *agents, sd_bus *bus, const struct client *client,
		  const struct agents_entry *entry, const char **ret_problem)
{
	struct agent *agent;
	struct module *module;
	int r;

	*ret_problem = "reliefd could not take the agent";
	r = agents_ensure(agents, bus, entry->sender, entry->path, client, &agent);
	if (r < 0)
		return r;
	r = registry_resume(agents->registry, &agent->owner, &entry->description, entry->module_id,
			    &module, ret_problem);
	if (r < 0)
		return r;
	registry_owner_tell(agents->registry, &agent->owner);
	return 0;
}

bool agents_owns(const struct agents *agents, const struct module *module)
{
	return module->owner->ops == &agent_ops;
}

bool agents_describe(const struct agents *agents, const struct module *module,
		     struct agents_entry *ret)
{
	const struct agent *agent;

	if (!agents_owns(agents, module))
		return false;
	agent = agent_of(module->owner);
	if (strlen(agent->sender) >= sizeof(ret->sender) ||
	    strlen(agent->path) >= sizeof(ret->path) || strchr(agent->owner.client.cgroup, '\t'))
		return false;
	*ret = (struct agents_entry){
		.module_id = module->id,
		.uid = agent->owner.client.uid,
		.pid = agent->owner.client.pid,
		.description = module->description,
	};
	if (agent->owner.client.acts_for_another)
		strcpy(ret->cgroup, agent->owner.client.cgroup);
	strcpy(ret->sender, agent->sender);
	strcpy(ret->path, agent->path);
	return true;
}

bool agents_is_owner(struct agents *agents, const struct module *module, const char *sender)
{
	return agents_owns(agents, module) && strcmp(agent_of(module->owner)->sender, sender) == 0;
}
