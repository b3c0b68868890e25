/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journal records, received where journald would receive them. */

#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "controller/base/journal_record.h"

struct world {
	char dir[64];
	struct sockaddr_un address;
	int fd; /* of "journald" */
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	strcpy(world->dir, "/tmp/reliefd-journal.XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	world->address.sun_family = AF_UNIX;
	snprintf(world->address.sun_path, sizeof(world->address.sun_path), "%.60s/socket",
		 world->dir);
	world->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(world->fd >= 0);
	assert_return_code(
		bind(world->fd, (struct sockaddr *)&world->address, sizeof(world->address)), errno);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	fd_close(world->fd);
	unlink(world->address.sun_path);
	rmdir(world->dir);
	free(world);
	return 0;
}

static size_t receive(struct world *world, char *buf, size_t size)
{
	ssize_t n = recv(world->fd, buf, size - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	buf[n] = '\0';
	return (size_t)n;
}

static void test_record_arrives_as_lines(void **state)
{
	struct world *world = *state;
	struct journal_record record;
	char text[4096];

	journal_record_init(&record, "0123456789abcdef0123456789abcdef", 5, "%s fell by %d", "a",
			    7);
	journal_record_add(&record, "CGROUP", "/system.slice/a.service");
	journal_record_add_number(&record, "ASKED_BYTES", UINT64_MAX);
	assert_int_equal(journal_record_send(&record, world->address.sun_path), 0);
	receive(world, text, sizeof(text));
	assert_string_equal(text, "MESSAGE=a fell by 7\n"
				  "MESSAGE_ID=0123456789abcdef0123456789abcdef\n"
				  "PRIORITY=5\n"
				  "SYSLOG_IDENTIFIER=test-journal_record\n"
				  "CGROUP=/system.slice/a.service\n"
				  "ASKED_BYTES=18446744073709551615\n");
}

static void test_empty_values_are_left_out(void **state)
{
	struct world *world = *state;
	struct journal_record record;
	char text[4096];

	journal_record_init(&record, "0123456789abcdef0123456789abcdef", 6, "x");
	journal_record_add(&record, "OBJECT_SYSTEMD_UNIT", "");
	assert_int_equal(journal_record_send(&record, world->address.sun_path), 0);
	receive(world, text, sizeof(text));
	assert_null(strstr(text, "OBJECT_SYSTEMD_UNIT"));
}

/* A cgroup may have a newline in its name: nobody must be able to forge a field with it. */
static void test_newlines_cannot_forge_fields(void **state)
{
	static const char value[] = "/a\nPRIORITY=0";
	struct world *world = *state;
	struct journal_record record;
	char text[4096];
	uint64_t length;
	char *field;

	journal_record_init(&record, "0123456789abcdef0123456789abcdef", 6, "x");
	journal_record_add(&record, "CGROUP", value);
	assert_int_equal(journal_record_send(&record, world->address.sun_path), 0);
	receive(world, text, sizeof(text));
	field = strstr(text, "CGROUP\n");
	assert_non_null(field);
	memcpy(&length, field + 7, sizeof(length));
	assert_int_equal(le64toh(length), strlen(value));
	assert_memory_equal(field + 15, value, strlen(value));
	assert_int_equal(field[15 + strlen(value)], '\n');
}

static void test_what_does_not_fit_is_left_out_whole(void **state)
{
	struct world *world = *state;
	struct journal_record record;
	char text[2 * JOURNAL_RECORD_SIZE], large[JOURNAL_RECORD_SIZE * 5 / 8];
	size_t n;

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	journal_record_init(&record, "0123456789abcdef0123456789abcdef", 6, "%s", large);
	assert_int_equal(strlen(record.sentence), sizeof(record.sentence) - 1);
	journal_record_add(&record, "FIRST", large);
	journal_record_add(&record, "SECOND", large);
	journal_record_add(&record, "THIRD", "short");
	assert_int_equal(journal_record_send(&record, world->address.sun_path), 0);
	n = receive(world, text, sizeof(text));
	assert_true(n <= JOURNAL_RECORD_SIZE);
	assert_non_null(strstr(text, "\nFIRST="));
	assert_null(strstr(text, "SECOND"));
	assert_non_null(strstr(text, "\nTHIRD=short\n"));
}

/* What journald looks like when it is stalled by the shortage that is being told of. */
static void test_full_queue_does_not_wait(void **state)
{
	struct world *world = *state;
	struct journal_record record;
	char text[4096];
	int r = 0, n = 0;

	journal_record_init(&record, "0123456789abcdef0123456789abcdef", 6, "x");
	for (; r == 0 && n < 100000; n++)
		r = journal_record_send(&record, world->address.sun_path);
	assert_int_equal(r, -EAGAIN);
	assert_true(n > 1);
	assert_int_equal(journal_record_send(&record, world->address.sun_path), -EAGAIN);
	while (recv(world->fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(journal_record_send(&record, world->address.sun_path), 0);
	receive(world, text, sizeof(text));
	assert_non_null(strstr(text, "MESSAGE=x\n"));
	receive(world, text, sizeof(text));
	assert_non_null(strstr(text, "journald did not keep up: 2 messages were lost\n"));
}

static void test_journald_may_be_missing_and_come_back(void **state)
{
	struct world *world = *state;
	struct journal_record record;
	char text[4096];

	journal_record_init(&record, "0123456789abcdef0123456789abcdef", 6, "x");
	unlink(world->address.sun_path);
	assert_int_equal(journal_record_send(&record, world->address.sun_path), -ENOENT);
	fd_close(world->fd);
	world->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_return_code(
		bind(world->fd, (struct sockaddr *)&world->address, sizeof(world->address)), errno);
	assert_int_equal(journal_record_send(&record, world->address.sun_path), 0);
	receive(world, text, sizeof(text));
	memset(text, 'p', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(journal_record_send(&record, text), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_record_arrives_as_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty_values_are_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_newlines_cannot_forge_fields, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_left_out_whole, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_full_queue_does_not_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_journald_may_be_missing_and_come_back, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
