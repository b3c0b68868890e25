/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record is a sentence for people and fields for programs. Whoever has the daemon's stderr
 * elsewhere than in the journal (no systemd, a terminal) gets the sentences there.
 *
 *    level is news ──▶ "Memory of X is high, was low: ... a.service grows by 48M a second."
 *    each step     ──▶ debug (journal_action.c)
 *    long shortage ──▶ "Shortage of X goes on ...": the sum so far
 *    it is over    ──▶ "Shortage of X is over ...": the sum, and each service that was asked
 */

#include "controller/journal/journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/journal/journal_internal.h"
#include "controller/journal/message_ids.h"

/* As many services as a sentence names; the fields have all of them. */
#define NAMED_MAX 8
/* Names of units and cgroups are cut in sentences where they are longer. */
#define NAME_SHOWN "%.96s"

/* Levels */

/* "is high, was low: 80M left, gone in 1.6s at this growth"; without a limit of its own, only the
 * first part; "stays low", only otherwise attributed. */
static const char *journal_level_text(const struct level_change *change, char *buf, size_t size)
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

/* "hog.service grows by 48M a second", "it grows by ..." of the short group itself; "": not known.
 */
static const char *journal_grower_text(const struct tally *tally, const char *cgroup,
				       const char *verb, char *buf, size_t size)
{
	const struct tally_grower *grower = tally ? &tally->grower : NULL;
	char growth[BYTES_TEXT];
	const char *name;

	buf[0] = '\0';
	if (!grower || grower->growth_bytes == 0)
		return buf;
	name = grower->unit[0] ? grower->unit : grower->cgroup + 1;
	if (strcmp(grower->cgroup, cgroup) == 0)
		name = "it";
	snprintf(buf, size, NAME_SHOWN " %s %s a second", name, verb,
		 format_bytes(grower->growth_bytes, growth, sizeof(growth)));
	return buf;
}

static void journal_add_grower(struct journal_record *record, const struct tally *tally,
			       const struct journal_subject *subject)
{
	if (!tally || tally->grower.growth_bytes == 0)
		return;
	journal_record_add(record, "GROWER", tally->grower.cgroup);
	journal_add_bytes(record, "GROWTH", tally->grower.growth_bytes);
	if (strcmp(tally->grower.unit, subject->unit) != 0)
		journal_record_add(record, "OBJECT_SYSTEMD_UNIT", tally->grower.unit);
}

static void journal_write_level_change(const struct level_change *change, struct group_set *groups,
				       const struct tallies *tallies)
{
	static const int priorities[N_LEVELS] = { LOG_DEBUG, LOG_NOTICE, LOG_WARNING, LOG_WARNING };
	const struct tally *tally = tallies ? tallies_of_episode(tallies, change->episode_id)
					    : NULL;
	struct journal_subject subject;
	struct journal_record record;
	char text[128], grower[192];

	if (!change->is_news)
		tally = NULL;
	journal_subject_of_group(&subject, groups, change->group_slot, change->group_id);
	journal_grower_text(tally, subject.cgroup, "grows by", grower, sizeof(grower));
	journal_record_init(&record, MESSAGE_ID_LEVEL_CHANGED,
			    change->is_news ? priorities[change->new_level] : LOG_DEBUG,
			    "Memory of %s %s. %s%s%s", subject.name,
			    journal_level_text(change, text, sizeof(text)), grower,
			    *grower ? ". " : "", reason_sentence(change->reason));
	journal_add_subject(&record, &subject);
	journal_record_add(&record, "LEVEL", level_name(change->new_level));
	journal_record_add(&record, "OLD_LEVEL", level_name(change->old_level));
	journal_record_add(&record, "SIGNAL", signal_name(change->signal));
	journal_record_add(&record, "ATTRIBUTION", attribution_name(change->attribution));
	journal_record_add(&record, "REASON", reason_name(change->reason));
	if (change->headroom_bytes != BYTES_UNLIMITED)
		journal_add_bytes(&record, "HEADROOM", change->headroom_bytes);
	if (change->time_left_usec != USEC_NEVER)
		journal_add_usec(&record, "TIME_LEFT", change->time_left_usec);
	journal_add_grower(&record, tally, &subject);
	journal_add_id(&record, "EPISODE_ID", change->episode_id);
	log_record(&record);
}

