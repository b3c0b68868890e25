/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/daemon/parts.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/log.h"
#include "controller/journal/journal.h"

static uint64_t parts_host_bytes(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void parts_on_loaded(void *data, struct kernel_side *side)
{
	struct parts *parts = data;

	probes_take(parts->probes, side);
	if (probes_passing(parts->probes) < 0)
		return;
	/* The thread that may load is not needed any more. */
	parts->loader = probes_loader_free(parts->loader);
	retry_now(parts->load_again);
}

/* The kernel side: the only part that needs more than the daemon keeps. */
static int parts_build_probes(struct parts *parts, const struct parts_config *config)
{
	struct probes_loader_config loader = {
		.event = config->event,
		.best = GROWTH_CLOCK_CHARGE,
		.total_bytes = parts_host_bytes(),
		.loaded = parts_on_loaded,
		.data = parts,
	};
	int r;

	if (strcmp(config->growth_clock, "auto") != 0 &&
	    growth_clock_from_name(config->growth_clock, &loader.best) < 0)
		return log_errno(-EINVAL, "There is no growth clock %s", config->growth_clock);
	r = probes_load(&parts->probes, loader.best, loader.total_bytes);
	if (r < 0)
		return log_errno(r, "Cannot load the probes");
	if (probes_passing(parts->probes) < 0) {
		r = probes_loader_new(&parts->loader, &loader);
		if (r < 0)
			log_errno(r, "The probes are not loaded again until reliefd is restarted");
	}
	if (!config->daemon->confine)
		return 0;
	r = config->daemon->confine();
	return r < 0 ? log_errno(r, "Cannot confine the process") : 0;
}

static void parts_on_oom_victim(void *data, const struct kernel_event *victim)
{
	struct parts *parts = data;

	journal_oom_victim(victim, parts->groups);
	if (parts->bus)
		bus_note_victim(parts->bus, victim);
}

static void parts_on_task_grew(void *data, const struct kernel_event *event)
{
	struct parts *parts = data;

	task_watch_see(parts->tasks, event);
}

/*
 * Where no tree is to be found now, the host is looked after until there is one. A kernel without
 * cgroup v2 will never have one: this ends reliefd, and says what to do.
 */
static int parts_find_tree(struct parts *parts, const struct daemon_config *daemon)
{
	int r;

	r = cgroup_tree_init(&parts->tree, daemon->proc, daemon->cgroup_root);
	if (r == 0 && parts->tree.mount)
		return 0;
	if (r < 0 && daemon->cgroup_root)
		return log_errno(r, "Cannot use --cgroup-root=%s", daemon->cgroup_root);
	cgroup_tree_done(&parts->tree);
	r = cgroup_tree_init_empty(&parts->tree, daemon->proc);
	if (r < 0)
		return log_errno(r, "Cannot look for the cgroup tree");
	if (cgroup_tree_is_possible(&parts->tree))
		return 0;
	log_error("This kernel has no cgroup v2: boot one with CONFIG_CGROUPS=y and "
		  "CONFIG_MEMCG=y");
	return -ENODEV;
}

static int parts_build_observers(struct parts *parts, const struct parts_config *config)
{
	int r;

	r = parts_find_tree(parts, config->daemon);
	if (r < 0)
		return r;
	r = group_set_new(
		&parts->groups,
		&(struct group_set_config){
			.event = config->event,
			.tree = &parts->tree,
			.profile = config->profile,
			.max_groups = config->state->limits.max_groups,
			.unit_root = config->daemon->config_root ? config->daemon->config_root : "",
			.wake = config->wake,
		});
	if (r < 0)
		return log_errno(r, "Cannot follow the cgroup tree");
	r = task_watch_new(&parts->tasks, parts->probes, &parts->tree);
	if (r < 0)
		return log_errno(r, "Cannot watch tasks");
	r = observer_new(&parts->observer, &(struct observer_config){
						   .event = config->event,
						   .groups = parts->groups,
						   .probes = parts->probes,
						   .profile = config->profile,
						   .sys = config->daemon->sys,
						   .wake = config->wake,
						   .oom_victim = parts_on_oom_victim,
						   .oom_victim_data = parts,
						   .task_grew = parts_on_task_grew,
						   .task_grew_data = parts,
					   });
	if (r < 0)
		return log_errno(r, "Cannot watch memory");
	return 0;
}

static int parts_build_actors(struct parts *parts, const struct parts_config *config)
{
	int r;

	r = masks_new(&parts->masks, config->daemon->masks);
	if (r < 0)
		return log_errno(r, "Cannot set up the masks");
	r = registry_new(&parts->registry, &(struct registry_config){
						   .event = config->event,
						   .groups = parts->groups,
						   .masks = parts->masks,
						   .max_modules = config->state->limits.max_modules,
						   .outcomes = &parts->outcomes,
						   .wake = config->modules_changed,
					   });
	if (r < 0)
		return log_errno(r, "Cannot set up the registry");
	r = channels_new(&parts->channels, parts->registry, config->event);
	if (r < 0)
		return log_errno(r, "Cannot set up channels");
	r = actor_new(&parts->actor, &(struct actor_config){
					     .event = config->event,
					     .groups = parts->groups,
					     .registry = parts->registry,
					     .dry_run = config->dry_run,
					     .held_path = config->daemon->held,
					     .outcomes = &parts->outcomes,
				     });
	if (r < 0)
		return log_errno(r, "Cannot set up actions");
	return 0;
}

static int parts_build_publishers(struct parts *parts, const struct parts_config *config)
{
	int r;

	r = tallies_new(&parts->tallies, parts->groups, parts->registry, parts->observer);
	if (r < 0)
		return log_errno(r, "Cannot set up the journal's sums");
	r = doubts_new(&parts->doubts, config->state, parts->registry);
	if (r < 0)
		return log_errno(r, "Cannot set up the journal's doubts");
	r = bus_new(&parts->bus, &(struct bus_config){
					 .event = config->event,
					 .state = config->state,
					 .profile = config->profile,
					 .problems = config->problems,
					 .wake = config->wake,
					 .groups = parts->groups,
					 .observer = parts->observer,
					 .tallies = parts->tallies,
					 .tasks = parts->tasks,
					 .registry = parts->registry,
					 .channels = parts->channels,
					 .agents_file = config->daemon->agents,
					 .dry_run = config->dry_run,
					 .hooks = config->hooks,
				 });
	if (r < 0)
		return log_errno(r, "Cannot set up D-Bus");
	return 0;
}

int parts_build(struct parts *parts, const struct parts_config *config)
{
	int r;

	parts->daemon = config->daemon;
	outcomes_init(&parts->outcomes, &config->wake);
	r = parts_build_probes(parts, config);
	if (r < 0)
		return r;
	r = parts_build_observers(parts, config);
	if (r < 0)
		return r;
	r = parts_build_actors(parts, config);
	if (r < 0)
		return r;
	return parts_build_publishers(parts, config);
}

/*
 * In the opposite order: what publishes, what acts, what observes. But channels go before the bus,
 * which listens for modules that leave with them.
 */
void parts_done(struct parts *parts)
{
	probes_loader_free(parts->loader);
	for (size_t i = 0; i < parts->n_retries; i++)
		retry_free(parts->retries[i]);
	channels_free(parts->channels);
	bus_free(parts->bus);
	doubts_free(parts->doubts);
	tallies_free(parts->tallies);
	actor_free(parts->actor);
	registry_free(parts->registry);
	masks_free(parts->masks);
	observer_free(parts->observer);
	task_watch_free(parts->tasks);
	group_set_free(parts->groups);
	cgroup_tree_done(&parts->tree);
	probes_free(parts->probes);
}

void parts_publish(struct parts *parts, const struct decision *decision, uint64_t now_usec)
{
	bool dry_run = actor_dry_run(parts->actor);

	tallies_see(parts->tallies, decision, dry_run, now_usec);
	bus_publish(parts->bus, decision);
	journal_publish(decision, parts->groups, parts->registry, parts->tallies, dry_run,
			now_usec);
	doubts_publish(parts->doubts);
}

static const char *parts_name_group(const void *data, uint32_t slot, uint64_t id, char *buf,
				    size_t size)
{
	const struct parts *parts = data;
	const struct group *group = group_set_get(parts->groups, slot);

	return group && group->id == id ? group->shown : "";
}

/* "cache.service/images" */
static const char *parts_name_module(const void *data, uint32_t slot, uint64_t id, char *buf,
				     size_t size)
{
	const struct parts *parts = data;
	const struct module *module = registry_get(parts->registry, slot);

	if (!module || module->id != id)
		return "";
	snprintf(buf, size, "%s%s%s", module->owner->client.unit,
		 module->owner->client.unit[0] ? "/" : "", module->description.name);
	return buf;
}

struct recorder_names parts_names(const struct parts *parts)
{
	return (struct recorder_names){ parts, parts_name_group, parts_name_module };
}
