/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watch the tops, look down when one moves
 *
 *    memory.events of system.slice moves  ─▶  read memory.events of each group below, once:
 *                                             what differs from the last time is of interest
 *
 * Such a look costs about 10 us a group, and under steady pressure the kernel calls up to a hundred
 * times a second. So a look is followed by a pause of twenty times its own length: three groups
 * are looked at every time, a thousand a few times a second, and neither takes more than 5 % of a
 * CPU.
 */

#include "controller/observe/reading_plan.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "controller/observe/memory_files.h"

/* Pressure comes in waves of seconds; a group is read on until it was still for this long. */
#define FRESH_USEC	 (10 * USEC_PER_SEC)
#define LOOK_PAUSE_RATIO 20
/* Tops that found no place among the watched are looked below this often instead. */
#define UNWATCHED_LOOK_USEC (10 * USEC_PER_SEC)
/*
 * Limits change by hand, which may be noticed late and is costly to look for each time; and at the
 * start of a unit, when systemd makes its cgroup first and sets the limits a moment later. So they
 * are read again after as long as the group has been known, and this long at most.
 */
#define LIMITS_USEC (10 * USEC_PER_SEC)
/* Less than this lost between two looks, and the group took no part in the stall. */
#define STALL_MOVED_USEC 1000

uint32_t reading_plan_fields(const struct cgroup_tree *tree)
{
	if (tree->mode != CGROUP_MODE_PURE)
		return GROUP_HAS_STALL;
	return GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_HIGH | GROUP_HAS_RECLAIMABLE |
	       GROUP_HAS_SWAP | GROUP_HAS_SWAP_LIMIT | GROUP_HAS_STALL | GROUP_HAS_EVENTS;
}

int reading_plan_init(struct reading_plan *i, struct group_set *groups, uint32_t fields)
{
	*i = (struct reading_plan){ .groups = groups, .fields = fields };
	i->glances = calloc(group_set_max(groups), sizeof(*i->glances));
	return i->glances ? 0 : -ENOMEM;
}

void reading_plan_done(struct reading_plan *i)
{
	free(i->glances);
	i->glances = NULL;
}

void reading_plan_stir(struct reading_plan *i, uint32_t slot, enum stir stir, uint64_t now_usec)
{
	i->glances[slot].stirs |= stir;
	i->glances[slot].moved_usec = now_usec;
}

bool reading_is_limited(const struct group_reading *reading)
{
	return (reading->has & GROUP_HAS_LIMIT && reading->limit_bytes != BYTES_UNLIMITED) ||
	       (reading->has & GROUP_HAS_HIGH && reading->high_bytes != BYTES_UNLIMITED);
}

static void reading_plan_glance_see_events(struct glance *glance, uint64_t n_events,
					   uint64_t now_usec)
{
	if (glance->is_known && n_events != glance->n_events)
		glance->moved_usec = now_usec;
	glance->n_events = n_events;
}

static void reading_plan_glance_see_stall(struct glance *glance, uint64_t some_usec,
					  uint64_t now_usec)
{
	if (glance->is_known && some_usec >= glance->some_usec + STALL_MOVED_USEC)
		glance->moved_usec = now_usec;
	glance->some_usec = some_usec;
}

void reading_plan_learn(struct reading_plan *i, const struct group_reading *reading,
			uint64_t now_usec)
{
	struct glance *glance = &i->glances[reading->slot];

	if (reading->has & GROUP_HAS_EVENTS && reading->n_high != COUNT_UNKNOWN &&
	    reading->n_max != COUNT_UNKNOWN && reading->n_oom_kill != COUNT_UNKNOWN)
		reading_plan_glance_see_events(
			glance, reading->n_high + reading->n_max + reading->n_oom_kill, now_usec);
	if (reading->has & GROUP_HAS_STALL && reading->some_usec != COUNT_UNKNOWN)
		glance->some_usec = reading->some_usec;
	if (reading->has & (GROUP_HAS_LIMIT | GROUP_HAS_HIGH)) {
		glance->is_limited = reading_is_limited(reading);
		glance->limits_usec = now_usec;
		if (glance->limits_first_usec == 0)
			glance->limits_first_usec = now_usec;
	}
}

static bool reading_plan_is_top(const struct group *group)
{
	return group->parent_slot == GROUP_SLOT_HOST;
}

static const struct group *reading_plan_parent_of(struct reading_plan *i, const struct group *group)
{
	return group_set_get(i->groups, group->parent_slot);
}

static const struct group *reading_plan_top_of(struct reading_plan *i, const struct group *group)
{
	while (!reading_plan_is_top(group))
		group = reading_plan_parent_of(i, group);
	return group;
}

