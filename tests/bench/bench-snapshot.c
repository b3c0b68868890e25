/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bench-snapshot: what a look at all tasks costs
 *
 * Makes that many processes, which sleep, and then looks at all of them in turns
 *
 *	iter/task           probes_walk_tasks(), as the daemon does it, with the growth clock on
 *	/proc/PID/statm     readdir; open, read, close of each
 *	the same, no names  without readdir: the pids are known beforehand
 *
 * and prints the medians of the processor time each took. All must see the same processes with
 * about the same memory. The first also tells uid, name, group, swap and growth of each. Needs root
 *and about 100 KiB of memory a process.
 */

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/file.h"
#include "controller/base/kernel_text.h"
#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/groups/cgroup_tree.h"
#include "controller/kernel/probes.h"
#include "controller/tasks/proc_tasks.h"
#include "policies/units.h"

#define N_ROUNDS      31
#define MAX_PROCESSES 100000
#define PROCESS_BYTES (200 * KIB) /* stack, page tables and task of one, with room to spare */
#define AIM	      8.0

struct look {
	size_t n;
	uint64_t rss_bytes;
};

static pid_t *children;
static size_t n_children;
static uint32_t *pids; /* of every process that has memory */
static size_t n_pids;
static uint64_t page_bytes;
static struct probes *probes;
static struct cgroup_tree tree;

/* The processes */

static void end_children(void)
{
	if (n_children == 0)
		return;
	kill(-children[0], SIGKILL);
	for (size_t i = 0; i < n_children; i++)
		while (waitpid(children[i], NULL, 0) < 0 && errno == EINTR)
			;
	n_children = 0;
}

static void on_signal(int signal)
{
	exit(128 + signal); /* end_children() is registered */
}

static _Noreturn void sleep_forever(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (;;)
		pause();
}

static void check_room(size_t n)
{
	char text[8192];
	uint64_t available_bytes = 0, n_max = 0;
	uint32_t found;

	if (file_read_at(AT_FDCWD, "/proc/meminfo", text, sizeof(text)) < 0 ||
	    text_read_fields(text, &(struct text_field){ "MemAvailable", &available_bytes, true },
			     1, &found) < 0)
		errx(1, "cannot read /proc/meminfo");
	if (available_bytes < n * PROCESS_BYTES)
		errx(1, "%zu processes need about %llu MiB; %llu MiB are available", n,
		     n * PROCESS_BYTES / MIB, available_bytes / MIB);
	if (file_read_at(AT_FDCWD, "/proc/sys/kernel/pid_max", text, sizeof(text)) < 0 ||
	    text_read_number(text, &n_max) < 0)
		errx(1, "cannot read /proc/sys/kernel/pid_max");
	if (n_max < n + n / 2)
		errx(1, "%zu processes do not fit kernel.pid_max=%" PRIu64, n, n_max);
}

static void make_children(size_t n)
{
	pid_t self = getpid();

	check_room(n);
	children = calloc(n, sizeof(*children));
	if (!children)
		err(1, "no memory");
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	atexit(end_children);
	fflush(stdout);
	while (n_children < n) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "only %zu of %zu processes could be made", n_children, n);
		if (pid == 0) {
			signal(SIGINT, SIG_DFL);
			signal(SIGTERM, SIG_DFL);
			sleep_forever(self);
		}
		children[n_children] = pid;
		setpgid(pid, children[0]);
		n_children++;
	}
}

/* The looks */

static int on_row(void *data, const struct task_row *row)
{
	struct look *look = data;

	look->n++;
	look->rss_bytes += row->rss_bytes;
	return 0;
}

static void look_by_iterator(struct look *look)
{
	int r = probes_walk_tasks(probes, NULL, 0, on_row, look);

	if (r < 0)
		errx(1, "iter/task: %s", strerror(-r));
}

static void read_statm(int proc, const char *path, struct look *look)
{
	unsigned long pages;
	char text[256];
	ssize_t n;
	int fd;

	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%*u %lu", &pages) != 1)
		return;
	look->n++;
	look->rss_bytes += pages * page_bytes;
}

static void look_by_statm(struct look *look)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300];

	if (!proc)
		err(1, "cannot list /proc");
	while ((entry = readdir(proc))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "%s/statm", entry->d_name);
		read_statm(dirfd(proc), path, look);
	}
	closedir(proc);
}