/* Sums */

/* A text that grows; what does not fit is cut. */
struct text {
	char buf[JOURNAL_SENTENCE_SIZE];
	size_t length;
};

static void journal_append(struct text *text, const char *format, ...) _printf_(2, 3);
static void journal_append(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->buf) - text->length;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->buf + text->length, room, format, args);
	va_end(args);
	if (n > 0)
		text->length += (size_t)n < room ? (size_t)n : room - 1;
}

/* " (shed 60M, reclaim 12M)"; nothing when nothing was given. Returns the sum. */
static uint64_t journal_append_rungs(struct text *text,
				     const uint64_t measured_bytes[static N_RUNGS])
{
	uint64_t sum = 0;
	char bytes[BYTES_TEXT];

	for (enum rung rung = RUNG_NONE; rung < N_RUNGS; rung++) {
		if (measured_bytes[rung] == 0)
			continue;
		journal_append(text, "%s%s %s", sum > 0 ? ", " : " (", rung_name(rung),
			       format_bytes(measured_bytes[rung], bytes, sizeof(bytes)));
		sum = u64_add(sum, measured_bytes[rung]);
	}
	if (sum > 0)
		journal_append(text, ")");
	return sum;
}

/* "cache.service 60M", "cache.service 0B of 60M claimed, 2 late" */
static void journal_append_share(struct text *text, const struct tally_share *share, bool dry_run)
{
	char measured[BYTES_TEXT], claimed[BYTES_TEXT];

	if (dry_run) {
		journal_append(text, NAME_SHOWN " %s", share->name,
			       format_bytes(share->asked_bytes, measured, sizeof(measured)));
		return;
	}
	journal_append(text, NAME_SHOWN " %s", share->name,
		       format_bytes(share->measured_bytes, measured, sizeof(measured)));
	if (share->measured_bytes < share->claimed_bytes / 4)
		journal_append(text, " of %s claimed",
			       format_bytes(share->claimed_bytes, claimed, sizeof(claimed)));
	if (share->n_late > 0)
		journal_append(text, ", %u late", share->n_late);
	if (share->n_failed > 0)
		journal_append(text, ", %u failed", share->n_failed);
}

/* ": cache-1.service 60M; cache-2.service 58M, 1 late; and 2 more" */
static void journal_append_shares(struct text *text, const struct tallies *tallies,
				  const struct tally *tally)
{
	const struct tally_share *share = NULL;
	size_t n = 0;

	while (tally && (share = tallies_next_share(tallies, tally, share))) {
		if (n++ >= NAMED_MAX)
			continue;
		journal_append(text, n == 1 ? ": " : "; ");
		journal_append_share(text, share, tally->dry_run);
	}
	if (n > NAMED_MAX)
		journal_append(text, "; and %zu more", n - NAMED_MAX);
}

/* What was asked of services, and what came of it, as a sentence without its end. */
static void journal_append_sum(struct text *text, const struct tally *tally, const char *so_far,
			       uint64_t measured_bytes)
{
	const struct tally_share *sum = &tally->sum;
	char bytes[BYTES_TEXT];

	if (sum->n_requests == 0) {
		journal_append(text, "nothing was asked for%s%s", so_far,
			       tally->skip_reason == REASON_EXCLUDED
				       ? ": all that qualifies is excluded"
			       : tally->skip_reason == REASON_NOBODY_TO_ASK
				       ? ": no module or group qualifies"
				       : "");
		return;
	}
	if (tally->dry_run)
		journal_append(text, "dry run, not done%s: %u requests for %s", so_far,
			       sum->n_requests,
			       format_bytes(sum->asked_bytes, bytes, sizeof(bytes)));
	else
		journal_append(text, "%u request%s gave %s%s", sum->n_requests,
			       sum->n_requests == 1 ? "" : "s",
			       format_bytes(measured_bytes, bytes, sizeof(bytes)), so_far);
}

