/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Bus configuration: what the bus shows, and what it calls for a request
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "controller/base/problems.h"
#include "controller/base/remarks.h"
#include "controller/base/setting_list.h"
#include "controller/groups/group_set.h"
#include "controller/observe/observer.h"
#include "controller/registry/agents.h"
#include "controller/registry/channels.h"
#include "controller/registry/registry.h"
#include "policies/state.h"

struct tallies;
struct task_watch;

#define BUS_NAME "org.reliefd.Relief1"
#define BUS_PATH "/org/reliefd/Relief1"

/* What the bus asks of the daemon. */
struct bus_hooks {
	void *data;
	/* Queues an order; its id comes back in decision.orders. -EBUSY: too many at once. */
	int (*relieve)(void *data, uint32_t group_slot, uint64_t group_id, uint64_t bytes,
		       enum rung max_rung, uint64_t *ret_order_id);
	/* Loads the settings again; remarks say what was not (yet) taken over. On failure the old
	 * ones stay and *ret_problem (to be freed) names file, line and fix. */
	int (*reload)(void *data, struct remarks *remarks, char **ret_problem);
	int (*set_dry_run)(void *data, bool dry_run);
	/* Every setting that is in force; setting_list_done() frees it. */
	int (*list_settings)(void *data, struct setting_list *ret);
};

struct bus_config {
	sd_event *event;
	const struct state *state;
	const struct profile *profile; /* the daemon's current one; its content changes on reload */
	struct problems *problems;     /* degradations beside the observer's */
	struct wake wake;	       /* they are others */
	struct group_set *groups;
	struct observer *observer;
	struct registry *registry;
	struct channels *channels;
	const struct tallies *tallies; /* what came of running shortages; NULL: not known */
	const char *agents_file;       /* registrations are kept here; NULL: nowhere */
	struct task_watch *tasks;      /* NULL: GetTopTasks is not supported */
	bool dry_run;
	struct bus_hooks hooks;
};
