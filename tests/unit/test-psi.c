/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "controller/observe/psi.h"
#include "fixture.h"
#include "policies/observation.h"

static void totals_of_every_kernel(void **state)
{
	for (size_t i = 0; i < N(kernels); i++) {
		char *text = fixture_read(kernels[i], "memory.pressure");
		uint64_t some = 0, full = 0;

		assert_int_equal(psi_parse(text, &some, &full), 0);
		assert_int_equal(some, 178240);
		assert_int_equal(full, 164811);
		free(text);
	}
}

static void a_cut_file_says_less(void **state)
{
	char *text = fixture_read("6.12", "memory.pressure");

	for (size_t n = 0; n < strlen(text); n++) {
		char *cut = fixture_cut(text, n);
		uint64_t some = 1, full = 2;

		if (psi_parse(cut, &some, &full) != -EBADMSG)
			fail_msg("taken after %zu bytes", n);
		assert_true(some == 178240 || some == COUNT_UNKNOWN);
		assert_true(full == COUNT_UNKNOWN);
		free(cut);
	}
	free(text);
}

static void one_total_does_not_take_the_other_along(void **state)
{
	static const struct {
		const char *text;
		uint64_t some, full;
	} rows[] = {
		{ "some total=1\n", 1, COUNT_UNKNOWN },
		{ "full total=2\n", COUNT_UNKNOWN, 2 },
		{ "some total=-1\nfull total=2\n", COUNT_UNKNOWN, 2 },
		{ "some total=1\nfull total=18446744073709551615\n", 1, COUNT_UNKNOWN },
		{ "some total=1\nfull total=2", 1, COUNT_UNKNOWN },
		{ "some avg10=0.00\nfull total=2\n", COUNT_UNKNOWN, 2 },
	};

	for (size_t i = 0; i < N(rows); i++) {
		uint64_t some = 7, full = 7;

		assert_int_equal(psi_parse(rows[i].text, &some, &full), -EBADMSG);
		assert_true(some == rows[i].some);
		assert_true(full == rows[i].full);
	}
}

static void garbled_files_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"some total=1\n",
		"full total=1\n",
		"some avg10=0.00\nfull total=1\n",
		"some total=\nfull total=1\n",
		"some total=-1\nfull total=1\n",
		"some total=1x\nfull total=1\n",
		"some total=18446744073709551616\nfull total=1\n",
		"some subtotal=1\nfull total=1\n",
		"sometotal=1\nfull total=1\n",
	};

	for (size_t i = 0; i < N(texts); i++) {
		uint64_t some, full;

		if (psi_parse(texts[i], &some, &full) != -EBADMSG)
			fail_msg("\"%s\" was taken", texts[i]);
	}
}

static void news_in_the_file_are_skipped(void **state)
{
	uint64_t some, full;

	assert_int_equal(psi_parse("kind of=news\nsome avg3=1 total=18446744073709 p=9\n"
				   "full total=0\n",
				   &some, &full),
			 0);
	assert_int_equal(some, 18446744073709);
	assert_int_equal(full, 0);
}

static void a_huge_file_is_read(void **state)
{
	char *text = fixture_huge("later avg10=0.00 total=99\n", "some total=3\nfull total=2\n");
	uint64_t some, full;

	assert_int_equal(psi_parse(text, &some, &full), 0);
	assert_int_equal(some, 3);
	free(text);
}

/* A prepared directory's file must not be written to, and is no trigger. */
static void a_plain_file_takes_no_trigger(void **state)
{
	char path[] = "/tmp/reliefd-test-XXXXXX";
	struct psi_trigger trigger = { .fd = -1 };
	struct fd_closer *closer;
	sd_event *event;
	char byte;
	int fd = mkstemp(path), again = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0 && again >= 0);
	assert_int_equal(sd_event_new(&event), 0);
	assert_int_equal(fd_closer_new(&closer), 0);
	assert_int_equal(psi_trigger_arm(&trigger, fd,
					 &(struct psi_trigger_config){
						 .event = event,
						 .closer = closer,
						 .stall_usec = 1000,
						 .window_usec = 500000,
					 }),
			 -EOPNOTSUPP);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(read(again, &byte, 1), 0);
	psi_trigger_disarm(&trigger);
	fd_closer_free(closer);
	sd_event_unref(event);
	close(again);
	unlink(path);
}

static void everything_handed_to_the_closer_is_closed(void **state)
{
	struct fd_closer *closer;
	int fds[100];

	assert_int_equal(fd_closer_new(&closer), 0);
	for (size_t i = 0; i < N(fds); i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
	for (size_t i = 0; i < N(fds); i++)
		fd_closer_close(closer, fds[i]);
	fd_closer_close(closer, -1);
	assert_null(fd_closer_free(closer));
	for (size_t i = 0; i < N(fds); i++) {
		assert_int_equal(fcntl(fds[i], F_GETFD), -1);
		assert_int_equal(errno, EBADF);
	}
	assert_null(fd_closer_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_of_every_kernel),
		cmocka_unit_test(a_cut_file_says_less),
		cmocka_unit_test(one_total_does_not_take_the_other_along),
		cmocka_unit_test(garbled_files_are_refused),
		cmocka_unit_test(news_in_the_file_are_skipped),
		cmocka_unit_test(a_huge_file_is_read),
		cmocka_unit_test(a_plain_file_takes_no_trigger),
		cmocka_unit_test(everything_handed_to_the_closer_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
