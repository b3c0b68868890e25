/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "controller/base/cleanup.h"
#include "controller/base/file.h"
#include "controller/base/parse.h"
#include "controller/config/profile_file.h"
#include "controller/config/settings_file.h"
#include "tests/unit/config_root.h"

#define ETC "/etc/reliefd/profiles/"
#define RUN "/run/reliefd/profiles/"
#define USR "/usr/lib/reliefd/profiles/"

static struct profile load(const char *name)
{
	_cleanup_free_ char *problem = NULL;
	struct profile profile;
	int r;

	r = profile_load(root, name, &profile, NULL, &problem);
	if (r < 0)
		fail_msg("%s: %d, %s", name, r, problem);
	return profile;
}

/* The profile of the one file below /etc must be refused with these words after its path. */
static void expect_problem(const char *text, const char *expected)
{
	_cleanup_free_ char *problem = NULL;
	struct profile profile, before;
	char full[2048], own[256];
	const char *at = strchr(expected, '@');

	memset(&profile, 0x5a, sizeof(profile));
	before = profile;
	put(ETC "t.conf", text);
	assert_int_equal(profile_load(root, "t", &profile, NULL, &problem), -EINVAL);
	snprintf(own, sizeof(own), "%s" ETC "t.conf", root);
	/* @ in what is expected stands for the file itself. */
	snprintf(full, sizeof(full), "%s:%.*s%s%s", own,
		 at ? (int)(at - expected) : (int)strlen(expected), expected, at ? own : "",
		 at ? at + 1 : "");
	assert_non_null(problem);
	assert_string_equal(problem, full);
	assert_memory_equal(&profile, &before, sizeof(profile));
}

static void every_kind_of_value_is_read(void **state)
{
	struct profile p, built_in;

	put(ETC "t.conf", "[Headroom]\nMedium=12.5%\nHighMax=1.5G\n"
			  "[Stall]\nTriggerWindow=2s\n"
			  "[Ladder]\nMediumRung=unload\n"
			  "[Modules]\nPerCycleMedium=3\n"
			  "[Groups]\nPaths=/a.slice /b.slice/*\n");
	p = load("t");
	assert_string_equal(p.name, "t");
	assert_int_equal(p.headroom_bp[LEVEL_MEDIUM], 1250);
	assert_true(p.headroom_max_bytes[LEVEL_HIGH] == GIB + 512 * MIB);
	assert_true(p.trigger_window_usec == 2 * USEC_PER_SEC);
	assert_int_equal(p.max_rung[LEVEL_MEDIUM], RUNG_UNLOAD);
	assert_int_equal(p.modules_per_cycle[LEVEL_MEDIUM], 3);
	/* Lists add to what is built in. */
	profile_init(&built_in);
	assert_int_equal(p.paths.n, built_in.paths.n + 2);
	assert_string_equal(p.paths.pattern[p.paths.n - 1], "/b.slice/*");
}

static void what_is_not_said_is_built_in(void **state)
{
	struct profile p, defaults;

	profile_init(&defaults);
	put(ETC "t.conf", "# nothing\n");
	p = load("t");
	memset(p.name, 0, sizeof(p.name));
	strcpy(p.name, "default");
	assert_memory_equal(&p, &defaults, sizeof(p));
}

static void the_default_profile_needs_no_file(void **state)
{
	struct profile p = load("default"), defaults;

	profile_init(&defaults);
	assert_memory_equal(&p, &defaults, sizeof(p));
}

static void the_higher_directory_replaces_the_lower(void **state)
{
	put(USR "t.conf", "[Headroom]\nMedium=30%\nHigh=20%\n");
	assert_int_equal(load("t").headroom_bp[LEVEL_HIGH], 2000);
	put(RUN "t.conf", "[Headroom]\nMedium=29%\n");
	assert_int_equal(load("t").headroom_bp[LEVEL_MEDIUM], 2900);
	assert_int_equal(load("t").headroom_bp[LEVEL_HIGH], 1000);
	put(ETC "t.conf", "[Headroom]\nMedium=28%\n");
	assert_int_equal(load("t").headroom_bp[LEVEL_MEDIUM], 2800);
}

