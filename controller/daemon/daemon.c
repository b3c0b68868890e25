/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop
 *
 *    PSI, memory.events ─┐
 *    births and deaths  ─┤          ┌────────────────────────────────────────┐
 *    answers, orders    ─┼─▶ wake ─▶│ observe ─▶ decide ─▶ act ─▶ publish     │
 *    timer              ─┘          └───────────────────────────────┬────────┘
 *      ▲                                                            │ wake_at_usec
 *      └────────────────────────────────────────────────────────────┘
 *
 * Sources only read, note and wake. A wake enables one deferred source whose priority lies between
 * the kernel's events and everybody else's, so that all that is readable in one turn becomes one
 * step, and a step never waits for bus traffic. All memory a step needs is there before the first.
 */

#include "controller/daemon/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "config.h"
#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/config/in_force.h"
#include "controller/daemon/daemon_status.h"
#include "controller/daemon/kept_files.h"
#include "controller/daemon/later_parts.h"
#include "controller/daemon/parts.h"
#include "controller/journal/journal.h"
#include "policies/decide.h"
#include "policies/outlook.h"
#include "policies/workspace.h"

/* Before bus and channel traffic, after the kernel's events (which the observer sets). */
#define DAEMON_STEP_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 50)

struct daemon {
	struct daemon_config config;
	sd_event *event;
	sd_event_source *step; /* deferred */
	sd_event_source *timer;

	struct problems problems;
	struct in_force in_force;
	struct kept_files files;
	struct parts parts;

	struct state state;
	struct observation seen;
	struct decision decision;
	void *workspace; /* of state, seen and decision */

	struct order orders[WORKSPACE_MAX_ORDERS];
	size_t n_orders;
	uint64_t last_order_id;
	bool modules_changed;		/* registered or gone since the last step */
	uint32_t told_degradations;	/* enum degradation */
	bool is_recovering;		/* the host, as the status line has it */
	uint64_t answered_trigger_usec; /* the last trigger that a step has seen */
};

static uint64_t daemon_now_monotonic_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

/* The one that is in force; its place never changes. */
static const struct profile *daemon_profile(const struct daemon *d)
{
	return &d->in_force.now.profile;
}

static void daemon_wake(void *data)
{
	struct daemon *d = data;

	if (d->step)
		sd_event_source_set_enabled(d->step, SD_EVENT_ONESHOT);
}

static void daemon_on_modules_changed(void *data)
{
	struct daemon *d = data;

	d->modules_changed = true;
	daemon_wake(d);
}

static void daemon_collect_orders(struct daemon *d)
{
	for (size_t i = 0; i < d->n_orders; i++) {
		struct order *order = observation_add_order(&d->seen);

		if (order)
			*order = d->orders[i];
	}
	d->n_orders = 0;
}

static int daemon_arm_timer(struct daemon *d)
{
	int r;

	r = sd_event_source_set_time(d->timer, d->decision.wake_at_usec);
	if (r < 0)
		return r;
	/* 0 would mean sd-event's default of 250 ms. */
	r = sd_event_source_set_time_accuracy(d->timer, u64_max(1, d->decision.wake_slack_usec));
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
}

/* Whenever the line may have changed much. */
static void daemon_tell_status(struct daemon *d)
{
	const struct group_state *host = state_host(&d->state);
	bool is_new = d->state.n_steps == 1 || d->is_recovering != host->is_below;

	d->is_recovering = host->is_below;
	if (is_new ||
	    d->decision.n_level_changes + d->decision.n_rungs + d->decision.n_episodes > 0)
		daemon_status_notify(daemon_profile(d), &d->state, registry_size(d->parts.registry),
				     actor_dry_run(d->parts.actor));
}

/*
 * How long the kernel's event waited for our requests: what tests/bench/reaction reads. Requests of
 * a later step are not the answer to it.
 */
static void daemon_log_reaction(struct daemon *d)
{
	uint64_t trigger_usec = observer_stats(d->parts.observer)->last_trigger_usec;
	size_t n_requests = 0;

	if (trigger_usec == d->answered_trigger_usec)
		return;
	d->answered_trigger_usec = trigger_usec;
	for (size_t i = 0; i < d->decision.n_actions; i++)
		n_requests += d->decision.actions[i].module_slot != SLOT_NONE;
	if (n_requests > 0)
		log_debug("reaction: %" PRIu64 " us from the trigger at %" PRIu64
			  " us to %zu requests sent",
			  daemon_now_monotonic_usec() - trigger_usec, trigger_usec, n_requests);
}

/* What this host lacks may come and go. */
static void daemon_tell_degradations(struct daemon *d)
{
	uint32_t bits = observer_degradations(d->parts.observer);
	uint32_t changed = bits ^ d->told_degradations;

	for (uint32_t bit = 1; bit != 0 && bit <= changed; bit <<= 1) {
		const char *name = degradation_name((enum degradation)bit);

		if (changed & bit && bits & bit)
			journal_degraded(name);
		else if (changed & bit)
			journal_restored(name);
	}
	d->told_degradations = bits;
}

