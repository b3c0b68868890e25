/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A reliefd that says only what a test tells it to: a listening socket in a temporary directory,
 * one client at a time. Library and server run in one thread; waiting is turns of the client's
 * loop.
 */

#include <errno.h>
#include <poll.h>
#include <relief/message.h>
#include <relief/relief.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* How long something that must happen may take: generous, since machines are busy. */
#define PATIENCE_MSEC 5000

struct server {
	char top[32];	    /* temporary directory */
	char directory[48]; /* where the socket is; not there before server_start() */
	char path[64];
	int listen_fd;
	int fd; /* the client */
	uint64_t last_id;
};

static inline uint64_t now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Sets $RELIEF_SOCKET to where the server will be. */
static inline void server_init(struct server *server)
{
	*server = (struct server){ .listen_fd = -1, .fd = -1, .last_id = 40 };
	strcpy(server->top, "/tmp/relief-client-XXXXXX");
	assert_non_null(mkdtemp(server->top));
	snprintf(server->directory, sizeof(server->directory), "%s/run", server->top);
	snprintf(server->path, sizeof(server->path), "%s/relief.sock", server->directory);
	assert_int_equal(setenv("RELIEF_SOCKET", server->path, 1), 0);
}

static inline void server_start(struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	assert_int_equal(mkdir(server->directory, 0700), 0);
	strcpy(address.sun_path, server->path);
	server->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(server->listen_fd >= 0);
	assert_int_equal(bind(server->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listen_fd, 8), 0);
}

static inline void server_hang_up(struct server *server)
{
	if (server->fd >= 0)
		close(server->fd);
	server->fd = -1;
}

/* As after the end of reliefd: the runtime directory goes, too. */
static inline void server_stop(struct server *server)
{
	server_hang_up(server);
	if (server->listen_fd < 0)
		return;
	close(server->listen_fd);
	server->listen_fd = -1;
	unlink(server->path);
	rmdir(server->directory);
}

static inline void server_done(struct server *server)
{
	server_stop(server);
	rmdir(server->top);
	unsetenv("RELIEF_SOCKET");
}

/* One turn of the client's loop. Returns: 1 when something woke it. */
static inline int client_turn(struct relief *relief, int timeout_msec)
{
	struct pollfd ready = { .fd = relief_fd(relief), .events = POLLIN };
	int n = poll(&ready, 1, timeout_msec);

	if (n > 0)
		assert_int_equal(relief_dispatch(relief), 0);
	return n > 0;
}

/* Runs the client's loop. Returns: how often something woke it. */
static inline int client_run(struct relief *relief, uint64_t msec)
{
	uint64_t end = now_msec() + msec;
	int wakes = 0;

	for (uint64_t now = now_msec(); now < end; now = now_msec())
		wakes += client_turn(relief, (int)(end - now));
	return wakes;
}

/* Waits for a condition of the test, running the client. Not evaluated again once it holds. */
#define client_run_until(relief, condition)                        \
	do {                                                       \
		uint64_t end_ = now_msec() + PATIENCE_MSEC;        \
		bool met_;                                         \
                                                                   \
		while (!(met_ = (condition)) && now_msec() < end_) \
			client_turn(relief, 5);                    \
		assert_true(met_);                                 \
	} while (0)

static inline bool server_try_accept(struct server *server)
{
	server->fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return server->fd >= 0;
}

static inline void server_accept(struct server *server, struct relief *relief)
{
	client_run_until(relief, server_try_accept(server));
}

/* Returns: false when nothing has come. */
static inline bool server_receive(struct server *server, struct relief_message *ret)
{
	ssize_t n = recv(server->fd, ret, sizeof(*ret), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return false;
	assert_int_equal(n, sizeof(*ret));
	assert_int_equal(ret->version, RELIEF_MESSAGE_VERSION);
	return true;
}

/* The next message must be of this type. */
static inline struct relief_message server_expect(struct server *server, struct relief *relief,
						  enum relief_message_type type)
{
	struct relief_message message = { 0 };

	client_run_until(relief, server_receive(server, &message));
	assert_int_equal(message.type, type);
	return message;
}

static inline void server_expect_nothing(struct server *server, struct relief *relief,
					 uint64_t msec)
{
	struct relief_message message;

	client_run(relief, msec);
	assert_false(server_receive(server, &message));
}

static inline void server_send(struct server *server, struct relief_message message)
{
	message.version = RELIEF_MESSAGE_VERSION;
	assert_int_equal(send(server->fd, &message, sizeof(message), MSG_NOSIGNAL),
			 sizeof(message));
}

/* Answers a REGISTER. Returns: the id. */
static inline uint64_t server_grant(struct server *server, const struct relief_message *message)
{
	server_send(server, (struct relief_message){ .type = RELIEF_REGISTERED,
						     .serial = message->serial,
						     .module = ++server->last_id });
	return server->last_id;
}

/* From the beginning to one registered module. Returns: its id. */
static inline uint64_t server_welcome(struct server *server, struct relief *relief)
{
	struct relief_message message;

	server_accept(server, relief);
	server_expect(server, relief, RELIEF_HELLO);
	message = server_expect(server, relief, RELIEF_REGISTER);
	server_grant(server, &message);
	client_run(relief, 20);
	return server->last_id;
}

static inline void server_ask(struct server *server, uint64_t serial, uint64_t module,
			      enum relief_rung rung, uint64_t bytes)
{
	server_send(server, (struct relief_message){ .type = RELIEF_REQUEST,
						     .serial = serial,
						     .module = module,
						     .bytes = bytes,
						     .timeout_usec = 500000,
						     .ratio_bp = 3000,
						     .rung = (uint16_t)rung,
						     .level = RELIEF_LEVEL_HIGH,
						     .name = "a test" });
}
