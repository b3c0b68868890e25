/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/daemon/kept_files.h"

#include <stdio.h>
#include <string.h>

#include "config.h"

static int kept_files_on_keep(void *data, char **ret_text)
{
	struct kept_files *files = data;

	return in_force_keep(files->in_force, ret_text);
}

static int kept_files_on_record(void *data, char **ret_text)
{
	struct kept_files *files = data;

	return recorder_begin(&files->recorder, ret_text);
}

static void kept_files_on_record_ended(void *data)
{
	struct kept_files *files = data;

	retry_now(files->record);
}

int kept_files_init(struct kept_files *files, struct in_force *in_force, sd_event *event,
		    const struct wake *wake)
{
	struct retry_config config = {
		.event = event,
		.problems = in_force->problems,
		.wake = *wake,
		.name = PROBLEM_STATE,
		.attempt = kept_files_on_keep,
		.data = files,
	};
	int r;

	files->in_force = in_force;
	files->recorder.ended = (struct wake){ kept_files_on_record_ended, files };
	r = retry_new(&files->last_good, &config);
	if (r < 0)
		return r;
	config.name = PROBLEM_RECORD;
	config.attempt = kept_files_on_record;
	return retry_new(&files->record, &config);
}

void kept_files_done(struct kept_files *files)
{
	recorder_stop(&files->recorder);
	files->last_good = retry_free(files->last_good);
	files->record = retry_free(files->record);
}

/* Record=yes is in the state directory; what the command line names is one file without a bound. */
static void kept_files_use_record(struct kept_files *files)
{
	const struct in_force *f = files->in_force;
	const struct settings *settings = &f->now.settings;
	bool from_option = f->options.record, in_state = strcmp(settings->record, "yes") == 0;
	char path[PATH_MAX], note[128];

	snprintf(note, sizeof(note), "reliefd " RELIEFD_VERSION ", profile %s",
		 f->now.profile.name);
	if (!from_option && strcmp(settings->record, "no") == 0) {
		recorder_stop(&files->recorder);
		retry_stop(files->record);
		return;
	}
	snprintf(path, sizeof(path), "%s%s", in_state ? f->options.state_directory : "",
		 in_state      ? "/record"
		 : from_option ? f->options.record
			       : settings->record);
	recorder_split(&files->recorder);
	recorder_start(&files->recorder, path,
		       from_option ? UINT64_MAX : settings->record_max_bytes, note);
	retry_now(files->record);
}

void kept_files_use_settings(struct kept_files *files)
{
	retry_now(files->last_good);
	kept_files_use_record(files);
}
