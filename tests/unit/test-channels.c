/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/base/cleanup.h"
#include "controller/registry/registry_masks.h"
#include "tests/support/registry_world.h"

static struct world world;

static int start(void **state)
{
	world_init(&world, 1024, 0, 0);
	return channels_listen(world.channels, world.socket, -1);
}

static int stop(void **state)
{
	world_done(&world);
	return 0;
}

/* A client that has said HELLO. */
static int greet(void)
{
	struct relief_message hello = world_message(RELIEF_HELLO);
	int fd = world_connect(&world);

	assert_int_equal(world_send(fd, &hello), 0);
	return fd;
}

static struct relief_message register_message(const char *name, uint64_t serial)
{
	struct relief_message message = world_message(RELIEF_REGISTER);

	message.serial = serial;
	message.flags = RELIEF_FLAG_CAN_SHED;
	message.bytes = 64 * MIB;
	snprintf(message.name, sizeof(message.name), "%s", name);
	return message;
}

/* Registers and returns the module, as reliefd sees it. */
static struct module *enrol(int fd, const char *name)
{
	struct relief_message message = register_message(name, 42);
	struct module *module;

	assert_int_equal(world_send(fd, &message), 0);
	message = world_expect(&world, fd, RELIEF_REGISTERED);
	assert_int_equal(message.serial, 42);
	module = registry_find(world.registry, message.module);
	assert_non_null(module);
	return module;
}

static void a_client_registers_and_answers(void **state)
{
	_cleanup_fd_ int fd = greet();
	struct module *module = enrol(fd, "images");
	struct action action = world_action(&world, module, 1, USEC_PER_SEC);
	struct relief_message message;

	assert_int_equal(module->owner->client.uid, getuid());
	assert_int_equal(module->owner->client.pid, getpid());
	assert_string_equal(module->owner->client.unit, "a.service");
	assert_int_equal(module->group_slot, world_group(&world, "/system.slice/a.service")->slot);

	assert_int_equal(registry_send(world.registry, &action), 0);
	message = world_expect(&world, fd, RELIEF_REQUEST);
	assert_int_equal(message.serial, 1);
	assert_int_equal(message.ratio_bp, 2500);
	message = world_message(RELIEF_ANSWER);
	message.serial = 1;
	message.module = module->id;
	message.bytes = 12345;
	message.result = 1;
	assert_int_equal(world_send(fd, &message), 0);
	world_run(&world, USEC_PER_MSEC);
	assert_int_equal(world.outcomes.n, 1);
	assert_int_equal(world.outcomes.ring[0].result, RESULT_PARTIAL);
	assert_int_equal(world.outcomes.ring[0].claimed_bytes, 12345);
	assert_true(world.outcomes.ring[0].finished_usec > 0);
}

static void reports_and_touches_arrive(void **state)
{
	_cleanup_fd_ int fd = greet();
	struct module *module = enrol(fd, "images");
	struct relief_message report = world_message(RELIEF_REPORT);
	struct relief_message touch = world_message(RELIEF_TOUCH);
	struct relief_message unregister = world_message(RELIEF_UNREGISTER);

	module->last_used_usec = 0;
	report.module = touch.module = unregister.module = module->id;
	report.bytes = 5;
	report.flags = RELIEF_FLAG_UNLOADED | RELIEF_FLAG_CAN_SHED;
	report.reload_cost_usec = 77;
	world_send(fd, &report);
	world_send(fd, &touch);
	world_run(&world, USEC_PER_MSEC);
	assert_int_equal(module->description.size_bytes, 5);
	assert_true(module->description.flags & MODULE_IS_UNLOADED);
	assert_int_equal(module->description.reload_cost_usec, 77);
	assert_true(module->last_used_usec > 0);
	world_send(fd, &unregister);
	world_run(&world, USEC_PER_MSEC);
	assert_int_equal(registry_size(world.registry), 0);
}

static void one_client_cannot_speak_for_another(void **state)
{
	_cleanup_fd_ int mine = greet(), other = greet();
	struct module *module = enrol(mine, "mine");
	struct relief_message message = world_message(RELIEF_UNREGISTER);

	message.module = module->id;
	world_send(other, &message);
	message = world_expect(&world, other, RELIEF_ERROR);
	assert_int_equal(message.error, ENOENT);
	assert_int_equal(message.module, module->id);
	assert_int_equal(registry_size(world.registry), 1);
}

