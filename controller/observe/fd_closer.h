/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Fd closer: closes descriptors on a helper thread
 *
 * Closing a PSI trigger waits for an RCU grace period and for a kernel thread to end, 17 to 30 ms
 * each: too long for the loop. The thread starts with the first descriptor and sleeps between.
 */

#include "controller/base/cleanup.h"

struct fd_closer;

int fd_closer_new(struct fd_closer **ret);
/* Waits until all that was handed over is closed. */
struct fd_closer *fd_closer_free(struct fd_closer *closer);
DEFINE_CLEANUP(struct fd_closer *, fd_closer_free);

/* Takes the descriptor over; closes it here and now when the helper cannot take it. */
void fd_closer_close(struct fd_closer *closer, int fd);
