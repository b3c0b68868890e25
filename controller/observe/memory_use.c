/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/memory_use.h"

#include "controller/base/kernel_text.h"
#include "policies/units.h"

/* The counters of memory.stat that it takes, named as there. */
struct counters {
	uint64_t anon, file, shmem, unevictable;
	uint64_t inactive_anon, active_anon, inactive_file, active_file;
	uint64_t swapcached; /* since Linux 5.12 */
};

#define N_NEEDED 8

static bool memory_use_read_counters(const char *text, struct counters *c)
{
	const struct text_field fields[] = {
		{ "anon", &c->anon },
		{ "file", &c->file },
		{ "shmem", &c->shmem },
		{ "unevictable", &c->unevictable },
		{ "inactive_anon", &c->inactive_anon },
		{ "active_anon", &c->active_anon },
		{ "inactive_file", &c->inactive_file },
		{ "active_file", &c->active_file },
		{ "swapcached", &c->swapcached },
	};
	uint32_t found;

	/* What is wrong with the file is said by whoever reads it for more. */
	(void)text_read_fields(text, fields, sizeof(fields) / sizeof(fields[0]), &found);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (*fields[i].value > MEMORY_MOST_BYTES)
			return false;
	return (found & ((1U << N_NEEDED) - 1)) == (1U << N_NEEDED) - 1;
}

/*
 * The kernel gathers the counters one after the other: a difference that would be negative is 0, so
 * that less is found, never more.
 */
static uint64_t memory_use_unsplit_bytes(const struct counters *c)
{
	uint64_t lists_bytes = c->inactive_anon + c->active_anon + c->inactive_file +
			       c->active_file + c->unevictable;

	return u64_sub(lists_bytes, c->anon + c->file);
}

static uint64_t memory_use_lazily_freed_bytes(const struct counters *c)
{
	uint64_t cache_bytes = u64_sub(c->file, c->shmem);

	return u64_min(u64_sub(c->inactive_file + c->active_file, cache_bytes), c->anon);
}

void memory_use_parse(const char *text, struct memory_use *ret)
{
	struct counters c = {};
	uint64_t lazy_bytes;

	*ret = (struct memory_use){ .is_known = memory_use_read_counters(text, &c) };
	if (!ret->is_known)
		return;
	lazy_bytes = memory_use_lazily_freed_bytes(&c);
	ret->unsplit_bytes = memory_use_unsplit_bytes(&c);
	ret->unused_bytes = ret->unsplit_bytes + lazy_bytes;
	ret->held_bytes = u64_sub(c.anon + c.shmem, lazy_bytes + c.swapcached);
}
