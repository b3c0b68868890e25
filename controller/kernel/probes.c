/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes: what the kernel side tells, and what it is told
 *
 * Loading is in kernel_side.c. What is left needs no capability: the page of watched groups and the
 * ring are mapped, the snapshot is read through an iterator.
 */

#include "controller/kernel/probes.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/log.h"
#include "controller/kernel/kernel_side.h"

/* One read of the snapshot. Whole rows fit, so that none is cut in two. */
#define ROWS_PER_READ 256

struct probes {
	struct kernel_side side;
	struct bpf_link *tasks; /* owned by side.bpf; NULL without iter/task */
	struct ring_buffer *ring;
	sd_event *event; /* of the listener; NULL: none yet */
	int64_t priority;
	sd_event_source *source;
	void (*told)(void *data, const struct kernel_event *event);
	void *data;
	void (*renewed)(void *data);
	void *renewed_data;
	bool watch_failed;
	struct task_row rows[ROWS_PER_READ];
};

static int probes_on_record(void *data, void *record, size_t size)
{
	struct probes *probes = data;

	if (size >= sizeof(struct kernel_event) && probes->told)
		probes->told(probes->data, record);
	return 0;
}

/* What is used later; made now, while privileges are there. */
static int probes_take_over(struct probes *probes)
{
	struct probes_bpf *bpf = probes->side.bpf;

	probes->tasks = bpf->links.tasks_exact ? bpf->links.tasks_exact : bpf->links.tasks;
	probes->ring =
		ring_buffer__new(bpf_map__fd(bpf->maps.ring), probes_on_record, probes, NULL);
	return probes->ring ? 0 : -errno;
}

static void probes_forget(struct probes *probes)
{
	probes->source = sd_event_source_disable_unref(probes->source);
	ring_buffer__free(take_ptr(probes->ring));
	probes_bpf__destroy(take_ptr(probes->side.bpf));
	probes->tasks = NULL;
	probes->side.clock = GROWTH_CLOCK_NONE;
}

/* As far as the side brings something; without a ring it is worth nothing. */
static void probes_begin(struct probes *probes, const struct kernel_side *side)
{
	probes->side = *side;
	if (!side->bpf || probes_take_over(probes) >= 0)
		return;
	probes_forget(probes);
	probes->side.lacks |= DEGRADATION_NO_BPF;
}

int probes_load(struct probes **ret, enum growth_clock best, uint64_t total_bytes)
{
	struct probes *probes = calloc(1, sizeof(*probes));
	struct kernel_side side;

	if (!probes)
		return -ENOMEM;
	kernel_side_load(&side, best, total_bytes);
	probes_begin(probes, &side);
	*ret = probes;
	return 0;
}

struct probes *probes_free(struct probes *probes)
{
	if (!probes)
		return NULL;
	probes_forget(probes);
	sd_event_unref(probes->event);
	free(probes);
	return NULL;
}

enum growth_clock probes_clock(const struct probes *probes)
{
	return probes->side.clock;
}

uint32_t probes_degradations(const struct probes *probes)
{
	return probes->side.lacks;
}

bool probes_have_tripwire(const struct probes *probes)
{
	return probes->side.clock <= GROWTH_CLOCK_RSS_SAMPLED;
}

static int probes_on_ring(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	probes_drain(data);
	return 0;
}

static int probes_listen_to_ring(struct probes *probes)
{
	int r;

	if (!probes->ring || !probes->event)
		return 0;
	r = sd_event_add_io(probes->event, &probes->source, ring_buffer__epoll_fd(probes->ring),
			    EPOLLIN, probes_on_ring, probes);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(probes->source, "kernel-events");
	return sd_event_source_set_priority(probes->source, probes->priority);
}

int probes_listen(struct probes *probes, sd_event *event, int64_t priority,
		  void (*told)(void *data, const struct kernel_event *event), void *data)
{
	probes->event = sd_event_ref(event);
	probes->priority = priority;
	probes->told = told;
	probes->data = data;
	return probes_listen_to_ring(probes);
}

int probes_passing(const struct probes *probes)
{
	return probes->side.passing;
}

