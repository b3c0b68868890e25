/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/daemon/daemon_status.h"

#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "controller/base/parse.h"
#include "policies/outlook.h"

/* ", recovering to low" while the level only outlasts its shortage. */
static const char *daemon_status_recovery(const struct profile *profile, const struct state *state,
					  char *buf, size_t size)
{
	struct recovery recovery;

	outlook_recovery(profile, state, GROUP_SLOT_HOST, &recovery);
	buf[0] = '\0';
	if (recovery.at_usec != USEC_NEVER)
		snprintf(buf, size, ", recovering to %s", level_name(recovery.level));
	return buf;
}

void daemon_status_notify(const struct profile *profile, const struct state *state,
			  uint32_t n_modules, bool dry_run)
{
	const struct group_state *host = state_host(state);
	char left[16], freed[16], recovery[32];

	sd_notifyf(false, "STATUS=Level %s%s, rung %s, %s left, %u modules, %s given back%s",
		   level_name(host->level),
		   daemon_status_recovery(profile, state, recovery, sizeof(recovery)),
		   rung_name(state_group_rung(state, GROUP_SLOT_HOST)),
		   format_bytes(host->shortage.headroom_bytes, left, sizeof(left)), n_modules,
		   format_bytes(state->measured_bytes, freed, sizeof(freed)),
		   dry_run ? " (dry run)" : "");
}
