/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Fake tree: a cgroup tree and a proc directory as plain files
 *
 *    ROOT/cgroup/   the v2 mount        ROOT/proc/   meminfo, swaps, pressure/memory
 *
 * Births and deaths are real mkdir() and rmdir(), heard by a real inotify.
 */

#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/base/cleanup.h"
#include "controller/groups/cgroup_tree.h"

struct fake_tree {
	char root[64];
	char path[4096]; /* the answer of fake_path() */
};

/* The full path of a cgroup path; valid until the next call. */
static inline const char *fake_path(struct fake_tree *tree, const char *path)
{
	snprintf(tree->path, sizeof(tree->path), "%s/cgroup%s", tree->root, path);
	return tree->path;
}

static inline void fake_write_full(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f)
		fail_msg("cannot write %s", path);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline void fake_write(struct fake_tree *tree, const char *path, const char *text)
{
	fake_write_full(fake_path(tree, path), text);
}

static inline void fake_write_proc(struct fake_tree *tree, const char *file, const char *text)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/proc/%s", tree->root, file);
	fake_write_full(path, text);
}

static inline void fake_remove(struct fake_tree *tree, const char *path)
{
	assert_int_equal(unlink(fake_path(tree, path)), 0);
}

static inline void fake_mkdir(struct fake_tree *tree, const char *path)
{
	if (mkdir(fake_path(tree, path), 0755) < 0)
		fail_msg("cannot make %s", tree->path);
}

static inline int fake_remove_entry(const char *path, const struct stat *st, int type,
				    struct FTW *ftw)
{
	return remove(path);
}

/* As rmdir of a cgroup: its files go with it. */
static inline void fake_rmdir(struct fake_tree *tree, const char *path)
{
	assert_int_equal(nftw(fake_path(tree, path), fake_remove_entry, 16, FTW_DEPTH | FTW_PHYS),
			 0);
}

/* memory.events with that many breaches of memory.max. */
static inline void fake_events(struct fake_tree *tree, const char *path, uint64_t n_max)
{
	char file[1024], text[256];

	snprintf(file, sizeof(file), "%s/memory.events", path);
	snprintf(text, sizeof(text),
		 "low 0\nhigh 0\nmax %" PRIu64 "\noom 0\noom_kill 0\noom_group_kill 0\n", n_max);
	fake_write(tree, file, text);
}

/* A cgroup with its memory files; limit as the kernel prints it, without the newline. */
static inline void fake_group(struct fake_tree *tree, const char *path, uint64_t current_bytes,
			      const char *limit)
{
	const struct {
		const char *name, *text;
	} files[] = {
		{ "memory.high", "max\n" },
		{ "memory.swap.current", "0\n" },
		{ "memory.swap.max", "max\n" },
		{ "memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
				     "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n" },
		{ "memory.stat", "anon 0\nfile 0\nshmem 0\nfile_mapped 0\nfile_dirty 0\n"
				 "file_writeback 0\ninactive_file 1048576\nactive_file 0\n"
				 "slab_reclaimable 0\n" },
	};
	char file[1024], text[64];

	fake_mkdir(tree, path);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, files[i].name);
		fake_write(tree, file, files[i].text);
	}
	snprintf(file, sizeof(file), "%s/memory.current", path);
	snprintf(text, sizeof(text), "%" PRIu64 "\n", current_bytes);
	fake_write(tree, file, text);
	snprintf(file, sizeof(file), "%s/memory.max", path);
	snprintf(text, sizeof(text), "%s\n", limit);
	fake_write(tree, file, text);
	fake_events(tree, path, 0);
}

/* A host of 1 GiB with half of it available, no swap, an empty v2 tree with the controller. */
static inline struct fake_tree fake_tree_new(void)
{
	struct fake_tree tree = {};
	char path[128];

	/* Not on a disk: there the number of a removed directory is given to the next one. */
	snprintf(tree.root, sizeof(tree.root), "/dev/shm/reliefd-test-XXXXXX");
	assert_non_null(mkdtemp(tree.root));
	fake_mkdir(&tree, "");
	fake_write(&tree, "/cgroup.controllers", "cpuset cpu io memory pids\n");
	snprintf(path, sizeof(path), "%s/proc", tree.root);
	assert_int_equal(mkdir(path, 0755), 0);
	strcat(path, "/pressure");
	assert_int_equal(mkdir(path, 0755), 0);
	fake_write_proc(&tree, "meminfo",
			"MemTotal:  1048576 kB\nMemAvailable:  524288 kB\n"
			"SwapTotal:  0 kB\nSwapFree:  0 kB\n");
	fake_write_proc(&tree, "pressure/memory",
			"some avg10=0.00 total=7000\n"
			"full avg10=0.00 total=5000\n");
	return tree;
}

static inline void fake_tree_done(struct fake_tree *tree)
{
	nftw(tree->root, fake_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* The tree as the daemon opens it with --cgroup-root and a prepared proc. */
static inline struct cgroup_tree fake_tree_open(struct fake_tree *fake)
{
	struct cgroup_tree tree;
	char proc[128];

	snprintf(proc, sizeof(proc), "%s/proc", fake->root);
	assert_int_equal(cgroup_tree_init(&tree, proc, fake_path(fake, "")), 0);
	return tree;
}
