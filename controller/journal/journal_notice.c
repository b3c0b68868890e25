/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of what is no part of a shortage: what the kernel killed, what an administrator did, what
 * is wrong with the settings, what the host lacks
 */

#include <inttypes.h>
#include <stdio.h>

#include "controller/base/journal_record.h"
#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/base/printable.h"
#include "controller/groups/unit_name.h"
#include "controller/journal/journal.h"
#include "controller/journal/journal_internal.h"
#include "controller/journal/message_ids.h"

void journal_masked(const char *cgroup, const char *module, uid_t uid, bool masked)
{
	struct journal_record record;
	char unit[256], quoted[MODULE_NAME_SIZE + 16] = "all modules";

	if (!unit_name_from_path(cgroup, unit, sizeof(unit)))
		unit[0] = '\0';
	if (module[0])
		snprintf(quoted, sizeof(quoted), "module \"%s\"", module);
	journal_record_init(&record, masked ? MESSAGE_ID_MASKED : MESSAGE_ID_UNMASKED, LOG_NOTICE,
			    masked ? "User %u masked %s of %s: it cannot register until "
				     "`reliefctl unmask`"
				   : "User %u unmasked %s of %s: it may register again",
			    uid, quoted, unit[0] ? unit : cgroup);
	journal_record_add(&record, "CGROUP", cgroup);
	journal_record_add(&record, "OBJECT_SYSTEMD_UNIT", unit);
	journal_record_add(&record, "MODULE_NAME", module);
	journal_record_add_number(&record, "CALLER_UID", uid);
	log_record(&record);
}

void journal_config_error(const char *problem)
{
	struct journal_record record;

	journal_record_init(&record, MESSAGE_ID_CONFIG_ERROR, LOG_ERR,
			    "Configuration not loaded: %s", problem);
	journal_record_add(&record, "PROBLEM", problem);
	log_record(&record);
}

void journal_degraded(const char *what)
{
	struct journal_record record;

	journal_record_init(&record, MESSAGE_ID_DEGRADED, LOG_WARNING,
			    "This host lacks something reliefd uses: %s; see `reliefctl doctor`",
			    what);
	journal_record_add(&record, "DEGRADATION", what);
	log_record(&record);
}

void journal_restored(const char *what)
{
	struct journal_record record;

	journal_record_init(&record, MESSAGE_ID_RESTORED, LOG_NOTICE,
			    "This host has it again: %s is over", what);
	journal_record_add(&record, "DEGRADATION", what);
	log_record(&record);
}

static const struct group *journal_notice_find_group_by_id(struct group_set *groups, uint64_t id)
{
	group_set_foreach(groups, group)
		if (group->id == id)
			return group;
	return NULL;
}

void journal_oom_victim(const struct kernel_event *event, struct group_set *groups)
{
	const struct group *group = journal_notice_find_group_by_id(groups, event->group_id);
	char rss[BYTES_TEXT], raw[KERNEL_COMM_SIZE + 1];
	char buf[KERNEL_COMM_SIZE * PRINTABLE_GROWTH + 1];
	const char *comm;
	struct journal_record record;
	struct journal_subject subject = { .cgroup = "",
					   .name = "a group that is not under control" };

	if (group)
		journal_subject_of_group(&subject, groups, group->slot, group->id);
	snprintf(raw, sizeof(raw), "%.*s", KERNEL_COMM_SIZE, event->comm);
	comm = printable(raw, buf, sizeof(buf));
	journal_record_init(&record, MESSAGE_ID_OOM_KILL, LOG_WARNING,
			    "The kernel's OOM killer chose process %u (%s) in %s: %s resident",
			    event->pid, comm, subject.unit[0] ? subject.unit : subject.name,
			    format_bytes(event->rss_bytes, rss, sizeof(rss)));
	journal_add_subject(&record, &subject);
	journal_record_add_number(&record, "OBJECT_PID", event->pid);
	journal_record_add(&record, "COMM", comm);
	journal_add_bytes(&record, "RSS", event->rss_bytes);
	journal_record_add_number(&record, "CGROUP_ID", event->group_id);
	log_record(&record);
}

/* "cache "images" of a.service says it gave back 60M, and 0B was measured. ..." */
static void journal_notice_say_doubt(struct journal_record *record, const struct suggestion *doubt,
				     const char *name)
{
	char claimed[BYTES_TEXT], measured[BYTES_TEXT];

	if (doubt->kind == SUGGESTION_LATE)
		journal_record_init(record, MESSAGE_ID_MODULE_DOUBTED, LOG_WARNING,
				    "%s was late %" PRIu32 " of %" PRIu32
				    " times: others are asked before it for a while",
				    name, doubt->n_late, doubt->n_requests);
	else
		journal_record_init(
			record, MESSAGE_ID_MODULE_DOUBTED, LOG_WARNING,
			"%s says it gave back %s, and %s was measured: others are "
			"asked before it",
			name, format_bytes(doubt->claimed_bytes, claimed, sizeof(claimed)),
			format_bytes(doubt->measured_bytes, measured, sizeof(measured)));
}

void journal_doubt(const struct suggestion *doubt, struct registry *registry)
{
	const struct module *module = registry_get(registry, doubt->module_slot);
	struct journal_subject subject;
	struct journal_record record;

	if (!module || module->id != doubt->module_id)
		return;
	journal_subject_of_module(&subject, module);
	journal_notice_say_doubt(&record, doubt, subject.name);
	journal_add_subject(&record, &subject);
	journal_record_add(&record, "DOUBT", suggestion_kind_name(doubt->kind));
	journal_add_bytes(&record, "CLAIMED", doubt->claimed_bytes);
	journal_add_bytes(&record, "MEASURED", doubt->measured_bytes);
	journal_record_add_number(&record, "N_REQUESTS", doubt->n_requests);
	journal_record_add_number(&record, "N_LATE", doubt->n_late);
	log_record(&record);
}
