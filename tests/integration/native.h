/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Native: tests on this very kernel, in cgroups of their own
 *
 * A machine that lacks what a test needs ends it with 77 (skipped) and the reason.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/groups/cgroup_tree.h"
#include "policies/units.h"

#define SKIPPED 77

static inline uint64_t native_now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

/* Returns: 0, or SKIPPED after saying why. */
static inline int native_find_tree(struct cgroup_tree *tree)
{
	char probe[4200];

	if (geteuid() != 0) {
		printf("SKIP: needs root to make cgroups\n");
		return SKIPPED;
	}
	if (cgroup_tree_init(tree, NULL, NULL) < 0 || tree->mode == CGROUP_MODE_NONE) {
		printf("SKIP: no cgroup v2 tree is mounted\n");
		return SKIPPED;
	}
	snprintf(probe, sizeof(probe), "%s/reliefd-probe-%d", tree->mount, getpid());
	if (mkdir(probe, 0755) < 0) {
		printf("SKIP: cannot make a cgroup in %s: %s\n", tree->mount, strerror(errno));
		return SKIPPED;
	}
	rmdir(probe);
	if (access("/proc/pressure/memory", R_OK) < 0) {
		printf("SKIP: the kernel offers no PSI (psi=1 on the command line?)\n");
		return SKIPPED;
	}
	return 0;
}

/* Runs the loop until *done, for at most that long. Returns: *done. */
static inline bool native_run_until(sd_event *event, const bool *done, uint64_t timeout_usec)
{
	uint64_t end_usec = native_now_usec() + timeout_usec;

	while (!*done && native_now_usec() < end_usec)
		assert_true(sd_event_run(event, 50 * USEC_PER_MSEC) >= 0);
	return *done;
}
