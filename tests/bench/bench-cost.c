/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bench-cost [--group=DIR] [--quads=N] CLOCK...: a page fault without and with the probes
 *
 *	here: loads, unloads                    a quad:  A B B A
 *	  go │  ▲ nanoseconds a fault               A: nothing loaded
 *	     ▼  │                                   B: loaded on CLOCK, group and host armed
 *	toucher: touches 128 MiB (timed), gives it back
 *
 * Processor time over the faults that the kernel counted; where an instruction takes a nanosecond
 * (QEMU's -icount) these are instructions. ABBA, so that what drifts drifts for both; of the quads
 * the median counts. The toucher is a process of its own, whose address space has the same mappings
 * whether the probes are loaded or not.
 *
 * With --group the toucher is there, and DIR gets a limit that it stays far below.
 *
 * A line a clock, in nanoseconds per fault; TAKEN is the clock that the kernel let us have:
 *	CLOCK TAKEN A B extra least(extra) most(extra) control least(control) most(control)
 * The control is by how much the last A of a quad differs from the first.
 */

#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/file.h"
#include "controller/base/parse.h"
#include "controller/kernel/probes.h"

#define MAP_BYTES  (128ULL << 20) /* 32,768 faults of 4 KiB */
#define QUADS_MAX  64
#define GROUP_SLOT 1
/* The kernel frees what is unloaded some time later; that is to be nobody's cost. */
#define SETTLE_SEC 1
/* 3 % of them are the thresholds of growth: a round tells a few times, as in a real ramp. */
#define LIMIT_BYTES (640ULL << 20)
#define TOTAL_BYTES (1ULL << 30)
/* Never spent: the armed path is the long one, and it is to be taken all the time. */
#define BUDGET_BYTES (1ULL << 50)

/* One value a quad. */
struct figures {
	double without[QUADS_MAX], with[QUADS_MAX], extra[QUADS_MAX], control[QUADS_MAX];
};

struct bench {
	const char *group; /* NULL: measured where we are */
	uint64_t group_id;
	uint64_t n_quads;
	int toucher_fd;
};

static uint64_t cpu_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t n_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_minflt;
}

/* Returns: nanoseconds per fault. */
static double touch(volatile char *memory)
{
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE), faults, nsec;

	faults = n_faults();
	nsec = cpu_nsec();
	for (uint64_t at = 0; at < MAP_BYTES; at += page_bytes)
		memory[at] = 1;
	nsec = cpu_nsec() - nsec;
	faults = n_faults() - faults;

	if (madvise((void *)memory, MAP_BYTES, MADV_DONTNEED) < 0)
		err(2, "cannot give memory back");
	if (faults < MAP_BYTES / page_bytes)
		errx(2, "%" PRIu64 " faults for %llu pages: are huge pages off?", faults,
		     MAP_BYTES / page_bytes);
	return (double)nsec / (double)faults;
}

/* Ends with the socket. */
static void run_toucher(int fd)
{
	double took_nsec;
	char *memory, go;

	memory = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		err(2, "cannot map %llu bytes", MAP_BYTES);
	madvise(memory, MAP_BYTES, MADV_NOHUGEPAGE);
	while (read(fd, &go, 1) == 1) {
		took_nsec = touch(memory);
		if (write(fd, &took_nsec, sizeof(took_nsec)) < 0)
			break;
	}
	exit(0);
}

/* Returns: its pid. */
static pid_t start_toucher(struct bench *bench)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		err(2, "cannot make a socket");
	pid = fork();
	if (pid < 0)
		err(2, "cannot fork");
	if (pid == 0) {
		close(pair[0]);
		run_toucher(pair[1]);
	}
	close(pair[1]);
	bench->toucher_fd = pair[0];
	return pid;
}

static double one_round(const struct bench *bench)
{
	double took_nsec;

	if (write(bench->toucher_fd, "", 1) != 1 ||
	    read(bench->toucher_fd, &took_nsec, sizeof(took_nsec)) != sizeof(took_nsec))
		errx(2, "the toucher is gone");
	return took_nsec;
}

/* A round that counts comes after another, not after a rest. */
static void settle(const struct bench *bench)
{
	sleep(SETTLE_SEC);
	one_round(bench);
}

