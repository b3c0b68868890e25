/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics: the state as Prometheus' text exposition, for node_exporter's textfile collector
 *
 * One row of a table is one metric; a value that is not known has no sample.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

#include <inttypes.h>
#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"
#include "policies/words.h"

enum shape {
	SHAPE_COUNT,   /* as it is */
	SHAPE_SECONDS, /* from microseconds; not known means never: +Inf */
	SHAPE_RATIO,   /* from basis points */
	SHAPE_LEVEL,   /* 0 low to 3 critical */
	SHAPE_HELD,    /* 1 unless "off" */
};

struct metric {
	const char *name, *type, *help;
	const char *property;
	enum shape shape;
};

static const struct metric group_metrics[] = {
	{ "relief_group_level", "gauge", "How short the group is: 0 low to 3 critical.", API_LEVEL,
	  SHAPE_LEVEL },
	{ "relief_group_headroom_bytes", "gauge",
	  "What is left below the limit that binds first, the host's memory included.",
	  API_HEADROOM, SHAPE_COUNT },
	{ "relief_group_growth_bytes_per_second", "gauge", "How fast the group grows.", API_GROWTH,
	  SHAPE_COUNT },
	{ "relief_group_time_left_seconds", "gauge",
	  "Until the first limit is reached at the present growth; +Inf when nothing grows.",
	  API_TIME_LEFT, SHAPE_SECONDS },
	{ "relief_group_time_left_confidence_ratio", "gauge",
	  "The share of what was left that was seen going at about that speed.", API_CONFIDENCE,
	  SHAPE_RATIO },
	{ "relief_brake_held", "gauge", "1 while the group is held still.", API_BRAKE, SHAPE_HELD },
	{ "relief_brakes_total", "counter", "How often the group was held still.", API_BRAKES,
	  SHAPE_COUNT },
	{ "relief_group_direct_reclaims_total", "counter",
	  "How often tasks of the group had to reclaim memory themselves.", API_DIRECT_RECLAIMS,
	  SHAPE_COUNT },
	{ "relief_group_direct_reclaim_seconds_total", "counter", "How long that took in all.",
	  API_DIRECT_RECLAIM_TIME, SHAPE_SECONDS },
};

static const struct metric manager_metrics[] = {
	{ "relief_requests_total", "counter", "Requests to modules.", API_N_REQUESTS, SHAPE_COUNT },
	{ "relief_late_requests_total", "counter", "Requests that were not answered in time.",
	  API_N_LATE, SHAPE_COUNT },
	{ "relief_episodes_total", "counter", "Shortages, of any group.", API_N_EPISODES,
	  SHAPE_COUNT },
	{ "relief_freed_bytes_total", "counter", "Given back, as measured.", API_FREED_BYTES,
	  SHAPE_COUNT },
	{ "relief_tripwire_wakes_total", "counter", "How often a spent budget woke reliefd.",
	  API_TRIPWIRE_WAKES, SHAPE_COUNT },
	{ "relief_lost_kernel_events_total", "counter",
	  "Events of the probes that found their ring buffer full.", API_LOST_EVENTS, SHAPE_COUNT },
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Within a label's quotes, backslash, quote and line feed are escaped. */
static void print_label_value(const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			printf("\\%c", *value);
		else if (*value == '\n')
			printf("\\n");
		else
			putchar(*value);
	}
}

static void print_label(const char *before, const char *name, const char *value)
{
	printf("%s%s=\"", before, name);
	print_label_value(value);
	printf("\"");
}

static void print_head(const char *name, const char *type, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static uint64_t value_of(const struct metric *metric, json_object *props)
{
	enum level level;

	switch (metric->shape) {
	case SHAPE_LEVEL:
		if (level_from_name(props_string(props, metric->property), &level) < 0)
			return UINT64_MAX;
		return level;
	case SHAPE_HELD:
		return strcmp(props_string(props, metric->property), brake_name(BRAKE_OFF)) != 0;
	default:
		return props_u64(props, metric->property);
	}
}

/* Decimal fractions are exact here: they are shifted integers. */
static void print_value(enum shape shape, uint64_t value)
{
	if (shape == SHAPE_SECONDS && value == UINT64_MAX)
		printf(" +Inf\n");
	else if (shape == SHAPE_SECONDS)
		printf(" %" PRIu64 ".%06" PRIu64 "\n", value / 1000000, value % 1000000);
	else if (shape == SHAPE_RATIO)
		printf(" %" PRIu64 ".%04" PRIu64 "\n", value / 10000, value % 10000);
	else
		printf(" %" PRIu64 "\n", value);
}

static void print_group_sample(const struct metric *metric, json_object *group)
{
	uint64_t value = value_of(metric, group);

	if (value == UINT64_MAX && metric->shape != SHAPE_SECONDS)
		return;
	printf("%s", metric->name);
	print_label("{", "cgroup", props_string(group, API_CONTROL_GROUP));
	print_label(",", "unit", props_string(group, API_UNIT));
	printf("}");
	print_value(metric->shape, value);
}

static void print_group_metrics(json_object *groups)
{
	for (size_t i = 0; i < N(group_metrics); i++) {
		const struct metric *metric = &group_metrics[i];

		print_head(metric->name, metric->type, metric->help);
		for (size_t j = 0; j < json_object_array_length(groups); j++)
			print_group_sample(metric, json_object_array_get_idx(groups, j));
	}
}

static void print_manager_metrics(json_object *manager)
{
	for (size_t i = 0; i < N(manager_metrics); i++) {
		const struct metric *metric = &manager_metrics[i];
		uint64_t value = value_of(metric, manager);

		print_head(metric->name, metric->type, metric->help);
		if (value == UINT64_MAX)
			continue;
		printf("%s", metric->name);
		print_value(metric->shape, value);
	}
	print_head("relief_growth_clock_info", "gauge", "What tells reliefd that memory grows.");
	printf("relief_growth_clock_info");
	print_label("{", "clock", props_string(manager, API_GROWTH_CLOCK));
	printf("} 1\n");
}

int verb_metrics(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(remote_objects_done) struct remote_objects objects = {};
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	if (ctl->json != JSON_OFF) {
		ctl_error("metrics has one format, that of Prometheus; leave --json out, or use "
			  "list --json");
		return CTL_USAGE;
	}
	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	r = remote_get_objects(bus, &objects);
	if (r != CTL_OK)
		return r;
	print_group_metrics(objects.groups);
	print_manager_metrics(objects.manager);
	return CTL_OK;
}
