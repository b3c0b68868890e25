/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records about reliefd itself: what an administrator did, what is wrong with the settings, what
 * the host lacks
 */

#include <stdio.h>

#include "controller/base/journal_record.h"
#include "controller/base/log.h"
#include "controller/groups/unit_name.h"
#include "controller/publish/journal.h"
#include "controller/publish/message_ids.h"

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
	journal_record_write(&record);
}

void journal_config_error(const char *problem)
{
	struct journal_record record;

	journal_record_init(&record, MESSAGE_ID_CONFIG_ERROR, LOG_ERR,
			    "Configuration not loaded: %s", problem);
	journal_record_add(&record, "PROBLEM", problem);
	journal_record_write(&record);
}

void journal_degraded(const char *what)
{
	struct journal_record record;

	journal_record_init(&record, MESSAGE_ID_DEGRADED, LOG_WARNING,
			    "This host lacks something reliefd uses: %s; see `reliefctl doctor`",
			    what);
	journal_record_add(&record, "DEGRADATION", what);
	journal_record_write(&record);
}

void journal_restored(const char *what)
{
	struct journal_record record;

	journal_record_init(&record, MESSAGE_ID_RESTORED, LOG_NOTICE,
			    "This host has it again: %s is over", what);
	journal_record_add(&record, "DEGRADATION", what);
	journal_record_write(&record);
}
