/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes where there is no BPF: switched off, without capabilities, refused by a filter. What they
 * do where there is, tests/integration/native-growth.c tells.
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "controller/kernel/probes.h"
#include "controller/kernel/probes_loader.h"
#include "policies/units.h"

static int no_row(void *data, const struct task_row *row)
{
	fail();
	return 0;
}

static void on_told(void *data, const struct kernel_event *event)
{
	fail();
}

/* All calls do nothing, and say so. */
static void use_without(struct probes *probes)
{
	uint64_t n = 1, usec = 1;
	sd_event *event;

	assert_int_equal(probes_clock(probes), GROWTH_CLOCK_NONE);
	assert_false(probes_have_tripwire(probes));
	assert_int_equal(sd_event_new(&event), 0);
	assert_int_equal(probes_listen(probes, event, 0, on_told, NULL), 0);
	probes_watch(probes, 3, 4711);
	probes_set_threshold(probes, 3, MIB);
	probes_arm(probes, 3, MIB);
	probes_arm(probes, WATCHED_HOST, MIB);
	probes_arm(probes, WATCHED_GROUPS_MAX, MIB);
	probes_drain(probes);
	assert_int_equal(sd_event_run(event, 0), 0);
	probes_stalls(probes, 3, &n, &usec);
	assert_int_equal(n, 0);
	assert_int_equal(usec, 0);
	assert_int_equal(probes_n_lost(probes), 0);
	assert_int_equal(probes_walk_tasks(probes, NULL, 0, no_row, NULL), -EOPNOTSUPP);
	probes_unwatch(probes, 3, 4711);
	assert_null(probes_free(probes));
	sd_event_unref(event);
}

static void test_switched_off_is_no_lack(void **state)
{
	struct probes *probes;

	assert_int_equal(probes_load(&probes, GROWTH_CLOCK_NONE, GIB), 0);
	assert_int_equal(probes_degradations(probes), DEGRADATION_BPF_OFF);
	use_without(probes);
}

/* In a process of its own, which does this first. Returns: what probes_load() lacked. */
static uint32_t lacks_after(void (*first)(void))
{
	struct probes *probes;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		first();
		if (probes_load(&probes, GROWTH_CLOCK_CHARGE, GIB) < 0 ||
		    probes_clock(probes) != GROWTH_CLOCK_NONE)
			_exit(255);
		status = (int)probes_degradations(probes);
		use_without(probes);
		_exit(status);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 255);
	return (uint32_t)WEXITSTATUS(status);
}

static void drop_capabilities(void)
{
	cap_t none = cap_init();

	if (!none || cap_set_proc(none) < 0)
		_exit(255);
	cap_free(none);
}

static void test_missing_capabilities_are_named(void **state)
{
	uint32_t lacks = lacks_after(drop_capabilities);

	assert_int_equal(lacks & ~(uint32_t)DEGRADATION_NO_BTF,
			 DEGRADATION_NO_BPF_CAPABILITY | DEGRADATION_NO_BPF);
}

static void refuse_bpf(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		_exit(255);
}

/* The kernel's fexit is not to blame when nothing at all is let through. */
static void test_a_filter_leaves_nothing(void **state)
{
	uint32_t lacks = lacks_after(refuse_bpf);

	assert_true(lacks & DEGRADATION_NO_BPF);
	assert_false(lacks & (DEGRADATION_NO_FENTRY | DEGRADATION_BPF_OFF));
}

static bool is_renewed, is_loaded;

static void on_renewal(void *data)
{
	is_renewed = true;
}

static void on_event(void *data, const struct kernel_event *event)
{
}

static void on_loaded(void *data, struct kernel_side *side)
{
	probes_take(data, side);
	is_loaded = true;
}

static void limit_descriptors(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_what_failed_for_want_of_descriptors_is_loaded_later(void **state)
{
	struct probes_loader *loader;
	struct probes *probes;
	struct rlimit before;
	sd_event *event;

	assert_int_equal(sd_event_new(&event), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit_descriptors(30);
	assert_int_equal(probes_load(&probes, GROWTH_CLOCK_CHARGE, GIB), 0);
	limit_descriptors(before.rlim_cur);
	assert_int_equal(probes_clock(probes), GROWTH_CLOCK_NONE);
	if (probes_degradations(probes) & DEGRADATION_NO_BPF_CAPABILITY) {
		probes_free(probes);
		sd_event_unref(event);
		skip();
	}
	assert_int_equal(probes_degradations(probes), DEGRADATION_NO_BPF);
	assert_int_equal(probes_passing(probes), -EMFILE);
	assert_int_equal(probes_listen(probes, event, 0, on_event, NULL), 0);
	probes_on_renewal(probes, on_renewal, NULL);

	assert_int_equal(probes_loader_new(&loader,
					   &(struct probes_loader_config){
						   .event = event,
						   .best = GROWTH_CLOCK_CHARGE,
						   .total_bytes = GIB,
						   .loaded = on_loaded,
						   .data = probes,
					   }),
			 0);
	probes_loader_begin(loader);
	while (!is_loaded)
		assert_true(sd_event_run(event, 10 * USEC_PER_SEC) > 0);
	assert_null(probes_loader_free(loader));
	assert_int_equal(probes_passing(probes), 0);
	assert_int_equal(is_renewed, probes_clock(probes) != GROWTH_CLOCK_NONE);
	assert_int_equal(probes_degradations(probes) & DEGRADATION_NO_BPF ? 1 : 0, !is_renewed);
	assert_null(probes_free(probes));
	sd_event_unref(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switched_off_is_no_lack),
		cmocka_unit_test(test_missing_capabilities_are_named),
		cmocka_unit_test(test_a_filter_leaves_nothing),
		cmocka_unit_test(test_what_failed_for_want_of_descriptors_is_loaded_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
