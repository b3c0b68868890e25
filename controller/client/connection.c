/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Finding reliefd, losing it, coming back; packets in
 *
 *	connect() works ──────────────────────────▶ connected
 *	      ▲ fails                                   │ end of file, or a send that failed
 *	      │                                         ▼
 *	      └── the socket appears (inotify), or the delay is over: 20 ms, doubled up to 30 s
 *
 * The watch is on the deepest directory that exists on the way to the socket, and only a change of
 * the next step of the path counts, so a busy /run costs nothing but a look at a name.
 */

#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "controller/client/internal.h"

/* A socket exists a moment before its owner listens: the first attempt after the watch may fail. */
#define RETRY_MIN_USEC (20 * USEC_PER_MSEC)
/* Only the safety net under the watch, so it may be slow. */
#define RETRY_MAX_USEC (30 * USEC_PER_SEC)
/* A connection that held this long was a good one: the next loss starts with the short delay. */
#define STABLE_USEC (10 * USEC_PER_SEC)
/* Packets handled in one turn: the rest of the application's loop wants to live too. */
#define RECEIVE_MAX 32

#define WATCH_MASK \
	(IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

/* ---- the watch ------------------------------------------------------------------------------ */

static void connection_watch_stop(struct relief *relief)
{
	if (relief->inotify_fd < 0)
		return;
	relief_watch(relief, EPOLL_CTL_DEL, relief->inotify_fd, 0);
	close(relief->inotify_fd);
	relief->inotify_fd = -1;
	relief->watch = -1;
}

/* Without inotify (its instances are limited by user) the delays alone bring us back. */
static void connection_watch_open(struct relief *relief)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return;
	if (relief_watch(relief, EPOLL_CTL_ADD, fd, EPOLLIN) < 0)
		close(fd);
	else
		relief->inotify_fd = fd;
}

/* Watches the deepest directory there is. Returns: true when it was not watched before. */
static bool connection_watch_place(struct relief *relief)
{
	char directory[sizeof((struct sockaddr_un){ 0 }.sun_path)];
	size_t len = strlen(relief->path);
	int watch = -1;

	if (relief->inotify_fd < 0)
		connection_watch_open(relief);
	if (relief->inotify_fd < 0)
		return false;
	memcpy(directory, relief->path, len + 1);
	do {
		while (len > 0 && directory[len - 1] != '/')
			len--;
		while (len > 0 && directory[len - 1] == '/')
			len--;
		directory[len] = '\0';
		watch = inotify_add_watch(relief->inotify_fd, len ? directory : "/", WATCH_MASK);
	} while (watch < 0 && len > 0);

	if (watch == relief->watch)
		return false;
	if (relief->watch >= 0)
		inotify_rm_watch(relief->inotify_fd, relief->watch);
	relief->watch = watch;
	relief->watch_len = len;
	return true;
}

static bool connection_is_on_our_way(const struct relief *relief, const struct inotify_event *event)
{
	const char *step = relief->path + relief->watch_len;
	size_t len;

	if (event->mask & IN_Q_OVERFLOW)
		return true;
	if (event->wd != relief->watch)
		return false;
	if (event->len == 0) /* the directory itself */
		return event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED);
	step += strspn(step, "/");
	len = strcspn(step, "/");
	return strncmp(event->name, step, len) == 0 && event->name[len] == '\0';
}

void connection_path_changed(struct relief *relief, uint64_t now_usec)
{
	_Alignas(struct inotify_event) char buf[4096];
	bool ours = false;
	ssize_t size;

	size = read(relief->inotify_fd, buf, sizeof(buf));
	for (ssize_t at = 0; at < size;) {
		const struct inotify_event *event = (const struct inotify_event *)(buf + at);

		ours = ours || connection_is_on_our_way(relief, event);
		if (event->wd == relief->watch && (event->mask & IN_IGNORED))
			relief->watch = -1;
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	if (ours) {
		relief->retry_delay_usec = RETRY_MIN_USEC;
		connection_try(relief, now_usec);
	}
}

/* ---- open and close ------------------------------------------------------------------------- */

int connection_take(struct relief *relief, int fd)
{
	int r;

	r = relief_watch(relief, EPOLL_CTL_ADD, fd, EPOLLIN);
	if (r < 0)
		return r;
	connection_watch_stop(relief);
	relief->socket_fd = fd;
	relief->broken = relief->blocked = false;
	relief->hello_owed = relief->path;
	relief->connection++;
	relief->connected_usec = relief_now_usec();
	relief->retry_usec = USEC_NEVER;
	atomic_store(&relief->attention, ATTENTION_NONE);
	return 0;
}

static int connection_open(struct relief *relief)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	memcpy(address.sun_path, relief->path, strlen(relief->path) + 1);
	/* On AF_UNIX this never stays in progress: it works, or fails at once (-EAGAIN: full). */
	r = connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	if (r == 0)
		r = connection_take(relief, fd);
	if (r < 0)
		close(fd);
	return r;
}

