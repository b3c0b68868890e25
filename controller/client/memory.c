/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Memory: what is freed inside huge pages reaches the kernel
 *
 *	one huge page, 2 MiB          freed by malloc_trim()          split, small pages only
 *	#########################     ###......####.......####        ###      ####       ####
 *	                              all of it still charged         charged: what is used
 *
 * The kernel takes a huge page (its default is to make them of any memory, and to collapse small
 * pages into them later) back as a whole or not at all: what is unmapped of it stays charged to the
 * cgroup until the kernel runs short itself. And where parts are missing it may fill them up again
 * (khugepaged, max_ptes_none). Two madvise() calls change both:
 *
 *	MADV_COLD on a part           splits the huge page; the unmapped parts are free at once
 *	MADV_NOHUGEPAGE on all of it  nothing fills them up again
 *
 * Which memory has huge pages a process cannot ask; but mincore() tells which pages are there, and
 * a huge page that needs splitting has some that are not. Where there was none after all, one page
 * was called cold: that costs nothing.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "controller/client/internal.h"

/* The huge page of x86-64 and of arm64 with 4 KiB pages; where it is larger, less is found. */
#define HUGE_BYTES ((uintptr_t)2 << 20)
/* 4 KiB is the smallest page there is. */
#define HUGE_PAGES_MAX 512
/* glibc aligns the heaps of its threads to this (HEAP_MAX_SIZE on 64 bits). */
#define ARENA_ALIGN ((uintptr_t)64 << 20)
/* An answer is late after half a second (ShedDeadline= of the shipped profiles). */
#define SPLIT_USEC_MAX 100000

static uintptr_t memory_page_bytes(void)
{
	return (uintptr_t)sysconf(_SC_PAGESIZE);
}

static uintptr_t memory_huge_down(uintptr_t address)
{
	return address & ~(HUGE_BYTES - 1);
}

static int memory_advise(uintptr_t start, uintptr_t end, int advice)
{
	return madvise((void *)start, end - start, advice) < 0 ? -errno : 0;
}

/* ---- the heap ------------------------------------------------------------------------------- */

/* One line of /proc/self/maps. */
struct mapping {
	uintptr_t start, end;
	bool is_plain; /* private anonymous memory that can be written */
	bool is_heap;  /* malloc()'s own */
};

/*
 * A huge page of which only a part is in [start, end), or of which pages are missing there, is
 * split. start, end: inside one huge page, in one mapping.
 */
static void memory_split_one(const struct mapping *mapping, uintptr_t start, uintptr_t end)
{
	uintptr_t page = memory_page_bytes(), n = (end - start) / page, n_there = 0, first = 0;
	unsigned char there[HUGE_PAGES_MAX];

	if (n > HUGE_PAGES_MAX || mincore((void *)start, end - start, there) < 0)
		return;
	for (uintptr_t i = n; i > 0; i--)
		if (there[i - 1] & 1) {
			n_there++;
			first = i - 1;
		}
	if (n_there == 0 || n_there * page == HUGE_BYTES)
		return;
	if (mapping->is_heap && end - start == HUGE_BYTES)
		(void)memory_advise(start, end, MADV_NOHUGEPAGE);
	(void)memory_advise(start + first * page, start + (first + 1) * page, MADV_COLD);
}

/* Returns: false when time is up. */
static bool memory_split_mapping(const struct mapping *mapping, uint64_t until_usec)
{
	uintptr_t start = mapping->start, end;

	for (; start < mapping->end; start = end) {
		if (relief_now_usec() >= until_usec)
			return false;
		end = memory_huge_down(start) + HUGE_BYTES;
		if (end > mapping->end || end < start)
			end = mapping->end;
		memory_split_one(mapping, start, end);
	}
	return true;
}

static uintptr_t memory_ram_bytes(void)
{
	return (uintptr_t)sysconf(_SC_PHYS_PAGES) * memory_page_bytes();
}

