/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/registry/channel_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "controller/base/cleanup.h"
#include "controller/base/log.h"

/* Connections that may wait while the daemon is busy; the kernel caps it at somaxconn. */
#define BACKLOG 128

void channel_socket_init(struct channel_socket *channel_socket)
{
	*channel_socket = (struct channel_socket){ .fd = -1 };
}

/* Removes what a dead reliefd left behind, and nothing else. */
static int channel_socket_remove_stale(const struct sockaddr_un *address)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return -EADDRINUSE; /* EAGAIN: it listens, and its backlog is full */
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int channel_socket_make_parent(const char *path)
{
	_cleanup_free_ char *parent = strdup(path);
	char *slash;

	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return 0;
	*slash = '\0';
	return mkdir(parent, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int channel_socket_open(struct channel_socket *channel_socket, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_free_ char *copy = NULL;
	_cleanup_fd_ int fd = -1;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	r = channel_socket_make_parent(path);
	if (r < 0)
		return r;
	r = channel_socket_remove_stale(&address);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (chmod(path, 0666) < 0 || listen(fd, BACKLOG) < 0) {
		r = -errno;
		unlink(path);
		return r;
	}
	channel_socket->fd = take_fd(fd);
	channel_socket->path = take_ptr(copy);
	return 0;
}

const char *channel_socket_fix(int error)
{
	switch (error) {
	case -EADDRINUSE:
		return "end the process that listens there (ss -xlp names it)";
	case -EEXIST:
		return "remove what is there, it is no socket";
	case -EACCES:
	case -EPERM:
	case -EROFS:
	case -ENOENT:
	case -ENOTDIR:
		return "make its directory one that reliefd may write (the unit's "
		       "RuntimeDirectory=reliefd does)";
	case -EMFILE:
		return "raise LimitNOFILE= of reliefd";
	case -ENFILE:
		return "raise fs.file-max";
	case -ENOSPC:
	case -EDQUOT:
		return "make room there";
	default:
		return "see the reason";
	}
}

int channel_socket_adopt(struct channel_socket *channel_socket, int fd)
{
	_cleanup_fd_ int own = fd;
	int flags;

	if (sd_is_socket_unix(fd, SOCK_SEQPACKET, 1, NULL, 0) <= 0)
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	channel_socket->fd = take_fd(own);
	return 0;
}

void channel_socket_done(struct channel_socket *channel_socket)
{
	if (channel_socket->path)
		unlink(channel_socket->path);
	free(channel_socket->path);
	fd_close(channel_socket->fd);
	channel_socket_init(channel_socket);
}

int channel_socket_accept(struct channel_socket *channel_socket)
{
	int fd = accept4(channel_socket->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), r;

	if (fd >= 0) {
		channel_socket->starved = false;
		return fd;
	}
	r = -errno;
	if ((r == -EMFILE || r == -ENFILE || r == -ENOMEM) && !channel_socket->starved) {
		channel_socket->starved = true;
		log_errno(r, "Clients cannot connect for now");
	}
	return r;
}
