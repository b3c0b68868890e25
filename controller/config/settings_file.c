/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/config/settings_file.h"

#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "controller/base/closest.h"
#include "controller/base/parse.h"
#include "controller/config/layered_file.h"
#include "controller/config/profile_file.h"

#define SETTINGS_NAME "reliefd.conf"

/*
 * A step with some fifty groups is about 5 KiB of text, and a shortage makes some ten steps a
 * second: 64 MiB hold the last 20 minutes of shortage, or weeks of calm.
 */
#define RECORD_MAX_DEFAULT (64 * MIB)
#define RECORD_MAX_LEAST   MIB
#define RECORD_MAX_MOST	   (64 * GIB)

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
	.record = "no",
	.record_max_bytes = RECORD_MAX_DEFAULT,
};

void settings_init(struct settings *settings)
{
	*settings = defaults;
}

#define value_problem(a, ret_problem, ...) \
	config_problem(ret_problem, -EINVAL, (a)->path, (a)->line, __VA_ARGS__)

static int settings_file_apply_profile(struct settings *settings, const struct assignment *a,
				       char **ret_problem)
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

static const struct named_value *settings_file_find_value(const struct named_value *values,
							  const char *name)
{
	for (; values->name; values++)
		if (strcmp(values->name, name) == 0)
			return values;
	return NULL;
}

static int settings_file_apply_dry_run(struct settings *settings, const struct assignment *a,
				       char **ret_problem)
{
	const struct named_value *value = settings_file_find_value(booleans, a->value);

	if (!value)
		return value_problem(a, ret_problem, "%s=%s is not a boolean; yes or no is right",
				     a->key, a->value);
	settings->dry_run = value->value;
	return 0;
}

static int settings_file_apply_log_level(struct settings *settings, const struct assignment *a,
					 char **ret_problem)
{
	const struct named_value *value = settings_file_find_value(log_levels, a->value);

	if (!value)
		return value_problem(
			a, ret_problem,
			"%s=%s is not a log level; err, warning, info or debug is right", a->key,
			a->value);
	settings->log_level = value->value;
	return 0;
}

static int settings_file_apply_growth_clock(struct settings *settings, const struct assignment *a,
					    char **ret_problem)
{
	enum growth_clock clock;

	if (strcmp(a->value, "auto") != 0 && growth_clock_from_name(a->value, &clock) < 0)
		return value_problem(a, ret_problem,
				     "%s=%s is not a growth clock; auto, charge, rss-stat, "
				     "rss-stat-sampled, task-iterator or none is right",
				     a->key, a->value);
	strcpy(settings->growth_clock, a->value);
	return 0;
}

static int settings_file_apply_record(struct settings *settings, const struct assignment *a,
				      char **ret_problem)
{
	const struct named_value *value = settings_file_find_value(booleans, a->value);
	const char *record = value ? (value->value ? "yes" : "no") : a->value;

	if (!value && a->value[0] != '/')
		return value_problem(a, ret_problem,
				     "%s=%s is neither a boolean nor a path from /; yes or no is "
				     "right, or a file as /var/lib/reliefd/record",
				     a->key, a->value);
	if (strlen(record) >= sizeof(settings->record))
		return value_problem(a, ret_problem,
				     "%s= has %zu characters; at most %zu are right", a->key,
				     strlen(record), sizeof(settings->record) - 1);
	strcpy(settings->record, record);
	return 0;
}

static int settings_file_apply_record_max(struct settings *settings, const struct assignment *a,
					  char **ret_problem)
{
	uint64_t bytes;

	if (parse_bytes(a->value, &bytes) < 0 || bytes < RECORD_MAX_LEAST ||
	    bytes > RECORD_MAX_MOST)
		return value_problem(a, ret_problem,
				     "%s=%s is not a size from 1M to 64G; write it as 64M", a->key,
				     a->value);
	settings->record_max_bytes = bytes;
	return 0;
}

/* Values as text. Each gets the field. */

static const char *settings_file_format_text(const void *field, char *buf, size_t size)
{
	return field;
}

static const char *settings_file_format_boolean(const void *field, char *buf, size_t size)
{
	return *(const bool *)field ? "yes" : "no";
}

