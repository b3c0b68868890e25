/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel side on this very kernel: who grows is named, nobody else is; a spent budget wakes
 * once; the snapshot agrees with /proc. All with CAP_BPF and CAP_PERFMON for the load, and without
 * them afterwards.
 *
 * usage: native-growth [--clock=NAME]    fail unless this clock is the one that is loaded
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "controller/base/file.h"
#include "controller/base/log.h"
#include "controller/kernel/probes.h"
#include "native.h"

#define N_CHURNERS   6
#define CHURN_BYTES  (1 * MIB)
#define GROWER_BYTES (200 * MIB)
#define GROUP_SLOT   7
#define N_EVENTS     2000

/* One page that parent and children share. */
struct shared {
	volatile uint64_t touched_bytes;
	volatile uint32_t go;
};

static struct cgroup_tree tree;
static struct probes *probes;
static sd_event *event;
static struct shared *shared;
static struct kernel_event events[N_EVENTS];
static size_t n_events;
static size_t n_group_grew;
static bool is_asked; /* for what does not wake */
static size_t n_unasked;
static size_t page;

static void on_told(void *data, const struct kernel_event *told)
{
	if (told->kind == KERNEL_EVENT_GROUP_GREW)
		n_group_grew++;
	if (told->kind == KERNEL_EVENT_TASK_GREW && !is_asked)
		n_unasked++;
	if (n_events < N_EVENTS)
		events[n_events++] = *told;
}

/* The loop, without asking for what does not wake. */
static void run_for(uint64_t usec)
{
	uint64_t end_usec = native_now_usec() + usec, now_usec;

	while ((now_usec = native_now_usec()) < end_usec)
		assert_true(sd_event_run(event, end_usec - now_usec) >= 0);
}

static size_t count(uint32_t kind, uint32_t pid, uint64_t *ret_bytes)
{
	size_t n = 0;

	*ret_bytes = 0;
	for (size_t i = 0; i < n_events; i++) {
		if (events[i].kind != kind || (pid > 0 && events[i].pid != pid))
			continue;
		n++;
		*ret_bytes += events[i].bytes;
	}
	return n;
}

static const struct kernel_event *find_spent(uint32_t slot, size_t *ret_n)
{
	const struct kernel_event *found = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < n_events; i++) {
		if (events[i].kind != KERNEL_EVENT_SPENT || events[i].slot != slot)
			continue;
		found = &events[i];
		++*ret_n;
	}
	return found;
}

static void ask(void)
{
	is_asked = true;
	probes_drain(probes);
	is_asked = false;
}

/* What lay in the ring when it was made is told at once, and so is what joins it on the way. */
static void forget_events(void)
{
	do {
		ask();
	} while (sd_event_run(event, 0) > 0);
	n_events = n_unasked = 0;
}

static void sleep_usec(uint64_t usec)
{
	struct timespec ts = { (time_t)(usec / USEC_PER_SEC), (long)(usec % USEC_PER_SEC) * 1000 };

	nanosleep(&ts, NULL);
}

static char *touch(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	/* A huge page would be one fault instead of 512. */
	madvise(p, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < bytes; i += page)
		p[i] = 1;
	return p;
}

static _Noreturn void churn(void)
{
	for (;;) {
		munmap(touch(CHURN_BYTES), CHURN_BYTES);
		sleep_usec(20 * USEC_PER_MSEC);
	}
}

/* A MiB at a time, at most 200 MB/s; then it holds what it has. */
static _Noreturn void grow(size_t bytes)
{
	for (size_t done = 0; done < bytes; done += 1 * MIB) {
		touch(1 * MIB);
		shared->touched_bytes = done + 1 * MIB;
		sleep_usec(5 * USEC_PER_MSEC);
	}
	for (;;)
		pause();
}

