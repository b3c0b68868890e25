/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The table of settings against reliefd.conf(5): "From MIN to MAX." is what a user is promised.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/base/parse.h"
#include "policies/profile.h"

static char manual[128 * 1024];

static int read_manual(void **unused)
{
	const char *root = getenv("SOURCE_ROOT");
	char path[512];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/packaging/man/reliefd.conf.5.scd", root ? root : ".");
	file = fopen(path, "r");
	if (!file)
		return -1;
	n = fread(manual, 1, sizeof(manual) - 1, file);
	manual[n] = '\0';
	fclose(file);
	return n > 0 && n < sizeof(manual) - 1 ? 0 : -1;
}

/* What the manual says of that setting, up to the next one, or NULL. */
static char *text_of(const struct profile_setting *setting)
{
	char heading[128], *section, *text, *end;

	snprintf(heading, sizeof(heading), "\n## [%s]\n", setting->section);
	section = strstr(manual, heading);
	assert_non_null(section);
	end = strstr(section + 1, "\n## ");
	section = end ? strndup(section, (size_t)(end - section)) : strdup(section);
	snprintf(heading, sizeof(heading), "\n*%s=*\n", setting->key);
	text = strstr(section, heading);
	if (text) {
		text += strlen(heading);
		end = strstr(text, "\n*");
		text = end ? strndup(text, (size_t)(end - text)) : strdup(text);
	}
	free(section);
	return text;
}

static uint64_t value_of(const struct profile_setting *setting, const char *text)
{
	uint64_t value = 0;
	uint32_t bp = 0;
	int r = -1;

	if (setting->kind == SETTING_BYTES)
		r = parse_bytes(text, &value);
	else if (setting->kind == SETTING_USEC)
		r = parse_usec(text, &value);
	else if (setting->kind == SETTING_COUNT)
		r = parse_u64(text, &value);
	else if (setting->kind == SETTING_SHARE)
		r = parse_share(text, &bp);
	if (r < 0)
		fail_msg("%s=: no value: %s", setting->key, text);
	return setting->kind == SETTING_SHARE ? bp : value;
}

static bool has_range(const struct profile_setting *setting)
{
	return setting->kind == SETTING_BYTES || setting->kind == SETTING_USEC ||
	       setting->kind == SETTING_COUNT || setting->kind == SETTING_SHARE;
}

static void check_range(const struct profile_setting *setting, const char *text)
{
	char min[32], max[32];
	const char *from = strstr(text, "From");

	if (!from || sscanf(from, "From %31s to %31s", min, max) != 2)
		fail_msg("[%s] %s=: no \"From MIN to MAX.\"", setting->section, setting->key);
	assert_int_equal(max[strlen(max) - 1], '.');
	max[strlen(max) - 1] = '\0';
	if (value_of(setting, min) != setting->min)
		fail_msg("[%s] %s=: from %s in the manual, %" PRIu64 " in the table",
			 setting->section, setting->key, min, setting->min);
	if (value_of(setting, max) != setting->max)
		fail_msg("[%s] %s=: to %s in the manual, %" PRIu64 " in the table",
			 setting->section, setting->key, max, setting->max);
}

static void each_range_is_the_one_of_the_manual(void **unused)
{
	size_t n = 0;

	for (size_t i = 0; i < n_profile_settings; i++) {
		char *text = text_of(&profile_settings[i]);

		if (!text)
			fail_msg("reliefd.conf(5) lacks [%s] %s=", profile_settings[i].section,
				 profile_settings[i].key);
		if (has_range(&profile_settings[i])) {
			check_range(&profile_settings[i], text);
			n++;
		}
		free(text);
	}
	assert_true(n > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_range_is_the_one_of_the_manual),
	};

	return cmocka_run_group_tests(tests, read_manual, NULL);
}
