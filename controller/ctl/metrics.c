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
	SHAPE_SECONDS, /* from microseconds */
	SHAPE_LEFT,    /* the same; not known means never: +Inf */
	SHAPE_RATIO,   /* from basis points */
	SHAPE_LEVEL,   /* 0 low to 3 critical */
	SHAPE_HELD,    /* 1 unless "off" */
	SHAPE_BOOL,    /* 0 or 1 */
};

struct metric {
	const char *name, *type, *help;
	const char *property;
	enum shape shape;
};

static const struct metric group_metrics[] = {
	{ "relief_group_level", "gauge", "How short the group is: 0 low to 3 critical.", API_LEVEL,
	  SHAPE_LEVEL },
	{ "relief_group_memory_bytes", "gauge",
	  "Memory in use: memory.current; of the host, MemTotal less MemAvailable.",
	  API_MEMORY_CURRENT, SHAPE_COUNT },
	{ "relief_group_memory_limit_bytes", "gauge", "memory.max, where it is set.",
	  API_MEMORY_MAX, SHAPE_COUNT },
	{ "relief_group_memory_high_bytes", "gauge", "memory.high, where it is set.",
	  API_MEMORY_HIGH, SHAPE_COUNT },
	{ "relief_group_swap_bytes", "gauge", "Swap in use: memory.swap.current.", API_MEMORY_SWAP,
	  SHAPE_COUNT },
	{ "relief_group_headroom_bytes", "gauge",
	  "What is left below the limit that binds first, the host's memory included.",
	  API_HEADROOM, SHAPE_COUNT },
	{ "relief_group_growth_bytes_per_second", "gauge", "How fast the group grows.", API_GROWTH,
	  SHAPE_COUNT },
	{ "relief_group_time_left_seconds", "gauge",
	  "Until the first limit is reached at the present growth; +Inf when nothing grows.",
	  API_TIME_LEFT, SHAPE_LEFT },
	{ "relief_group_time_left_confidence_ratio", "gauge",
	  "The share of what was left that was seen going at about that speed.", API_CONFIDENCE,
	  SHAPE_RATIO },
	{ "relief_group_pressure_some_seconds_total", "counter",
	  "Time in which some tasks of the group waited for memory (PSI).", API_SOME,
	  SHAPE_SECONDS },
	{ "relief_group_pressure_full_seconds_total", "counter",
	  "Time in which all tasks of the group waited for memory (PSI).", API_FULL,
	  SHAPE_SECONDS },
	{ "relief_group_oom_kills_total", "counter",
	  "Processes that the kernel killed in the group and below, since its cgroup was made.",
	  API_OOM_KILLS, SHAPE_COUNT },
	{ "relief_group_modules", "gauge", "Modules registered in the group.", API_N_MODULES,
	  SHAPE_COUNT },
	{ "relief_brake_held", "gauge", "1 while the group is held still.", API_BRAKE, SHAPE_HELD },
	{ "relief_brakes_total", "counter", "How often the group was held still.", API_BRAKES,
	  SHAPE_COUNT },
	{ "relief_group_direct_reclaims_total", "counter",
	  "How often tasks of the group had to reclaim memory themselves.", API_DIRECT_RECLAIMS,
	  SHAPE_COUNT },
	{ "relief_group_direct_reclaim_seconds_total", "counter", "How long that took in all.",
	  API_DIRECT_RECLAIM_TIME, SHAPE_SECONDS },
};

