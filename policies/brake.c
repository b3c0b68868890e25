/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Brake
 *
 *	used |                                      .        |   without: killed here
 *	     |             runs out    held      .           |
 *	     |                   . * - - - - *        . *
 *	     |                . *            :    . *
 *	fill |- - - - - - .* - - - - - - - - : *- - - -
 *	     |         . *                   *  let go
 *	     +------------------------------------------- time
 *	                         |<- answers ->|
 *
 * For whom: the host, or a group with a limit, read in this step. So much is used (Fill=), what is
 * left lasts no longer than TimeLeft= (or, to throttle, than the answers that are owed take) at a
 * growth that is sure (Confidence=), and its ladder asks somebody. Where nobody is asked, holding
 * would only put off the end.
 *
 * Whom: of the groups inside that have none below, the one that grows fastest. By itself it must
 * grow at a third of that speed: two that share a growth evenly, however roughly measured, are
 * above that, of three nobody is; and when the one who grows is not under control, no innocent is
 * held for it. A group that runs out alone is its own grower. Those protected or excluded, held
 * already or resting are passed over.
 *
 * Until: by what is left the level is low, and at the old speed that lasts until the next answer
 * comes, or nobody is asked and nobody owes an answer: relieved. Or a whole cycle of the ladder
 * gave nothing and nobody owes an answer: no help; while one gives, the next follows at once. Or
 * Hold= is over, holding failed, the profile has no brake now, a group is gone.
 *
 * How long the next answer takes is learned from the modules themselves (booking.c). A late one is
 * waited for as well: its module still works on it, waiting costs only the group that is held, and
 * letting go is a certain kill.
 *
 * Then it rests: a hold never becomes a halt. One that was relieved early may be held again in that
 * rest, for what is left of Hold=: another answer may still be on its way when it runs out again.
 *
 * Frozen tasks do not stall. Throttled ones do, and PSI says so of the group, of those above it and
 * of the host. That is no emergency of its own: a stall counts only where little is left (stall.c),
 * and there a level is on already. Letting go never looks at stalls. The memory.high of a throttled
 * group is our own, too: the group is judged by the one it had before.
 *
 * A module in a throttled group waits like the grower whenever it is charged, for program text that
 * must be read from the disk as well: with a cold page cache an answer due after 2 s came only when
 * the group was let go after 5. Then a hold ends by its time, and the answer comes after it.
 */

#include "policies/brake.h"

#include <assert.h>

#include "policies/booking.h"
#include "policies/exhaustion.h"
#include "policies/group_tree.h"
#include "policies/headroom.h"
#include "policies/ladder.h"
#include "policies/owed.h"

/* A grower has this part of the growth at least. */
#define GROWER_SHARE 3
/*
 * A throttled group goes on to take up to this part of its limit: with 6 % over memory.high the
 * kernel makes each 64 pages wait for two seconds, the longest it ever does.
 */
#define THROTTLE_LEAK 16
/* Nobody else is held inside a group this soon: first it must show what the first hold brought. */
#define APART_USEC (100 * USEC_PER_MSEC)
/* What is left of Hold= after a relief is worth another hold from this on: answers take longer. */
#define SPARE_LEAST_USEC (100 * USEC_PER_MSEC)
/* Nobody was seen growing: speeds measured from now on, over this time, tell who does. */
#define LOOK_AGAIN_USEC (20 * USEC_PER_MSEC)

static uint64_t brake_time_left_usec(const struct step *step, const struct group_state *group)
{
	return exhaustion_time_left(group, step->now_usec, step->profile->brake_confidence_bp);
}

static bool brake_is_fresh(const struct step *step, const struct group_state *group)
{
	bool seen = group->slot == GROUP_SLOT_HOST ? step_sees_machine(step)
						   : step_sees_group(step, group->slot);

	return seen && group->shortage.valid && group->shortage.total_bytes != BYTES_UNLIMITED;
}

