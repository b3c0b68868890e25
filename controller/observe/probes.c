/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes: loaded by trying
 *
 * Whether a kernel takes a program is known only from handing it over, and one that is refused
 * fails the whole object. So the object is opened anew for each attempt, with other programs
 * switched on:
 *
 *   1. extras     what needs no clock: the snapshot of tasks, OOM victims, stalls in reclaim; less
 *                 of it until the kernel agrees
 *   2. the clock  with these extras, from the best down; the last is none
 *
 * An attempt takes about 50 ms, most of it reading the kernel's BTF; a host that takes all has two.
 */

#include "controller/observe/probes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <string.h>
#include <sys/capability.h>
#include <time.h>

#include "bpf/kernel_event.h"
#include "bpf/probes.skel.h"
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

/* One read of the snapshot. Whole rows fit, so that none is cut in two. */
#define ROWS_PER_READ 256

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
};

struct probes {
	enum growth_clock clock;
	uint32_t lacks;
	struct probes_bpf *bpf; /* NULL with GROWTH_CLOCK_NONE */
	struct bpf_link *tasks; /* owned by bpf; NULL without iter/task */
	struct ring_buffer *ring;
	sd_event_source *source;
	void (*told)(void *data, const struct kernel_event *event);
	void *data;
	bool watch_failed;
	struct task_row rows[ROWS_PER_READ];
};

static const char *const clock_names[N_GROWTH_CLOCKS] = {
	[GROWTH_CLOCK_CHARGE] = "charge",
	[GROWTH_CLOCK_RSS] = "rss-stat",
	[GROWTH_CLOCK_RSS_SAMPLED] = "rss-stat-sampled",
	[GROWTH_CLOCK_TASKS] = "task-iterator",
	[GROWTH_CLOCK_NONE] = "none",
};

const char *growth_clock_name(enum growth_clock clock)
{
	return (unsigned int)clock < N_GROWTH_CLOCKS ? clock_names[clock] : "unknown";
}

int growth_clock_from_name(const char *name, enum growth_clock *ret)
{
	for (enum growth_clock clock = 0; clock < N_GROWTH_CLOCKS; clock++) {
		if (strcmp(name, clock_names[clock]) == 0) {
			*ret = clock;
			return 0;
		}
	}
	return -EINVAL;
}

DEFINE_CLEANUP(struct probes_bpf *, probes_bpf__destroy);
DEFINE_CLEANUP(struct btf *, btf__free);
DEFINE_CLEANUP(cap_t, cap_free);

/* A refusal is expected; why is for those who look into it. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug("%s", line);
	return 0;
}

static bool has_capability(cap_t caps, cap_value_t which)
{
	cap_flag_value_t value;

	return cap_get_flag(caps, which, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET;
}

static bool may_load(void)
{
	_cleanup_(cap_free_cleanup) cap_t caps = cap_get_proc();

	return caps && (has_capability(caps, CAP_SYS_ADMIN) ||
			(has_capability(caps, CAP_BPF) && has_capability(caps, CAP_PERFMON)));
}

static bool kernel_has_tracepoint(const struct btf *kernel, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) > 0;
}

/* Before 6.2 a thread tells its mm of faults once in 64, and the tracepoint is hit as seldom. */
static bool kernel_splits_rss(const struct btf *kernel)
{
	return btf__find_by_name_kind(kernel, "mm_rss_stat", BTF_KIND_STRUCT) > 0;
}

static bool clock_fits(enum growth_clock clock, const struct btf *kernel)
{
	switch (clock) {
	case GROWTH_CLOCK_CHARGE:
		return btf__find_by_name_kind(kernel, "page_counter_try_charge", BTF_KIND_FUNC) > 0;
	case GROWTH_CLOCK_RSS:
		return kernel_splits_rss(kernel);
	case GROWTH_CLOCK_RSS_SAMPLED:
		return !kernel_splits_rss(kernel);
	default:
		return true;
	}
}

static void switch_on(struct probes_bpf *bpf, const struct attempt *attempt)
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
				       kernel_has_tracepoint(attempt->kernel, rows[i].tracepoint)));
}

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static void set_settings(struct probes_bpf *bpf, uint64_t total_bytes)
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
	bpf->rodata->task_threshold_min_bytes = clamp(2 * error, 1 * MIB, UINT64_MAX);
	bpf->rodata->task_threshold_bytes = clamp(clamp(total_bytes / TASK_THRESHOLD_SHARE,
							TASK_THRESHOLD_LEAST, TASK_THRESHOLD_MOST),
						  2 * error, UINT64_MAX);
}

