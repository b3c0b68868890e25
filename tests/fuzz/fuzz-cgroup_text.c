/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever stands in /proc/self/mountinfo and /proc/PID/cgroup: a tree is found or not, and a path
 * that is found is one of the tree
 *
 * The input is one file, taken for both, as it is and with some of it changed: a NUL, a line end, a
 * blank, an escape, a cut.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/cleanup.h"
#include "controller/groups/cgroup_tree.h"

#define N_CHANGES 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char proc[] = "/tmp/fuzz-cgroup_text.XXXXXX";

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-cgroup_text: %s\n", what);
	abort();
}

static void remove_proc(void)
{
	static const char *const entries[] = { "/self/mountinfo", "/self", "/1/cgroup", "/1", "" };
	char path[128];

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", proc, entries[i]);
		remove(path);
	}
}

/* Both files lead to one in memory. Returns: its descriptor. */
static int make_proc(void)
{
	char path[128], target[64];
	int fd = memfd_create("fuzz-cgroup_text", MFD_CLOEXEC);

	check(fd >= 0 && mkdtemp(proc), "no place for the files");
	atexit(remove_proc);
	snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
	snprintf(path, sizeof(path), "%s/self", proc);
	check(mkdir(path, 0700) == 0, "no directory");
	snprintf(path, sizeof(path), "%s/self/mountinfo", proc);
	check(symlink(target, path) == 0, "no link");
	snprintf(path, sizeof(path), "%s/1", proc);
	check(mkdir(path, 0700) == 0, "no directory");
	snprintf(path, sizeof(path), "%s/1/cgroup", proc);
	check(symlink(target, path) == 0, "no link");
	return fd;
}

static void check_path(const char *path)
{
	check(path[0] == '/' && !strchr(path, '\n'), "a path that is none");
	check(strcmp(path, "/..") != 0 && strncmp(path, "/../", 4) != 0, "a path out of the tree");
}

static void try_text(int fd, const char *bytes, size_t size)
{
	_cleanup_(cgroup_tree_done) struct cgroup_tree tree = {}, given = {};
	_cleanup_free_ char *path = NULL;

	check(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size,
	      "the input could not be written");
	if (cgroup_tree_init(&tree, proc, NULL) == 0) {
		check((tree.mount != NULL) == (tree.mode != CGROUP_MODE_NONE),
		      "a mode without a tree");
		check(!tree.mount || tree.mount[0] == '/', "a mount that is no path");
	}
	check(cgroup_tree_init(&given, proc, "/") == 0, "a tree that is given is not taken");
	if (cgroup_tree_path_of_pid(&given, 1, &path) == 0)
		check_path(path);
	else
		check(!path, "a path beside an error");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char changes[] = { '\0', '\n', ' ', '/', '.', '\\', '-', (char)0xff };
	_cleanup_free_ char *copy = malloc(size + 1);
	static int fd = -1;
	uint32_t state = 1;

	if (fd < 0)
		fd = make_proc();
	check(copy, "no memory");
	memcpy(copy, data, size);
	try_text(fd, copy, size);
	for (int i = 0; i < N_CHANGES && size > 0; i++) {
		size_t at = (state = state * 1664525 + 1013904223) % size;
		char was = copy[at];

		copy[at] = changes[i % sizeof(changes)];
		try_text(fd, copy, size);
		copy[at] = was;
		try_text(fd, copy, at);
	}
	return 0;
}