static const struct metric module_metrics[] = {
	{ "relief_module_size_bytes", "gauge", "What the owner says that the module holds.",
	  API_SIZE, SHAPE_COUNT },
	{ "relief_module_unloaded", "gauge", "1 while the module is unloaded.", API_UNLOADED,
	  SHAPE_BOOL },
	{ "relief_module_demoted", "gauge", "1 while the module is asked last, since it was late.",
	  API_DEMOTED, SHAPE_BOOL },
	{ "relief_module_requests_total", "counter", "Requests to the module.", API_N_REQUESTS,
	  SHAPE_COUNT },
	{ "relief_module_late_requests_total", "counter",
	  "Requests that the module did not answer in time.", API_N_LATE, SHAPE_COUNT },
	{ "relief_module_claimed_bytes_total", "counter", "What the module says it gave back.",
	  API_CLAIMED_BYTES, SHAPE_COUNT },
	{ "relief_module_freed_bytes_total", "counter", "Given back by the module, as measured.",
	  API_FREED_BYTES, SHAPE_COUNT },
	{ "relief_module_yield_ratio", "gauge",
	  "Measured of what was asked for, lately: 1 is all of it.", API_YIELD, SHAPE_RATIO },
	{ "relief_module_last_answer_seconds", "gauge",
	  "How long the last answer took; 0 before the first.", API_LATENCY, SHAPE_SECONDS },
};

