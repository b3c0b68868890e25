/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/profile_file.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "controller/base/closest.h"
#include "controller/base/parse.h"
#include "controller/layered_file.h"
#include "controller/profile_patterns.h"

#define SUFFIX ".conf"

const char *const profile_directories[] = {
	"/etc/reliefd/profiles",
	"/run/reliefd/profiles",
	"/usr/lib/reliefd/profiles",
	NULL,
};

/* More than there are settings; where each one got its value, for profile_is_sound(). */
#define ORIGINS_MAX 128

struct origin {
	const char *path; /* NULL: built in */
	unsigned line;
};

struct reading {
	struct profile profile;
	struct origin origins[ORIGINS_MAX]; /* by place in profile_settings[] */
	struct origin last;
};

static void *setting_field(struct profile *profile, const struct profile_setting *setting)
{
	return (char *)profile + setting->offset;
}

/* "2.5%" */
static void format_share(uint64_t bp, char *buf, size_t size)
{
	uint64_t whole = bp / 100, rest = bp % 100;

	if (rest % 10)
		snprintf(buf, size, "%" PRIu64 ".%02" PRIu64 "%%", whole, rest);
	else if (rest)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "%%", whole, rest / 10);
	else
		snprintf(buf, size, "%" PRIu64 "%%", whole);
}

/* A limit of the setting's range as it is written in a file; 32 bytes hold it. */
static const char *format_limit(enum setting_kind kind, uint64_t value, char *buf, size_t size)
{
	switch (kind) {
	case SETTING_BYTES:
		return format_bytes(value, buf, size);
	case SETTING_USEC:
		return format_usec(value, buf, size);
	case SETTING_SHARE:
		format_share(value, buf, size);
		return buf;
	case SETTING_RUNG:
		return rung_name((enum rung)value);
	case SETTING_BRAKE:
		return brake_name((enum brake)value);
	case SETTING_COUNT:
	case SETTING_PATTERNS:
	case SETTING_RANKS:
		break;
	}
	snprintf(buf, size, "%" PRIu64, value);
	return buf;
}

static const char *kind_expected(enum setting_kind kind)
{
	switch (kind) {
	case SETTING_BYTES:
		return "a size; write a number with K, M, G or T, as 512M";
	case SETTING_USEC:
		return "a time; write a number with us, ms, s, min or h, as 500ms";
	case SETTING_SHARE:
		return "a share; write a percentage, as 2.5%, or a fraction, as 0.3";
	case SETTING_COUNT:
		return "a count; write a whole number";
	case SETTING_RUNG:
		return "a rung; write its name";
	case SETTING_BRAKE:
		return "a brake; write off, auto, freeze or throttle";
	case SETTING_PATTERNS:
	case SETTING_RANKS:
		break;
	}
	return "a list of patterns";
}

static int parse_rung(const char *text, uint64_t *ret)
{
	enum rung rung;

	if (rung_from_name(text, &rung) < 0)
		return -EINVAL;
	*ret = rung;
	return 0;
}

static int parse_brake(const char *text, uint64_t *ret)
{
	enum brake brake;

	if (brake_from_name(text, &brake) < 0)
		return -EINVAL;
	*ret = brake;
	return 0;
}

static int parse_share_wide(const char *text, uint64_t *ret)
{
	uint32_t bp;
	int r;

	r = parse_share(text, &bp);
	if (r == 0)
		*ret = bp;
	return r;
}

static int parse_scalar(enum setting_kind kind, const char *text, uint64_t *ret)
{
	switch (kind) {
	case SETTING_BYTES:
		return parse_bytes(text, ret);
	case SETTING_USEC:
		return parse_usec(text, ret);
	case SETTING_SHARE:
		return parse_share_wide(text, ret);
	case SETTING_COUNT:
		return parse_u64(text, ret);
	case SETTING_RUNG:
		return parse_rung(text, ret);
	case SETTING_BRAKE:
		return parse_brake(text, ret);
	case SETTING_PATTERNS:
	case SETTING_RANKS:
		break;
	}
	return -EINVAL;
}

static void store_scalar(struct profile *profile, const struct profile_setting *setting,
			 uint64_t value)
{
	void *field = setting_field(profile, setting);

	switch (setting->kind) {
	case SETTING_BYTES:
	case SETTING_USEC:
		*(uint64_t *)field = value;
		break;
	case SETTING_SHARE:
	case SETTING_COUNT:
		*(uint32_t *)field = (uint32_t)value;
		break;
	case SETTING_RUNG:
		*(enum rung *)field = (enum rung)value;
		break;
	case SETTING_BRAKE:
		*(enum brake *)field = (enum brake)value;
		break;
	case SETTING_PATTERNS:
	case SETTING_RANKS:
		break;
	}
}

