/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#pragma once

/*
 * Kernel: the fields we read of the kernel's structures, no more
 *
 * Names and kinds are the kernel's, order and size are not: libbpf puts in the offsets of the
 * running kernel when it loads (CO-RE). So no BTF is needed to build, and one object fits all. A
 * field's kind must match, too: an atomic_long_t that is declared long is another field.
 */

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	unsigned int val;
} kuid_t;

struct kernfs_node {
	__u64 id; /* of a cgroup's directory: the cgroup id */
};

struct cgroup_root;
struct cgroup_subsys;

struct cgroup;

/* A group as one controller sees it. */
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys *ss;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self; /* as nobody's: for the way up */
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

enum cgroup_subsys_id {
	memory_cgrp_id = 0, /* the running kernel's value is put in */
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp; /* where the task is in the v2 tree */
};

struct page_counter {
	atomic_long_t usage; /* pages */
	unsigned long high;
	unsigned long max;
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
};

enum mm_counter {
	MM_FILEPAGES,
	MM_ANONPAGES,
	MM_SWAPENTS,
	MM_SHMEMPAGES,
	NR_MM_COUNTERS,
};

struct percpu_counter {
	__s64 count;	 /* without what is still in ... */
	__s32 *counters; /* ... the parts of the CPUs */
};

struct mm_struct {
	struct percpu_counter rss_stat[NR_MM_COUNTERS];
};

/* Before 6.2; its events come once in 64 faults. */
struct mm_struct___split {
	struct {
		atomic_long_t count[NR_MM_COUNTERS];
	} rss_stat;
};

struct cred {
	kuid_t uid;
};

struct task_struct {
	unsigned int flags;
	int tgid;
	__u64 start_boottime;
	char comm[16];
	const struct cred *cred;
	struct mm_struct *mm;
	struct task_struct *group_leader;
	struct css_set *cgroups;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#define PF_KTHREAD 0x00200000
