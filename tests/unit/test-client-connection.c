/* SPDX-License-Identifier: GPL-2.0-or-later */

/* librelief: finding reliefd, living without it, coming back, and what must not disturb it. */

#include "tests/unit/client_server.h"

struct world {
	struct server server;
	struct relief *relief;
	struct relief_module *module;
	int n_sheds, n_errors, last_error, n_levels;
	struct relief_module *refused;
};

static int64_t shed(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
		    struct relief_request *request, void *userdata)
{
	struct world *world = userdata;

	world->n_sheds++;
	return (int64_t)(bytes % 4096);
}

static void on_error(struct relief *relief, struct relief_module *module, int error,
		     const char *text, void *userdata)
{
	struct world *world = userdata;

	world->n_errors++;
	world->last_error = error;
	world->refused = module;
	assert_true(strlen(text) <= RELIEF_NAME_MAX);
}

static void on_level(struct relief *relief, enum relief_level level, void *userdata)
{
	struct world *world = userdata;

	world->n_levels++;
	assert_int_equal(level, relief_level(relief));
}

static const struct relief_module_ops ops = { .size = sizeof(ops), .shed = shed };

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	server_init(&world->server);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	relief_free(world->relief);
	server_done(&world->server);
	free(world);
	return 0;
}

static void make_client(struct world *world)
{
	assert_int_equal(relief_new(&world->relief), 0);
	relief_set_error_handler(world->relief, on_error, world);
	relief_set_level_handler(world->relief, on_level, world);
}

static void make_module(struct world *world, const char *name)
{
	assert_int_equal(
		relief_module_register(world->relief, &world->module, name, NULL, &ops, world), 0);
}

/* ---- without reliefd ------------------------------------------------------------------------ */

static void works_on_without_reliefd(void **state)
{
	struct world *world = *state;
	int wakes;

	make_client(world);
	make_module(world, "cache");
	for (int i = 0; i < 100000; i++) {
		relief_module_touch(world->module);
		relief_module_set_size(world->module, (uint64_t)i << 20);
	}
	assert_int_equal(relief_module_use(world->module), 0);
	assert_false(relief_is_connected(world->relief));
	assert_false(relief_module_is_registered(world->module));
	assert_int_equal(relief_level(world->relief), RELIEF_LEVEL_LOW);

	/* 20, 40, 80, ... ms: in 2 s at most 7 attempts, and touches wake nobody. */
	wakes = client_run(world->relief, 2000);
	assert_in_range(wakes, 3, 7);
	assert_int_equal(world->n_errors, 0);
}

static void comes_at_once_when_reliefd_starts(void **state)
{
	struct world *world = *state;
	uint64_t started;

	make_client(world);
	make_module(world, "cache");
	/* Long enough for the next attempt to be more than a second away. */
	client_run(world->relief, 2600);
	started = now_msec();
	server_start(&world->server);
	server_welcome(&world->server, world->relief);
	assert_in_range(now_msec() - started, 0, 600);
	assert_true(relief_module_is_registered(world->module));
}

static void is_not_woken_by_its_neighbours_files(void **state)
{
	struct world *world = *state;
	char path[80];

	make_client(world);
	client_run(world->relief, 1500);
	snprintf(path, sizeof(path), "%s/something-else", world->server.top);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(rmdir(path), 0);
	}
	/* The look at the names resets no delay: no burst of attempts follows. */
	assert_in_range(client_run(world->relief, 500), 1, 4);
}

static void is_turned_off_by_dev_null(void **state)
{
	struct world *world = *state;

	setenv("RELIEF_SOCKET", "/dev/null", 1);
	make_client(world);
	make_module(world, "cache");
	relief_module_touch(world->module);
	assert_int_equal(client_run(world->relief, 300), 0);
}

