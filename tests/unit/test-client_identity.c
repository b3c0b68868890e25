/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/base/cleanup.h"
#include "tests/support/registry_world.h"

static struct world world;

static int start(void **state)
{
	world_init(&world, 8, 0, 0);
	return 0;
}

static int stop(void **state)
{
	world_done(&world);
	return 0;
}

/* A process that lives until its end of the pipe is closed. */
static pid_t start_child(int *ret_leash)
{
	int leash[2];
	pid_t child;

	assert_int_equal(pipe(leash), 0);
	child = fork();
	if (child == 0) {
		char byte;

		close(leash[1]);
		_exit((int)read(leash[0], &byte, 1));
	}
	close(leash[0]);
	*ret_leash = leash[1];
	return child;
}

static struct client identify(pid_t pid)
{
	struct client client;

	assert_int_equal(client_identity_from_pid(&world.tree, pid, -1, 1000, &client), 0);
	return client;
}

static void a_process_has_a_cgroup_and_a_unit(void **state)
{
	struct client client = identify(getpid());

	assert_int_equal(client.uid, 1000);
	assert_int_equal(client.pid, getpid());
	assert_string_equal(client.cgroup, "/system.slice/a.service");
	assert_string_equal(client.unit, "a.service");
	assert_int_equal(client.unit_length, strlen(client.cgroup));
}

static void a_unit_ends_where_its_directory_does(void **state)
{
	static const struct {
		const char *cgroup, *unit, *directory;
	} rows[] = {
		{ "/", "", "" },
		{ "/not/a/unit", "", "" },
		{ "/system.slice/a.service/worker/3", "a.service", "/system.slice/a.service" },
		{ "/user.slice/user-7.slice/user@7.service/app.slice/x.scope", "x.scope",
		  "/user.slice/user-7.slice/user@7.service/app.slice/x.scope" },
		{ "/a.slice/_odd.service/x", "odd.service", "/a.slice/_odd.service" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client client;
		int leash;
		pid_t child = start_child(&leash);

		world_place(&world, child, rows[i].cgroup);
		client = identify(child);
		assert_string_equal(client.unit, rows[i].unit);
		assert_int_equal(client.unit_length, strlen(rows[i].directory));
		close(leash);
		waitpid(child, NULL, 0);
	}
}

static void the_same_name_elsewhere_is_another_unit(void **state)
{
	const char *mine = "/user.slice/user-7.slice/user@7.service/app.slice/x.service";
	const char *other = "/user.slice/user-8.slice/user@8.service/app.slice/x.service";
	struct client a = world_client(&world, 7, mine), b = world_client(&world, 8, other);
	struct client nobody = world_client(&world, 7, "/"), too = nobody;

	assert_true(client_is_same_unit(&a, &a));
	assert_false(client_is_same_unit(&a, &b));
	assert_false(client_is_same_unit(&nobody, &too));
}

/* The pid's files are there, as they would be for another process with that pid. */
static void a_process_that_ended_is_not_trusted(void **state)
{
	_cleanup_fd_ int pidfd = -1;
	struct client client;
	int leash;
	pid_t child = start_child(&leash);

	world_place(&world, child, "/system.slice/b.service");
	pidfd = pidfd_open(child, 0);
	assert_true(pidfd >= 0);
	assert_int_equal(client_identity_from_pid(&world.tree, child, pidfd, 0, &client), 0);
	close(leash);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(client_identity_from_pid(&world.tree, child, pidfd, 0, &client), -ESRCH);
	assert_int_equal(client_identity_from_pid(&world.tree, child, -1, 0, &client), -ESRCH);
	assert_int_equal(client_identity_from_pid(&world.tree, 0, -1, 0, &client), -ESRCH);
	assert_int_equal(client_identity_from_pid(&world.tree, -1, -1, 0, &client), -ESRCH);
}

static void a_zombie_is_not_trusted_either(void **state)
{
	struct client client;
	int leash;
	pid_t child = start_child(&leash);
	siginfo_t info;

	world_place(&world, child, "/system.slice/b.service");
	close(leash);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(client_identity_from_pid(&world.tree, child, -1, 0, &client), -ESRCH);
	waitpid(child, NULL, 0);
}

static void a_path_that_cannot_be_kept_is_refused(void **state)
{
	char deep[600] = "";
	struct client client;
	int leash;
	pid_t child = start_child(&leash);

	while (strlen(deep) < 520)
		strcat(deep, "/deeper");
	world_place(&world, child, deep);
	assert_int_equal(client_identity_from_pid(&world.tree, child, -1, 0, &client),
			 -ENAMETOOLONG);
	close(leash);
	waitpid(child, NULL, 0);
}

static void a_path_outside_our_namespace_is_refused(void **state)
{
	struct client client;
	int leash;
	pid_t child = start_child(&leash);

	world_place(&world, child, "/../outside.service");
	assert_true(client_identity_from_pid(&world.tree, child, -1, 0, &client) < 0);
	close(leash);
	waitpid(child, NULL, 0);
}

static void a_socket_tells_its_peer(void **state)
{
	struct client client;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(client_identity_from_socket(&world.tree, pair[0], &client), 0);
	assert_int_equal(client.uid, getuid());
	assert_int_equal(client.pid, getpid());
	close(pair[0]);
	close(pair[1]);
	assert_true(client_identity_from_socket(&world.tree, -1, &client) < 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_process_has_a_cgroup_and_a_unit),
		TEST(a_unit_ends_where_its_directory_does),
		TEST(the_same_name_elsewhere_is_another_unit),
		TEST(a_process_that_ended_is_not_trusted),
		TEST(a_zombie_is_not_trusted_either),
		TEST(a_path_that_cannot_be_kept_is_refused),
		TEST(a_path_outside_our_namespace_is_refused),
		TEST(a_socket_tells_its_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
