/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals: what a step changed
 *
 * For each group a copy of what was last told is kept; a step compares and tells the difference,
 * so a signal that had to be left out because the bus was slow is made up for by the next step.
 * What happened only once (actions, level changes) is counted when it had to be left out.
 *
 * Nothing is told before the name is ours: whoever arrives then asks for everything anyway.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controller/base/log.h"
#include "controller/bus/bus.h"
#include "controller/bus/bus_internal.h"

/*
 * Messages that may wait for a slow bus. Ten times what the worst step sends; about 2 MB, which
 * is what we are ready to spend on a bus that does not read.
 */
#define BUS_MAX_QUEUED 4096

bool bus_can_emit(struct bus *bus)
{
	uint64_t n_queued = 0;

	if (!bus->named)
		return false;
	return sd_bus_get_n_queued_write(bus->connection, &n_queued) < 0 ||
	       n_queued < BUS_MAX_QUEUED;
}

/* The manager's properties below: no other object has as many that change. */
#define CHANGES_MAX 12

/* Names for one PropertiesChanged signal, and the NULL behind them. */
struct changes {
	char *names[CHANGES_MAX + 1];
	size_t n;
};

static void bus_publish_changes_add(struct changes *changes, bool changed, const char *name)
{
	if (changed)
		changes->names[changes->n++] = (char *)name;
}

static void bus_publish_changes_emit(struct bus *bus, const struct changes *changes,
				     const char *path, const char *interface)
{
	if (changes->n > 0)
		sd_bus_emit_properties_changed_strv(bus->connection, path, interface,
						    (char **)changes->names);
}

/* Groups */

static struct published_group bus_publish_group_now(struct bus *bus, uint32_t slot)
{
	const struct group_state *state = &bus->config.state->groups[slot];
	const struct published_group *told = &bus->groups[slot];

	return (struct published_group){
		.id = state->id,
		.level = state->level,
		.rung = state_group_rung(bus->config.state, slot),
		.signal = state->signal,
		.attribution = state->attribution,
		.brake = state->hold.id != 0 ? state->hold.brake : BRAKE_OFF,
		.brake_until_usec = state->hold.id != 0 ? state->hold.until_usec : 0,
		.n_own_kills = told->id == state->id ? told->n_own_kills : 0,
	};
}

static void bus_publish_group_changes(struct changes *changes, const struct published_group *old,
				      const struct published_group *now)
{
	bus_publish_changes_add(changes, old->level != now->level, "Level");
	bus_publish_changes_add(changes, old->rung != now->rung, "Rung");
	bus_publish_changes_add(changes, old->signal != now->signal, "Signal");
	bus_publish_changes_add(changes, old->attribution != now->attribution, "Attribution");
}

/* Those that the manager has not. The reason changes when the brake or its time does. */
static void bus_publish_brake_changes(struct changes *changes, const struct published_group *old,
				      const struct published_group *now)
{
	bool differs = old->brake != now->brake || old->brake_until_usec != now->brake_until_usec;

	bus_publish_changes_add(changes, old->brake != now->brake, "Brake");
	bus_publish_changes_add(changes, differs, "BrakeUntilUSec");
	bus_publish_changes_add(changes, differs, "BrakeReason");
}

static void bus_publish_group(struct bus *bus, uint32_t slot)
{
	struct published_group *told = &bus->groups[slot];
	struct published_group now = bus_publish_group_now(bus, slot);
	const struct group *group = group_set_get(bus->config.groups, slot);
	_cleanup_free_ char *path = NULL;
	struct changes changes = {};

	if (told->id != now.id) /* another group in this slot: it was announced calm */
		*told = (struct published_group){ .id = now.id };
	bus_publish_group_changes(&changes, told, &now);
	bus_publish_brake_changes(&changes, told, &now);
	*told = now;
	if (changes.n == 0 || !group || group->id != now.id || bus_group_path(group, &path) < 0)
		return;
	bus_publish_changes_emit(bus, &changes, path, BUS_GROUP_INTERFACE);
}

