/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record is a sentence for people and fields for programs. Whoever has the daemon's stderr
 * elsewhere than in the journal (no systemd, a terminal) gets the sentences there.
 */

#include "controller/publish/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/journal_record.h"
#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/base/printable.h"
#include "controller/groups/unit_name.h"
#include "controller/publish/message_ids.h"

/* Fit format_bytes() and format_usec(). */
#define BYTES_TEXT 16
#define USEC_TEXT  32
/* Of a cgroup whose name must be escaped; what is longer is cut in the sentence anyway. */
#define SHOWN_PATH_SIZE 256

/* What a record is about. */
struct subject {
	const char *cgroup; /* "" when the group is long gone */
	char unit[256];	    /* "" when it belongs to none */
	const struct module *module;
	char name[384]; /* for the sentence; cut where it is longer */
	char path[SHOWN_PATH_SIZE];
};

static void subject_of_group(struct subject *subject, struct group_set *groups, uint32_t slot,
			     uint64_t id)
{
	const struct group *group = group_set_get(groups, slot);
	bool here = group && group->id == id;

	*subject = (struct subject){ .cgroup = here ? group->shown : "" };
	if (!here) {
		snprintf(subject->name, sizeof(subject->name), "a group that is gone");
		return;
	}
	if (!unit_name_from_path(group->path, subject->unit, sizeof(subject->unit)))
		subject->unit[0] = '\0';
	if (slot == GROUP_SLOT_HOST)
		snprintf(subject->name, sizeof(subject->name), "the host");
	else
		snprintf(subject->name, sizeof(subject->name), "%.255s", group->shown + 1);
}

static void subject_of_action(struct subject *subject, const struct action *action,
			      struct group_set *groups, struct registry *registry)
{
	const struct module *module;

	subject_of_group(subject, groups, action->group_slot, action->group_id);
	if (action->module_slot == SLOT_NONE)
		return;
	module = registry_get(registry, action->module_slot);
	if (!module || module->id != action->module_id) {
		snprintf(subject->name, sizeof(subject->name), "module %" PRIu64 " (gone)",
			 action->module_id);
		return;
	}
	subject->module = module;
	if (module->owner->client.unit[0])
		strcpy(subject->unit, module->owner->client.unit);
	snprintf(subject->name, sizeof(subject->name), "%s \"%s\" of %.255s",
		 module_kind_name(module->description.kind), module->description.name,
		 subject->unit[0] ? subject->unit
				  : printable(module->owner->client.cgroup, subject->path,
					      sizeof(subject->path)));
}

static void add_subject(struct journal_record *record, const struct subject *subject)
{
	journal_record_add(record, "CGROUP", subject->cgroup);
	journal_record_add(record, "OBJECT_SYSTEMD_UNIT", subject->unit);
	if (!subject->module)
		return;
	journal_record_add_number(record, "MODULE", subject->module->id);
	journal_record_add(record, "MODULE_NAME", subject->module->description.name);
}

/* Ids are counted from 1; 0 is "none". */
static void add_id(struct journal_record *record, const char *key, uint64_t id)
{
	if (id != 0)
		journal_record_add_number(record, key, id);
}

/* Levels */

/* "is high, was low: 80M left, gone in 1.6s at this growth"; without a limit of its own, only the
 * first part; "stays low", only otherwise attributed. */
static const char *level_text(const struct level_change *change, char *buf, size_t size)
{
	char left[BYTES_TEXT], time_left[USEC_TEXT], growth[USEC_TEXT + 32] = "";
	int n;

	if (change->new_level == change->old_level) {
		snprintf(buf, size, "stays %s", level_name(change->new_level));
		return buf;
	}
	if (change->time_left_usec != USEC_NEVER)
		snprintf(growth, sizeof(growth), ", gone in %s at this growth",
			 format_usec(change->time_left_usec, time_left, sizeof(time_left)));
	n = snprintf(buf, size, "is %s, was %s", level_name(change->new_level),
		     level_name(change->old_level));
	if (change->headroom_bytes != BYTES_UNLIMITED)
		snprintf(buf + n, size - (size_t)n, ": %s left%s",
			 format_bytes(change->headroom_bytes, left, sizeof(left)), growth);
	return buf;
}

