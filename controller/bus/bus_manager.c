/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * org.reliefd.Relief1.Manager: the host, the totals, registering
 *
 * packaging/dbus/org.reliefd.Relief1.Manager.xml documents every member; a test holds the two
 * against each other.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "controller/bus/bus_error.h"
#include "controller/bus/bus_internal.h"
#include "controller/bus/bus_tasks.h"

/* Properties. Names of readings that are not known are UINT64_MAX, as systemd has it. */

static const struct group_state *bus_manager_host_of(const struct bus *bus)
{
	return state_host(bus->config.state);
}

/* As it is now: the judgement may sleep for a minute. */
static uint64_t bus_manager_machine_value(const struct bus *bus, enum machine_field field,
					  size_t offset)
{
	const struct machine_reading *machine =
		observer_look_at_machine(bus->config.observer, bus_now(bus));

	if (!(machine->has & field))
		return UINT64_MAX;
	return *(const uint64_t *)((const char *)machine + offset);
}

#define MACHINE(v, field, member) \
	bus_manager_machine_value(v, field, offsetof(struct machine_reading, member))

static uint64_t bus_manager_host_headroom(const struct bus *bus)
{
	return outlook_headroom_of_host(
		bus->config.state, observer_look_at_machine(bus->config.observer, bus_now(bus)));
}

static struct recovery bus_manager_host_recovery(const struct bus *bus)
{
	struct recovery recovery;

	outlook_recovery(bus->config.profile, bus->config.state, GROUP_SLOT_HOST, &recovery);
	return recovery;
}

const char *bus_recovery_word(struct recovery recovery)
{
	return recovery.at_usec == USEC_NEVER ? "" : level_name(recovery.level);
}

static struct outlook bus_manager_host_outlook(const struct bus *bus)
{
	struct outlook outlook;

	outlook_of_own(bus->config.profile, bus_manager_host_of(bus), bus_now(bus), &outlook);
	return outlook;
}

BUS_GETTER_STRING(get_version, bus, v ? RELIEFD_VERSION : NULL)
BUS_GETTER_STRING(get_level, bus, level_name(bus_manager_host_of(v)->level))
BUS_GETTER_STRING(get_signal, bus, signal_name(bus_manager_host_of(v)->signal))
BUS_GETTER_STRING(get_attribution, bus, attribution_name(bus_manager_host_of(v)->attribution))
BUS_GETTER_STRING(get_rung, bus, rung_name(state_group_rung(v->config.state, GROUP_SLOT_HOST)))
BUS_GETTER_STRING(get_profile, bus, v->config.profile->name)
BUS_GETTER_BOOL(get_dry_run, bus, v->dry_run)
BUS_GETTER_U32(get_n_groups, bus, group_set_size(v->config.groups))
BUS_GETTER_U32(get_n_modules, bus, registry_size(v->config.registry))
BUS_GETTER_U64(get_n_requests, bus, v->config.state->n_requests)
BUS_GETTER_U64(get_n_late, bus, v->config.state->n_late)
BUS_GETTER_U64(get_n_episodes, bus, v->config.state->n_episodes)
BUS_GETTER_U64(get_freed, bus, v->config.state->measured_bytes)
BUS_GETTER_U64(get_claimed, bus, v->config.state->claimed_bytes)
BUS_GETTER_U64(get_memory_total, bus, MACHINE(v, MACHINE_HAS_MEMORY, total_bytes))
BUS_GETTER_U64(get_memory_available, bus, MACHINE(v, MACHINE_HAS_MEMORY, available_bytes))
BUS_GETTER_STRING(get_recovering_to, bus, bus_recovery_word(bus_manager_host_recovery(v)))
BUS_GETTER_U64(get_recovering_until, bus, bus_manager_host_recovery(v).at_usec)
BUS_GETTER_U64(get_headroom, bus, bus_manager_host_headroom(v))
BUS_GETTER_U64(get_growth, bus, bus_manager_host_outlook(v).growth_bytes)
BUS_GETTER_U64(get_time_left, bus, bus_manager_host_outlook(v).time_left_usec)
BUS_GETTER_U32(get_confidence, bus, bus_manager_host_outlook(v).confidence_bp)
BUS_GETTER_U64(get_some, bus, MACHINE(v, MACHINE_HAS_STALL, some_usec))
BUS_GETTER_U64(get_full, bus, MACHINE(v, MACHINE_HAS_STALL, full_usec))
BUS_GETTER_U64(get_trigger_window, bus, observer_stats(v->config.observer)->trigger_window_usec)
BUS_GETTER_STRING(get_growth_clock, bus,
		  growth_clock_name(observer_growth_clock(v->config.observer)))