static void look_by_known_pids(struct look *look)
{
	char path[64];

	for (size_t i = 0; i < n_pids; i++) {
		snprintf(path, sizeof(path), "/proc/%" PRIu32 "/statm", pids[i]);
		read_statm(AT_FDCWD, path, look);
	}
}

static int on_pid(void *data, const struct task_row *row)
{
	if (n_pids < MAX_PROCESSES)
		pids[n_pids++] = row->pid;
	return 0;
}

static const struct way {
	const char *name;
	void (*look)(struct look *look);
} ways[] = {
	{ "iter/task", look_by_iterator },
	{ "/proc/PID/statm", look_by_statm },
	{ "the same, no names", look_by_known_pids },
};

#define N_WAYS (sizeof(ways) / sizeof(ways[0]))

static uint64_t cpu_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* In turns, so that what else happens on this machine happens to all of them. */
static void measure(uint64_t took_nsec[N_WAYS][N_ROUNDS], struct look *looks)
{
	for (size_t round = 0; round < N_ROUNDS; round++)
		for (size_t way = 0; way < N_WAYS; way++) {
			uint64_t started_nsec = cpu_nsec();

			looks[way] = (struct look){};
			ways[way].look(&looks[way]);
			took_nsec[way][round] = cpu_nsec() - started_nsec;
		}
	for (size_t way = 0; way < N_WAYS; way++)
		qsort(took_nsec[way], N_ROUNDS, sizeof(uint64_t), compare);
}

static void check_looks(const struct look *looks)
{
	for (size_t way = 0; way < N_WAYS; way++)
		if (looks[way].n < n_children)
			errx(1, "%s saw %zu of %zu processes", ways[way].name, looks[way].n,
			     n_children);
	if (looks[0].rss_bytes < looks[1].rss_bytes / 4 * 3 ||
	    looks[0].rss_bytes > looks[1].rss_bytes / 4 * 5)
		errx(1, "iter/task saw %llu MiB, statm %llu", looks[0].rss_bytes / MIB,
		     looks[1].rss_bytes / MIB);
}

static void print(uint64_t took_nsec[N_WAYS][N_ROUNDS], const struct look *looks)
{
	const size_t median = N_ROUNDS / 2;

	printf("  %zu processes, %d rounds in turns, processor time of a look\n", looks[0].n,
	       N_ROUNDS);
	for (size_t way = 0; way < N_WAYS; way++)
		printf("  %-18s  median %7.2f ms  best %7.2f  worst %7.2f   %5.2f us a process\n",
		       ways[way].name, (double)took_nsec[way][median] / 1e6,
		       (double)took_nsec[way][0] / 1e6, (double)took_nsec[way][N_ROUNDS - 1] / 1e6,
		       (double)took_nsec[way][median] / 1e3 / (double)looks[way].n);
	printf("  iter/task is %.1f times cheaper than statm (aim: %.0f), %.1f when pids are "
	       "known\n",
	       (double)took_nsec[1][median] / (double)took_nsec[0][median], AIM,
	       (double)took_nsec[2][median] / (double)took_nsec[0][median]);
}

int main(int argc, char **argv)
{
	static uint64_t took_nsec[N_WAYS][N_ROUNDS];
	struct look looks[N_WAYS] = {};
	uint64_t n = 0;

	if (argc != 2 || parse_u64(argv[1], &n) < 0 || n == 0 || n > MAX_PROCESSES)
		errx(2, "usage: bench-snapshot PROCESSES (1 to %d)", MAX_PROCESSES);
	page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	pids = calloc(MAX_PROCESSES, sizeof(*pids));
	if (!pids || cgroup_tree_init(&tree, NULL, NULL) < 0 ||
	    probes_load(&probes, GROWTH_CLOCK_CHARGE, GIB) < 0)
		errx(1, "cannot set up");
	if (probes_clock(probes) == GROWTH_CLOCK_NONE)
		errx(1, "no eBPF here (root, and a kernel with BTF?)");
	make_children(n);
	proc_tasks_walk(&tree, on_pid, NULL);
	printf("  growth clock: %s\n", growth_clock_name(probes_clock(probes)));
	measure(took_nsec, looks);
	check_looks(looks);
	print(took_nsec, looks);
	end_children();
	probes_free(probes);
	cgroup_tree_done(&tree);
	free(pids);
	free(children);
	return 0;
}