/* "55d0c0000000-55d0c4000000 rw-p 00000000 00:00 0      [heap]" */
static bool memory_mapping_parse(const char *line, struct mapping *ret)
{
	unsigned long start, end, inode;
	char access[5], name[16] = "";

	if (sscanf(line, "%lx-%lx %4s %*s %*s %lu %15s", &start, &end, access, &inode, name) < 4)
		return false;
	*ret = (struct mapping){ .start = start, .end = end };
	/* A sanitizer or a runtime reserves more than there is memory: nothing to look through. */
	ret->is_plain =
		inode == 0 && strcmp(access, "rw-p") == 0 && end - start <= memory_ram_bytes() &&
		(name[0] == '\0' || strcmp(name, "[heap]") == 0 || strncmp(name, "[anon:", 6) == 0);
	ret->is_heap = strcmp(name, "[heap]") == 0 || start % ARENA_ALIGN == 0;
	return true;
}

/* Reads lines without malloc(); of a line that is longer than the buffer only its start counts. */
static void memory_split_all(int fd, uint64_t until_usec)
{
	char text[4096];
	size_t n_had = 0;
	bool is_rest = false;
	ssize_t n;

	while ((n = read(fd, text + n_had, sizeof(text) - 1 - n_had)) > 0) {
		char *line = text, *newline;

		text[n_had + (size_t)n] = '\0';
		while ((newline = strchr(line, '\n'))) {
			struct mapping mapping;

			*newline = '\0';
			if (!is_rest && memory_mapping_parse(line, &mapping) && mapping.is_plain &&
			    !memory_split_mapping(&mapping, until_usec))
				return;
			is_rest = false;
			line = newline + 1;
		}
		n_had = strlen(line);
		if (n_had == sizeof(text) - 1) {
			is_rest = true;
			n_had = 0;
		}
		memmove(text, line, n_had);
	}
}

static void memory_split_huge_pages(void)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0) /* what is left undone is seen by reliefd all the same, and free when needed */
		return;
	memory_split_all(fd, usec_add(relief_now_usec(), SPLIT_USEC_MAX));
	close(fd);
}

void memory_trim_heap(void)
{
#ifdef __GLIBC__
	int error = errno;

	malloc_trim(0);
	memory_split_huge_pages();
	errno = error;
#endif
}

/* ---- memory that a service maps itself ------------------------------------------------------ */

/* The part of [start, end) in a huge page that is not whole in it, split off. */
static void memory_split_edge(uintptr_t start, uintptr_t end)
{
	uintptr_t huge = memory_huge_down(start);

	if (start >= end || end - start == HUGE_BYTES)
		return;
	(void)memory_advise(huge, huge + HUGE_BYTES, MADV_NOHUGEPAGE);
	(void)memory_advise(start, end, MADV_COLD);
}

static int memory_check_range(const void *address, size_t bytes)
{
	if (!address || (uintptr_t)address % memory_page_bytes() != 0 ||
	    (uintptr_t)address + bytes < (uintptr_t)address)
		return -EINVAL;
	return 0;
}

API int relief_memory_release(void *address, size_t bytes)
{
	uintptr_t start = (uintptr_t)address, end, first_end;
	int r = memory_check_range(address, bytes);

	if (r < 0)
		return r;
	end = start + bytes - bytes % memory_page_bytes();
	if (start == end)
		return 0;
	first_end = memory_huge_down(start) + HUGE_BYTES;
	if (first_end >= end || first_end < start) {
		memory_split_edge(start, end);
	} else {
		memory_split_edge(start, first_end);
		memory_split_edge(memory_huge_down(end - 1), end);
	}
	return memory_advise(start, end, MADV_DONTNEED);
}

API int relief_memory_no_thp(void *address, size_t bytes)
{
	int r;

	if (!address && bytes == 0)
		return prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0 ? -errno : 0;
	r = memory_check_range(address, bytes);
	if (r < 0)
		return r;
	r = memory_advise((uintptr_t)address, (uintptr_t)address + bytes, MADV_NOHUGEPAGE);
	/* A kernel that is built without huge pages does not know the word: there are none. */
	return r == -EINVAL ? 0 : r;
}
