/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Ladder
 *
 *	                 +--------- settle, longer after cycles that gave nothing ---------+
 *	                 v                                                                  |
 *	warn --------> shed --missed--> unload --missed--> reclaim --> (end of the cycle) --+
 *	at each rise     |                |                  |                              |
 *	of the level     +--- goal met ---+------------------+------------------------------+
 *
 * A cycle begins at shed with a goal in bytes. A rung sends its requests and waits until all are
 * answered or late. What counts is what was measured; on a miss the cycle climbs to the next rung
 * in the same step. Rungs are passed over, and reported, when nobody qualifies or when they gave
 * nothing earlier in the episode; a rung above what the profile allows at this level ends the
 * cycle. A further rise of the level starts a new cycle at once, with every rung tried again.
 *
 * Before requests go out the observation must cover those who may be asked, so that the measure
 * starts from fresh counters: if it does not, the ladder asks for a wider one and waits a step.
 *
 * What is asked for is what is missing: up to the threshold to leave medium, and what grows until
 * the next cycle, the growth of the modules themselves left out (own_growth.c). When nothing is
 * missing nothing is asked for, and each further look may find that something is.
 *
 * An order climbs the same ladder once, without level or episode, with the rules of medium. It gets
 * what it asked for and no more: a rung is repeated for what is still missing, after a pause in
 * which memory that comes back late is seen. What left the modules counts as given, even where the
 * cgroup shows it later. A late answer is waited for as long as it is owed, all of them for Hold=.
 */

#include "policies/ladder.h"
#include "policies/booking.h"
#include "policies/exhaustion.h"
#include "policies/goal.h"
#include "policies/group_tree.h"
#include "policies/headroom.h"
#include "policies/owed.h"
#include "policies/own_growth.h"
#include "policies/rung.h"

/* An order stays on a rung that gave at least this, so often at most: then it climbs. */
#define REPEAT_MIN_BYTES (256 * KIB)
#define REPEATS_MAX	 8
/* Until it is known whether others than the modules grow. */
#define LOOK_AGAIN_USEC (20 * USEC_PER_MSEC)

static uint32_t ladder_rung_bit(enum rung rung)
{
	return 1U << rung;
}

static uint32_t ladder_index_of(const struct step *step, const struct ladder *ladder)
{
	return (uint32_t)(ladder - step->state->ladders);
}

static struct group_state *ladder_group_of(const struct step *step, const struct ladder *ladder)
{
	return &step->state->groups[ladder->group_slot];
}

/* Nothing but growth tells of a shortage yet: what grows may be the very caches. */
static bool ladder_only_warns(const struct step *step, const struct ladder *ladder)
{
	const struct group_state *group = ladder_group_of(step, ladder);

	return ladder->order_id == 0 && ladder->level == LEVEL_MEDIUM &&
	       group->slot != GROUP_SLOT_HOST && group->signal == SIGNAL_EXHAUSTION &&
	       exhaustion_is_roomy(step->profile, group);
}

static enum rung ladder_max_rung(const struct step *step, const struct ladder *ladder)
{
	if (ladder->order_id != 0)
		return ladder->order_max_rung;
	if (ladder_only_warns(step, ladder))
		return RUNG_WARN;
	return step->profile->max_rung[ladder->level];
}

static struct rung_report *ladder_report(struct step *step, const struct ladder *ladder,
					 enum rung rung, enum reason reason)
{
	struct rung_report *entry = decision_add_rung(step->decision);

	if (!entry)
		return NULL;
	entry->episode_id = ladder->episode_id;
	entry->order_id = ladder->order_id;
	entry->group_slot = ladder->group_slot;
	entry->group_id = ladder->group_id;
	entry->rung = rung;
	entry->reason = reason;
	return entry;
}

/* Reports a rung that was passed over, once per reason and level. */
static void ladder_report_skip(struct step *step, struct ladder *ladder, enum rung rung,
			       enum reason reason)
{
	static const enum reason reasons[] = { REASON_NOBODY_TO_ASK, REASON_NO_EFFECT_BEFORE,
					       REASON_NOT_AT_THIS_LEVEL, REASON_EXCLUDED };
	uint32_t kind = 0, bit;

	while (reasons[kind] != reason)
		kind++;
	bit = 1U << (rung + N_RUNGS * kind);
	if (ladder->told[ladder->level] & bit)
		return;
	ladder->told[ladder->level] |= bit;
	ladder_report(step, ladder, rung, reason);
}

static void ladder_warn(struct step *step, const struct ladder *ladder)
{
	struct rung_report *entry;

	if (!rung_warn(step, ladder))
		return;
	entry = ladder_report(step, ladder, RUNG_WARN, REASON_LEVEL_ROSE);
	if (entry)
		entry->n_requests = 1;
}

