/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reclaimer: the kernel's memory.reclaim, on a thread of its own
 *
 * The write may block for as long as the kernel searches; the daemon must not. Groups are opened
 * on the caller's thread, where their identity is checked; the worker only ever sees descriptors.
 */

#include <systemd/sd-event.h>

#include "controller/groups/group_set.h"
#include "controller/registry/outcomes.h"
#include "policies/decision.h"

/* Groups are reclaimed one after the other; more than these are refused as busy. */
#define RECLAIMER_QUEUE_MAX 64

struct reclaimer;

/*
 * Starts the thread, if there is one to be had; reclaimer_start() tells. Outcomes go to `outcomes`
 * on the thread that runs the event loop. SIGUSR2 is taken over until reclaimer_free().
 */
int reclaimer_new(struct reclaimer **ret, sd_event *event, struct group_set *groups,
		  struct outcomes *outcomes);
/* Interrupts the write that is under way and ends the thread; what was queued is forgotten. */
struct reclaimer *reclaimer_free(struct reclaimer *reclaimer);
DEFINE_CLEANUP(struct reclaimer *, reclaimer_free);

/* Returns: 0, the thread runs; or negative errno, and each reclaim fails until another call. */
int reclaimer_start(struct reclaimer *reclaimer);

/* Queues a reclaim; whatever becomes of it is an outcome. */
void reclaimer_send(struct reclaimer *reclaimer, const struct action *action, uint64_t now_usec);

/*
 * What the end of a write means. error: 0 or negative errno of write(2). claimed_bytes: by how much
 * memory.current fell meanwhile; ret->action_id and finished_usec are left alone.
 */
void reclaimer_judge(int error, uint64_t claimed_bytes, struct outcome *ret);