/*
 * Whether it is time to hold. A frozen group takes nothing more: TimeLeft= before the end is early
 * enough. A throttled one goes on for a while; with little left that is too much. So it is held as
 * soon as what it leaves then will not last until the answers come that are owed, as far as their
 * modules are known.
 */
static bool brake_is_time(const struct step *step, const struct group_state *group,
			  enum brake brake)
{
	uint64_t left_usec = brake_time_left_usec(step, group), wait_usec, usable_bytes;
	const struct shortage *shortage = &group->shortage;

	if (left_usec <= step->profile->brake_usec)
		return true;
	if (brake == BRAKE_FREEZE || left_usec == USEC_NEVER)
		return false;
	wait_usec = u64_min(owed_wait_usec(step, group->slot, step->now_usec),
			    step->profile->brake_hold_usec);
	usable_bytes = u64_sub(shortage->headroom_bytes, shortage->total_bytes / THROTTLE_LEAK);
	return wait_usec > 0 &&
	       u64_muldiv(left_usec, usable_bytes, shortage->headroom_bytes) <= wait_usec;
}

static bool brake_runs_out(const struct step *step, const struct group_state *group)
{
	const struct shortage *shortage = &group->shortage;

	/* With nothing left nothing can be saved; and at a standstill that is a calm state. */
	return group->id != 0 && brake_is_fresh(step, group) && shortage->headroom_bytes > 0 &&
	       BP_ONE - bytes_ratio_bp(shortage->headroom_bytes, shortage->total_bytes) >=
		       step->profile->brake_fill_bp &&
	       brake_is_time(step, group, step->profile->brake);
}

static uint64_t brake_growth_of(const struct group_state *group)
{
	if (group->seen.has & GROUP_HAS_GROWTH)
		return group->seen.growth_bytes;
	return u64_max(group->shortage.growth_bytes, group->rise.growth_bytes);
}

/* How long it may be held from now on: after its rest for Hold=, before for what that left over. */
static uint64_t brake_hold_time(const struct step *step, const struct group_state *group)
{
	if (step->now_usec >= group->hold.rest_until_usec)
		return step->profile->brake_hold_usec;
	if (group->hold.spare_usec < SPARE_LEAST_USEC)
		return 0;
	return u64_min(group->hold.spare_usec, step->profile->brake_hold_usec);
}

static bool brake_is_exempt(const struct group_state *group)
{
	return group->seen.flags & (GROUP_IS_GONE | GROUP_IS_PROTECTED | GROUP_IS_CONTEXT |
				    GROUP_IS_UNBRAKED | GROUP_IS_EXCLUDED);
}

static bool brake_may_be_held(const struct step *step, const struct group_state *group)
{
	return step_sees_group(step, group->slot) && !brake_is_exempt(group) &&
	       group->hold.id == 0 && brake_hold_time(step, group) > 0;
}

static bool brake_was_just_held(const struct step *step, const struct group_state *group)
{
	return group->hold.id != 0 && step->now_usec < u64_add(group->hold.since_usec, APART_USEC);
}

struct grower {
	uint32_t slot; /* SLOT_NONE: nobody may be held, or not yet */
	bool is_clear;
};

/* The fastest of the groups inside, the older one of equals. */
static struct grower brake_fastest_inside(const struct step *step, const struct group_state *outer,
					  uint64_t growth_bytes)
{
	const struct state *state = step->state;
	struct grower best = { .slot = SLOT_NONE };
	uint64_t best_bytes = 0;

	for (uint32_t slot = 1; slot < state->n_groups_used; slot++) {
		const struct group_state *group = &state->groups[slot];
		uint64_t bytes = brake_growth_of(group);

		if (group->id == 0 || !group_tree_is_leaf(step->state, slot) ||
		    !group_tree_is_inside(state, slot, outer->slot))
			continue;
		if (brake_was_just_held(step, group))
			return (struct grower){ .slot = SLOT_NONE };
		if (!brake_may_be_held(step, group) ||
		    (best.slot != SLOT_NONE && bytes < best_bytes))
			continue;
		if (best.slot == SLOT_NONE || bytes > best_bytes ||
		    group->id < state->groups[best.slot].id)
			best.slot = slot;
		best_bytes = bytes;
	}
	best.is_clear = best.slot == outer->slot ||
			(best_bytes > 0 && best_bytes >= growth_bytes / GROWER_SHARE);
	return best;
}

