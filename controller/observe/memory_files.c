/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/memory_files.h"

#include <errno.h>

#include "controller/base/cleanup.h"
#include "controller/base/file.h"
#include "controller/observe/kernel_text.h"
#include "controller/observe/psi.h"

/* A number, two lines of PSI, or the nine counters of memory.events. */
#define SMALL_FILE_SIZE 512
/* memory.stat of 6.18 has about 80 lines, 2 KiB. */
#define STAT_FILE_SIZE 8192

/* All bits of the first n fields. */
#define FIRST_FIELDS(n) ((1U << (n)) - 1)

int memory_events_parse(const char *text, struct memory_events *ret)
{
	struct memory_events events;
	const struct text_field fields[] = {
		{ "high", &events.n_high },
		{ "max", &events.n_max },
		{ "oom_kill", &events.n_oom_kill },
	};
	uint32_t found;
	int r;

	r = text_read_fields(text, fields, 3, &found);
	if (r < 0)
		return r;
	if (found != FIRST_FIELDS(3))
		return -EBADMSG;
	*ret = events;
	return 0;
}

int memory_stat_parse(const char *text, uint64_t *ret_reclaimable_bytes)
{
	uint64_t inactive, active, shmem, mapped, dirty, writeback, slab = 0;
	const struct text_field fields[] = {
		{ "inactive_file", &inactive },
		{ "active_file", &active },
		{ "shmem", &shmem },
		{ "file_mapped", &mapped },
		{ "file_dirty", &dirty },
		{ "file_writeback", &writeback },
		/* Last: not accounted on kernels without memcg kernel memory. */
		{ "slab_reclaimable", &slab },
	};
	uint64_t busy;
	uint32_t found;
	int r;

	r = text_read_fields(text, fields, 7, &found);
	if (r < 0)
		return r;
	if ((found & FIRST_FIELDS(6)) != FIRST_FIELDS(6))
		return -EBADMSG;
	/* file_mapped counts mapped shmem as well, which is not on the file lists. */
	busy = u64_add(u64_sub(mapped, shmem), u64_add(dirty, writeback));
	*ret_reclaimable_bytes = u64_add(u64_sub(u64_add(inactive, active), busy), slab / 2);
	return 0;
}

int memory_events_read(int dirfd, struct memory_events *ret)
{
	char text[SMALL_FILE_SIZE];
	ssize_t n = file_read_at(dirfd, "memory.events", text, sizeof(text));

	return n < 0 ? (int)n : memory_events_parse(text, ret);
}

int memory_pressure_read(int dirfd, uint64_t *ret_some_usec, uint64_t *ret_full_usec)
{
	char text[SMALL_FILE_SIZE];
	ssize_t n = file_read_at(dirfd, "memory.pressure", text, sizeof(text));

	return n < 0 ? (int)n : psi_parse(text, ret_some_usec, ret_full_usec);
}

static int read_limit(int dirfd, const char *file, uint64_t *ret_bytes)
{
	char text[SMALL_FILE_SIZE];
	ssize_t n = file_read_at(dirfd, file, text, sizeof(text));

	return n < 0 ? (int)n : text_read_limit(text, ret_bytes);
}

static int read_number(int dirfd, const char *file, uint64_t *ret)
{
	char text[SMALL_FILE_SIZE];
	ssize_t n = file_read_at(dirfd, file, text, sizeof(text));

	return n < 0 ? (int)n : text_read_number(text, ret);
}

static int read_reclaimable(int dirfd, uint64_t *ret_bytes)
{
	char text[STAT_FILE_SIZE];
	ssize_t n = file_read_at(dirfd, "memory.stat", text, sizeof(text));

	return n < 0 ? (int)n : memory_stat_parse(text, ret_bytes);
}

static int read_events(int dirfd, struct group_reading *reading)
{
	struct memory_events events;
	int r = memory_events_read(dirfd, &events);

	if (r < 0)
		return r;
	reading->n_high = events.n_high;
	reading->n_max = events.n_max;
	reading->n_oom_kill = events.n_oom_kill;
	return 0;
}

static int read_field(int dirfd, enum group_field field, struct group_reading *reading)
{
	switch (field) {
	case GROUP_HAS_CURRENT:
		return read_number(dirfd, "memory.current", &reading->current_bytes);
	case GROUP_HAS_LIMIT:
		return read_limit(dirfd, "memory.max", &reading->limit_bytes);
	case GROUP_HAS_HIGH:
		return read_limit(dirfd, "memory.high", &reading->high_bytes);
	case GROUP_HAS_RECLAIMABLE:
		return read_reclaimable(dirfd, &reading->reclaimable_bytes);
	case GROUP_HAS_SWAP:
		return read_number(dirfd, "memory.swap.current", &reading->swap_bytes);
	case GROUP_HAS_STALL:
		return memory_pressure_read(dirfd, &reading->some_usec, &reading->full_usec);
	case GROUP_HAS_EVENTS:
		return read_events(dirfd, reading);
	case GROUP_HAS_GROWTH: /* the probes tell */
		break;
	}
	return -ENOENT;
}

int memory_files_read(int dirfd, uint32_t wanted, struct group_reading *reading)
{
	int garbled = 0;

	for (uint32_t field = 1; field <= wanted; field <<= 1) {
		int r;

		if (!(wanted & field))
			continue;
		r = read_field(dirfd, (enum group_field)field, reading);
		if (r >= 0)
			reading->has |= field;
		else if (r == -EBADMSG || r == -EFBIG)
			garbled = -EBADMSG;
	}
	return garbled;
}
