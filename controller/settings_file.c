/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/settings_file.h"

#include <string.h>
#include <syslog.h>

#include "controller/base/closest.h"
#include "controller/layered_file.h"
#include "controller/profile_file.h"

#define SETTINGS_NAME	 "reliefd.conf"
#define SETTINGS_SECTION "Daemon"

static const char *const settings_directories[] = {
	"/etc/reliefd",
	"/run/reliefd",
	"/usr/lib/reliefd",
	NULL,
};

static const struct settings defaults = {
	.profile = "default",
	.dry_run = false,
	.log_level = LOG_INFO,
	.growth_clock = "auto",
};

#define value_problem(a, ret_problem, ...) \
	config_problem(ret_problem, -EINVAL, (a)->path, (a)->line, __VA_ARGS__)

static int apply_profile(struct settings *settings, const struct assignment *a, char **ret_problem)
{
	if (!profile_name_is_valid(a->value))
		return value_problem(a, ret_problem,
				     "%s=%s is not the name of a profile; letters, digits, - _ and "
				     ". are right, at most %d",
				     a->key, a->value, PROFILE_NAME_MAX - 1);
	strcpy(settings->profile, a->value);
	return 0;
}

struct named_value {
	const char *name;
	int value;
};

static const struct named_value booleans[] = {
	{ "yes", 1 },	{ "true", 1 }, { "on", 1 }, { "1", 1 }, { "no", 0 },
	{ "false", 0 }, { "off", 0 },  { "0", 0 },  {},
};

static const struct named_value log_levels[] = {
	{ "err", LOG_ERR },
	{ "warning", LOG_WARNING },
	{ "info", LOG_INFO },
	{ "debug", LOG_DEBUG },
	{},
};

static const struct named_value *find_value(const struct named_value *values, const char *name)
{
	for (; values->name; values++)
		if (strcmp(values->name, name) == 0)
			return values;
	return NULL;
}

static int apply_dry_run(struct settings *settings, const struct assignment *a, char **ret_problem)
{
	const struct named_value *value = find_value(booleans, a->value);

	if (!value)
		return value_problem(a, ret_problem, "%s=%s is not a boolean; yes or no is right",
				     a->key, a->value);
	settings->dry_run = value->value;
	return 0;
}

static int apply_log_level(struct settings *settings, const struct assignment *a,
			   char **ret_problem)
{
	const struct named_value *value = find_value(log_levels, a->value);

	if (!value)
		return value_problem(
			a, ret_problem,
			"%s=%s is not a log level; err, warning, info or debug is right", a->key,
			a->value);
	settings->log_level = value->value;
	return 0;
}

static const struct named_value growth_clocks[] = {
	{ "auto" }, { "charge" }, { "rss-stat" }, { "rss-stat-sampled" }, { "task-iterator" },
	{ "none" }, {},
};

static int apply_growth_clock(struct settings *settings, const struct assignment *a,
			      char **ret_problem)
{
	const struct named_value *value = find_value(growth_clocks, a->value);

	if (!value)
		return value_problem(a, ret_problem,
				     "%s=%s is not a growth clock; auto, charge, rss-stat, "
				     "rss-stat-sampled, task-iterator or none is right",
				     a->key, a->value);
	strcpy(settings->growth_clock, value->name);
	return 0;
}

static void reset_profile(struct settings *settings)
{
	strcpy(settings->profile, defaults.profile);
}

static void reset_dry_run(struct settings *settings)
{
	settings->dry_run = defaults.dry_run;
}

static void reset_log_level(struct settings *settings)
{
	settings->log_level = defaults.log_level;
}

static void reset_growth_clock(struct settings *settings)
{
	strcpy(settings->growth_clock, defaults.growth_clock);
}

static const struct setting {
	const char *key;
	int (*apply)(struct settings *settings, const struct assignment *a, char **ret_problem);
	void (*reset)(struct settings *settings); /* "Key=": the built-in value */
} table[] = {
	{ "Profile", apply_profile, reset_profile },
	{ "DryRun", apply_dry_run, reset_dry_run },
	{ "LogLevel", apply_log_level, reset_log_level },
	{ "GrowthClock", apply_growth_clock, reset_growth_clock },
};

#define N_TABLE (sizeof(table) / sizeof(table[0]))

static int unknown_key(const struct assignment *a, char **ret_problem)
{
	struct closest closest;

	closest_init(&closest, a->key);
	for (size_t i = 0; i < N_TABLE; i++)
		closest_offer(&closest, table[i].key);
	if (closest.name)
		return value_problem(a, ret_problem, "unknown key %s= in [%s]; did you mean %s=?",
				     a->key, a->section, closest.name);
	return value_problem(a, ret_problem,
			     "unknown key %s= in [%s]; known are Profile= DryRun= LogLevel= "
			     "GrowthClock= (thresholds belong in a profile)",
			     a->key, a->section);
}

static int apply_setting(void *data, const struct assignment *a, char **ret_problem)
{
	if (strcmp(a->section, SETTINGS_SECTION) != 0)
		return value_problem(a, ret_problem,
				     "unknown section [%s]; [" SETTINGS_SECTION "] is right here, "
				     "thresholds belong in a profile",
				     a->section);
	for (size_t i = 0; i < N_TABLE; i++) {
		if (strcmp(a->key, table[i].key) != 0)
			continue;
		if (*a->value)
			return table[i].apply(data, a, ret_problem);
		table[i].reset(data);
		return 0;
	}
	return unknown_key(a, ret_problem);
}

static int read_layers(const struct layered_file *files, struct settings *ret, char **ret_problem)
{
	struct settings settings = defaults;
	int r;

	r = layered_file_apply(files, apply_setting, &settings, ret_problem);
	if (r == 0)
		*ret = settings;
	return r;
}

int settings_load(const char *root, struct settings *ret, char **ret_problem)
{
	_cleanup_(layered_file_done) struct layered_file files = {};
	int r;

	r = layered_file_find(&files, root, settings_directories, SETTINGS_NAME, ret_problem);
	if (r < 0)
		return r;
	return read_layers(&files, ret, ret_problem);
}

int settings_load_file(const char *path, struct settings *ret, char **ret_problem)
{
	char *paths[] = { (char *)path };
	const struct layered_file file = { .paths = paths, .n_paths = 1 };

	return read_layers(&file, ret, ret_problem);
}

int settings_cat(const char *root, FILE *out)
{
	_cleanup_(layered_file_done) struct layered_file files = {};
	_cleanup_free_ char *problem = NULL;
	int r;

	r = layered_file_find(&files, root, settings_directories, SETTINGS_NAME, &problem);
	if (r < 0)
		return r;
	return layered_file_cat(&files, out);
}