/* What must be read to know who grows inside a group. */
static enum attention brake_attention_inside(const struct group_state *outer)
{
	return outer->slot == GROUP_SLOT_HOST ? ATTENTION_GROUPS : ATTENTION_LIMITS;
}

/* Nothing below it was seen, or it was not read itself: somebody in there is still to be read. */
static bool brake_is_unseen(const struct step *step, uint32_t slot)
{
	const struct group_state *group = &step->state->groups[slot];

	return group->id != 0 && group_tree_is_leaf(step->state, slot) &&
	       (!step_sees_group(step, slot) || (group->seen.flags & GROUP_IS_CONTEXT));
}

/* Whether all groups inside were read in this step; if not, asks for that as soon as possible. */
static bool brake_sees_inside(struct step *step, struct group_state *outer)
{
	uint32_t slot = 1;

	while (slot < step->state->n_groups_used &&
	       !(brake_is_unseen(step, slot) &&
		 group_tree_is_inside(step->state, slot, outer->slot)))
		slot++;
	if (slot == step->state->n_groups_used) {
		outer->brake_waits = false;
		return true;
	}
	step_attend(step, brake_attention_inside(outer));
	step_wake_at(step, u64_add(step->now_usec,
				   outer->brake_waits ? step->profile->sampling_min_usec : 0));
	outer->brake_waits = true;
	return false;
}

/* Frozen, a group could not give back what its modules hold. */
static enum brake brake_kind_for(const struct step *step, uint32_t slot)
{
	const struct state *state = step->state;

	if (step->profile->brake != BRAKE_AUTO)
		return step->profile->brake;
	for (uint32_t i = 0; i < state->n_modules_used; i++)
		if (state->modules[i].id != 0 && state->modules[i].seen.group_slot == slot)
			return BRAKE_THROTTLE;
	return BRAKE_FREEZE;
}

/* Returns: the entry of the decision, with what holding and letting go have in common, or NULL. */
static struct brake_change *brake_report(struct step *step, const struct group_state *group,
					 enum reason reason)
{
	const struct hold *hold = &group->hold;
	const struct group_state *outer =
		state_group(step->state, hold->short_slot, hold->short_id);
	struct brake_change *change = decision_add_brake(step->decision);

	if (!change)
		return NULL;
	change->id = hold->id;
	change->group_slot = group->slot;
	change->group_id = group->id;
	change->reason = reason;
	change->duration_usec = u64_sub(step->now_usec, hold->since_usec);
	change->until_usec = hold->until_usec;
	change->short_slot = hold->short_slot;
	change->short_id = hold->short_id;
	change->time_left_usec = USEC_NEVER;
	if (outer) {
		change->episode_id = outer->episode.id;
		change->time_left_usec = outer->shortage.time_left_usec;
		change->headroom_bytes = outer->shortage.headroom_bytes;
	}
	return change;
}

