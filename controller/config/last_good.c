/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/config/last_good.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "controller/base/file.h"
#include "controller/config/profile_value.h"

/* Names the profile; no section of a profile has this name. */
#define NAME_SECTION "Profile"
#define NAME_KEY     "Name"

/* A list adds up over its lines, from the empty one on; one line for each pattern is never long. */
static void last_good_write_patterns(FILE *out, const char *key, char *patterns)
{
	char *pattern;

	fprintf(out, "%s=\n", key);
	while ((pattern = strtok_r(patterns, " ", &patterns)))
		fprintf(out, "%s=%s\n", key, pattern);
}

static int last_good_write_profile(FILE *out, const struct configuration *c)
{
	const char *section = "";

	fprintf(out, "[" NAME_SECTION "]\n" NAME_KEY "=%s\n", c->profile.name);
	for (size_t i = 0; i < n_profile_settings; i++) {
		const struct profile_setting *setting = &profile_settings[i];
		_cleanup_free_ char *value = NULL;

		if (profile_value_format(&c->profile, setting, &value) < 0)
			return -ENOMEM;
		if (strcmp(section, setting->section) != 0)
			fprintf(out, "[%s]\n", section = setting->section);
		if (setting->kind == SETTING_PATTERNS)
			last_good_write_patterns(out, setting->key, value);
		else
			fprintf(out, "%s=%s\n", setting->key, value);
	}
	return 0;
}

static int last_good_write_text(FILE *out, const struct configuration *c)
{
	char buf[RECORD_NAME_SIZE];

	fprintf(out, "# Written by reliefd: the settings that were sound last. In force when it "
		     "starts and the files are\n# not sound. Do not edit; see reliefd.conf(5).\n"
		     "[" SETTINGS_SECTION "]\n");
	for (size_t i = 0; i < n_settings; i++)
		fprintf(out, "%s=%s\n", settings_key(i),
			settings_value(&c->settings, i, buf, sizeof(buf)));
	return last_good_write_profile(out, c);
}

static bool last_good_says_already(const char *path, const char *text)
{
	_cleanup_free_ char *old = NULL;
	size_t length;

	return config_file_text(path, &old, &length, NULL) == 0 && strcmp(old, text) == 0;
}

static int last_good_path_in(const char *directory, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/" LAST_GOOD_NAME, directory) < PATH_MAX ? 0
										    : -ENAMETOOLONG;
}

int last_good_print(const struct configuration *configuration, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return -errno;
	r = last_good_write_text(out, configuration);
	if (fclose(out) != 0 || r < 0)
		return -ENOMEM;
	*ret_text = take_ptr(text);
	return 0;
}

int last_good_write(const char *directory, const char *text)
{
	char path[PATH_MAX];
	int r;

	r = last_good_path_in(directory, path);
	if (r < 0)
		return r;
	return last_good_says_already(path, text) ? 0 : file_replace(path, text, strlen(text));
}

static size_t last_good_place_of(const struct profile_setting *setting)
{
	return (size_t)(setting - profile_settings);
}

static int last_good_take_name(struct configuration *c, const struct assignment *a)
{
	if (strcmp(a->key, NAME_KEY) != 0 || !profile_name_is_valid(a->value))
		return -EINVAL;
	memset(c->profile.name, 0, sizeof(c->profile.name));
	strcpy(c->profile.name, a->value);
	return 0;
}

static int last_good_take(struct configuration *c, const struct assignment *a)
{
	const struct profile_setting *setting = profile_setting_find(a->section, a->key);
	int r;

	if (strcmp(a->section, NAME_SECTION) == 0)
		return last_good_take_name(c, a);
	if (strcmp(a->section, SETTINGS_SECTION) == 0) {
		r = settings_apply(&c->settings, a, NULL);
		if (r == 0)
			r = origins_note(&c->settings_from, settings_place(a->key), a);
		return r == -ENOENT ? 0 : r;
	}
	if (!setting)
		return 0;
	r = profile_value_apply(&c->profile, setting, a, NULL);
	return r < 0 ? r : origins_note(&c->profile_from, last_good_place_of(setting), a);
}

static int last_good_take_all(const struct config_file *file, struct configuration *ret)
{
	struct configuration c = {};
	struct profile_conflict conflict;
	int r;

	settings_init(&c.settings);
	profile_init(&c.profile);
	r = origins_init(&c.settings_from, n_settings);
	if (r == 0)
		r = origins_init(&c.profile_from, n_profile_settings);
	for (size_t i = 0; r == 0 && i < file->n; i++)
		r = last_good_take(&c, &file->assignments[i]);
	if (r == 0 && !profile_is_sound(&c.profile, &conflict))
		r = -EINVAL;
	if (r < 0)
		configuration_done(&c);
	else
		*ret = c;
	return r;
}

int last_good_read(const char *directory, struct configuration *ret)
{
	_cleanup_(config_file_done) struct config_file file = {};
	_cleanup_free_ char *problem = NULL;
	char path[PATH_MAX];
	int r;

	r = last_good_path_in(directory, path);
	if (r == 0)
		r = config_file_read(path, &file, &problem);
	return r < 0 ? r : last_good_take_all(&file, ret);
}
