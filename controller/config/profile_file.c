/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/config/profile_file.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "controller/base/closest.h"
#include "controller/config/layered_file.h"
#include "controller/config/profile_value.h"

#define SUFFIX ".conf"

const char *const profile_directories[] = {
	"/etc/reliefd/profiles",
	"/run/reliefd/profiles",
	"/usr/lib/reliefd/profiles",
	NULL,
};

struct reading {
	struct profile profile;
	struct origins origins; /* by place in profile_settings[] */
};

static const char *profile_file_closest_section(const char *wanted)
{
	struct closest closest;

	closest_init(&closest, wanted);
	for (size_t i = 0; i < n_profile_settings; i++)
		closest_offer(&closest, profile_settings[i].section);
	return closest.name;
}

static const char *profile_file_closest_key(const char *section, const char *wanted)
{
	struct closest closest;

	closest_init(&closest, wanted);
	for (size_t i = 0; i < n_profile_settings; i++)
		if (strcmp(profile_settings[i].section, section) == 0)
			closest_offer(&closest, profile_settings[i].key);
	return closest.name;
}

static bool profile_file_section_is_known(const char *section)
{
	for (size_t i = 0; i < n_profile_settings; i++)
		if (strcmp(profile_settings[i].section, section) == 0)
			return true;
	return false;
}

/* " Medium= High= ..." of a section, or " [Headroom] [Stall] ..." when section is NULL. */
static char *profile_file_known_names(const char *section)
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

static int profile_file_unknown_section(const struct assignment *a, char **ret_problem)
{
	const char *closest = profile_file_closest_section(a->section);
	_cleanup_free_ char *known = profile_file_known_names(NULL);

	if (closest)
		return assignment_problem(a, ret_problem,
					  "unknown section [%s]; did you mean [%s]?", a->section,
					  closest);
	return assignment_problem(a, ret_problem, "unknown section [%s]; known are%s", a->section,
				  known ? known : "");
}

static int profile_file_unknown_key(const struct assignment *a, char **ret_problem)
{
	const char *closest = profile_file_closest_key(a->section, a->key);
	_cleanup_free_ char *known = profile_file_known_names(a->section);

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

static size_t profile_file_place_of(const struct profile_setting *setting)
{
	return (size_t)(setting - profile_settings);
}

static int profile_file_apply_setting(void *data, const struct assignment *a, char **ret_problem)
{
	struct reading *reading = data;
	const struct profile_setting *setting = profile_setting_find(a->section, a->key);
	int r;

	if (!setting && !profile_file_section_is_known(a->section))
		return profile_file_unknown_section(a, ret_problem);
	if (!setting)
		return profile_file_unknown_key(a, ret_problem);
	r = profile_value_apply(&reading->profile, setting, a, ret_problem);
	return r < 0 ? r : origins_note(&reading->origins, profile_file_place_of(setting), a);
}

/*
 * Of two settings that do not fit, the one that was applied last is to blame: what came before it
 * was right, the shipped file among it. The other is named with its origin.
 */
static int profile_file_conflict_problem(const struct reading *reading,
					 const struct profile_conflict *conflict,
					 char **ret_problem)
{
	const struct profile_setting *blamed = conflict->setting, *other = conflict->other;
	const struct origin *at = reading->origins.at;
	_cleanup_free_ char *value = NULL, *other_value = NULL;

	if (at[profile_file_place_of(other)].order > at[profile_file_place_of(blamed)].order) {
		blamed = conflict->other;
		other = conflict->setting;
	}
	if (profile_value_format(&reading->profile, blamed, &value) < 0 ||
	    profile_value_format(&reading->profile, other, &other_value) < 0)
		return -ENOMEM;
	return config_problem(ret_problem, -EINVAL,
			      origins_text(&reading->origins, profile_file_place_of(blamed)), 0,
			      "%s=%s in [%s] does not fit %s=%s in [%s] (%s): %s= %s", blamed->key,
			      value, blamed->section, other->key, other_value, other->section,
			      origins_text(&reading->origins, profile_file_place_of(other)),
			      conflict->setting->key, conflict->problem);
}

static int profile_file_check_sound(const struct reading *reading, char **ret_problem)
{
	struct profile_conflict conflict;

	if (profile_is_sound(&reading->profile, &conflict))
		return 0;
	return profile_file_conflict_problem(reading, &conflict, ret_problem);
}

static void profile_file_reading_free(struct reading *reading)
{
	origins_done(&reading->origins);
	free(reading);
}
DEFINE_CLEANUP(struct reading *, profile_file_reading_free)

/* ret_origins: NULL, or where each value came from. */
static int profile_file_read_layers(const struct layered_file *files, const char *name,
				    struct profile *ret, struct origins *ret_origins,
				    char **ret_problem)
{
	_cleanup_(profile_file_reading_free_cleanup) struct reading *reading =
		calloc(1, sizeof(*reading));
	int r;

	if (!reading || origins_init(&reading->origins, n_profile_settings) < 0)
		return -ENOMEM;
	profile_init(&reading->profile);
	memset(reading->profile.name, 0, sizeof(reading->profile.name));
	strcpy(reading->profile.name, name);
	r = layered_file_apply(files, profile_file_apply_setting, reading, ret_problem);
	if (r == 0)
		r = profile_file_check_sound(reading, ret_problem);
	if (r < 0)
		return r;
	*ret = reading->profile;
	if (ret_origins) {
		*ret_origins = reading->origins;
		reading->origins = (struct origins){};
	}
	return 0;
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

static int profile_file_find_layers(const char *root, const char *name, struct layered_file *ret,
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

int profile_load(const char *root, const char *name, struct profile *ret,
		 struct origins *ret_origins, char **ret_problem)
{
	_cleanup_(layered_file_done) struct layered_file files = {};
	int r;

	r = profile_file_find_layers(root, name, &files, ret_problem);
	if (r < 0)
		return r;
	/* default.conf only spells out what is built in. */
	if (!files.main_found && strcmp(name, "default") != 0)
		return config_problem(ret_problem, -ENOENT, name, 0,
				      "there is no such profile; put %s" SUFFIX " into %s", name,
				      profile_directories[0]);
	return profile_file_read_layers(&files, name, ret, ret_origins, ret_problem);
}

/* "desktop" of "/x/desktop.conf"; a file of another name is checked as a profile "check". */
static void profile_file_name_of_file(const char *path, char name[PROFILE_NAME_MAX])
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

	profile_file_name_of_file(path, name);
	return profile_file_read_layers(&file, name, ret, NULL, ret_problem);
}

int profile_cat(const char *root, const char *name, FILE *out)
{
	_cleanup_(layered_file_done) struct layered_file files = {};
	_cleanup_free_ char *problem = NULL;
	int r;

	r = profile_file_find_layers(root, name, &files, &problem);
	if (r < 0)
		return r;
	if (!files.main_found && strcmp(name, "default") != 0)
		return -ENOENT;
	return layered_file_cat(&files, out);
}
