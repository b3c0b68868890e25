/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * org.reliefd.Relief1.Group: one object a cgroup
 *
 * The path is the cgroup's path without its leading slash, encoded by sd_bus_path_encode(3); the
 * host, whose rest is empty, becomes "_".
 *
 * Counters of the kernel are read when they are asked for, within what clients may cost
 * (observe/looks.c). A value that was never read is unknown, not 0.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/bus/bus_error.h"
#include "controller/bus/bus_internal.h"
#include "controller/groups/group_preference.h"
#include "controller/groups/unit_name.h"
#include "controller/journal/tally.h"

int bus_group_path(const struct group *group, char **ret)
{
	return sd_bus_path_encode(BUS_GROUP_PREFIX, group->path + 1, ret);
}

struct group *bus_group_at(struct bus *bus, const char *path)
{
	_cleanup_free_ char *rest = NULL, *cgroup = NULL, *right = NULL;
	struct group *group;

	if (sd_bus_path_decode(path, BUS_GROUP_PREFIX, &rest) <= 0)
		return NULL;
	if (asprintf(&cgroup, "/%s", rest) < 0) {
		cgroup = NULL;
		return NULL;
	}
	group = group_set_find(bus->config.groups, cgroup);
	/* The decoder is lenient; a group has one path only. */
	if (!group || bus_group_path(group, &right) < 0 || strcmp(path, right) != 0)
		return NULL;
	return group;
}

/* "" only if the group is long gone; its episode and action ids still join it to what was said. */
const char *bus_group_name(struct bus *bus, uint32_t slot, uint64_t id)
{
	const struct group *group = group_set_get(bus->config.groups, slot);

	return group && group->id == id ? group->shown : "";
}

int bus_find_group(struct bus *bus, const char *control_group, struct group **ret,
		   sd_bus_error *error)
{
	struct group *group;

	group = group_set_find_shown(bus->config.groups, control_group[0] ? control_group : "/");
	if (!group)
		return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_GROUP,
					 "'%s' is no cgroup under control: give its path from the "
					 "cgroup root, and name it in Paths= or Units= of the "
					 "profile",
					 control_group);
	*ret = group;
	return 0;
}

/* The readings */

/* Only the files that the property needs are read. */
static uint64_t bus_group_reading_value(const struct group_view *v, enum group_field field,
					size_t offset)
{
	const struct group_reading *reading =
		observer_look(v->bus->config.observer, v->group, field, bus_now(v->bus));

	if (!(reading->has & field))
		return UINT64_MAX;
	return *(const uint64_t *)((const char *)reading + offset);
}

#define READING(v, field, member) \
	bus_group_reading_value(v, field, offsetof(struct group_reading, member))

/* What is left below one group's own limit, by a reading of now. */
static uint64_t bus_group_own_headroom(const struct bus *bus, const struct group *group)
{
	const uint32_t limits = GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_HIGH;
	const struct group_reading *reading;

	if (group->slot == GROUP_SLOT_HOST)
		return outlook_headroom_of_host(
			bus->config.state,
			observer_look_at_machine(bus->config.observer, bus_now(bus)));
	reading = observer_look(bus->config.observer, group, limits, bus_now(bus));
	/* memory.stat is the costly one, and matters below a limit only. */
	if (u64_min(reading->limit_bytes, reading->high_bytes) != BYTES_UNLIMITED)
		reading = observer_look(bus->config.observer, group, limits | GROUP_HAS_RECLAIMABLE,
					bus_now(bus));
	return outlook_headroom_of_group(reading);
}

/* The least of that, for the group and all above it. */
static uint64_t bus_group_headroom_of(const struct group_view *v)
{
	uint64_t headroom_bytes = BYTES_UNLIMITED;
	const struct group *group = v->group;

	while (group) {
		headroom_bytes = u64_min(headroom_bytes, bus_group_own_headroom(v->bus, group));
		if (group->slot == GROUP_SLOT_HOST)
			break;
		group = group_set_get(v->bus->config.groups, group->parent_slot);
	}
	return headroom_bytes;
}

