/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is read when
 *
 *    always             the machine; the host's entry; groups never read before
 *    a top stirred      memory.events (or PSI) of all below it, once: what moved is "of interest"
 *    of interest        until nothing moved in it for 10 s (reading_plan.c)
 *    holds modules      with ATTENTION_MODULES; at any attention if a limit binds it or an ancestor
 *    everything         with ATTENTION_GROUPS
 *
 * Whoever is listed is listed after its ancestors, whose limits bind it as well.
 */

#include "controller/observe/observer.h"

#include <errno.h>
#include <fcntl.h>

#include "controller/base/log.h"
#include "controller/kernel/tripwire.h"
#include "controller/observe/looks.h"
#include "controller/observe/machine.h"
#include "controller/observe/memory_files.h"
#include "controller/observe/misread.h"
#include "controller/observe/pressure_watch.h"
#include "controller/observe/psi.h"
#include "controller/observe/reading_plan.h"
#include "controller/observe/shared_pages.h"

/* What comes and goes is one degradation, not many. */
#define DEGRADED_USEC (10 * USEC_PER_SEC)
/* Processes map and unmap shmem seldom; asking each costs more than all else of a look. */
#define SHARED_USEC (2 * USEC_PER_SEC)
/* Less than this share of a limit in doubt makes no level. */
#define DOUBT_SHARE 64

struct observer {
	sd_event *event;
	struct group_set *groups;
	struct wake wake;
	struct machine *machine;
	struct pressure_watch *watch;
	struct reading_plan plan;
	struct probes *probes; /* lent; NULL: none */
	struct tripwire *tripwire;
	struct looks *looks;
	sd_event_source *look_later;
	struct observer_stats stats;
	uint32_t round; /* of collect */
	uint64_t wanted_window_usec;
	int proc_fd; /* O_PATH */
	struct misread misread;
	uint64_t now_usec;	   /* of the last collect */
	uint64_t blind_until_usec; /* memory of the host was not known lately */
	uint64_t estimated_until_usec;
};

/* Events. */

static void observer_on_stirred(void *data, uint32_t slot, enum stir stir)
{
	struct observer *o = data;
	uint64_t now_usec;

	if (sd_event_now(o->event, CLOCK_MONOTONIC, &now_usec) < 0)
		return;
	o->stats.last_trigger_usec = now_usec;
	if (stir == STIR_STALL)
		o->stats.n_psi_events++;
	else
		o->stats.n_memory_events++;
	if (slot != GROUP_SLOT_HOST)
		reading_plan_stir(&o->plan, slot, stir, now_usec);
	wake_up(&o->wake);
}

/* Whoever spent a budget is read now, and so long as it may go on. */
static void observer_on_spent(void *data, uint32_t slot)
{
	struct observer *o = data;
	uint64_t now_usec;

	if (sd_event_now(o->event, CLOCK_MONOTONIC, &now_usec) < 0)
		return;
	o->stats.last_trigger_usec = now_usec;
	o->stats.n_tripwire_events++;
	reading_plan_glance_at(&o->plan, slot)->moved_usec = now_usec;
	wake_up(&o->wake);
}

static int observer_on_look_later(sd_event_source *source, uint64_t usec, void *data)
{
	struct observer *o = data;

	wake_up(&o->wake);
	return 0;
}

static void observer_count_triggers(struct observer *o)
{
	o->stats.n_triggers = pressure_watch_n_triggers(o->watch);
	o->stats.trigger_window_usec = pressure_watch_window_usec(o->watch);
}

static void observer_on_watch_retried(void *data)
{
	struct observer *o = data;

	observer_count_triggers(o);
	wake_up(&o->wake);
}

static void observer_on_added(void *data, const struct group *group)
{
	struct observer *o = data;

	*reading_plan_glance(&o->plan, group) = (struct glance){};
	pressure_watch_add(o->watch, group);
	tripwire_add(o->tripwire, group);
	observer_count_triggers(o);
}

/* It is read in the next step, so that the policies know before they choose. */
static void observer_on_changed(void *data, const struct group *group)
{
	struct observer *o = data;

	reading_plan_glance(&o->plan, group)->is_known = false;
	if (group->slot != GROUP_SLOT_HOST)
		return;
	o->plan.fields = reading_plan_fields(group_set_tree(o->groups)); /* it may be found now */
	looks_use_fields(o->looks, o->plan.fields);
}

