/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Guards: when do other daemons kill, beside when reliefd acts
 *
 * From their own words: a command line, a configuration file, a dump. Pure text work;
 * doctor_guards.c finds the texts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Shares of memory left, basis points. */
struct guard_thresholds {
	uint32_t medium_bp, high_bp, critical_bp; /* reliefd's, on this host */
	uint64_t total_bytes;			  /* RAM, for those that are set in bytes */
};

enum guard_verdict {
	GUARD_IS_FINE,	    /* it acts after reliefd, or not at all */
	GUARD_IS_TOO_EARLY, /* it kills before reliefd is at critical */
	GUARD_IS_UNKNOWN,   /* its rules cannot be compared */
};

struct guard_finding {
	enum guard_verdict verdict;
	char text[192]; /* "earlyoom kills at 10% left" */
	char fix[192];	/* "" when fine */
};

/*
 * cmdline: /proc/PID/cmdline, its NUL bytes replaced by blanks; NULL when it cannot be read. It is
 * another program's while systemd starts earlyoom, and then says nothing of its thresholds.
 */
void guard_earlyoom(const char *cmdline, const struct guard_thresholds *own,
		    struct guard_finding *ret);
/* config: nohang.conf; NULL when it cannot be read. */
void guard_nohang(const char *config, const struct guard_thresholds *own,
		  struct guard_finding *ret);
/* dump: what oomctl prints; NULL when systemd-oomd cannot be asked. */
void guard_systemd_oomd(const char *dump, const struct guard_thresholds *own,
			struct guard_finding *ret);
/* config: low-memory-monitor.conf; NULL: there is none. */
void guard_low_memory_monitor(const char *config, struct guard_finding *ret);
