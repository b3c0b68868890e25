/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in force after a start or a reload, whatever the files are like
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

#include <cmocka.h>

#include "controller/config/in_force.h"
#include "tests/unit/config_root.h"

#define CONF	"/etc/reliefd/reliefd.conf"
#define DROP_IN "/etc/reliefd/profiles/default.conf.d/50-x.conf"
#define GOOD	"/var/last-good.conf"

static char state_directory[128];
static struct problems problems;
static struct in_force f;
static struct remarks remarks;
static char *unkept; /* why the last good settings could not be kept */

static void start_with(const struct in_force_options *options)
{
	snprintf(state_directory, sizeof(state_directory), "%s/var", root);
	mkdir(state_directory, 0700);
	f = (struct in_force){ .options = *options, .problems = &problems };
	f.options.root = root;
	f.options.state_directory = state_directory;
	assert_int_equal(in_force_start(&f, 1, &remarks), 0);
	free(take_ptr(unkept));
	in_force_keep(&f, &unkept);
}

static void start(void)
{
	start_with(&(struct in_force_options){ .log_level = -1 });
}

static void stop(void)
{
	in_force_done(&f);
	free(take_ptr(unkept));
	problems_done(&problems);
	remarks_done(&remarks);
}

static const char *problem_of(const char *name)
{
	const struct problem *problem = problems_find(&problems, name);

	return problem ? problem->text : NULL;
}

static int reload(void)
{
	_cleanup_free_ char *problem = NULL;
	int r;

	remarks_done(&remarks);
	r = in_force_reload(&f, 2, &remarks, &problem);
	free(take_ptr(unkept));
	in_force_keep(&f, &unkept);
	return r;
}

static void a_typo_and_a_restart_leave_the_last_good_in_force(void **unused)
{
	put(DROP_IN, "[Headroom]\nMedium=25%\n");
	start();
	assert_null(problem_of(PROBLEM_SETTINGS));
	stop();
	put(DROP_IN, "[Headroom]\nMediun=26%\n");
	start();
	assert_int_equal(f.now.profile.headroom_bp[LEVEL_MEDIUM], 2500);
	assert_non_null(strstr(problem_of(PROBLEM_SETTINGS), "50-x.conf:2: unknown key Mediun="));
	assert_non_null(
		strstr(problem_of(PROBLEM_SETTINGS), "the last good settings are in force"));
	/* Mended and reloaded, it is over. */
	put(DROP_IN, "[Headroom]\nMedium=26%\n");
	assert_int_equal(reload(), 0);
	assert_int_equal(f.now.profile.headroom_bp[LEVEL_MEDIUM], 2600);
	assert_null(problem_of(PROBLEM_SETTINGS));
	stop();
}

static void without_a_copy_the_built_in_values_are_in_force(void **unused)
{
	put(DROP_IN, "[Headroom]\nMediun=26%\n");
	start();
	assert_int_equal(f.now.profile.headroom_bp[LEVEL_MEDIUM], 2000);
	assert_non_null(strstr(problem_of(PROBLEM_SETTINGS), "the built-in values are in force"));
	assert_false(f.now.settings.dry_run); /* reliefd.conf is sound and does not want it */
	stop();
}

static void faults_of_every_kind_are_named_at_start(void **unused)
{
	static char long_line[6000];
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{ "[Daemon\nDryRun=no\n", "the section has no ']'" },
		{ "[Daemon]\nDryRun\n", "has no '='" },
		{ "DryRun=no\n", "before the first section" },
		{ long_line, "at most 4096 are read" },
		{ "[Daemon]\nProfile=nosuch\n", "there is no such profile" },
		{ "[Daemon]\nLogLevel=\001\n", "not a printable" },
	};

	memset(long_line, '#', sizeof(long_line) - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(CONF, rows[i].text);
		start();
		if (!problem_of(PROBLEM_SETTINGS) ||
		    !strstr(problem_of(PROBLEM_SETTINGS), rows[i].problem))
			fail_msg("'%s' is not in: %s", rows[i].problem,
				 problem_of(PROBLEM_SETTINGS));
		assert_false(f.now.settings.dry_run);
		stop();
	}
}