/* Up to half as much again, so that a thousand clients do not come back in the same moment. */
static uint64_t connection_with_jitter(const struct relief *relief, uint64_t delay_usec,
				       uint64_t now_usec)
{
	uint64_t mixed = (now_usec ^ (uint64_t)(uintptr_t)relief ^ (uint64_t)getpid() << 32) *
			 0x9e3779b97f4a7c15ULL;

	return delay_usec + (mixed >> 32) % (delay_usec / 2);
}

static void connection_plan(struct relief *relief, uint64_t now_usec)
{
	uint64_t delay_usec = relief->retry_delay_usec;

	if (delay_usec < RETRY_MIN_USEC)
		delay_usec = RETRY_MIN_USEC;
	relief->retry_usec =
		usec_add(now_usec, connection_with_jitter(relief, delay_usec, now_usec));
	relief->retry_delay_usec = delay_usec * 2 < RETRY_MAX_USEC ? delay_usec * 2
								   : RETRY_MAX_USEC;
}

void connection_try(struct relief *relief, uint64_t now_usec)
{
	if (relief->socket_fd >= 0 || !relief->path)
		return;
	if (connection_open(relief) == 0)
		return;
	/* What appeared between the attempt and the watch would not be seen: look again. */
	if (connection_watch_place(relief) && connection_open(relief) == 0)
		return;
	connection_plan(relief, now_usec);
}

void connection_close(struct relief *relief, uint64_t now_usec)
{
	if (relief->socket_fd < 0)
		return;
	relief_watch(relief, EPOLL_CTL_DEL, relief->socket_fd, 0);
	close(relief->socket_fd);
	relief->socket_fd = -1;
	relief->broken = false;
	modules_disconnected(relief);
	atomic_store(&relief->attention, ATTENTION_NOW);
	if (now_usec >= relief->connected_usec + STABLE_USEC)
		relief->retry_delay_usec = RETRY_MIN_USEC;
	if (relief->path) {
		connection_plan(relief, now_usec);
		connection_watch_place(relief);
	} else {
		relief_refused(relief, NULL, -ECONNRESET, "reliefd closed the channel");
	}
	relief_set_level(relief, RELIEF_LEVEL_LOW);
}

/* ---- packets -------------------------------------------------------------------------------- */

int connection_send(struct relief *relief, struct relief_message *message)
{
	message->version = RELIEF_MESSAGE_VERSION;
	if (send(relief->socket_fd, message, sizeof(*message), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 0;
	if (errno == EAGAIN &&
	    relief_watch(relief, EPOLL_CTL_MOD, relief->socket_fd, EPOLLIN | EPOLLOUT) == 0) {
		relief->blocked = true;
	} else {
		/* Closed in the next turn of the loop: we may be deep inside a call now. */
		relief->broken = true;
		relief_wake(relief);
	}
	return -EAGAIN;
}

static void connection_handle_registered(struct relief *relief,
					 const struct relief_message *message)
{
	struct relief_module *module = module_find_serial(relief, message->serial);

	if (!module)
		return;
	module->id = message->module;
	module_set_state(module, MODULE_REGISTERED);
}

static void connection_handle_error(struct relief *relief, const struct relief_message *message)
{
	struct relief_module *module = module_find_serial(relief, message->serial);
	int error = message->error > 0 ? -message->error : -EPROTO;

	/* A touch or a report of a module that an administrator unregistered. */
	if (error == -ENOENT && message->serial == 0)
		module = module_find_id(relief, message->module);
	if (error == -EPROTONOSUPPORT) {
		/* Another version of reliefd may be installed one day; until then, hardly ask. */
		relief->broken = true;
		relief->retry_delay_usec = RETRY_MAX_USEC;
	}
	if (module)
		module_set_state(module, MODULE_REFUSED);
	if (!module || !module->dead)
		relief_refused(relief, module, error, message->name);
}

/* What is not as message.h has it is ignored: a newer reliefd may know more. */
static void connection_handle(struct relief *relief, struct relief_message *message)
{
	message->name[RELIEF_NAME_MAX] = '\0';
	if (message->type == RELIEF_ERROR)
		connection_handle_error(relief, message);
	else if (message->version != RELIEF_MESSAGE_VERSION)
		return;
	else if (message->type == RELIEF_REGISTERED)
		connection_handle_registered(relief, message);
	else if (message->type == RELIEF_LEVEL && message->level <= RELIEF_LEVEL_CRITICAL)
		relief_set_level(relief, (enum relief_level)message->level);
	else if (message->type == RELIEF_REQUEST)
		request_receive(relief, message);
}

static void connection_receive(struct relief *relief)
{
	for (int i = 0; i < RECEIVE_MAX && !relief->broken && !relief->free_wanted; i++) {
		struct relief_message message;
		ssize_t size;

		/* MSG_TRUNC: the packet's real size. 0 is the end (or an empty packet: as bad). */
		size = recv(relief->socket_fd, &message, sizeof(message), MSG_DONTWAIT | MSG_TRUNC);
		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size <= 0)
			relief->broken = true;
		else if (size == sizeof(message))
			connection_handle(relief, &message);
	}
}

void connection_ready(struct relief *relief, uint32_t events)
{
	if (events & EPOLLOUT) {
		relief->blocked = false;
		relief_watch(relief, EPOLL_CTL_MOD, relief->socket_fd, EPOLLIN);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		connection_receive(relief);
}
