/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Thread: one beside the loop's, for a call that may block
 */

#include <pthread.h>
#include <stddef.h>

/*
 * Starts it with every signal blocked, so that signals stay with the loop's thread. stack_bytes: 0
 * for the default. Returns: 0, and the caller joins it; or negative errno.
 */
int thread_start(pthread_t *ret, size_t stack_bytes, void *(*run)(void *data), void *data);
