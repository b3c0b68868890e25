/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status: what a person wants to know first, of the host or of one group
 */

#include <inttypes.h>
#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/group_name.h"
#include "controller/ctl/group_table.h"
#include "controller/ctl/module_table.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"
#include "controller/ctl/settings.h"

#define LABEL "%12s: "

/* "Level: high for 3.1s (headroom, host)", "Level: recovering, low in 4s (was high for 3.1s)" */
static void status_print_level(json_object *group)
{
	const char *level = props_string(group, API_LEVEL);
	const char *signal = props_string(group, API_SIGNAL);
	const char *attribution = props_string(group, API_ATTRIBUTION);
	const char *colour = output_level_colour(level);
	uint64_t since_usec = props_u64(group, API_LEVEL_TIMESTAMP), now_usec = ctl_now_usec();
	char age[32] = "", recovery[64];

	if (since_usec > 0 && since_usec <= now_usec)
		output_usec(now_usec - since_usec, age);
	if (output_recovery(group, recovery)) {
		printf(LABEL "recovering, %s (was %s for %s)", "Level", recovery, level, age);
	} else {
		printf(LABEL "%s%s%s%s%s", "Level", output_colour_begin(colour), level,
		       output_colour_end(colour), *age ? " for " : "", age);
		if (strcmp(signal, "none") != 0 && *signal)
			printf(" (%s, %s)", signal, attribution);
	}
	printf("\n" LABEL "%s\n", "Rung", props_string(group, API_RUNG));
}

static void status_print_headroom(json_object *group)
{
	uint64_t growth_bytes = props_u64(group, API_GROWTH);
	uint64_t left_usec = props_u64(group, API_TIME_LEFT);
	uint64_t sure_bp = props_u64(group, API_CONFIDENCE);
	char headroom[32], growth[32], left[32];

	printf(LABEL "%s", "Headroom", output_bytes(props_u64(group, API_HEADROOM), headroom));
	if (growth_bytes > 0 && growth_bytes != UINT64_MAX)
		printf(", growing by %s a second", output_bytes(growth_bytes, growth));
	if (left_usec != UINT64_MAX)
		printf(", lasts %s (%" PRIu64 " %% sure)", output_usec(left_usec, left),
		       sure_bp / 100);
	printf("\n");
}

/* "Grower: hog.service, by up to 48M a second", while a shortage is on and one was seen growing. */
static void status_print_grower(const struct ctl *ctl, json_object *group)
{
	const char *path = props_string(group, API_GROWER);
	char name[GROUP_NAME_SIZE], growth[32];

	if (*path)
		printf(LABEL "%s, by up to %s a second\n", "Grower",
		       group_name(ctl, path, name, sizeof(name)),
		       output_bytes(props_u64(group, API_GROWER_GROWTH), growth));
}

/* "Growth: measured by charge, reliefd woken 12 times" */
static void status_print_growth_clock(json_object *manager)
{
	uint64_t n_lost = props_u64(manager, API_LOST_EVENTS);

	printf(LABEL "measured by %s, reliefd woken %" PRIu64 " times", "Growth",
	       props_string(manager, API_GROWTH_CLOCK), props_u64(manager, API_TRIPWIRE_WAKES));
	if (n_lost > 0)
		printf(", %" PRIu64 " events lost", n_lost);
	printf("\n" LABEL "%s, %" PRIu64 " groups held\n", "Brake",
	       props_string(manager, API_BRAKE_MODE), props_u64(manager, API_N_HELD));
}

/* "Brake: freeze for 3.2s more (runaway)", or "off, held 2 times, last (relieved)" */
static void status_print_brake(json_object *group)
{
	const char *brake = props_string(group, API_BRAKE);
	uint64_t until_usec = props_u64(group, API_BRAKE_UNTIL), now_usec = ctl_now_usec();
	uint64_t n_holds = props_u64(group, API_BRAKES);
	char left[32];

	printf(LABEL "%s", "Brake", brake);
	if (until_usec > now_usec)
		printf(" for %s more", output_usec(until_usec - now_usec, left));
	if (n_holds > 0)
		printf(", held %" PRIu64 " times (%s)", n_holds,
		       props_string(group, API_BRAKE_REASON));
	printf("\n");
}

/* What may be taken from a group, what is taken later than from others, and who says so. */
static void status_print_preferences(json_object *group)
{
	const char *excluded_by = props_string(group, API_EXCLUDED_BY);
	const char *priority_by = props_string(group, API_PRIORITY_BY);

	if (props_bool(group, API_EXCLUDED))
		printf(LABEL "nothing is taken: excluded by %s\n", "Gives", excluded_by);
	else if (props_bool(group, API_PROTECTED))
		printf(LABEL "what its modules give; protected from reclaim and brake\n", "Gives");
	else if (*excluded_by)
		printf(LABEL "what it can; not excluded by %s\n", "Gives", excluded_by);
	if (*priority_by)
		printf(LABEL "%" PRId64 ", by %s\n", "Priority", props_i64(group, API_PRIORITY),
		       priority_by);
}

