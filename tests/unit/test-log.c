/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/base/log.h"

/* stderr is a file here: what a service under a plain supervisor would write into. */
static int saved_stderr;
static int output;

static int redirect(void **state)
{
	unsetenv("JOURNAL_STREAM");
	saved_stderr = dup(STDERR_FILENO);
	output = memfd_create("output", MFD_CLOEXEC);
	return output < 0 ? -1 : 0;
}

static int restore(void **state)
{
	close(output);
	close(saved_stderr);
	return 0;
}

static void capture_begin(void)
{
	assert_int_equal(ftruncate(output, 0), 0);
	lseek(output, 0, SEEK_SET);
	dup2(output, STDERR_FILENO);
}

static const char *capture_end(void)
{
	static char text[4096];
	ssize_t n;

	dup2(saved_stderr, STDERR_FILENO);
	n = pread(output, text, sizeof(text) - 1, 0);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void lines_carry_their_level(void **state)
{
	capture_begin();
	log_error("no %s", "memory");
	log_warning("late");
	log_info("calm");
	assert_string_equal(capture_end(), "<3>no memory\n<4>late\n<6>calm\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
	capture_begin();
	log_debug("not by default");
	log_set_max_level(LOG_DEBUG);
	log_debug("now");
	log_set_max_level(LOG_ERR);
	log_warning("not now");
	log_set_max_level(LOG_INFO);
	assert_string_equal(capture_end(), "<7>now\n");
}

static void errors_say_why_and_are_handed_on(void **state)
{
	int r;

	capture_begin();
	r = log_errno(-ENOENT, "Cannot open %s", "/x");
	assert_string_equal(capture_end(), "<3>Cannot open /x: No such file or directory\n");
	assert_int_equal(r, -ENOENT);
}

static void errno_survives(void **state)
{
	capture_begin();
	errno = EBUSY;
	log_info("x");
	log_errno(-ENOENT, "y");
	assert_int_equal(errno, EBUSY);
	capture_end();
}

static void a_line_too_long_is_cut(void **state)
{
	char text[3000];
	const char *seen;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	capture_begin();
	log_errno(-EIO, "%s", text);
	seen = capture_end();
	assert_int_equal(strlen(seen), strlen("<3>") + 1023 + strlen("\n"));
	assert_true(seen[strlen(seen) - 1] == '\n');
}

/* The last test: there is no way back. */
static void plain_lines_are_for_people(void **state)
{
	log_set_plain();
	capture_begin();
	log_error("x.conf:3: no");
	assert_string_equal(capture_end(), "x.conf:3: no\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_carry_their_level),
		cmocka_unit_test(lines_above_the_level_are_dropped),
		cmocka_unit_test(errors_say_why_and_are_handed_on),
		cmocka_unit_test(errno_survives),
		cmocka_unit_test(a_line_too_long_is_cut),
		cmocka_unit_test(plain_lines_are_for_people),
	};

	return cmocka_run_group_tests(tests, redirect, restore);
}