static void write_level_change(const struct level_change *change, struct group_set *groups)
{
	static const int priorities[N_LEVELS] = { LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_WARNING };
	struct journal_record record;
	struct subject subject;
	char text[128];

	subject_of_group(&subject, groups, change->group_slot, change->group_id);
	journal_record_init(&record, MESSAGE_ID_LEVEL_CHANGED, priorities[change->new_level],
			    "Memory of %s %s. %s", subject.name,
			    level_text(change, text, sizeof(text)),
			    reason_sentence(change->reason));
	add_subject(&record, &subject);
	journal_record_add(&record, "LEVEL", level_name(change->new_level));
	journal_record_add(&record, "OLD_LEVEL", level_name(change->old_level));
	journal_record_add(&record, "SIGNAL", signal_name(change->signal));
	journal_record_add(&record, "ATTRIBUTION", attribution_name(change->attribution));
	journal_record_add(&record, "REASON", reason_name(change->reason));
	if (change->headroom_bytes != BYTES_UNLIMITED)
		journal_record_add_number(&record, "HEADROOM_BYTES", change->headroom_bytes);
	if (change->time_left_usec != USEC_NEVER)
		journal_record_add_number(&record, "TIME_LEFT_USEC", change->time_left_usec);
	add_id(&record, "EPISODE_ID", change->episode_id);
	journal_record_write(&record);
}

/* Actions */

static void add_action(struct journal_record *record, const struct action *action,
		       const struct subject *subject, bool dry_run)
{
	add_subject(record, subject);
	journal_record_add(record, "RUNG", rung_name(action->rung));
	journal_record_add(record, "LEVEL", level_name(action->level));
	journal_record_add(record, "ATTRIBUTION", attribution_name(action->attribution));
	journal_record_add(record, "REASON", reason_name(action->reason));
	journal_record_add_number(record, "ASKED_BYTES", action->bytes);
	journal_record_add_number(record, "ACTION_ID", action->id);
	add_id(record, "EPISODE_ID", action->episode_id);
	add_id(record, "ORDER_ID", action->order_id);
	if (dry_run)
		journal_record_add(record, "DRY_RUN", "1");
}

static void write_start(const struct action *action, struct group_set *groups,
			struct registry *registry, bool dry_run)
{
	char bytes[BYTES_TEXT], timeout[USEC_TEXT], what[96] = "";
	struct journal_record record;
	struct subject subject;

	subject_of_action(&subject, action, groups, registry);
	if (action->bytes > 0)
		snprintf(what, sizeof(what), " %s within %s",
			 format_bytes(action->bytes, bytes, sizeof(bytes)),
			 format_usec(u64_sub(action->deadline_usec, action->started_usec), timeout,
				     sizeof(timeout)));
	journal_record_init(&record, MESSAGE_ID_ACTION_STARTED, LOG_INFO, "%s%s: %s%s. %s",
			    dry_run ? "Dry run, not done: " : "", subject.name,
			    rung_name(action->rung), what, reason_sentence(action->reason));
	add_action(&record, action, &subject, dry_run);
	journal_record_write(&record);
}

static void write_finish(const struct finish *finish, struct group_set *groups,
			 struct registry *registry, bool dry_run)
{
	const struct action *action = &finish->action;
	bool late = finish->result == RESULT_LATE;
	char asked[BYTES_TEXT], claimed[BYTES_TEXT], measured[BYTES_TEXT], duration[USEC_TEXT];
	struct journal_record record;
	struct subject subject;

