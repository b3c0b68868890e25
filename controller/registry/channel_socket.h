/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Channel socket: the listening end
 */

#include <stdbool.h>

struct channel_socket {
	int fd;	    /* -1: not listening */
	char *path; /* to be removed at the end; NULL when systemd made it */
	bool starved;
};

void channel_socket_init(struct channel_socket *channel_socket);
/*
 * Makes the socket, mode 0666, and its directory when that is missing; a socket that nobody
 * listens on any more is replaced.
 * Returns: 0; -EADDRINUSE another process listens there; -EEXIST the path is no socket;
 * -ENAMETOOLONG; other negative errno.
 */
int channel_socket_open(struct channel_socket *channel_socket, const char *path);
/* What helps when it cannot be opened for that reason. */
const char *channel_socket_fix(int error);
/* Takes over a listening descriptor (closed on failure). -EINVAL: it is no SOCK_SEQPACKET one. */
int channel_socket_adopt(struct channel_socket *channel_socket, int fd);
void channel_socket_done(struct channel_socket *channel_socket);
/* The next connection, or negative errno; a lack of descriptors is logged once. */
int channel_socket_accept(struct channel_socket *channel_socket);
