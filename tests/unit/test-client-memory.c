/* SPDX-License-Identifier: GPL-2.0-or-later */

/* librelief: what is given back inside huge pages, as the kernel that runs the test has it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <relief/relief.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE_BYTES  ((size_t)2 << 20)
#define N_HUGE	    4
#define ARENA_BYTES (N_HUGE * HUGE_BYTES)
#define PAGE	    ((size_t)sysconf(_SC_PAGESIZE))

/* linux/kernel-page-flags.h, Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_PFN	((1ULL << 55) - 1)
#define KPF_THP		(1ULL << 22)

static char *map_aligned(void)
{
	char *memory = mmap(NULL, ARENA_BYTES + HUGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(memory != MAP_FAILED);
	return memory + HUGE_BYTES - (uintptr_t)memory % HUGE_BYTES;
}

static uint64_t read_entry(const char *path, uint64_t index)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (fd >= 0 && pread(fd, &entry, 8, (off_t)(index * 8)) != 8)
		entry = 0;
	if (fd >= 0)
		close(fd);
	return entry;
}

static bool is_there(const char *page)
{
	return read_entry("/proc/self/pagemap", (uintptr_t)page / PAGE) & PAGEMAP_PRESENT;
}

/* Part of a huge page still; only root gets to know, and not everywhere. */
static bool is_huge(const char *page)
{
	uint64_t pfn = read_entry("/proc/self/pagemap", (uintptr_t)page / PAGE) & PAGEMAP_PFN;

	return pfn != 0 && read_entry("/proc/kpageflags", pfn) & KPF_THP;
}

/* Four huge pages, each byte its number. Skips where there are none to be had, or to be seen. */
static char *huge_arena(void)
{
	char *arena = map_aligned();

	if (madvise(arena, ARENA_BYTES, MADV_HUGEPAGE) < 0)
		skip();
	for (size_t i = 0; i < N_HUGE; i++)
		memset(arena + i * HUGE_BYTES, (int)i + 1, HUGE_BYTES);
	for (size_t i = 0; i < N_HUGE; i++)
		if (!is_huge(arena + i * HUGE_BYTES))
			skip();
	return arena;
}

static void a_part_of_a_huge_page_is_split_off(void **state)
{
	char *arena = huge_arena();

	/* The second half of the first, all of the second, a quarter of the third. */
	assert_int_equal(relief_memory_release(arena + HUGE_BYTES / 2, 7 * HUGE_BYTES / 4), 0);
	assert_false(is_huge(arena));
	assert_false(is_huge(arena + 3 * HUGE_BYTES - PAGE));
	assert_true(is_huge(arena + 3 * HUGE_BYTES));
	assert_false(is_there(arena + HUGE_BYTES));
	assert_int_equal(arena[HUGE_BYTES / 2 - 1], 1);
	assert_int_equal(arena[HUGE_BYTES / 2], 0);
	assert_int_equal(arena[9 * HUGE_BYTES / 4 - 1], 0);
	assert_int_equal(arena[9 * HUGE_BYTES / 4], 3);
	assert_int_equal(arena[ARENA_BYTES - 1], 4);
}

static void whole_huge_pages_leave_the_others_whole(void **state)
{
	char *arena = huge_arena();

	assert_int_equal(relief_memory_release(arena + HUGE_BYTES, 2 * HUGE_BYTES), 0);
	assert_true(is_huge(arena));
	assert_true(is_huge(arena + 3 * HUGE_BYTES));
	assert_int_equal(arena[HUGE_BYTES - 1], 1);
	assert_int_equal(arena[3 * HUGE_BYTES], 4);
}

/* The kernel fills no hole in what was a huge page: it is not made one again by a fault, either. */
static void what_was_split_stays_small(void **state)
{
	char *arena = huge_arena();

	assert_int_equal(relief_memory_release(arena, HUGE_BYTES / 2), 0);
	assert_int_equal(relief_memory_release(arena + HUGE_BYTES / 2, HUGE_BYTES / 2), 0);
	arena[0] = 1;
	assert_false(is_huge(arena));
	assert_false(is_there(arena + PAGE));
}

static void small_pages_are_released_as_well(void **state)
{
	char *arena = map_aligned();

	assert_int_equal(relief_memory_no_thp(arena, ARENA_BYTES), 0);
	memset(arena, 1, ARENA_BYTES);
	assert_false(is_huge(arena));
	/* An incomplete page at the end stays. */
	assert_int_equal(relief_memory_release(arena + PAGE, 2 * PAGE - 1), 0);
	assert_int_equal(arena[PAGE - 1], 1);
	assert_int_equal(arena[PAGE], 0);
	assert_int_equal(arena[2 * PAGE - 1], 0);
	assert_int_equal(arena[2 * PAGE], 1);
	assert_int_equal(relief_memory_release(arena, 0), 0);
	assert_int_equal(relief_memory_release(arena, PAGE - 1), 0);
	assert_int_equal(arena[0], 1);
}

static void wrong_ranges_are_refused(void **state)
{
	char *arena = map_aligned();

	assert_int_equal(relief_memory_release(NULL, PAGE), -EINVAL);
	assert_int_equal(relief_memory_release(arena + 1, PAGE), -EINVAL);
	assert_int_equal(relief_memory_release(arena, SIZE_MAX), -EINVAL);
	assert_int_equal(relief_memory_no_thp(NULL, PAGE), -EINVAL);
	assert_int_equal(relief_memory_no_thp(arena + 1, PAGE), -EINVAL);
	assert_int_equal(munmap(arena, HUGE_BYTES), 0);
	assert_int_equal(relief_memory_release(arena, HUGE_BYTES), -ENOMEM);
	assert_int_equal(relief_memory_no_thp(arena, HUGE_BYTES), -ENOMEM);
}

static void a_process_can_do_without(void **state)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(relief_memory_no_thp(NULL, 0) == 0 &&
				      prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1
			      ? 0
			      : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_of_a_huge_page_is_split_off),
		cmocka_unit_test(whole_huge_pages_leave_the_others_whole),
		cmocka_unit_test(what_was_split_stays_small),
		cmocka_unit_test(small_pages_are_released_as_well),
		cmocka_unit_test(wrong_ranges_are_refused),
		cmocka_unit_test(a_process_can_do_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