BUS_GETTER_U64(get_tripwire_wakes, bus, observer_stats(v->config.observer)->n_tripwire_events)
BUS_GETTER_U64(get_lost, bus, observer_stats(v->config.observer)->n_kernel_events_lost)
BUS_GETTER_STRING(get_brake_mode, bus, brake_name(v->config.profile->brake))
BUS_GETTER_U32(get_n_held, bus, v->config.state->n_held)
BUS_GETTER_U64(get_observed, bus, v->config.state->now_usec)

/* Requests that are over, by their result; every result has an entry. */
static int bus_manager_get_results(sd_bus *connection, const char *path, const char *interface,
				   const char *property, sd_bus_message *reply, void *userdata,
				   sd_bus_error *error)
{
	const struct bus *bus = userdata;
	int r;

	r = sd_bus_message_open_container(reply, 'a', "{st}");
	for (int result = 0; r >= 0 && result < N_RESULTS; result++)
		r = sd_bus_message_append(reply, "{st}", result_name((enum result)result),
					  bus->config.state->n_results[result]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Methods. method_x() is called by sd-bus; do_x() when it is known that the caller may. */

static int bus_manager_method_register(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	return bus_admit(userdata, call, NULL, bus_register, error);
}

static int bus_manager_method_register_fd(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	return bus_admit(userdata, call, NULL, bus_register_fd, error);
}

static int bus_manager_read_module(struct bus *bus, sd_bus_message *call, struct module **ret,
				   sd_bus_error *error)
{
	struct module *module = NULL;
	const char *path;
	int r;

	r = sd_bus_message_read(call, "o", &path);
	if (r < 0)
		return r;
	module = bus_module_at(bus, path);
	if (!module)
		return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_MODULE,
					 "No module is registered at %s", path);
	*ret = module;
	return 0;
}

static int bus_manager_do_unregister(struct bus *bus, sd_bus_message *call,
				     const struct caller *caller, sd_bus_error *error)
{
	struct module *module = NULL;
	int r;

	r = bus_manager_read_module(bus, call, &module, error);
	return r < 0 ? r : bus_unregister_for_others(bus, call, caller, module, error);
}

static int bus_manager_method_unregister(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct module *module = NULL;
	int r;

	r = bus_manager_read_module(bus, call, &module, error);
	if (r < 0)
		return r;
	if (agents_is_owner(bus->agents, module, sd_bus_message_get_sender(call)))
		return bus_unregister(bus, call, module, error);
	r = sd_bus_message_rewind(call, true);
	if (r < 0)
		return r;
	return bus_admit(bus, call, POLKIT_ACTION_MANAGE, bus_manager_do_unregister, error);
}

static int bus_manager_method_mask(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	return bus_admit(userdata, call, POLKIT_ACTION_MANAGE, bus_mask, error);
}

static int bus_manager_method_unmask(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	return bus_admit(userdata, call, POLKIT_ACTION_MANAGE, bus_unmask, error);
}

static int bus_manager_reply_group(sd_bus_message *call, const struct group *group)
{
	_cleanup_free_ char *path = NULL;
	int r;

	r = bus_group_path(group, &path);
	if (r < 0)
		return r;
	return sd_bus_reply_method_return(call, "o", path);
}

static int bus_manager_method_get_group_by_control_group(sd_bus_message *call, void *userdata,
							 sd_bus_error *error)
{
	const char *control_group;
	struct group *group = NULL;
	int r;

	r = sd_bus_message_read(call, "s", &control_group);
	if (r < 0)
		return r;
	r = bus_find_group(userdata, control_group, &group, error);
	return r < 0 ? r : bus_manager_reply_group(call, group);
}

static int bus_manager_method_get_group_by_unit(sd_bus_message *call, void *userdata,
						sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct group *group = NULL;
	const char *unit;
	int r;

	r = sd_bus_message_read(call, "s", &unit);
	if (r < 0)
		return r;
	group = group_set_find_unit(bus->config.groups, unit);
	if (!group)
		return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_GROUP,
					 "No group under control belongs to unit '%s': give its "
					 "full name, and name it in Units= of the profile",
					 unit);
	return bus_manager_reply_group(call, group);
}