static void refuses_a_senseless_socket_path(void **state)
{
	char path[200];
	struct relief *relief = NULL;

	setenv("RELIEF_SOCKET", "relief.sock", 1);
	assert_int_equal(relief_new(&relief), -EINVAL);
	setenv("RELIEF_SOCKET", "", 1);
	assert_int_equal(relief_new(&relief), -EINVAL);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	setenv("RELIEF_SOCKET", path, 1);
	assert_int_equal(relief_new(&relief), -ENAMETOOLONG);
	assert_null(relief);
}

/* ---- losing it ------------------------------------------------------------------------------ */

static void registers_again_after_a_restart(void **state)
{
	struct world *world = *state;
	struct server *server = &world->server;
	struct relief_message message;
	struct relief_module *second;

	server_start(server);
	make_client(world);
	make_module(world, "first");
	server_welcome(server, world->relief);
	relief_module_register(world->relief, &second, "second", NULL, &ops, world);
	message = server_expect(server, world->relief, RELIEF_REGISTER);
	server_grant(server, &message);
	server_send(server,
		    (struct relief_message){ .type = RELIEF_LEVEL, .level = RELIEF_LEVEL_HIGH });
	client_run_until(world->relief, relief_level(world->relief) == RELIEF_LEVEL_HIGH);

	server_stop(server);
	client_run_until(world->relief, !relief_is_connected(world->relief));
	/* Nobody says that it is short any more. */
	assert_int_equal(relief_level(world->relief), RELIEF_LEVEL_LOW);
	assert_int_equal(world->n_levels, 2);
	relief_module_set_size(second, 7 << 20);

	server_start(server);
	server_welcome(server, world->relief);
	message = server_expect(server, world->relief, RELIEF_REGISTER);
	assert_string_equal(message.name, "second");
	assert_int_equal(message.bytes, 7 << 20);
	assert_int_equal(world->n_errors, 0);
}

static void backs_off_from_a_reliefd_that_hangs_up(void **state)
{
	struct world *world = *state;
	uint64_t end = now_msec() + 2000;
	int n = 0;

	server_start(&world->server);
	make_client(world);
	make_module(world, "cache");
	while (now_msec() < end) {
		client_turn(world->relief, 5);
		if (server_try_accept(&world->server)) {
			server_hang_up(&world->server);
			n++;
		}
	}
	assert_in_range(n, 3, 9);
}

static void hardly_asks_a_reliefd_of_another_version(void **state)
{
	struct world *world = *state;
	struct server *server = &world->server;
	struct relief_message message = { .version = 7,
					  .type = RELIEF_ERROR,
					  .error = EPROTONOSUPPORT,
					  .name = "version 1 is not spoken here, 7 is" };

	server_start(server);
	make_client(world);
	make_module(world, "cache");
	server_accept(server, world->relief);
	assert_int_equal(send(server->fd, &message, sizeof(message), 0), sizeof(message));
	client_run_until(world->relief, !relief_is_connected(world->relief));
	assert_int_equal(world->last_error, -EPROTONOSUPPORT);
	server_hang_up(server);
	client_run(world->relief, 500);
	assert_false(server_try_accept(server));
}

/* ---- what the other end may do -------------------------------------------------------------- */

static void send_bytes(struct server *server, const void *bytes, size_t size)
{
	assert_int_equal(send(server->fd, bytes, size, MSG_NOSIGNAL), size);
}

static void ignores_malformed_messages(void **state)
{
	struct world *world = *state;
	struct server *server = &world->server;
	char bytes[1000] = { 1 };
	struct relief_message odd[] = {
		{ .version = 2, .type = RELIEF_REQUEST },
		{ .version = 1, .type = 0 },
		{ .version = 1, .type = RELIEF_TOUCH },
		{ .version = 1, .type = 65535 },
		{ .version = 1, .type = RELIEF_REGISTERED, .serial = 12345, .module = 1 },
		{ .version = 1, .type = RELIEF_LEVEL, .level = 77 },
		{ .version = 1, .type = RELIEF_REQUEST, .module = 9999, .rung = 2 },
	};
	uint64_t id;

	server_start(server);
	make_client(world);
	make_module(world, "cache");
	id = server_welcome(server, world->relief);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		send_bytes(server, &odd[i], sizeof(odd[i]));
	send_bytes(server, bytes, 1);
	send_bytes(server, bytes, sizeof(odd[0]) - 1);
	send_bytes(server, bytes, sizeof(bytes));
	server_expect_nothing(server, world->relief, 100);
	assert_int_equal(relief_level(world->relief), RELIEF_LEVEL_LOW);

	server_ask(server, 5, id, RELIEF_RUNG_SHED, 100);
	assert_int_equal(server_expect(server, world->relief, RELIEF_ANSWER).serial, 5);
	assert_int_equal(world->n_sheds, 1);
}

static uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Every second one is for our module and of a type that clients get. */
static void garble(struct relief_message *message, uint64_t id, uint64_t *seed)
{
	for (size_t i = 0; i < sizeof(*message); i += 8) {
		uint64_t value = random_next(seed);

		memcpy((char *)message + i, &value, 8);
	}
	if (random_next(seed) % 2 == 0)
		return;
	message->version = RELIEF_MESSAGE_VERSION;
	message->type = (uint16_t)(random_next(seed) % 12);
	message->rung = (uint16_t)(random_next(seed) % 5);
	message->module = id;
}

static void survives_ten_thousand_random_messages(void **state)
{
	struct world *world = *state;
	struct server *server = &world->server;
	uint64_t seed = 20240229, id;
	struct relief_message message;

	server_start(server);
	make_client(world);
	make_module(world, "cache");
	id = server_welcome(server, world->relief);
	for (int i = 0; i < 10000; i++) {
		garble(&message, id, &seed);
		send_bytes(server, &message, sizeof(message));
		client_turn(world->relief, 0);
		while (server_receive(server, &message))
			assert_int_equal(message.type, RELIEF_ANSWER);
	}
	assert_true(relief_is_connected(world->relief));
	assert_in_range(world->n_sheds, 50, 10000);

	client_run(world->relief, 50);
	while (server_receive(server, &message))
		;
	server_ask(server, 77, id, RELIEF_RUNG_SHED, 100);
	assert_int_equal(server_expect(server, world->relief, RELIEF_ANSWER).serial, 77);
}

static void loses_nothing_to_a_full_socket(void **state)
{
	struct world *world = *state;
	struct server *server = &world->server;
	const uint64_t n_requests = 1500;
	uint64_t id, next = 1;

	server_start(server);
	make_client(world);
	make_module(world, "cache");
	id = server_welcome(server, world->relief);
	for (uint64_t i = 1; i <= n_requests; i++) {
		server_ask(server, i, id, RELIEF_RUNG_SHED, 100);
		if (i % 50 == 0)
			client_run(world->relief, 2);
	}
	/* More answers than a socket holds have been given by now. */
	client_run_until(world->relief, world->n_sheds == (int)n_requests);
	while (next <= n_requests)
		assert_int_equal(server_expect(server, world->relief, RELIEF_ANSWER).serial,
				 next++);
	server_expect_nothing(server, world->relief, 50);
}

static void registers_hundreds_without_a_flood(void **state)
{
	struct world *world = *state;
	struct server *server = &world->server;
	struct relief_message waiting[64];
	const int n_modules = 250;
	int n_granted = 0;

	server_start(server);
	make_client(world);
	for (int i = 0; i < n_modules; i++) {
		char name[24];

		snprintf(name, sizeof(name), "module-%d", i);
		make_module(world, name);
	}
	server_accept(server, world->relief);
	server_expect(server, world->relief, RELIEF_HELLO);
	while (n_granted < n_modules) {
		int n = 0;

		client_run(world->relief, 5);
		while (n < 64 && server_receive(server, &waiting[n]))
			assert_int_equal(waiting[n++].type, RELIEF_REGISTER);
		assert_in_range(n, 1, 16);
		for (int i = 0; i < n; i++, n_granted++)
			server_grant(server, &waiting[i]);
	}
	client_run(world->relief, 20);
	assert_true(relief_module_is_registered(world->module));
}

