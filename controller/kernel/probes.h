/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Probes: the kernel side (bpf/), loaded and attached
 *
 * Loads the best growth clock that this kernel takes, before privileges are dropped; works without
 * any. Afterwards nothing here needs a capability. What failed for a reason that may pass is loaded
 * again by a loader (probes_loader.h). A group is watched by its slot.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "bpf/kernel_event.h"
#include "controller/base/cleanup.h"
#include "policies/words.h"

struct probes;
struct kernel_side; /* controller/kernel/kernel_side.h */

/*
 * Tries the clocks from `best` on. total_bytes: of the host, for the threshold of tasks.
 * Returns: 0, whatever the host lacks (see probes_clock()); -ENOMEM.
 */
int probes_load(struct probes **ret, enum growth_clock best, uint64_t total_bytes);
struct probes *probes_free(struct probes *probes);
DEFINE_CLEANUP(struct probes *, probes_free);

/* Why the last load did not bring all this kernel takes, if that may pass; 0: it is final. */
int probes_passing(const struct probes *probes);
/* Takes over what another load brought, if that is better; the listener stays. Empties *side. */
void probes_take(struct probes *probes, struct kernel_side *side);
/* Called when it was better: groups are to be watched anew. */
void probes_on_renewal(struct probes *probes, void (*renewed)(void *data), void *data);

enum growth_clock probes_clock(const struct probes *probes);
uint32_t probes_degradations(const struct probes *probes); /* why it is not the best one */
/* Whether budgets work: the clocks CHARGE, RSS and RSS_SAMPLED. */
bool probes_have_tripwire(const struct probes *probes);

/*
 * Events of kind SPENT and OOM_VICTIM wake the loop at `priority`; the others are delivered along
 * with them or by probes_drain(). One listener.
 */
int probes_listen(struct probes *probes, sd_event *event, int64_t priority,
		  void (*told)(void *data, const struct kernel_event *event), void *data);
/* Delivers what is there now. */
void probes_drain(struct probes *probes);

/*
 * Starts to watch a cgroup with BUDGET_FRESH: its first charge under a limit of its own is told,
 * since that limit may be new to the judgement. What has no limit is best left so, and watched
 * again when a limit is gone. Slot 0 is the host and always watched, unarmed. Without a tripwire
 * nothing happens.
 */
void probes_watch(struct probes *probes, uint32_t slot, uint64_t group_id);
void probes_unwatch(struct probes *probes, uint32_t slot, uint64_t group_id);
/*
 * A new budget, what was spent is forgotten; bytes > 0. Told once: when it is spent, or when the
 * group's limit (max or high) becomes lower than it was at the first charge.
 */
void probes_arm(struct probes *probes, uint32_t slot, uint64_t bytes);
/* Growth within a second that is told, about 3 % of the group's limit; not for slot 0. */
void probes_set_threshold(struct probes *probes, uint32_t slot, uint64_t bytes);
/* Direct reclaims by tasks of the group since it is watched; zeros without probes. */
void probes_stalls(const struct probes *probes, uint32_t slot, uint64_t *ret_n, uint64_t *ret_usec);
/* Events that found the ring full, since the start. */
uint64_t probes_n_lost(const struct probes *probes);

/*
 * Walks all tasks. exact_pids (at most TASK_EXACT_MAX) get exact_rss_bytes.
 * Returns: 0, or -EOPNOTSUPP without iter/task, or the first negative value that `row` returned.
 */
int probes_walk_tasks(struct probes *probes, const uint32_t *exact_pids, size_t n_exact,
		      int (*row)(void *data, const struct task_row *row), void *data);