/* Returns: 0 and the programs running in the kernel, or why it does not take them. */
static int attempt_load(const struct attempt *attempt, struct probes_bpf **ret)
{
	_cleanup_(probes_bpf__destroy_cleanup) struct probes_bpf *bpf = probes_bpf__open();
	int r;

	if (!bpf)
		return -errno;
	switch_on(bpf, attempt);
	set_settings(bpf, attempt->total_bytes);
	r = probes_bpf__load(bpf);
	if (r == 0)
		r = probes_bpf__attach(bpf);
	log_debug("growth clock %s with extras %d: %s", growth_clock_name(attempt->clock),
		  (int)attempt->extras, r < 0 ? strerror(-r) : "loaded");
	if (r < 0)
		return r;
	*ret = take_ptr(bpf);
	return 0;
}

/* Returns: what the kernel took, running; NULL where it takes nothing at all. */
static struct probes_bpf *load_extras(struct attempt *attempt)
{
	struct probes_bpf *bpf;

	attempt->clock = GROWTH_CLOCK_TASKS;
	for (attempt->extras = EXTRAS_ALL; attempt->extras < EXTRAS_NONE; attempt->extras++)
		if (attempt_load(attempt, &bpf) == 0)
			return bpf;
	return NULL;
}

static void load_best(struct probes *probes, enum growth_clock best, struct attempt *attempt)
{
	_cleanup_(probes_bpf__destroy_cleanup) struct probes_bpf *extras = load_extras(attempt);

	for (enum growth_clock clock = best; clock < GROWTH_CLOCK_TASKS; clock++) {
		attempt->clock = clock;
		if (clock_fits(clock, attempt->kernel) &&
		    attempt_load(attempt, &probes->bpf) == 0) {
			probes->clock = clock;
			return;
		}
		if (clock == GROWTH_CLOCK_CHARGE)
			probes->lacks |= PROBES_LACK_FENTRY;
	}
	if (!extras)
		return;
	probes->clock = GROWTH_CLOCK_TASKS;
	probes->bpf = take_ptr(extras);
}

static int on_record(void *data, void *record, size_t size)
{
	struct probes *probes = data;

	if (size >= sizeof(struct kernel_event) && probes->told)
		probes->told(probes->data, record);
	return 0;
}

/* What is used later; made now, while privileges are there. */
static int take_over(struct probes *probes)
{
	struct probes_bpf *bpf = probes->bpf;

	probes->tasks = bpf->links.tasks_exact ? bpf->links.tasks_exact : bpf->links.tasks;
	probes->ring = ring_buffer__new(bpf_map__fd(bpf->maps.ring), on_record, probes, NULL);
	return probes->ring ? 0 : -errno;
}

static void forget(struct probes *probes)
{
	ring_buffer__free(take_ptr(probes->ring));
	probes_bpf__destroy(take_ptr(probes->bpf));
	probes->tasks = NULL;
	probes->clock = GROWTH_CLOCK_NONE;
}

int probes_load(struct probes **ret, enum growth_clock best, uint64_t total_bytes)
{
	_cleanup_(btf__free_cleanup) struct btf *kernel = NULL;
	_cleanup_(probes_free_cleanup) struct probes *probes = calloc(1, sizeof(*probes));
	struct attempt attempt = { .total_bytes = total_bytes };

	if (!probes)
		return -ENOMEM;
	probes->clock = GROWTH_CLOCK_NONE;
	if (best != GROWTH_CLOCK_CHARGE)
		probes->lacks |= PROBES_SWITCHED_OFF;
	if (best >= GROWTH_CLOCK_NONE) {
		*ret = take_ptr(probes);
		return 0;
	}

	libbpf_set_print(print_libbpf);
	attempt.kernel = kernel = btf__load_vmlinux_btf();
	if (!kernel)
		probes->lacks |= PROBES_LACK_BTF;
	if (!may_load())
		probes->lacks |= PROBES_LACK_CAPABILITY;
	if (kernel && may_load())
		load_best(probes, best, &attempt);
	if (probes->bpf && take_over(probes) < 0)
		forget(probes);
	if (!probes->bpf)
		probes->lacks |= PROBES_LACK_BPF;
	/* Without any there is nothing that says the kernel minds these programs in particular. */
	if (probes->lacks & PROBES_LACK_BPF)
		probes->lacks &= ~(uint32_t)PROBES_LACK_FENTRY;

	/* The kernel's BTF was read several times over. */
	btf__free(take_ptr(kernel));
	malloc_trim(0);
	*ret = take_ptr(probes);
	return 0;
}

struct probes *probes_free(struct probes *probes)
{
	if (!probes)
		return NULL;
	sd_event_source_disable_unref(probes->source);
	forget(probes);
	free(probes);
	return NULL;
}

enum growth_clock probes_clock(const struct probes *probes)
{
	return probes->clock;
}

uint32_t probes_lacks(const struct probes *probes)
{
	return probes->lacks;
}