static size_t scalar_size(enum setting_kind kind)
{
	return kind == SETTING_BYTES || kind == SETTING_USEC ? sizeof(uint64_t) : sizeof(uint32_t);
}

_Static_assert(sizeof(enum rung) == sizeof(uint32_t), "scalar_size() counts on it");

/* "Key=": back to the built-in value. */
static void reset_scalar(struct profile *profile, const struct profile_setting *setting)
{
	struct profile defaults;

	profile_init(&defaults);
	memcpy(setting_field(profile, setting), setting_field(&defaults, setting),
	       scalar_size(setting->kind));
}

static int apply_scalar(struct profile *profile, const struct profile_setting *setting,
			const struct assignment *a, char **ret_problem)
{
	char min[32], max[32];
	const char *low, *high;
	uint64_t value;
	int r;

	if (*a->value == '\0') {
		reset_scalar(profile, setting);
		return 0;
	}
	low = format_limit(setting->kind, setting->min, min, sizeof(min));
	high = format_limit(setting->kind, setting->max, max, sizeof(max));
	r = parse_scalar(setting->kind, a->value, &value);
	if (r == -EINVAL)
		return assignment_problem(a, ret_problem, "%s=%s is not %s (%s to %s)", a->key,
					  a->value, kind_expected(setting->kind), low, high);
	if (r < 0 || value < setting->min || value > setting->max)
		return assignment_problem(a, ret_problem,
					  "%s=%s is out of range; %s to %s is right", a->key,
					  a->value, low, high);
	store_scalar(profile, setting, value);
	return 0;
}

static const char *closest_section(const char *wanted)
{
	struct closest closest;

	closest_init(&closest, wanted);
	for (size_t i = 0; i < n_profile_settings; i++)
		closest_offer(&closest, profile_settings[i].section);
	return closest.name;
}

static const char *closest_key(const char *section, const char *wanted)
{
	struct closest closest;

	closest_init(&closest, wanted);
	for (size_t i = 0; i < n_profile_settings; i++)
		if (strcmp(profile_settings[i].section, section) == 0)
			closest_offer(&closest, profile_settings[i].key);
	return closest.name;
}

static bool section_is_known(const char *section)
{
	for (size_t i = 0; i < n_profile_settings; i++)
		if (strcmp(profile_settings[i].section, section) == 0)
			return true;
	return false;
}

/* " Medium= High= ..." of a section, or " [Headroom] [Stall] ..." when section is NULL. */
static char *known_names(const char *section)
{
	char *names = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&names, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < n_profile_settings; i++) {
		const struct profile_setting *s = &profile_settings[i];

		if (section && strcmp(s->section, section) == 0)
			fprintf(f, " %s=", s->key);
		else if (!section && (i == 0 || strcmp(s->section, s[-1].section) != 0))
			fprintf(f, " [%s]", s->section);
	}
	fclose(f);
	return names;
}

static int unknown_section(const struct assignment *a, char **ret_problem)
{
	const char *closest = closest_section(a->section);
	_cleanup_free_ char *known = known_names(NULL);

	if (closest)
		return assignment_problem(a, ret_problem,
					  "unknown section [%s]; did you mean [%s]?", a->section,
					  closest);
	return assignment_problem(a, ret_problem, "unknown section [%s]; known are%s", a->section,
				  known ? known : "");
}

static int unknown_key(const struct assignment *a, char **ret_problem)
{
	const char *closest = closest_key(a->section, a->key);
	_cleanup_free_ char *known = known_names(a->section);

	if (closest)
		return assignment_problem(a, ret_problem,
					  "unknown key %s= in [%s]; did you mean %s=?", a->key,
					  a->section, closest);
	for (size_t i = 0; i < n_profile_settings; i++)
		if (strcmp(profile_settings[i].key, a->key) == 0)
			return assignment_problem(a, ret_problem,
						  "%s= does not belong in [%s]; put it below [%s]",
						  a->key, a->section, profile_settings[i].section);
	return assignment_problem(a, ret_problem, "unknown key %s= in [%s]; known are%s", a->key,
				  a->section, known ? known : "");
}

static int apply_setting(void *data, const struct assignment *a, char **ret_problem)
{
	struct reading *reading = data;
	const struct profile_setting *setting = profile_setting_find(a->section, a->key);
	size_t place;

	if (!setting && !section_is_known(a->section))
		return unknown_section(a, ret_problem);
	if (!setting)
		return unknown_key(a, ret_problem);
	place = (size_t)(setting - profile_settings);
	reading->last = (struct origin){ a->path, a->line };
	if (place < ORIGINS_MAX)
		reading->origins[place] = reading->last;
	if (setting->kind == SETTING_PATTERNS)
		return profile_patterns_apply(setting_field(&reading->profile, setting), a,
					      ret_problem);
	if (setting->kind == SETTING_RANKS)
		return profile_ranks_apply(setting_field(&reading->profile, setting), a,
					   ret_problem);
	return apply_scalar(&reading->profile, setting, a, ret_problem);
}

