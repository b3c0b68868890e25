/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each test runs in a child, since what is dropped does not come back, and looks at
 * /proc/self/status.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sys/capability.h>

#include "controller/act/privileges.h"
#include "controller/base/cleanup.h"
#include "controller/base/file.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* Ends the child with the line that did not hold. */
#define CHECK(condition)                                                        \
	do {                                                                    \
		if (!(condition)) {                                             \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			_exit(1);                                               \
		}                                                               \
	} while (0)

static uint64_t status_field(const char *name)
{
	char text[8192], *at;
	uint64_t value;

	CHECK(file_read_at(AT_FDCWD, "/proc/self/status", text, sizeof(text)) > 0);
	at = strstr(text, name);
	CHECK(at && sscanf(at + strlen(name), "%" SCNx64, &value) == 1);
	return value;
}

static uint64_t listed_bits(void)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n_privileges; i++)
		bits |= BIT(privileges[i].capability);
	return bits;
}

static void run_in_child(void (*fn)(void))
{
	int status;
	pid_t child;

	if (getuid() != 0)
		skip(); /* nothing to drop */
	child = fork();
	if (child == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void keep(void)
{
	uint64_t before = status_field("CapPrm:"), bound = status_field("CapBnd:");

	CHECK(privileges_keep() == 0);
	CHECK(status_field("CapPrm:") == (before & listed_bits()));
	CHECK(status_field("CapEff:") == (before & listed_bits()));
	CHECK(status_field("CapBnd:") == (bound & listed_bits()) || !(before & BIT(CAP_SETPCAP)));
	CHECK(status_field("CapInh:") == 0);
	CHECK(status_field("CapAmb:") == 0);
	CHECK(status_field("NoNewPrivs:") == 1);
	CHECK(privileges_keep() == 0); /* once more does no harm */
}

static void only_the_listed_ones_are_kept(void **state)
{
	run_in_child(keep);
}

static void reduce_again(void)
{
	const int fewer[] = { CAP_KILL };

	CHECK(privileges_keep() == 0);
	CHECK(privileges_reduce(fewer, 1) == 0); /* without CAP_SETPCAP by now */
	CHECK((status_field("CapPrm:") & ~BIT(CAP_KILL)) == 0);
	CHECK((status_field("CapEff:") & ~BIT(CAP_KILL)) == 0);
}

static void what_start_needed_can_be_dropped_later(void **state)
{
	run_in_child(reduce_again);
}

static void start_with_less(void)
{
	cap_value_t dropped = CAP_KILL;
	cap_t caps = cap_get_proc();
	uint64_t missing;

	CHECK(cap_set_flag(caps, CAP_PERMITTED, 1, &dropped, CAP_CLEAR) == 0);
	CHECK(cap_set_flag(caps, CAP_EFFECTIVE, 1, &dropped, CAP_CLEAR) == 0);
	CHECK(cap_set_proc(caps) == 0);
	cap_free(caps);
	CHECK(privileges_keep() == 0);
	missing = privileges_missing();
	for (size_t i = 0; i < n_privileges; i++)
		CHECK(!!(missing & BIT(i)) ==
		      !(status_field("CapEff:") & BIT(privileges[i].capability)));
	CHECK(missing != 0);
}

static void fewer_to_begin_with_is_named_not_refused(void **state)
{
	run_in_child(start_with_less);
}

static void start_as_nobody(void)
{
	CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	CHECK(privileges_keep() == 0);
	CHECK(privileges_missing() == BIT(n_privileges) - 1);
	CHECK(status_field("NoNewPrivs:") == 1);
}

static void nobody_has_none_and_runs_on(void **state)
{
	run_in_child(start_as_nobody);
}

static void every_row_has_its_name(void **state)
{
	for (size_t i = 0; i < n_privileges; i++) {
		char *name = cap_to_name(privileges[i].capability);
		char upper[32] = { 0 };

		for (size_t k = 0; name[k] && k < sizeof(upper) - 1; k++)
			upper[k] = name[k] >= 'a' && name[k] <= 'z' ? name[k] - 32 : name[k];
		assert_string_equal(upper, privileges[i].name);
		cap_free(name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_listed_ones_are_kept),
		cmocka_unit_test(what_start_needed_can_be_dropped_later),
		cmocka_unit_test(fewer_to_begin_with_is_named_not_refused),
		cmocka_unit_test(nobody_has_none_and_runs_on),
		cmocka_unit_test(every_row_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
