/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/memory_files.h"

#include <errno.h>
#include <string.h>

#include "controller/base/cleanup.h"
#include "controller/base/kernel_text.h"
#include "controller/observe/memory_use.h"
#include "controller/observe/psi.h"

/* A number, two lines of PSI, or the nine counters of memory.events. */
#define SMALL_FILE_SIZE 512
/* memory.stat of 6.18 has about 80 lines, 2 KiB. */
#define STAT_FILE_SIZE 8192

/* No counter gets there by counting: it was below zero, or something else was printed. */
#define COUNT_MOST (1ULL << 62)

static bool memory_files_take_count(uint64_t *count)
{
	if (*count > COUNT_MOST)
		*count = COUNT_UNKNOWN;
	return *count != COUNT_UNKNOWN;
}

int memory_events_parse(const char *text, struct memory_events *ret)
{
	struct memory_events events = { COUNT_UNKNOWN, COUNT_UNKNOWN, COUNT_UNKNOWN };
	const struct text_field fields[] = {
		{ "high", &events.n_high },
		{ "max", &events.n_max },
		{ "oom_kill", &events.n_oom_kill },
	};
	bool has_high, has_max, has_oom_kill;
	uint32_t found;
	int r;

	r = text_read_fields(text, fields, 3, &found);
	has_high = memory_files_take_count(&events.n_high);
	has_max = memory_files_take_count(&events.n_max);
	has_oom_kill = memory_files_take_count(&events.n_oom_kill);
	if (!has_high || !has_max || !has_oom_kill)
		r = -EBADMSG;
	*ret = events;
	return r;
}

struct stat_values {
	uint64_t file, shmem, mapped, dirty, writeback, inactive, active, slab;
};

enum stat_field {
	HAS_FILE = 1U << 0,
	HAS_SHMEM = 1U << 1,
	HAS_LISTS = 1U << 5 | 1U << 6,
	/* `file` only stands in for others; slab is not accounted without memcg kernel memory. */
	HAS_NEEDED = 0x7e,
};

/* A line of that key, whatever it says. */
static bool memory_files_has_line(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *s = text; (s = strstr(s, key)); s += n)
		if ((s == text || s[-1] == '\n') && s[n] == ' ' && strchr(s, '\n'))
			return true;
	return false;
}

/* A value that is no amount is 0 and not found; *ret_complete: its line was there all the same. */
static int memory_files_read_stat_fields(const char *text, struct stat_values *v,
					 uint32_t *ret_found, bool *ret_complete)
{
	const struct text_field fields[] = {
		{ "file", &v->file },
		{ "shmem", &v->shmem },
		{ "file_mapped", &v->mapped },
		{ "file_dirty", &v->dirty },
		{ "file_writeback", &v->writeback },
		{ "inactive_file", &v->inactive },
		{ "active_file", &v->active },
		{ "slab_reclaimable", &v->slab },
	};
	size_t n_fields = sizeof(fields) / sizeof(fields[0]);
	int r;

	*v = (struct stat_values){};
	*ret_complete = true;
	r = text_read_fields(text, fields, n_fields, ret_found);
	for (size_t i = 0; i < n_fields; i++) {
		if (*fields[i].value > MEMORY_MOST_BYTES) {
			*fields[i].value = 0;
			*ret_found &= ~(1U << i);
			r = -EBADMSG;
		}
		if (HAS_NEEDED >> i & ~(*ret_found >> i) & 1 &&
		    !memory_files_has_line(text, fields[i].key))
			*ret_complete = false;
	}
	return (*ret_found & HAS_NEEDED) == HAS_NEEDED ? r : -EBADMSG;
}

static uint64_t memory_files_reclaimable(const struct stat_values *v, uint64_t lists,
					 uint64_t mapped)
{
	uint64_t busy = u64_add(mapped, u64_add(v->dirty, v->writeback));

	return u64_add(u64_sub(lists, busy), v->slab / 2);
}

