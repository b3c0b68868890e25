/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/registry_world.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "controller/groups/unit_name.h"

/* The preparation is no part of any test: where it fails, nothing can be said. */
static void must(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "registry_world: %s: %s\n", what, strerror(errno));
	abort();
}

static void world_path(const struct world *world, const char *path, char *buf, size_t size)
{
	must((size_t)snprintf(buf, size, "%s/%s", world->dir, path) < size, path);
}

void world_write(const struct world *world, const char *path, const char *text)
{
	char full[256];
	FILE *f;

	world_path(world, path, full, sizeof(full));
	f = fopen(full, "we");
	must(f != NULL, full);
	must(fputs(text, f) >= 0 && fclose(f) == 0, full);
}

static void world_mkdir(const struct world *world, const char *path)
{
	char full[256];

	world_path(world, path, full, sizeof(full));
	must(mkdir(full, 0755) == 0, full);
}

void world_make_cgroup(struct world *world, const char *cgroup)
{
	char path[256];

	snprintf(path, sizeof(path), "cgroup%s", cgroup);
	world_mkdir(world, path);
	snprintf(path, sizeof(path), "cgroup%s/memory.current", cgroup);
	world_write(world, path, "104857600\n");
	snprintf(path, sizeof(path), "cgroup%s/memory.reclaim", cgroup);
	world_write(world, path, "");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void world_remove_cgroup(struct world *world, const char *cgroup)
{
	char full[256], path[200];

	snprintf(path, sizeof(path), "cgroup%s", cgroup);
	world_path(world, path, full, sizeof(full));
	must(nftw(full, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0, full);
}

void world_place(struct world *world, int pid, const char *cgroup)
{
	char path[64], line[600];

	snprintf(path, sizeof(path), "proc/%d", pid);
	world_mkdir(world, path);
	snprintf(path, sizeof(path), "proc/%d/cgroup", pid);
	snprintf(line, sizeof(line), "1:name=systemd:/elsewhere\n0::%s\n", cgroup);
	world_write(world, path, line);
}

static void on_wake(void *data)
{
	struct world *world = data;

	world->n_wakes++;
}

static void on_outcome(void *data)
{
	struct world *world = data;

	world->n_outcome_wakes++;
}

static void world_make_tree(struct world *world)
{
	char proc[96], mount[96], self[128], pid[16];

	strcpy(world->dir, "/tmp/relief-test-XXXXXX");
	must(mkdtemp(world->dir) != NULL, "mkdtemp");
	must(chmod(world->dir, 0755) == 0, "chmod"); /* other users connect, too */
	snprintf(world->socket, sizeof(world->socket), "%s/relief.sock", world->dir);
	world_mkdir(world, "proc");
	world_mkdir(world, "cgroup");
	world_write(world, "cgroup/cgroup.controllers", "cpu memory\n");
	world_make_cgroup(world, "/system.slice");
	world_make_cgroup(world, "/system.slice/a.service");
	world_make_cgroup(world, "/system.slice/b.service");
	world_make_cgroup(world, "/user.slice");
	world_place(world, getpid(), "/system.slice/a.service");
	snprintf(self, sizeof(self), "%s/proc/self", world->dir);
	snprintf(pid, sizeof(pid), "%d", getpid());
	must(symlink(pid, self) == 0, "symlink");
	snprintf(proc, sizeof(proc), "%s/proc", world->dir);
	snprintf(mount, sizeof(mount), "%s/cgroup", world->dir);
	must(cgroup_tree_init(&world->tree, proc, mount) == 0, "cgroup_tree_init");
}

void world_init(struct world *world, uint32_t max_modules, uint32_t per_uid, uint32_t per_unit)
{
	const struct wake wake = { on_wake, world };

	memset(world, 0, sizeof(*world));
	world_make_tree(world);
	profile_init(&world->profile);
	must(sd_event_new(&world->event) >= 0, "sd_event_new");
	must(group_set_new(&world->groups, &(struct group_set_config){ .event = world->event,
								       .tree = &world->tree,
								       .profile = &world->profile,
								       .max_groups = 64,
								       .wake = wake }) == 0,
	     "group_set_new");
	outcomes_init(&world->outcomes, &(struct wake){ on_outcome, world });
	must(masks_new(&world->masks, NULL) == 0, "masks_new");
	must(registry_new(&world->registry,
			  &(struct registry_config){ .event = world->event,
						     .groups = world->groups,
						     .masks = world->masks,
						     .max_modules = max_modules,
						     .max_modules_per_uid = per_uid,
						     .max_modules_per_unit = per_unit,
						     .outcomes = &world->outcomes,
						     .wake = wake }) == 0,
	     "registry_new");
	must(channels_new(&world->channels, world->registry, world->event) == 0, "channels_new");
}

void world_done(struct world *world)
{
	channels_free(world->channels);
	registry_free(world->registry);
	masks_free(world->masks);
	group_set_free(world->groups);
	cgroup_tree_done(&world->tree);
	sd_event_unref(world->event);
	must(nftw(world->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0, "nftw");
}

void world_run(struct world *world, uint64_t wait_usec)
{
	while (sd_event_run(world->event, wait_usec) > 0)
		;
}

struct client world_client(const struct world *world, unsigned int uid, const char *cgroup)
{
	struct client client = { .uid = uid, .pid = 1000 };

	snprintf(client.cgroup, sizeof(client.cgroup), "%s", cgroup);
	if (unit_name_from_path(cgroup, client.unit, sizeof(client.unit)))
		client.unit_length = strlen(cgroup);
	return client;
}

struct group *world_group(const struct world *world, const char *cgroup)
{
	struct group *group = group_set_find(world->groups, cgroup);

	must(group != NULL, cgroup);
	return group;
}

struct module_description world_cache(const char *name)
{
	struct module_description description = { .kind = MODULE_CACHE,
						  .flags = MODULE_CAN_SHED,
						  .size_bytes = 64 * MIB };

	snprintf(description.name, sizeof(description.name), "%s", name);
	return description;
}

uint64_t world_now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

struct action world_action(const struct world *world, const struct module *module, uint64_t id,
			   uint64_t timeout_usec)
{
	uint64_t now_usec = registry_now_usec(world->registry);

	return (struct action){
		.id = id,
		.rung = RUNG_SHED,
		.reason = REASON_LEVEL_ROSE,
		.level = LEVEL_HIGH,
		.group_slot = module->group_slot,
		.group_id = module->group_id,
		.module_slot = module->slot,
		.module_id = module->id,
		.bytes = 16 * MIB,
		.ratio_bp = 2500,
		.started_usec = now_usec,
		.deadline_usec = now_usec + timeout_usec,
	};
}

int world_connect(const struct world *world)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	must(fd >= 0, "socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->socket);
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	return fd;
}

struct relief_message world_message(enum relief_message_type type)
{
	struct relief_message message;

	memset(&message, 0, sizeof(message));
	message.version = RELIEF_MESSAGE_VERSION;
	message.type = (uint16_t)type;
	return message;
}

int world_send(int fd, const struct relief_message *message)
{
	return send(fd, message, sizeof(*message), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int world_receive(int fd, struct relief_message *ret)
{
	ssize_t n = recv(fd, ret, sizeof(*ret), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	if (n == 0)
		return -1;
	must(n == sizeof(*ret) && ret->version == RELIEF_MESSAGE_VERSION, "reliefd's packet");
	return ret->type;
}

struct relief_message world_expect(struct world *world, int fd, enum relief_message_type type)
{
	struct relief_message message;

	for (int i = 0; i < 1000; i++) {
		int got = world_receive(fd, &message);

		if (got == (int)type)
			return message;
		must(got >= 0, "the channel ended while a message was expected");
		if (got == 0)
			world_run(world, USEC_PER_MSEC);
	}
	fprintf(stderr, "registry_world: no message of type %d came\n", type);
	abort();
}
