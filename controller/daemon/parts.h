/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Parts: all that the daemon is built of, in the order in which they need each other
 *
 * What needs privileges (the probes) comes first, then the process is confined, then the rest.
 */

#include "controller/act/actor.h"
#include "controller/base/retry.h"
#include "controller/bus/bus.h"
#include "controller/daemon/daemon_config.h"
#include "controller/daemon/recorder.h"
#include "controller/groups/group_set.h"
#include "controller/journal/doubts.h"
#include "controller/journal/tally.h"
#include "controller/kernel/probes.h"
#include "controller/kernel/probes_loader.h"
#include "controller/observe/observer.h"
#include "controller/registry/channels.h"
#include "controller/registry/outcomes.h"
#include "controller/registry/registry.h"
#include "controller/tasks/task_watch.h"

#define PARTS_MAX_RETRIES 7

struct parts {
	struct probes *probes;
	struct probes_loader *loader; /* NULL: what was loaded is final */
	struct retry *load_again;     /* one of retries, as the next one */
	struct retry *open_held_file;
	struct cgroup_tree tree;
	struct group_set *groups;
	struct task_watch *tasks;
	struct observer *observer;
	struct masks *masks;
	struct outcomes outcomes;
	struct registry *registry;
	struct channels *channels;
	struct retry *retries[PARTS_MAX_RETRIES]; /* of what a part is without for now */
	size_t n_retries;
	const struct daemon_config *daemon;
	struct actor *actor;
	struct tallies *tallies;
	struct doubts *doubts;
	struct bus *bus;
};

struct parts_config {
	sd_event *event;
	const struct daemon_config *daemon;
	const char *growth_clock; /* a growth_clock_name(), or "auto": the best that loads */
	const struct profile *profile;
	const struct state *state;
	struct problems *problems;
	bool dry_run;
	struct wake wake;	     /* something happened: make a step */
	struct wake modules_changed; /* the same, and modules came or went */
	struct bus_hooks hooks;
};

/*
 * Builds all parts. Returns: 0; or negative errno, logged, with the parts built so far left to
 * parts_done().
 */
int parts_build(struct parts *parts, const struct parts_config *config);
void parts_done(struct parts *parts);
/* Tells the bus and the journal what a step decided. */
void parts_publish(struct parts *parts, const struct decision *decision, uint64_t now_usec);
/* What the recorder calls groups and modules; as long as the parts are there. */
struct recorder_names parts_names(const struct parts *parts);
