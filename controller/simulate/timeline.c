/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/timeline.h"

#include <inttypes.h>
#include <stdarg.h>

#include "controller/base/parse.h"

struct text {
	char s[48];
};

static const char *timeline_bytes_text(uint64_t bytes, struct text *text)
{
	return format_bytes(bytes, text->s, sizeof(text->s));
}

static const char *timeline_usec_text(uint64_t usec, struct text *text)
{
	return format_usec(usec, text->s, sizeof(text->s));
}

const char *timeline_name(const struct timeline *t, uint32_t group_slot, uint32_t module_slot)
{
	bool is_module = module_slot != SLOT_NONE;
	const char *const *names = is_module ? t->module_names : t->group_names;
	size_t n_names = is_module ? t->n_module_names : t->n_group_names;
	uint32_t slot = is_module ? module_slot : group_slot;

	if (!is_module && slot == GROUP_SLOT_HOST)
		return "host";
	return slot < n_names && names ? names[slot] : NULL;
}

static const char *timeline_name_of(const struct timeline *t, uint32_t group_slot,
				    uint32_t module_slot, struct text *text)
{
	const char *name = timeline_name(t, group_slot, module_slot);

	if (name)
		return name;
	if (module_slot == SLOT_NONE)
		snprintf(text->s, sizeof(text->s), "group %" PRIu32, group_slot);
	else
		snprintf(text->s, sizeof(text->s), "module %" PRIu32, module_slot);
	return text->s;
}

static const char *timeline_group_name(const struct timeline *t, uint32_t slot, struct text *text)
{
	return timeline_name_of(t, slot, SLOT_NONE, text);
}

/* Who an action is about: the module, or the group where there is none. */
static const char *timeline_target_name(const struct timeline *t, const struct action *a,
					struct text *text)
{
	return timeline_name_of(t, a->group_slot, a->module_slot, text);
}

void timeline_say(struct timeline *timeline, uint64_t now_usec, const char *who, const char *format,
		  ...)
{
	uint64_t usec = u64_sub(now_usec, timeline->start_usec);
	va_list ap;

	fprintf(timeline->out, "%6llu.%03llus  %-12s ", usec / USEC_PER_SEC,
		usec % USEC_PER_SEC / USEC_PER_MSEC, who);
	va_start(ap, format);
	vfprintf(timeline->out, format, ap);
	va_end(ap);
	fputc('\n', timeline->out);
}

static void timeline_print_finish(struct timeline *t, uint64_t now_usec, const struct finish *f)
{
	struct text who, measured, claimed, duration;

	t->n_late += f->result == RESULT_LATE;
	timeline_say(t, now_usec, timeline_target_name(t, &f->action, &who),
		     "answers %s after %s: %s measured, %s claimed", result_name(f->result),
		     timeline_usec_text(f->duration_usec, &duration),
		     timeline_bytes_text(f->measured_bytes, &measured),
		     timeline_bytes_text(f->claimed_bytes, &claimed));
}

static void timeline_print_level(struct timeline *t, uint64_t now_usec,
				 const struct level_change *c)
{
	struct text who, left, time;
	const char *name = timeline_group_name(t, c->group_slot, &who);

	if (c->group_slot == GROUP_SLOT_HOST && c->new_level > t->peak_level)
		t->peak_level = c->new_level;
	if (c->old_level == c->new_level) {
		timeline_say(t, now_usec, name, "%s: attribution %s", reason_name(c->reason),
			     attribution_name(c->attribution));
		return;
	}
	timeline_say(t, now_usec, name, "level %s -> %s: %s (%s), %s left, time left %s",
		     level_name(c->old_level), level_name(c->new_level), reason_name(c->reason),
		     attribution_name(c->attribution),
		     timeline_bytes_text(c->headroom_bytes, &left),
		     timeline_usec_text(c->time_left_usec, &time));
}

static void timeline_print_rung(struct timeline *t, uint64_t now_usec, const struct rung_report *r)
{
	struct text who, measured, goal, duration;
	const char *name = timeline_group_name(t, r->group_slot, &who);

	if (r->rung == RUNG_WARN)
		return; /* its action says all */
	if (r->n_requests == 0) {
		timeline_say(t, now_usec, name, "%s skipped: %s", rung_name(r->rung),
			     reason_name(r->reason));
		return;
	}
	timeline_say(t, now_usec, name,
		     "%s: %s, %s of %s in %s, %" PRIu32 " asked, %" PRIu32 " late",
		     rung_name(r->rung), reason_name(r->reason),
		     timeline_bytes_text(r->measured_bytes, &measured),
		     timeline_bytes_text(r->goal_bytes, &goal),
		     timeline_usec_text(r->duration_usec, &duration), r->n_requests, r->n_late);
}

