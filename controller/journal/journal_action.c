/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each request, answer and rung: what a person looks at when the sum does not say enough
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/journal/journal_internal.h"
#include "controller/journal/message_ids.h"

static void journal_action_add_action(struct journal_record *record, const struct action *action,
				      const struct journal_subject *subject, bool dry_run)
{
	journal_add_subject(record, subject);
	journal_record_add(record, "RUNG", rung_name(action->rung));
	journal_record_add(record, "LEVEL", level_name(action->level));
	journal_record_add(record, "ATTRIBUTION", attribution_name(action->attribution));
	journal_record_add(record, "REASON", reason_name(action->reason));
	journal_add_bytes(record, "ASKED", action->bytes);
	journal_record_add_number(record, "ACTION_ID", action->id);
	journal_add_id(record, "EPISODE_ID", action->episode_id);
	journal_add_id(record, "ORDER_ID", action->order_id);
	if (dry_run)
		journal_record_add(record, "DRY_RUN", "1");
}

void journal_write_start(const struct action *action, struct group_set *groups,
			 struct registry *registry, bool dry_run)
{
	char bytes[BYTES_TEXT], timeout[USEC_TEXT], what[96] = "";
	struct journal_record record;
	struct journal_subject subject;

	journal_subject_of_action(&subject, action, groups, registry);
	if (action->bytes > 0)
		snprintf(what, sizeof(what), " %s within %s",
			 format_bytes(action->bytes, bytes, sizeof(bytes)),
			 format_usec(u64_sub(action->deadline_usec, action->started_usec), timeout,
				     sizeof(timeout)));
	journal_record_init(&record, MESSAGE_ID_ACTION_STARTED, LOG_DEBUG, "%s%s: %s%s. %s",
			    dry_run ? "Dry run, not done: " : "", subject.name,
			    rung_name(action->rung), what, reason_sentence(action->reason));
	journal_action_add_action(&record, action, &subject, dry_run);
	log_record(&record);
}

void journal_write_finish(const struct finish *finish, struct group_set *groups,
			  struct registry *registry, bool dry_run)
{
	const struct action *action = &finish->action;
	bool late = finish->result == RESULT_LATE;
	char asked[BYTES_TEXT], claimed[BYTES_TEXT], measured[BYTES_TEXT], duration[USEC_TEXT];
	struct journal_record record;
	struct journal_subject subject;

	journal_subject_of_action(&subject, action, groups, registry);
	journal_record_init(&record, late ? MESSAGE_ID_ACTION_LATE : MESSAGE_ID_ACTION_FINISHED,
			    LOG_DEBUG, "%s: %s %s after %s%s%s: %s freed, %s claimed, %s asked",
			    subject.name, rung_name(action->rung), result_name(finish->result),
			    format_usec(finish->duration_usec, duration, sizeof(duration)),
			    finish->error < 0 ? ", " : "",
			    finish->error < 0 ? strerror(-finish->error) : "",
			    format_bytes(finish->measured_bytes, measured, sizeof(measured)),
			    format_bytes(finish->claimed_bytes, claimed, sizeof(claimed)),
			    format_bytes(action->bytes, asked, sizeof(asked)));
	journal_action_add_action(&record, action, &subject, dry_run);
	journal_record_add(&record, "RESULT", result_name(finish->result));
	journal_add_bytes(&record, "CLAIMED", finish->claimed_bytes);
	journal_add_bytes(&record, "MEASURED", finish->measured_bytes);
	journal_add_usec(&record, "DURATION", finish->duration_usec);
	if (finish->error < 0)
		journal_record_add_number(&record, "ERRNO", (uint64_t)-finish->error);
	log_record(&record);
}

static const char *journal_action_rung_message_id(enum reason reason)
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
static const char *journal_action_rung_effect(const struct rung_report *report, char *buf,
					      size_t size)
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
void journal_write_rung(const struct rung_report *report, struct group_set *groups)
{
	struct journal_record record;
	struct journal_subject subject;
	char effect[192];

	if (report->rung == RUNG_WARN)
		return;
	journal_subject_of_group(&subject, groups, report->group_slot, report->group_id);
	journal_record_init(&record, journal_action_rung_message_id(report->reason), LOG_DEBUG,
			    "Rung %s for %s: %s%s", rung_name(report->rung), subject.name,
			    journal_action_rung_effect(report, effect, sizeof(effect)),
			    reason_sentence(report->reason));
	journal_add_subject(&record, &subject);
	journal_record_add(&record, "RUNG", rung_name(report->rung));
	journal_record_add(&record, "REASON", reason_name(report->reason));
	journal_add_bytes(&record, "ASKED", report->goal_bytes);
	journal_add_bytes(&record, "CLAIMED", report->claimed_bytes);
	journal_add_bytes(&record, "MEASURED", report->measured_bytes);
	journal_add_usec(&record, "DURATION", report->duration_usec);
	journal_record_add_number(&record, "N_REQUESTS", report->n_requests);
	journal_record_add_number(&record, "N_LATE", report->n_late);
	journal_add_id(&record, "EPISODE_ID", report->episode_id);
	journal_add_id(&record, "ORDER_ID", report->order_id);
	log_record(&record);
}
