/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pid may be recycled between the moment the client connected and the moment we read its cgroup.
 * A pidfd pins the process down:
 *
 *    pidfd of the peer  ->  read /proc/PID/cgroup  ->  pidfd still alive?  ->  trust what was read
 *
 * While the process behind the pidfd lives its pid is not reused, so a pidfd that is alive after
 * the reading vouches for it. Where only a number is known (kernel before 6.5, dbus-daemon), the
 * gap before the pidfd is opened remains; the uid does not come from there and is right anyway.
 */
#include "controller/registry/client_identity.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "controller/base/cleanup.h"
#include "controller/groups/unit_name.h"

/* Linux 6.5; older headers lack it. These two architectures number socket options differently. */
#if !defined(SO_PEERPIDFD) && !defined(__hppa__) && !defined(__sparc__)
#define SO_PEERPIDFD 77
#endif

static bool client_identity_pidfd_is_alive(int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 0; /* readable: the process has ended */
}

/* Fills unit and unit_length from the cgroup: the shortest path that still names this unit. */
static void client_identity_client_find_unit(struct client *client)
{
	char path[sizeof(client->cgroup)], unit[sizeof(client->unit)];
	char *slash;

	client->unit_length = 0;
	if (!unit_name_from_path(client->cgroup, client->unit, sizeof(client->unit))) {
		client->unit[0] = '\0';
		return;
	}
	memcpy(path, client->cgroup, sizeof(path));
	do {
		client->unit_length = strlen(path);
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	} while (slash && unit_name_from_path(path, unit, sizeof(unit)) &&
		 strcmp(unit, client->unit) == 0);
}

int client_identity_from_pid(const struct cgroup_tree *tree, pid_t pid, int pidfd, uid_t uid,
			     struct client *ret)
{
	_cleanup_fd_ int own_pidfd = -1;
	_cleanup_free_ char *cgroup = NULL;
	struct client client = { .uid = uid, .pid = pid };
	int r;

	if (pid <= 0)
		return -ESRCH;
	if (pidfd < 0) {
		pidfd = own_pidfd = pidfd_open(pid, 0);
		if (pidfd < 0)
			return -errno;
	}
	r = cgroup_tree_path_of_pid(tree, pid, &cgroup);
	if (r < 0)
		return r;
	if (!client_identity_pidfd_is_alive(pidfd))
		return -ESRCH;
	if (strlen(cgroup) >= sizeof(client.cgroup))
		return -ENAMETOOLONG;
	strcpy(client.cgroup, cgroup);
	client_identity_client_find_unit(&client);
	*ret = client;
	return 0;
}

int client_identity_act_for(struct client *client, const char *cgroup)
{
	if (cgroup[0] != '/')
		return -EINVAL;
	if (strlen(cgroup) >= sizeof(client->cgroup))
		return -ENAMETOOLONG;
	strcpy(client->cgroup, cgroup);
	client->acts_for_another = true;
	client_identity_client_find_unit(client);
	return 0;
}

static int client_identity_peer_pidfd(int fd)
{
#ifdef SO_PEERPIDFD
	int pidfd = -1;
	socklen_t size = sizeof(pidfd);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
		return pidfd;
	return -errno;
#else
	return -ENOPROTOOPT;
#endif
}

int client_identity_from_socket(const struct cgroup_tree *tree, int fd, struct client *ret)
{
	_cleanup_fd_ int pidfd = -1;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	pidfd = client_identity_peer_pidfd(fd);
	if (pidfd < 0 && pidfd != -ENOPROTOOPT)
		return -ESRCH; /* the kernel knows the option but not the process any more */
	return client_identity_from_pid(tree, peer.pid, pidfd, peer.uid, ret);
}

bool client_is_same_unit(const struct client *a, const struct client *b)
{
	return a->unit_length > 0 && a->unit_length == b->unit_length &&
	       memcmp(a->cgroup, b->cgroup, a->unit_length) == 0;
}

void client_unit_cgroup(const struct client *client, char ret[static CLIENT_CGROUP_SIZE])
{
	size_t length = client->unit_length > 0 ? client->unit_length : strlen(client->cgroup);

	assert(length < CLIENT_CGROUP_SIZE);
	memcpy(ret, client->cgroup, length);
	ret[length] = '\0';
}

int client_identity_read_credentials(sd_bus_message *reply, uid_t *ret_uid, pid_t *ret_pid)
{
	uint32_t uid = 0, pid = 0;
	bool has_uid = false, has_pid = false;
	const char *key;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
		r = sd_bus_message_read(reply, "s", &key);
		if (r < 0)
			return r;
		if (strcmp(key, "UnixUserID") == 0) {
			r = sd_bus_message_read(reply, "v", "u", &uid);
			has_uid = true;
		} else if (strcmp(key, "ProcessID") == 0) {
			r = sd_bus_message_read(reply, "v", "u", &pid);
			has_pid = true;
		} else {
			r = sd_bus_message_skip(reply, "v");
		}
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(reply);
	}
	if (r < 0)
		return r;
	if (!has_uid || !has_pid)
		return -ENODATA;
	*ret_uid = uid;
	*ret_pid = (pid_t)pid;
	return 0;
}