static void drop_ins_apply_by_name_over_all_directories(void **state)
{
	put(USR "t.conf", "[Headroom]\nMedium=30%\n");
	put(ETC "t.conf.d/20-b.conf", "[Headroom]\nMedium=22%\n");
	put(USR "t.conf.d/30-c.conf", "[Headroom]\nMedium=23%\n");
	put(RUN "t.conf.d/10-a.conf", "[Headroom]\nMedium=21%\nHigh=11%\n");
	put(ETC "t.conf.d/99-not-read", "[Headroom]\nMedium=99%\n");
	put(ETC "t.conf.d/.99-hidden.conf", "[Headroom]\nMedium=99%\n");
	assert_int_equal(load("t").headroom_bp[LEVEL_MEDIUM], 2300);
	assert_int_equal(load("t").headroom_bp[LEVEL_HIGH], 1100);
}

static void equal_drop_ins_and_masks_replace(void **state)
{
	put(USR "t.conf", "[Headroom]\nMedium=30%\n");
	put(USR "t.conf.d/50-x.conf", "[Headroom]\nMedium=23%\nHigh=12%\n");
	put(RUN "t.conf.d/50-x.conf", "[Headroom]\nMedium=24%\n");
	assert_int_equal(load("t").headroom_bp[LEVEL_MEDIUM], 2400);
	assert_int_equal(load("t").headroom_bp[LEVEL_HIGH], 1000);
	mask(ETC "t.conf.d/50-x.conf");
	assert_int_equal(load("t").headroom_bp[LEVEL_MEDIUM], 3000);
	mask(ETC "t.conf");
	assert_int_equal(load("t").headroom_bp[LEVEL_MEDIUM], 2000);
}

static void lists_accumulate_and_an_empty_one_resets(void **state)
{
	struct profile p;

	put(USR "t.conf",
	    "[Groups]\nUnits=\nUnits=a.service b.service\nUnits=b.service c.service\n");
	p = load("t");
	assert_int_equal(p.units.n, 3);
	assert_string_equal(p.units.pattern[2], "c.service");
	put(ETC "t.conf.d/add.conf", "[Groups]\nUnits=d.service\n");
	assert_int_equal(load("t").units.n, 4);
	put(ETC "t.conf.d/replace.conf", "[Groups]\nUnits=\nUnits=only.service\n");
	p = load("t");
	assert_int_equal(p.units.n, 1);
	assert_string_equal(p.units.pattern[0], "only.service");
}

static void an_empty_scalar_is_built_in_again(void **state)
{
	put(USR "t.conf", "[Headroom]\nMedium=30%\nMediumMax=8G\n[Ladder]\nMediumRung=reclaim\n");
	put(ETC "t.conf.d/x.conf", "[Headroom]\nMedium=\nMediumMax=\n[Ladder]\nMediumRung=\n");
	assert_int_equal(load("t").headroom_bp[LEVEL_MEDIUM], 2000);
	assert_true(load("t").headroom_max_bytes[LEVEL_MEDIUM] == 4 * GIB);
	assert_int_equal(load("t").max_rung[LEVEL_MEDIUM], RUNG_SHED);
}

static void unknown_names_are_refused(void **state)
{
	expect_problem("[Headrom]\nMedium=1%\n",
		       "2: unknown section [Headrom]; did you mean [Headroom]?");
	expect_problem("[Kernel]\nX=1\n",
		       "2: unknown section [Kernel]; known are [Headroom] [Exhaustion] [Stall] "
		       "[Dwell] [Ladder] [Brake] [Modules] [Sampling] [Groups]");
	expect_problem("[Headroom]\n\nmedum=1%\n",
		       "3: unknown key medum= in [Headroom]; did you mean Medium=?");
	expect_problem("[Headroom]\nTriggerSome=1s\n",
		       "2: TriggerSome= does not belong in [Headroom]; put it below [Stall]");
	expect_problem("[Dwell]\nSwappiness=1\n",
		       "2: unknown key Swappiness= in [Dwell]; known are Time=");
}