static const char *settings_file_format_log_level(const void *field, char *buf, size_t size)
{
	for (const struct named_value *level = log_levels; level->name; level++)
		if (level->value == *(const int *)field)
			return level->name;
	return "info";
}

static const char *settings_file_format_size(const void *field, char *buf, size_t size)
{
	uint64_t bytes = *(const uint64_t *)field, again;

	if (parse_bytes(format_bytes(bytes, buf, size), &again) < 0 || again != bytes)
		snprintf(buf, size, "%" PRIu64, bytes);
	return buf;
}

#define SETTING(key, field, apply, format, at_start)                       \
	{                                                                  \
		key, apply, format, offsetof(struct settings, field),      \
			sizeof(((struct settings *)NULL)->field), at_start \
	}

static const struct setting {
	const char *key;
	int (*apply)(struct settings *settings, const struct assignment *a, char **ret_problem);
	const char *(*format)(const void *field, char *buf, size_t size);
	size_t offset, size; /* of the field in struct settings */
	bool need_restart;
} table[] = {
	SETTING("Profile", profile, settings_file_apply_profile, settings_file_format_text, false),
	SETTING("DryRun", dry_run, settings_file_apply_dry_run, settings_file_format_boolean,
		false),
	SETTING("LogLevel", log_level, settings_file_apply_log_level,
		settings_file_format_log_level, false),
	SETTING("GrowthClock", growth_clock, settings_file_apply_growth_clock,
		settings_file_format_text, true),
	SETTING("Record", record, settings_file_apply_record, settings_file_format_text, false),
	SETTING("RecordMax", record_max_bytes, settings_file_apply_record_max,
		settings_file_format_size, false),
};

#define N_TABLE (sizeof(table) / sizeof(table[0]))

const size_t n_settings = N_TABLE;

const char *settings_key(size_t place)
{
	return table[place].key;
}

static const void *settings_file_field_of(const struct settings *settings, size_t place)
{
	return (const char *)settings + table[place].offset;
}

const char *settings_value(const struct settings *settings, size_t place, char *buf, size_t size)
{
	return table[place].format(settings_file_field_of(settings, place), buf, size);
}

bool settings_need_restart(size_t place)
{
	return table[place].need_restart;
}

void settings_copy(struct settings *settings, size_t place, const struct settings *from)
{
	memcpy((char *)settings + table[place].offset, settings_file_field_of(from, place),
	       table[place].size);
}

bool settings_are_equal(const struct settings *a, const struct settings *b, size_t place)
{
	char text_a[RECORD_NAME_SIZE], text_b[RECORD_NAME_SIZE];

	return strcmp(settings_value(a, place, text_a, sizeof(text_a)),
		      settings_value(b, place, text_b, sizeof(text_b))) == 0;
}

size_t settings_place(const char *key)
{
	for (size_t i = 0; i < N_TABLE; i++)
		if (strcmp(key, table[i].key) == 0)
			return i;
	return N_TABLE;
}

/* "Profile= DryRun= ..." */
static void settings_file_list_keys(char *buf, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < N_TABLE && length < size; i++)
		length += (size_t)snprintf(buf + length, size - length, "%s%s=", i > 0 ? " " : "",
					   table[i].key);
}

static int settings_file_unknown_key(const struct assignment *a, char **ret_problem)
{
	struct closest closest;
	char keys[256];

	closest_init(&closest, a->key);
	for (size_t i = 0; i < N_TABLE; i++)
		closest_offer(&closest, table[i].key);
	if (closest.name)
		return value_problem(a, ret_problem, "unknown key %s= in [%s]; did you mean %s=?",
				     a->key, a->section, closest.name);
	settings_file_list_keys(keys, sizeof(keys));
	return value_problem(a, ret_problem,
			     "unknown key %s= in [%s]; known are %s (thresholds belong in a "
			     "profile)",
			     a->key, a->section, keys);
}

int settings_apply(struct settings *settings, const struct assignment *a, char **ret_problem)
{
	size_t place = settings_place(a->key);

	if (place == N_TABLE)
		return -ENOENT;
	if (*a->value)
		return table[place].apply(settings, a, ret_problem);
	settings_copy(settings, place, &defaults); /* "Key=": the built-in value */
	return 0;
}

struct reading {
	struct settings settings;
	struct origins origins;
};

