/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel gives a number to every watch and only that number comes back with an event, so a
 * list sorted by number maps it to the path. Numbers are given in rising order: adding is
 * nearly always an append.
 */

#include "controller/groups/group_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "controller/base/log.h"
#include "controller/groups/group_match.h"

#define WATCH_MASK (IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR)
/* Some hundred events of a burst in one read. */
#define WATCH_BUFFER_SIZE (16 * 1024)
/* Before the daemon's step, so that a step sees a group that was born with what woke it. */
#define WATCH_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 80)

struct watched {
	int number;
	char *path;
};

struct group_watch {
	struct group_watch_config config;
	sd_event_source *source;
	int fd;
	struct watched *list;
	size_t n, size;
};

static int group_watch_on_inotify(sd_event_source *source, int fd, uint32_t revents, void *data);

static void group_watch_close(struct group_watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i].path);
	w->n = 0;
	w->source = sd_event_source_disable_unref(w->source);
	w->fd = fd_close(w->fd);
}

static int group_watch_open(struct group_watch *w)
{
	int r;

	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0)
		return -errno;
	r = sd_event_add_io(w->config.event, &w->source, w->fd, EPOLLIN, group_watch_on_inotify, w);
	if (r < 0)
		return r;
	sd_event_source_set_description(w->source, "cgroup-births");
	return sd_event_source_set_priority(w->source, WATCH_PRIORITY);
}

bool group_watch_is_open(const struct group_watch *w)
{
	return w->fd >= 0;
}

int group_watch_new(struct group_watch **ret, const struct group_watch_config *config)
{
	_cleanup_(group_watch_free_cleanup) struct group_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->config = *config;
	w->fd = -1;
	/* Instances are few (128 for a user) and used by many: it is tried again. */
	group_watch_reset(w);
	*ret = take_ptr(w);
	return 0;
}

struct group_watch *group_watch_free(struct group_watch *w)
{
	if (!w)
		return NULL;
	group_watch_close(w);
	free(w->list);
	free(w);
	return NULL;
}

int group_watch_reset(struct group_watch *w)
{
	int r;

	group_watch_close(w);
	r = group_watch_open(w);
	if (r < 0)
		group_watch_close(w);
	return r;
}

/* The index of this number, or where it belongs. */
static size_t group_watch_index(const struct group_watch *w, int number)
{
	size_t low = 0, high = w->n;

	if (w->n > 0 && w->list[w->n - 1].number < number)
		return w->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->list[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct watched *group_watch_find(const struct group_watch *w, int number)
{
	size_t i = group_watch_index(w, number);

	return i < w->n && w->list[i].number == number ? &w->list[i] : NULL;
}

static int group_watch_insert(struct group_watch *w, size_t at, int number, const char *path)
{
	char *copy;

	if (w->n == w->size) {
		size_t size = w->size ? 2 * w->size : 16;
		struct watched *list = realloc(w->list, size * sizeof(*list));

		if (!list)
			return -ENOMEM;
		w->list = list;
		w->size = size;
	}
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	memmove(w->list + at + 1, w->list + at, (w->n - at) * sizeof(*w->list));
	w->list[at] = (struct watched){ number, copy };
	w->n++;
	return 0;
}

static void group_watch_forget(struct group_watch *w, size_t at)
{
	free(w->list[at].path);
	w->n--;
	memmove(w->list + at, w->list + at + 1, (w->n - at) * sizeof(*w->list));
}

int group_watch_add(struct group_watch *w, const char *path)
{
	char full[PATH_MAX];
	size_t at;
	int number, n, r;

	if (!w->config.tree->mount)
		return -ENOENT;
	n = snprintf(full, sizeof(full), "%s%s", w->config.tree->mount, path);
	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	if (w->fd < 0)
		return -EMFILE;
	/* The same number comes back for a directory that is watched already. */
	number = inotify_add_watch(w->fd, full, WATCH_MASK);
	if (number < 0)
		return -errno;
	at = group_watch_index(w, number);
	if (at < w->n && w->list[at].number == number)
		return 0;
	r = group_watch_insert(w, at, number, path);
	if (r < 0)
		inotify_rm_watch(w->fd, number);
	return r;
}

void group_watch_remove(struct group_watch *w, const char *path)
{
	for (size_t i = w->n; i-- > 0;) {
		if (!path_is_below(w->list[i].path, path))
			continue;
		/* Fails when the directory is gone, and its watch with it. */
		inotify_rm_watch(w->fd, w->list[i].number);
		group_watch_forget(w, i);
	}
}

static void group_watch_tell(struct group_watch *w, const struct inotify_event *e)
{
	const struct watched *parent = group_watch_find(w, e->wd);
	char path[PATH_MAX];
	int n;

	if (!parent)
		return;
	if (e->mask & IN_IGNORED) {
		group_watch_forget(w, (size_t)(parent - w->list));
		return;
	}
	if (!(e->mask & IN_ISDIR) || e->len == 0)
		return;
	n = snprintf(path, sizeof(path), "%s/%s", strcmp(parent->path, "/") ? parent->path : "",
		     e->name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	if (e->mask & IN_CREATE)
		w->config.created(w->config.data, path);
	else if (e->mask & IN_DELETE)
		w->config.deleted(w->config.data, path);
	else if (e->mask & IN_ATTRIB)
		w->config.changed(w->config.data, path);
}

/* Returns: false when the events that follow are worth nothing any more. */
static bool group_watch_tell_all(struct group_watch *w, const char *buffer, size_t length)
{
	for (size_t i = 0; i + sizeof(struct inotify_event) <= length;) {
		const struct inotify_event *e = (const struct inotify_event *)(buffer + i);

		if (e->mask & IN_Q_OVERFLOW) {
			w->config.lost(w->config.data);
			return false;
		}
		group_watch_tell(w, e);
		i += sizeof(*e) + e->len;
	}
	return true;
}

static int group_watch_on_inotify(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct group_watch *w = data;
	char buffer[WATCH_BUFFER_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(w->fd, buffer, sizeof(buffer))) > 0)
		if (!group_watch_tell_all(w, buffer, (size_t)n))
			break;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		log_errno(-errno, "Cannot read births and deaths of cgroups");
	w->config.settled(w->config.data);
	return 0;
}