static void values_are_refused_with_their_unit_and_range(void **state)
{
	expect_problem(
		"[Headroom]\nMedium=a lot\n",
		"2: Medium=a lot is not a share; write a percentage, as 2.5%, or a fraction, "
		"as 0.3 (0% to 100%)");
	expect_problem("[Headroom]\nMedium=101%\n",
		       "2: Medium=101% is out of range; 0% to 100% is right");
	expect_problem("[Headroom]\nMediumMax=4GB\n",
		       "2: MediumMax=4GB is not a size; write a number with K, M, G or T, as 512M "
		       "(1M to max); did you mean 4G?");
	expect_problem("[Headroom]\nMediumMax=1K\n",
		       "2: MediumMax=1K is out of range; 1M to max is right");
	expect_problem("[Stall]\nTriggerWindow=1 fortnight\n",
		       "2: TriggerWindow=1 fortnight is not a time; write a number with us, ms, s, "
		       "min or h, as 500ms (500ms to 10s)");
	expect_problem("[Stall]\nTriggerWindow=100ms\n",
		       "2: TriggerWindow=100ms is out of range; 500ms to 10s is right");
	expect_problem("[Modules]\nPerCycleMedium=1.5\n",
		       "2: PerCycleMedium=1.5 is not a count; write a whole number (1 to 64)");
	expect_problem("[Modules]\nPerCycleMedium=99999999999999999999\n",
		       "2: PerCycleMedium=99999999999999999999 is out of range; 1 to 64 is right");
	expect_problem("[Ladder]\nHighRung=explode\n",
		       "2: HighRung=explode is not a rung; write its name (warn to reclaim)");
	expect_problem("[Ladder]\nHighRung=none\n",
		       "2: HighRung=none is out of range; warn to reclaim is right");
}

static void a_forgotten_unit_is_guessed(void **state)
{
	expect_problem("[Headroom]\nMedium=30\n",
		       "2: Medium=30 is out of range; 0% to 100% is right; did you mean 30%?");
	expect_problem("[Headroom]\nMedium=30 %\n",
		       "2: Medium=30 % is not a share; write a percentage, as 2.5%, or a fraction, "
		       "as 0.3 (0% to 100%); did you mean 30%?");
	expect_problem(
		"[Headroom]\nLeave=0,3\n",
		"2: Leave=0,3 is not a share; write a percentage, as 2.5%, or a fraction, as "
		"0.3 (0% to 100%); did you mean 0.3?");
	expect_problem("[Headroom]\nHigh=1\n",
		       "2: High=1 may mean 1% or all of it; write 1% or 100%");
	expect_problem("[Ladder]\nSettle=500\n",
		       "2: Settle=500 is out of range; 10ms to 1min is right; did you mean 500ms?");
	expect_problem("[Ladder]\nGoalMin=16\n",
		       "2: GoalMin=16 is out of range; 1M to 64G is right; did you mean 16M?");
	expect_problem(
		"[Ladder]\nGoalMin=2GiB\n",
		"2: GoalMin=2GiB is not a size; write a number with K, M, G or T, as 512M (1M "
		"to 64G); did you mean 2G?");
	expect_problem("[Headroom]\nMedium=130\n",
		       "2: Medium=130 is out of range; 0% to 100% is right");
}

static void a_contradiction_is_blamed_on_the_drop_in(void **state)
{
	_cleanup_free_ char *problem = NULL;
	struct profile profile;
	char expected[512];

	put(USR "t.conf", "[Stall]\nHeadroom=30%\n");
	put(ETC "t.conf.d/50-mine.conf", "[Headroom]\nMedium=85%\nLeave=1%\n");
	assert_int_equal(profile_load(root, "t", &profile, NULL, &problem), -EINVAL);
	snprintf(expected, sizeof(expected),
		 "%s" ETC "t.conf.d/50-mine.conf:2: Medium=85%% in [Headroom] does not fit "
		 "Headroom=30%% in [Stall] (%s" USR
		 "t.conf:2): Headroom= must not be below Medium= "
		 "of [Headroom]: a stall counts when that little is left",
		 root, root);
	assert_string_equal(problem, expected);
}

static void patterns_are_bounded(void **state)
{
	char text[8192], *p = text + sprintf(text, "[Groups]\nUnits=");
	size_t prefix = (size_t)(p - text);

	memset(p, 'x', 256);
	p[256] = '\0';
	expect_problem(text, "2: a pattern of Units= has 256 characters; at most 255 are right");
	for (int i = 0; i < 40; i++)
		p += sprintf(p, "u%d.service ", i);
	expect_problem(text, "2: Units= has more than 32 patterns; use broader ones");
	strcpy(text + prefix, "a \"b c\" d\n");
	expect_problem(text, "2: \"b in Units= has a quote; write patterns without quotes, "
			     "separated by blanks");
}

