/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/cleanup.h"
#include "controller/base/log.h"
#include "controller/simulate/trace.h"

/* A cgroup's path as it is shown; what is longer is cut. */
#define RECORDER_NAME_SIZE 1024

/* Under the shipped unit everything but these is read-only. */
static const char *fix_of(int error)
{
	switch (error) {
	case -EROFS:
	case -EACCES:
	case -EPERM:
	case -ENOENT:
		return "Record=yes records in the state directory, which the unit may write; for "
		       "another place add ReadWritePaths= to the unit";
	case -ENOSPC:
	case -EDQUOT:
		return "make room, then: reliefctl reload";
	default:
		return "correct Record=, then: reliefctl reload";
	}
}

static void close_file(struct recorder *recorder)
{
	if (recorder->file)
		fclose(recorder->file);
	recorder->file = NULL;
}

static void give_up(struct recorder *recorder, int error, uint64_t now_usec)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s cannot be written: %s; nothing is recorded; %s", recorder->path,
		     strerror(-error), fix_of(error)) < 0)
		text = NULL;
	close_file(recorder);
	log_error("%s", text ? text : "Cannot write the record");
	problems_set(recorder->problems, PROBLEM_RECORD, text ? text : strerror(-error), now_usec);
}

/* Private: it names every unit of the host. */
static int open_file(struct recorder *recorder)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;

	fd = open(recorder->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	recorder->file = fdopen(fd, "w");
	if (!recorder->file)
		return -errno;
	take_fd(fd);
	recorder->is_regular = S_ISREG(st.st_mode);
	recorder->n_bytes = 0;
	recorder->wants_all = true;
	memset(recorder->named_groups, 0, sizeof(recorder->named_groups));
	memset(recorder->named_modules, 0, sizeof(recorder->named_modules));
	/* Decisions of this file depend on steps that are not in it. */
	fprintf(recorder->file, "trace 1%s\n# %s\n", recorder->n_steps > 0 ? " continued" : "",
		recorder->note);
	return 0;
}

/* A record that is there is kept as the old one. */
static int keep_old(const struct recorder *recorder)
{
	char old[PATH_MAX + sizeof(".old")];
	struct stat st;

	if (stat(recorder->path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	snprintf(old, sizeof(old), "%s.old", recorder->path);
	return rename(recorder->path, old) < 0 ? -errno : 0;
}

static void begin_file(struct recorder *recorder, uint64_t now_usec)
{
	int r = 0;

	close_file(recorder);
	if (recorder->max_bytes != UINT64_MAX)
		r = keep_old(recorder);
	if (r == 0)
		r = open_file(recorder);
	if (r < 0)
		give_up(recorder, r, now_usec);
	else
		problems_clear(recorder->problems, PROBLEM_RECORD);
}

void recorder_start(struct recorder *recorder, const char *path, uint64_t max_bytes,
		    const char *note, uint64_t now_usec)
{
	uint64_t one_bytes = max_bytes == UINT64_MAX ? max_bytes : max_bytes / 2;

	if (recorder->file && strcmp(recorder->path, path) == 0 && recorder->max_bytes == one_bytes)
		return;
	snprintf(recorder->path, sizeof(recorder->path), "%s", path);
	snprintf(recorder->note, sizeof(recorder->note), "%s", note);
	recorder->max_bytes = one_bytes;
	begin_file(recorder, now_usec);
}

void recorder_split(struct recorder *recorder, const char *note, uint64_t now_usec)
{
	if (!recorder->file || recorder->max_bytes == UINT64_MAX || recorder->n_bytes == 0)
		return;
	snprintf(recorder->note, sizeof(recorder->note), "%s", note);
	begin_file(recorder, now_usec);
}

/* Half a step would make the file one that cannot be read. */
static void cut_to_whole_steps(struct recorder *recorder)
{
	if (recorder->is_regular && ftruncate(fileno(recorder->file), (off_t)recorder->n_bytes) < 0)
		log_errno(-errno, "Cannot cut %s to whole steps", recorder->path);
}

/* Those that are seen for the first time in this file. */
static void write_names(struct recorder *recorder, const struct observation *observation)
{
	const struct recorder_names *names = &recorder->names;
	char buf[RECORDER_NAME_SIZE];

	for (size_t i = 0; names->group && i < observation->n_groups; i++) {
		const struct group_reading *group = &observation->groups[i];

		if (group->slot >= TRACE_NAMES_MAX ||
		    recorder->named_groups[group->slot] == group->id)
			continue;
		recorder->named_groups[group->slot] = group->id;
		trace_names_write(
			recorder->file, "group", group->slot,
			names->group(names->data, group->slot, group->id, buf, sizeof(buf)));
	}
	for (size_t i = 0; names->module && i < observation->n_modules; i++) {
		const struct module_reading *module = &observation->modules[i];

		if (module->slot >= TRACE_NAMES_MAX ||
		    recorder->named_modules[module->slot] == module->id)
			continue;
		recorder->named_modules[module->slot] = module->id;
		trace_names_write(
			recorder->file, "module", module->slot,
			names->module(names->data, module->slot, module->id, buf, sizeof(buf)));
	}
}

void recorder_step(struct recorder *recorder, const struct observation *observation,
		   const struct decision *decision)
{
	int error;

	recorder->n_steps++;
	if (!recorder->file)
		return;
	errno = 0;
	trace_write_step(recorder->file, observation, decision);
	write_names(recorder, observation);
	if (fflush(recorder->file) != 0 || ferror(recorder->file)) {
		error = errno ? -errno : -EIO;
		cut_to_whole_steps(recorder);
		give_up(recorder, error, observation->now_usec);
		return;
	}
	recorder->wants_all = false;
	if (!recorder->is_regular)
		return;
	recorder->n_bytes = (uint64_t)ftello(recorder->file);
	if (recorder->n_bytes >= recorder->max_bytes)
		begin_file(recorder, observation->now_usec);
}

void recorder_stop(struct recorder *recorder)
{
	close_file(recorder);
	problems_clear(recorder->problems, PROBLEM_RECORD);
}
