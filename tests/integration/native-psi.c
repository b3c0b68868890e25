/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PSI triggers on the real kernel: which windows it grants, what a death looks like, what a real
 * stall looks like, and that closing does not hold up the loop.
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/wait.h>

#include "controller/base/file.h"
#include "controller/observe/psi.h"
#include "native.h"

/* The stall comes from a limit of 48 MiB and a loop over a file of 160 MiB. */
#define LIMIT_BYTES "50331648"
#define FILE_BYTES  (160 * MIB)

struct world {
	struct cgroup_tree tree;
	sd_event *event;
	struct fd_closer *closer;
	struct psi_trigger trigger;
	char group[4200]; /* our cgroup's directory */
	bool fired, gone;
};

static struct cgroup_tree tree;

static void on_fired(void *data, struct psi_trigger *trigger, bool gone)
{
	struct world *w = data;

	assert_ptr_equal(trigger, &w->trigger);
	w->fired = true;
	w->gone = gone;
}

static int setup(void **state)
{
	static unsigned int n;
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->trigger.fd = -1;
	assert_int_equal(sd_event_new(&w->event), 0);
	assert_int_equal(fd_closer_new(&w->closer), 0);
	snprintf(w->group, sizeof(w->group), "%s/reliefd-test-%d-%u", tree.mount, getpid(), n++);
	assert_int_equal(mkdir(w->group, 0755), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	psi_trigger_disarm(&w->trigger);
	fd_closer_free(w->closer);
	sd_event_unref(w->event);
	rmdir(w->group);
	free(w);
	return 0;
}

static int open_file(const char *directory, const char *file)
{
	char path[4300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int arm_fd(struct world *w, struct psi_trigger *trigger, int fd, uint64_t stall_usec,
		  uint64_t window_usec)
{
	return psi_trigger_arm(trigger, fd,
			       &(struct psi_trigger_config){
				       .event = w->event,
				       .closer = w->closer,
				       .kind = PSI_SOME,
				       .stall_usec = stall_usec,
				       .window_usec = window_usec,
				       .description = "test",
				       .fired = on_fired,
				       .data = w,
			       });
}

static int arm(struct world *w, const char *directory, const char *file, uint64_t stall_usec,
	       uint64_t window_usec)
{
	return arm_fd(w, &w->trigger, open_file(directory, file), stall_usec, window_usec);
}

static bool has_sys_resource(void)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	assert_non_null(caps);
	cap_get_flag(caps, CAP_SYS_RESOURCE, CAP_EFFECTIVE, &value);
	cap_free(caps);
	return value == CAP_SET;
}

static void set_sys_resource(bool on)
{
	const cap_value_t which = CAP_SYS_RESOURCE;
	cap_t caps = cap_get_proc();

	assert_non_null(caps);
	cap_set_flag(caps, CAP_EFFECTIVE, 1, &which, on ? CAP_SET : CAP_CLEAR);
	assert_int_equal(cap_set_proc(caps), 0);
	cap_free(caps);
}

static void with_the_capability_the_window_is_granted(void **state)
{
	struct world *w = *state;

	if (!has_sys_resource()) {
		print_message("no CAP_SYS_RESOURCE here: only the fallback can be tried\n");
		skip();
	}
	assert_int_equal(arm(w, "/proc/pressure", "memory", 50000, 500000), 0);
	assert_int_equal(w->trigger.window_usec, 500000);
}

static void without_it_the_window_is_two_seconds(void **state)
{
	struct world *w = *state;
	bool had = has_sys_resource();

	set_sys_resource(false);
	assert_int_equal(arm(w, "/proc/pressure", "memory", 50000, 500000), 0);
	assert_int_equal(w->trigger.window_usec, 2 * USEC_PER_SEC);
	psi_trigger_disarm(&w->trigger);
	assert_int_equal(arm(w, w->group, "memory.pressure", 100000, 3 * USEC_PER_SEC), 0);
	assert_int_equal(w->trigger.window_usec, 4 * USEC_PER_SEC);
	psi_trigger_disarm(&w->trigger);
	assert_int_equal(arm(w, w->group, "memory.pressure", 100000, 10 * USEC_PER_SEC), 0);
	assert_int_equal(w->trigger.window_usec, 10 * USEC_PER_SEC);
	if (had)
		set_sys_resource(true);
}

static void nonsense_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(arm(w, w->group, "memory.pressure", 0, 2 * USEC_PER_SEC), -EINVAL);
	assert_int_equal(arm(w, w->group, "memory.pressure", 5 * USEC_PER_SEC, 4 * USEC_PER_SEC),
			 -EINVAL);
	assert_null(w->trigger.source);
	assert_int_equal(w->trigger.fd, -1);
}

/*
 * An open file takes one trigger. pressure_watch.c opens a file for each and tries again after
 * EBUSY as after EMFILE, which tests/integration/field-resources.sh lets run out; whatever gives
 * EBUSY there cannot be made from outside. Nor can ENOMEM: the kernel takes a trigger from memory
 * that no cgroup is charged for, and fails only where a host has a page no more, or in a kernel
 * with CONFIG_FAILSLAB.
 */
static void a_file_that_has_a_trigger_is_busy(void **state)
{
	struct world *w = *state;
	struct psi_trigger second = { .fd = -1 };
	int fd = open_file(w->group, "memory.pressure"), same_fd = dup(fd);

	assert_true(same_fd >= 0);
	assert_int_equal(arm_fd(w, &w->trigger, fd, 100000, 2 * USEC_PER_SEC), 0);
	assert_int_equal(arm_fd(w, &second, same_fd, 100000, 2 * USEC_PER_SEC), -EBUSY);
	assert_null(second.source);
	assert_int_equal(second.fd, -1);
	assert_int_equal(fcntl(same_fd, F_GETFD), -1); /* it is not left behind */
	assert_non_null(w->trigger.source);	       /* the first one stays */
}

static void an_idle_trigger_is_silent(void **state)
{
	struct world *w = *state;

	assert_int_equal(arm(w, w->group, "memory.pressure", 100000, 2 * USEC_PER_SEC), 0);
	assert_false(native_run_until(w->event, &w->fired, 3 * USEC_PER_SEC));
}

static void a_removed_group_says_so_once(void **state)
{
	struct world *w = *state;
	uint64_t start_usec;

	assert_int_equal(arm(w, w->group, "memory.pressure", 100000, 2 * USEC_PER_SEC), 0);
	assert_int_equal(rmdir(w->group), 0);
	start_usec = native_now_usec();
	assert_true(native_run_until(w->event, &w->fired, USEC_PER_SEC));
	print_message("told of the rmdir after %lu us\n",
		      (unsigned long)(native_now_usec() - start_usec));
	assert_true(w->gone);
	assert_null(w->trigger.source);
	/* And the loop does not spin on it. */
	w->fired = false;
	assert_false(native_run_until(w->event, &w->fired, 300 * USEC_PER_MSEC));
}

static void closing_does_not_hold_up_the_loop(void **state)
{
	struct world *w = *state;
	uint64_t start_usec, longest_usec = 0;

	for (int i = 0; i < 20; i++) {
		assert_int_equal(arm(w, w->group, "memory.pressure", 100000, 2 * USEC_PER_SEC), 0);
		start_usec = native_now_usec();
		psi_trigger_disarm(&w->trigger);
		longest_usec = u64_max(longest_usec, native_now_usec() - start_usec);
	}
	start_usec = native_now_usec();
	w->closer = fd_closer_free(w->closer);
	print_message("20 triggers: at most %lu us in the loop; the helper took %lu us more\n",
		      (unsigned long)longest_usec, (unsigned long)(native_now_usec() - start_usec));
	/* close() of a trigger takes 17 ms and more. */
	assert_true(longest_usec < 10 * USEC_PER_MSEC);
}

static void write_file(const char *directory, const char *file, const char *text)
{
	int dir = open(directory, O_PATH | O_CLOEXEC);

	if (file_write_at(dir, file, text) < 0)
		fail_msg("cannot write %s to %s/%s", text, directory, file);
	close(dir);
}

/* The directory that limits: v1's memory controller, or our own cgroup's. Returns: false: none. */
static bool limit_memory(struct world *w, char *limited, size_t size)
{
	if (access("/sys/fs/cgroup/memory/memory.limit_in_bytes", W_OK) == 0) {
		snprintf(limited, size, "/sys/fs/cgroup/memory/reliefd-test-%d", getpid());
		assert_int_equal(mkdir(limited, 0755), 0);
		write_file(limited, "memory.limit_in_bytes", LIMIT_BYTES);
		return true;
	}
	snprintf(limited, size, "%s/memory.max", w->group);
	if (access(limited, W_OK) < 0)
		return false;
	write_file(w->group, "memory.max", LIMIT_BYTES);
	snprintf(limited, size, "%s", w->group);
	return true;
}

/* Joins the groups, then reads a file that does not fit, over and over. */
static void thrash(const struct world *w, const char *limited)
{
	char name[] = "/var/tmp/reliefd-test-XXXXXX", *block = calloc(1, MIB);
	int fd = mkstemp(name);

	unlink(name);
	write_file(limited, "cgroup.procs", "0");
	write_file(w->group, "cgroup.procs", "0");
	for (uint64_t n = 0; n < FILE_BYTES; n += MIB)
		if (write(fd, block, MIB) < 0)
			_exit(1);
	for (;;)
		for (uint64_t at = 0; at < FILE_BYTES; at += MIB)
			if (pread(fd, block, MIB, (off_t)at) < 0)
				_exit(1);
}

static void a_real_stall_wakes_us(void **state)
{
	struct world *w = *state;
	uint64_t start_usec = native_now_usec(), some_usec, full_usec;
	char limited[4300], path[4300], text[512];
	bool fired;
	pid_t pid;

	if (!limit_memory(w, limited, sizeof(limited))) {
		print_message("no memory controller to set a limit with\n");
		skip();
	}
	/* One part in a hundred; on a fast disk the waits are short. */
	assert_int_equal(arm(w, w->group, "memory.pressure", 20000, 2 * USEC_PER_SEC), 0);
	pid = fork();
	if (pid == 0)
		thrash(w, limited);
	fired = native_run_until(w->event, &w->fired, 20 * USEC_PER_SEC);
	snprintf(path, sizeof(path), "%s/memory.pressure", w->group);
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof(text)) > 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (strcmp(limited, w->group) != 0)
		rmdir(limited);
	assert_int_equal(psi_parse(text, &some_usec, &full_usec), 0);
	print_message("%s after %lu ms, %lu ms lost so far\n", fired ? "woken" : "not woken",
		      (unsigned long)((native_now_usec() - start_usec) / 1000),
		      (unsigned long)(some_usec / 1000));
	assert_true(fired);
	assert_false(w->gone);
	assert_true(some_usec >= 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(with_the_capability_the_window_is_granted, setup,
						teardown),
		cmocka_unit_test_setup_teardown(without_it_the_window_is_two_seconds, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_has_a_trigger_is_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(an_idle_trigger_is_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removed_group_says_so_once, setup, teardown),
		cmocka_unit_test_setup_teardown(closing_does_not_hold_up_the_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(a_real_stall_wakes_us, setup, teardown),
	};
	int r = native_find_tree(&tree);

	if (r == 0)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	cgroup_tree_done(&tree);
	return r;
}