static void settings_that_do_not_fit_name_the_guilty_line(void **state)
{
	expect_problem(
		"[Headroom]\nMedium=30%\nHigh=35%\n[Dwell]\nTime=1s\n",
		"3: High=35% in [Headroom] does not fit Medium=30% in [Headroom] (@:2): High= "
		"must not be above Medium=: a severer level begins with less left");
	/* High= is built in; the line that moved against it is to blame. */
	expect_problem("[Headroom]\nMedium=7%\n[Dwell]\nTime=1s\n",
		       "2: Medium=7% in [Headroom] does not fit High=10% in [Headroom] (built-in): "
		       "High= must not be above Medium=: a severer level begins with less left");
	expect_problem(
		"[Headroom]\nLeave=90%\n",
		"2: Leave=90% in [Headroom] does not fit Medium=20% in [Headroom] (built-in): "
		"Leave= must not be above 90% together with Medium=: that much is never "
		"left, so that medium would never end");
}

static void a_fault_in_a_drop_in_is_named_there(void **state)
{
	_cleanup_free_ char *problem = NULL;
	struct profile profile;
	char expected[256];

	put(USR "t.conf", "[Headroom]\nMedium=30%\n");
	put(RUN "t.conf.d/10-x.conf", "[Headroom]\n\nMedium=x\n");
	assert_int_equal(profile_load(root, "t", &profile, NULL, &problem), -EINVAL);
	snprintf(expected, sizeof(expected), "%s" RUN "t.conf.d/10-x.conf:3: ", root);
	assert_int_equal(strncmp(problem, expected, strlen(expected)), 0);
}

static void a_profile_that_is_not_there_is_named(void **state)
{
	static const char *const bad[] = { "",		 "../t",
					   "a/b",	 ".hidden",
					   "blank name", "0123456789012345678901234567890123" };
	char *problem = NULL;
	struct profile profile;

	assert_int_equal(profile_load(root, "none", &profile, NULL, &problem), -ENOENT);
	assert_string_equal(problem, "none: there is no such profile; put none.conf into "
				     "/etc/reliefd/profiles");
	free(problem);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(profile_load(root, bad[i], &profile, NULL, &problem), -EINVAL);
		assert_non_null(strstr(problem, "not the name of a profile"));
		free(problem);
	}
}

static void one_file_can_be_checked_alone(void **state)
{
	_cleanup_free_ char *problem = NULL;
	struct profile profile;
	char path[128];

	put("/t.conf", "[Headroom]\nMedium=27%\n");
	snprintf(path, sizeof(path), "%s/t.conf", root);
	assert_int_equal(profile_load_file(path, &profile, &problem), 0);
	assert_string_equal(profile.name, "t");
	assert_int_equal(profile.headroom_bp[LEVEL_MEDIUM], 2700);
}

static void cat_prints_every_file_that_took_part(void **state)
{
	_cleanup_free_ char *text = NULL;
	char expected[1024];
	size_t size = 0;
	FILE *out;

	put(USR "t.conf", "[Headroom]\nMedium=30%");
	put(USR "t.conf.d/a.conf", "[Headroom]\nHigh=9%\n");
	put(ETC "t.conf.d/a.conf", "[Headroom]\nHigh=8%\n");
	out = open_memstream(&text, &size);
	assert_int_equal(profile_cat(root, "t", out), 2);
	assert_int_equal(profile_cat(root, "default", out), 0);
	assert_int_equal(profile_cat(root, "none", out), -ENOENT);
	fclose(out);
	snprintf(expected, sizeof(expected),
		 "# %s" USR "t.conf\n[Headroom]\nMedium=30%%\n\n# %s" ETC
		 "t.conf.d/a.conf\n[Headroom]\nHigh=8%%\n",
		 root, root);
	assert_string_equal(text, expected);
}

static void shipped_profiles_are_sound(void **state)
{
	static const char *const names[] = { "default", "desktop", "server", "kubernetes-node" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_free_ char *problem = NULL;
		struct profile profile, defaults;
		char path[512];

		snprintf(path, sizeof(path), "%s/policies/profiles/%s.conf", getenv("SOURCE_ROOT"),
			 names[i]);
		if (profile_load_file(path, &profile, &problem) < 0)
			fail_msg("%s", problem);
		profile_init(&defaults);
		if (i == 0)
			assert_memory_equal(&profile, &defaults, sizeof(profile));
		else
			assert_memory_not_equal(&profile, &defaults, sizeof(profile));
	}
}

