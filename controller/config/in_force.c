/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reliefd.conf and the profile fall back each on its own: a typo in a threshold does not make the
 * daemon forget that it is to be a dry run, nor which profile is wanted.
 *
 * A dry run is safe and acting is not. So at a start with a reliefd.conf that is not sound, a dry
 * run is on when the last good settings had it, when any line of the files wants it, however
 * misspelt, or when there are no last good settings and some file could not be read at all.
 */

#include "controller/config/in_force.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/retry.h"
#include "controller/config/last_good.h"
#include "controller/config/stray_files.h"

/* Moves what settings_load() gives. */
static void in_force_use_settings(struct configuration *c, const struct settings *settings,
				  struct origins *origins)
{
	origins_done(&c->settings_from);
	c->settings = *settings;
	c->settings_from = *origins;
	*origins = (struct origins){};
}

static void in_force_use_profile(struct configuration *c, const struct profile *profile,
				 struct origins *origins)
{
	origins_done(&c->profile_from);
	c->profile = *profile;
	c->profile_from = *origins;
	*origins = (struct origins){};
}

static int in_force_built_in(struct configuration *ret)
{
	int r;

	*ret = (struct configuration){};
	settings_init(&ret->settings);
	profile_init(&ret->profile);
	r = origins_init(&ret->settings_from, n_settings);
	if (r == 0)
		r = origins_init(&ret->profile_from, n_profile_settings);
	if (r < 0)
		configuration_done(ret);
	return r;
}

static int in_force_override_dry_run(struct configuration *c, bool dry_run, const char *origin)
{
	c->settings.dry_run = dry_run;
	return origins_set(&c->settings_from, settings_place("DryRun"), origin);
}

/* The command line's word over that of the files. */
static int in_force_apply_options(const struct in_force_options *options, struct configuration *c)
{
	int r = 0;

	if (options->profile) {
		snprintf(c->settings.profile, sizeof(c->settings.profile), "%s", options->profile);
		r = origins_set(&c->settings_from, settings_place("Profile"), ORIGIN_COMMAND_LINE);
	}
	if (r == 0 && options->dry_run)
		r = in_force_override_dry_run(c, true, ORIGIN_COMMAND_LINE);
	if (r == 0 && options->log_level >= 0) {
		c->settings.log_level = options->log_level;
		r = origins_set(&c->settings_from, settings_place("LogLevel"), ORIGIN_COMMAND_LINE);
	}
	if (r == 0 && options->record) {
		snprintf(c->settings.record, sizeof(c->settings.record), "%s", options->record);
		r = origins_set(&c->settings_from, settings_place("Record"), ORIGIN_COMMAND_LINE);
	}
	return r;
}

/* What the files say is kept, not what the command line made of it. */
static int in_force_remember(struct in_force *f, const struct configuration *loaded)
{
	char *text;
	int r;

	if (!f->options.state_directory)
		return 0;
	r = last_good_print(loaded, &text);
	if (r < 0)
		return r;
	free(f->unkept);
	f->unkept = text;
	return 0;
}

int in_force_keep(struct in_force *f, char **ret_text)
{
	const char *directory = f->options.state_directory;
	int r;

	if (!f->unkept)
		return 0;
	/* Without systemd nothing else makes it; where this fails, the file fails too. */
	mkdir(directory, 0700);
	r = last_good_write(directory, f->unkept);
	if (r < 0)
		return retry_explain(r, ret_text,
				     "%s/" LAST_GOOD_NAME " cannot be written: %s; until it can, "
				     "the settings in force are not kept for a start with faulty "
				     "files; make room, or make the directory writable",
				     directory, strerror(-r));
	free(take_ptr(f->unkept));
	return 0;
}

/* At start. */

struct fallback {
	struct configuration last_good;
	bool has_last_good;
	char *problem; /* the first one, NULL: none */
	const char *instead;
};

static void in_force_fallback_note(struct fallback *b, int error, char *problem, const char *what)
{
	b->instead = b->has_last_good ? "the last good settings are in force"
				      : "the built-in values are in force";
	if (!problem && asprintf(&problem, "%s cannot be read: %s", what, strerror(-error)) < 0)
		problem = NULL;
	if (b->problem)
		free(problem);
	else
		b->problem = problem;
}

static int in_force_start_dry_run(struct in_force *f, struct fallback *b)
{
	bool all_read, wanted = settings_want_dry_run(f->options.root, &all_read);

	if (f->now.settings.dry_run || (!wanted && (all_read || b->has_last_good)))
		return 0;
	b->instead = b->has_last_good ? "the last good settings are in force, but as a dry run"
				      : "the built-in values are in force, as a dry run";
	return in_force_override_dry_run(
		&f->now, true, wanted ? "faulty file that wants it" : "file that cannot be read");
}

static int in_force_start_settings(struct in_force *f, struct fallback *b)
{
	_cleanup_(origins_done) struct origins origins = {};
	struct settings settings;
	char *problem = NULL;
	int r;

	r = settings_load(f->options.root, &settings, &origins, &problem);
	if (r == 0) {
		in_force_use_settings(&f->now, &settings, &origins);
		return 0;
	}
	in_force_fallback_note(b, r, problem, "reliefd.conf");
	if (b->has_last_good)
		in_force_use_settings(&f->now, &b->last_good.settings, &b->last_good.settings_from);
	return in_force_start_dry_run(f, b);
}