/* No option is defined yet: the argument is there for those to come. */
static int bus_manager_refuse_options(sd_bus_message *call, sd_bus_error *error)
{
	const char *key;
	int r;

	r = sd_bus_message_enter_container(call, 'a', "{sv}");
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(call, 'e', "sv");
	if (r < 0)
		return r;
	if (r == 0)
		return sd_bus_message_exit_container(call);
	r = sd_bus_message_read(call, "s", &key);
	if (r < 0)
		return r;
	return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
				 "Relieve() has no option '%s' in this version; leave it out", key);
}

static int bus_manager_do_relieve(struct bus *bus, sd_bus_message *call,
				  const struct caller *caller, sd_bus_error *error)
{
	const char *control_group, *max_rung;
	struct group *group = NULL;
	uint64_t bytes;
	int r;

	r = sd_bus_message_read(call, "sts", &control_group, &bytes, &max_rung);
	if (r < 0)
		return r;
	r = bus_manager_refuse_options(call, error);
	if (r < 0)
		return r;
	r = bus_find_group(bus, control_group, &group, error);
	if (r < 0)
		return r;
	return bus_relieve(bus, call, group, bytes, max_rung, error);
}

static int bus_manager_method_relieve(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	return bus_admit(userdata, call, POLKIT_ACTION_RELIEVE, bus_manager_do_relieve, error);
}

static int bus_manager_method_reload(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	return bus_admit(userdata, call, POLKIT_ACTION_MANAGE, bus_reload, error);
}

static int bus_manager_do_set_dry_run(struct bus *bus, sd_bus_message *call,
				      const struct caller *caller, sd_bus_error *error)
{
	int dry_run, r;

	r = sd_bus_message_read(call, "b", &dry_run);
	if (r < 0)
		return r;
	r = bus->config.hooks.set_dry_run(bus->config.hooks.data, dry_run);
	if (r < 0)
		return r;
	return sd_bus_reply_method_return(call, NULL);
}

static int bus_manager_method_set_dry_run(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	return bus_admit(userdata, call, POLKIT_ACTION_MANAGE, bus_manager_do_set_dry_run, error);
}

