/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Judgement
 *
 *	headroom ----+
 *	exhaustion --+-- strongest --> judged level --+-- strongest, with dwell --> level
 *	stall -------+                                |
 *	event -------+      judged levels of the groups above (not of the host)
 *
 * A group is judged by its own limit. When a limit above it binds, the group above has the
 * episode and the ladder; those below show its level, so that a service in a short slice knows,
 * but nothing is done twice. The host's shortage is the host's level alone.
 */

#include "policies/judgement.h"
#include "policies/exhaustion.h"
#include "policies/group_tree.h"
#include "policies/headroom.h"
#include "policies/hysteresis.h"
#include "policies/ladder.h"
#include "policies/stall.h"

/* In this order the reason is named when several ask for the same level. */
static const struct policy {
	enum level (*level)(const struct profile *profile, const struct group_state *group,
			    enum level current);
	enum signal signal;
	enum reason reason;
} policies[] = {
	{ headroom_level, SIGNAL_HEADROOM, REASON_HEADROOM_LOW },
	{ exhaustion_level, SIGNAL_EXHAUSTION, REASON_TIME_SHORT },
	{ stall_level, SIGNAL_STALL, REASON_STALLED },
	{ stall_event_level, SIGNAL_EVENT, REASON_LIMIT_REACHED },
};

void judgement_form(struct step *step, struct group_state *group)
{
	/* Those that only show a level from above have not entered it themselves. */
	enum level current = group->episode.id != 0 ? group->level : group->judged_level;

	if (!group->shortage.valid)
		return; /* not known: what was judged before still holds */
	group->judged_level = LEVEL_LOW;
	group->signals = 0;
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		enum level level = policies[i].level(step->profile, group, current);

		if (level > LEVEL_LOW)
			group->signals |= 1U << policies[i].signal;
		if (level <= group->judged_level)
			continue;
		group->judged_level = level;
		group->signal = policies[i].signal;
		group->reason = policies[i].reason;
	}
}

const struct group_state *judgement_strongest_above(const struct state *state,
						    const struct group_state *group)
{
	const struct group_state *strongest = group;
	uint32_t slot = group->slot;

	for (int depth = 0; depth < GROUP_DEPTH_MAX; depth++) {
		slot = group_tree_parent(state, slot);
		if (slot == SLOT_NONE || slot == GROUP_SLOT_HOST || slot >= state->n_groups_used)
			break;
		if (state->groups[slot].judged_level > strongest->judged_level)
			strongest = &state->groups[slot];
	}
	return strongest;
}

static void judgement_report_change(struct step *step, const struct group_state *group,
				    enum level old_level, enum reason reason, uint64_t episode_id)
{
	struct level_change *change = decision_add_level_change(step->decision);

	if (!change)
		return;
	change->group_slot = group->slot;
	change->group_id = group->id;
	change->episode_id = episode_id;
	change->old_level = old_level;
	change->new_level = group->level;
	change->signal = group->signal;
	change->attribution = group->attribution;
	change->reason = reason;
	change->is_news = group->episode.id != 0 && group->level > group->episode.peak_level;
	change->headroom_bytes = group->shortage.headroom_bytes;
	change->time_left_usec = group->shortage.time_left_usec;
}

static void judgement_episode_begin(struct step *step, struct group_state *group)
{
	group->episode = (struct episode){
		.id = step->state->next_episode_id++,
		.started_usec = step->now_usec,
	};
	step->state->n_episodes++;
}

static void judgement_episode_end(struct step *step, struct group_state *group, enum reason reason)
{
	struct episode_report *report;

	ladder_close_of_group(step, group->slot, reason);
	report = decision_add_episode(step->decision);
	if (report) {
		report->episode_id = group->episode.id;
		report->group_slot = group->slot;
		report->group_id = group->id;
		report->peak_level = group->episode.peak_level;
		report->duration_usec = step->now_usec - group->episode.started_usec;
		report->n_requests = group->episode.n_requests;
		for (int rung = 0; rung < N_RUNGS; rung++)
			report->measured_bytes[rung] = group->episode.measured_bytes[rung];
	}
	group->episode = (struct episode){ 0 };
}

/*
 * A group inside is short by its own limit, or the kernel killed in here a moment ago: tasks wait
 * for the memory of that group, and that is no input/output.
 */
static bool judgement_is_short_inside(const struct step *step, const struct group_state *group)
{
	const struct state *state = step->state;

	if (group->kills.seen_usec != 0 &&
	    step->now_usec - group->kills.seen_usec < step->profile->dwell_usec)
		return true;
	for (uint32_t slot = 1; slot < state->n_groups_used; slot++)
		if (slot != group->slot && state->groups[slot].judged_level > LEVEL_LOW &&
		    group_tree_is_inside(state, slot, group->slot))
			return true;
	return false;
}