/* Nothing is short and nobody is asked: a disk may be read. */
static bool daemon_is_calm(const struct daemon *d)
{
	return state_host(&d->state)->level == LEVEL_LOW &&
	       d->decision.attention < ATTENTION_MODULES;
}

static void daemon_step(struct daemon *d)
{
	enum attention attention = d->files.recorder.wants_all ? ATTENTION_GROUPS
							       : d->decision.attention;

	observation_clear(&d->seen, daemon_now_monotonic_usec());
	outcomes_collect(&d->parts.outcomes, &d->seen);
	observer_collect(d->parts.observer, attention, &d->seen);
	if (attention >= ATTENTION_MODULES || d->modules_changed)
		registry_collect(d->parts.registry, &d->seen);
	d->modules_changed = false;
	daemon_collect_orders(d);

	decide(daemon_profile(d), &d->state, &d->seen, &d->decision);

	actor_carry_out(d->parts.actor, &d->decision);
	observer_arm(d->parts.observer, &d->decision);
	group_set_allow_reading(d->parts.groups, daemon_is_calm(d));
	daemon_log_reaction(d);
	daemon_tell_degradations(d);
	parts_publish(&d->parts, &d->decision, d->seen.now_usec);
	recorder_step(&d->files.recorder, &d->seen, &d->decision);
	daemon_tell_status(d);
	if (d->decision.n_dropped > 0)
		log_warning("%u entries of a decision found no room", d->decision.n_dropped);
}

static int daemon_on_step(sd_event_source *source, void *data)
{
	struct daemon *d = data;
	int r;

	daemon_step(d);
	r = daemon_arm_timer(d);
	if (r < 0)
		return log_errno(r, "Cannot arm the timer");
	return 0;
}

static int daemon_on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	daemon_wake(data);
	return 0;
}

/* What the bus asks for. */

static int daemon_on_relieve(void *data, uint32_t group_slot, uint64_t group_id, uint64_t bytes,
			     enum rung max_rung, uint64_t *ret_order_id)
{
	struct daemon *d = data;

	if (d->n_orders == WORKSPACE_MAX_ORDERS)
		return -EBUSY;
	d->orders[d->n_orders++] = (struct order){
		.id = ++d->last_order_id,
		.group_slot = group_slot,
		.group_id = group_id,
		.bytes = bytes,
		.max_rung = max_rung,
	};
	*ret_order_id = d->last_order_id;
	daemon_wake(d);
	return 0;
}

/* What each setting of [Daemon] does, at start and at each reload. */

static void daemon_use_settings(struct daemon *d)
{
	log_set_max_level(d->in_force.now.settings.log_level);
	kept_files_use_settings(&d->files);
}

static void daemon_use_profile(struct daemon *d)
{
	int r;

	group_set_use_profile(d->parts.groups, daemon_profile(d));
	r = observer_use_profile(d->parts.observer, daemon_profile(d));
	if (r < 0)
		log_errno(r, "Some triggers of the new profile cannot be set");
}

static void daemon_log_remarks(const struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->n; i++)
		log_warning("%s", remarks->list[i]);
	if (remarks->n_left_out > 0)
		log_warning("%zu more such remarks; reliefctl verify has them",
			    remarks->n_left_out);
}

static const char *daemon_problem_text(const struct daemon *d)
{
	const char *text = problems_find(&d->problems, PROBLEM_SETTINGS)->text;

	return text ? text : "out of memory";
}

static int daemon_on_reload(void *data, struct remarks *remarks, char **ret_problem)
{
	struct daemon *d = data;
	bool was_faulty = problems_find(&d->problems, PROBLEM_SETTINGS);
	int r;

	r = in_force_reload(&d->in_force, daemon_now_monotonic_usec(), remarks, ret_problem);
	daemon_wake(d); /* to publish what that did to the problems */
	if (r < 0) {
		journal_config_error(daemon_problem_text(d));
		return r;
	}
	actor_set_dry_run(d->parts.actor, d->in_force.now.settings.dry_run);
	daemon_use_profile(d);
	daemon_use_settings(d);
	log_info("%sProfile %s loaded%s", was_faulty ? "The settings are sound again. " : "",
		 daemon_profile(d)->name, actor_dry_run(d->parts.actor) ? ", dry run" : "");
	daemon_log_remarks(remarks);
	bus_publish_settings(d->parts.bus, actor_dry_run(d->parts.actor));
	return 0;
}

static int daemon_on_set_dry_run(void *data, bool dry_run)
{
	struct daemon *d = data;
	int r;

	r = in_force_set_dry_run(&d->in_force, dry_run);
	if (r < 0)
		return r;
	actor_set_dry_run(d->parts.actor, dry_run);
	log_info("Dry run switched %s", dry_run ? "on" : "off");
	bus_publish_settings(d->parts.bus, dry_run);
	return 0;
}

