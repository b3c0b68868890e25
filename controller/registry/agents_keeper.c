/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	           resume(bus)                        last entry done
 *	paused ────────────────▶ resuming ─────────────────────────────▶ keeping
 *	   ▲                        │ one entry at a time:                  │ a change: the file is
 *	   │                        │ GetConnectionCredentials ─▶ agent     │ written in the next
 *	   └──── pause() ───────────┴────────────────────────────────┘       │ idle turn of the loop
 *
 * Nothing is written while the file cannot be read, or entries are being resumed: a crash then
 *loses none. Reading and writing are tried again until they succeed. What a client says of its
 *modules while reliefd is away is lost; sizes are those of the last writing, which a clean end
 *brings up to date.
 */
#include "controller/registry/agents_keeper.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "controller/base/log.h"
#include "controller/registry/agents_file.h"

struct agents_keeper {
	struct agents *agents;
	struct registry *registry;
	char *path;
	sd_event_source *save; /* deferred, when idle */
	struct retry *retry;   /* of reading or writing */
	bool keeping;

	/* While resuming */
	bool is_read;
	sd_bus *bus;
	sd_bus_slot *query;
	struct agents_file file;
	size_t next, n_resumed;
	char bus_id[AGENTS_FILE_BUS_ID_SIZE]; /* "": not on a bus */
};

/* ---- writing ---- */

static void agents_keeper_collect(struct agents_keeper *keeper, struct agents_file *file)
{
	memcpy(file->bus_id, keeper->bus_id, sizeof(file->bus_id));
	registry_foreach_module(keeper->registry, module) {
		assert(file->n < AGENTS_FILE_MAX_MODULES);
		file->n += agents_describe(keeper->agents, module, &file->entries[file->n]);
	}
}

static int agents_keeper_save(struct agents_keeper *keeper, char **ret_text)
{
	_cleanup_(agents_file_done) struct agents_file file = {};
	int r = -ENOMEM;

	file.entries = calloc(registry_size(keeper->registry) + 1, sizeof(*file.entries));
	if (file.entries) {
		agents_keeper_collect(keeper, &file);
		r = agents_file_write(keeper->path, &file);
	}
	if (r < 0)
		return retry_explain(r, ret_text,
				     "Cannot write %s: %s; modules on D-Bus would not survive a "
				     "restart of reliefd until it can; make room, or make its "
				     "directory one that reliefd may write",
				     keeper->path, strerror(-r));
	return 0;
}

static int agents_keeper_on_idle(sd_event_source *source, void *data)
{
	struct agents_keeper *keeper = data;

	if (keeper->keeping)
		retry_now(keeper->retry);
	return 0;
}

static void agents_keeper_on_change(void *data, const struct module *module)
{
	struct agents_keeper *keeper = data;

	if (keeper->keeping && agents_owns(keeper->agents, module))
		sd_event_source_set_enabled(keeper->save, SD_EVENT_ONESHOT);
}

/* ---- resuming ---- */

static void agents_keeper_ask_next(struct agents_keeper *keeper);

static void agents_keeper_finish(struct agents_keeper *keeper)
{
	if (keeper->file.n > 0)
		log_info("%zu of %zu modules on D-Bus are registered again", keeper->n_resumed,
			 keeper->file.n);
	agents_file_done(&keeper->file);
	keeper->bus = sd_bus_unref(keeper->bus);
	keeper->keeping = true;
	sd_event_source_set_enabled(keeper->save, SD_EVENT_ONESHOT);
}

/* Returns: 0 or negative errno and a sentence. */
static int agents_keeper_resume_entry(struct agents_keeper *keeper,
				      const struct agents_entry *entry, sd_bus_message *reply,
				      const char **ret_problem)
{
	struct client client;
	uid_t uid;
	pid_t pid;
	int r;

	*ret_problem = "its client has left the bus";
	if (sd_bus_message_is_method_error(reply, NULL))
		return -ESRCH;
	r = client_identity_read_credentials(reply, &uid, &pid);
	if (r < 0)
		return r;
	*ret_problem = "the bus gave its client's name to another process";
	if (uid != entry->uid || pid != entry->pid)
		return -ESTALE;
	*ret_problem = "its client's cgroup cannot be told";
	r = client_identity_from_pid(registry_tree(keeper->registry), pid, -1, uid, &client);
	if (r < 0)
		return r;
	if (entry->cgroup[0])
		r = client_identity_act_for(&client, entry->cgroup);
	if (r < 0)
		return r;
	return agents_resume(keeper->agents, keeper->bus, &client, entry, ret_problem);
}

static int agents_keeper_on_credentials(sd_bus_message *reply, void *data, sd_bus_error *ret_error)
{
	struct agents_keeper *keeper = data;
	const struct agents_entry *entry = &keeper->file.entries[keeper->next++];
	const char *problem = NULL;
	int r;

	keeper->query = sd_bus_slot_unref(keeper->query);
	r = agents_keeper_resume_entry(keeper, entry, reply, &problem);
	if (r < 0)
		log_info("Module \"%s\" of process %d is not registered again: %s",
			 entry->description.name, entry->pid, problem);
	keeper->n_resumed += r >= 0;
	agents_keeper_ask_next(keeper);
	return 0;
}