static void status_print_degradations(json_object *manager)
{
	json_object *reasons;

	if (!json_object_object_get_ex(manager, API_DEGRADED_REASONS, &reasons) ||
	    json_object_array_length(reasons) == 0)
		return;
	printf(LABEL "%s", "Degraded", output_colour_begin("yellow"));
	for (size_t i = 0; i < json_object_array_length(reasons); i++)
		printf("%s%s", i > 0 ? ", " : "",
		       json_object_get_string(json_object_array_get_idx(reasons, i)));
	printf("%s (reliefctl doctor has the fixes)\n", output_colour_end("yellow"));
}

/* "Settings: FILE:LINE: ...; until then ...; 3min ago": Problems, an entry a line. */
static void status_print_problems(json_object *manager)
{
	json_object *problems;

	if (!json_object_object_get_ex(manager, API_PROBLEMS, &problems))
		return;
	for (size_t i = 0; i < json_object_array_length(problems); i++) {
		json_object *problem = json_object_array_get_idx(problems, i);
		const char *name = json_object_get_string(json_object_array_get_idx(problem, 0));
		const char *text = json_object_get_string(json_object_array_get_idx(problem, 1));
		uint64_t at = json_object_get_uint64(json_object_array_get_idx(problem, 2));
		uint64_t now_usec = ctl_now_usec();
		char age[32];

		printf("%12s: %s%s%s (%s ago)\n", name, output_colour_begin("yellow"), text,
		       output_colour_end("yellow"),
		       output_usec(now_usec > at ? now_usec - at : 0, age));
	}
}

static bool status_has_settings_problem(json_object *manager)
{
	json_object *problems;

	if (!json_object_object_get_ex(manager, API_PROBLEMS, &problems))
		return false;
	for (size_t i = 0; i < json_object_array_length(problems); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(
				   json_object_array_get_idx(problems, i), 0)),
			   "settings") == 0)
			return true;
	return false;
}

/* One line, when the files are not what is in force and that was not said already. */
static int status_print_difference(const struct ctl *ctl, sd_bus *bus, json_object *manager)
{
	_cleanup_json_ json_object *in_force = NULL;
	_cleanup_free_ char *text = NULL;
	int r;

	if (status_has_settings_problem(manager))
		return CTL_OK;
	r = settings_get(bus, &in_force);
	if (r != CTL_OK)
		return r;
	if (settings_compare(ctl, in_force, &text) == 0 && text)
		printf(LABEL "%s%s%s\n", "Files", output_colour_begin("yellow"), text,
		       output_colour_end("yellow"));
	return CTL_OK;
}

static void status_print_manager(const struct ctl *ctl, json_object *manager, json_object *host)
{
	char available[32], total[32], freed[32], claimed[32];

	printf("reliefd %s, profile %s%s\n", props_string(manager, API_VERSION),
	       props_string(manager, API_PROFILE),
	       props_bool(manager, API_DRY_RUN) ? ", dry run: nothing is done" : "");
	status_print_level(host ? host : manager);
	printf(LABEL "%s available of %s\n", "Memory",
	       output_bytes(props_u64(manager, API_MEMORY_AVAILABLE), available),
	       output_bytes(props_u64(manager, API_MEMORY_TOTAL), total));
	status_print_headroom(manager);
	if (host)
		status_print_grower(ctl, host);
	status_print_growth_clock(manager);
	printf(LABEL "%" PRIu64 " in %" PRIu64 " groups; %" PRIu64 " requests, %" PRIu64 " late\n",
	       "Modules", props_u64(manager, API_N_MODULES), props_u64(manager, API_N_GROUPS),
	       props_u64(manager, API_N_REQUESTS), props_u64(manager, API_N_LATE));
	printf(LABEL "%s measured, %s claimed, in %" PRIu64 " episodes\n", "Given back",
	       output_bytes(props_u64(manager, API_FREED_BYTES), freed),
	       output_bytes(props_u64(manager, API_CLAIMED_BYTES), claimed),
	       props_u64(manager, API_N_EPISODES));
	status_print_degradations(manager);
	status_print_problems(manager);
}

static bool status_is_host(json_object *group)
{
	return strcmp(props_string(group, API_CONTROL_GROUP), "/") == 0;
}

static bool status_is_calm(json_object *group)
{
	return strcmp(props_string(group, API_LEVEL), "low") == 0;
}