/* Returns: whether the rung is on now; false when nobody qualifies. */
static bool ladder_start_rung(struct step *step, struct ladder *ladder, enum rung rung)
{
	uint32_t n_sent;

	ladder->goal_bytes = goal_of(step, ladder);
	n_sent = rung_send(step, ladder, rung, &ladder->asked_all);
	if (n_sent == 0)
		return false;
	ladder->rung = rung;
	ladder->rung_started_usec = step->now_usec;
	ladder->deadline_usec = u64_add(step->now_usec, step->profile->rung_deadline_usec[rung]);
	ladder->claimed_bytes = 0;
	ladder->measured_bytes = 0;
	ladder->left_bytes = 0;
	ladder->n_requests = n_sent;
	ladder->n_open = n_sent;
	ladder->n_late = 0;
	if (ladder->order_id == 0)
		ladder_group_of(step, ladder)->episode.n_requests += n_sent;
	return true;
}

/* Asks for a wider observation at once; if that does not come, again after a while. */
static void ladder_wait_for_more(struct step *step, struct ladder *ladder, enum rung rung)
{
	uint64_t pause_usec = ladder->waiting ? step->profile->sampling_min_usec : 1;

	ladder->waiting = true;
	ladder->next_rung = rung;
	ladder->next_cycle_usec = step->now_usec;
	step_wake_at(step, u64_add(step->now_usec, pause_usec));
	step_attend(step, rung_attention(rung));
}

static void ladder_close_ladder(struct step *step, struct ladder *ladder)
{
	struct order_report *entry;

	booking_leave_ladder(step->state, ladder_index_of(step, ladder));
	ladder->active = false;
	if (ladder->order_id == 0)
		return;
	entry = decision_add_order(step->decision);
	if (entry) {
		entry->order_id = ladder->order_id;
		entry->claimed_bytes = ladder->total_claimed_bytes;
		entry->measured_bytes = ladder->total_measured_bytes;
		entry->duration_usec = step->now_usec - ladder->started_usec;
	}
}

/* The next cycle begins at shed after a pause; an order has only one cycle. */
static void ladder_end_cycle(struct step *step, struct ladder *ladder)
{
	if (ladder->order_id != 0) {
		ladder_close_ladder(step, ladder);
		return;
	}
	if (ladder->cycle_measured_bytes > 0)
		ladder->n_barren = 0;
	else
		ladder->n_barren++;
	ladder->cycle_measured_bytes = 0;
	ladder->next_rung = RUNG_SHED;
	ladder->next_reason = REASON_STILL_SHORT;
	ladder->next_cycle_usec = u64_add(step->now_usec, goal_pause(step, ladder));
}

/* Nothing is missing now: a further look may find that something is, and begins at shed. */
static void ladder_be_content(struct step *step, struct ladder *ladder)
{
	ladder->is_content = true;
	if (ladder->next_rung > RUNG_SHED) {
		ladder->next_rung = RUNG_SHED;
		ladder->next_reason = REASON_STILL_SHORT;
	}
	ladder->next_cycle_usec = step->now_usec;
	step_wake_at(step, u64_add(step->now_usec, ladder->others_known ? step->profile->settle_usec
									: LOOK_AGAIN_USEC));
}

/* Goes up from next_rung to the first rung that can be started. */
static void ladder_climb(struct step *step, struct ladder *ladder)
{
	ladder->is_content = false;
	if (ladder->order_id != 0 && goal_order_is_met(ladder)) {
		ladder_end_cycle(step, ladder); /* it came back late */
		return;
	}
	for (enum rung rung = ladder->next_rung; rung < N_RUNGS; rung++) {
		if (rung > ladder_max_rung(step, ladder)) {
			if (ladder->order_id == 0)
				ladder_report_skip(step, ladder, rung, REASON_NOT_AT_THIS_LEVEL);
			if (ladder_only_warns(step, ladder)) {
				ladder_be_content(step, ladder);
				return;
			}
			break;
		}
		if (ladder->spent_rungs & ladder_rung_bit(rung)) {
			ladder_report_skip(step, ladder, rung, REASON_NO_EFFECT_BEFORE);
			continue;
		}
		if (!rung_is_covered(step, rung)) {
			ladder_wait_for_more(step, ladder, rung);
			return;
		}
		ladder->waiting = false;
		if (goal_of(step, ladder) == 0) {
			ladder_be_content(step, ladder);
			return;
		}
		if (ladder_start_rung(step, ladder, rung))
			return;
		ladder_report_skip(step, ladder, rung,
				   rung_is_excluded(step, ladder, rung) ? REASON_EXCLUDED
									: REASON_NOBODY_TO_ASK);
	}
	ladder_end_cycle(step, ladder);
}

static bool ladder_rung_is_hidden(const struct step *step, const struct ladder *ladder)
{
	return goal_is_hidden(step, ladder, ladder->claimed_bytes, ladder->rung_started_usec);
}