static void agents_keeper_ask_next(struct agents_keeper *keeper)
{
	int r;

	if (keeper->next == keeper->file.n) {
		agents_keeper_finish(keeper);
		return;
	}
	r = sd_bus_call_method_async(keeper->bus, &keeper->query, "org.freedesktop.DBus",
				     "/org/freedesktop/DBus", "org.freedesktop.DBus",
				     "GetConnectionCredentials", agents_keeper_on_credentials,
				     keeper, "s", keeper->file.entries[keeper->next].sender);
	if (r < 0) { /* not again: what is left stays in the file until the next change */
		log_errno(r, "Cannot ask the bus for the clients of %s", keeper->path);
		agents_keeper_finish(keeper);
	}
}

static int agents_keeper_read(struct agents_keeper *keeper)
{
	sd_id128_t id;
	int r;

	r = sd_bus_get_bus_id(keeper->bus, &id);
	if (r < 0)
		return r;
	sd_id128_to_string(id, keeper->bus_id);
	r = agents_file_read(keeper->path, &keeper->file);
	if (r == -ENOENT)
		return 0;
	if (r == -EBADMSG || r == -EFBIG) { /* that does not pass: the next writing replaces it */
		log_errno(r, "Modules on D-Bus must register again: cannot read %s", keeper->path);
		return 0;
	}
	if (r < 0)
		return r;
	if (strcmp(keeper->file.bus_id, keeper->bus_id) != 0)
		agents_file_done(&keeper->file); /* of another bus: its clients are gone */
	return 0;
}

static int agents_keeper_begin(struct agents_keeper *keeper, char **ret_text)
{
	int r;

	r = agents_keeper_read(keeper);
	if (r < 0)
		return retry_explain(
			r, ret_text,
			"Cannot read %s: %s; modules on D-Bus that were registered before reliefd "
			"started are not known until it can, or until they register again; make it "
			"a file that root can read, or remove it",
			keeper->path, strerror(-r));
	keeper->is_read = true;
	keeper->next = keeper->n_resumed = 0;
	agents_keeper_ask_next(keeper);
	return 0;
}

static int agents_keeper_on_attempt(void *data, char **ret_text)
{
	struct agents_keeper *keeper = data;

	if (keeper->bus && !keeper->is_read)
		return agents_keeper_begin(keeper, ret_text);
	return keeper->keeping ? agents_keeper_save(keeper, ret_text) : 0;
}

void agents_keeper_resume(struct agents_keeper *keeper, sd_bus *bus)
{
	assert(!keeper->keeping && !keeper->bus);
	keeper->bus = sd_bus_ref(bus);
	keeper->is_read = false;
	retry_now(keeper->retry);
}

void agents_keeper_pause(struct agents_keeper *keeper)
{
	keeper->keeping = false;
	if (keeper->retry)
		retry_stop(keeper->retry);
	keeper->query = sd_bus_slot_unref(keeper->query);
	keeper->bus = sd_bus_unref(keeper->bus);
	agents_file_done(&keeper->file);
}

void agents_keeper_stop(struct agents_keeper *keeper)
{
	if (keeper->keeping)
		retry_now(keeper->retry);
	agents_keeper_pause(keeper);
}

/* ---- life ---- */

int agents_keeper_new(struct agents_keeper **ret, struct agents *agents, struct registry *registry,
		      const struct agents_keeper_config *config)
{
	_cleanup_(agents_keeper_free_cleanup) struct agents_keeper *keeper = NULL;
	int r;

	keeper = calloc(1, sizeof(*keeper));
	if (!keeper)
		return -ENOMEM;
	keeper->agents = agents;
	keeper->registry = registry;
	keeper->path = strdup(config->path);
	if (!keeper->path)
		return -ENOMEM;
	r = sd_event_add_defer(config->event, &keeper->save, agents_keeper_on_idle, keeper);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(keeper->save, SD_EVENT_OFF);
	sd_event_source_set_priority(keeper->save, SD_EVENT_PRIORITY_IDLE);
	sd_event_source_set_description(keeper->save, "agents-keeper");
	r = retry_new(&keeper->retry, &(struct retry_config){
					      .event = config->event,
					      .problems = config->problems,
					      .wake = config->wake,
					      .name = PROBLEM_AGENTS,
					      .attempt = agents_keeper_on_attempt,
					      .data = keeper,
				      });
	if (r < 0)
		return r;
	r = registry_listen(registry,
			    &(struct registry_listener){ .added = agents_keeper_on_change,
							 .removed = agents_keeper_on_change,
							 .data = keeper });
	if (r < 0)
		return r;
	*ret = take_ptr(keeper);
	return 0;
}

struct agents_keeper *agents_keeper_free(struct agents_keeper *keeper)
{
	if (!keeper)
		return NULL;
	agents_keeper_pause(keeper);
	retry_free(keeper->retry);
	sd_event_source_disable_unref(keeper->save);
	free(keeper->path);
	free(keeper);
	return NULL;
}
