/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A root of its own for each test, with files of settings below it
 */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/cleanup.h"

/* Each test has a root of its own, with /etc, /run and /usr/lib in it. */
static char root[64];

static int make_root(void **unused)
{
	strcpy(root, "/tmp/reliefd-test-config-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int remove_root(void **unused)
{
	return nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static _unused_ void put(const char *name, const char *text)
{
	_cleanup_file_ FILE *f = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s%s", root, name);
	make_parents(path);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
}

static _unused_ void mask(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", root, name);
	make_parents(path);
	assert_int_equal(symlink("/dev/null", path), 0);
}

#define with_root(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)
