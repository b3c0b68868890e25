/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Held file: what is held, written down before it is held
 *
 * One record a hold, in a file that has its full size from the start: writing one down allocates
 * nothing. A record that is not whole counts as none.
 */

#include <stddef.h>
#include <stdint.h>

/* 1 KiB a record: it lies within one page, which the kernel writes whole or not at all. */
#define HELD_PATH_SIZE 984

struct held_record {
	uint64_t group_id;
	uint64_t high_bytes;	  /* memory.high as it was ... */
	uint64_t throttled_bytes; /* ... and as we set it; 0: not touched */
	uint64_t is_frozen;	  /* by us */
	char path[HELD_PATH_SIZE];
	uint64_t checksum; /* set and checked here */
};

/* Opens or makes it with room for n records, all empty. Returns: a descriptor or negative errno. */
int held_file_open(const char *path, size_t n);
/* Returns: 0 or negative errno. */
int held_file_write(int fd, size_t index, struct held_record *record);
int held_file_clear(int fd, size_t index);
/* Returns: 1 and *ret; 0 there is no such record, or it was written by half. */
int held_file_read(int fd, size_t index, struct held_record *ret);
