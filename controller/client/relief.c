/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The object, its one descriptor, the loop's turn
 *
 *	relief_fd() = epoll ─┬─ socket     packets from reliefd
 *	                     ├─ inotify    its socket appeared (only while not connected)
 *	                     ├─ timer      next attempt to connect, next look at touches and sizes
 *	                     └─ wake       another thread has news
 *
 * A turn handles what is readable, then says everything that is owed, then sets the timer. With
 * reliefd there and nothing to say, no timer runs and nothing wakes the process.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "controller/client/internal.h"

uint64_t relief_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

void relief_wake(struct relief *relief)
{
	uint64_t one = 1;

	/* Fails only when the counter is full, and then the loop is woken already. */
	(void)!write(relief->wake_fd, &one, sizeof(one));
}

static void relief_drain(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count));
}

static void relief_arm(struct relief *relief, uint64_t at_usec)
{
	struct itimerspec spec = { 0 };

	if (at_usec == relief->timer_usec)
		return;
	if (at_usec != USEC_NEVER) {
		spec.it_value.tv_sec = (time_t)(at_usec / USEC_PER_SEC);
		spec.it_value.tv_nsec = (long)(at_usec % USEC_PER_SEC * 1000);
	}
	if (timerfd_settime(relief->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0)
		relief->timer_usec = at_usec;
}

static void relief_close_descriptor(int fd)
{
	if (fd >= 0)
		close(fd);
}

static struct relief *relief_destroy(struct relief *relief)
{
	modules_free(relief);
	requests_free(relief);
	relief_close_descriptor(relief->epoll_fd);
	relief_close_descriptor(relief->wake_fd);
	relief_close_descriptor(relief->timer_fd);
	relief_close_descriptor(relief->inotify_fd);
	relief_close_descriptor(relief->socket_fd);
	free(relief->path);
	free(relief);
	return NULL;
}

void relief_enter(struct relief *relief)
{
	relief->busy++;
}

void relief_leave(struct relief *relief)
{
	if (relief->busy == 1 && !relief->free_wanted) {
		uint64_t next_usec;

		requests_settle(relief);
		next_usec = owed_send(relief, relief_now_usec());
		relief_arm(relief, next_usec < relief->retry_usec ? next_usec : relief->retry_usec);
	}
	if (--relief->busy > 0)
		return;
	if (relief->free_wanted)
		relief_destroy(relief);
	else
		modules_reap(relief);
}

void relief_refused(struct relief *relief, struct relief_module *module, int error,
		    const char *text)
{
	if (relief->error_handler)
		relief->error_handler(relief, module, error, text, relief->error_userdata);
}

void relief_set_level(struct relief *relief, enum relief_level level)
{
	if (relief->level == level)
		return;
	relief->level = level;
	if (relief->level_handler)
		relief->level_handler(relief, level, relief->level_userdata);
}

int relief_watch(struct relief *relief, int operation, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(relief->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

/* Returns: 0 or negative errno; relief_destroy() clears up after either. */
static int relief_open(struct relief *relief)
{
	int r;

	relief->spare = calloc(1, sizeof(*relief->spare));
	if (!relief->spare)
		return -ENOMEM;
	relief->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (relief->epoll_fd < 0)
		return -errno;
	relief->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (relief->wake_fd < 0)
		return -errno;
	relief->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (relief->timer_fd < 0)
		return -errno;
	r = relief_watch(relief, EPOLL_CTL_ADD, relief->wake_fd, EPOLLIN);
	return r < 0 ? r : relief_watch(relief, EPOLL_CTL_ADD, relief->timer_fd, EPOLLIN);
}

/* Makes one without a connection. */
static int relief_make(struct relief **ret)
{
	struct relief *relief;
	int r;

	relief = calloc(1, sizeof(*relief));
	if (!relief)
		return -ENOMEM;
	relief->epoll_fd = relief->wake_fd = relief->timer_fd = -1;
	relief->inotify_fd = relief->socket_fd = relief->watch = -1;
	relief->retry_usec = relief->timer_usec = USEC_NEVER;
	relief->settled_tail = &relief->settled;
	atomic_init(&relief->attention, ATTENTION_NOW);
	r = relief_open(relief);
	if (r < 0) {
		relief_destroy(relief);
		return r;
	}
	*ret = relief;
	return 0;
}

/* Returns: 0 and the path to connect to, NULL when the library is turned off. */
static int relief_socket_path(const char **ret)
{
	const char *path = secure_getenv("RELIEF_SOCKET");

	if (!path)
		path = RELIEF_SOCKET_PATH;
	if (path[0] != '/')
		return -EINVAL;
	if (strlen(path) >= sizeof((struct sockaddr_un){ 0 }.sun_path))
		return -ENAMETOOLONG;
	*ret = strcmp(path, "/dev/null") == 0 ? NULL : path;
	return 0;
}

API int relief_new(struct relief **ret)
{
	struct relief *relief;
	const char *path;
	int r;

	if (!ret)
		return -EINVAL;
	r = relief_socket_path(&path);
	if (r < 0)
		return r;
	r = relief_make(&relief);
	if (r < 0)
		return r;
	if (path) {
		relief->path = strdup(path);
		if (!relief->path) {
			relief_destroy(relief);
			return -ENOMEM;
		}
		relief_enter(relief);
		connection_try(relief, relief_now_usec());
		relief_leave(relief);
	}
	*ret = relief;
	return 0;
}

API int relief_new_fd(struct relief **ret, int fd)
{
	struct relief *relief;
	socklen_t size = sizeof(int);
	int r, type;

	if (!ret || fd < 0)
		return -EINVAL;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
		return -EPROTOTYPE;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return -errno;
	r = relief_make(&relief);
	if (r < 0)
		return r;
	r = connection_take(relief, fd);
	if (r < 0) {
		relief_destroy(relief);
		return r;
	}
	*ret = relief;
	return 0;
}

API struct relief *relief_free(struct relief *relief)
{
	if (!relief || relief->free_wanted)
		return NULL;
	if (relief->free_handler)
		relief->free_handler(relief->free_userdata);
	relief_enter(relief);
	relief->free_wanted = true;
	relief_leave(relief);
	return NULL;
}

static void relief_handle(struct relief *relief, const struct epoll_event *event)
{
	int fd = event->data.fd;

	if (fd == relief->socket_fd) {
		connection_ready(relief, event->events);
	} else if (fd == relief->inotify_fd) {
		connection_path_changed(relief, relief_now_usec());
	} else if (fd == relief->timer_fd) {
		relief_drain(fd);
		relief->timer_usec = USEC_NEVER;
	} else if (fd == relief->wake_fd) {
		relief_drain(fd);
	}
}

API int relief_dispatch(struct relief *relief)
{
	struct epoll_event events[4]; /* as many as there are descriptors in it */
	uint64_t now_usec;
	int n;

	if (!relief)
		return -EINVAL;
	if (relief->busy > 0)
		return -EBUSY;
	relief_enter(relief);
	n = epoll_wait(relief->epoll_fd, events, 4, 0);
	for (int i = 0; i < n && !relief->free_wanted; i++)
		relief_handle(relief, &events[i]);
	now_usec = relief_now_usec();
	if (relief->broken && !relief->free_wanted)
		connection_close(relief, now_usec);
	if (relief->retry_usec <= now_usec && !relief->free_wanted)
		connection_try(relief, now_usec);
	relief_leave(relief);
	return 0;
}

API int relief_fd(const struct relief *relief)
{
	return relief ? relief->epoll_fd : -EINVAL;
}

API bool relief_is_connected(const struct relief *relief)
{
	return relief && relief->socket_fd >= 0 && !relief->broken;
}

API enum relief_level relief_level(const struct relief *relief)
{
	return relief ? relief->level : RELIEF_LEVEL_LOW;
}

API int relief_set_level_handler(struct relief *relief, relief_level_handler handler,
				 void *userdata)
{
	if (!relief)
		return -EINVAL;
	relief->level_handler = handler;
	relief->level_userdata = userdata;
	return 0;
}

API int relief_set_error_handler(struct relief *relief, relief_error_handler handler,
				 void *userdata)
{
	if (!relief)
		return -EINVAL;
	relief->error_handler = handler;
	relief->error_userdata = userdata;
	return 0;
}

API int relief_set_free_handler(struct relief *relief, relief_free_handler handler, void *userdata)
{
	if (!relief)
		return -EINVAL;
	relief->free_handler = handler;
	relief->free_userdata = userdata;
	return 0;
}