static void in_force_start_profile(struct in_force *f, struct fallback *b)
{
	_cleanup_(origins_done) struct origins origins = {};
	struct profile profile;
	char *problem = NULL;
	int r;

	r = profile_load(f->options.root,
			 f->options.profile ? f->options.profile : f->now.settings.profile,
			 &profile, &origins, &problem);
	if (r == 0) {
		in_force_use_profile(&f->now, &profile, &origins);
		return;
	}
	if (b->problem)
		free(problem); /* the first one is told; a reload finds the next */
	else
		in_force_fallback_note(b, r, problem, "the profile");
	if (b->has_last_good)
		in_force_use_profile(&f->now, &b->last_good.profile, &b->last_good.profile_from);
}

static void in_force_start_with_problem(struct in_force *f, struct fallback *b, uint64_t now_usec)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s; until then %s; correct it, then: reliefctl reload",
		     b->problem ? b->problem : "The settings cannot be read", b->instead) < 0)
		text = NULL;
	problems_set(f->problems, PROBLEM_SETTINGS, text ? text : "out of memory", now_usec);
}

int in_force_start(struct in_force *f, uint64_t now_usec, struct remarks *remarks)
{
	struct fallback b = {};
	int r;

	r = in_force_built_in(&f->now);
	if (r < 0)
		return r;
	b.has_last_good = f->options.state_directory &&
			  last_good_read(f->options.state_directory, &b.last_good) == 0;
	r = in_force_start_settings(f, &b);
	if (r == 0) {
		in_force_start_profile(f, &b);
		if (b.instead)
			in_force_start_with_problem(f, &b, now_usec);
		else
			r = in_force_remember(f, &f->now);
		if (r == 0)
			r = in_force_apply_options(&f->options, &f->now);
	}
	stray_files_find(f->options.root, remarks);
	free(b.problem);
	if (b.has_last_good)
		configuration_done(&b.last_good);
	return r;
}

/* At a reload. */

/* Keeps what a running daemon cannot change, and says so. */
static int in_force_keep_fixed(struct in_force *f, struct configuration *loaded,
			       struct remarks *remarks)
{
	char old[RECORD_NAME_SIZE], new[RECORD_NAME_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_settings; i++) {
		if (!settings_need_restart(i) ||
		    settings_are_equal(&f->now.settings, &loaded->settings, i))
			continue;
		remarks_add(remarks, "%s=%s (%s) takes effect at the next start; %s is in force",
			    settings_key(i), settings_value(&loaded->settings, i, new, sizeof(new)),
			    origins_text(&loaded->settings_from, i),
			    settings_value(&f->now.settings, i, old, sizeof(old)));
		settings_copy(&loaded->settings, i, &f->now.settings);
		r = origins_set(&loaded->settings_from, i, origins_text(&f->now.settings_from, i));
	}
	return r;
}

static void in_force_remark_dry_run(const struct in_force *f, const struct configuration *loaded,
				    struct remarks *remarks)
{
	if (f->is_dry_run_set && f->now.settings.dry_run != loaded->settings.dry_run)
		remarks_add(remarks,
			    "DryRun=%s (%s) is in force again; what SetDryRun set ended with this "
			    "reload",
			    loaded->settings.dry_run ? "yes" : "no",
			    origins_text(&loaded->settings_from, settings_place("DryRun")));
}

static int in_force_refuse(struct in_force *f, int error, uint64_t now_usec, char **ret_problem)
{
	_cleanup_free_ char *text = NULL;

	if (!*ret_problem)
		*ret_problem = strdup(strerror(-error));
	if (asprintf(&text,
		     "%s; what was in force before stays; correct it, then: reliefctl reload",
		     *ret_problem ? *ret_problem : "out of memory") < 0)
		text = NULL;
	problems_set(f->problems, PROBLEM_SETTINGS, text ? text : "out of memory", now_usec);
	return error;
}

int in_force_reload(struct in_force *f, uint64_t now_usec, struct remarks *remarks,
		    char **ret_problem)
{
	struct configuration loaded;
	int r;

	r = configuration_load(f->options.root, f->options.profile, &loaded, ret_problem);
	if (r < 0)
		return in_force_refuse(f, r, now_usec, ret_problem);
	r = in_force_remember(f, &loaded);
	if (r == 0)
		r = in_force_apply_options(&f->options, &loaded);
	if (r == 0)
		r = in_force_keep_fixed(f, &loaded, remarks);
	if (r < 0) {
		configuration_done(&loaded);
		return in_force_refuse(f, r, now_usec, ret_problem);
	}
	in_force_remark_dry_run(f, &loaded, remarks);
	stray_files_find(f->options.root, remarks);
	configuration_done(&f->now);
	f->now = loaded;
	f->is_dry_run_set = false;
	problems_clear(f->problems, PROBLEM_SETTINGS);
	return 0;
}

int in_force_set_dry_run(struct in_force *f, bool dry_run)
{
	f->is_dry_run_set = true;
	return in_force_override_dry_run(&f->now, dry_run, ORIGIN_BUS);
}

void in_force_done(struct in_force *f)
{
	configuration_done(&f->now);
	free(take_ptr(f->unkept));
}