int memory_stat_parse(const char *text, struct memory_stat *ret)
{
	struct stat_values v;
	uint64_t lists, file, mapped;
	bool is_complete;
	uint32_t found;
	int r;

	r = memory_files_read_stat_fields(text, &v, &found, &is_complete);
	lists = v.inactive + v.active;
	file = u64_sub(v.file, v.shmem);
	if ((found & HAS_LISTS) != HAS_LISTS)
		lists = found & HAS_FILE && found & HAS_SHMEM ? file : 0;
	/* On neither list: locked in memory, and mapped by whoever locked it. */
	mapped = u64_sub(v.mapped, u64_sub(file, lists));
	ret->reclaimable_bytes = memory_files_reclaimable(&v, lists, mapped);
	ret->doubtful_bytes = memory_files_reclaimable(&v, lists, u64_sub(mapped, v.shmem)) -
			      ret->reclaimable_bytes;
	/* What was cut short would be taken for more than there is. */
	ret->is_known = is_complete && ((found & HAS_LISTS) == HAS_LISTS ||
					((found & HAS_FILE) != 0 && (found & HAS_SHMEM) != 0));
	return r;
}

int memory_events_read(int dirfd, struct memory_events *ret)
{
	char text[SMALL_FILE_SIZE];
	int r = text_load_at(dirfd, "memory.events", text, sizeof(text));

	if (r < 0 && r != -EBADMSG)
		return r;
	return text_result(r, memory_events_parse(text, ret));
}

int memory_pressure_read(int dirfd, uint64_t *ret_some_usec, uint64_t *ret_full_usec)
{
	char text[SMALL_FILE_SIZE];
	int r = text_load_at(dirfd, "memory.pressure", text, sizeof(text));

	if (r < 0 && r != -EBADMSG)
		return r;
	return text_result(r, psi_parse(text, ret_some_usec, ret_full_usec));
}

/* A limit beyond all memory is legal, and none. */
static int memory_files_read_limit(int dirfd, const char *file, uint64_t *ret_bytes)
{
	char text[SMALL_FILE_SIZE];
	int r = text_load_at(dirfd, file, text, sizeof(text));

	return r < 0 ? r : text_read_limit(text, ret_bytes);
}

static int memory_files_read_amount(int dirfd, const char *file, uint64_t *ret_bytes)
{
	char text[SMALL_FILE_SIZE];
	uint64_t bytes;
	int r = text_load_at(dirfd, file, text, sizeof(text));

	if (r >= 0)
		r = text_read_number(text, &bytes);
	if (r < 0)
		return r;
	if (bytes > MEMORY_MOST_BYTES)
		return -EBADMSG;
	*ret_bytes = bytes;
	return 0;
}

/* From the same file. What is unsplit could be dropped at once, too. */
static void memory_files_take_use(const char *text, struct group_reading *reading)
{
	struct memory_use use;

	memory_use_parse(text, &use);
	if (!use.is_known)
		return;
	reading->has |= GROUP_HAS_USE;
	reading->unused_bytes = use.unused_bytes;
	reading->held_bytes = use.held_bytes;
	reading->reclaimable_bytes = u64_add(reading->reclaimable_bytes, use.unsplit_bytes);
}

static int memory_files_read_reclaimable(int dirfd, struct group_reading *reading,
					 uint64_t *ret_doubtful_bytes)
{
	char text[STAT_FILE_SIZE];
	struct memory_stat stat;
	int r = text_load_at(dirfd, "memory.stat", text, sizeof(text));

	if (r < 0 && r != -EBADMSG)
		return r;
	r = text_result(r, memory_stat_parse(text, &stat));
	if (!stat.is_known)
		return r;
	reading->has |= GROUP_HAS_RECLAIMABLE;
	reading->reclaimable_bytes = stat.reclaimable_bytes;
	memory_files_take_use(text, reading);
	if (ret_doubtful_bytes)
		*ret_doubtful_bytes = stat.doubtful_bytes;
	return r;
}

