/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/daemon/later_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/log.h"
#include "controller/registry/channel_socket.h"
#include "controller/registry/registry_masks.h"

static int later_parts_on_listen(void *data, char **ret_text)
{
	struct parts *parts = data;
	const char *path = parts->daemon->socket;
	int r;

	r = channels_listen(parts->channels, path, -1);
	if (r >= 0)
		return 0;
	return retry_explain(
		r, ret_text,
		"Cannot listen on %s: %s; services cannot connect until it can, those on D-Bus "
		"can; %s",
		path, strerror(-r), channel_socket_fix(r));
}

static int later_parts_on_read_masks(void *data, char **ret_text)
{
	struct parts *parts = data;
	int r;

	r = registry_read_masks(parts->registry);
	if (r < 0)
		return retry_explain(
			r, ret_text,
			"Cannot read %s: %s; modules that it masks may register until it can "
			"be read; make it a file that root can read, or remove it",
			parts->daemon->masks, strerror(-r));
	if (parts->bus)
		bus_publish_masks(parts->bus);
	return 0;
}

static int later_parts_on_find_tree(void *data, char **ret_text)
{
	static const char fix[] = "boot with systemd.unified_cgroup_hierarchy=1, or: mount -t "
				  "cgroup2 none /sys/fs/cgroup";
	struct parts *parts = data;
	int r = 0;

	if (group_set_tree(parts->groups)->mount)
		return 0;
	r = cgroup_tree_find(&parts->tree);
	if (r == 0) {
		r = group_set_use_tree(parts->groups);
		if (r < 0)
			free(take_ptr(parts->tree.mount));
	}
	if (r == -ENODEV)
		return retry_explain(r, ret_text,
				     "No cgroup v2 tree is mounted: no group is followed and no "
				     "service can register until one is; %s",
				     fix);
	if (r < 0)
		return retry_explain(
			r, ret_text,
			"Cannot find the cgroup tree in %s/self/mountinfo: %s; no group "
			"is followed and no service can register until it can be "
			"found; %s",
			parts->tree.proc, strerror(-r), fix);
	log_info("The cgroup tree is at %s, %s", parts->tree.mount,
		 cgroup_mode_name(parts->tree.mode));
	retry_now(parts->open_held_file); /* what an earlier reliefd held is in it */
	return 0;
}

static int later_parts_on_find_self(void *data, char **ret_text)
{
	struct parts *parts = data;
	int r;

	r = group_set_find_self(parts->groups);
	if (r >= 0)
		return 0;
	return retry_explain(r, ret_text,
			     "Cannot find reliefd's own cgroup in %s/self/cgroup: %s; the brake "
			     "holds no group until it can, since that could be reliefd itself",
			     parts->tree.proc, strerror(-r));
}

static int later_parts_on_open_held_file(void *data, char **ret_text)
{
	struct parts *parts = data;
	int r;

	r = actor_open_held_file(parts->actor);
	if (r >= 0)
		return 0;
	if (r == -ENODEV)
		return retry_explain(r, ret_text,
				     "The brake holds no group, and what an earlier reliefd held "
				     "is not let go, until the cgroup tree is found; see cgroups");
	return retry_explain(
		r, ret_text,
		"Cannot write %s: %s; the brake holds no group until it can, since a crash "
		"would leave it held; make its directory one that reliefd may write",
		parts->daemon->held, strerror(-r));
}

static int later_parts_on_start_reclaimer(void *data, char **ret_text)
{
	struct parts *parts = data;
	int r;

	r = actor_start_reclaimer(parts->actor);
	if (r >= 0)
		return 0;
	return retry_explain(
		r, ret_text,
		"Cannot start the thread that writes memory.reclaim: %s; the rung reclaim "
		"fails until it can; raise TasksMax= of reliefd",
		strerror(-r));
}

static const char *later_parts_load_fix(int error)
{
	switch (error) {
	case -EMFILE:
		return "raise LimitNOFILE= of reliefd";
	case -ENFILE:
		return "raise fs.file-max";
	case -ENOMEM:
		return "raise MemoryMax= of reliefd or net.core.bpf_jit_limit, or free memory";
	case -ENOENT:
		return "mount -t sysfs sysfs /sys";
	default:
		return "journalctl -u reliefd with LogLevel=debug says what the kernel refused";
	}
}

/* The load itself is not waited for. */
static int later_parts_on_load_again(void *data, char **ret_text)
{
	struct parts *parts = data;
	int error = probes_passing(parts->probes);

	if (error >= 0)
		return 0;
	if (parts->loader)
		probes_loader_begin(parts->loader);
	return retry_explain(
		error, ret_text,
		"Cannot load the eBPF programs: %s; growth is measured by the clock \"%s\" "
		"until they can be loaded; %s",
		strerror(-error), growth_clock_name(probes_clock(parts->probes)),
		later_parts_load_fix(error));
}

static int later_parts_later_try(struct parts *parts, const struct parts_config *config,
				 const char *name, int (*attempt)(void *data, char **ret_text))
{
	int r;

	assert(parts->n_retries < PARTS_MAX_RETRIES);
	r = retry_new(&parts->retries[parts->n_retries], &(struct retry_config){
								 .event = config->event,
								 .problems = config->problems,
								 .wake = config->wake,
								 .name = name,
								 .attempt = attempt,
								 .data = parts,
							 });
	if (r < 0)
		return log_errno(r, "Cannot plan to try again (%s)", name);
	retry_now(parts->retries[parts->n_retries++]);
	return 0;
}

/* On the socket that systemd passed, or one of our own. */
static int later_parts_later_listen(struct parts *parts, const struct parts_config *config)
{
	int passed_fd = config->daemon->socket_fd, r;

	if (passed_fd >= 0) {
		r = channels_listen(parts->channels, NULL, passed_fd);
		if (r >= 0)
			return 0;
		log_errno(r, "Cannot use the socket that systemd passed (ListenSequentialPacket= "
			     "makes one that fits); reliefd makes its own");
	}
	return later_parts_later_try(parts, config, PROBLEM_CHANNEL, later_parts_on_listen);
}

int later_parts_try(struct parts *parts, const struct parts_config *config)
{
	int r;

	r = later_parts_later_try(parts, config, PROBLEM_CGROUPS, later_parts_on_find_tree);
	if (r < 0)
		return r;
	r = later_parts_later_try(parts, config, PROBLEM_OWN_CGROUP, later_parts_on_find_self);
	if (r < 0)
		return r;
	r = later_parts_later_try(parts, config, PROBLEM_MASKS, later_parts_on_read_masks);
	if (r < 0)
		return r;
	r = later_parts_later_try(parts, config, PROBLEM_BRAKE, later_parts_on_open_held_file);
	if (r < 0)
		return r;
	parts->open_held_file = parts->retries[parts->n_retries - 1];
	r = later_parts_later_try(parts, config, PROBLEM_RECLAIM, later_parts_on_start_reclaimer);
	if (r < 0)
		return r;
	if (parts->loader) {
		r = later_parts_later_try(parts, config, PROBLEM_EBPF, later_parts_on_load_again);
		if (r < 0)
			return r;
		parts->load_again = parts->retries[parts->n_retries - 1];
	}
	return later_parts_later_listen(parts, config);
}