static void timeline_print_action(struct timeline *t, uint64_t now_usec, const struct action *a)
{
	struct text who, bytes, within;
	const char *name = timeline_target_name(t, a, &who);

	t->n_actions++;
	if (a->rung == RUNG_WARN) {
		timeline_say(t, now_usec, name, "warn: told that the level is %s",
			     level_name(a->level));
		return;
	}
	t->n_requests++;
	t->asked_bytes = u64_add(t->asked_bytes, a->bytes);
	timeline_say(t, now_usec, name, "%s %s (%s, %s), within %s", rung_name(a->rung),
		     timeline_bytes_text(a->bytes, &bytes), level_name(a->level),
		     reason_name(a->reason),
		     timeline_usec_text(a->deadline_usec - a->started_usec, &within));
}

static void timeline_print_brake(struct timeline *t, uint64_t now_usec,
				 const struct brake_change *b)
{
	struct text who, outer, time, left, most;
	const char *name = timeline_group_name(t, b->group_slot, &who);

	if (b->brake == BRAKE_OFF) {
		timeline_say(t, now_usec, name, "let go: %s", reason_name(b->reason));
		return;
	}
	t->n_holds++;
	timeline_say(t, now_usec, name, "held (%s): %s, %s has %s left for %s; for %s at most",
		     brake_name(b->brake), reason_name(b->reason),
		     timeline_group_name(t, b->short_slot, &outer),
		     timeline_bytes_text(b->headroom_bytes, &left),
		     timeline_usec_text(b->time_left_usec, &time),
		     timeline_usec_text(b->until_usec - now_usec, &most));
}

static void timeline_print_episode(struct timeline *t, uint64_t now_usec,
				   const struct episode_report *e)
{
	struct text who, duration, shed, unload, reclaim;

	timeline_say(
		t, now_usec, timeline_group_name(t, e->group_slot, &who),
		"episode %" PRIu64 " over after %s: peak %s, shed gave %s, unload %s, reclaim %s",
		e->episode_id, timeline_usec_text(e->duration_usec, &duration),
		level_name(e->peak_level), timeline_bytes_text(e->measured_bytes[RUNG_SHED], &shed),
		timeline_bytes_text(e->measured_bytes[RUNG_UNLOAD], &unload),
		timeline_bytes_text(e->measured_bytes[RUNG_RECLAIM], &reclaim));
}

void timeline_print(struct timeline *timeline, uint64_t now_usec, const struct decision *d)
{
	struct text who, bytes;

	for (size_t i = 0; i < d->n_finishes; i++)
		timeline_print_finish(timeline, now_usec, &d->finishes[i]);
	for (size_t i = 0; i < d->n_level_changes; i++)
		timeline_print_level(timeline, now_usec, &d->level_changes[i]);
	for (size_t i = 0; i < d->n_actions; i++)
		if (d->actions[i].rung == RUNG_WARN)
			timeline_print_action(timeline, now_usec, &d->actions[i]);
	for (size_t i = 0; i < d->n_brakes; i++)
		timeline_print_brake(timeline, now_usec, &d->brakes[i]);
	for (size_t i = 0; i < d->n_rungs; i++)
		timeline_print_rung(timeline, now_usec, &d->rungs[i]);
	for (size_t i = 0; i < d->n_actions; i++)
		if (d->actions[i].rung != RUNG_WARN)
			timeline_print_action(timeline, now_usec, &d->actions[i]);
	for (size_t i = 0; i < d->n_episodes; i++)
		timeline_print_episode(timeline, now_usec, &d->episodes[i]);
	for (size_t i = 0; i < d->n_orders; i++) {
		snprintf(who.s, sizeof(who.s), "order %" PRIu64, d->orders[i].order_id);
		timeline_say(timeline, now_usec, who.s, "over: %s measured",
			     timeline_bytes_text(d->orders[i].measured_bytes, &bytes));
	}
	if (d->n_dropped > 0)
		timeline_say(timeline, now_usec, "decision", "%" PRIu32 " entries found no room",
			     d->n_dropped);
}

void timeline_sum_up(const struct timeline *timeline, uint64_t claimed_bytes,
		     uint64_t measured_bytes)
{
	struct text claimed, measured;

	fprintf(timeline->out,
		"In all: host at most %s, %" PRIu32 " requests, %" PRIu32
		" late, %s claimed, %s measured.\n",
		level_name(timeline->peak_level), timeline->n_requests, timeline->n_late,
		timeline_bytes_text(claimed_bytes, &claimed),
		timeline_bytes_text(measured_bytes, &measured));
	if (timeline->n_holds > 0)
		fprintf(timeline->out, "Held still: %" PRIu32 ".\n", timeline->n_holds);
}