static int memory_files_read_stall(int dirfd, struct group_reading *reading)
{
	uint64_t some_usec = COUNT_UNKNOWN, full_usec = COUNT_UNKNOWN;
	int r = memory_pressure_read(dirfd, &some_usec, &full_usec);

	if (some_usec == COUNT_UNKNOWN && full_usec == COUNT_UNKNOWN)
		return r;
	reading->has |= GROUP_HAS_STALL;
	reading->some_usec = some_usec;
	reading->full_usec = full_usec;
	return r;
}

static int memory_files_read_events(int dirfd, struct group_reading *reading)
{
	struct memory_events events = { COUNT_UNKNOWN, COUNT_UNKNOWN, COUNT_UNKNOWN };
	int r = memory_events_read(dirfd, &events);

	if ((events.n_high & events.n_max & events.n_oom_kill) == COUNT_UNKNOWN)
		return r;
	reading->has |= GROUP_HAS_EVENTS;
	reading->n_high = events.n_high;
	reading->n_max = events.n_max;
	reading->n_oom_kill = events.n_oom_kill;
	return r;
}

/* Files of one value. */
static int memory_files_read_value(int dirfd, enum group_field field, struct group_reading *reading)
{
	switch (field) {
	case GROUP_HAS_CURRENT:
		return memory_files_read_amount(dirfd, "memory.current", &reading->current_bytes);
	case GROUP_HAS_LIMIT:
		return memory_files_read_limit(dirfd, "memory.max", &reading->limit_bytes);
	case GROUP_HAS_HIGH:
		return memory_files_read_limit(dirfd, "memory.high", &reading->high_bytes);
	case GROUP_HAS_SWAP:
		return memory_files_read_amount(dirfd, "memory.swap.current", &reading->swap_bytes);
	case GROUP_HAS_SWAP_LIMIT:
		return memory_files_read_limit(dirfd, "memory.swap.max",
					       &reading->swap_limit_bytes);
	default: /* growth: the probes tell */
		return -ENOENT;
	}
}

uint32_t memory_files_read(int dirfd, uint32_t wanted, struct group_reading *reading,
			   uint64_t *ret_doubtful_bytes)
{
	uint32_t garbled = 0;

	for (uint32_t field = 1; field <= wanted; field <<= 1) {
		int r;

		if (!(wanted & field))
			continue;
		if (field == GROUP_HAS_RECLAIMABLE)
			r = memory_files_read_reclaimable(dirfd, reading, ret_doubtful_bytes);
		else if (field == GROUP_HAS_STALL)
			r = memory_files_read_stall(dirfd, reading);
		else if (field == GROUP_HAS_EVENTS)
			r = memory_files_read_events(dirfd, reading);
		else
			r = memory_files_read_value(dirfd, (enum group_field)field, reading);
		if (r >= 0)
			reading->has |= field;
		else if (!text_is_absent(r))
			garbled |= field;
	}
	return garbled;
}

const char *memory_file_name(enum group_field field)
{
	switch (field) {
	case GROUP_HAS_CURRENT:
		return "memory.current";
	case GROUP_HAS_LIMIT:
		return "memory.max";
	case GROUP_HAS_HIGH:
		return "memory.high";
	case GROUP_HAS_RECLAIMABLE:
		return "memory.stat";
	case GROUP_HAS_SWAP:
		return "memory.swap.current";
	case GROUP_HAS_SWAP_LIMIT:
		return "memory.swap.max";
	case GROUP_HAS_STALL:
		return "memory.pressure";
	case GROUP_HAS_EVENTS:
		return "memory.events";
	case GROUP_HAS_USE:
		return "memory.stat";
	case GROUP_HAS_GROWTH:
		break;
	}
	return "unknown";
}
