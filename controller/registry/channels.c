/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any user may connect, so no client may cost the others their turn:
 *
 *    per wake   at most MESSAGES_PER_WAKE packets of one client, then the loop serves the next
 *    per time   WAKES_PER_INTERVAL wakes; the rest waits in the client's own socket buffer
 *    per uid    CONNECTIONS_PER_UID connections, and the registry's quotas of modules
 *    sending    never blocks; a client that does not read its requests is asked no more, one that
 *               does not read its answers is closed
 *
 * A packet is read here, judged in channel_protocol.c, carried out here on the registry. A channel
 * is freed by its own handler only; sending to it never frees it. An empty packet cannot be told
 * from the end of the conversation and is taken for it.
 */
#include "controller/registry/channels.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "controller/base/log.h"
#include "controller/registry/channel_protocol.h"
#include "controller/registry/channel_socket.h"

/* A turn of the loop that serves one client takes some 20 us. */
#define MESSAGES_PER_WAKE 4
#define ACCEPTS_PER_WAKE  8
/*
 * 640 to 2560 messages a second. All modules of a unit may answer at once, each by a message of its
 * own; what a service that touches its caches needs is far less.
 */
#define WAKES_PER_INTERVAL 64
#define INTERVAL_USEC	   (100 * USEC_PER_MSEC)
/* Services of one user; a process needs one connection whatever number of modules it has. */
#define CONNECTIONS_PER_UID 64
#define CONNECTIONS_MAX	    1024
/*
 * What the kernel keeps for a client that does not read: it doubles this, and counts some 768
 * bytes for a message, so about 80 messages: a request for each module of a unit, and levels.
 */
#define SEND_BUFFER_BYTES (32 * 1024)

struct channel {
	struct owner owner; /* first: an owner of ours is its channel */
	struct channels *channels;
	struct channel_protocol protocol;
	int fd;
	sd_event_source *source;
	LIST_ENTRY(channel) others;
};

struct channels {
	struct registry *registry;
	sd_event *event;
	LIST_HEAD(, channel) list;
	struct channel_socket socket;
	sd_event_source *socket_source;
};

static struct channel *channel_of(struct owner *owner)
{
	return (struct channel *)owner;
}
_Static_assert(offsetof(struct channel, owner) == 0, "channel_of() relies on it");

/* ---- sending ---- */

