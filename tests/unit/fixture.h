/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Fixture: kernel texts from tests/fixtures, and what tests of parsers do with them
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const char *const kernels[] = { "6.1", "6.12", "6.18" };

/* The text of tests/fixtures/kernel/KERNEL/FILE; the caller frees it. */
static inline char *fixture_read(const char *kernel, const char *file)
{
	const char *root = getenv("SOURCE_ROOT");
	char path[4096], *text = calloc(1, 65536);
	FILE *f;

	assert_non_null(text);
	snprintf(path, sizeof(path), "%s/tests/fixtures/kernel/%s/%s", root ? root : ".", kernel,
		 file);
	f = fopen(path, "re");
	if (!f)
		fail_msg("cannot open %s", path);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

/* The first n bytes in memory of just that size, so that a read beyond them is seen by ASan. */
static inline char *fixture_cut(const char *text, size_t n)
{
	char *cut = malloc(n + 1);

	assert_non_null(cut);
	memcpy(cut, text, n);
	cut[n] = '\0';
	return cut;
}

/* About a megabyte of a repeated line, with another text behind it. */
static inline char *fixture_huge(const char *line, const char *end)
{
	size_t n = strlen(line), times = (1 << 20) / n;
	char *text = malloc(n * times + strlen(end) + 1);

	assert_non_null(text);
	for (size_t i = 0; i < times; i++)
		memcpy(text + i * n, line, n);
	strcpy(text + n * times, end);
	return text;
}
