/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In a container these texts come from a program (lxcfs) that puts them together from several
 * counters, read one after the other: a difference of two may be below zero, which is then printed
 * as a number near 2^64, and one value may lag behind another. So each value is held against those
 * that bound it, and what cannot be true is treated as if it were not there.
 */

#include "controller/observe/meminfo.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "controller/base/kernel_text.h"

struct meminfo {
	uint64_t total, free, available, buffers, cached, active_file, inactive_file;
	uint64_t swap_total, swap_free, zswap, zswapped, shmem, slab_reclaimable;
	uint64_t n_huge, huge_page, hugetlb;
};

/* Bits of the fields below, in their order, which is that of the file. */
enum meminfo_field {
	HAS_TOTAL = 1U << 0,
	HAS_FREE = 1U << 1,
	HAS_AVAILABLE = 1U << 2,
	HAS_CACHED = 1U << 4,
	HAS_FILE_LISTS = 1U << 5 | 1U << 6,
	HAS_SWAP = 1U << 7 | 1U << 8,
	HAS_ZSWAP = 1U << 9 | 1U << 10,
	HAS_HUGE_PAGES = 1U << 13 | 1U << 14,
	HAS_HUGETLB = 1U << 15,
};

static bool meminfo_has_all(uint32_t found, uint32_t wanted)
{
	return (found & wanted) == wanted;
}

static int meminfo_read_fields(const char *text, struct meminfo *m, uint32_t *ret_found)
{
	const struct text_field fields[] = {
		{ "MemTotal", &m->total, true },
		{ "MemFree", &m->free, true },
		{ "MemAvailable", &m->available, true },
		{ "Buffers", &m->buffers, true },
		{ "Cached", &m->cached, true },
		{ "Active(file)", &m->active_file, true },
		{ "Inactive(file)", &m->inactive_file, true },
		{ "SwapTotal", &m->swap_total, true },
		{ "SwapFree", &m->swap_free, true },
		/* Only with CONFIG_ZSWAP. */
		{ "Zswap", &m->zswap, true },
		{ "Zswapped", &m->zswapped, true },
		{ "Shmem", &m->shmem, true },
		{ "SReclaimable", &m->slab_reclaimable, true },
		{ "HugePages_Total", &m->n_huge, false },
		{ "Hugepagesize", &m->huge_page, true },
		/* Of all sizes; HugePages_Total counts those of the default size only. */
		{ "Hugetlb", &m->hugetlb, true },
	};

	return text_read_fields(text, fields, sizeof(fields) / sizeof(fields[0]), ret_found);
}

/*
 * What the kernel's own estimate is made of, less its reserves, which are not to be seen: free
 * pages, file pages, half of the reclaimable slab. Without the lists, `Cached` has shmem in it.
 */
static bool meminfo_estimate_available(const struct meminfo *m, uint32_t found, uint64_t *ret_bytes)
{
	uint64_t file = u64_sub(u64_add(m->buffers, m->cached), m->shmem), sum;

	/* Cached comes late in the file: one that ends before it was cut short. */
	if (!meminfo_has_all(found, HAS_FREE | HAS_CACHED))
		return false;
	if (meminfo_has_all(found, HAS_FILE_LISTS))
		file = u64_add(m->active_file, m->inactive_file);
	sum = u64_add(u64_add(m->free, file), m->slab_reclaimable / 2);
	if (m->free > m->total || sum > m->total)
		return false;
	*ret_bytes = sum;
	return true;
}

static int meminfo_take_memory(struct meminfo *m, uint32_t found, struct machine_reading *reading)
{
	if (meminfo_has_all(found, HAS_AVAILABLE) && m->available <= m->total) {
		reading->available_bytes = m->available;
		reading->has |= MACHINE_HAS_MEMORY;
		return 0;
	}
	if (meminfo_estimate_available(m, found, &m->available)) {
		reading->available_bytes = m->available;
		reading->has |= MACHINE_HAS_MEMORY | MACHINE_IS_ESTIMATED;
	}
	/* Kernels before 3.14, and what imitates them, have no such line. */
	return reading->has & MACHINE_IS_ESTIMATED && !(found & HAS_AVAILABLE) ? 0 : -EBADMSG;
}

/*
 * In a container the pool may be the host's while MemTotal is the container's: what does not fit
 * beside what is free and cached does not belong to this memory.
 */
