/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Wake: how a source rouses the daemon without knowing that there is one
 *
 * Many wakes in one turn of the loop become one step.
 */

/*
 * Of the kernel's event sources: before the daemon's step (daemon.c), so that all that is readable
 * in a turn is one step.
 */
#define KERNEL_EVENT_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 100)

struct wake {
	void (*fn)(void *data);
	void *data;
};

static inline void wake_up(const struct wake *wake)
{
	wake->fn(wake->data);
}