/* Returns: 0; -EAGAIN the client does not read; other negative errno: it is lost. */
static int channels_message_send(int fd, const struct relief_message *message)
{
	if (send(fd, message, sizeof(*message), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == ENOBUFS ? -EAGAIN : -errno;
}

/*
 * A socket that is closed with packets unread makes the peer see ECONNRESET before what was sent to
 * it, and the reason for the end would be lost.
 */
static void channels_hang_up(int fd)
{
	char byte;

	shutdown(fd, SHUT_RDWR); /* nothing more comes in: the loop ends */
	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
		;
	fd_close(fd);
}

static int channel_send_request(struct owner *owner, const struct module *module,
				const struct action *action)
{
	struct channel *channel = channel_of(owner);
	struct relief_message message;

	channel_message_request(action, registry_now_usec(channel->channels->registry), &message);
	return channels_message_send(channel->fd, &message);
}

static int channel_send_level(struct owner *owner, enum level level)
{
	struct channel *channel = channel_of(owner);
	struct relief_message message;
	int r;

	if (!channel->protocol.greeted)
		return -EAGAIN; /* told after HELLO */
	channel_message_level(level, &message);
	r = channels_message_send(channel->fd, &message);
	if (r == -EAGAIN) /* told when it reads again */
		sd_event_source_set_io_events(channel->source, EPOLLIN | EPOLLOUT);
	return r;
}

static void channel_send_unregistered(struct owner *owner, const struct module *module)
{
	struct relief_message message;

	channel_message_unregistered(module->id, &message);
	channels_message_send(channel_of(owner)->fd,
			      &message); /* unread, its next report is refused */
}

/* A client that was refused registers anew with its next connection. */
static void channel_ask_again(struct owner *owner)
{
	shutdown(channel_of(owner)->fd, SHUT_RDWR); /* freed by its own handler */
}

static const struct owner_ops channel_ops = {
	.name = "channel",
	.send_request = channel_send_request,
	.send_level = channel_send_level,
	.send_unregistered = channel_send_unregistered,
	.ask_again = channel_ask_again,
};

/* ---- receiving: each returns 0, or negative errno when the channel is to be closed ---- */

static int channel_refuse(struct channel *channel, const struct channel_event *event, int error,
			  const char *problem)
{
	struct relief_message message;

	channel_protocol_refuse(&channel->protocol, event->serial, error, problem, &message);
	message.module = event->module_id;
	return channels_message_send(channel->fd, &message);
}

static int channel_on_register(struct channel *channel, const struct channel_event *event)
{
	struct registry *registry = channel->channels->registry;
	struct relief_message message;
	struct module *module;
	const char *problem;
	int r;

	r = registry_add(registry, &channel->owner, &event->description, &module, &problem);
	if (r < 0)
		return channel_refuse(channel, event, -r, problem);
	channel_message_registered(event->serial, module->id, &message);
	return channels_message_send(channel->fd, &message);
}

static int channel_on_answer(struct channel *channel, struct module *module,
			     const struct channel_event *event)
{
	struct registry *registry = channel->channels->registry;
	struct outcome outcome = event->outcome;

	outcome.finished_usec = registry_now_usec(registry);
	if (registry_answer(registry, module, &outcome) == -ENOENT)
		return channel_refuse(channel, event, ENOENT, "no such request is open");
	return 0; /* -ESTALE is a late answer, no fault */
}

/* What concerns a module that is there already. */
static int channel_on_module(struct channel *channel, const struct channel_event *event)
{
	struct registry *registry = channel->channels->registry;
	struct module *module = registry_find(registry, event->module_id);

	if (!module || module->owner != &channel->owner)
		return channel_refuse(channel, event, ENOENT, "no module of yours has this id");
	switch (event->type) {
	case CHANNEL_UNREGISTER:
		registry_remove(registry, module);
		return 0;
	case CHANNEL_TOUCH:
		registry_touch(registry, module);
		return 0;
	case CHANNEL_REPORT:
		registry_report(registry, module, event->size_bytes, event->unloaded);
		if (event->reload_cost_usec)
			registry_report_reload_cost(registry, module, event->reload_cost_usec);
		return 0;
	default:
		return channel_on_answer(channel, module, event);
	}
}

static int channel_on_packet(struct channel *channel, const void *packet, size_t size)
{
	struct channel_event event;
	int r = 0;

	channel_protocol_receive(&channel->protocol, packet, size, &event);
	switch (event.type) {
	case CHANNEL_REFUSED:
		r = channels_message_send(channel->fd, &event.error);
		break;
	case CHANNEL_HELLO:
		registry_owner_tell(channel->channels->registry, &channel->owner);
		break;
	case CHANNEL_REGISTER:
		r = channel_on_register(channel, &event);
		break;
	default:
		r = channel_on_module(channel, &event);
	}
	return r < 0 || !channel_protocol_is_spent(&channel->protocol) ? r : -EPROTO;
}

static int channel_read(struct channel *channel)
{
	for (int i = 0; i < MESSAGES_PER_WAKE; i++) {
		struct relief_message packet;
		ssize_t n = recv(channel->fd, &packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
		int r;

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (n == 0)
			return -ECONNRESET;
		r = channel_on_packet(channel, &packet, (size_t)n);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- life of a channel ---- */

static struct channel *channel_free(struct channel *channel)
{
	registry_owner_done(channel->channels->registry, &channel->owner);
	sd_event_source_disable_unref(channel->source);
	channels_hang_up(channel->fd);
	LIST_REMOVE(channel, others);
	free(channel);
	return NULL;
}

static int channel_on_io(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct channel *channel = data;
	int r = 0;

	if (revents & EPOLLOUT) {
		sd_event_source_set_io_events(source, EPOLLIN);
		registry_owner_tell(channel->channels->registry, &channel->owner);
	}
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
		r = channel_read(channel);
	if (r < 0) {
		log_debug("Channel of pid %d closed: %s", channel->owner.client.pid, strerror(-r));
		channel_free(channel);
	}
	return 0;
}

/* Takes over fd. */
static int channel_new(struct channel **ret, struct channels *channels, int fd,
		       const struct client *client, bool greeted)
{
	const int buffer_bytes = SEND_BUFFER_BYTES;
	struct channel *channel;
	int r;

	channel = calloc(1, sizeof(*channel));
	if (!channel) {
		fd_close(fd);
		return -ENOMEM;
	}
	channel->channels = channels;
	channel->fd = fd;
	channel_protocol_init(&channel->protocol, greeted);
	r = registry_owner_init(channels->registry, &channel->owner, &channel_ops, client);
	if (r < 0) {
		fd_close(fd);
		free(channel);
		return r;
	}
	LIST_INSERT_HEAD(&channels->list, channel, others);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
	r = sd_event_add_io(channels->event, &channel->source, fd, EPOLLIN, channel_on_io, channel);
	if (r < 0) {
		channel_free(channel);
		return r;
	}
	sd_event_source_set_description(channel->source, "channel");
	sd_event_source_set_ratelimit(channel->source, INTERVAL_USEC, WAKES_PER_INTERVAL);
	*ret = channel;
	return 0;
}

/* Returns: 0, or -EDQUOT, -ENFILE and *ret_problem. */
static int channels_check_quota(const struct channels *channels, uid_t uid,
				const char **ret_problem)
{
	uint32_t n = 0, of_uid = 0;
	struct channel *channel;

	LIST_FOREACH(channel, &channels->list, others)
	{
		n++;
		of_uid += channel->owner.client.uid == uid;
	}
	if (of_uid >= CONNECTIONS_PER_UID) {
		*ret_problem = "this user has too many connections";
		return -EDQUOT;
	}
	if (n >= CONNECTIONS_MAX) {
		*ret_problem = "reliefd has no room for another connection";
		return -ENFILE;
	}
	return 0;
}

/* ---- the listening socket ---- */

static int channels_admit(struct channels *channels, int *fd, const char **ret_problem)
{
	struct channel *channel;
	struct client client;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int r;

	*ret_problem = "who you are could not be found out";
	if (getsockopt(*fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	r = channels_check_quota(channels, peer.uid, ret_problem); /* the cheap check first */
	if (r < 0)
		return r;
	r = client_identity_from_socket(registry_tree(channels->registry), *fd, &client);
	if (r < 0)
		return r;
	*ret_problem = "reliefd could not take the connection";
	return channel_new(&channel, channels, take_fd(*fd), &client, false);
}

static int channels_on_connect(sd_event_source *source, int listen_fd, uint32_t revents, void *data)
{
	struct channels *channels = data;

	for (int i = 0; i < ACCEPTS_PER_WAKE; i++) {
		_cleanup_fd_ int fd = channel_socket_accept(&channels->socket);
		const char *problem;
		int r;

		if (fd < 0)
			return 0; /* nobody left, or no descriptor left: later */
		r = channels_admit(channels, &fd, &problem);
		if (r < 0 && fd >= 0) {
			struct channel_protocol protocol = { 0 };
			struct relief_message message;

			channel_protocol_refuse(&protocol, 0, -r, problem, &message);
			channels_message_send(fd, &message);
			channels_hang_up(take_fd(fd));
		}
	}
	return 0;
}

int channels_listen(struct channels *channels, const char *path, int fd)
{
	int r;

	if (channels->socket_source)
		return -EALREADY;
	r = fd >= 0 ? channel_socket_adopt(&channels->socket, fd)
		    : channel_socket_open(&channels->socket, path);
	if (r < 0)
		return r;
	r = sd_event_add_io(channels->event, &channels->socket_source, channels->socket.fd, EPOLLIN,
			    channels_on_connect, channels);
	if (r < 0) {
		channel_socket_done(&channels->socket);
		return r;
	}
	sd_event_source_set_description(channels->socket_source, "channel-socket");
	return sd_event_source_set_ratelimit(channels->socket_source, INTERVAL_USEC,
					     WAKES_PER_INTERVAL);
}

/* ---- interface ---- */

int channels_new(struct channels **ret, struct registry *registry, sd_event *event)
{
	struct channels *channels = calloc(1, sizeof(*channels));

	if (!channels)
		return -ENOMEM;
	channels->registry = registry;
	channels->event = sd_event_ref(event);
	channel_socket_init(&channels->socket);
	LIST_INIT(&channels->list);
	*ret = channels;
	return 0;
}

struct channels *channels_free(struct channels *channels)
{
	if (!channels)
		return NULL;
	while (!LIST_EMPTY(&channels->list))
		channel_free(LIST_FIRST(&channels->list));
	sd_event_source_disable_unref(channels->socket_source);
	channel_socket_done(&channels->socket);
	sd_event_unref(channels->event);
	free(channels);
	return NULL;
}

int channels_register(struct channels *channels, const struct client *client,
		      const struct module_description *description, struct module **ret,
		      int *ret_fd, const char **ret_problem)
{
	_cleanup_fd_ int theirs = -1;
	struct channel *channel;
	int pair[2], r;

	r = channels_check_quota(channels, client->uid, ret_problem);
	if (r < 0)
		return r;
	*ret_problem = "reliefd could not make the channel";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	theirs = pair[1];
	r = channel_new(&channel, channels, pair[0], client, true);
	if (r < 0)
		return r;
	r = registry_add(channels->registry, &channel->owner, description, ret, ret_problem);
	if (r < 0) {
		channel_free(channel);
		return r;
	}
	registry_owner_tell(channels->registry, &channel->owner);
	*ret_fd = take_fd(theirs);
	return 0;
}