	subject_of_action(&subject, action, groups, registry);
	journal_record_init(&record, late ? MESSAGE_ID_ACTION_LATE : MESSAGE_ID_ACTION_FINISHED,
			    late || finish->result == RESULT_FAILED ? LOG_WARNING : LOG_INFO,
			    "%s: %s %s after %s%s%s: %s freed, %s claimed, %s asked", subject.name,
			    rung_name(action->rung), result_name(finish->result),
			    format_usec(finish->duration_usec, duration, sizeof(duration)),
			    finish->error < 0 ? ", " : "",
			    finish->error < 0 ? strerror(-finish->error) : "",
			    format_bytes(finish->measured_bytes, measured, sizeof(measured)),
			    format_bytes(finish->claimed_bytes, claimed, sizeof(claimed)),
			    format_bytes(action->bytes, asked, sizeof(asked)));
	add_action(&record, action, &subject, dry_run);
	journal_record_add(&record, "RESULT", result_name(finish->result));
	journal_record_add_number(&record, "CLAIMED_BYTES", finish->claimed_bytes);
	journal_record_add_number(&record, "MEASURED_BYTES", finish->measured_bytes);
	journal_record_add_number(&record, "DURATION_USEC", finish->duration_usec);
	if (finish->error < 0)
		journal_record_add_number(&record, "ERRNO", (uint64_t)-finish->error);
	journal_record_write(&record);
}

/* Rungs, episodes, orders */

static const char *rung_message_id(enum reason reason)
{
	switch (reason) {
	case REASON_GOAL_MET:
		return MESSAGE_ID_RUNG_MET;
	case REASON_GOAL_MISSED:
		return MESSAGE_ID_RUNG_MISSED;
	case REASON_NO_EFFECT_BEFORE:
	case REASON_NOBODY_TO_ASK:
	case REASON_EXCLUDED:
	case REASON_NOT_AT_THIS_LEVEL:
	case REASON_TOO_MANY:
		return MESSAGE_ID_RUNG_SKIPPED;
	default:
		return MESSAGE_ID_RUNG_STOPPED;
	}
}

/* "80M freed, 96M claimed, of 64M wanted, by 3 requests (1 late) in 1.2s. "; "" for a skipped one.
 */
static const char *rung_effect(const struct rung_report *report, char *buf, size_t size)
{
	char goal[BYTES_TEXT], claimed[BYTES_TEXT], measured[BYTES_TEXT], duration[USEC_TEXT];

	if (report->goal_bytes == 0 && report->n_requests == 0)
		return "";
	snprintf(buf, size, "%s freed, %s claimed, of %s wanted, by %u requests (%u late) in %s. ",
		 format_bytes(report->measured_bytes, measured, sizeof(measured)),
		 format_bytes(report->claimed_bytes, claimed, sizeof(claimed)),
		 format_bytes(report->goal_bytes, goal, sizeof(goal)), report->n_requests,
		 report->n_late, format_usec(report->duration_usec, duration, sizeof(duration)));
	return buf;
}

/* Of warn the action's own record says all there is. */
static void write_rung(const struct rung_report *report, struct group_set *groups)
{
	struct journal_record record;
	struct subject subject;
	char effect[192];

	if (report->rung == RUNG_WARN)
		return;
	subject_of_group(&subject, groups, report->group_slot, report->group_id);
	journal_record_init(&record, rung_message_id(report->reason), LOG_INFO,
			    "Rung %s for %s: %s%s", rung_name(report->rung), subject.name,
			    rung_effect(report, effect, sizeof(effect)),
			    reason_sentence(report->reason));
	add_subject(&record, &subject);
	journal_record_add(&record, "RUNG", rung_name(report->rung));
	journal_record_add(&record, "REASON", reason_name(report->reason));
	journal_record_add_number(&record, "ASKED_BYTES", report->goal_bytes);
	journal_record_add_number(&record, "CLAIMED_BYTES", report->claimed_bytes);
	journal_record_add_number(&record, "MEASURED_BYTES", report->measured_bytes);
	journal_record_add_number(&record, "DURATION_USEC", report->duration_usec);
	journal_record_add_number(&record, "N_REQUESTS", report->n_requests);
	journal_record_add_number(&record, "N_LATE", report->n_late);
	add_id(&record, "EPISODE_ID", report->episode_id);
	add_id(&record, "ORDER_ID", report->order_id);
	journal_record_write(&record);
}

