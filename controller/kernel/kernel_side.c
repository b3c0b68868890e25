/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel side: loaded by trying
 *
 * Whether a kernel takes a program is known only from handing it over, and one that is refused
 * fails the whole object. So the object is opened anew for each attempt, with other programs
 * switched on:
 *
 *   1. extras     what needs no clock: the snapshot of tasks, OOM victims, stalls in reclaim; less
 *                 of it until the kernel agrees
 *   2. the clock  with these extras, from the best down; the last is none
 *
 * What a kernel refuses it refuses for good, but for want of a resource an attempt may fail that
 * works a moment later. The search goes on all the same, and the error is kept for those who try
 * again.
 *
 * An attempt takes about 50 ms, most of it reading the kernel's BTF; a host that takes all has two.
 */

#include "controller/kernel/kernel_side.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <string.h>
#include <sys/capability.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/log.h"
#include "policies/units.h"

/* How long growth is added up: long enough for 20 MB/s to pass 3 % of a small group. */
#define SLICE_NSEC 1000000000ULL

/*
 * Growth of a task that is told, unless its group has a limit: a thousandth of the host, so that
 * the rate of events is bounded by that of memory; 64 MiB are telling on any host.
 */
#define TASK_THRESHOLD_SHARE 1024
#define TASK_THRESHOLD_LEAST (4 * MIB)
#define TASK_THRESHOLD_MOST  (64 * MIB)

/*
 * Two objects take some 30 while one is tried beside the other. With less libbpf gives misleading
 * errors, and the rest of the daemon needs what is left more than its probes do.
 */
#define ROOM_DESCRIPTORS 40

enum extras {
	EXTRAS_ALL,
	EXTRAS_PLAIN_TASKS, /* sizes of tasks are not exact */
	EXTRAS_TASKS,	    /* neither OOM victims nor stalls */
	EXTRAS_NONE,
};

/* What one attempt switches on, and the settings of all. */
struct attempt {
	enum growth_clock clock;
	enum extras extras;
	const struct btf *kernel;
	uint64_t total_bytes;
	int passing; /* as in struct kernel_side */
};

DEFINE_CLEANUP(struct btf *, btf__free);
DEFINE_CLEANUP(cap_t, cap_free);

/* A refusal is expected; why is for those who look into it. */
static int kernel_side_print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug("%s", line);
	return 0;
}

static bool kernel_side_has_capability(cap_t caps, cap_value_t which)
{
	cap_flag_value_t value;

	return cap_get_flag(caps, which, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET;
}

static bool kernel_side_may_load(void)
{
	_cleanup_(cap_free_cleanup) cap_t caps = cap_get_proc();

	return caps && (kernel_side_has_capability(caps, CAP_SYS_ADMIN) ||
			(kernel_side_has_capability(caps, CAP_BPF) &&
			 kernel_side_has_capability(caps, CAP_PERFMON)));
}

static bool kernel_side_kernel_has_tracepoint(const struct btf *kernel, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) > 0;
}

/* Before 6.2 a thread tells its mm of faults once in 64, and the tracepoint is hit as seldom. */
static bool kernel_side_kernel_splits_rss(const struct btf *kernel)
{
	return btf__find_by_name_kind(kernel, "mm_rss_stat", BTF_KIND_STRUCT) > 0;
}

static bool kernel_side_clock_fits(enum growth_clock clock, const struct btf *kernel)
{
	switch (clock) {
	case GROWTH_CLOCK_CHARGE:
		return btf__find_by_name_kind(kernel, "page_counter_try_charge", BTF_KIND_FUNC) > 0;
	case GROWTH_CLOCK_RSS:
		return kernel_side_kernel_splits_rss(kernel);
	case GROWTH_CLOCK_RSS_SAMPLED:
		return !kernel_side_kernel_splits_rss(kernel);
	default:
		return true;
	}
}