/* The rung costs a walk over the ladders, so it is looked up for those only that may have one. */
static bool bus_publish_group_may_differ(const struct bus *bus, uint32_t slot)
{
	const struct group_state *now = &bus->config.state->groups[slot];
	const struct published_group *told = &bus->groups[slot];

	if (now->id == 0)
		return false;
	return told->id != now->id || told->level != now->level || told->signal != now->signal ||
	       told->attribution != now->attribution || told->rung != RUNG_NONE ||
	       told->brake != BRAKE_OFF || now->hold.id != 0;
}

static void bus_publish_groups(struct bus *bus)
{
	const struct state *state = bus->config.state;

	for (uint32_t slot = 0; slot < state->n_groups_used; slot++)
		if (bus_publish_group_may_differ(bus, slot))
			bus_publish_group(bus, slot);
	for (uint32_t i = 0; i < state->limits.max_ladders; i++)
		if (state->ladders[i].active)
			bus_publish_group(bus, state->ladders[i].group_slot);
}

/* Manager */

static struct published_manager bus_publish_manager_now(struct bus *bus)
{
	return (struct published_manager){
		.n_groups = group_set_size(bus->config.groups),
		.n_unfollowed = group_set_unfollowed(bus->config.groups)->n +
				group_set_unfollowed(bus->config.groups)->n_more,
		.n_modules = registry_size(bus->config.registry),
		.n_held = bus->config.state->n_held,
		.degradations = observer_degradations(bus->config.observer),
		.problems = bus->config.problems->version,
		.clock = observer_growth_clock(bus->config.observer),
	};
}

/* `host_told` is the host's group before this step's bus_publish_groups(). */
static void bus_publish_manager(struct bus *bus, const struct published_group *host_told)
{
	struct published_manager now = bus_publish_manager_now(bus);
	struct changes changes = {};

	bus_publish_group_changes(&changes, host_told, &bus->groups[GROUP_SLOT_HOST]);
	bus_publish_changes_add(&changes, bus->manager.n_groups != now.n_groups, "NGroups");
	bus_publish_changes_add(&changes, bus->manager.n_unfollowed != now.n_unfollowed,
				"Unfollowed");
	bus_publish_changes_add(&changes, bus->manager.n_modules != now.n_modules, "NModules");
	bus_publish_changes_add(&changes, bus->manager.n_held != now.n_held, "NHeld");
	bus_publish_changes_add(&changes, bus->manager.clock != now.clock, "GrowthClock");
	bus_publish_changes_add(&changes,
				bus->manager.degradations != now.degradations ||
					bus->manager.problems != now.problems,
				"Degraded");
	bus_publish_changes_add(&changes,
				bus->manager.degradations != now.degradations ||
					bus->manager.problems != now.problems,
				"DegradedReasons");
	bus_publish_changes_add(&changes, bus->manager.problems != now.problems, "Problems");
	bus->manager = now;
	bus_publish_changes_emit(bus, &changes, BUS_PATH, BUS_MANAGER_INTERFACE);
}

void bus_published_reset(struct bus *bus)
{
	const struct state *state = bus->config.state;

	for (uint32_t slot = 0; slot < state->limits.max_groups; slot++) {
		if (slot < state->n_groups_used)
			bus->groups[slot] = bus_publish_group_now(bus, slot);
		else if (bus->groups[slot].id != 0) /* untouched pages stay so */
			bus->groups[slot] = (struct published_group){};
	}
	bus->manager = bus_publish_manager_now(bus);
}

void bus_publish_settings(struct bus *bus, bool dry_run)
{
	bus->dry_run = dry_run;
	if (bus_can_emit(bus))
		sd_bus_emit_properties_changed(bus->connection, BUS_PATH, BUS_MANAGER_INTERFACE,
					       "DryRun", "Profile", "BrakeMode", NULL);
}

/* Events of a decision */

int bus_new_signal(struct bus *bus, const char *member, sd_bus_message **ret)
{
	return sd_bus_message_new_signal(bus->connection, ret, BUS_PATH, BUS_MANAGER_INTERFACE,
					 member);
}