static void refusals_say_why(void **state)
{
	_cleanup_fd_ int fd = greet();
	struct relief_message message = register_message("twice", 1);

	enrol(fd, "twice");
	world_send(fd, &message);
	message = world_expect(&world, fd, RELIEF_ERROR);
	assert_int_equal(message.serial, 1);
	assert_int_equal(message.error, EEXIST);
	assert_non_null(strstr(message.name, "already"));
	message = register_message("\x1b[2J", 2);
	world_send(fd, &message);
	message = world_expect(&world, fd, RELIEF_ERROR);
	assert_int_equal(message.error, EINVAL);
	assert_non_null(strstr(message.name, "printable"));
	message = world_message(RELIEF_ANSWER);
	message.serial = 12345;
	message.module = registry_next(world.registry, 0)->id;
	world_send(fd, &message);
	message = world_expect(&world, fd, RELIEF_ERROR);
	assert_int_equal(message.error, ENOENT);
}

static void death_in_the_middle_of_a_request_is_answered(void **state)
{
	int fd = greet();
	_cleanup_fd_ int survivor = greet();
	struct module *module = enrol(fd, "doomed"), *alive = enrol(survivor, "alive");
	struct action action = world_action(&world, module, 7, USEC_PER_SEC);

	assert_int_equal(registry_send(world.registry, &action), 0);
	close(fd);
	world_run(&world, USEC_PER_MSEC);
	assert_int_equal(world.outcomes.n, 1);
	assert_int_equal(world.outcomes.ring[0].action_id, 7);
	assert_int_equal(world.outcomes.ring[0].result, RESULT_GONE);
	assert_int_equal(registry_size(world.registry), 1);
	action = world_action(&world, alive, 8, USEC_PER_SEC);
	assert_int_equal(registry_send(world.registry, &action), 0);
	world_expect(&world, survivor, RELIEF_REQUEST);
}

/* A client that does not read is asked no more, is told its level when it reads, blocks nobody. */
static void a_client_that_does_not_read_costs_nothing(void **state)
{
	_cleanup_fd_ int deaf = greet(), other = greet();
	struct module *module = enrol(deaf, "deaf"), *alive = enrol(other, "alive");
	struct relief_message message;
	struct action action;
	uint64_t id = 1;
	int r;

	do { /* deadlines that have passed: each request replaces the last */
		action = world_action(&world, module, id++, 0);
		r = registry_send(world.registry, &action);
	} while (r == 0 && id < 10000);
	assert_int_equal(r, -EAGAIN);
	assert_in_range(id, 32, 400);

	registry_tell_level(world.registry, GROUP_SLOT_HOST, LEVEL_HIGH);
	assert_int_equal(module->owner->level, LEVEL_LOW);
	assert_int_equal(world_expect(&world, other, RELIEF_LEVEL).level, LEVEL_HIGH);
	action = world_action(&world, alive, id++, USEC_PER_SEC);
	assert_int_equal(registry_send(world.registry, &action), 0);
	world_expect(&world, other, RELIEF_REQUEST);

	/* It begins to read: what was missed comes. */
	message = world_expect(&world, deaf, RELIEF_LEVEL);
	assert_int_equal(message.level, LEVEL_HIGH);
	assert_int_equal(module->owner->level, LEVEL_HIGH);
	registry_tell_calm(world.registry);
}

/* One that provokes answers and does not read them is closed; the registry stays clean. */
static void a_client_that_does_not_read_its_answers_is_closed(void **state)
{
	_cleanup_fd_ int fd = greet();
	struct module *module = enrol(fd, "deaf");
	struct relief_message message = register_message("deaf", 1);
	struct action action;
	uint64_t id = 1;

	do {
		action = world_action(&world, module, id++, 0);
	} while (registry_send(world.registry, &action) == 0);
	assert_int_equal(world_send(fd, &message), 0); /* EEXIST finds no room */
	world_run(&world, USEC_PER_MSEC);
	assert_int_equal(registry_size(world.registry), 0);
}