static void kernel_side_switch_on(struct probes_bpf *bpf, const struct attempt *attempt)
{
	const struct {
		struct bpf_program *program;
		bool on;
		const char *tracepoint;
	} rows[] = {
		{ bpf->progs.charge, attempt->clock == GROWTH_CLOCK_CHARGE },
		{ bpf->progs.rss, attempt->clock == GROWTH_CLOCK_RSS ||
					  attempt->clock == GROWTH_CLOCK_RSS_SAMPLED },
		{ bpf->progs.tasks_exact, attempt->extras == EXTRAS_ALL },
		{ bpf->progs.tasks,
		  attempt->extras == EXTRAS_PLAIN_TASKS || attempt->extras == EXTRAS_TASKS },
		{ bpf->progs.oom_victim, attempt->extras < EXTRAS_TASKS, "mark_victim" },
		{ bpf->progs.group_reclaim_begin, attempt->extras < EXTRAS_TASKS,
		  "mm_vmscan_memcg_reclaim_begin" },
		{ bpf->progs.group_reclaim_end, attempt->extras < EXTRAS_TASKS,
		  "mm_vmscan_memcg_reclaim_end" },
		{ bpf->progs.host_reclaim_begin, attempt->extras < EXTRAS_TASKS,
		  "mm_vmscan_direct_reclaim_begin" },
		{ bpf->progs.host_reclaim_end, attempt->extras < EXTRAS_TASKS,
		  "mm_vmscan_direct_reclaim_end" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		bpf_program__set_autoload(
			rows[i].program,
			rows[i].on && (!rows[i].tracepoint ||
				       kernel_side_kernel_has_tracepoint(attempt->kernel,
									 rows[i].tracepoint)));
}

static uint64_t kernel_side_clamp(uint64_t value, uint64_t least, uint64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static void kernel_side_set_settings(struct probes_bpf *bpf, uint64_t total_bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), error;
	int n_cpus = libbpf_num_possible_cpus();
	struct timespec tick = { .tv_nsec = 4000000 };

	/* The coarse clocks advance once a jiffy. */
	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	if (n_cpus < 1)
		n_cpus = 1;
	/* As far as the kernel's own count of one kind of pages may be off (lib/percpu_counter.c).
	 */
	error = (uint64_t)(n_cpus > 16 ? 2 * n_cpus : 32) * (uint64_t)n_cpus * page;

	bpf->rodata->own_pid = (uint32_t)getpid();
	bpf->rodata->page_bytes = page;
	bpf->rodata->tick_ns = (uint64_t)tick.tv_nsec;
	bpf->rodata->slice_ticks = SLICE_NSEC / (uint64_t)tick.tv_nsec;
	bpf->rodata->task_threshold_min_bytes = kernel_side_clamp(2 * error, 1 * MIB, UINT64_MAX);
	bpf->rodata->task_threshold_bytes =
		kernel_side_clamp(kernel_side_clamp(total_bytes / TASK_THRESHOLD_SHARE,
						    TASK_THRESHOLD_LEAST, TASK_THRESHOLD_MOST),
				  2 * error, UINT64_MAX);
}

/*
 * EPERM is not among them: since 5.11 memory for BPF counts in the cgroup (ENOMEM), no more against
 * RLIMIT_MEMLOCK.
 */
static bool kernel_side_may_pass(int error)
{
	switch (error) {
	case -ENOMEM:
	case -EAGAIN:
	case -EBUSY:
	case -EMFILE:
	case -ENFILE:
		return true;
	default:
		return false;
	}
}

/* Returns: 0 and the programs running in the kernel, or why it does not take them. */
static int kernel_side_attempt_load(struct attempt *attempt, struct probes_bpf **ret)
{
	_cleanup_(probes_bpf__destroy_cleanup) struct probes_bpf *bpf = probes_bpf__open();
	int r;

	if (!bpf)
		return -errno;
	kernel_side_switch_on(bpf, attempt);
	kernel_side_set_settings(bpf, attempt->total_bytes);
	r = probes_bpf__load(bpf);
	if (r == 0)
		r = probes_bpf__attach(bpf);
	log_debug("growth clock %s with extras %d: %s", growth_clock_name(attempt->clock),
		  (int)attempt->extras, r < 0 ? strerror(-r) : "loaded");
	if (attempt->passing == 0 && kernel_side_may_pass(r))
		attempt->passing = r;
	if (r < 0)
		return r;
	*ret = take_ptr(bpf);
	return 0;
}

/* Returns: what the kernel took, running; NULL where it takes nothing at all. */
static struct probes_bpf *kernel_side_load_extras(struct attempt *attempt)
{
	struct probes_bpf *bpf;

	attempt->clock = GROWTH_CLOCK_TASKS;
	for (attempt->extras = EXTRAS_ALL; attempt->extras < EXTRAS_NONE; attempt->extras++)
		if (kernel_side_attempt_load(attempt, &bpf) == 0)
			return bpf;
	return NULL;
}

static void kernel_side_load_best(struct kernel_side *side, enum growth_clock best,
				  struct attempt *attempt)
{
	_cleanup_(probes_bpf__destroy_cleanup) struct probes_bpf *extras =
		kernel_side_load_extras(attempt);
	int r;

	for (enum growth_clock clock = best; clock < GROWTH_CLOCK_TASKS; clock++) {
		attempt->clock = clock;
		r = kernel_side_clock_fits(clock, attempt->kernel)
			    ? kernel_side_attempt_load(attempt, &side->bpf)
			    : -EOPNOTSUPP;
		if (r == 0) {
			side->clock = clock;
			return;
		}
		if (clock == GROWTH_CLOCK_CHARGE && !kernel_side_may_pass(r))
			side->lacks |= DEGRADATION_NO_FENTRY;
	}
	if (!extras)
		return;
	side->clock = GROWTH_CLOCK_TASKS;
	side->bpf = take_ptr(extras);
}

/* Returns: 0, or why so many descriptors cannot be had now. */
static int kernel_side_check_room(void)
{
	int fds[ROOM_DESCRIPTORS], error = 0;
	size_t n = 0;

	for (; n < ROOM_DESCRIPTORS && error == 0; n++) {
		fds[n] = n == 0 ? open("/", O_PATH | O_CLOEXEC) : fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
		if (fds[n] < 0)
			error = -errno;
	}
	while (n > 0)
		fd_close(fds[--n]);
	return error;
}

/*
 * libbpf looks in many places and does not say what was wrong with the one that counts.
 * Returns: 0 this kernel has none; or why it could not be had this time.
 */
static int kernel_side_missing_btf(void)
{
	_cleanup_fd_ int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return -EAGAIN;
	if (kernel_side_may_pass(-errno))
		return -errno;
	return access("/sys/kernel", F_OK) < 0 ? -ENOENT : 0;
}

static void kernel_side_load_any(struct kernel_side *side, enum growth_clock best,
				 struct attempt *attempt)
{
	_cleanup_(btf__free_cleanup) struct btf *kernel = NULL;

	attempt->passing = kernel_side_check_room();
	if (attempt->passing < 0)
		return;
	attempt->kernel = kernel = btf__load_vmlinux_btf();
	if (kernel) {
		kernel_side_load_best(side, best, attempt);
		return;
	}
	attempt->passing = kernel_side_missing_btf();
	if (attempt->passing == 0 || attempt->passing == -ENOENT)
		side->lacks |= DEGRADATION_NO_BTF;
}

void kernel_side_load(struct kernel_side *side, enum growth_clock best, uint64_t total_bytes)
{
	struct attempt attempt = { .total_bytes = total_bytes };

	*side = (struct kernel_side){ .clock = GROWTH_CLOCK_NONE };
	if (best != GROWTH_CLOCK_CHARGE)
		side->lacks |= DEGRADATION_BPF_OFF;
	if (best >= GROWTH_CLOCK_NONE)
		return;

	libbpf_set_print(kernel_side_print_libbpf);
	if (kernel_side_may_load())
		kernel_side_load_any(side, best, &attempt);
	else
		side->lacks |= DEGRADATION_NO_BPF_CAPABILITY;
	side->passing = attempt.passing;
	/* Where nothing is taken, fexit is not what the kernel minds. */
	if (!side->bpf)
		side->lacks = (side->lacks | DEGRADATION_NO_BPF) & ~(uint32_t)DEGRADATION_NO_FENTRY;

	/* The kernel's BTF was read several times over. */
	malloc_trim(0);
}