static const struct metric manager_metrics[] = {
	{ "relief_memory_total_bytes", "gauge", "MemTotal of the host.", API_MEMORY_TOTAL,
	  SHAPE_COUNT },
	{ "relief_memory_available_bytes", "gauge", "MemAvailable of the host.",
	  API_MEMORY_AVAILABLE, SHAPE_COUNT },
	{ "relief_pressure_some_seconds_total", "counter",
	  "Time in which some task of the host waited for memory (PSI).", API_HOST_SOME,
	  SHAPE_SECONDS },
	{ "relief_pressure_full_seconds_total", "counter",
	  "Time in which all tasks of the host waited for memory (PSI).", API_HOST_FULL,
	  SHAPE_SECONDS },
	{ "relief_groups", "gauge", "Groups under control, the host included.", API_N_GROUPS,
	  SHAPE_COUNT },
	{ "relief_modules", "gauge", "Registered modules.", API_N_MODULES, SHAPE_COUNT },
	{ "relief_dry_run", "gauge", "1 while actions are only described.", API_DRY_RUN,
	  SHAPE_BOOL },
	{ "relief_requests_total", "counter", "Requests to modules.", API_N_REQUESTS, SHAPE_COUNT },
	{ "relief_late_requests_total", "counter", "Requests that were not answered in time.",
	  API_N_LATE, SHAPE_COUNT },
	{ "relief_episodes_total", "counter", "Shortages, of any group.", API_N_EPISODES,
	  SHAPE_COUNT },
	{ "relief_freed_bytes_total", "counter", "Given back, as measured.", API_FREED_BYTES,
	  SHAPE_COUNT },
	{ "relief_claimed_bytes_total", "counter", "Given back, as modules and the kernel say.",
	  API_CLAIMED_BYTES, SHAPE_COUNT },
	{ "relief_tripwire_wakes_total", "counter", "How often a spent budget woke reliefd.",
	  API_TRIPWIRE_WAKES, SHAPE_COUNT },
	{ "relief_lost_kernel_events_total", "counter",
	  "Events of the probes that found their ring buffer full.", API_LOST_EVENTS, SHAPE_COUNT },
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Within a label's quotes, backslash, quote and line feed are escaped. */
static void metrics_print_label_value(const char *value)
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

static void metrics_print_label(const char *before, const char *name, const char *value)
{
	printf("%s%s=\"", before, name);
	metrics_print_label_value(value);
	printf("\"");
}

static void metrics_print_head(const char *name, const char *type, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static uint64_t metrics_value_of(const struct metric *metric, json_object *props)
{
	enum level level;

	switch (metric->shape) {
	case SHAPE_LEVEL:
		if (level_from_name(props_string(props, metric->property), &level) < 0)
			return UINT64_MAX;
		return level;
	case SHAPE_BOOL:
		return props_bool(props, metric->property);
	case SHAPE_HELD:
		return strcmp(props_string(props, metric->property), brake_name(BRAKE_OFF)) != 0;
	default:
		return props_u64(props, metric->property);
	}
}

/* Decimal fractions are exact here: they are shifted integers. */
static void metrics_print_value(enum shape shape, uint64_t value)
{
	if (shape == SHAPE_LEFT && value == UINT64_MAX)
		printf(" +Inf\n");
	else if (shape == SHAPE_SECONDS || shape == SHAPE_LEFT)
		printf(" %" PRIu64 ".%06" PRIu64 "\n", value / 1000000, value % 1000000);
	else if (shape == SHAPE_RATIO)
		printf(" %" PRIu64 ".%04" PRIu64 "\n", value / 10000, value % 10000);
	else
		printf(" %" PRIu64 "\n", value);
}

static void metrics_print_group_labels(json_object *group)
{
	metrics_print_label("{", "cgroup", props_string(group, API_CONTROL_GROUP));
	metrics_print_label(",", "unit", props_string(group, API_UNIT));
	printf("}");
}

/* The id: a name may be there once more in the same unit, and after it came back. */
static void metrics_print_module_labels(json_object *module)
{
	char id[32];

	snprintf(id, sizeof(id), "%" PRIu64, props_u64(module, API_ID));
	metrics_print_label("{", "id", id);
	metrics_print_label(",", "module", props_string(module, API_MODULE_NAME));
	metrics_print_label(",", "kind", props_string(module, API_KIND));
	metrics_print_label(",", "unit", props_string(module, API_UNIT));
	metrics_print_label(",", "cgroup", props_string(module, API_CONTROL_GROUP));
	printf("}");
}

static void metrics_print_samples(const struct metric *metric, json_object *objects,
				  void (*print_labels)(json_object *object))
{
	for (size_t i = 0; i < json_object_array_length(objects); i++) {
		json_object *object = json_object_array_get_idx(objects, i);
		uint64_t value = metrics_value_of(metric, object);

		if (value == UINT64_MAX && metric->shape != SHAPE_LEFT)
			continue;
		printf("%s", metric->name);
		print_labels(object);
		metrics_print_value(metric->shape, value);
	}
}

static void metrics_print_metrics(const struct metric *metrics, size_t n, json_object *objects,
				  void (*print_labels)(json_object *object))
{
	for (size_t i = 0; i < n; i++) {
		metrics_print_head(metrics[i].name, metrics[i].type, metrics[i].help);
		metrics_print_samples(&metrics[i], objects, print_labels);
	}
}

static void metrics_print_results(json_object *manager)
{
	static const char name[] = "relief_finished_requests_total";
	json_object *results;

	if (!json_object_object_get_ex(manager, API_RESULTS, &results))
		return;
	metrics_print_head(
		name, "counter",
		"Requests to modules and for the kernel's reclaim that are over, by result.");
	json_object_object_foreach(results, result, n)
	{
		printf("%s", name);
		metrics_print_label("{", "result", result);
		printf("} %" PRIu64 "\n", json_object_get_uint64(n));
	}
}

static void metrics_print_manager_metrics(json_object *manager)
{
	for (size_t i = 0; i < N(manager_metrics); i++) {
		const struct metric *metric = &manager_metrics[i];
		uint64_t value = metrics_value_of(metric, manager);

		if (value == UINT64_MAX)
			continue;
		metrics_print_head(metric->name, metric->type, metric->help);
		printf("%s", metric->name);
		metrics_print_value(metric->shape, value);
	}
	metrics_print_results(manager);
	metrics_print_head("relief_growth_clock_info", "gauge",
			   "What tells reliefd that memory grows.");
	printf("relief_growth_clock_info");
	metrics_print_label("{", "clock", props_string(manager, API_GROWTH_CLOCK));
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
	metrics_print_metrics(group_metrics, N(group_metrics), objects.groups,
			      metrics_print_group_labels);
	metrics_print_metrics(module_metrics, N(module_metrics), objects.modules,
			      metrics_print_module_labels);
	metrics_print_manager_metrics(objects.manager);
	return CTL_OK;
}
