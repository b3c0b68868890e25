// SPDX-License-Identifier: GPL-2.0-or-later
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "controller/base/cleanup.h"
#include "controller/base/parse.h"
#include "tests/support/load.h"

enum {
	LOAD_BROKEN = 2, /* exit status; 1 is left to a program's own findings */
	PAGE_BYTES = 4096,
};

uint64_t load_bytes(const char *option, const char *text)
{
	uint64_t bytes;

	if (parse_bytes(text, &bytes) < 0)
		errx(LOAD_BROKEN, "%s wants a size such as 150M, not '%s'", option, text);
	return bytes;
}

uint64_t load_usec(const char *option, const char *text)
{
	uint64_t usec;

	if (parse_usec(text, &usec) < 0)
		errx(LOAD_BROKEN, "%s wants a time such as 20ms or 30s, not '%s'", option, text);
	return usec;
}

uint64_t load_percent(const char *option, const char *text)
{
	uint64_t percent;

	if (parse_u64(text, &percent) < 0 || percent > 100)
		errx(LOAD_BROKEN, "%s wants a number from 0 to 100, not '%s'", option, text);
	return percent;
}

uint64_t load_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void load_sleep_until(uint64_t usec)
{
	struct timespec at = {
		.tv_sec = (time_t)(usec / 1000000),
		.tv_nsec = (long)(usec % 1000000) * 1000,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

uint64_t load_available_bytes(void)
{
	_cleanup_file_ FILE *meminfo = fopen("/proc/meminfo", "re");
	unsigned long long kib;
	char line[128];

	if (!meminfo)
		err(LOAD_BROKEN, "/proc/meminfo");
	while (fgets(line, sizeof(line), meminfo))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			return kib * 1024;
	errx(LOAD_BROKEN, "/proc/meminfo has no MemAvailable");
}

static char *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		err(LOAD_BROKEN, "cannot map %zu bytes", bytes);
	return memory;
}

void *load_map(size_t bytes)
{
	void *memory = map(bytes);

	madvise(memory, bytes, MADV_NOHUGEPAGE);
	return memory;
}

void *load_map_huge(size_t bytes)
{
	char *memory = map(bytes + LOAD_HUGE_BYTES);

	memory += LOAD_HUGE_BYTES - (uintptr_t)memory % LOAD_HUGE_BYTES;
	if (madvise(memory, bytes, MADV_HUGEPAGE) < 0)
		err(LOAD_BROKEN, "no huge pages");
	return memory;
}

/* One page of noise (xorshift64), made once: no page can be compressed by looking at another. */
static const void *noise_page(void)
{
	static uint64_t page[PAGE_BYTES / sizeof(uint64_t)];
	uint64_t word = 0x9e3779b97f4a7c15;

	if (page[0])
		return page;
	for (size_t i = 0; i < PAGE_BYTES / sizeof(uint64_t); i++) {
		word ^= word << 13;
		word ^= word >> 7;
		word ^= word << 17;
		page[i] = word;
	}
	return page;
}

void load_touch(void *memory, size_t bytes, uint64_t zero_percent)
{
	static uint64_t stamp;
	size_t noise = PAGE_BYTES * (100 - zero_percent) / 100;

	for (size_t at = 0; at < bytes; at += PAGE_BYTES) {
		char *page = (char *)memory + at;
		size_t left = bytes - at;

		memcpy(page, noise_page(), noise < left ? noise : left);
		stamp++;
		memcpy(page, &stamp, left < sizeof(stamp) ? left : sizeof(stamp));
	}
}