/* Under a limit the judgement knows it best; else two looks, or the probes, tell. */
static uint64_t bus_group_growth_of(const struct group_view *v)
{
	uint64_t growth_bytes;

	if (v->outlook.slot == v->group->slot && v->outlook.growth_bytes > 0)
		return v->outlook.growth_bytes;
	if (observer_look_at_growth(v->bus->config.observer, v->group, bus_now(v->bus),
				    &growth_bytes))
		return growth_bytes;
	return v->outlook.growth_bytes > 0 ? v->outlook.growth_bytes : UINT64_MAX;
}

static struct recovery bus_group_recovery_of(const struct group_view *v)
{
	struct recovery recovery;

	outlook_recovery(v->bus->config.profile, v->bus->config.state, v->group->slot, &recovery);
	return recovery;
}

static const char *bus_group_grower_name(const struct group_view *v)
{
	const struct tally_grower *grower = bus_grower_of(v->bus, v->state->episode.id);

	return grower ? grower->cgroup : "";
}

static uint64_t bus_group_grower_growth(const struct group_view *v)
{
	const struct tally_grower *grower = bus_grower_of(v->bus, v->state->episode.id);

	return grower ? grower->growth_bytes : 0;
}

/* Properties. Unknown is UINT64_MAX. */

static bool bus_group_is_held(const struct group_view *v)
{
	return v->state->hold.id != 0;
}

struct stalls {
	uint64_t n, usec;
};

static struct stalls bus_group_stalls_of(const struct group_view *v)
{
	struct stalls stalls;

	observer_group_stalls(v->bus->config.observer, v->group->slot, &stalls.n, &stalls.usec);
	return stalls;
}

static const char *bus_group_name_or_empty(bool found, const char *name)
{
	return found ? name : "";
}

BUS_GETTER_STRING(get_control_group, group_view, v->group->shown)
BUS_GETTER_U64(get_id, group_view, v->group->id)
BUS_GETTER_BOOL(get_protected, group_view, (v->group->flags & GROUP_IS_PROTECTED) != 0)
BUS_GETTER_BOOL(get_excluded, group_view, (v->group->flags & GROUP_IS_EXCLUDED) != 0)
BUS_GETTER_I32(get_priority, group_view, v->group->priority)
BUS_GETTER_BOOL(get_context, group_view, (v->group->flags & GROUP_IS_CONTEXT) != 0)
BUS_GETTER_U32(get_n_modules, group_view, v->group->n_modules)
BUS_GETTER_STRING(get_level, group_view, level_name(v->state->level))
BUS_GETTER_STRING(get_signal, group_view, signal_name(v->state->signal))
BUS_GETTER_STRING(get_attribution, group_view, attribution_name(v->state->attribution))
BUS_GETTER_STRING(get_rung, group_view,
		  rung_name(state_group_rung(v->bus->config.state, v->group->slot)))
BUS_GETTER_STRING(get_recovering_to, group_view, bus_recovery_word(bus_group_recovery_of(v)))
BUS_GETTER_U64(get_recovering_until, group_view, bus_group_recovery_of(v).at_usec)
BUS_GETTER_U64(get_oom_kills, group_view, READING(v, GROUP_HAS_EVENTS, n_oom_kill))
BUS_GETTER_U64(get_level_since, group_view, v->state->level_since_usec)
BUS_GETTER_U64(get_current, group_view, READING(v, GROUP_HAS_CURRENT, current_bytes))
BUS_GETTER_U64(get_max, group_view, READING(v, GROUP_HAS_LIMIT, limit_bytes))
BUS_GETTER_U64(get_high, group_view, READING(v, GROUP_HAS_HIGH, high_bytes))
BUS_GETTER_U64(get_swap, group_view, READING(v, GROUP_HAS_SWAP, swap_bytes))
BUS_GETTER_U64(get_reclaimable, group_view, READING(v, GROUP_HAS_RECLAIMABLE, reclaimable_bytes))
BUS_GETTER_U64(get_some, group_view, READING(v, GROUP_HAS_STALL, some_usec))
BUS_GETTER_U64(get_full, group_view, READING(v, GROUP_HAS_STALL, full_usec))
BUS_GETTER_U64(get_headroom, group_view, bus_group_headroom_of(v))
BUS_GETTER_U64(get_growth, group_view, bus_group_growth_of(v))
BUS_GETTER_U64(get_time_left, group_view, v->outlook.time_left_usec)
BUS_GETTER_U32(get_confidence, group_view, v->outlook.confidence_bp)
BUS_GETTER_STRING(get_brake, group_view,
		  brake_name(bus_group_is_held(v) ? v->state->hold.brake : BRAKE_OFF))
