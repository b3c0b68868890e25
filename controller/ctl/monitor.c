/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor: what happens, one line each, until interrupted
 *
 *    signal ──▶ one flat JSON object ──▶ printed (--json)
 *               "Event" and the arguments  └▶ made into a sentence for people
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "controller/ctl/api.h"
#include "controller/ctl/group_name.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"

/* The names of a signal's arguments, as in the interface's XML; the last one may be a{sv}. */
struct event {
	const char *member;
	const char *arguments[9];
	void (*print)(json_object *event);
};

/* What was asked for, for names. */
static const struct ctl *asked;

/* Short for pods and containers; valid until the next call. */
static const char *monitor_group_of(json_object *event)
{
	static char name[GROUP_NAME_SIZE];
	const char *path = props_string(event, API_CONTROL_GROUP);

	return *path ? group_name_path(asked, path, name, sizeof(name)) : "(gone)";
}

/* ", hog.service grows by 48M a second", or nothing while no group was seen growing. */
static void monitor_print_grower(json_object *event, const char *verb)
{
	const char *path = props_string(event, API_GROWER);
	char name[GROUP_NAME_SIZE], growth[32];

	if (*path)
		printf(", %s %s %s a second", group_name(asked, path, name, sizeof(name)), verb,
		       output_bytes(props_u64(event, API_GROWER_GROWTH), growth));
}

static void monitor_print_level(json_object *event)
{
	const char *level = props_string(event, "NewLevel");
	const char *colour = output_level_colour(level);

	printf("%s: %s -> %s%s%s (%s, %s, %s)", monitor_group_of(event),
	       props_string(event, "OldLevel"), output_colour_begin(colour), level,
	       output_colour_end(colour), props_string(event, API_SIGNAL),
	       props_string(event, API_ATTRIBUTION), props_string(event, "Reason"));
	monitor_print_grower(event, "grows by");
	printf("\n");
}

/* " of page-cache (cache.service)", or nothing where an action concerns the group as such. */
static void monitor_print_module(json_object *event)
{
	const char *module = props_string(event, "ModuleName");
	const char *unit = props_string(event, API_UNIT);

	if (*module)
		printf(" of %s", module);
	if (*module && *unit)
		printf(" (%s)", unit);
}

static void monitor_print_started(json_object *event)
{
	uint64_t wanted_bytes = props_u64(event, "Bytes");
	char bytes[32];

	printf("%s: %s %" PRIu64, monitor_group_of(event), props_string(event, API_RUNG),
	       props_u64(event, "ActionId"));
	if (wanted_bytes > 0) /* a warning asks for nothing: modules hear the level */
		printf(" asks for %s", output_bytes(wanted_bytes, bytes));
	else
		printf(" tells every module the level");
	monitor_print_module(event);
	printf(" (%s)%s\n", props_string(event, "Reason"),
	       props_bool(event, API_DRY_RUN) ? ", dry run" : "");
}

static void monitor_print_finished(json_object *event)
{
	char measured[32], claimed[32], duration[32];

	printf("%s: %s %" PRIu64 " %s after %s: %s measured, %s claimed", monitor_group_of(event),
	       props_string(event, API_RUNG), props_u64(event, "ActionId"),
	       props_string(event, "Result"),
	       output_usec(props_u64(event, "DurationUSec"), duration),
	       output_bytes(props_u64(event, "MeasuredBytes"), measured),
	       output_bytes(props_u64(event, API_CLAIMED_BYTES), claimed));
	monitor_print_module(event);
	printf("\n");
}

/* "held still (freeze) for 5s at most, / has 80M left", "let go" */
static void monitor_print_brake(json_object *event)
{
	uint64_t until_usec = props_u64(event, "UntilUSec"), now_usec = ctl_now_usec();
	const char *brake = props_string(event, API_BRAKE);
	char left[32], headroom[32], time_left[32], short_name[GROUP_NAME_SIZE];

	printf("%s: ", monitor_group_of(event));
	if (strcmp(brake, "off") == 0)
		printf("let go");
	else
		printf("held still (%s) for %s at most, %s has %s left for %s", brake,
		       output_usec(until_usec > now_usec ? until_usec - now_usec : 0, left),
		       group_name_path(asked, props_string(event, "ShortControlGroup"), short_name,
				       sizeof(short_name)),
		       output_bytes(props_u64(event, API_HEADROOM), headroom),
		       output_usec(props_u64(event, API_TIME_LEFT), time_left));
	printf(" (%s)%s\n", props_string(event, "Reason"),
	       props_bool(event, API_DRY_RUN) ? ", dry run" : "");
}