static uint64_t meminfo_huge_page_pool(const struct meminfo *m, uint32_t found)
{
	uint64_t pool = 0, others;

	if (meminfo_has_all(found, HAS_HUGETLB))
		pool = m->hugetlb;
	else if (meminfo_has_all(found, HAS_HUGE_PAGES))
		pool = u64_muldiv(m->n_huge, m->huge_page, 1);
	others = u64_max(m->available, u64_add(m->free, m->cached));
	return u64_add(pool, others) < m->total ? pool : 0;
}

static int meminfo_take_swap(const struct meminfo *m, uint32_t found,
			     struct machine_reading *reading)
{
	if (!meminfo_has_all(found, HAS_SWAP))
		return 0;
	if (m->swap_total > MEMORY_MOST_BYTES || m->swap_free > m->swap_total)
		return -EBADMSG;
	reading->swap_total_bytes = m->swap_total;
	reading->swap_free_bytes = m->swap_free;
	reading->has |= MACHINE_HAS_SWAP;
	return 0;
}

static int meminfo_take_zswap(const struct meminfo *m, uint32_t found,
			      struct machine_reading *reading)
{
	if (!meminfo_has_all(found, HAS_ZSWAP))
		return 0;
	if (m->zswap > MEMORY_MOST_BYTES || m->zswapped > MEMORY_MOST_BYTES)
		return -EBADMSG;
	reading->zswap_used_bytes = m->zswap;
	reading->zswap_stored_bytes = m->zswapped;
	reading->has |= MACHINE_HAS_ZSWAP;
	return 0;
}

int meminfo_parse(const char *text, struct machine_reading *reading, uint64_t *ret_memory_bytes)
{
	struct meminfo m = {};
	uint32_t found;
	int r;

	r = meminfo_read_fields(text, &m, &found);
	if (!meminfo_has_all(found, HAS_TOTAL) || m.total > MEMORY_MOST_BYTES || m.total == 0) {
		m.total = reading->total_bytes;
		r = -EBADMSG;
	}
	if (m.total > 0 && meminfo_take_memory(&m, found, reading) < 0)
		r = -EBADMSG;
	if (meminfo_take_swap(&m, found, reading) < 0)
		r = -EBADMSG;
	if (meminfo_take_zswap(&m, found, reading) < 0)
		r = -EBADMSG;
	*ret_memory_bytes = m.total;
	reading->total_bytes = m.total - meminfo_huge_page_pool(&m, found);
	return r;
}

/*
 * "size    4    6240000000" below two lines of title. As arc_evictable_memory() of ZFS: what is
 * dirty or in use does not go, and the cache does not shrink below c_min.
 */
int arcstats_parse(const char *text, uint64_t *ret_reclaimable_bytes)
{
	struct {
		const char *name;
		uint64_t value;
		bool found;
	} rows[] = {
		{ .name = "size" },
		{ .name = "c_min" },
		{ .name = "mru_evictable_data" },
		{ .name = "mru_evictable_metadata" },
		{ .name = "mfu_evictable_data" },
		{ .name = "mfu_evictable_metadata" },
	};
	uint64_t clean = 0, above;
	uint32_t n_clean = 0;

	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			size_t n = strlen(rows[i].name);
			const char *s = line + n;
			uint64_t type;

			if (rows[i].found || strncmp(line, rows[i].name, n) != 0 ||
			    !text_take_blanks(&s))
				continue;
			rows[i].found = text_take_number(&s, &type) && text_take_blanks(&s) &&
					text_take_number(&s, &rows[i].value) && *s == '\n' &&
					rows[i].value <= MEMORY_MOST_BYTES;
		}
	if (!rows[0].found || !rows[1].found)
		return -EBADMSG;
	above = u64_sub(rows[0].value, rows[1].value);
	for (size_t i = 2; i < sizeof(rows) / sizeof(rows[0]); i++) {
		n_clean += rows[i].found;
		clean = u64_add(clean, rows[i].value);
	}
	/* Where not all of them are there (ZFS before 0.7), c_min alone bounds it. */
	if (n_clean == 4 && u64_sub(rows[0].value, clean) >= rows[1].value)
		above = u64_min(above, clean);
	*ret_reclaimable_bytes = above;
	return 0;
}