/* A child that waits for shared->go. Returns: its pid (in the child it does not return). */
static pid_t start(const char *name, void (*work)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	while (!shared->go)
		sleep_usec(1 * USEC_PER_MSEC);
	work();
	_exit(0);
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void grow_200_mib(void)
{
	grow(GROWER_BYTES);
}

/* Asks now and then: everybody on the host who grows takes room in the ring. */
static void wait_until_touched(uint64_t bytes)
{
	uint64_t end_usec = native_now_usec() + 60 * USEC_PER_SEC;

	while (shared->touched_bytes < bytes && native_now_usec() < end_usec) {
		run_for(20 * USEC_PER_MSEC);
		ask();
	}
	assert_true(shared->touched_bytes >= bytes);
}

static void set_up(void)
{
	forget_events();
	shared->go = 0;
	shared->touched_bytes = 0;
}

static void test_only_the_grower_is_named(void **unused)
{
	size_t n_grower, n_churners = 0, n_all;
	uint64_t bytes, ignored;
	pid_t churners[N_CHURNERS], grower;

	set_up();
	for (int i = 0; i < N_CHURNERS; i++)
		churners[i] = start("churner", churn);
	grower = start("grower", grow_200_mib);
	shared->go = 1;
	wait_until_touched(GROWER_BYTES);
	run_for(100 * USEC_PER_MSEC);
	ask();
	for (int i = 0; i < N_CHURNERS; i++)
		stop(churners[i]);
	stop(grower);

	n_grower = count(KERNEL_EVENT_TASK_GREW, (uint32_t)grower, &bytes);
	for (int i = 0; i < N_CHURNERS; i++)
		n_churners += count(KERNEL_EVENT_TASK_GREW, (uint32_t)churners[i], &ignored);
	n_all = count(KERNEL_EVENT_TASK_GREW, 0, &ignored);
	printf("# %s: %zu events for the grower (%llu of %llu MiB), %zu for %d churners, %zu for "
	       "processes that are not ours; %llu lost\n",
	       growth_clock_name(probes_clock(probes)), n_grower, (unsigned long long)(bytes / MIB),
	       (unsigned long long)(GROWER_BYTES / MIB), n_churners, N_CHURNERS,
	       n_all - n_grower - n_churners, (unsigned long long)probes_n_lost(probes));
	assert_int_equal(n_unasked, 0);
	assert_int_equal(n_churners, 0);
	assert_true(n_grower >= 10);
	assert_true(bytes >= GROWER_BYTES * 3 / 4 && bytes <= GROWER_BYTES * 5 / 4);
	for (size_t i = 0; i < n_events; i++) {
		if (events[i].pid != (uint32_t)grower)
			continue;
		assert_string_equal(events[i].comm, "grower");
		assert_true(events[i].span_ns <= 1100 * 1000000ULL);
		assert_true(events[i].rss_bytes >= events[i].bytes);
	}
}

/* Others on the host charge, too: what was touched here is at most what was spent. */
static void expect_host_trip(uint64_t budget_bytes)
{
	uint64_t before = shared->touched_bytes, end_usec = native_now_usec() + 30 * USEC_PER_SEC;
	const struct kernel_event *spent;
	size_t n;

	forget_events();
	probes_arm(probes, WATCHED_HOST, budget_bytes);
	while (!find_spent(WATCHED_HOST, &n) && native_now_usec() < end_usec)
		sd_event_run(event, 100 * USEC_PER_MSEC);
	spent = find_spent(WATCHED_HOST, &n);
	assert_non_null(spent);
	printf("# host: budget %llu MiB, told at %.1f, of which touched by us %.1f\n",
	       (unsigned long long)(budget_bytes / MIB), (double)spent->bytes / (double)MIB,
	       (double)(shared->touched_bytes - before) / (double)MIB);
	assert_int_equal(n, 1);
	assert_int_equal(spent->group_id, ROOT_GROUP_ID);
	assert_in_range(spent->bytes, budget_bytes, budget_bytes + 4 * MIB);
	assert_true(shared->touched_bytes - before <= budget_bytes + 8 * MIB);
	run_for(200 * USEC_PER_MSEC);
	assert_non_null(find_spent(WATCHED_HOST, &n));
	assert_int_equal(n, 1);
}

static void test_a_spent_budget_wakes_once(void **unused)
{
	pid_t grower;

	if (!probes_have_tripwire(probes))
		skip();
	set_up();
	grower = start("grower", grow_200_mib);
	shared->go = 1;
	expect_host_trip(32 * MIB);
	expect_host_trip(16 * MIB);
	stop(grower);
}

struct snapshot {
	struct task_row rows[4];
	size_t n_found, n_rows;
	pid_t pids[4];
};

static int on_row(void *data, const struct task_row *row)
{
	struct snapshot *snapshot = data;

	snapshot->n_rows++;
	for (size_t i = 0; i < 4; i++) {
		if (row->pid == (uint32_t)snapshot->pids[i]) {
			snapshot->rows[i] = *row;
			snapshot->n_found++;
		}
	}
	return 0;
}

static uint64_t number_after(pid_t pid, const char *file, const char *format)
{
	char path[64], text[4096];
	unsigned long value = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof(text)) > 0);
	assert_int_equal(sscanf(text, format, &value), 1);
	return value;
}