/* Reports the rung that stands and takes the ladder off it. */
static void ladder_leave_rung(struct step *step, struct ladder *ladder, enum reason reason)
{
	struct rung_report *entry = ladder_report(step, ladder, ladder->rung, reason);
	struct group_state *group = ladder_group_of(step, ladder);

	if (entry) {
		entry->n_requests = ladder->n_requests;
		entry->n_late = ladder->n_late;
		entry->goal_bytes = ladder->goal_bytes;
		entry->claimed_bytes = ladder->claimed_bytes;
		entry->measured_bytes = ladder->measured_bytes;
		entry->duration_usec = step->now_usec - ladder->rung_started_usec;
	}
	ladder->total_claimed_bytes = u64_add(ladder->total_claimed_bytes, ladder->claimed_bytes);
	ladder->total_measured_bytes =
		u64_add(ladder->total_measured_bytes, ladder->measured_bytes);
	/* Without swap reclaim only drops cache, which was available before: no reason to hurry. */
	if (ladder->rung != RUNG_RECLAIM ||
	    headroom_swap_gain(&step->state->machine, headroom_stuck(step->state)) > 0)
		ladder->cycle_measured_bytes =
			u64_add(ladder->cycle_measured_bytes, ladder_rung_is_hidden(step, ladder)
								      ? ladder->claimed_bytes
								      : goal_gave(ladder));
	if (ladder->order_id == 0)
		group->episode.measured_bytes[ladder->rung] = u64_add(
			group->episode.measured_bytes[ladder->rung], ladder->measured_bytes);
	ladder->rung = RUNG_NONE;
}

/* An order goes on: on the same rung while that gives, or others have not been asked, else above.
 */
static void ladder_go_on_with_order(struct step *step, struct ladder *ladder, enum rung rung)
{
	bool gave = goal_gave(ladder) >= REPEAT_MIN_BYTES;

	ladder->next_reason = REASON_ORDERED;
	ladder->next_cycle_usec = step->now_usec;
	if ((gave || !ladder->asked_all) && ladder->n_repeats < REPEATS_MAX) {
		ladder->n_repeats++;
		ladder->next_rung = rung;
	} else {
		ladder->n_repeats = 0;
		ladder->next_rung = rung + 1;
	}
	/* What was claimed may come back late, and is then not asked for again. */
	if (ladder->total_claimed_bytes > goal_order_got(ladder))
		ladder->next_cycle_usec = u64_add(step->now_usec, step->profile->settle_usec);
}

static bool ladder_rung_is_met(const struct ladder *ladder)
{
	return u64_add(goal_gave(ladder), goal_slack(ladder->goal_bytes)) >= ladder->goal_bytes;
}

/*
 * Until when the rung that stands waits; a time that has passed: it is over. What is owed to an
 * order is on its way, and would come on top of what others gave in its place. For that it waits as
 * long as Hold= in all.
 */
static uint64_t ladder_rung_ends_usec(const struct step *step, const struct ladder *ladder)
{
	uint64_t patience_usec = u64_sub(step->profile->brake_hold_usec, ladder->waited_usec);

	if (ladder->n_open > 0) /* past the deadline those are open that are looked at again */
		return step->now_usec < ladder->deadline_usec ? ladder->deadline_usec : USEC_NEVER;
	if (ladder->order_id == 0 || ladder_rung_is_met(ladder))
		return 0;
	return u64_min(owed_to_ladder_usec(step, ladder_index_of(step, ladder)),
		       u64_add(ladder->deadline_usec, patience_usec));
}

/* All have answered or are late: met, or on to the next rung. */
static void ladder_end_rung(struct step *step, struct ladder *ladder)
{
	bool met = ladder_rung_is_met(ladder);
	enum rung rung = ladder->rung;

	/* Others may still have something: the next cycle asks them first. */
	if (goal_gave(ladder) == 0 && ladder->asked_all && !ladder_rung_is_hidden(step, ladder))
		ladder->spent_rungs |= ladder_rung_bit(rung);
	ladder->waited_usec =
		u64_add(ladder->waited_usec, u64_sub(step->now_usec, ladder->deadline_usec));
	ladder_leave_rung(step, ladder, met ? REASON_GOAL_MET : REASON_GOAL_MISSED);
	if (ladder->order_id != 0) {
		met |= goal_order_is_met(ladder);
		if (!met)
			ladder_go_on_with_order(step, ladder, rung);
	} else {
		met |= ladder_group_of(step, ladder)->judged_level == LEVEL_LOW;
		ladder->next_rung = rung + 1;
		ladder->next_reason = REASON_GOAL_MISSED;
		ladder->next_cycle_usec = step->now_usec;
	}
	if (met || ladder->next_rung >= N_RUNGS)
		ladder_end_cycle(step, ladder);
}