static void monitor_print_episode(json_object *event)
{
	char freed[32], duration[32];

	printf("%s: episode %" PRIu64 " over after %s, %s at worst, %s given back",
	       monitor_group_of(event), props_u64(event, "EpisodeId"),
	       output_usec(props_u64(event, "DurationUSec"), duration),
	       props_string(event, "PeakLevel"),
	       output_bytes(props_u64(event, API_FREED_BYTES), freed));
	monitor_print_grower(event, "grew by up to");
	printf("\n");
}

static const struct event events[] = {
	{ API_LEVEL_CHANGED,
	  { API_CONTROL_GROUP, "OldLevel", "NewLevel", API_ATTRIBUTION, API_SIGNAL, "Reason",
	    "TimestampMonotonic", "Details" },
	  monitor_print_level },
	{ API_ACTION_STARTED,
	  { "ActionId", API_RUNG, API_CONTROL_GROUP, "Module", "Bytes", "Reason", "Details" },
	  monitor_print_started },
	{ API_ACTION_FINISHED,
	  { "ActionId", API_RUNG, API_CONTROL_GROUP, "Result", API_CLAIMED_BYTES, "MeasuredBytes",
	    "DurationUSec", "Details" },
	  monitor_print_finished },
	{ API_BRAKE_CHANGED,
	  { "BrakeId", API_CONTROL_GROUP, API_BRAKE, "Reason", "UntilUSec", "Details" },
	  monitor_print_brake },
	{ API_EPISODE_ENDED,
	  { "EpisodeId", API_CONTROL_GROUP, "PeakLevel", API_FREED_BYTES, "DurationUSec",
	    "Details" },
	  monitor_print_episode },
};

/* The wall clock: what a person compares with the journal. */
static void monitor_print_time(void)
{
	struct timespec ts;
	struct tm tm;
	char text[16];

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	printf("%s.%03ld ", text, ts.tv_nsec / 1000000);
}

/* Why stdout does not take any more; 0: it does. */
static int write_error;

static void monitor_emit(const struct ctl *ctl, json_object *event,
			 void (*print)(json_object *event))
{
	if (ctl->json != JSON_OFF) {
		output_json(ctl, event);
	} else {
		monitor_print_time();
		print(event);
	}
	if (fflush(stdout) != 0 && write_error == 0)
		write_error = errno;
}

static json_object *monitor_new_event(const char *name)
{
	json_object *event = json_object_new_object();
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	json_object_object_add(event, "Event", json_object_new_string(name));
	json_object_object_add(event, "Timestamp",
			       json_object_new_uint64((uint64_t)ts.tv_sec * 1000000 +
						      (uint64_t)ts.tv_nsec / 1000));
	return event;
}

/* Details become members like the arguments: the reader need not know which is which. */
static void monitor_add_argument(json_object *event, const char *name, json_object *value)
{
	if (strcmp(name, "Details") != 0) {
		json_object_object_add(event, name, value);
		return;
	}
	json_object_object_foreach(value, detail, detail_value)
		json_object_object_add(event, detail, json_object_get(detail_value));
	json_object_put(value);
}

static int monitor_read_arguments(sd_bus_message *signal, const struct event *kind,
				  json_object *event)
{
	int r = 0;

	for (size_t i = 0; kind->arguments[i] && !sd_bus_message_at_end(signal, true); i++) {
		json_object *value;

		r = remote_read_json(signal, &value);
		if (r < 0)
			return r;
		monitor_add_argument(event, kind->arguments[i], value);
	}
	return r;
}

static int monitor_on_manager_signal(sd_bus_message *signal, void *data, sd_bus_error *error)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		_cleanup_json_ json_object *event = NULL;

		if (!sd_bus_message_is_signal(signal, API_I_MANAGER, events[i].member))
			continue;
		event = monitor_new_event(events[i].member);
		if (monitor_read_arguments(signal, &events[i], event) >= 0)
			monitor_emit(data, event, events[i].print);
	}
	return 0;
}

static const char *monitor_text_of(json_object *value)
{
	if (json_object_is_type(value, json_type_boolean))
		return json_object_get_boolean(value) ? "yes" : "no";
	return value ? json_object_get_string(value) : "-";
}

static void monitor_print_properties(json_object *event)
{
	json_object *changed;

	printf("%s:", props_string(event, "Object"));
	json_object_object_get_ex(event, "Changed", &changed);
	json_object_object_foreach(changed, name, value)
		printf(" %s=%s", name, monitor_text_of(value));
	printf("\n");
}

/* What the manager's own signals say already. */
static const char *const said_otherwise[] = {
	API_LEVEL,     API_RUNG,   API_ATTRIBUTION, API_SIGNAL,	     API_N_GROUPS,
	API_N_MODULES, API_N_HELD, API_BRAKE,	    API_BRAKE_UNTIL, API_BRAKE_REASON,
};