/* "Rss:" of smaps_rollup walks the page tables: nothing is more exact. */
static uint64_t rss_by_page_tables(pid_t pid)
{
	char path[64], text[4096];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof(text)) > 0);
	line = strstr(text, "\nRss:");
	assert_non_null(line);
	return strtoull(line + 5, NULL, 10) * KIB;
}

static void check_row(const struct task_row *row, pid_t pid, uint64_t held_bytes)
{
	/* 64 pages a CPU and kind, see kernel_event.h */
	uint64_t error = 3 * 64 * (uint64_t)sysconf(_SC_NPROCESSORS_CONF) * page;
	uint64_t statm = number_after(pid, "statm", "%*u %lu") * page;
	uint64_t start_ticks =
		number_after(pid, "stat",
			     "%*d (holder) %*c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d "
			     "%*d %*d %*d %*d %*d %lu");
	uint64_t truth = rss_by_page_tables(pid);

	printf("# %llu MiB held: snapshot %llu KiB, exact %llu KiB, statm %llu KiB, page tables "
	       "%llu KiB\n",
	       (unsigned long long)(held_bytes / MIB), (unsigned long long)(row->rss_bytes / KIB),
	       (unsigned long long)(row->exact_rss_bytes / KIB), (unsigned long long)(statm / KIB),
	       (unsigned long long)(truth / KIB));
	assert_in_range(row->rss_bytes + error, statm, statm + 2 * error);
	if (row->exact_rss_bytes > 0)
		assert_int_equal(row->exact_rss_bytes, truth);
	assert_true(row->rss_bytes + error >= held_bytes);
	assert_int_equal(row->start_ns / (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK)),
			 start_ticks);
	assert_string_equal(row->comm, "holder");
	assert_int_equal(row->uid, getuid());
}

static void hold_10_mib(void)
{
	grow(10 * MIB);
}

static void test_the_snapshot_agrees_with_proc(void **unused)
{
	struct snapshot snapshot = {};
	struct stat st;
	char *group = NULL, path[4200];

	set_up();
	shared->go = 1;
	for (size_t i = 0; i < 4; i++) {
		shared->touched_bytes = 0;
		snapshot.pids[i] = start("holder", hold_10_mib);
		wait_until_touched(10 * MIB);
	}
	run_for(50 * USEC_PER_MSEC);
	assert_int_equal(
		probes_walk_tasks(probes, (const uint32_t *)snapshot.pids, 2, on_row, &snapshot),
		0);
	assert_int_equal(snapshot.n_found, 4);
	assert_true(snapshot.n_rows > 4);
	assert_int_equal(cgroup_tree_path_of_pid(&tree, getpid(), &group), 0);
	snprintf(path, sizeof(path), "%s%s", tree.mount, group);
	free(group);
	assert_int_equal(stat(path, &st), 0);
	for (size_t i = 0; i < 4; i++) {
		check_row(&snapshot.rows[i], snapshot.pids[i], 10 * MIB);
		assert_int_equal(snapshot.rows[i].group_id, st.st_ino);
		if (i >= 2)
			assert_int_equal(snapshot.rows[i].exact_rss_bytes, 0);
		stop(snapshot.pids[i]);
	}
	assert_true(snapshot.rows[0].mm != snapshot.rows[1].mm);
}

static int stop_at_once(void *data, const struct task_row *row)
{
	return -ECANCELED;
}

static void test_the_snapshot_can_be_left(void **unused)
{
	assert_int_equal(probes_walk_tasks(probes, NULL, 0, stop_at_once, NULL), -ECANCELED);
}

struct own_group {
	char path[4300];
	uint64_t id;
};

static void write_file(const struct own_group *group, const char *file, const char *text)
{
	char path[4400];

	snprintf(path, sizeof(path), "%s/%s", group->path, file);
	assert_int_equal(file_write_at(AT_FDCWD, path, text), 0);
}

/* In the root group, where nobody has a limit above it. */
static void make_group(struct own_group *group)
{
	struct stat st;

	snprintf(group->path, sizeof(group->path), "%s/native-growth-%d", tree.mount, getpid());
	assert_int_equal(mkdir(group->path, 0755), 0);
	assert_int_equal(stat(group->path, &st), 0);
	group->id = st.st_ino;
}

static pid_t start_in_group(const struct own_group *group, void (*work)(void))
{
	pid_t pid = start("grower", work);
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	write_file(group, "cgroup.procs", text);
	return pid;
}

static void remove_group(const struct own_group *group)
{
	for (int i = 0; i < 100 && rmdir(group->path) < 0; i++)
		sleep_usec(20 * USEC_PER_MSEC);
	assert_int_equal(access(group->path, F_OK), -1);
}