/* Serves a request of this module within `limit_usec`, whatever the others do. */
static void assert_served(int fd, struct module *module, uint64_t id, uint64_t limit_usec)
{
	struct action action = world_action(&world, module, id, USEC_PER_SEC);
	struct relief_message answer = world_message(RELIEF_ANSWER);
	uint32_t before = world.outcomes.n = 0;
	uint64_t start_usec = world_now_usec(), took_usec;

	assert_int_equal(registry_send(world.registry, &action), 0);
	world_expect(&world, fd, RELIEF_REQUEST);
	answer.serial = id;
	answer.module = module->id;
	assert_int_equal(world_send(fd, &answer), 0);
	while (world.outcomes.n == before)
		assert_true(sd_event_run(world.event, USEC_PER_SEC) > 0);
	took_usec = world_now_usec() - start_usec;
	if (took_usec > limit_usec)
		fail_msg("served after %llu us", (unsigned long long)took_usec);
}

/* A packet that may be anything: rubbish of any size, or a message with a few bytes changed. */
static size_t make_rubbish(uint8_t *packet, size_t size)
{
	struct relief_message message = register_message("x", 1);

	if (random() % 2) {
		size = 1 + (size_t)random() % size;
		for (size_t i = 0; i < size; i++)
			packet[i] = (uint8_t)random();
		return size;
	}
	message.type = (uint16_t)(random() % 12);
	memcpy(packet, &message, sizeof(message));
	for (int i = 0; i < 3; i++)
		packet[(size_t)random() % sizeof(message)] = (uint8_t)random();
	return sizeof(message);
}

