/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/shared_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "controller/base/cleanup.h"
#include "controller/base/kernel_text.h"
#include "policies/units.h"

/* Some 15 us a process: a millisecond for one look at a group that is in doubt. */
#define MOST_PROCESSES 64
#define MOST_GROUPS    64
/* Containers nest their own services this deep. */
#define MOST_DEPTH 4
/* /proc/PID/status of 6.18 has 1.5 KiB, more with many CPUs. */
#define STATUS_SIZE 4096
#define PIDS_SIZE   4096
/* Names and numbers of a cgroup's children in one go; its some forty files are among them. */
#define ENTRIES_SIZE 4096

struct search {
	int proc_fd;
	uint64_t enough_bytes, found_bytes;
	unsigned int n_processes, n_groups;
};

static bool shared_pages_is_over(const struct search *s)
{
	return s->found_bytes >= s->enough_bytes || s->n_processes >= MOST_PROCESSES ||
	       s->n_groups >= MOST_GROUPS;
}

static void shared_pages_add_process(struct search *s, uint64_t pid)
{
	char path[32], text[STATUS_SIZE];
	uint64_t bytes = 0;
	uint32_t found;
	int r;

	s->n_processes++;
	snprintf(path, sizeof(path), "%llu/status", (unsigned long long)pid);
	r = text_load_at(s->proc_fd, path, text, sizeof(text));
	if (r < 0 && r != -EBADMSG)
		return;
	text_read_fields(text, &(struct text_field){ "RssShmem", &bytes, true }, 1, &found);
	s->found_bytes = u64_add(s->found_bytes, bytes);
}

static void shared_pages_add_processes(struct search *s, int cgroup_fd)
{
	char text[PIDS_SIZE];
	const char *line = text;
	int r = text_load_at(cgroup_fd, "cgroup.procs", text, sizeof(text));

	/* A threaded cgroup has no list of processes: those are in the one above. */
	if (r < 0 && r != -EBADMSG)
		return;
	for (const char *end; (end = strchr(line, '\n')) && !shared_pages_is_over(s);
	     line = end + 1) {
		uint64_t pid;

		if (text_take_number(&line, &pid) && line == end)
			shared_pages_add_process(s, pid);
	}
}

struct entry {
	uint64_t ino;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

#define TYPE_DIRECTORY 4 /* DT_DIR */

static void shared_pages_add_group(struct search *s, int cgroup_fd, unsigned int depth);

/* getdents64: opendir() would allocate. */
static void shared_pages_add_children(struct search *s, int cgroup_fd, unsigned int depth)
{
	_cleanup_fd_ int fd = openat(cgroup_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buf[ENTRIES_SIZE] __attribute__((aligned(8)));
	long n;

	while (fd >= 0 && !shared_pages_is_over(s) &&
	       (n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n && !shared_pages_is_over(s);) {
			const struct entry *e = (const struct entry *)(buf + at);

			at += e->length;
			if (e->type == TYPE_DIRECTORY && strcmp(e->name, ".") != 0 &&
			    strcmp(e->name, "..") != 0) {
				_cleanup_fd_ int child =
					openat(fd, e->name, O_PATH | O_DIRECTORY | O_CLOEXEC);

				if (child >= 0)
					shared_pages_add_group(s, child, depth + 1);
			}
		}
}

static void shared_pages_add_group(struct search *s, int cgroup_fd, unsigned int depth)
{
	s->n_groups++;
	shared_pages_add_processes(s, cgroup_fd);
	if (depth < MOST_DEPTH)
		shared_pages_add_children(s, cgroup_fd, depth);
}

uint64_t shared_pages_mapped(int cgroup_fd, int proc_fd, uint64_t enough_bytes)
{
	struct search s = { .proc_fd = proc_fd, .enough_bytes = enough_bytes };

	shared_pages_add_group(&s, cgroup_fd, 0);
	return u64_min(s.found_bytes, enough_bytes);
}