static int settings_file_apply_setting(void *data, const struct assignment *a, char **ret_problem)
{
	struct reading *reading = data;
	int r;

	if (strcmp(a->section, SETTINGS_SECTION) != 0)
		return value_problem(a, ret_problem,
				     "unknown section [%s]; [" SETTINGS_SECTION "] is right here, "
				     "thresholds belong in a profile",
				     a->section);
	r = settings_apply(&reading->settings, a, ret_problem);
	if (r == -ENOENT)
		return settings_file_unknown_key(a, ret_problem);
	return r < 0 ? r : origins_note(&reading->origins, settings_place(a->key), a);
}

static int settings_file_read_layers(const struct layered_file *files, struct settings *ret,
				     struct origins *ret_origins, char **ret_problem)
{
	struct reading reading = { .settings = defaults };
	int r;

	r = origins_init(&reading.origins, N_TABLE);
	if (r == 0)
		r = layered_file_apply(files, settings_file_apply_setting, &reading, ret_problem);
	if (r == 0)
		*ret = reading.settings;
	if (r == 0 && ret_origins)
		*ret_origins = reading.origins;
	else
		origins_done(&reading.origins);
	return r;
}

static int settings_file_find_files(const char *root, struct layered_file *ret, char **ret_problem)
{
	return layered_file_find(ret, root, settings_directories, SETTINGS_NAME, ret_problem);
}

int settings_load(const char *root, struct settings *ret, struct origins *ret_origins,
		  char **ret_problem)
{
	_cleanup_(layered_file_done) struct layered_file files = {};
	int r;

	r = settings_file_find_files(root, &files, ret_problem);
	return r < 0 ? r : settings_file_read_layers(&files, ret, ret_origins, ret_problem);
}

int settings_load_file(const char *path, struct settings *ret, char **ret_problem)
{
	char *paths[] = { (char *)path };
	const struct layered_file file = { .paths = paths, .n_paths = 1 };

	return settings_file_read_layers(&file, ret, NULL, ret_problem);
}

int settings_cat(const char *root, FILE *out)
{
	_cleanup_(layered_file_done) struct layered_file files = {};
	_cleanup_free_ char *problem = NULL;
	int r;

	r = settings_file_find_files(root, &files, &problem);
	return r < 0 ? r : layered_file_cat(&files, out);
}

/* Is a dry run wanted? Line by line, since the file is not one that can be read as a whole. */

static char *settings_file_strip(char *text)
{
	size_t length;

	text += strspn(text, " \t\r");
	for (length = strlen(text); length > 0 && strchr(" \t\r\"'", text[length - 1]); length--)
		text[length - 1] = '\0';
	return text + strspn(text, "\"'");
}

static void settings_file_scan_line(char *line, bool *wanted)
{
	const struct named_value *value;
	struct closest closest;
	char *equals, *text;

	line[strcspn(line, "#;\n")] = '\0';
	equals = strchr(line, '=');
	if (!equals)
		return;
	*equals = '\0';
	closest_init(&closest, settings_file_strip(line));
	closest_offer(&closest, "DryRun");
	if (!closest.name)
		return;
	text = settings_file_strip(equals + 1);
	value = settings_file_find_value(booleans, text);
	*wanted = *text && (!value || value->value);
}

static int settings_file_scan_file(const char *path, bool *wanted)
{
	_cleanup_file_ FILE *file = NULL;
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	r = config_file_text(path, &text, &length, NULL);
	if (r < 0)
		return r;
	file = fmemopen(text, length + 1, "r"); /* with the NUL: an empty one is refused */
	if (!file)
		return -errno;
	for (;;) {
		_cleanup_free_ char *line = NULL;
		size_t size = 0;

		if (getline(&line, &size, file) < 0)
			return 0;
		settings_file_scan_line(line, wanted);
	}
}

bool settings_want_dry_run(const char *root, bool *ret_all_read)
{
	_cleanup_(layered_file_done) struct layered_file files = {};
	_cleanup_free_ char *problem = NULL;
	bool wanted = false;

	*ret_all_read = settings_file_find_files(root, &files, &problem) == 0;
	for (size_t i = 0; i < files.n_paths; i++)
		if (settings_file_scan_file(files.paths[i], &wanted) < 0)
			*ret_all_read = false;
	return wanted;
}
