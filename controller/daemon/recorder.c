/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/daemon/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/cleanup.h"
#include "controller/base/log.h"
#include "controller/base/retry.h"
#include "controller/simulate/trace.h"

/* A cgroup's path as it is shown; what is longer is cut. */
#define RECORDER_NAME_SIZE 1024

/*
 * After a disk was full: room for an observation of everything, so that not every try leaves a file
 * that ends at once.
 */
#define LEAST_ROOM_BYTES (1024L * 1024)

/* Under the shipped unit everything but these is read-only. */
static const char *recorder_fix_of(int error)
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
		return "make room";
	case -EMFILE:
		return "raise LimitNOFILE= of reliefd";
	default:
		return "correct Record=, then: reliefctl reload";
	}
}

static void recorder_close_file(struct recorder *recorder)
{
	if (recorder->file)
		fclose(recorder->file);
	recorder->file = NULL;
}

static int recorder_check_room(int fd)
{
	if (fallocate(fd, 0, 0, LEAST_ROOM_BYTES) < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	return ftruncate(fd, 0) < 0 ? -errno : 0;
}

/* Private: it names every unit of the host. Returns: 0, or negative errno and no file is open. */
static int recorder_open_file(struct recorder *recorder, const char *path)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;
	int r;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (recorder->has_failed && S_ISREG(st.st_mode)) {
		r = recorder_check_room(fd);
		if (r < 0)
			return r;
	}
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
	if (fflush(recorder->file) == 0)
		return 0;
	r = -errno;
	recorder_close_file(recorder);
	return r;
}

/* A record that is there is kept as the old one. */
static int recorder_keep_old(const struct recorder *recorder)
{
	char old[PATH_MAX + sizeof(".old")];
	struct stat st;

	if (stat(recorder->path, &st) < 0 || st.st_size == 0)
		return 0;
	snprintf(old, sizeof(old), "%s.old", recorder->path);
	return rename(recorder->path, old) < 0 ? -errno : 0;
}

/* What is there is touched only when the new file can be written: tries cost nothing recorded. */
static int recorder_replace_file(struct recorder *recorder)
{
	char new[PATH_MAX + sizeof(".new")];
	int r;

	snprintf(new, sizeof(new), "%s.new", recorder->path);
	r = recorder_open_file(recorder, new);
	if (r == 0)
		r = recorder_keep_old(recorder);
	if (r == 0 && rename(new, recorder->path) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	recorder_close_file(recorder);
	unlink(new);
	return r;
}

static int recorder_begin_file(struct recorder *recorder)
{
	bool keeps = recorder->max_bytes != UINT64_MAX || recorder->has_failed;
	struct stat st;

	recorder_close_file(recorder);
	if (!keeps || (stat(recorder->path, &st) == 0 && !S_ISREG(st.st_mode)))
		return recorder_open_file(recorder, recorder->path);
	return recorder_replace_file(recorder);
}

int recorder_begin(struct recorder *recorder, char **ret_text)
{
	int r;

	if (!recorder->is_wanted || recorder->file)
		return 0;
	r = recorder_begin_file(recorder);
	if (r < 0)
		return retry_explain(r, ret_text,
				     "%s cannot be written: %s; nothing is recorded until it can; "
				     "%s",
				     recorder->path, strerror(-r), recorder_fix_of(r));
	return 0;
}

void recorder_start(struct recorder *recorder, const char *path, uint64_t max_bytes,
		    const char *note)
{
	uint64_t one_bytes = max_bytes == UINT64_MAX ? max_bytes : max_bytes / 2;

	snprintf(recorder->note, sizeof(recorder->note), "%s", note);
	if (recorder->is_wanted && strcmp(recorder->path, path) == 0 &&
	    recorder->max_bytes == one_bytes)
		return;
	recorder_close_file(recorder);
	snprintf(recorder->path, sizeof(recorder->path), "%s", path);
	recorder->max_bytes = one_bytes;
	recorder->is_wanted = true;
	recorder->has_failed = false;
}

void recorder_split(struct recorder *recorder)
{
	if (recorder->max_bytes != UINT64_MAX && recorder->n_bytes > 0)
		recorder_close_file(recorder);
}

/* Half a step would make the file one that cannot be read. */
static void recorder_cut_to_whole_steps(struct recorder *recorder)
{
	if (recorder->is_regular && ftruncate(fileno(recorder->file), (off_t)recorder->n_bytes) < 0)
		log_errno(-errno, "Cannot cut %s to whole steps", recorder->path);
}

/* Those that are seen for the first time in this file. */
static void recorder_write_names(struct recorder *recorder, const struct observation *observation)
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

/* Returns: whether the file could be written. */
static bool recorder_write_step(struct recorder *recorder, const struct observation *observation,
				const struct decision *decision)
{
	trace_write_step(recorder->file, observation, decision);
	recorder_write_names(recorder, observation);
	if (fflush(recorder->file) == 0 && !ferror(recorder->file))
		return true;
	recorder->has_failed = true;
	recorder_cut_to_whole_steps(recorder);
	recorder_close_file(recorder);
	return false;
}

void recorder_step(struct recorder *recorder, const struct observation *observation,
		   const struct decision *decision)
{
	recorder->n_steps++;
	if (!recorder->file)
		return;
	if (!recorder_write_step(recorder, observation, decision)) {
		wake_up(&recorder->ended);
		return;
	}
	recorder->wants_all = recorder->has_failed = false;
	if (!recorder->is_regular)
		return;
	recorder->n_bytes = (uint64_t)ftello(recorder->file);
	if (recorder->n_bytes < recorder->max_bytes)
		return;
	recorder_close_file(recorder);
	wake_up(&recorder->ended);
}

void recorder_stop(struct recorder *recorder)
{
	recorder_close_file(recorder);
	recorder->is_wanted = false;
}