void probes_take(struct probes *probes, struct kernel_side *side)
{
	const struct kernel_side *now = &probes->side;
	bool is_better = side->bpf && (!now->bpf || side->clock < now->clock ||
				       (side->clock == now->clock && side->passing == 0));

	if (!is_better) {
		probes_bpf__destroy(take_ptr(side->bpf));
		if (!probes->side.bpf)
			probes->side.lacks = side->lacks;
		probes->side.passing = side->passing;
		return;
	}
	probes_forget(probes);
	probes_begin(probes, side);
	*side = (struct kernel_side){ .clock = GROWTH_CLOCK_NONE };
	if (probes_listen_to_ring(probes) < 0) {
		probes_forget(probes);
		probes->side.lacks |= DEGRADATION_NO_BPF;
		probes->side.passing = -ENOMEM;
	} else if (probes->renewed) {
		probes->renewed(probes->renewed_data);
	}
}

void probes_on_renewal(struct probes *probes, void (*renewed)(void *data), void *data)
{
	probes->renewed = renewed;
	probes->renewed_data = data;
}

void probes_drain(struct probes *probes)
{
	if (probes->ring)
		(void)ring_buffer__consume(probes->ring);
}

static struct watched_group *probes_group_of(const struct probes *probes, uint32_t slot)
{
	return probes->side.bpf && slot < WATCHED_GROUPS_MAX ? &probes->side.bpf->bss->groups[slot]
							     : NULL;
}

/* In the order that kernel_event.h asks for; the kernel may be counting at this moment. */
static void probes_group_arm(struct watched_group *group, uint64_t budget_bytes)
{
	__atomic_store_n(&group->budget_bytes, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&group->spent_bytes, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&group->armed_jiffies, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&group->limit_bytes, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&group->budget_bytes, budget_bytes, __ATOMIC_SEQ_CST);
}

void probes_arm(struct probes *probes, uint32_t slot, uint64_t bytes)
{
	struct watched_group *group = probes_group_of(probes, slot);

	if (group && bytes > 0)
		probes_group_arm(group, bytes);
}

static void probes_group_forget(struct watched_group *group)
{
	probes_group_arm(group, 0);
	group->threshold_bytes = 0;
	group->slice_jiffies = group->base_bytes = 0;
	group->n_stalls = group->stall_ns = 0;
}

void probes_watch(struct probes *probes, uint32_t slot, uint64_t group_id)
{
	struct watched_group *group = probes_group_of(probes, slot);

	if (!group || slot == WATCHED_HOST)
		return;
	probes_group_forget(group);
	probes_group_arm(group, BUDGET_FRESH);
	if (bpf_map__update_elem(probes->side.bpf->maps.slots, &group_id, sizeof(group_id), &slot,
				 sizeof(slot), BPF_ANY) < 0 &&
	    !probes->watch_failed) {
		log_warning("cannot have the kernel watch a group: %s; it is read by the timer",
			    strerror(errno));
		probes->watch_failed = true;
	}
}

void probes_unwatch(struct probes *probes, uint32_t slot, uint64_t group_id)
{
	struct watched_group *group = probes_group_of(probes, slot);

	if (!group || slot == WATCHED_HOST)
		return;
	(void)bpf_map__delete_elem(probes->side.bpf->maps.slots, &group_id, sizeof(group_id), 0);
	probes_group_forget(group);
}

void probes_set_threshold(struct probes *probes, uint32_t slot, uint64_t bytes)
{
	struct watched_group *group = probes_group_of(probes, slot);

	if (group)
		__atomic_store_n(&group->threshold_bytes, bytes, __ATOMIC_RELAXED);
}

void probes_stalls(const struct probes *probes, uint32_t slot, uint64_t *ret_n, uint64_t *ret_usec)
{
	const struct watched_group *group = probes_group_of(probes, slot);

	*ret_n = group ? __atomic_load_n(&group->n_stalls, __ATOMIC_RELAXED) : 0;
	*ret_usec = group ? __atomic_load_n(&group->stall_ns, __ATOMIC_RELAXED) / 1000 : 0;
}

uint64_t probes_n_lost(const struct probes *probes)
{
	return probes->side.bpf ? __atomic_load_n(&probes->side.bpf->bss->n_lost, __ATOMIC_RELAXED)
				: 0;
}

static void probes_ask_exact(struct probes *probes, const uint32_t *pids, size_t n)
{
	for (size_t i = 0; i < TASK_EXACT_MAX; i++)
		probes->side.bpf->bss->exact_pids[i] = i < n ? pids[i] : 0;
}

int probes_walk_tasks(struct probes *probes, const uint32_t *exact_pids, size_t n_exact,
		      int (*row)(void *data, const struct task_row *row), void *data)
{
	_cleanup_fd_ int fd = -1;
	ssize_t n;
	int r;

	if (!probes->tasks)
		return -EOPNOTSUPP;
	probes_ask_exact(probes, exact_pids, n_exact);
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