/* Runs on until the slot's budget is spent. Returns: what was touched since. */
static uint64_t wait_for_trip(uint32_t slot, const struct own_group *group)
{
	uint64_t before = shared->touched_bytes, end_usec = native_now_usec() + 30 * USEC_PER_SEC;
	const struct kernel_event *spent;
	size_t n;

	while (!find_spent(slot, &n) && native_now_usec() < end_usec)
		sd_event_run(event, 100 * USEC_PER_MSEC);
	spent = find_spent(slot, &n);
	assert_non_null(spent);
	assert_int_equal(n, 1);
	assert_int_equal(spent->group_id, group->id);
	assert_true(spent->rss_bytes > 0);
	n_events = 0;
	return shared->touched_bytes - before;
}

static void skip_without_memory_groups(void)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/cgroup.controllers", tree.mount);
	if (!probes_have_tripwire(probes) || tree.mode != CGROUP_MODE_PURE) {
		printf("# the memory controller is not on cgroup v2 here\n");
		skip();
	}
}

static void test_a_group_is_told_of(void **unused)
{
	struct own_group group;
	uint64_t touched;
	pid_t grower;
	size_t n;

	skip_without_memory_groups();
	set_up();
	make_group(&group);
	probes_watch(probes, GROUP_SLOT, group.id);
	probes_set_threshold(probes, GROUP_SLOT, 4 * MIB);
	grower = start_in_group(&group, grow_200_mib);

	/* No limit, no word; with one, the next charge. */
	shared->go = 1;
	wait_until_touched(20 * MIB);
	assert_null(find_spent(GROUP_SLOT, &n));
	write_file(&group, "memory.max", "500M");
	touched = wait_for_trip(GROUP_SLOT, &group);
	printf("# a new limit was told after %.1f MiB\n", (double)touched / (double)MIB);
	assert_true(touched <= 4 * MIB);

	probes_arm(probes, GROUP_SLOT, 16 * MIB);
	touched = wait_for_trip(GROUP_SLOT, &group);
	printf("# a budget of 16 MiB was told after %.1f MiB\n", (double)touched / (double)MIB);
	assert_in_range(touched, 12 * MIB, 24 * MIB);

	probes_arm(probes, GROUP_SLOT, 400 * MIB);
	wait_until_touched(shared->touched_bytes + 4 * MIB);
	write_file(&group, "memory.max", "400M");
	touched = wait_for_trip(GROUP_SLOT, &group);
	printf("# a lowered limit was told after %.1f MiB\n", (double)touched / (double)MIB);
	assert_true(touched <= 4 * MIB);

	ask();
	printf("# growth of the group was told %zu times in %llu MiB\n", n_group_grew,
	       (unsigned long long)(shared->touched_bytes / MIB));
	assert_true(n_group_grew > 0);
	stop(grower);
	probes_unwatch(probes, GROUP_SLOT, group.id);
	remove_group(&group);
}

/* A test that was spared from the OOM killer has children that are. */
static void grow_as_anybody(void)
{
	if (file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "0") < 0)
		_exit(1);
	grow(GROWER_BYTES);
}

static void test_a_victim_and_its_stalls_are_told(void **unused)
{
	uint64_t n_stalls, stalled_usec, bytes, end_usec;
	struct own_group group;
	pid_t grower;

	skip_without_memory_groups();
	set_up();
	make_group(&group);
	write_file(&group, "memory.max", "32M");
	probes_watch(probes, GROUP_SLOT, group.id);
	grower = start_in_group(&group, grow_as_anybody);
	shared->go = 1;
	end_usec = native_now_usec() + 60 * USEC_PER_SEC;
	while (count(KERNEL_EVENT_OOM_VICTIM, (uint32_t)grower, &bytes) == 0 &&
	       native_now_usec() < end_usec)
		sd_event_run(event, 100 * USEC_PER_MSEC);
	assert_int_equal(count(KERNEL_EVENT_OOM_VICTIM, (uint32_t)grower, &bytes), 1);
	assert_int_equal(waitpid(grower, NULL, 0), grower);
	probes_stalls(probes, GROUP_SLOT, &n_stalls, &stalled_usec);
	printf("# %llu stalls of %llu us before the kill\n", (unsigned long long)n_stalls,
	       (unsigned long long)stalled_usec);
	assert_true(n_stalls > 0 && stalled_usec > 0);
	probes_unwatch(probes, GROUP_SLOT, group.id);
	probes_stalls(probes, GROUP_SLOT, &n_stalls, &stalled_usec);
	assert_int_equal(n_stalls, 0);
	remove_group(&group);
}