static struct probes *load(const struct bench *bench, enum growth_clock clock)
{
	struct probes *probes;
	int r;

	r = probes_load(&probes, clock, TOTAL_BYTES);
	if (r < 0)
		errx(2, "cannot load the probes: %s", strerror(-r));
	probes_set_threshold(probes, WATCHED_HOST, TOTAL_BYTES * 3 / 100);
	probes_arm(probes, WATCHED_HOST, BUDGET_BYTES);
	if (bench->group) {
		probes_watch(probes, GROUP_SLOT, bench->group_id);
		probes_set_threshold(probes, GROUP_SLOT, LIMIT_BYTES * 3 / 100);
		probes_arm(probes, GROUP_SLOT, BUDGET_BYTES);
	}
	return probes;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of n values, which end up sorted. */
static double median(double *values, uint64_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/* Returns: the clock that was taken. */
static enum growth_clock one_quad(const struct bench *bench, enum growth_clock clock,
				  struct figures *f, uint64_t i)
{
	double first, last, with[2];
	struct probes *probes;

	first = one_round(bench);
	probes = load(bench, clock);
	clock = probes_clock(probes);
	settle(bench);
	with[0] = one_round(bench);
	with[1] = one_round(bench);
	probes_free(probes);
	settle(bench);
	last = one_round(bench);

	f->without[i] = (first + last) / 2;
	f->with[i] = (with[0] + with[1]) / 2;
	f->extra[i] = f->with[i] - f->without[i];
	f->control[i] = last - first;
	return clock;
}

static void measure(const struct bench *bench, const char *name)
{
	uint64_t n = bench->n_quads;
	enum growth_clock clock, taken = GROWTH_CLOCK_NONE;
	double extra, control;
	struct figures f;

	if (growth_clock_from_name(name, &clock) < 0)
		errx(2, "no growth clock is called %s", name);
	settle(bench);
	for (uint64_t i = 0; i < n; i++)
		taken = one_quad(bench, clock, &f, i);
	extra = median(f.extra, n);
	control = median(f.control, n);
	printf("%s %s %.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1f\n", name, growth_clock_name(taken),
	       median(f.without, n), median(f.with, n), extra, f.extra[0], f.extra[n - 1], control,
	       f.control[0], f.control[n - 1]);
	fflush(stdout);
}

static void write_in(const char *dir, const char *file, const char *text)
{
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	r = file_write_at(AT_FDCWD, path, text);
	if (r < 0)
		errx(2, "cannot write %s to %s: %s", text, path, strerror(-r));
}

static void put_into_group(struct bench *bench, pid_t pid)
{
	char text[32];
	struct stat st;

	snprintf(text, sizeof(text), "%llu", LIMIT_BYTES);
	write_in(bench->group, "memory.max", text);
	snprintf(text, sizeof(text), "%d", pid);
	write_in(bench->group, "cgroup.procs", text);
	if (stat(bench->group, &st) < 0)
		err(2, "cannot look at %s", bench->group);
	bench->group_id = st.st_ino;
}

static void parse_options(struct bench *bench, int argc, char **argv)
{
	static const struct option options[] = {
		{ "group", required_argument, NULL, 'g' },
		{ "quads", required_argument, NULL, 'q' },
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'g')
			bench->group = optarg;
		else if (c != 'q' || parse_u64(optarg, &bench->n_quads) < 0 || bench->n_quads < 1 ||
			 bench->n_quads > QUADS_MAX)
			errx(2, "usage: bench-cost [--group=DIR] [--quads=1..%d] CLOCK...",
			     QUADS_MAX);
	}
	if (optind == argc)
		errx(2, "which clock? %s, %s or %s", growth_clock_name(GROWTH_CLOCK_CHARGE),
		     growth_clock_name(GROWTH_CLOCK_RSS),
		     growth_clock_name(GROWTH_CLOCK_RSS_SAMPLED));
}

int main(int argc, char **argv)
{
	struct bench bench = { .n_quads = 5 };
	pid_t toucher;

	parse_options(&bench, argc, argv);
	toucher = start_toucher(&bench);
	if (bench.group)
		put_into_group(&bench, toucher);
	for (int i = optind; i < argc; i++)
		measure(&bench, argv[i]);
	return 0;
}