static void brake_hold(struct step *step, struct group_state *group,
		       const struct group_state *outer, uint64_t growth_bytes)
{
	struct hold before = group->hold;
	struct brake_change *change;

	group->hold = (struct hold){
		.id = step->state->next_action_id,
		.brake = brake_kind_for(step, group->slot),
		.reason = REASON_RUNAWAY,
		.short_slot = outer->slot,
		.short_id = outer->id,
		.since_usec = step->now_usec,
		.until_usec = u64_add(step->now_usec, brake_hold_time(step, group)),
		.growth_bytes = growth_bytes,
		.headroom_bytes = outer->shortage.headroom_bytes,
		.high_bytes = group->seen.high_bytes,
	};
	change = brake_report(step, group, group->hold.reason);
	if (!change) { /* no room to say it: then it is not done */
		group->hold = before;
		return;
	}
	change->brake = group->hold.brake;
	change->time_left_usec = brake_time_left_usec(step, outer);
	step->state->next_action_id++;
	step->state->n_held++;
	group->n_holds++;
}

/* No longer held, whatever reported it. */
static void brake_begin_rest(struct step *step, struct group_state *group, enum reason reason,
			     uint64_t spare_usec)
{
	assert(group->hold.id != 0 && step->state->n_held > 0);
	step->state->n_held--;
	group->hold = (struct hold){
		.reason = reason,
		.rest_until_usec = u64_add(step->now_usec, step->profile->brake_rest_usec),
		.spare_usec = spare_usec,
	};
}

static void brake_let_go(struct step *step, struct group_state *group, enum reason reason)
{
	uint64_t left_usec = u64_sub(group->hold.until_usec, step->now_usec);

	/* BRAKE_OFF is what a new entry says. */
	if (brake_report(step, group, reason))
		brake_begin_rest(step, group, reason, reason == REASON_RELIEVED ? left_usec : 0);
	else
		step_wake_at(step, step->now_usec); /* what carries it out has the same deadline */
}

void brake_forget(struct step *step, struct group_state *group)
{
	if (group->hold.id != 0) {
		brake_report(step, group, REASON_GROUP_GONE);
		brake_begin_rest(step, group, REASON_GROUP_GONE, 0);
	}
	group->hold = (struct hold){ 0 };
}

void brake_see_through(struct group_state *group)
{
	if (group->hold.id != 0 && group->hold.brake == BRAKE_THROTTLE)
		group->seen.high_bytes = group->hold.high_bytes;
}

void brake_mark_helped(struct state *state)
{
	for (uint32_t slot = 0; slot < state->n_groups_used; slot++)
		state->groups[slot].is_helped = false;
	for (uint32_t slot = 0; slot < state->n_groups_used; slot++)
		if (state->groups[slot].hold.id != 0)
			state->groups[state->groups[slot].hold.short_slot].is_helped = true;
}

static struct group_state *brake_find_held(struct state *state, uint64_t id)
{
	for (uint32_t slot = 1; slot < state->n_groups_used; slot++)
		if (state->groups[slot].hold.id == id)
			return &state->groups[slot];
	return NULL;
}

/* Outcomes of holds come only for those that were not carried out. */
static void brake_book_failures(struct step *step)
{
	for (size_t i = 0; i < step->observation->n_outcomes; i++) {
		const struct outcome *outcome = &step->observation->outcomes[i];
		struct group_state *group =
			outcome->action_id != 0 ? brake_find_held(step->state, outcome->action_id)
						: NULL;

		if (!group)
			continue;
		if (outcome->result == RESULT_DRY_RUN)
			brake_begin_rest(step, group, group->hold.reason, 0);
		else
			brake_let_go(step, group, REASON_FAILED);
	}
}

/* How long what is left must last: until the answers that are owed came, and a next one could. */
static uint64_t brake_time_needed(const struct profile *profile, uint64_t wait_usec)
{
	return u64_max(u64_max(profile->brake_usec, profile->rung_deadline_usec[RUNG_SHED]),
		       wait_usec);
}

/* Why to let go now; REASON_NONE: hold on. */
static enum reason brake_why_over(struct step *step, const struct group_state *group)
{
	const struct hold *hold = &group->hold;
	const struct group_state *outer =
		state_group(step->state, hold->short_slot, hold->short_id);
	uint64_t wait_usec;
	bool is_enough, is_better;

