/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every key of every file: set, it is in the value that decide() and the daemon are given, it is
 * listed with its line, and the last good copy has it. The keys come from the tables of the program
 * itself: a new one is tested here as soon as it is there.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controller/base/parse.h"
#include "controller/config/configuration.h"
#include "controller/config/last_good.h"
#include "controller/config/profile_value.h"
#include "tests/unit/config_root.h"

#define DROP_IN "/etc/reliefd/profiles/default.conf.d/50-key.conf"

/* Other values for a key of a profile; the first that fits the other settings is taken. */
static const char *const other_values[][8] = {
	[SETTING_BYTES] = { "17M", "3G", "512M", "5G" },
	[SETTING_USEC] = { "2s", "777ms", "60ms", "7s", "4s", "40s", "6min" },
	[SETTING_SHARE] = { "21%", "11%", "6%", "12.34%", "26%", "31%", "33%" },
	[SETTING_COUNT] = { "6", "9", "11" },
	[SETTING_RUNG] = { "unload", "shed" },
	[SETTING_BRAKE] = { "freeze" },
	[SETTING_PATTERNS] = { "one.service two-*.scope" },
	[SETTING_RANKS] = { "one.service:10 two-*.scope:-5" },
};

static int load(struct configuration *ret)
{
	_cleanup_free_ char *problem = NULL;

	return configuration_load(root, NULL, ret, &problem);
}

static void expect_listed(const struct configuration *c, const char *section, const char *key,
			  const char *value, const char *file, unsigned line)
{
	_cleanup_(setting_list_done) struct setting_list list = {};
	const struct listed_setting *entry;
	char origin[256];

	assert_int_equal(configuration_list(c, &list), 0);
	assert_int_equal(list.n, n_settings + n_profile_settings);
	entry = setting_list_find(&list, section, key);
	assert_non_null(entry);
	assert_string_equal(entry->value, value);
	snprintf(origin, sizeof(origin), "%s%s:%u", root, file, line);
	assert_string_equal(entry->origin, origin);
}

static void keep(const struct configuration *c)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(last_good_print(c, &text), 0);
	assert_int_equal(last_good_write(root, text), 0);
}

static void expect_remembered(const struct configuration *c)
{
	struct configuration again;

	keep(c);
	assert_int_equal(last_good_read(root, &again), 0);
	assert_memory_equal(&again.profile, &c->profile, sizeof(again.profile));
	for (size_t i = 0; i < n_settings; i++)
		assert_true(settings_are_equal(&again.settings, &c->settings, i));
	configuration_done(&again);
}

/* Assignments add to it; an empty one empties it first. */
static bool is_list(const struct profile_setting *setting)
{
	return setting->kind == SETTING_PATTERNS || setting->kind == SETTING_RANKS;
}

/* Sets one key of the profile to a value that is sound and not that of the base. */
static bool set_key(const struct profile *base, const struct profile_setting *setting,
		    const char *value, struct configuration *ret)
{
	char text[256];

	snprintf(text, sizeof(text), "[%s]\n%s%s%s=%s\n", setting->section,
		 is_list(setting) ? setting->key : "", is_list(setting) ? "=\n" : "", setting->key,
		 value);
	put(DROP_IN, text);
	if (load(ret) < 0)
		return false;
	if (memcmp(&ret->profile, base, sizeof(*base)) != 0)
		return true;
	configuration_done(ret);
	return false;
}

static void every_key_of_a_profile_takes_effect(void **unused)
{
	struct configuration base;

	/* Below the highest ones, so that each rung can move without the others. */
	put("/usr/lib/reliefd/profiles/default.conf",
	    "[Ladder]\nMediumRung=warn\nHighRung=shed\nCriticalRung=reclaim\n");
	assert_int_equal(load(&base), 0);
	for (size_t i = 0; i < n_profile_settings; i++) {
		const struct profile_setting *setting = &profile_settings[i];
		const char *const *value = other_values[setting->kind];
		struct configuration c;

		while (*value && !set_key(&base.profile, setting, *value, &c))
			value++;
		if (!*value)
			fail_msg("no other value for %s= in [%s] is sound; add one above",
				 setting->key, setting->section);
		expect_listed(&c, setting->section, setting->key, *value, DROP_IN,
			      is_list(setting) ? 3 : 2);
		expect_remembered(&c);
		configuration_done(&c);
	}
	configuration_done(&base);
}

static const struct {
	const char *key, *value;
} daemon_values[] = {
	{ "Profile", "mine" },	   { "DryRun", "yes" },	       { "LogLevel", "warning" },
	{ "GrowthClock", "none" }, { "Record", "/run/trace" }, { "RecordMax", "3M" },
};

static void every_key_of_the_daemon_is_listed_and_remembered(void **unused)
{
	put("/etc/reliefd/profiles/mine.conf", "[Dwell]\nTime=6s\n");
	for (size_t i = 0; i < n_settings; i++) {
		const char *key = settings_key(i), *value = NULL;
		struct configuration c;
		char text[128];

		for (size_t j = 0; j < sizeof(daemon_values) / sizeof(daemon_values[0]); j++)
			if (strcmp(daemon_values[j].key, key) == 0)
				value = daemon_values[j].value;
		if (!value)
			fail_msg("no value for %s= in this test; add one above", key);
		snprintf(text, sizeof(text), "[Daemon]\n\n%s=%s\n", key, value);
		put("/etc/reliefd/reliefd.conf", text);
		assert_int_equal(load(&c), 0);
		expect_listed(&c, "Daemon", key, value, "/etc/reliefd/reliefd.conf", 3);
		expect_remembered(&c);
		configuration_done(&c);
	}
}

static void what_no_file_says_is_built_in(void **unused)
{
	_cleanup_(setting_list_done) struct setting_list list = {};
	struct configuration c;

	assert_int_equal(load(&c), 0);
	assert_int_equal(configuration_list(&c, &list), 0);
	for (size_t i = 0; i < list.n; i++)
		assert_string_equal(list.entries[i].origin, "built-in");
	configuration_done(&c);
}

/* Values between the units of people are kept to the last byte. */
static void the_copy_is_exact(void **unused)
{
	struct configuration c;

	assert_int_equal(load(&c), 0);
	c.profile.goal_min_bytes = 16 * MIB + 1;
	c.profile.settle_usec = 123456;
	c.profile.dwell_usec = 61 * USEC_PER_SEC + 1;
	c.profile.headroom_leave_bp = 333;
	expect_remembered(&c);
	configuration_done(&c);
}

static void a_damaged_copy_is_no_copy(void **unused)
{
	struct configuration c, again;

	assert_int_equal(last_good_read(root, &again), -ENOENT);
	assert_int_equal(load(&c), 0);
	keep(&c);
	configuration_done(&c);
	put("/" LAST_GOOD_NAME, "[Daemon]\nDryRun=perhaps\n");
	assert_int_equal(last_good_read(root, &again), -EINVAL);
	put("/" LAST_GOOD_NAME, "[Headroom]\nMedium=1%\n");
	assert_int_equal(last_good_read(root, &again), -EINVAL);
	/* A key of another version does not matter. */
	put("/" LAST_GOOD_NAME, "[Daemon]\nColour=blue\nDryRun=yes\n[Future]\nX=1\n");
	assert_int_equal(last_good_read(root, &again), 0);
	assert_true(again.settings.dry_run);
	configuration_done(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_root(every_key_of_a_profile_takes_effect),
		with_root(every_key_of_the_daemon_is_listed_and_remembered),
		with_root(what_no_file_says_is_built_in),
		with_root(the_copy_is_exact),
		with_root(a_damaged_copy_is_no_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