/* Forgets what had no effect and begins a cycle at once, unless one is under way. */
static void ladder_begin_anew(struct step *step, struct ladder *ladder, enum reason reason)
{
	ladder->spent_rungs = 0;
	ladder->n_barren = 0;
	if (ladder->rung != RUNG_NONE || ladder->next_cycle_usec <= step->now_usec)
		return;
	ladder->next_rung = RUNG_SHED;
	ladder->next_reason = reason;
	ladder->next_cycle_usec = step->now_usec;
}

/* Follows the level of the ladder's group; a rise is answered at once. */
static void ladder_follow_level(struct step *step, struct ladder *ladder)
{
	const struct group_state *group = ladder_group_of(step, ladder);

	if (group->judged_level > LEVEL_LOW)
		ladder->level = group->judged_level;
	if (group->level > ladder->risen_level) {
		ladder->risen_level = group->level;
		ladder_warn(step, ladder);
		ladder_begin_anew(step, ladder, REASON_LEVEL_ROSE);
	}
	ladder->risen_level = group->level;
}

/* Whether there is something to do at all now: calm groups only wait for their dwell time. */
static bool ladder_is_wanted(const struct step *step, const struct ladder *ladder)
{
	const struct group_state *group = ladder_group_of(step, ladder);

	return ladder->order_id != 0 || (group->judged_level > LEVEL_LOW && group->shortage.valid);
}

static void ladder_run(struct step *step, struct ladder *ladder)
{
	if (ladder->order_id == 0) {
		ladder_follow_level(step, ladder);
		own_growth_follow(step, ladder);
	}
	goal_see_what_left(step, ladder);
	if (ladder->rung != RUNG_NONE && ladder_rung_ends_usec(step, ladder) <= step->now_usec)
		ladder_end_rung(step, ladder);
	if (ladder->active && ladder->rung == RUNG_NONE && ladder_is_wanted(step, ladder) &&
	    step->now_usec >= ladder->next_cycle_usec)
		ladder_climb(step, ladder);
	if (!ladder->active)
		return;
	if (ladder->rung != RUNG_NONE) {
		step->busy = true;
		step_wake_at(step, ladder_rung_ends_usec(step, ladder));
		step_attend(step, rung_attention(ladder->rung));
	} else if (ladder_is_wanted(step, ladder)) {
		step->busy = true;
		if (!ladder->waiting && !ladder->is_content)
			step_wake_at(step, ladder->next_cycle_usec);
		step_attend(step, ATTENTION_MODULES);
	}
}

void ladder_run_all(struct step *step)
{
	for (uint32_t i = 0; i < step->state->limits.max_ladders; i++)
		if (step->state->ladders[i].active)
			ladder_run(step, &step->state->ladders[i]);
}

static struct ladder *ladder_of_episode(struct state *state, uint32_t group_slot)
{
	for (uint32_t i = 0; i < state->limits.max_ladders; i++) {
		struct ladder *ladder = &state->ladders[i];

		if (ladder->active && ladder->order_id == 0 && ladder->group_slot == group_slot)
			return ladder;
	}
	return NULL;
}

bool ladder_go_on(struct step *step, uint32_t group_slot)
{
	struct ladder *ladder = ladder_of_episode(step->state, group_slot);

	if (!ladder)
		return false;
	if (ladder->rung != RUNG_NONE)
		return true;
	if (!ladder_is_wanted(step, ladder) || ladder_only_warns(step, ladder))
		return false;
	if (ladder->waiting)
		return true;
	if (ladder->n_barren > 0 || goal_of(step, ladder) == 0)
		return false;
	ladder->next_cycle_usec = u64_min(ladder->next_cycle_usec, step->now_usec);
	step_wake_at(step, step->now_usec);
	return true;
}

void ladder_close_of_group(struct step *step, uint32_t group_slot, enum reason reason)
{
	for (uint32_t i = 0; i < step->state->limits.max_ladders; i++) {
		struct ladder *ladder = &step->state->ladders[i];

		if (!ladder->active || ladder->group_slot != group_slot ||
		    (ladder->order_id != 0 && reason != REASON_GROUP_GONE))
			continue;
		if (ladder->rung != RUNG_NONE)
			ladder_leave_rung(step, ladder, reason);
		ladder_close_ladder(step, ladder);
	}
}

void ladder_hear_of_module(struct step *step, uint32_t group_slot)
{
	for (uint32_t i = 0; i < step->state->limits.max_ladders; i++) {
		struct ladder *ladder = &step->state->ladders[i];

		if (ladder->active && ladder->order_id == 0 &&
		    group_tree_is_inside(step->state, group_slot, ladder->group_slot))
			ladder_begin_anew(step, ladder, REASON_STILL_SHORT);
	}
}