static int bus_manager_method_get_suggestions(sd_bus_message *call, void *userdata,
					      sd_bus_error *error)
{
	return bus_suggest(userdata, call);
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),

	SD_BUS_METHOD_WITH_ARGS(
		"Register", SD_BUS_ARGS("s", name, "s", kind, "o", agent_path, "a{sv}", options),
		SD_BUS_RESULT("o", module), bus_manager_method_register,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("RegisterFD", SD_BUS_ARGS("s", name, "s", kind, "a{sv}", options),
				SD_BUS_RESULT("o", module, "h", fd), bus_manager_method_register_fd,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Unregister", SD_BUS_ARGS("o", module), SD_BUS_NO_RESULT,
				bus_manager_method_unregister, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Mask", SD_BUS_ARGS("s", control_group, "s", module),
				SD_BUS_NO_RESULT, bus_manager_method_mask,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Unmask", SD_BUS_ARGS("s", control_group, "s", module),
				SD_BUS_NO_RESULT, bus_manager_method_unmask,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetGroupByControlGroup", SD_BUS_ARGS("s", control_group),
				SD_BUS_RESULT("o", group),
				bus_manager_method_get_group_by_control_group,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetGroupByUnit", SD_BUS_ARGS("s", unit), SD_BUS_RESULT("o", group),
				bus_manager_method_get_group_by_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS(
		"Relieve",
		SD_BUS_ARGS("s", control_group, "t", bytes, "s", max_rung, "a{sv}", options),
		SD_BUS_RESULT("t", freed_bytes, "t", claimed_bytes), bus_manager_method_relieve,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_RESULT("as", remarks),
				bus_manager_method_reload, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("SetDryRun", SD_BUS_ARGS("b", dry_run), SD_BUS_NO_RESULT,
				bus_manager_method_set_dry_run, SD_BUS_VTABLE_UNPRIVILEGED),

	SD_BUS_METHOD_WITH_ARGS("GetTopTasks", SD_BUS_ARGS("s", order, "u", max),
				SD_BUS_RESULT("a(uussssstbttt)", tasks), bus_get_top_tasks,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetSuggestions", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("a(sssosa{sv})", suggestions),
				bus_manager_method_get_suggestions, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetSettings", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssss)", settings),
				bus_get_settings, SD_BUS_VTABLE_UNPRIVILEGED),

	BUS_CONSTANT("Version", "s", get_version),
	BUS_TOLD("Level", "s", get_level),
	BUS_TOLD("Rung", "s", get_rung),
	BUS_TOLD("Attribution", "s", get_attribution),
	BUS_TOLD("Signal", "s", get_signal),
	BUS_UNTOLD("RecoveringTo", "s", get_recovering_to),
	BUS_UNTOLD("RecoveringUntilUSec", "t", get_recovering_until),
	BUS_TOLD("Profile", "s", get_profile),
	BUS_TOLD("DryRun", "b", get_dry_run),
	BUS_TOLD("Degraded", "b", bus_get_degraded),
	BUS_TOLD("DegradedReasons", "as", bus_get_degraded_reasons),
	BUS_TOLD("Problems", "a(sst)", bus_get_problems),
	BUS_TOLD("GrowthClock", "s", get_growth_clock),
	BUS_TOLD("BrakeMode", "s", get_brake_mode),
	BUS_TOLD("NHeld", "u", get_n_held),
	BUS_TOLD("NGroups", "u", get_n_groups),
	BUS_TOLD("Unfollowed", "a(ssb)", bus_get_unfollowed),
	BUS_TOLD("NModules", "u", get_n_modules),
	BUS_UNTOLD("NRequests", "t", get_n_requests),
	BUS_UNTOLD("NLate", "t", get_n_late),
	BUS_UNTOLD("RequestsByResult", "a{st}", bus_manager_get_results),
	BUS_UNTOLD("NEpisodes", "t", get_n_episodes),
	BUS_UNTOLD("FreedBytes", "t", get_freed),
	BUS_UNTOLD("ClaimedBytes", "t", get_claimed),
	BUS_TOLD("Masked", "a(ss)", bus_get_masked),
	BUS_UNTOLD("MemoryTotal", "t", get_memory_total),
	BUS_UNTOLD("MemoryAvailable", "t", get_memory_available),
	BUS_UNTOLD("Headroom", "t", get_headroom),
	BUS_UNTOLD("GrowthBytesPerSecond", "t", get_growth),
	BUS_UNTOLD("TimeLeftUSec", "t", get_time_left),
	BUS_UNTOLD("TimeLeftConfidence", "u", get_confidence),
	BUS_UNTOLD("TripwireWakes", "t", get_tripwire_wakes),
	BUS_UNTOLD("LostKernelEvents", "t", get_lost),
	BUS_UNTOLD("PressureSomeUSec", "t", get_some),
	BUS_UNTOLD("PressureFullUSec", "t", get_full),
	BUS_UNTOLD("TriggerWindowUSec", "t", get_trigger_window),
	BUS_UNTOLD("ObservedTimestampMonotonic", "t", get_observed),

	SD_BUS_SIGNAL_WITH_ARGS("LevelChanged",
				SD_BUS_ARGS("s", control_group, "s", old_level, "s", new_level, "s",
					    attribution, "s", signal, "s", reason, "t",
					    timestamp_monotonic, "a{sv}", details),
				0),
	SD_BUS_SIGNAL_WITH_ARGS("ActionStarted",
				SD_BUS_ARGS("t", action_id, "s", rung, "s", control_group, "o",
					    module, "t", bytes, "s", reason, "a{sv}", details),
				0),
	SD_BUS_SIGNAL_WITH_ARGS("ActionFinished",
				SD_BUS_ARGS("t", action_id, "s", rung, "s", control_group, "s",
					    result, "t", claimed_bytes, "t", measured_bytes, "t",
					    duration_usec, "a{sv}", details),
				0),
	SD_BUS_SIGNAL_WITH_ARGS("BrakeChanged",
				SD_BUS_ARGS("t", brake_id, "s", control_group, "s", brake, "s",
					    reason, "t", until_usec, "a{sv}", details),
				0),
	SD_BUS_SIGNAL_WITH_ARGS("EpisodeEnded",
				SD_BUS_ARGS("t", episode_id, "s", control_group, "s", peak_level,
					    "t", freed_bytes, "t", duration_usec, "a{sv}", details),
				0),
	SD_BUS_VTABLE_END,
};

int bus_add_manager(struct bus *bus)
{
	return sd_bus_add_object_vtable(bus->connection, NULL, BUS_PATH, BUS_MANAGER_INTERFACE,
					manager_vtable, bus);
}