/* The text of one "## [Section]" of the page, up to the next heading. */
static char *manual_section(const char *page, const char *section)
{
	char heading[64];
	const char *start, *end;

	snprintf(heading, sizeof(heading), "\n## [%s]\n", section);
	start = strstr(page, heading);
	if (!start)
		fail_msg("reliefd.conf(5) has no section [%s]", section);
	start += strlen(heading);
	end = strstr(start, "\n#");
	return strndup(start, end ? (size_t)(end - start) : strlen(start));
}

/* "Default: 20%." as the page must say it; patterns are prose. */
static void format_default(const struct profile_setting *setting, char *buf, size_t size)
{
	struct profile defaults;
	uint64_t value;
	char text[32];

	profile_init(&defaults);
	value = profile_get(&defaults, setting);
	if (setting->kind == SETTING_BYTES)
		format_bytes(value, text, sizeof(text));
	else if (setting->kind == SETTING_USEC)
		format_usec(value, text, sizeof(text));
	else if (setting->kind == SETTING_SHARE)
		snprintf(text, sizeof(text), "%g%%", (double)value / 100);
	else if (setting->kind == SETTING_RUNG)
		snprintf(text, sizeof(text), "%s", rung_name((enum rung)value));
	else if (setting->kind == SETTING_BRAKE)
		snprintf(text, sizeof(text), "%s", brake_name((enum brake)value));
	else
		snprintf(text, sizeof(text), "%u", (unsigned)value);
	if (setting->kind == SETTING_PATTERNS || setting->kind == SETTING_RANKS)
		snprintf(buf, size, "Default: ");
	else
		snprintf(buf, size, "Default: %s.", text);
}

static void check_entry(const char *section_text, const struct profile_setting *setting)
{
	_cleanup_free_ char *entry = NULL;
	char heading[64], expected[64];
	const char *start, *end;

	snprintf(heading, sizeof(heading), "*%s=*\n", setting->key);
	start = strstr(section_text, heading);
	if (!start)
		fail_msg("reliefd.conf(5) has no %s= in [%s]", setting->key, setting->section);
	end = strstr(start, "\n\n");
	entry = end ? strndup(start, (size_t)(end - start)) : strdup(start);
	format_default(setting, expected, sizeof(expected));
	/* The lines of an entry are wrapped. */
	for (char *c = entry; (c = strpbrk(c, "\n\t")); c++)
		*c = ' ';
	for (char *c = entry; (c = strstr(c, "  "));)
		memmove(c, c + 1, strlen(c));
	if (!strstr(entry, expected))
		fail_msg("reliefd.conf(5): %s= in [%s] should say \"%s\"", setting->key,
			 setting->section, expected);
}

static size_t count_entries(const char *text)
{
	size_t n = 0;

	while ((text = strstr(text, "=*\n"))) {
		text++;
		n++;
	}
	return n;
}

static void the_manual_has_every_setting_with_its_default(void **state)
{
	static char page[65536];
	char path[512];
	const char *profiles;

	snprintf(path, sizeof(path), "%s/packaging/man/reliefd.conf.5.scd", getenv("SOURCE_ROOT"));
	assert_true(file_read_at(AT_FDCWD, path, page, sizeof(page)) > 0);
	profiles = strstr(page, "\n# PROFILES\n");
	assert_non_null(profiles);
	for (size_t i = 0; i < n_profile_settings; i++) {
		_cleanup_free_ char *text = manual_section(page, profile_settings[i].section);

		check_entry(text, &profile_settings[i]);
	}
	/* And no other ones. */
	assert_int_equal(count_entries(profiles), n_profile_settings);
}

static void settings_of_the_daemon_are_layered_alike(void **state)
{
	_cleanup_free_ char *problem = NULL;
	struct settings settings;

	assert_int_equal(settings_load(root, &settings, NULL, &problem), 0);
	assert_string_equal(settings.profile, "default");
	assert_false(settings.dry_run);
	assert_int_equal(settings.log_level, LOG_INFO);
	assert_string_equal(settings.growth_clock, "auto");
	put("/usr/lib/reliefd/reliefd.conf", "[Daemon]\nProfile=server\nDryRun=yes\n");
	put("/etc/reliefd/reliefd.conf.d/x.conf", "[Daemon]\nLogLevel=debug\nDryRun=\n");
	assert_int_equal(settings_load(root, &settings, NULL, &problem), 0);
	assert_string_equal(settings.profile, "server");
	assert_false(settings.dry_run);
	assert_int_equal(settings.log_level, LOG_DEBUG);
}