BUS_GETTER_U64(get_brake_until, group_view, bus_group_is_held(v) ? v->state->hold.until_usec : 0)
BUS_GETTER_STRING(get_brake_reason, group_view, reason_name(v->state->hold.reason))
BUS_GETTER_U64(get_brakes, group_view, v->state->n_holds)
BUS_GETTER_U64(get_stalls, group_view, bus_group_stalls_of(v).n)
BUS_GETTER_U64(get_stall_time, group_view, bus_group_stalls_of(v).usec)
BUS_GETTER_U64(get_episode, group_view, v->state->episode.id)
BUS_GETTER_STRING(get_grower, group_view, bus_group_grower_name(v))
BUS_GETTER_U64(get_grower_growth, group_view, bus_group_grower_growth(v))

#define GETTER_FROM_PATH(fn, name_from_path)                                                    \
	static int fn(sd_bus *connection, const char *path, const char *interface,              \
		      const char *property, sd_bus_message *reply, void *userdata,              \
		      sd_bus_error *error)                                                      \
	{                                                                                       \
		const struct group_view *v = userdata;                                          \
		char name[256];                                                                 \
		bool found = name_from_path(v->group->path, name, sizeof(name));                \
                                                                                                \
		return sd_bus_message_append(reply, "s", bus_group_name_or_empty(found, name)); \
	}

/* Which setting excluded it, or gave it its priority. */
#define GETTER_OF_ORIGIN(fn, member, key)                                                          \
	static int fn(sd_bus *connection, const char *path, const char *interface,                 \
		      const char *property, sd_bus_message *reply, void *userdata,                 \
		      sd_bus_error *error)                                                         \
	{                                                                                          \
		const struct group_view *v = userdata;                                             \
		struct preferences found;                                                          \
		char origin[BUS_ORIGIN_SIZE];                                                      \
                                                                                                   \
		group_set_preferences(v->bus->config.groups, v->group, &found);                    \
		return sd_bus_message_append(reply, "s",                                           \
					     group_preference_origin(&found.member, key,           \
								     v->bus->config.profile->name, \
								     origin, sizeof(origin)));     \
	}

GETTER_OF_ORIGIN(get_excluded_by, exclude, "Exclude")
GETTER_OF_ORIGIN(get_priority_by, priority, "Priority")
GETTER_FROM_PATH(get_unit, unit_name_from_path)
GETTER_FROM_PATH(get_pod_uid, pod_uid_from_path)
GETTER_FROM_PATH(get_container_id, container_id_from_path)

static int bus_group_do_relieve(struct bus *bus, sd_bus_message *call, const struct caller *caller,
				sd_bus_error *error)
{
	struct group *group = bus_group_at(bus, sd_bus_message_get_path(call));
	const char *max_rung;
	uint64_t bytes;
	int r;

	if (!group)
		return sd_bus_error_set(error, BUS_ERROR_NO_SUCH_GROUP,
					"The group went away in the meantime");
	r = sd_bus_message_read(call, "ts", &bytes, &max_rung);
	if (r < 0)
		return r;
	return bus_relieve(bus, call, group, bytes, max_rung, error);
}

static int bus_group_method_relieve(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	const struct group_view *v = userdata;

	return bus_admit(v->bus, call, POLKIT_ACTION_RELIEVE, bus_group_do_relieve, error);
}