static void ten_thousand_malformed_messages_hurt_nobody(void **state)
{
	_cleanup_fd_ int good = greet();
	struct module *module = enrol(good, "good");
	struct relief_message reply;
	uint8_t packet[300];
	uint32_t n_sent = 0, n_closed = 0;
	uint64_t id = 0;
	int fd = -1, got;

	srandom(20240607);
	while (n_sent < 10000) {
		size_t size = make_rubbish(packet, sizeof(packet));

		if (fd < 0)
			fd = random() % 4 ? greet() : world_connect(&world);
		if (send(fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			n_sent++;
		else
			assert_true(errno == EPIPE ||
				    errno == EAGAIN); /* closed, or made to wait */
		sd_event_run(world.event, 0);
		while (fd >= 0 && (got = world_receive(fd, &reply)) != 0) {
			if (got > 0)
				continue;
			fd = fd_close(fd);
			n_closed++;
		}
		if (n_sent % 500 == 0)
			assert_served(good, module, ++id, 100 * USEC_PER_MSEC);
	}
	fd_close(fd);
	world_run(&world, 200 * USEC_PER_MSEC);
	assert_true(n_closed > 50);
	assert_int_equal(registry_size(world.registry), 1);
	assert_served(good, module, ++id, 100 * USEC_PER_MSEC);
}

/* A flood of valid messages is worked off at a bounded pace, between the turns of others. */
static void a_flood_waits_in_its_own_buffer(void **state)
{
	_cleanup_fd_ int flood = greet(), good = greet();
	struct module *noisy = enrol(flood, "noisy"), *module = enrol(good, "good");
	struct relief_message touch = world_message(RELIEF_TOUCH);
	uint32_t n_accepted = 0;
	uint64_t start_usec = world_now_usec();

	touch.module = noisy->id;
	for (uint64_t id = 1; id <= 40; id++) {
		while (world_send(flood, &touch) == 0)
			n_accepted++;
		assert_served(good, module, id, 50 * USEC_PER_MSEC);
	}
	/* 2560 a second, and what fits the socket buffer. */
	assert_true(n_accepted <
		    1000 + 2560 * (1 + (world_now_usec() - start_usec) / USEC_PER_SEC));
}

static void connections_of_one_user_are_limited(void **state)
{
	struct relief_message message;
	int fds[65];

	for (int i = 0; i < 65; i++) {
		fds[i] = greet();
		world_run(&world, 0);
	}
	message = world_expect(&world, fds[64], RELIEF_ERROR);
	assert_int_equal(message.error, EDQUOT);
	assert_non_null(strstr(message.name, "connections"));
	assert_int_equal(world_receive(fds[64], &message), -1);
	enrol(fds[63], "last");
	close(fds[0]);
	close(fds[64]);
	world_run(&world, 150 * USEC_PER_MSEC);
	fds[0] = greet();
	enrol(fds[0], "next");
	for (int i = 0; i < 64; i++)
		close(fds[i]);
}

/* Another user, in another process: registers one module and says by its status whether it could.
 */
static int run_as_nobody(const int *go_fds)
{
	struct relief_message message;
	char byte;
	int fd;

	close(go_fds[1]); /* so that the end of the test is seen */
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return 2;
	if (read(go_fds[0], &byte, 1) != 1)
		return 3;
	fd = greet();
	message = register_message("mine", 1);
	if (world_send(fd, &message) < 0 || recv(fd, &message, sizeof(message), 0) < 0)
		return 4;
	return message.type == RELIEF_REGISTERED ? 0 : 5;
}

/* Asks for one more module; a channel that was closed for its errors is opened anew. */
static int ask_for_one_more(int *fd, int number)
{
	struct relief_message message;
	char name[16];
	int got;

	snprintf(name, sizeof(name), "m%d", number);
	message = register_message(name, (uint64_t)number);
	if (*fd < 0)
		*fd = greet();
	world_send(*fd, &message);
	while ((got = world_receive(*fd, &message)) == 0)
		sd_event_run(world.event, USEC_PER_SEC);
	if (got < 0)
		*fd = fd_close(*fd);
	return got < 0 ? -ECONNRESET : message.type == RELIEF_ERROR ? -message.error : 0;
}

static void a_thousand_registrations_leave_room_for_another_user(void **state)
{
	_cleanup_fd_ int one = -1, two = -1;
	uint32_t n_refused = 0, n_closed = 0;
	int go[2], status = -1;
	pid_t child;

	if (getuid() != 0)
		skip(); /* only root can be somebody else */
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	child = fork();
	if (child == 0)
		_exit(run_as_nobody(go));
	world_place(&world, child, "/system.slice/b.service");

	for (int i = 0; i < 1000; i++) {
		int r = ask_for_one_more(i % 2 ? &one : &two, i);

		assert_true(r == 0 || r == -EDQUOT || r == -ECONNRESET);
		assert_true(registry_size(world.registry) <= 64); /* a.service's */
		n_refused += r == -EDQUOT;
		n_closed += r == -ECONNRESET;
	}
	assert_true(n_refused > 500 && n_closed >= n_refused / RELIEF_CHANNEL_MAX_ERRORS - 1);

	assert_int_equal(write(go[1], "g", 1), 1);
	for (int i = 0; i < 200 && waitpid(child, &status, WNOHANG) == 0; i++)
		world_run(&world, 10 * USEC_PER_MSEC);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(go[0]);
	close(go[1]);
}

static void register_fd_hands_out_the_other_end(void **state)
{
	struct client client = world_client(&world, 1000, "/system.slice/b.service");
	struct module_description description = world_cache("images");
	_cleanup_fd_ int fd = -1;
	const char *problem = NULL;
	struct module *module;
	struct action action;

	registry_tell_level(world.registry, GROUP_SLOT_HOST, LEVEL_MEDIUM);
	assert_int_equal(
		channels_register(world.channels, &client, &description, &module, &fd, &problem),
		0);
	assert_int_equal(module->owner->client.uid, 1000);
	assert_int_equal(world_expect(&world, fd, RELIEF_LEVEL).level, LEVEL_MEDIUM);
	action = world_action(&world, module, 1, USEC_PER_SEC);
	assert_int_equal(registry_send(world.registry, &action), 0);
	world_expect(&world, fd, RELIEF_REQUEST);
	enrol(fd, "another"); /* without HELLO */
	fd = fd_close(fd);
	world_run(&world, USEC_PER_MSEC);
	assert_int_equal(registry_size(world.registry), 0);
	description.flags = 0;
	assert_int_equal(
		channels_register(world.channels, &client, &description, &module, &fd, &problem),
		-EINVAL);
	assert_int_equal(fd, -1);
	assert_non_null(problem);
}

static void who_says_no_hello_hears_no_level(void **state)
{
	_cleanup_fd_ int fd = world_connect(&world);
	struct relief_message message = world_message(RELIEF_HELLO);

	world_run(&world, USEC_PER_MSEC);
	registry_tell_level(world.registry, GROUP_SLOT_HOST, LEVEL_HIGH);
	assert_int_equal(world_receive(fd, &message), 0);
	message = world_message(RELIEF_HELLO);
	world_send(fd, &message);
	assert_int_equal(world_expect(&world, fd, RELIEF_LEVEL).level, LEVEL_HIGH);
}

static void a_process_that_is_not_known_is_refused(void **state)
{
	_cleanup_fd_ int fd = -1;
	struct relief_message message;
	char path[96];

	snprintf(path, sizeof(path), "%s/proc/%d/cgroup", world.dir, getpid());
	assert_int_equal(unlink(path), 0);
	fd = world_connect(&world);
	message = world_expect(&world, fd, RELIEF_ERROR);
	assert_non_null(strstr(message.name, "who you are"));
	assert_int_equal(world_receive(fd, &message), -1);
}

static void stale_sockets_are_replaced_others_are_not(void **state)
{
	struct channels *second;
	struct stat st;

	assert_int_equal(stat(world.socket, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	assert_int_equal(channels_new(&second, world.registry, world.event), 0);
	assert_int_equal(channels_listen(second, world.socket, -1), -EADDRINUSE);
	assert_int_equal(channels_listen(world.channels, world.socket, -1), -EALREADY);
	channels_free(second);
	assert_int_equal(stat(world.socket, &st), 0);

	/* A file is not ours to remove; a socket that nobody listens on is. */
	world_write(&world, "file", "precious");
	assert_int_equal(channels_new(&second, world.registry, world.event), 0);
	strcpy(strrchr(world.socket, '/'), "/file");
	assert_int_equal(channels_listen(second, world.socket, -1), -EEXIST);
	strcpy(strrchr(world.socket, '/'), "/stale");
	{
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		strcpy(address.sun_path, world.socket);
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		close(fd);
	}
	assert_int_equal(channels_listen(second, world.socket, -1), 0);
	close(greet());
	channels_free(second);
	assert_int_equal(stat(world.socket, &st), -1);
}

static void a_socket_from_systemd_is_taken_over(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct channels *second;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), wrong = socket(AF_UNIX, SOCK_STREAM, 0);
	int client;

	assert_int_equal(channels_new(&second, world.registry, world.event), 0);
	assert_int_equal(channels_listen(second, "ignored", wrong), -EINVAL);
	strcpy(strrchr(world.socket, '/'), "/activated");
	strcpy(address.sun_path, world.socket);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	client = greet(); /* before reliefd is there */
	assert_int_equal(channels_listen(second, "ignored", fd), 0);
	enrol(client, "early");
	close(client);
	channels_free(second);
	assert_int_equal(access(world.socket, F_OK), 0); /* systemd's to remove */
}

static void an_administrator_keeps_a_module_out_and_lets_it_in(void **state)
{
	const char *unit = "/system.slice/a.service";
	struct relief_message message;
	int fd = greet();
	uint64_t id = enrol(fd, "images")->id;

	assert_int_equal(registry_mask(world.registry, unit, "images"), 0);
	message = world_expect(&world, fd, RELIEF_ERROR);
	assert_int_equal(message.error, ENOENT);
	assert_int_equal(message.serial, 0);
	assert_int_equal(message.module, id);

	message = register_message("images", 43);
	assert_int_equal(world_send(fd, &message), 0);
	message = world_expect(&world, fd, RELIEF_ERROR);
	assert_int_equal(message.error, EACCES);
	assert_int_equal(message.serial, 43);
	assert_non_null(strstr(message.name, "unmask"));

	/* The client meets the end of the channel, and connects anew. */
	assert_int_equal(registry_unmask(world.registry, unit, "images"), 0);
	world_run(&world, 20000);
	assert_int_equal(world_receive(fd, &message), -1);
	close(fd);
	fd = greet();
	enrol(fd, "images");
	close(fd);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_client_registers_and_answers),
		TEST(reports_and_touches_arrive),
		TEST(one_client_cannot_speak_for_another),
		TEST(refusals_say_why),
		TEST(death_in_the_middle_of_a_request_is_answered),
		TEST(a_client_that_does_not_read_costs_nothing),
		TEST(a_client_that_does_not_read_its_answers_is_closed),
		TEST(ten_thousand_malformed_messages_hurt_nobody),
		TEST(a_flood_waits_in_its_own_buffer),
		TEST(connections_of_one_user_are_limited),
		TEST(a_thousand_registrations_leave_room_for_another_user),
		TEST(register_fd_hands_out_the_other_end),
		TEST(who_says_no_hello_hears_no_level),
		TEST(a_process_that_is_not_known_is_refused),
		TEST(stale_sockets_are_replaced_others_are_not),
		TEST(a_socket_from_systemd_is_taken_over),
		TEST(an_administrator_keeps_a_module_out_and_lets_it_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