/* What both action signals carry in their details. */
static int bus_publish_append_common_details(struct bus *bus, sd_bus_message *signal,
					     const struct action *action)
{
	const struct module *module = registry_get(bus->config.registry, action->module_slot);
	int r;

	r = sd_bus_message_append(signal, "{sv}{sv}{sv}", "EpisodeId", "t", action->episode_id,
				  "OrderId", "t", action->order_id, "DryRun", "b", bus->dry_run);
	if (r < 0 || action->module_slot == SLOT_NONE || !module || module->id != action->module_id)
		return r;
	return sd_bus_message_append(signal, "{sv}{sv}", "ModuleName", "s",
				     module->description.name, "Unit", "s",
				     module->owner->client.unit);
}

static const char *bus_publish_action_module_path(const struct action *action,
						  char buf[static BUS_MODULE_PATH_SIZE])
{
	if (action->module_slot == SLOT_NONE)
		return "/";
	bus_module_path(action->module_id, buf);
	return buf;
}

static int bus_publish_append_start(struct bus *bus, sd_bus_message *signal,
				    const struct action *action)
{
	char path[BUS_MODULE_PATH_SIZE];
	int r;

	r = sd_bus_message_append(signal, "tssots", action->id, rung_name(action->rung),
				  bus_group_name(bus, action->group_slot, action->group_id),
				  bus_publish_action_module_path(action, path), action->bytes,
				  reason_name(action->reason));
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(signal, 'a', "{sv}");
	if (r < 0)
		return r;
	r = bus_publish_append_common_details(bus, signal, action);
	if (r < 0)
		return r;
	r = sd_bus_message_append(
		signal, "{sv}{sv}{sv}{sv}", "Level", "s", level_name(action->level), "Attribution",
		"s", attribution_name(action->attribution), "Ratio", "u", action->ratio_bp,
		"TimeoutUSec", "t", u64_sub(action->deadline_usec, action->started_usec));
	return r < 0 ? r : sd_bus_message_close_container(signal);
}

static int bus_publish_tell_start(struct bus *bus, const struct action *action)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
	int r;

	r = bus_new_signal(bus, "ActionStarted", &signal);
	if (r < 0)
		return r;
	r = bus_publish_append_start(bus, signal, action);
	return r < 0 ? r : sd_bus_send(bus->connection, signal, NULL);
}

static int bus_publish_append_finish(struct bus *bus, sd_bus_message *signal,
				     const struct finish *finish)
{
	const struct action *action = &finish->action;
	char path[BUS_MODULE_PATH_SIZE];
	int r;

	r = sd_bus_message_append(signal, "tsssttt", action->id, rung_name(action->rung),
				  bus_group_name(bus, action->group_slot, action->group_id),
				  result_name(finish->result), finish->claimed_bytes,
				  finish->measured_bytes, finish->duration_usec);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(signal, 'a', "{sv}");
	if (r < 0)
		return r;
	r = bus_publish_append_common_details(bus, signal, action);
	if (r < 0)
		return r;
	r = sd_bus_message_append(signal, "{sv}{sv}{sv}", "Module", "o",
				  bus_publish_action_module_path(action, path), "AskedBytes", "t",
				  action->bytes, "Error", "i", -finish->error);
	return r < 0 ? r : sd_bus_message_close_container(signal);
}

static int bus_publish_tell_finish(struct bus *bus, const struct finish *finish)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
	int r;

	r = bus_new_signal(bus, "ActionFinished", &signal);
	if (r < 0)
		return r;
	r = bus_publish_append_finish(bus, signal, finish);
	return r < 0 ? r : sd_bus_send(bus->connection, signal, NULL);
}

static void bus_publish_events(struct bus *bus, const struct decision *decision)
{
	/* Where only the attribution changed, its property says so. */
	for (size_t i = 0; i < decision->n_level_changes; i++)
		if (decision->level_changes[i].new_level != decision->level_changes[i].old_level)
			bus_tell_level_change(bus, &decision->level_changes[i]);
	for (size_t i = 0; i < decision->n_brakes; i++)
		bus_tell_brake(bus, &decision->brakes[i]);
	for (size_t i = 0; i < decision->n_finishes; i++)
		bus_publish_tell_finish(bus, &decision->finishes[i]);
	for (size_t i = 0; i < decision->n_actions; i++)
		bus_publish_tell_start(bus, &decision->actions[i]);
	for (size_t i = 0; i < decision->n_episodes; i++)
		bus_tell_episode(bus, &decision->episodes[i]);
}