/* Whose shortage it is, as far as this group's readings tell. */
static enum attribution judgement_attribution_of(const struct step *step,
						 const struct group_state *group)
{
	if (group->level > LEVEL_LOW)
		return group->slot == GROUP_SLOT_HOST ? ATTRIBUTION_HOST : ATTRIBUTION_OWN_LIMIT;
	if (!stall_is_io(step->profile, group)) {
		/* Input and output come in waves: the word stays for the dwell time. */
		bool fading = group->attribution == ATTRIBUTION_IO &&
			      step->now_usec - group->io_seen_usec < step->profile->dwell_usec;
		return fading ? ATTRIBUTION_IO : ATTRIBUTION_NONE;
	}
	/* A group that stalls while the host is short waits for the host's memory. */
	if (group->slot != GROUP_SLOT_HOST && !group->limit_hit &&
	    state_host(step->state)->level > LEVEL_LOW)
		return ATTRIBUTION_HOST;
	return judgement_is_short_inside(step, group) ? ATTRIBUTION_NONE : ATTRIBUTION_IO;
}

/* Names the attribution of a group whose level did not change; the first sign of io is told. */
static void judgement_attribute(struct step *step, struct group_state *group)
{
	enum attribution attribution = judgement_attribution_of(step, group);

	if (attribution == ATTRIBUTION_IO && stall_is_io(step->profile, group))
		group->io_seen_usec = step->now_usec;
	if (attribution == group->attribution)
		return;
	group->attribution = attribution;
	if (group->level == LEVEL_LOW)
		group->signal = attribution == ATTRIBUTION_NONE ? SIGNAL_NONE : SIGNAL_STALL;
	if (attribution == ATTRIBUTION_IO)
		judgement_report_change(step, group, group->level, REASON_IO_ONLY, 0);
}

static void judgement_change_level(struct step *step, struct group_state *group,
				   const struct group_state *source, enum level level)
{
	enum level old_level = group->level;
	uint64_t episode_id = group->episode.id ? group->episode.id : source->episode.id;

	group->level = level;
	group->level_since_usec = step->now_usec;
	group->is_below = false;
	if (level > old_level) {
		group->signal = source->signal;
		group->reason = source->reason;
	} else {
		group->reason = REASON_RECOVERED;
		if (level == LEVEL_LOW)
			group->signal = SIGNAL_NONE;
	}
	group->attribution = judgement_attribution_of(step, group);
	group->io_seen_usec = step->now_usec;
	judgement_report_change(step, group, old_level, group->reason, episode_id);
}

/* What to show of the judgement, the dwell time observed. */
static enum level judgement_level_to_show(const struct step *step, struct group_state *group,
					  enum level judged, bool fresh)
{
	if (judged >= group->level) {
		group->is_below = false;
		return judged;
	}
	if (!fresh)
		return group->level; /* nothing new is known: do not claim that it is over */
	if (!group->is_below)
		group->below_since_usec = step->now_usec;
	group->is_below = true;
	return hysteresis_step(group->level, group->below_since_usec, judged, step->now_usec,
			       step->profile->dwell_usec);
}

static void judgement_publish_one(struct step *step, struct group_state *group)
{
	const struct group_state *source = judgement_strongest_above(step->state, group);
	bool fresh = group->slot == GROUP_SLOT_HOST ? step_sees_machine(step)
						    : step_sees_group(step, group->slot);

	enum level level = judgement_level_to_show(step, group, source->judged_level, fresh);

	if (level != group->level)
		judgement_change_level(step, group, source, level);
	else if (fresh)
		judgement_attribute(step, group);
	if (group->episode.id == 0)
		return;
	if (group->level > group->episode.peak_level)
		group->episode.peak_level = group->level;
	if (group->level == LEVEL_LOW)
		judgement_episode_end(step, group, REASON_CALM_AGAIN);
}

void judgement_publish(struct step *step)
{
	struct group_state *groups = step->state->groups;

	/* Episodes first: a group below names the one above. The host first among them. */
	for (uint32_t slot = 0; slot < step->state->n_groups_used; slot++) {
		struct group_state *group = &groups[slot];

		if (group->judged_level > LEVEL_LOW && group->episode.id == 0)
			judgement_episode_begin(step, group);
		if (group->episode.id != 0 && !group->episode.has_ladder)
			group->episode.has_ladder = ladder_open_for_episode(step, group);
	}
	for (uint32_t slot = 0; slot < step->state->n_groups_used; slot++)
		if (groups[slot].id != 0)
			judgement_publish_one(step, &groups[slot]);
}

void judgement_end(struct step *step, struct group_state *group, enum reason reason)
{
	enum level old_level = group->level;
	uint64_t episode_id = group->episode.id;

	if (episode_id != 0)
		judgement_episode_end(step, group, reason);
	if (old_level == LEVEL_LOW)
		return;
	group->level = LEVEL_LOW;
	judgement_report_change(step, group, old_level, reason, episode_id);
}
