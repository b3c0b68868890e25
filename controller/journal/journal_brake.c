/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>

#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/journal/journal_internal.h"
#include "controller/journal/message_ids.h"

/* "Brake on for a.service: freeze, for 5s at most, as the host has 80M left, gone in 400ms". */
static void journal_brake_say_hold(struct journal_record *record, const struct brake_change *change,
				   const struct journal_subject *held,
				   const struct journal_subject *short_one, bool dry_run)
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

static void journal_brake_say_let_go(struct journal_record *record,
				     const struct brake_change *change,
				     const struct journal_subject *held)
{
	char duration[USEC_TEXT];

	journal_record_init(record, MESSAGE_ID_BRAKE_OFF,
			    change->reason == REASON_FAILED ? LOG_WARNING : LOG_NOTICE,
			    "Brake off for %s after %s. %s", held->name,
			    format_usec(change->duration_usec, duration, sizeof(duration)),
			    reason_sentence(change->reason));
}

void journal_write_brake(const struct brake_change *change, struct group_set *groups, bool dry_run)
{
	struct journal_record record;
	struct journal_subject held, short_one;

	journal_subject_of_group(&held, groups, change->group_slot, change->group_id);
	journal_subject_of_group(&short_one, groups, change->short_slot, change->short_id);
	if (change->brake != BRAKE_OFF)
		journal_brake_say_hold(&record, change, &held, &short_one, dry_run);
	else
		journal_brake_say_let_go(&record, change, &held);
	journal_add_subject(&record, &held);
	journal_record_add(&record, "BRAKE", brake_name(change->brake));
	journal_record_add(&record, "REASON", reason_name(change->reason));
	journal_record_add(&record, "SHORT_CGROUP", short_one.cgroup);
	journal_add_bytes(&record, "HEADROOM", change->headroom_bytes);
	if (change->time_left_usec != USEC_NEVER)
		journal_add_usec(&record, "TIME_LEFT", change->time_left_usec);
	journal_add_usec(&record, "DURATION", change->duration_usec);
	journal_record_add_number(&record, "ACTION_ID", change->id);
	journal_add_id(&record, "EPISODE_ID", change->episode_id);
	if (dry_run)
		journal_record_add(&record, "DRY_RUN", "1");
	log_record(&record);
}
