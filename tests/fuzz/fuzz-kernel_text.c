/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever stands in a file of the kernel or of lxcfs: every parser takes what can be true
 *
 * The input is one file, given to each parser as it is, and again with some of it changed: a sign,
 * a NUL, a line end, a longer number, a cut.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "controller/base/cleanup.h"
#include "controller/base/kernel_text.h"
#include "controller/observe/meminfo.h"
#include "controller/observe/memory_files.h"
#include "controller/observe/psi.h"
#include "controller/observe/swaps.h"

#define N_CHANGES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-kernel_text: %s\n", what);
	abort();
}

static void try_meminfo(const char *text)
{
	struct machine_reading m = {};
	uint64_t total, arc = 0;

	meminfo_parse(text, &m, &total);
	check(m.total_bytes <= total && total <= MEMORY_MOST_BYTES,
	      "more memory than there can be");
	if (m.has & MACHINE_HAS_MEMORY)
		check(m.available_bytes <= total, "more available than there is");
	if (m.has & MACHINE_HAS_SWAP)
		check(m.swap_free_bytes <= m.swap_total_bytes, "more swap free than there is");
	if (m.has & MACHINE_HAS_ZSWAP)
		check(m.zswap_used_bytes <= MEMORY_MOST_BYTES, "more zswap than memory");
	if (arcstats_parse(text, &arc) == 0)
		check(arc <= MEMORY_MOST_BYTES, "more given back than there is");
}

static void try_swaps(const char *text)
{
	struct swap_names names = { .sys_fd = -1 };
	struct machine_reading m = {
		.has = MACHINE_HAS_SWAP,
		.swap_total_bytes = 1 << 30,
		.swap_free_bytes = 1 << 29,
	};
	struct swaps swaps;

	swaps_parse(text, NULL, NULL, &swaps);
	check(swaps.n <= SWAPS_MAX, "more devices than there is room for");
	for (size_t i = 0; i < swaps.n; i++)
		check(swaps.devices[i].used_bytes <= swaps.devices[i].total_bytes,
		      "more of a device in use than it has");
	swaps_fill(&names, text, &m);
	check(m.swap_free_bytes <= 1 << 29, "swap became more by looking at it");
}

static void try_counts(const char *text)
{
	uint64_t some = 7, full = 7, value;
	struct memory_events events;
	struct memory_stat stat;
	struct mm_stat mm;

	if (psi_parse(text, &some, &full) == 0)
		check(some != COUNT_UNKNOWN && full != COUNT_UNKNOWN, "a total is missing");
	if (memory_events_parse(text, &events) == 0)
		check(events.n_max < UINT64_MAX / 2, "a counter wrapped");
	memory_stat_parse(text, &stat);
	check(stat.reclaimable_bytes <= 3 * MEMORY_MOST_BYTES &&
		      stat.doubtful_bytes <= 3 * MEMORY_MOST_BYTES,
	      "more to reclaim than there is");
	mm_stat_parse(text, &mm);
	text_read_number(text, &value);
	text_read_limit(text, &value);
}

/* As a file: what is read is what the parsers get. */
static void try_text(const char *bytes, size_t size)
{
	_cleanup_fd_ int fd = memfd_create("fuzz-kernel_text", MFD_CLOEXEC);
	static char text[8192];
	int r;

	check(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "the input could not be written");
	r = text_load_fd(fd, text, sizeof(text));
	check(r == 0 || r == -EBADMSG, "a file could not be loaded");
	check(strlen(text) == (size < sizeof(text) ? size : sizeof(text) - 1), "a NUL hides text");
	try_meminfo(text);
	try_swaps(text);
	try_counts(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char changes[] = { '-', '+', '\0', '\n', '9', ' ', 'x', (char)0xff };
	_cleanup_free_ char *copy = malloc(size + 1);
	uint32_t state = 1;

	check(copy, "no memory");
	memcpy(copy, data, size);
	try_text(copy, size);
	for (int i = 0; i < N_CHANGES && size > 0; i++) {
		size_t at = (state = state * 1664525 + 1013904223) % size;
		char was = copy[at];

		copy[at] = changes[i % sizeof(changes)];
		try_text(copy, size);
		copy[at] = was;
		try_text(copy, at);
	}
	return 0;
}
