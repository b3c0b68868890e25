/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared pages: how much of a cgroup's shmem its processes have mapped
 *
 * memory.stat has one count for all that is mapped: file pages, which stay as long as they are
 * used, and shmem, which cannot be dropped anyway. A tmpfs that nobody has mapped and a database
 * with its buffers in shmem look the same there; the processes tell them apart.
 */

#include <stdint.h>

/*
 * Adds up RssShmem of the processes in the cgroup at cgroup_fd and below, in the proc directory
 * at proc_fd, until `enough_bytes` are found. At most 64 processes and 64 cgroups are looked at.
 * Returns: what was found, at most enough_bytes; what several map counts several times.
 */
uint64_t shared_pages_mapped(int cgroup_fd, int proc_fd, uint64_t enough_bytes);