static void a_directory_in_the_place_of_a_file_is_named(void **unused)
{
	put("/etc/reliefd/reliefd.conf.d/10-x.conf/y", "");
	start();
	assert_non_null(strstr(problem_of(PROBLEM_SETTINGS), "10-x.conf: not a regular file"));
	assert_true(f.now.settings.dry_run); /* it cannot be read, and there is no copy */
	stop();
}

static void a_dangling_drop_in_is_named_and_the_copy_counts(void **unused)
{
	char link[128];

	put(CONF, "[Daemon]\nDryRun=no\n");
	start();
	stop();
	put("/etc/reliefd/reliefd.conf.d/00-y.conf", "");
	snprintf(link, sizeof(link), "%s/etc/reliefd/reliefd.conf.d/10-x.conf", root);
	assert_int_equal(symlink("/nowhere/at/all", link), 0);
	start();
	assert_non_null(strstr(problem_of(PROBLEM_SETTINGS), "10-x.conf: cannot be opened"));
	assert_false(f.now.settings.dry_run); /* as it was last */
	stop();
}

/* Whoever wrote it wanted nothing to be done; a typo beside it does not make reliefd act. */
static void a_dry_run_is_kept_whatever_else_is_wrong(void **unused)
{
	static const char *const texts[] = {
		"[Daemon]\nDryRun=yes\nLogLvel=debug\n",
		"[Daemon]\nDryRnu=yes\n",
		"[Daemon]\nDry-Run=on\n",
		"[Deamon]\nDryRun=yes\n",
		"DryRun=true\n",
		"[Daemon]\nDryRun=yess\n",
		"[Daemon\n  dryrun = \"1\"  # for now\n",
	};

	put(CONF, "[Daemon]\nDryRun=no\n");
	start();
	stop();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put(CONF, texts[i]);
		start();
		assert_non_null(problem_of(PROBLEM_SETTINGS));
		if (!f.now.settings.dry_run)
			fail_msg("reliefd would act with: %s", texts[i]);
		stop();
	}
	put(CONF, "[Daemon]\nDryRun=yes\n#DryRun=no\n[Daemon]\nDryRun=no\nX=1\n");
	start();
	assert_false(f.now.settings.dry_run); /* the last line says no */
	stop();
}

static void a_dry_run_of_the_copy_is_kept(void **unused)
{
	put(CONF, "[Daemon]\nDryRun=yes\n");
	start();
	stop();
	put(CONF, "[Daemon]\nLogLvel=debug\n");
	start();
	assert_true(f.now.settings.dry_run);
	stop();
}

static void reload_brings_the_word_of_the_files_back(void **unused)
{
	put(CONF, "[Daemon]\nDryRun=yes\n");
	start();
	assert_int_equal(in_force_set_dry_run(&f, false), 0);
	assert_false(f.now.settings.dry_run);
	assert_int_equal(reload(), 0);
	assert_true(f.now.settings.dry_run);
	assert_int_equal(remarks.n, 1);
	assert_non_null(strstr(remarks.list[0], "reliefd.conf:2) is in force again"));
	put(CONF, "[Daemon]\nDryRun=no\n");
	assert_int_equal(reload(), 0);
	assert_false(f.now.settings.dry_run);
	assert_int_equal(remarks.n, 0);
	stop();
}

static void the_command_line_is_stronger_than_files_and_not_remembered(void **unused)
{
	const struct in_force_options options = {
		.profile = "other",
		.record = "/x/trace",
		.log_level = LOG_DEBUG,
		.dry_run = true,
	};

	put("/etc/reliefd/profiles/other.conf", "[Dwell]\nTime=9s\n");
	put(CONF, "[Daemon]\nDryRun=no\nLogLevel=err\nRecord=no\nProfile=default\n");
	start_with(&options);
	for (int i = 0; i < 2; i++) {
		assert_true(f.now.settings.dry_run);
		assert_int_equal(f.now.settings.log_level, LOG_DEBUG);
		assert_string_equal(f.now.settings.record, "/x/trace");
		assert_string_equal(f.now.profile.name, "other");
		for (size_t place = 0; place < 3; place++)
			assert_string_equal(origins_text(&f.now.settings_from, place),
					    "command line");
		assert_int_equal(reload(), 0);
	}
	stop();
	put(CONF, "[Daemon]\nX=1\n");
	start();
	assert_false(f.now.settings.dry_run);
	assert_int_equal(f.now.settings.log_level, LOG_ERR);
	stop();
}