static int daemon_on_list_settings(void *data, struct setting_list *ret)
{
	const struct daemon *d = data;

	return configuration_list(&d->in_force.now, ret);
}

int daemon_reload(struct daemon *d)
{
	_cleanup_(remarks_done) struct remarks remarks = {};
	_cleanup_free_ char *problem = NULL;
	int r;

	sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, daemon_now_monotonic_usec());
	r = daemon_on_reload(d, &remarks, &problem);
	sd_notify(false, "READY=1");
	return r;
}

/* Building it. */

static int daemon_build_loop(struct daemon *d)
{
	int r;

	r = sd_event_add_defer(d->event, &d->step, daemon_on_step, d);
	if (r < 0)
		return r;
	sd_event_source_set_description(d->step, "step");
	r = sd_event_source_set_priority(d->step, DAEMON_STEP_PRIORITY);
	if (r < 0)
		return r;
	r = sd_event_add_time(d->event, &d->timer, CLOCK_MONOTONIC, USEC_NEVER, 0, daemon_on_timer,
			      d);
	if (r < 0)
		return r;
	sd_event_source_set_description(d->timer, "look-again");
	return sd_event_source_set_priority(d->timer, DAEMON_STEP_PRIORITY);
}

static int daemon_build_parts(struct daemon *d)
{
	const struct settings *settings = &d->in_force.now.settings;
	const struct parts_config config = {
		.event = d->event,
		.daemon = &d->config,
		.growth_clock = settings->growth_clock,
		.profile = daemon_profile(d),
		.state = &d->state,
		.problems = &d->problems,
		.dry_run = settings->dry_run,
		.wake = { daemon_wake, d },
		.modules_changed = { daemon_on_modules_changed, d },
		.hooks = {
			.data = d,
			.relieve = daemon_on_relieve,
			.reload = daemon_on_reload,
			.set_dry_run = daemon_on_set_dry_run,
			.list_settings = daemon_on_list_settings,
		},
	};
	int r;

	r = parts_build(&d->parts, &config);
	return r < 0 ? r : later_parts_try(&d->parts, &config);
}

/* Files that are not sound are no reason not to start: then what was good before is in force. */
static int daemon_load(struct daemon *d)
{
	_cleanup_(remarks_done) struct remarks remarks = {};
	int r;

	d->in_force = (struct in_force){
		.options = {
			.root = d->config.config_root,
			.state_directory = d->config.state,
			.profile = d->config.profile,
			.record = d->config.record,
			.log_level = d->config.log_level,
			.dry_run = d->config.dry_run,
		},
		.problems = &d->problems,
	};
	r = in_force_start(&d->in_force, daemon_now_monotonic_usec(), &remarks);
	if (r < 0)
		return log_errno(r, "Cannot read the settings");
	r = kept_files_init(&d->files, &d->in_force, d->event, &(struct wake){ daemon_wake, d });
	if (r < 0)
		return log_errno(r, "Cannot plan to keep files");
	daemon_use_settings(d);
	if (problems_find(&d->problems, PROBLEM_SETTINGS))
		journal_config_error(daemon_problem_text(d));
	daemon_log_remarks(&remarks);
	return 0;
}

static int daemon_build(struct daemon *d)
{
	int r;

	r = daemon_load(d);
	if (r < 0)
		return r;
	d->workspace = calloc(1, workspace_size(&workspace_limits));
	if (!d->workspace)
		return log_errno(-ENOMEM, "Cannot reserve memory");
	workspace_init(&workspace_limits, d->workspace, &d->state, &d->seen, &d->decision);
	r = daemon_build_loop(d);
	if (r < 0)
		return log_errno(r, "Cannot set up the event loop");
	d->files.recorder.names = parts_names(&d->parts);
	return daemon_build_parts(d);
}

int daemon_new(struct daemon **ret, sd_event *event, const struct daemon_config *config)
{
	_cleanup_(daemon_free_cleanup) struct daemon *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return log_errno(-ENOMEM, "Cannot start");
	d->config = *config;
	d->event = sd_event_ref(event);
	r = daemon_build(d);
	if (r < 0)
		return r;
	daemon_wake(d);
	daemon_tell_degradations(d);
	log_info("Profile %s, %u groups, cgroups %s%s", daemon_profile(d)->name,
		 group_set_size(d->parts.groups), cgroup_mode_name(d->parts.tree.mode),
		 actor_dry_run(d->parts.actor) ? ", dry run" : "");
	*ret = take_ptr(d);
	return 0;
}

struct daemon *daemon_free(struct daemon *d)
{
	if (!d)
		return NULL;
	d->step = sd_event_source_disable_unref(d->step);
	d->timer = sd_event_source_disable_unref(d->timer);
	parts_done(&d->parts);
	kept_files_done(&d->files);
	in_force_done(&d->in_force);
	problems_done(&d->problems);
	free(d->workspace);
	sd_event_unref(d->event);
	free(d);
	return NULL;
}