static const sd_bus_vtable group_vtable[] = {
	SD_BUS_VTABLE_START(0),

	SD_BUS_METHOD_WITH_ARGS("Relieve", SD_BUS_ARGS("t", bytes, "s", max_rung),
				SD_BUS_RESULT("t", freed_bytes, "t", claimed_bytes),
				bus_group_method_relieve, SD_BUS_VTABLE_UNPRIVILEGED),

	BUS_CONSTANT("ControlGroup", "s", get_control_group),
	BUS_CONSTANT("Id", "t", get_id),
	BUS_CONSTANT("Unit", "s", get_unit),
	BUS_CONSTANT("PodUID", "s", get_pod_uid),
	BUS_CONSTANT("ContainerID", "s", get_container_id),
	BUS_TOLD("Level", "s", get_level),
	BUS_TOLD("Rung", "s", get_rung),
	BUS_TOLD("Attribution", "s", get_attribution),
	BUS_TOLD("Signal", "s", get_signal),
	BUS_UNTOLD("LevelTimestampMonotonic", "t", get_level_since),
	BUS_UNTOLD("RecoveringTo", "s", get_recovering_to),
	BUS_UNTOLD("RecoveringUntilUSec", "t", get_recovering_until),
	BUS_UNTOLD("Protected", "b", get_protected),
	BUS_UNTOLD("Excluded", "b", get_excluded),
	BUS_UNTOLD("ExcludedBy", "s", get_excluded_by),
	BUS_UNTOLD("Priority", "i", get_priority),
	BUS_UNTOLD("PriorityBy", "s", get_priority_by),
	BUS_UNTOLD("Context", "b", get_context),
	BUS_UNTOLD("NModules", "u", get_n_modules),
	BUS_UNTOLD("EpisodeId", "t", get_episode),
	BUS_UNTOLD("MemoryCurrent", "t", get_current),
	BUS_UNTOLD("MemoryMax", "t", get_max),
	BUS_UNTOLD("MemoryHigh", "t", get_high),
	BUS_UNTOLD("MemorySwapCurrent", "t", get_swap),
	BUS_UNTOLD("MemoryReclaimable", "t", get_reclaimable),
	BUS_UNTOLD("SomeTotalUSec", "t", get_some),
	BUS_UNTOLD("FullTotalUSec", "t", get_full),
	BUS_UNTOLD("OOMKills", "t", get_oom_kills),
	BUS_UNTOLD("Headroom", "t", get_headroom),
	BUS_UNTOLD("GrowthBytesPerSecond", "t", get_growth),
	BUS_UNTOLD("Grower", "s", get_grower),
	BUS_UNTOLD("GrowerBytesPerSecond", "t", get_grower_growth),
	BUS_UNTOLD("TimeLeftUSec", "t", get_time_left),
	BUS_UNTOLD("TimeLeftConfidence", "u", get_confidence),
	BUS_TOLD("Brake", "s", get_brake),
	BUS_TOLD("BrakeUntilUSec", "t", get_brake_until),
	BUS_TOLD("BrakeReason", "s", get_brake_reason),
	BUS_UNTOLD("Brakes", "t", get_brakes),
	BUS_UNTOLD("DirectReclaims", "t", get_stalls),
	BUS_UNTOLD("DirectReclaimUSec", "t", get_stall_time),
	SD_BUS_VTABLE_END,
};

/* The objects, for sd-bus */

static int bus_group_find_group(sd_bus *connection, const char *path, const char *interface,
				void *userdata, void **ret_found, sd_bus_error *error)
{
	static const struct group_state calm = { .level = LEVEL_LOW };
	struct bus *bus = userdata;
	const struct group *group = bus_group_at(bus, path);
	const struct group_state *state;

	if (!group)
		return 0;
	state = state_group(bus->config.state, group->slot, group->id);
	bus->group_view = (struct group_view){
		.bus = bus,
		.group = group,
		.state = state ? state : &calm,
		.outlook = { .headroom_bytes = BYTES_UNLIMITED, .time_left_usec = USEC_NEVER },
	};
	if (state)
		outlook_of_group(bus->config.profile, bus->config.state, group->slot, bus_now(bus),
				 &bus->group_view.outlook);
	*ret_found = &bus->group_view;
	return 1;
}

static int bus_group_list_groups(sd_bus *connection, const char *prefix, void *userdata,
				 char ***ret_paths, sd_bus_error *error)
{
	struct bus *bus = userdata;
	size_t n = 0;
	char **paths;

	paths = calloc(group_set_size(bus->config.groups) + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	group_set_foreach(bus->config.groups, group) {
		if (bus_group_path(group, &paths[n]) < 0)
			break;
		n++;
	}
	*ret_paths = paths;
	return 0;
}

int bus_add_groups(struct bus *bus)
{
	int r;

	r = sd_bus_add_fallback_vtable(bus->connection, NULL, BUS_GROUP_PREFIX, BUS_GROUP_INTERFACE,
				       group_vtable, bus_group_find_group, bus);
	if (r < 0)
		return r;
	return sd_bus_add_node_enumerator(bus->connection, NULL, BUS_GROUP_PREFIX,
					  bus_group_list_groups, bus);
}