static void observer_on_removed(void *data, const struct group *group)
{
	struct observer *o = data;

	pressure_watch_remove(o->watch, group);
	tripwire_remove(o->tripwire, group);
	looks_forget(o->looks, group->slot);
	observer_count_triggers(o);
}

/* Reading. */

static void observer_fill_identity(const struct group *group, struct group_reading *reading)
{
	*reading = (struct group_reading){
		.id = group->id,
		.slot = group->slot,
		.parent_slot = group->parent_slot,
		.flags = group->flags,
		.priority = group->priority,
	};
}

/* As far as what is mapped is shmem, file pages can be dropped after all. */
static void observer_settle_doubt(struct observer *o, const struct group *group, int dir,
				  uint64_t doubtful_bytes, struct group_reading *reading)
{
	struct glance *glance = reading_plan_glance(&o->plan, group);
	uint64_t limit_bytes = BYTES_UNLIMITED;

	if (reading->has & GROUP_HAS_LIMIT)
		limit_bytes = reading->limit_bytes;
	if (reading->has & GROUP_HAS_HIGH)
		limit_bytes = u64_min(limit_bytes, reading->high_bytes);
	if (limit_bytes == BYTES_UNLIMITED || doubtful_bytes < limit_bytes / DOUBT_SHARE)
		return;
	if (glance->shared_usec == 0 || o->now_usec >= glance->shared_usec + SHARED_USEC) {
		glance->shared_usec = o->now_usec;
		glance->shared_bytes = shared_pages_mapped(dir, o->proc_fd, UINT64_MAX);
	}
	reading->reclaimable_bytes =
		u64_add(reading->reclaimable_bytes, u64_min(doubtful_bytes, glance->shared_bytes));
}

/*
 * memory.stat makes the kernel sum up the counters of all CPUs and all groups below: of a group
 * that is only context it is read only where a limit makes it matter.
 */
static void observer_read(struct observer *o, const struct group *group, bool is_context,
			  struct group_reading *reading)
{
	_cleanup_fd_ int dir = group_open_directory(o->groups, group);
	uint32_t fields = o->plan.fields, costly = fields & GROUP_HAS_RECLAIMABLE, garbled;
	uint64_t doubtful_bytes = 0;

	if (dir < 0) {
		/* For want of a descriptor, perhaps. */
		misread_note_group(&o->misread, group, dir == -ENODEV ? 0 : GROUP_HAS_CURRENT);
		return;
	}
	garbled = memory_files_read(dir, fields & ~costly, reading, NULL);
	if (!is_context || reading_is_limited(reading))
		garbled |= memory_files_read(dir, costly, reading, &doubtful_bytes);
	if (doubtful_bytes > 0)
		observer_settle_doubt(o, group, dir, doubtful_bytes, reading);
	misread_note_group(&o->misread, group, garbled);
	/* Read at the next looks, too. */
	if (garbled)
		reading_plan_glance(&o->plan, group)->moved_usec = o->now_usec;
}

static bool observer_is_wanted(struct observer *o, const struct group *group,
			       enum attention attention, uint64_t now_usec)
{
	if (attention >= ATTENTION_GROUPS || !reading_plan_glance(&o->plan, group)->is_known ||
	    reading_plan_is_fresh(&o->plan, group, now_usec))
		return true;
	if (group->n_modules > 0 && attention >= ATTENTION_MODULES)
		return true;
	return (group->n_modules > 0 || attention >= ATTENTION_LIMITS) &&
	       reading_plan_is_limited(&o->plan, group, now_usec);
}

/* Ancestors first, each once a round. */
static void observer_list_group(struct observer *o, const struct group *group,
				enum attention attention, struct observation *observation)
{
	struct glance *glance = reading_plan_glance(&o->plan, group);
	struct group_reading *reading;
	bool is_context = group->flags & GROUP_IS_CONTEXT && attention < ATTENTION_GROUPS;

	if (group->slot == GROUP_SLOT_HOST || glance->round == o->round)
		return;
	observer_list_group(o, group_set_get(o->groups, group->parent_slot), attention,
			    observation);
	reading = observation_add_group(observation);
	if (!reading)
		return;
	observer_fill_identity(group, reading);
	observer_read(o, group, is_context, reading);
	tripwire_fill(o->tripwire, reading, observation->now_usec);
	reading_plan_learn(&o->plan, reading, observation->now_usec);
	glance->is_known = true;
	glance->round = o->round;
}