static int monitor_on_properties_changed(sd_bus_message *signal, void *data, sd_bus_error *error)
{
	_cleanup_json_ json_object *event = NULL, *interface = NULL;
	json_object *changed = NULL;

	if (remote_read_json(signal, &interface) < 0 || remote_read_json(signal, &changed) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(said_otherwise) / sizeof(said_otherwise[0]); i++)
		json_object_object_del(changed, said_otherwise[i]);
	event = monitor_new_event("PropertiesChanged");
	json_object_object_add(event, "Object",
			       json_object_new_string(sd_bus_message_get_path(signal)));
	json_object_object_add(event, "Changed", changed);
	if (json_object_object_length(changed) > 0)
		monitor_emit(data, event, monitor_print_properties);
	return 0;
}

static void monitor_print_object(json_object *event)
{
	bool added = strcmp(props_string(event, "Event"), "InterfacesAdded") == 0;

	printf("%s %s", props_string(event, "Object"), added ? "appeared" : "is gone");
	if (added)
		printf(": %s %s", props_string(event, "ModuleName"), props_string(event, API_UNIT));
	printf("\n");
}

/* Modules only: groups come and go with every service. */
static int monitor_on_interfaces(sd_bus_message *signal, void *data, sd_bus_error *error)
{
	_cleanup_json_ json_object *event = NULL, *interfaces = NULL;
	json_object *path, *props;

	if (remote_read_json(signal, &path) < 0)
		return 0;
	event = monitor_new_event(sd_bus_message_get_member(signal));
	json_object_object_add(event, "Object", path);
	if (strncmp(json_object_get_string(path), API_MODULE, strlen(API_MODULE)) != 0 ||
	    remote_read_json(signal, &interfaces) < 0)
		return 0;
	if (json_object_is_type(interfaces, json_type_object) &&
	    json_object_object_get_ex(interfaces, API_I_MODULE, &props)) {
		json_object_object_add(
			event, "ModuleName",
			json_object_new_string(props_string(props, API_MODULE_NAME)));
		json_object_object_add(event, API_UNIT,
				       json_object_new_string(props_string(props, API_UNIT)));
	}
	monitor_emit(data, event, monitor_print_object);
	return 0;
}

static void monitor_print_owner(json_object *event)
{
	printf("reliefd %s\n", props_bool(event, "Running") ? "is running" : "is not running");
}

static int monitor_on_owner(sd_bus_message *signal, void *data, sd_bus_error *error)
{
	_cleanup_json_ json_object *event = NULL;
	const char *name, *old_owner, *new_owner;

	if (sd_bus_message_read(signal, "sss", &name, &old_owner, &new_owner) < 0)
		return 0;
	event = monitor_new_event("OwnerChanged");
	json_object_object_add(event, "Running", json_object_new_boolean(*new_owner != '\0'));
	monitor_emit(data, event, monitor_print_owner);
	return 0;
}

static int monitor_add_matches(struct ctl *ctl, sd_bus *bus)
{
	static const struct {
		const char *sender, *interface, *member;
		sd_bus_message_handler_t handler;
	} matches[] = {
		{ API_NAME, API_I_MANAGER, NULL, monitor_on_manager_signal },
		{ API_NAME, DBUS_I_PROPS, "PropertiesChanged", monitor_on_properties_changed },
		{ API_NAME, DBUS_I_OBJECTS, NULL, monitor_on_interfaces },
	};
	int r;

	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		r = sd_bus_match_signal(bus, NULL, matches[i].sender, NULL, matches[i].interface,
					matches[i].member, matches[i].handler, ctl);
		if (r < 0)
			return r;
	}
	return sd_bus_add_match(bus, NULL,
				"type='signal',sender='" DBUS_NAME "',member='NameOwnerChanged',"
				"arg0='" API_NAME "'",
				monitor_on_owner, ctl);
}

static void monitor_say_who_is_there(struct ctl *ctl, sd_bus *bus)
{
	int r;

	r = sd_bus_get_name_creds(bus, API_NAME, 0, NULL);
	if (r < 0 && !ctl->quiet)
		fprintf(stderr, "reliefd is not running; waiting for it.\n");
}

int verb_monitor(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	/* One object a line, whatever was asked: a stream has no other frame. */
	if (ctl->json == JSON_PRETTY)
		ctl->json = JSON_SHORT;
	asked = ctl;
	r = monitor_add_matches(ctl, bus);
	if (r < 0)
		return ctl_error("Cannot listen: %s", strerror(-r));
	monitor_say_who_is_there(ctl, bus);
	for (;;) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
		if (r < 0 && r != -EINTR)
			return ctl_error("The bus went away: %s", strerror(-r));
		if (write_error == EPIPE)
			return CTL_OK; /* the reader left */
		if (write_error != 0)
			return ctl_error("Cannot write: %s", strerror(write_error));
	}
}