/*
 * The line to name when a setting does not fit the others: its own, or, when it was built in, the
 * last one of its section, which must have moved against it.
 */
static const struct origin *guilty_origin(const struct reading *reading,
					  const struct profile_setting *setting)
{
	size_t place = (size_t)(setting - profile_settings);
	const struct origin *origin = &reading->last;

	if (place < ORIGINS_MAX && reading->origins[place].path)
		return &reading->origins[place];
	for (size_t i = 0; i < n_profile_settings && i < ORIGINS_MAX; i++)
		if (reading->origins[i].path &&
		    strcmp(profile_settings[i].section, setting->section) == 0)
			origin = &reading->origins[i];
	return origin;
}

static int check_sound(const struct reading *reading, char **ret_problem)
{
	const struct profile_setting *setting;
	const struct origin *origin;
	const char *problem;

	if (profile_is_sound(&reading->profile, &setting, &problem))
		return 0;
	origin = guilty_origin(reading, setting);
	return config_problem(ret_problem, -EINVAL, origin->path ? origin->path : "(built in)",
			      origin->line, "%s= in [%s] %s", setting->key, setting->section,
			      problem);
}

static int read_layers(const struct layered_file *files, const char *name, struct profile *ret,
		       char **ret_problem)
{
	_cleanup_free_ struct reading *reading = calloc(1, sizeof(*reading));
	int r;

	if (!reading)
		return -ENOMEM;
	profile_init(&reading->profile);
	memset(reading->profile.name, 0, sizeof(reading->profile.name));
	strcpy(reading->profile.name, name);
	r = layered_file_apply(files, apply_setting, reading, ret_problem);
	if (r == 0)
		r = check_sound(reading, ret_problem);
	if (r == 0)
		*ret = reading->profile;
	return r;
}

bool profile_name_is_valid(const char *name)
{
	if (!isalnum((unsigned char)name[0]) || strlen(name) >= PROFILE_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-_.", *name))
			return false;
	return true;
}

static int find_layers(const char *root, const char *name, struct layered_file *ret,
		       char **ret_problem)
{
	char file_name[PROFILE_NAME_MAX + sizeof(SUFFIX)];

	if (!profile_name_is_valid(name))
		return config_problem(ret_problem, -EINVAL, name, 0,
				      "not the name of a profile; letters, digits, - _ and . are "
				      "right, at most %d",
				      PROFILE_NAME_MAX - 1);
	snprintf(file_name, sizeof(file_name), "%s%s", name, SUFFIX);
	return layered_file_find(ret, root, profile_directories, file_name, ret_problem);
}

int profile_load(const char *root, const char *name, struct profile *ret, char **ret_problem)
{
	_cleanup_(layered_file_done) struct layered_file files = {};
	int r;

	r = find_layers(root, name, &files, ret_problem);
	if (r < 0)
		return r;
	/* default.conf only spells out what is built in. */
	if (!files.main_found && strcmp(name, "default") != 0)
		return config_problem(ret_problem, -ENOENT, name, 0,
				      "there is no such profile; put %s" SUFFIX " into %s", name,
				      profile_directories[0]);
	return read_layers(&files, name, ret, ret_problem);
}

/* "desktop" of "/x/desktop.conf"; a file of another name is checked as a profile "check". */
static void name_of_file(const char *path, char name[PROFILE_NAME_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t length = strlen(base), suffix = strlen(SUFFIX);

	if (length > suffix && strcmp(base + length - suffix, SUFFIX) == 0)
		length -= suffix;
	snprintf(name, PROFILE_NAME_MAX, "%.*s", (int)length, base);
	if (!profile_name_is_valid(name))
		strcpy(name, "check");
}

int profile_load_file(const char *path, struct profile *ret, char **ret_problem)
{
	char *paths[] = { (char *)path };
	const struct layered_file file = { .paths = paths, .n_paths = 1 };
	char name[PROFILE_NAME_MAX];

	name_of_file(path, name);
	return read_layers(&file, name, ret, ret_problem);
}

int profile_cat(const char *root, const char *name, FILE *out)
{
	_cleanup_(layered_file_done) struct layered_file files = {};
	_cleanup_free_ char *problem = NULL;
	int r;

	r = find_layers(root, name, &files, &problem);
	if (r < 0)
		return r;
	if (!files.main_found && strcmp(name, "default") != 0)
		return -ENOENT;
	return layered_file_cat(&files, out);
}