/* "shed 60M, reclaim 12M"; "nothing". Returns the sum. */
static uint64_t list_rungs(const uint64_t measured_bytes[static N_RUNGS], char *buf, size_t size)
{
	uint64_t sum = 0;
	char bytes[BYTES_TEXT];
	size_t length = 0;

	for (enum rung rung = RUNG_NONE; rung < N_RUNGS; rung++) {
		if (measured_bytes[rung] == 0)
			continue;
		length += (size_t)snprintf(
			buf + length, size - length, "%s%s %s", sum > 0 ? ", " : "",
			rung_name(rung), format_bytes(measured_bytes[rung], bytes, sizeof(bytes)));
		sum = u64_add(sum, measured_bytes[rung]);
	}
	if (sum == 0)
		snprintf(buf, size, "nothing");
	return sum;
}

static void write_episode(const struct episode_report *report, struct group_set *groups)
{
	char duration[USEC_TEXT], rungs[32 * N_RUNGS];
	struct journal_record record;
	struct subject subject;
	uint64_t measured_bytes;

	subject_of_group(&subject, groups, report->group_slot, report->group_id);
	measured_bytes = list_rungs(report->measured_bytes, rungs, sizeof(rungs));
	journal_record_init(
		&record, MESSAGE_ID_EPISODE_ENDED, LOG_NOTICE,
		"Shortage of %s is over after %s: at worst %s, %u requests, given back: "
		"%s",
		subject.name, format_usec(report->duration_usec, duration, sizeof(duration)),
		level_name(report->peak_level), report->n_requests, rungs);
	add_subject(&record, &subject);
	journal_record_add(&record, "PEAK_LEVEL", level_name(report->peak_level));
	journal_record_add_number(&record, "MEASURED_BYTES", measured_bytes);
	journal_record_add_number(&record, "DURATION_USEC", report->duration_usec);
	journal_record_add_number(&record, "N_REQUESTS", report->n_requests);
	add_id(&record, "EPISODE_ID", report->episode_id);
	journal_record_write(&record);
}

static void write_order(const struct order_report *report)
{
	char claimed[BYTES_TEXT], measured[BYTES_TEXT], duration[USEC_TEXT];
	struct journal_record record;

	journal_record_init(&record, MESSAGE_ID_ORDER_ENDED, LOG_INFO,
			    "Order %" PRIu64 " is done after %s: %s freed, %s claimed",
			    report->order_id,
			    format_usec(report->duration_usec, duration, sizeof(duration)),
			    format_bytes(report->measured_bytes, measured, sizeof(measured)),
			    format_bytes(report->claimed_bytes, claimed, sizeof(claimed)));
	add_id(&record, "ORDER_ID", report->order_id);
	journal_record_add_number(&record, "CLAIMED_BYTES", report->claimed_bytes);
	journal_record_add_number(&record, "MEASURED_BYTES", report->measured_bytes);
	journal_record_add_number(&record, "DURATION_USEC", report->duration_usec);
	journal_record_write(&record);
}

/* The brake */

/* "Brake on for a.service: freeze, for 5s at most, as the host has 80M left, gone in 400ms". */
static void say_hold(struct journal_record *record, const struct brake_change *change,
		     const struct subject *held, const struct subject *short_one, bool dry_run)
{
	char left[BYTES_TEXT], time_left[USEC_TEXT];

	journal_record_init(record, MESSAGE_ID_BRAKE_ON, LOG_WARNING,
			    "%sBrake on for %s: %s, as %.255s has %s left, gone in %s. %s",
			    dry_run ? "Dry run, not done: " : "", held->name,
			    brake_name(change->brake), short_one->name,
			    format_bytes(change->headroom_bytes, left, sizeof(left)),
			    format_usec(change->time_left_usec, time_left, sizeof(time_left)),
			    reason_sentence(change->reason));
}

static void say_let_go(struct journal_record *record, const struct brake_change *change,
		       const struct subject *held)
{
	char duration[USEC_TEXT];

	journal_record_init(record, MESSAGE_ID_BRAKE_OFF,
			    change->reason == REASON_FAILED ? LOG_WARNING : LOG_NOTICE,
			    "Brake off for %s after %s. %s", held->name,
			    format_usec(change->duration_usec, duration, sizeof(duration)),
			    reason_sentence(change->reason));
}