static void what_needs_a_restart_says_so(void **unused)
{
	start();
	put(CONF, "[Daemon]\nGrowthClock=none\n");
	assert_int_equal(reload(), 0);
	assert_int_equal(remarks.n, 1);
	assert_non_null(strstr(remarks.list[0], "reliefd.conf:2) takes effect at the next start; "
						"auto is in force"));
	assert_string_equal(f.now.settings.growth_clock, "auto");
	stop();
	/* And so it does, even when the files are broken by then. */
	put(CONF, "[Daemon]\nX=none\n");
	start();
	assert_string_equal(f.now.settings.growth_clock, "none");
	stop();
}

static void a_refused_reload_changes_nothing_and_is_a_problem(void **unused)
{
	_cleanup_free_ char *problem = NULL;

	put(DROP_IN, "[Headroom]\nMedium=25%\n");
	start();
	put(DROP_IN, "[Headroom]\nMedium=85%\n");
	put(CONF, "[Daemon]\nDryRun=yes\n");
	assert_int_equal(in_force_reload(&f, 2, &remarks, &problem), -EINVAL);
	assert_int_equal(f.now.profile.headroom_bp[LEVEL_MEDIUM], 2500);
	assert_false(f.now.settings.dry_run);
	assert_non_null(strstr(problem_of(PROBLEM_SETTINGS), "50-x.conf:2: Medium=85%"));
	assert_non_null(strstr(problem_of(PROBLEM_SETTINGS), "what was in force before stays"));
	stop();
}

static void a_copy_that_cannot_be_written_is_kept_when_it_can(void **unused)
{
	char path[160];

	put("/var/last-good.conf.new/in-the-way", "");
	put(CONF, "[Daemon]\nLogLevel=err\n");
	start();
	assert_non_null(strstr(unkept, "cannot be written: Is a directory; until it can, "));
	put(CONF, "[Daemon]\nX=1\n"); /* what was loaded is kept all the same */
	assert_int_equal(reload(), -EINVAL);
	assert_non_null(unkept);
	snprintf(path, sizeof(path), "%s/var/last-good.conf.new/in-the-way", root);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	free(take_ptr(unkept));
	assert_int_equal(in_force_keep(&f, &unkept), 0);
	stop();
	start();
	assert_int_equal(f.now.settings.log_level, LOG_ERR);
	stop();
}

static void a_directory_that_is_gone_is_made_again(void **unused)
{
	char path[160];

	start();
	snprintf(path, sizeof(path), "%s" GOOD, root);
	unlink(path);
	rmdir(state_directory);
	put(CONF, "[Daemon]\nLogLevel=err\n");
	assert_int_equal(reload(), 0);
	assert_null(unkept);
	assert_int_equal(access(path, F_OK), 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_root(a_typo_and_a_restart_leave_the_last_good_in_force),
		with_root(without_a_copy_the_built_in_values_are_in_force),
		with_root(faults_of_every_kind_are_named_at_start),
		with_root(a_directory_in_the_place_of_a_file_is_named),
		with_root(a_dangling_drop_in_is_named_and_the_copy_counts),
		with_root(a_dry_run_is_kept_whatever_else_is_wrong),
		with_root(a_dry_run_of_the_copy_is_kept),
		with_root(reload_brings_the_word_of_the_files_back),
		with_root(the_command_line_is_stronger_than_files_and_not_remembered),
		with_root(what_needs_a_restart_says_so),
		with_root(a_refused_reload_changes_nothing_and_is_a_problem),
		with_root(a_copy_that_cannot_be_written_is_kept_when_it_can),
		with_root(a_directory_that_is_gone_is_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
