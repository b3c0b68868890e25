/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/fd_closer.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>

#include "controller/base/thread.h"

/* More than there are triggers: a change of profile replaces all of them at once. */
#define QUEUE_LENGTH 64
/* The thread calls close() and nothing else. */
#define STACK_SIZE (64 * 1024)

struct fd_closer {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, ending;
	int queue[QUEUE_LENGTH];
	size_t n;
};

static void *fd_closer_run(void *data)
{
	struct fd_closer *c = data;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (c->n > 0) {
			int fd = c->queue[--c->n];

			pthread_mutex_unlock(&c->lock);
			close(fd);
			pthread_mutex_lock(&c->lock);
		}
		if (c->ending)
			break;
		pthread_cond_wait(&c->changed, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static bool fd_closer_start(struct fd_closer *c)
{
	if (!c->started)
		c->started = thread_start(&c->thread, STACK_SIZE, fd_closer_run, c) == 0;
	return c->started;
}

int fd_closer_new(struct fd_closer **ret)
{
	struct fd_closer *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	*ret = c;
	return 0;
}

struct fd_closer *fd_closer_free(struct fd_closer *c)
{
	if (!c)
		return NULL;
	if (c->started) {
		pthread_mutex_lock(&c->lock);
		c->ending = true;
		pthread_cond_signal(&c->changed);
		pthread_mutex_unlock(&c->lock);
		pthread_join(c->thread, NULL);
	}
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
	return NULL;
}

void fd_closer_close(struct fd_closer *c, int fd)
{
	bool queued = false;

	if (fd < 0)
		return;
	pthread_mutex_lock(&c->lock);
	if (c->n < QUEUE_LENGTH && fd_closer_start(c)) {
		c->queue[c->n++] = fd;
		queued = true;
		pthread_cond_signal(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	if (!queued)
		close(fd);
}