static void write_brake(const struct brake_change *change, struct group_set *groups, bool dry_run)
{
	struct journal_record record;
	struct subject held, short_one;

	subject_of_group(&held, groups, change->group_slot, change->group_id);
	subject_of_group(&short_one, groups, change->short_slot, change->short_id);
	if (change->brake != BRAKE_OFF)
		say_hold(&record, change, &held, &short_one, dry_run);
	else
		say_let_go(&record, change, &held);
	add_subject(&record, &held);
	journal_record_add(&record, "BRAKE", brake_name(change->brake));
	journal_record_add(&record, "REASON", reason_name(change->reason));
	journal_record_add(&record, "SHORT_CGROUP", short_one.cgroup);
	journal_record_add_number(&record, "HEADROOM_BYTES", change->headroom_bytes);
	if (change->time_left_usec != USEC_NEVER)
		journal_record_add_number(&record, "TIME_LEFT_USEC", change->time_left_usec);
	journal_record_add_number(&record, "DURATION_USEC", change->duration_usec);
	journal_record_add_number(&record, "ACTION_ID", change->id);
	add_id(&record, "EPISODE_ID", change->episode_id);
	if (dry_run)
		journal_record_add(&record, "DRY_RUN", "1");
	journal_record_write(&record);
}

/* In the order in which things came about. */
void journal_publish(const struct decision *decision, struct group_set *groups,
		     struct registry *registry, bool dry_run)
{
	for (size_t i = 0; i < decision->n_level_changes; i++)
		write_level_change(&decision->level_changes[i], groups);
	for (size_t i = 0; i < decision->n_brakes; i++)
		write_brake(&decision->brakes[i], groups, dry_run);
	for (size_t i = 0; i < decision->n_finishes; i++)
		write_finish(&decision->finishes[i], groups, registry, dry_run);
	for (size_t i = 0; i < decision->n_rungs; i++)
		write_rung(&decision->rungs[i], groups);
	for (size_t i = 0; i < decision->n_actions; i++)
		write_start(&decision->actions[i], groups, registry, dry_run);
	for (size_t i = 0; i < decision->n_orders; i++)
		write_order(&decision->orders[i]);
	for (size_t i = 0; i < decision->n_episodes; i++)
		write_episode(&decision->episodes[i], groups);
}

static const struct group *find_group_by_id(struct group_set *groups, uint64_t id)
{
	group_set_foreach(groups, group)
		if (group->id == id)
			return group;
	return NULL;
}

void journal_oom_victim(const struct kernel_event *event, struct group_set *groups)
{
	const struct group *group = find_group_by_id(groups, event->group_id);
	char rss[BYTES_TEXT], raw[KERNEL_COMM_SIZE + 1];
	char buf[KERNEL_COMM_SIZE * PRINTABLE_GROWTH + 1];
	const char *comm;
	struct journal_record record;
	struct subject subject = { .cgroup = "", .name = "a group that is not under control" };

	if (group)
		subject_of_group(&subject, groups, group->slot, group->id);
	snprintf(raw, sizeof(raw), "%.*s", KERNEL_COMM_SIZE, event->comm);
	comm = printable(raw, buf, sizeof(buf));
	journal_record_init(&record, MESSAGE_ID_OOM_KILL, LOG_WARNING,
			    "The kernel's OOM killer chose process %u (%s) in %s: %s resident",
			    event->pid, comm, subject.unit[0] ? subject.unit : subject.name,
			    format_bytes(event->rss_bytes, rss, sizeof(rss)));
	add_subject(&record, &subject);
	journal_record_add_number(&record, "OBJECT_PID", event->pid);
	journal_record_add(&record, "COMM", comm);
	journal_record_add_number(&record, "RSS_BYTES", event->rss_bytes);
	journal_record_add_number(&record, "CGROUP_ID", event->group_id);
	journal_record_write(&record);
}
