/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Journal: one structured record per event, the history that `journalctl` and reliefctl read
 *
 * At info and above a shortage is a handful of lines: that it began or became worse, which group
 * grew, what was done in sum, that it is over; and what an administrator must know at once. Each
 * request, answer and rung is a record at debug. Message ids are in message_ids.h and explained in
 * packaging/journal/reliefd.catalog. Records about units carry OBJECT_SYSTEMD_UNIT= for each, so
 * that `journalctl -u UNIT` shows them. Never waits: records that journald does not take are
 * counted and the count is logged.
 */

#include "bpf/kernel_event.h"
#include "controller/groups/group_set.h"
#include "controller/journal/tally.h"
#include "controller/registry/registry.h"
#include "policies/decision.h"
#include "policies/suggestion.h"

/* Writes what a step decided, changed and finished; the tallies have seen it already. */
void journal_publish(const struct decision *decision, struct group_set *groups,
		     struct registry *registry, const struct tallies *tallies, bool dry_run,
		     uint64_t now_usec);
/* A module does not give what it says, or not in time: SUGGESTION_LIAR or SUGGESTION_LATE. */
void journal_doubt(const struct suggestion *doubt, struct registry *registry);
/* A KERNEL_EVENT_OOM_VICTIM: whom the kernel chose, and where. */
void journal_oom_victim(const struct kernel_event *event, struct group_set *groups);
/* An administrator masked, or unmasked, a module ("": all) of the unit at that cgroup. */
void journal_masked(const char *cgroup, const char *module, uid_t uid, bool masked);
/* Settings were not loaded; problem: "FILE:LINE: ...", and what is in force instead. */
void journal_config_error(const char *problem);
/* What this host lacks, by its name (degradation_name()): when it begins, and ends. */
void journal_degraded(const char *what);
void journal_restored(const char *what);