/* ---- a channel by descriptor ---------------------------------------------------------------- */

static void takes_a_channel_from_the_bus(void **state)
{
	struct world *world = *state;
	struct relief_message message;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(relief_new_fd(&world->relief, pair[0]), 0);
	relief_set_error_handler(world->relief, on_error, world);
	world->server.fd = pair[1];

	/* RegisterFD() has registered module 12; a second one is registered on the channel. */
	assert_int_equal(
		relief_module_adopt(world->relief, &world->module, 12, "cache", NULL, &ops, world),
		0);
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_REPORT).module, 12);
	assert_true(relief_module_is_registered(world->module));
	make_module(world, "second");
	message = server_expect(&world->server, world->relief, RELIEF_REGISTER);
	assert_string_equal(message.name, "second");
	server_ask(&world->server, 3, 12, RELIEF_RUNG_SHED, 100);
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_ANSWER).module, 12);

	server_hang_up(&world->server);
	client_run_until(world->relief, world->n_errors == 1);
	assert_int_equal(world->last_error, -ECONNRESET);
	assert_null(world->refused);
	assert_int_equal(client_run(world->relief, 200), 0);
	assert_int_equal(
		relief_module_adopt(world->relief, &world->module, 13, "late", NULL, &ops, world),
		-ENOTSUP);
}

static void refuses_what_is_no_channel(void **state)
{
	struct world *world = *state;
	struct relief_module *module;
	struct relief *relief;
	int pipe_fds[2];

	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(relief_new_fd(&relief, pipe_fds[0]), -EPROTOTYPE);
	assert_int_equal(relief_new_fd(&relief, -1), -EINVAL);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	make_client(world);
	assert_int_equal(relief_module_adopt(world->relief, &module, 1, "a", NULL, &ops, NULL),
			 -ENOTSUP);
}

static void count_free(void *userdata)
{
	++*(int *)userdata;
}

static void tells_the_loop_before_it_goes(void **state)
{
	struct world *world = *state;
	int n_freed = 0;

	make_client(world);
	relief_set_free_handler(world->relief, count_free, &n_freed);
	world->relief = relief_free(world->relief);
	assert_null(world->relief);
	assert_int_equal(n_freed, 1);
	assert_null(relief_free(NULL));
}

static void null_is_no_relief(void **state)
{
	assert_int_equal(relief_new(NULL), -EINVAL);
	assert_int_equal(relief_new_fd(NULL, 0), -EINVAL);
	assert_int_equal(relief_fd(NULL), -EINVAL);
	assert_int_equal(relief_dispatch(NULL), -EINVAL);
	assert_int_equal(relief_level(NULL), RELIEF_LEVEL_LOW);
	assert_false(relief_is_connected(NULL));
	assert_int_equal(relief_set_level_handler(NULL, NULL, NULL), -EINVAL);
	assert_int_equal(relief_set_error_handler(NULL, NULL, NULL), -EINVAL);
	assert_int_equal(relief_set_free_handler(NULL, NULL, NULL), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(works_on_without_reliefd),
		TEST(comes_at_once_when_reliefd_starts),
		TEST(is_not_woken_by_its_neighbours_files),
		TEST(is_turned_off_by_dev_null),
		TEST(refuses_a_senseless_socket_path),
		TEST(registers_again_after_a_restart),
		TEST(backs_off_from_a_reliefd_that_hangs_up),
		TEST(hardly_asks_a_reliefd_of_another_version),
		TEST(ignores_malformed_messages),
		TEST(survives_ten_thousand_random_messages),
		TEST(loses_nothing_to_a_full_socket),
		TEST(registers_hundreds_without_a_flood),
		TEST(takes_a_channel_from_the_bus),
		TEST(refuses_what_is_no_channel),
		TEST(tells_the_loop_before_it_goes),
		TEST(null_is_no_relief),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