static void every_growth_clock_can_be_set(void **state)
{
	static const char *const names[] = { "auto",	      "charge",
					     "rss-stat",      "rss-stat-sampled",
					     "task-iterator", "none" };
	_cleanup_free_ char *problem = NULL;
	struct settings settings;
	char text[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "[Daemon]\nGrowthClock=%s\n", names[i]);
		put("/usr/lib/reliefd/reliefd.conf", text);
		assert_int_equal(settings_load(root, &settings, NULL, &problem), 0);
		assert_string_equal(settings.growth_clock, names[i]);
	}
	put("/etc/reliefd/reliefd.conf.d/x.conf", "[Daemon]\nGrowthClock=\n");
	assert_int_equal(settings_load(root, &settings, NULL, &problem), 0);
	assert_string_equal(settings.growth_clock, "auto");
}

static void settings_of_the_daemon_are_refused_alike(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{ "[Deamon]\nProfile=x\n", "2: unknown section [Deamon]; [Daemon] is right here, "
					   "thresholds belong in a profile" },
		{ "[Daemon]\nProfil=x\n",
		  "2: unknown key Profil= in [Daemon]; did you mean Profile=?" },
		{ "[Daemon]\nMedium=9%\n", "2: unknown key Medium= in [Daemon]; known are Profile= "
					   "DryRun= LogLevel= GrowthClock= Record= RecordMax= "
					   "(thresholds belong in a profile)" },
		{ "[Daemon]\nRecord=trace.txt\n",
		  "2: Record=trace.txt is neither a boolean nor a path from /; yes or no is right, "
		  "or a file as /var/lib/reliefd/record" },
		{ "[Daemon]\nRecordMax=64\n",
		  "2: RecordMax=64 is not a size from 1M to 64G; write it as 64M" },
		{ "[Daemon]\nDryRun=maybe\n",
		  "2: DryRun=maybe is not a boolean; yes or no is right" },
		{ "[Daemon]\nLogLevel=all\n",
		  "2: LogLevel=all is not a log level; err, warning, info "
		  "or debug is right" },
		{ "[Daemon]\nGrowthClock=best\n",
		  "2: GrowthClock=best is not a growth clock; auto, charge, rss-stat, "
		  "rss-stat-sampled, task-iterator or none is right" },
		{ "[Daemon]\nProfile=a/b\n",
		  "2: Profile=a/b is not the name of a profile; letters, "
		  "digits, - _ and . are right, at most 31" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_free_ char *problem = NULL;
		struct settings settings = { .log_level = 42 };
		char full[512];

		put("/etc/reliefd/reliefd.conf", rows[i].text);
		assert_int_equal(settings_load(root, &settings, NULL, &problem), -EINVAL);
		snprintf(full, sizeof(full), "%s/etc/reliefd/reliefd.conf:%s", root,
			 rows[i].problem);
		assert_string_equal(problem, full);
		assert_int_equal(settings.log_level, 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_root(every_kind_of_value_is_read),
		with_root(what_is_not_said_is_built_in),
		with_root(the_default_profile_needs_no_file),
		with_root(the_higher_directory_replaces_the_lower),
		with_root(drop_ins_apply_by_name_over_all_directories),
		with_root(equal_drop_ins_and_masks_replace),
		with_root(lists_accumulate_and_an_empty_one_resets),
		with_root(an_empty_scalar_is_built_in_again),
		with_root(unknown_names_are_refused),
		with_root(values_are_refused_with_their_unit_and_range),
		with_root(a_forgotten_unit_is_guessed),
		with_root(a_contradiction_is_blamed_on_the_drop_in),
		with_root(patterns_are_bounded),
		with_root(settings_that_do_not_fit_name_the_guilty_line),
		with_root(a_fault_in_a_drop_in_is_named_there),
		with_root(a_profile_that_is_not_there_is_named),
		with_root(one_file_can_be_checked_alone),
		with_root(cat_prints_every_file_that_took_part),
		with_root(settings_of_the_daemon_are_layered_alike),
		with_root(every_growth_clock_can_be_set),
		with_root(settings_of_the_daemon_are_refused_alike),
		cmocka_unit_test(shipped_profiles_are_sound),
		cmocka_unit_test(the_manual_has_every_setting_with_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