bool probes_have_tripwire(const struct probes *probes)
{
	return probes->clock <= GROWTH_CLOCK_RSS_SAMPLED;
}

static int on_ring(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	probes_drain(data);
	return 0;
}

int probes_listen(struct probes *probes, sd_event *event, int64_t priority,
		  void (*told)(void *data, const struct kernel_event *event), void *data)
{
	int r;

	if (!probes->ring)
		return 0;
	probes->told = told;
	probes->data = data;
	r = sd_event_add_io(event, &probes->source, ring_buffer__epoll_fd(probes->ring), EPOLLIN,
			    on_ring, probes);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(probes->source, "kernel-events");
	return sd_event_source_set_priority(probes->source, priority);
}

void probes_drain(struct probes *probes)
{
	if (probes->ring)
		(void)ring_buffer__consume(probes->ring);
}

static struct watched_group *group_of(const struct probes *probes, uint32_t slot)
{
	return probes->bpf && slot < WATCHED_GROUPS_MAX ? &probes->bpf->bss->groups[slot] : NULL;
}

/* In the order that kernel_event.h asks for; the kernel may be counting at this moment. */
static void group_arm(struct watched_group *group, uint64_t budget_bytes)
{
	__atomic_store_n(&group->budget_bytes, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&group->spent_bytes, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&group->armed_jiffies, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&group->limit_bytes, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&group->budget_bytes, budget_bytes, __ATOMIC_SEQ_CST);
}

void probes_arm(struct probes *probes, uint32_t slot, uint64_t bytes)
{
	struct watched_group *group = group_of(probes, slot);

	if (group && bytes > 0)
		group_arm(group, bytes);
}

static void group_forget(struct watched_group *group)
{
	group_arm(group, 0);
	group->threshold_bytes = 0;
	group->slice_jiffies = group->base_bytes = 0;
	group->n_stalls = group->stall_ns = 0;
}

void probes_watch(struct probes *probes, uint32_t slot, uint64_t group_id)
{
	struct watched_group *group = group_of(probes, slot);

	if (!group || slot == WATCHED_HOST)
		return;
	group_forget(group);
	group_arm(group, BUDGET_FRESH);
	if (bpf_map__update_elem(probes->bpf->maps.slots, &group_id, sizeof(group_id), &slot,
				 sizeof(slot), BPF_ANY) < 0 &&
	    !probes->watch_failed) {
		log_warning("cannot have the kernel watch a group: %s; it is read by the timer",
			    strerror(errno));
		probes->watch_failed = true;
	}
}

void probes_unwatch(struct probes *probes, uint32_t slot, uint64_t group_id)
{
	struct watched_group *group = group_of(probes, slot);

	if (!group || slot == WATCHED_HOST)
		return;
	(void)bpf_map__delete_elem(probes->bpf->maps.slots, &group_id, sizeof(group_id), 0);
	group_forget(group);
}

void probes_set_threshold(struct probes *probes, uint32_t slot, uint64_t bytes)
{
	struct watched_group *group = group_of(probes, slot);

	if (group)
		__atomic_store_n(&group->threshold_bytes, bytes, __ATOMIC_RELAXED);
}

void probes_stalls(const struct probes *probes, uint32_t slot, uint64_t *ret_n, uint64_t *ret_usec)
{
	const struct watched_group *group = group_of(probes, slot);

	*ret_n = group ? __atomic_load_n(&group->n_stalls, __ATOMIC_RELAXED) : 0;
	*ret_usec = group ? __atomic_load_n(&group->stall_ns, __ATOMIC_RELAXED) / 1000 : 0;
}

uint64_t probes_n_lost(const struct probes *probes)
{
	return probes->bpf ? __atomic_load_n(&probes->bpf->bss->n_lost, __ATOMIC_RELAXED) : 0;
}

static void ask_exact(struct probes *probes, const uint32_t *pids, size_t n)
{
	for (size_t i = 0; i < TASK_EXACT_MAX; i++)
		probes->bpf->bss->exact_pids[i] = i < n ? pids[i] : 0;
}

int probes_walk_tasks(struct probes *probes, const uint32_t *exact_pids, size_t n_exact,
		      int (*row)(void *data, const struct task_row *row), void *data)
{
	_cleanup_fd_ int fd = -1;
	ssize_t n;
	int r;

	if (!probes->tasks)
		return -EOPNOTSUPP;
	ask_exact(probes, exact_pids, n_exact);
	fd = bpf_iter_create(bpf_link__fd(probes->tasks));
	if (fd < 0)
		return -errno;
	for (;;) {
		n = read(fd, probes->rows, sizeof(probes->rows));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (size_t i = 0; i < (size_t)n / sizeof(probes->rows[0]); i++) {
			r = row(data, &probes->rows[i]);
			if (r < 0)
				return r;
		}
	}
}