static json_object *status_short_groups(json_object *groups)
{
	json_object *found = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *group = json_object_array_get_idx(groups, i);

		if (!status_is_host(group) && !status_is_calm(group))
			json_object_array_add(found, json_object_get(group));
	}
	return found;
}

static json_object *status_find_host(json_object *groups)
{
	for (size_t i = 0; i < json_object_array_length(groups); i++)
		if (status_is_host(json_object_array_get_idx(groups, i)))
			return json_object_array_get_idx(groups, i);
	return NULL;
}

static int status_of_host(struct ctl *ctl, sd_bus *bus)
{
	_cleanup_(remote_objects_done) struct remote_objects objects = {};
	_cleanup_json_ json_object *short_of = NULL;
	int r;

	r = remote_get_objects(bus, &objects);
	if (r != CTL_OK)
		return r;
	short_of = status_short_groups(objects.groups);
	if (ctl->json != JSON_OFF) {
		_cleanup_json_ json_object *all = json_object_new_object();

		json_object_object_add(all, "Manager", json_object_get(objects.manager));
		json_object_object_add(all, "GroupsUnderPressure", json_object_get(short_of));
		output_json(ctl, all);
		return CTL_OK;
	}
	status_print_manager(ctl, objects.manager, status_find_host(objects.groups));
	r = status_print_difference(ctl, bus, objects.manager);
	if (r != CTL_OK)
		return r;
	if (json_object_array_length(short_of) > 0) {
		printf("\n");
		group_table_print(ctl, short_of, objects.groups);
	}
	return CTL_OK;
}

/* ", 512M at most", where there is such a limit or amount. */
static void status_print_amount(uint64_t bytes, const char *what)
{
	char text[32];

	if (bytes != UINT64_MAX)
		printf(", %s %s", output_bytes(bytes, text), what);
}

static void status_print_group(const struct ctl *ctl, json_object *group)
{
	const char *unit = props_string(group, API_UNIT);
	bool is_container = *props_string(group, API_TASK_POD) ||
			    *props_string(group, API_TASK_CONTAINER);
	char current[32], name[GROUP_NAME_SIZE];

	printf("%s",
	       group_name_path(ctl, props_string(group, API_CONTROL_GROUP), name, sizeof(name)));
	/* The unit of a container is its long id once more. */
	if (*unit && (ctl->full || !is_container))
		printf(" (%s)", unit);
	printf("\n");
	status_print_level(group);
	printf(LABEL "%s", "Memory", output_bytes(props_u64(group, API_MEMORY_CURRENT), current));
	status_print_amount(props_u64(group, API_MEMORY_MAX), "at most");
	status_print_amount(props_u64(group, API_MEMORY_HIGH), "before it is throttled");
	status_print_amount(props_u64(group, API_MEMORY_SWAP), "in swap");
	printf("\n");
	status_print_headroom(group);
	status_print_grower(ctl, group);
	status_print_brake(group);
	status_print_preferences(group);
	printf(LABEL "%" PRIu64 "\n", "Modules", props_u64(group, API_N_MODULES));
}

/* Those of the group and of what is below it. */
static json_object *status_modules_of(json_object *modules, const char *control_group)
{
	json_object *found = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(modules); i++) {
		json_object *module = json_object_array_get_idx(modules, i);
		const char *home = props_string(module, API_CONTROL_GROUP);

		if (strcmp(home, control_group) == 0 || group_is_below(home, control_group))
			json_object_array_add(found, json_object_get(module));
	}
	return found;
}

static int status_of_group(struct ctl *ctl, sd_bus *bus, const char *name)
{
	_cleanup_(remote_objects_done) struct remote_objects objects = {};
	_cleanup_json_ json_object *group = NULL, *modules = NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	r = remote_find_group(bus, name, &path);
	if (r == CTL_OK)
		r = remote_get_all(bus, path, API_I_GROUP, &group);
	if (r == CTL_OK)
		r = remote_get_objects(bus, &objects);
	if (r != CTL_OK)
		return r;
	modules = status_modules_of(objects.modules, props_string(group, API_CONTROL_GROUP));
	if (ctl->json != JSON_OFF) {
		json_object_object_add(group, "Modules", json_object_get(modules));
		output_json(ctl, group);
		return CTL_OK;
	}
	status_print_group(ctl, group);
	if (json_object_array_length(modules) > 0) {
		printf("\n");
		module_table_print(ctl, modules, objects.groups);
	}
	return CTL_OK;
}

int verb_status(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	output_page(ctl);
	return argc > 0 && strcmp(argv[0], "/") != 0 ? status_of_group(ctl, bus, argv[0])
						     : status_of_host(ctl, bus);
}
