/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Privileges: keep the few capabilities that something here needs
 */

#include <stddef.h>
#include <stdint.h>

/* One capability that makes a difference, and what is missing without it. */
struct privilege {
	int capability;
	const char *name;    /* "CAP_KILL" */
	const char *without; /* what does not work then; one clause */
};

extern const struct privilege privileges[];
extern const size_t n_privileges;

/*
 * Reduces permitted, effective, inheritable and bounding set to these capabilities (those of them
 * that are there), clears the ambient set and sets no_new_privs. Call it before the first thread
 * is started: sets belong to threads.
 * Returns: 0, also when there were fewer to begin with, or when the bounding set may not be
 * changed (no CAP_SETPCAP; no_new_privs makes up for that); other negative errno.
 */
int privileges_reduce(const int *capabilities, size_t n_capabilities);
/* The same for all of privileges[]; logs which are missing. */
int privileges_keep(void);
/* Bits of privileges[] (bit i: row i) that the calling thread does not have. */
uint64_t privileges_missing(void);