/* Each service that was asked, so that its own log shows the record, and the numbers. */
static void journal_add_sum(struct journal_record *record, const struct tallies *tallies,
			    const struct tally *shares_of, const struct tally *tally,
			    const char *own_unit, uint64_t measured_bytes)
{
	const struct tally_share *share = NULL;

	journal_add_bytes(record, "ASKED", tally->sum.asked_bytes);
	journal_add_bytes(record, "CLAIMED", tally->sum.claimed_bytes);
	journal_add_bytes(record, "MEASURED", measured_bytes);
	journal_record_add_number(record, "N_REQUESTS", tally->sum.n_requests);
	journal_record_add_number(record, "N_LATE", tally->sum.n_late);
	if (tally->dry_run)
		journal_record_add(record, "DRY_RUN", "1");
	while (shares_of && (share = tallies_next_share(tallies, shares_of, share)))
		if (strcmp(share->unit, own_unit) != 0 &&
		    strcmp(share->unit, tally->grower.unit) != 0)
			journal_record_add(record, "OBJECT_SYSTEMD_UNIT", share->unit);
}

/* Episodes */

static void journal_append_grower(struct text *text, const struct tally *tally, const char *cgroup)
{
	char grower[192];

	if (*journal_grower_text(tally, cgroup, "grew by up to", grower, sizeof(grower)))
		journal_append(text, "%s; ", grower);
}

static void journal_write_episode(const struct episode_report *report, struct group_set *groups,
				  const struct tallies *tallies)
{
	const struct tally *kept = tallies ? tallies_of_episode(tallies, report->episode_id) : NULL;
	struct tally tally = { .sum = { .n_requests = report->n_requests } };
	struct text rungs = {}, text = {};
	struct journal_subject subject;
	struct journal_record record;
	char duration[USEC_TEXT];
	uint64_t measured_bytes;

	if (kept)
		tally = *kept;
	journal_subject_of_group(&subject, groups, report->group_slot, report->group_id);
	measured_bytes = journal_append_rungs(&rungs, report->measured_bytes);
	journal_append_grower(&text, &tally, subject.cgroup);
	journal_append_sum(&text, &tally, "", measured_bytes);
	journal_append(&text, "%s", rungs.buf);
	journal_append_shares(&text, tallies, kept);
	journal_record_init(&record, MESSAGE_ID_EPISODE_ENDED, LOG_NOTICE,
			    "Shortage of %s is over after %s: at worst %s; %s", subject.name,
			    format_usec(report->duration_usec, duration, sizeof(duration)),
			    level_name(report->peak_level), text.buf);
	journal_add_subject(&record, &subject);
	journal_record_add(&record, "PEAK_LEVEL", level_name(report->peak_level));
	journal_add_usec(&record, "DURATION", report->duration_usec);
	journal_add_id(&record, "EPISODE_ID", report->episode_id);
	journal_add_grower(&record, &tally, &subject);
	journal_add_sum(&record, tallies, kept, &tally, subject.unit, measured_bytes);
	log_record(&record);
}