static void bus_publish_note_unsent(struct bus *bus, const struct decision *decision)
{
	uint64_t n = decision->n_level_changes + decision->n_finishes + decision->n_actions +
		     decision->n_episodes + decision->n_brakes;

	if (n > 0 && bus->n_unsent == 0)
		log_warning("The bus does not read its messages; signals are left out until it "
			    "does");
	bus->n_unsent += n;
}

void bus_publish(struct bus *bus, const struct decision *decision)
{
	struct published_group host_told = bus->groups[GROUP_SLOT_HOST];

	bus_note_kills(bus);
	if (!bus->named)
		return;
	bus_answer_orders(bus, decision);
	if (!bus_can_emit(bus)) {
		bus_publish_note_unsent(bus, decision);
		return;
	}
	if (bus->n_unsent > 0)
		log_warning("The bus reads again; %" PRIu64 " signals were left out",
			    bus->n_unsent);
	bus->n_unsent = 0;
	bus_publish_groups(bus);
	bus_publish_manager(bus, &host_told);
	bus_publish_events(bus, decision);
}

/* Births and deaths */

/* Not sd_bus_emit_object_removed(): it would have to find the object, which is going. */
static void bus_publish_tell_removed(struct bus *bus, const char *path, const char *interface)
{
	sd_bus_emit_interfaces_removed(bus->connection, path, "org.freedesktop.DBus.Peer",
				       "org.freedesktop.DBus.Introspectable",
				       "org.freedesktop.DBus.Properties", interface, NULL);
}

static void bus_publish_on_group_added(void *data, const struct group *group)
{
	struct bus *bus = data;
	_cleanup_free_ char *path = NULL;

	if (bus_can_emit(bus) && bus_group_path(group, &path) >= 0)
		sd_bus_emit_object_added(bus->connection, path);
}

static void bus_publish_on_group_removed(void *data, const struct group *group)
{
	struct bus *bus = data;
	_cleanup_free_ char *path = NULL;

	if (bus_can_emit(bus) && bus_group_path(group, &path) >= 0)
		bus_publish_tell_removed(bus, path, BUS_GROUP_INTERFACE);
}

static void bus_publish_on_module_added(void *data, const struct module *module)
{
	char path[BUS_MODULE_PATH_SIZE];
	struct bus *bus = data;

	bus->modules[module->slot] = (struct published_module){
		.id = module->id,
		.unloaded = module->description.flags & MODULE_IS_UNLOADED,
	};
	if (!bus_can_emit(bus))
		return;
	bus_module_path(module->id, path);
	sd_bus_emit_object_added(bus->connection, path);
}

static void bus_publish_on_module_changed(void *data, const struct module *module)
{
	bool unloaded = module->description.flags & MODULE_IS_UNLOADED;
	char path[BUS_MODULE_PATH_SIZE];
	struct bus *bus = data;

	if (bus->modules[module->slot].unloaded == unloaded || !bus_can_emit(bus))
		return;
	bus->modules[module->slot].unloaded = unloaded;
	bus_module_path(module->id, path);
	sd_bus_emit_properties_changed(bus->connection, path, BUS_MODULE_INTERFACE, "Unloaded",
				       NULL);
}

static void bus_publish_on_module_removed(void *data, const struct module *module)
{
	char path[BUS_MODULE_PATH_SIZE];
	struct bus *bus = data;

	if (!bus_can_emit(bus))
		return;
	bus_module_path(module->id, path);
	bus_publish_tell_removed(bus, path, BUS_MODULE_INTERFACE);
}

int bus_publish_listen(struct bus *bus)
{
	int r;

	r = group_set_listen(bus->config.groups, &(struct group_listener){
							 .added = bus_publish_on_group_added,
							 .removed = bus_publish_on_group_removed,
							 .data = bus,
						 });
	if (r < 0)
		return r;
	return registry_listen(bus->config.registry,
			       &(struct registry_listener){
				       .added = bus_publish_on_module_added,
				       .changed = bus_publish_on_module_changed,
				       .removed = bus_publish_on_module_removed,
				       .data = bus,
			       });
}