static void reading_plan_look_at(struct reading_plan *i, const struct group *group, uint8_t stirs,
				 uint64_t now_usec)
{
	_cleanup_fd_ int dir = group_open_directory(i->groups, group);
	struct glance *glance = reading_plan_glance(i, group);
	struct memory_events events;
	uint64_t some_usec, full_usec;

	if (dir < 0)
		return;
	/* A counter that cannot be read now is looked at with the next stir. */
	if (stirs & STIR_EVENTS && memory_events_read(dir, &events) >= 0)
		reading_plan_glance_see_events(
			glance, events.n_high + events.n_max + events.n_oom_kill, now_usec);
	if (stirs & STIR_STALL && memory_pressure_read(dir, &some_usec, &full_usec) >= 0)
		reading_plan_glance_see_stall(glance, some_usec, now_usec);
}

/* Tops without a watched memory.events are taken to have stirred now and then. */
static bool reading_plan_any_top_stirred(struct reading_plan *i, uint64_t now_usec)
{
	bool overdue = now_usec >= i->unwatched_look_usec, any = false;

	group_set_foreach(i->groups, group) {
		struct glance *glance = reading_plan_glance(i, group);

		if (!reading_plan_is_top(group))
			continue;
		if (overdue && i->fields & GROUP_HAS_EVENTS &&
		    !(pressure_watch_covers(i->watch, group) & STIR_EVENTS))
			glance->stirs |= STIR_EVENTS;
		any |= glance->stirs != 0;
	}
	if (overdue)
		i->unwatched_look_usec = now_usec + UNWATCHED_LOOK_USEC;
	return any;
}

static void reading_plan_look_below_all(struct reading_plan *i, uint64_t now_usec)
{
	group_set_foreach(i->groups, group) {
		const struct group *top;

		/* One never listed is about to be read as a whole. */
		if (group->slot == GROUP_SLOT_HOST || !reading_plan_glance(i, group)->is_known)
			continue;
		top = reading_plan_top_of(i, group);
		if (group != top && reading_plan_glance(i, top)->stirs)
			reading_plan_look_at(i, group, reading_plan_glance(i, top)->stirs,
					     now_usec);
	}
	group_set_foreach(i->groups, group)
		reading_plan_glance(i, group)->stirs = 0;
}

static uint64_t reading_plan_clock_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t reading_plan_look_below(struct reading_plan *i, uint64_t now_usec)
{
	uint64_t start_usec;

	if (!reading_plan_any_top_stirred(i, now_usec))
		return 0;
	if (now_usec < i->next_look_usec)
		return i->next_look_usec;
	start_usec = reading_plan_clock_usec();
	reading_plan_look_below_all(i, now_usec);
	i->next_look_usec = now_usec + LOOK_PAUSE_RATIO * (reading_plan_clock_usec() - start_usec);
	return 0;
}

bool reading_plan_is_fresh(struct reading_plan *i, const struct group *group, uint64_t now_usec)
{
	const struct glance *glance = reading_plan_glance(i, group);

	return glance->moved_usec && now_usec < glance->moved_usec + FRESH_USEC;
}

static bool reading_plan_limits_are_fresh(const struct glance *glance, uint64_t now_usec)
{
	uint64_t known_usec = glance->limits_usec - glance->limits_first_usec;

	return glance->limits_usec &&
	       now_usec <= glance->limits_usec + u64_min(known_usec, LIMITS_USEC);
}

static void reading_plan_refresh_limits(struct reading_plan *i, const struct group *group,
					uint64_t now_usec)
{
	const struct glance *glance = reading_plan_glance(i, group);
	struct group_reading reading = { .slot = group->slot };
	_cleanup_fd_ int dir = -1;

	if (reading_plan_limits_are_fresh(glance, now_usec))
		return;
	dir = group_open_directory(i->groups, group);
	if (dir < 0)
		return;
	/* What cannot be understood is said when the group is read as a whole. */
	memory_files_read(dir, GROUP_HAS_LIMIT | GROUP_HAS_HIGH, &reading, NULL);
	reading_plan_learn(i, &reading, now_usec);
}

bool reading_plan_is_limited(struct reading_plan *i, const struct group *group, uint64_t now_usec)
{
	if (!(i->fields & GROUP_HAS_LIMIT))
		return false;
	for (; group->slot != GROUP_SLOT_HOST; group = reading_plan_parent_of(i, group)) {
		reading_plan_refresh_limits(i, group, now_usec);
		if (reading_plan_glance(i, group)->is_limited)
			return true;
	}
	return false;
}
