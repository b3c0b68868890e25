/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Members
 *
 * A slot that shows another id than before holds a new thing: the old one is gone, its open
 * requests end as `gone`, its ladder ends, and the record starts from zero.
 */

#include <string.h>

#include "policies/booking.h"
#include "policies/brake.h"
#include "policies/headroom.h"
#include "policies/judgement.h"
#include "policies/ladder.h"
#include "policies/members.h"
#include "policies/stall.h"

/* memory.current moves in batches of up to 256 KiB a processor: a shorter time tells nothing. */
#define RISE_LEAST_USEC (20 * USEC_PER_MSEC)

/* What cannot be given back, and how fast that grew since it was looked at before. */
static void members_see_rise(struct rise *rise, uint64_t used_bytes, uint64_t now_usec)
{
	uint64_t span_usec = u64_sub(now_usec, rise->since_usec);

	if (span_usec < RISE_LEAST_USEC)
		return;
	rise->growth_bytes = 0;
	if (rise->since_usec != 0)
		rise->growth_bytes =
			u64_muldiv(u64_sub(used_bytes, rise->since_bytes), USEC_PER_SEC, span_usec);
	rise->since_usec = now_usec;
	rise->since_bytes = used_bytes;
}

static void members_see_machine(struct step *step)
{
	struct state *state = step->state;
	struct group_state *host = &state->groups[GROUP_SLOT_HOST];
	const struct machine_reading *machine = &step->observation->machine;

	if (!(step->observation->covers & OBSERVED_MACHINE))
		return;
	state->machine = *machine;
	if (machine->has & MACHINE_HAS_STALL)
		stall_add(step->profile, host, machine->some_usec, machine->full_usec,
			  step->now_usec);
}

/* Once the groups are seen, since what they may not swap out counts. */
static void members_see_host(struct step *step)
{
	struct state *state = step->state;
	struct group_state *host = &state->groups[GROUP_SLOT_HOST];
	struct shortage *shortage = &host->shortage;

	if (!(step->observation->covers & OBSERVED_MACHINE))
		return;
	headroom_of_host(&state->machine, headroom_stuck(state), shortage);
	if (shortage->valid)
		members_see_rise(&host->rise,
				 u64_sub(BYTES_UNLIMITED, u64_add(shortage->headroom_bytes,
								  shortage->useless_bytes)),
				 step->now_usec);
}

/* What could not be read this time is taken not to have moved. */
static void members_keep_count(uint64_t *count, uint64_t seen)
{
	if (*count == COUNT_UNKNOWN)
		*count = seen;
}

static void members_keep_counts(struct group_reading *reading, const struct group_reading *seen)
{
	bool had_events = seen->has & GROUP_HAS_EVENTS;

	if (!(reading->has & GROUP_HAS_EVENTS))
		return;
	members_keep_count(&reading->n_high, had_events ? seen->n_high : COUNT_UNKNOWN);
	members_keep_count(&reading->n_max, had_events ? seen->n_max : COUNT_UNKNOWN);
	members_keep_count(&reading->n_oom_kill, had_events ? seen->n_oom_kill : COUNT_UNKNOWN);
}

static void members_forget_group(struct step *step, struct group_state *group)
{
	uint32_t slot = group->slot;

	booking_end_group(step, slot);
	brake_forget(step, group);
	judgement_end(step, group, REASON_GROUP_GONE);
	ladder_close_of_group(step, slot, REASON_GROUP_GONE);
	memset(group, 0, sizeof(*group));
	group->slot = slot;
}

static void members_see_readings(struct step *step, struct group_state *group,
				 const struct group_reading *reading)
{
	const struct group_reading before = group->seen;
	bool both_have_events = (before.has & reading->has & GROUP_HAS_EVENTS) != 0;

	group->parent_slot = reading->parent_slot;
	group->seen = *reading;
	members_keep_counts(&group->seen, &before);
	group->limit_hit = both_have_events && before.n_max != COUNT_UNKNOWN &&
			   group->seen.n_max > before.n_max;
	brake_see_through(group);
	group->seen_usec = step->now_usec;
	group->seen_step = step->state->n_steps;
	if (group->slot == GROUP_SLOT_HOST)
		return; /* the machine's readings speak for the host */
	headroom_of_group(&group->seen, &group->shortage);
	if (reading->has & GROUP_HAS_CURRENT)
		members_see_rise(
			&group->rise,
			u64_sub(reading->current_bytes, reading->has & GROUP_HAS_RECLAIMABLE
								? reading->reclaimable_bytes
								: 0),
			step->now_usec);
	if (reading->has & GROUP_HAS_STALL)
		stall_add(step->profile, group, reading->some_usec, reading->full_usec,
			  step->now_usec);
}

static void members_see_group(struct step *step, const struct group_reading *reading)
{
	struct state *state = step->state;
	struct group_state *group;

	if (reading->slot >= state->limits.max_groups || reading->id == 0)
		return;
	group = &state->groups[reading->slot];
	if (group->id != 0 && group->id != reading->id && reading->slot != GROUP_SLOT_HOST)
		members_forget_group(step, group);
	group->id = reading->id;
	group->slot = reading->slot;
	if (reading->slot >= state->n_groups_used)
		state->n_groups_used = reading->slot + 1;
	members_see_readings(step, group, reading);
}

void members_see_groups(struct step *step)
{
	const struct observation *observation = step->observation;

	members_see_machine(step);
	for (size_t i = 0; i < observation->n_groups; i++)
		members_see_group(step, &observation->groups[i]);
	members_see_host(step);
}

void members_forget_gone_groups(struct step *step)
{
	for (size_t i = 0; i < step->observation->n_groups; i++) {
		const struct group_reading *reading = &step->observation->groups[i];

		if (!(reading->flags & GROUP_IS_GONE) || reading->slot == GROUP_SLOT_HOST ||
		    !state_group(step->state, reading->slot, reading->id))
			continue;
		members_forget_group(step, &step->state->groups[reading->slot]);
	}
}

static void members_forget_module(struct step *step, uint32_t slot)
{
	booking_end_module(step, slot);
	memset(&step->state->modules[slot], 0, sizeof(step->state->modules[slot]));
}

static void members_see_module(struct step *step, const struct module_reading *reading)
{
	struct state *state = step->state;
	struct module_state *module;

	if (reading->slot >= state->limits.max_modules || reading->id == 0)
		return;
	module = &state->modules[reading->slot];
	if (module->id != reading->id) {
		if (module->id != 0)
			members_forget_module(step, reading->slot);
		module->id = reading->id;
		module->yield_bp = BP_ONE; /* believed until measured */
		if (reading->slot >= state->n_modules_used)
			state->n_modules_used = reading->slot + 1;
		ladder_hear_of_module(step, reading->group_slot);
	}
	module->seen = *reading;
	module->seen_step = state->n_steps;
}

void members_see_modules(struct step *step)
{
	const struct observation *observation = step->observation;
	struct state *state = step->state;

	for (size_t i = 0; i < observation->n_modules; i++)
		members_see_module(step, &observation->modules[i]);
	if (!(observation->covers & OBSERVED_MODULES))
		return;
	for (uint32_t slot = 0; slot < state->n_modules_used; slot++)
		if (state->modules[slot].id != 0 &&
		    state->modules[slot].seen_step != state->n_steps)
			members_forget_module(step, slot);
}
