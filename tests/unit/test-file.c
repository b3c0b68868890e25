/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/base/cleanup.h"
#include "controller/base/file.h"

/* A directory of our own; the tests use paths relative to its descriptor. */
struct place {
	char path[64];
	int fd;
};

static int make_place(void **state)
{
	static struct place place;

	strcpy(place.path, "/tmp/reliefd-test-file-XXXXXX");
	if (!mkdtemp(place.path))
		return -1;
	place.fd = open(place.path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	*state = &place;
	return place.fd < 0 ? -1 : 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	unlinkat(place->fd, "file", 0);
	close(place->fd);
	return rmdir(place->path);
}

static void put(const struct place *place, const char *text)
{
	_cleanup_fd_ int fd = openat(place->fd, "file", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void reads_the_whole_file(void **state)
{
	struct place *place = *state;
	char buf[64];

	put(place, "some avg10=0.00\n");
	assert_int_equal(file_read_at(place->fd, "file", buf, sizeof(buf)), 16);
	assert_string_equal(buf, "some avg10=0.00\n");
	put(place, "");
	assert_int_equal(file_read_at(place->fd, "file", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
}

static void reads_from_the_start_again(void **state)
{
	struct place *place = *state;
	_cleanup_fd_ int fd = -1;
	char buf[64];

	put(place, "first");
	fd = openat(place->fd, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_read_fd(fd, buf, sizeof(buf)), 5);
	put(place, "second");
	assert_int_equal(file_read_fd(fd, buf, sizeof(buf)), 6);
	assert_string_equal(buf, "second");
}

static void says_when_the_buffer_is_too_small(void **state)
{
	struct place *place = *state;
	char buf[6];

	put(place, "12345");
	assert_int_equal(file_read_at(place->fd, "file", buf, sizeof(buf)), 5);
	assert_string_equal(buf, "12345");
	put(place, "123456");
	assert_int_equal(file_read_at(place->fd, "file", buf, sizeof(buf)), -EFBIG);
	assert_int_equal(file_read_at(place->fd, "file", buf, 0), -EINVAL);
}

static void reads_kernel_files(void **state)
{
	char buf[16384];

	assert_true(file_read_at(AT_FDCWD, "/proc/meminfo", buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "MemAvailable:"));
}

static void names_what_is_not_there(void **state)
{
	struct place *place = *state;
	char buf[8];

	assert_int_equal(file_read_at(place->fd, "none", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(file_read_at(place->fd, ".", buf, sizeof(buf)), -EISDIR);
	assert_int_equal(file_read_at(-1, "file", buf, sizeof(buf)), -EBADF);
	assert_int_equal(file_write_at(place->fd, "none", "1"), -ENOENT);
}

static void writes_in_one_piece(void **state)
{
	struct place *place = *state;
	char buf[64];

	put(place, "");
	assert_int_equal(file_write_at(place->fd, "file", "16777216"), 0);
	assert_int_equal(file_read_at(place->fd, "file", buf, sizeof(buf)), 8);
	assert_string_equal(buf, "16777216");
}

static void says_what_a_write_met(void **state)
{
	assert_int_equal(file_write_at(AT_FDCWD, "/dev/full", "1"), -ENOSPC);
}

/* A file size limit cuts the write: half an order is no order. */
static void a_short_write_is_an_error(void **state)
{
	struct place *place = *state;
	struct rlimit saved, limit = { .rlim_cur = 4, .rlim_max = RLIM_INFINITY };

	put(place, "");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	limit.rlim_max = saved.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(file_write_at(place->fd, "file", "16777216"), -EIO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_whole_file),
		cmocka_unit_test(reads_from_the_start_again),
		cmocka_unit_test(says_when_the_buffer_is_too_small),
		cmocka_unit_test(reads_kernel_files),
		cmocka_unit_test(names_what_is_not_there),
		cmocka_unit_test(writes_in_one_piece),
		cmocka_unit_test(says_what_a_write_met),
		cmocka_unit_test(a_short_write_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