/* The host has no memory files of its own; its numbers are the machine's. */
static void observer_list_host(struct observer *o, struct observation *observation)
{
	const struct group *host = group_set_get(o->groups, GROUP_SLOT_HOST);
	struct group_reading *reading = observation_add_group(observation);

	if (!reading)
		return;
	observer_fill_identity(host, reading);
	if (observation->machine.has & MACHINE_HAS_STALL) {
		reading->has = GROUP_HAS_STALL;
		reading->some_usec = observation->machine.some_usec;
		reading->full_usec = observation->machine.full_usec;
	}
}

/* 0: there is no need. */
static void observer_look_later(struct observer *o, uint64_t at_usec)
{
	if (at_usec)
		sd_event_source_set_time(o->look_later, at_usec);
	sd_event_source_set_enabled(o->look_later, at_usec ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void observer_read_machine(struct observer *o, struct machine_reading *machine)
{
	misread_note_host(&o->misread, machine_read(o->machine, machine));
	if (!(machine->has & MACHINE_HAS_MEMORY))
		o->blind_until_usec = o->now_usec + DEGRADED_USEC;
	if (machine->has & MACHINE_IS_ESTIMATED)
		o->estimated_until_usec = o->now_usec + DEGRADED_USEC;
}

static uint64_t observer_earlier(uint64_t a_usec, uint64_t b_usec)
{
	return a_usec && b_usec ? u64_min(a_usec, b_usec) : a_usec + b_usec;
}

void observer_collect(struct observer *o, enum attention attention, struct observation *observation)
{
	uint64_t now_usec = observation->now_usec, look_again_usec;

	o->round++;
	o->now_usec = now_usec;
	misread_begin(&o->misread, now_usec);
	observer_read_machine(o, &observation->machine);
	if (tripwire_works(o->tripwire))
		observation->machine.has |= MACHINE_HAS_TRIPWIRE;
	tripwire_catch_up(o->tripwire);
	observation->covers |= OBSERVED_MACHINE;
	group_set_collect(o->groups, observation);
	observer_list_host(o, observation);
	look_again_usec = reading_plan_look_below(&o->plan, now_usec);
	group_set_foreach(o->groups, group)
		if (observer_is_wanted(o, group, attention, now_usec))
			observer_list_group(o, group, attention, observation);
	if (attention >= ATTENTION_GROUPS)
		observation->covers |= OBSERVED_GROUPS;
	look_again_usec = observer_earlier(look_again_usec, misread_end(&o->misread));
	observer_look_later(o, look_again_usec);
}

const struct group_reading *observer_look(struct observer *o, const struct group *group,
					  uint32_t wanted, uint64_t turn_usec)
{
	return looks_at(o->looks, group, wanted, turn_usec);
}

const struct machine_reading *observer_look_at_machine(struct observer *o, uint64_t turn_usec)
{
	return looks_at_machine(o->looks, turn_usec);
}

bool observer_look_at_growth(struct observer *o, const struct group *group, uint64_t turn_usec,
			     uint64_t *ret_bytes)
{
	if (looks_growth(o->looks, group, turn_usec, ret_bytes))
		return true;
	tripwire_catch_up(o->tripwire);
	return tripwire_lately(o->tripwire, group->slot, turn_usec, ret_bytes);
}

static int observer_add_timer(struct observer *o)
{
	int r;

	r = sd_event_add_time(o->event, &o->look_later, CLOCK_MONOTONIC, USEC_NEVER, 1000,
			      observer_on_look_later, o);
	if (r < 0)
		return r;
	sd_event_source_set_description(o->look_later, "look-below");
	r = sd_event_source_set_priority(o->look_later, KERNEL_EVENT_PRIORITY);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(o->look_later, SD_EVENT_OFF);
}

uint64_t observer_look_at(const struct observer *o)
{
	uint64_t usec;
	int enabled;

	if (sd_event_source_get_enabled(o->look_later, &enabled) < 0 || enabled == SD_EVENT_OFF ||
	    sd_event_source_get_time(o->look_later, &usec) < 0)
		return USEC_NEVER;
	return usec;
}

static int observer_build(struct observer *o, const struct observer_config *config)
{
	const struct cgroup_tree *tree = group_set_tree(o->groups);
	uint32_t fields = reading_plan_fields(tree);
	int r;

	r = reading_plan_init(&o->plan, o->groups, fields);
	if (r < 0)
		return r;
	r = machine_new(&o->machine, tree->proc, config->sys);
	if (r < 0)
		return r;
	o->proc_fd = open(tree->proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = looks_new(&o->looks, o->groups, o->machine, fields);
	if (r < 0)
		return r;
	r = observer_add_timer(o);
	if (r < 0)
		return r;
	r = pressure_watch_new(&o->watch, &(struct pressure_watch_config){
						  .event = o->event,
						  .groups = o->groups,
						  .profile = config->profile,
						  .stirred = observer_on_stirred,
						  .retried = observer_on_watch_retried,
						  .data = o,
					  });
	if (r < 0)
		return r;
	o->plan.watch = o->watch;
	r = tripwire_new(&o->tripwire, &(struct tripwire_config){
					       .event = o->event,
					       .groups = o->groups,
					       .probes = o->probes,
					       .spent = observer_on_spent,
					       .oom_victim = config->oom_victim,
					       .task_grew = config->task_grew,
					       .data = o,
					       .oom_victim_data = config->oom_victim_data,
					       .task_grew_data = config->task_grew_data,
				       });
	if (r < 0)
		return r;
	observer_count_triggers(o);
	return group_set_listen(o->groups, &(struct group_listener){
						   .added = observer_on_added,
						   .changed = observer_on_changed,
						   .removed = observer_on_removed,
						   .data = o,
					   });
}

int observer_new(struct observer **ret, const struct observer_config *config)
{
	_cleanup_(observer_free_cleanup) struct observer *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	o->proc_fd = -1;
	o->event = sd_event_ref(config->event);
	o->groups = config->groups;
	o->wake = config->wake;
	o->probes = config->probes;
	o->wanted_window_usec = config->profile->trigger_window_usec;
	r = observer_build(o, config);
	if (r < 0)
		return r;
	*ret = take_ptr(o);
	return 0;
}

struct observer *observer_free(struct observer *o)
{
	if (!o)
		return NULL;
	pressure_watch_free(o->watch);
	tripwire_free(o->tripwire);
	looks_free(o->looks);
	sd_event_source_disable_unref(o->look_later);
	sd_event_unref(o->event);
	machine_free(o->machine);
	fd_close(o->proc_fd);
	reading_plan_done(&o->plan);
	free(o);
	return NULL;
}

int observer_use_profile(struct observer *o, const struct profile *profile)
{
	o->wanted_window_usec = profile->trigger_window_usec;
	pressure_watch_use_profile(o->watch, profile);
	observer_count_triggers(o);
	return 0;
}

uint32_t observer_degradations(const struct observer *o)
{
	uint64_t window_usec = pressure_watch_window_usec(o->watch);
	uint32_t bits = o->probes ? probes_degradations(o->probes) : 0;

	if (window_usec == 0)
		bits |= DEGRADATION_NO_PSI;
	else if (window_usec != o->wanted_window_usec)
		bits |= DEGRADATION_SLOW_PSI;
	if (group_set_tree(o->groups)->mode != CGROUP_MODE_PURE)
		bits |= DEGRADATION_NO_MEMORY_CONTROLLER | DEGRADATION_NO_EVENTS;
	else if (pressure_watch_lacks_events(o->watch))
		bits |= DEGRADATION_NO_EVENTS;
	if (pressure_watch_is_starved(o->watch))
		bits |= DEGRADATION_STARVED;
	if (!group_set_is_followed(o->groups))
		bits |= DEGRADATION_NO_INOTIFY;
	if (group_set_unfollowed(o->groups)->n + group_set_unfollowed(o->groups)->n_more > 0)
		bits |= DEGRADATION_UNFOLLOWED;
	if (group_set_size(o->groups) == 1)
		bits |= DEGRADATION_NO_GROUPS;
	if (o->now_usec < o->blind_until_usec)
		bits |= DEGRADATION_NO_MEMORY_READING;
	if (o->now_usec < o->estimated_until_usec)
		bits |= DEGRADATION_ESTIMATED_MEMORY;
	return bits;
}

const struct observer_stats *observer_stats(struct observer *o)
{
	o->stats.n_kernel_events_lost = o->probes ? probes_n_lost(o->probes) : 0;
	return &o->stats;
}

enum growth_clock observer_growth_clock(const struct observer *o)
{
	return o->probes ? probes_clock(o->probes) : GROWTH_CLOCK_NONE;
}

void observer_group_stalls(const struct observer *o, uint32_t slot, uint64_t *ret_n,
			   uint64_t *ret_usec)
{
	*ret_n = 0;
	*ret_usec = 0;
	if (o->probes)
		probes_stalls(o->probes, slot, ret_n, ret_usec);
}

void observer_arm(struct observer *o, const struct decision *decision)
{
	tripwire_arm(o->tripwire, decision);
}