	if (!outer)
		return REASON_GROUP_GONE;
	if (step->profile->brake == BRAKE_OFF)
		return REASON_SWITCHED;
	/* Settings changed while it was held. */
	if (brake_is_exempt(group))
		return REASON_EXCLUDED;
	if (step->now_usec >= hold->until_usec)
		return REASON_HELD_LONG;
	if (!brake_is_fresh(step, outer))
		return REASON_NONE;
	is_better = outer->shortage.headroom_bytes > hold->headroom_bytes &&
		    headroom_level(step->profile, outer, LEVEL_CRITICAL) == LEVEL_LOW;
	wait_usec = owed_wait_usec(step, outer->slot, hold->since_usec);
	is_enough = outer->shortage.headroom_bytes >
		    u64_muldiv(hold->growth_bytes, brake_time_needed(step->profile, wait_usec),
			       USEC_PER_SEC);
	if (is_better && is_enough)
		return REASON_RELIEVED;
	if (ladder_go_on(step, outer->slot) || wait_usec > 0)
		return REASON_NONE;
	return is_better ? REASON_RELIEVED : REASON_NO_HELP;
}

static void brake_tend(struct step *step, struct group_state *group)
{
	enum reason reason = brake_why_over(step, group);

	if (reason != REASON_NONE) {
		brake_let_go(step, group, reason);
		return;
	}
	/* Others may give without being asked: look at the one that runs out now and then. */
	step->busy = true;
	if (group->hold.short_slot != GROUP_SLOT_HOST)
		step_attend(step, ATTENTION_LIMITS);
	step_wake_at(step, u64_min(group->hold.until_usec,
				   u64_add(step->now_usec, step->profile->sampling_min_usec)));
}

/* Whether anybody may give while this group is held; in its rest that must be on its way already.
 */
static bool brake_brings_something(struct step *step, const struct group_state *outer,
				   const struct group_state *grower)
{
	bool is_resting = step->now_usec < grower->hold.rest_until_usec;

	return owed_wait_usec(step, outer->slot, step->now_usec) > 0 ||
	       (!is_resting && ladder_go_on(step, outer->slot));
}

static void brake_hold_grower(struct step *step, struct group_state *outer)
{
	uint64_t growth_bytes;
	struct grower grower;

	if (!brake_sees_inside(step, outer))
		return;
	/* What is sure is the least it can be; what was seen last may be more. */
	growth_bytes = u64_max(brake_growth_of(outer),
			       u64_muldiv(outer->shortage.headroom_bytes, USEC_PER_SEC,
					  u64_max(brake_time_left_usec(step, outer), 1)));
	grower = brake_fastest_inside(step, outer, growth_bytes);
	if (grower.slot == SLOT_NONE)
		return;
	if (!grower.is_clear) {
		step_attend(step, brake_attention_inside(outer));
		step_wake_at(step, u64_add(step->now_usec, LOOK_AGAIN_USEC));
		return;
	}
	if (!brake_is_time(step, outer, brake_kind_for(step, grower.slot)))
		return;
	if (brake_brings_something(step, outer, &step->state->groups[grower.slot]))
		brake_hold(step, &step->state->groups[grower.slot], outer, growth_bytes);
}

void brake_run(struct step *step)
{
	struct state *state = step->state;
	bool is_marked = false;

	brake_book_failures(step);
	for (uint32_t slot = 0; slot < state->n_groups_used; slot++) {
		struct group_state *group = &state->groups[slot];

		if (step->profile->brake == BRAKE_OFF || !brake_runs_out(step, group))
			continue;
		if (!is_marked)
			group_tree_mark_parents(step->state);
		is_marked = true;
		brake_hold_grower(step, group);
	}
	for (uint32_t slot = 1; slot < state->n_groups_used; slot++)
		if (state->groups[slot].hold.id != 0)
			brake_tend(step, &state->groups[slot]);
}