static void journal_write_so_far(const struct tally *tally, struct group_set *groups,
				 const struct tallies *tallies, uint64_t now_usec)
{
	struct journal_subject subject;
	struct journal_record record;
	struct text text = {};
	char age[USEC_TEXT];

	journal_subject_of_group(&subject, groups, tally->group_slot, tally->group_id);
	journal_append_grower(&text, tally, subject.cgroup);
	journal_append_sum(&text, tally, " so far", tally->sum.measured_bytes);
	journal_append_shares(&text, tallies, tally);
	format_usec(u64_sub(now_usec, tally->began_usec), age, sizeof(age));
	journal_record_init(&record, MESSAGE_ID_EPISODE_GOES_ON, LOG_NOTICE,
			    "Shortage of %s goes on for %s: %s", subject.name, age, text.buf);
	journal_add_subject(&record, &subject);
	journal_add_usec(&record, "DURATION", u64_sub(now_usec, tally->began_usec));
	journal_add_id(&record, "EPISODE_ID", tally->episode_id);
	journal_add_grower(&record, tally, &subject);
	journal_add_sum(&record, tallies, tally, tally, subject.unit, tally->sum.measured_bytes);
	log_record(&record);
}

static void journal_write_all_so_far(struct group_set *groups, const struct tallies *tallies,
				     uint64_t now_usec)
{
	const struct tally *tally = NULL;

	while (tallies && (tally = tallies_next_due(tallies, tally)))
		journal_write_so_far(tally, groups, tallies, now_usec);
}

static void journal_write_order(const struct order_report *report, const struct tallies *tallies)
{
	const struct tally *kept = tallies ? tallies_of_order(tallies, report->order_id) : NULL;
	char claimed[BYTES_TEXT], measured[BYTES_TEXT], duration[USEC_TEXT];
	const struct tally none = {}, *tally = kept ? kept : &none;
	struct journal_record record;
	struct text text = {};

	if (tally->dry_run)
		journal_append_sum(&text, tally, "", 0);
	else
		journal_append(&text, "%s freed, %s claimed",
			       format_bytes(report->measured_bytes, measured, sizeof(measured)),
			       format_bytes(report->claimed_bytes, claimed, sizeof(claimed)));
	journal_append_shares(&text, tallies, kept);
	journal_record_init(&record, MESSAGE_ID_ORDER_ENDED, LOG_INFO,
			    "Order %" PRIu64 " is done after %s: %s", report->order_id,
			    format_usec(report->duration_usec, duration, sizeof(duration)),
			    text.buf);
	journal_add_id(&record, "ORDER_ID", report->order_id);
	journal_add_usec(&record, "DURATION", report->duration_usec);
	journal_add_sum(&record, tallies, kept, tally, "", report->measured_bytes);
	log_record(&record);
}

/* Each step by itself, in the order in which things came about. */
static void journal_write_steps(const struct decision *decision, struct group_set *groups,
				struct registry *registry, bool dry_run)
{
	for (size_t i = 0; i < decision->n_finishes; i++)
		journal_write_finish(&decision->finishes[i], groups, registry, dry_run);
	for (size_t i = 0; i < decision->n_rungs; i++)
		journal_write_rung(&decision->rungs[i], groups);
	for (size_t i = 0; i < decision->n_actions; i++)
		journal_write_start(&decision->actions[i], groups, registry, dry_run);
}

void journal_publish(const struct decision *decision, struct group_set *groups,
		     struct registry *registry, const struct tallies *tallies, bool dry_run,
		     uint64_t now_usec)
{
	for (size_t i = 0; i < decision->n_level_changes; i++)
		journal_write_level_change(&decision->level_changes[i], groups, tallies);
	for (size_t i = 0; i < decision->n_brakes; i++)
		journal_write_brake(&decision->brakes[i], groups, dry_run);
	if (log_is_wanted(LOG_DEBUG)) /* else each would be made up for nothing */
		journal_write_steps(decision, groups, registry, dry_run);
	journal_write_all_so_far(groups, tallies, now_usec);
	for (size_t i = 0; i < decision->n_orders; i++)
		journal_write_order(&decision->orders[i], tallies);
	for (size_t i = 0; i < decision->n_episodes; i++)
		journal_write_episode(&decision->episodes[i], groups, tallies);
}
