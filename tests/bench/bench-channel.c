/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bench-channel: what librelief costs a service
 *
 *	this thread ──REQUEST──▶ socketpair ──▶ client thread: poll(), relief_dispatch(), callback
 *	            ◀──ANSWER───
 *
 * Prints the time from a request to its answer (two thread switches and everything between), and
 * what a touch and a change of size cost the thread that makes them.
 */

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <relief/message.h>
#include <relief/relief.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define N_ROUNDS 50000
#define N_CALLS	 20000000
#define MODULE	 1

static uint64_t now_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int64_t on_shed(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
		       struct relief_request *request, void *userdata)
{
	return (int64_t)bytes;
}

static void on_error(struct relief *relief, struct relief_module *module, int error,
		     const char *text, void *userdata)
{
	*(bool *)userdata = true; /* the other end hung up: the end */
}

static struct relief_module *adopt(struct relief *relief)
{
	const struct relief_module_ops ops = { .size = sizeof(ops), .shed = on_shed };
	const struct relief_module_options options = { .size = sizeof(options), .no_trim = true };
	struct relief_module *module;
	int r;

	r = relief_module_adopt(relief, &module, MODULE, "bench", &options, &ops, NULL);
	if (r < 0)
		errx(1, "cannot adopt the module: %s", strerror(-r));
	return module;
}

static void *run_client(void *data)
{
	struct relief *relief;
	bool ended = false;
	int r;

	r = relief_new_fd(&relief, *(int *)data);
	if (r < 0)
		errx(1, "cannot make a client: %s", strerror(-r));
	relief_set_error_handler(relief, on_error, &ended);
	adopt(relief);
	while (!ended) {
		struct pollfd ready = { .fd = relief_fd(relief), .events = POLLIN };

		if (poll(&ready, 1, -1) > 0)
			relief_dispatch(relief);
	}
	relief_free(relief);
	return NULL;
}

/* Reads until the answer; the client may report before. */
static void await_answer(int fd, uint64_t serial)
{
	struct relief_message message;

	do
		if (recv(fd, &message, sizeof(message), 0) != sizeof(message))
			err(1, "no answer");
	while (message.type != RELIEF_ANSWER || message.serial != serial);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure_round_trips(void)
{
	static uint64_t took_nsec[N_ROUNDS];
	pthread_t thread;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "cannot make a channel");
	if (pthread_create(&thread, NULL, run_client, &pair[0]) != 0)
		errx(1, "cannot make a thread");
	for (uint64_t i = 0; i < N_ROUNDS; i++) {
		const struct relief_message request = {
			.version = RELIEF_MESSAGE_VERSION,
			.type = RELIEF_REQUEST,
			.serial = i + 1,
			.module = MODULE,
			.bytes = 1 << 20,
			.ratio_bp = 3000,
			.rung = RELIEF_RUNG_SHED,
			.level = RELIEF_LEVEL_HIGH,
			.name = "bench",
		};
		uint64_t started_nsec = now_nsec();

		if (send(pair[1], &request, sizeof(request), MSG_NOSIGNAL) < 0)
			err(1, "cannot ask");
		await_answer(pair[1], i + 1);
		took_nsec[i] = now_nsec() - started_nsec;
	}
	close(pair[1]);
	pthread_join(thread, NULL);
	qsort(took_nsec, N_ROUNDS, sizeof(took_nsec[0]), compare);
	printf("  request to answer    p50 %6.1f us   p99 %6.1f us   max %8.1f us   (%d rounds)\n",
	       (double)took_nsec[N_ROUNDS / 2] / 1000,
	       (double)took_nsec[N_ROUNDS / 100 * 99] / 1000,
	       (double)took_nsec[N_ROUNDS - 1] / 1000, N_ROUNDS);
}

/* Without anybody who dispatches: the price that is paid on every use of a cache. */
static void measure_calls(void)
{
	struct relief_module *module;
	struct relief *relief;
	uint64_t started_nsec;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "cannot make a channel");
	if (relief_new_fd(&relief, pair[0]) < 0)
		errx(1, "cannot make a client");
	module = adopt(relief);

	started_nsec = now_nsec();
	for (int i = 0; i < N_CALLS; i++)
		relief_module_touch(module);
	printf("  relief_module_touch     %6.1f ns a call\n",
	       (double)(now_nsec() - started_nsec) / N_CALLS);
	started_nsec = now_nsec();
	for (uint64_t i = 0; i < N_CALLS; i++)
		relief_module_set_size(module, i);
	printf("  relief_module_set_size  %6.1f ns a call\n",
	       (double)(now_nsec() - started_nsec) / N_CALLS);
	relief_free(relief);
	close(pair[1]);
}

int main(void)
{
	measure_round_trips();
	measure_calls();
	return 0;
}
