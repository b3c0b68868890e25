/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/fd_closer.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

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

static void *closer_run(void *data)
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

/* Signals stay with the loop's thread. */
static bool closer_start(struct fd_closer *c)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int r;

	if (c->started)
		return true;
	if (pthread_attr_init(&attr) != 0)
		return false;
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&c->thread, &attr, closer_run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	c->started = r == 0;
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
	if (c->n < QUEUE_LENGTH && closer_start(c)) {
		c->queue[c->n++] = fd;
		queued = true;
		pthread_cond_signal(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	if (!queued)
		close(fd);
}