static void test_nothing_was_lost(void **unused)
{
	assert_int_equal(probes_n_lost(probes), 0);
}

static void grow_and_fall(void)
{
	for (;;)
		munmap(touch(8 * MIB), 8 * MIB);
}

/* Nobody reads what is told of growth until there is no room for more. */
static void test_a_full_ring_does_not_silence_the_tripwire(void **unused)
{
	uint64_t end_usec = native_now_usec() + 60 * USEC_PER_SEC;
	size_t n, n_told;
	pid_t grower;

	if (!probes_have_tripwire(probes))
		skip();
	set_up();
	grower = start("grower", grow_and_fall);
	shared->go = 1;
	while (probes_n_lost(probes) == 0 && native_now_usec() < end_usec)
		sleep_usec(10 * USEC_PER_MSEC);
	assert_true(probes_n_lost(probes) > 0);
	probes_arm(probes, WATCHED_HOST, 1 * MIB);
	while (!find_spent(WATCHED_HOST, &n) && native_now_usec() < end_usec)
		sd_event_run(event, 100 * USEC_PER_MSEC);
	n_told = n_events;
	stop(grower);
	assert_non_null(find_spent(WATCHED_HOST, &n));
	assert_int_equal(n, 1);
	printf("# %zu events had room, %llu were lost\n", n_told,
	       (unsigned long long)probes_n_lost(probes));
	assert_true(n_told > 300);
}

static void drop(const cap_value_t *which, int n)
{
	cap_t caps = cap_get_proc();

	assert_non_null(caps);
	assert_int_equal(cap_set_flag(caps, CAP_EFFECTIVE, n, which, CAP_CLEAR), 0);
	assert_int_equal(cap_set_flag(caps, CAP_PERMITTED, n, which, CAP_CLEAR), 0);
	assert_int_equal(cap_set_proc(caps), 0);
	cap_free(caps);
}

/* Returns: 0, or SKIPPED after saying why. */
static int load(enum growth_clock best, uint64_t total_bytes)
{
	const cap_value_t admin[] = { CAP_SYS_ADMIN }, both[] = { CAP_BPF, CAP_PERFMON };

	drop(admin, 1);
	assert_int_equal(probes_load(&probes, best, total_bytes), 0);
	drop(both, 2);
	printf("# growth clock %s, lacks %#x\n", growth_clock_name(probes_clock(probes)),
	       probes_degradations(probes));
	if (probes_clock(probes) == GROWTH_CLOCK_NONE) {
		printf("SKIP: BPF programs cannot be loaded here (lacks %#x)\n",
		       probes_degradations(probes));
		return SKIPPED;
	}
	assert_int_equal(sd_event_new(&event), 0);
	assert_int_equal(probes_listen(probes, event, SD_EVENT_PRIORITY_NORMAL, on_told, NULL), 0);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_grower_is_named),
		cmocka_unit_test(test_a_spent_budget_wakes_once),
		cmocka_unit_test(test_the_snapshot_agrees_with_proc),
		cmocka_unit_test(test_the_snapshot_can_be_left),
		cmocka_unit_test(test_a_group_is_told_of),
		cmocka_unit_test(test_a_victim_and_its_stalls_are_told),
		cmocka_unit_test(test_nothing_was_lost),
		cmocka_unit_test(test_a_full_ring_does_not_silence_the_tripwire),
	};
	enum growth_clock clock = GROWTH_CLOCK_CHARGE;
	const char *wanted = NULL;
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && strncmp(argv[1], "--clock=", 8) == 0)
		wanted = argv[1] + 8;
	if (argc > 2 || (argc == 2 && (!wanted || growth_clock_from_name(wanted, &clock) < 0))) {
		fprintf(stderr,
			"usage: native-growth [--clock=charge|rss-stat|rss-stat-sampled]\n");
		return 2;
	}
	page = (size_t)sysconf(_SC_PAGESIZE);
	r = native_find_tree(&tree);
	if (r == SKIPPED)
		return r;
	shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	/* As on a host of 4 GiB, whatever this one has: growth of 4 MiB is told. */
	r = load(clock, 4 * GIB);
	if (r == SKIPPED)
		return wanted ? 1 : r;
	if (wanted && probes_clock(probes) != clock) {
		printf("the clock is %s\n", growth_clock_name(probes_clock(probes)));
		return 1;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	probes_free(probes);
	sd_event_unref(event);
	cgroup_tree_done(&tree);
	return r;
}
