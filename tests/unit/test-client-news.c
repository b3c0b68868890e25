/* SPDX-License-Identifier: GPL-2.0-or-later */

/* librelief: touches and sizes; what reliefd is told of them, how often, from which thread. */

#include <pthread.h>

#include "tests/unit/client_server.h"

#define MIB (1024 * 1024ULL)

struct world {
	struct server server;
	struct relief *relief;
	struct relief_module *module;
	uint64_t id;
};

static int64_t shed(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
		    struct relief_request *request, void *userdata)
{
	return 0;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	server_init(&world->server);
	server_start(&world->server);
	assert_int_equal(relief_new(&world->relief), 0);
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

/* A registered cache of this size. */
static void make_cache(struct world *world, uint64_t bytes)
{
	const struct relief_module_options options = { .size = sizeof(options), .bytes = bytes };
	const struct relief_module_ops ops = { .size = sizeof(ops), .shed = shed };

	assert_int_equal(relief_module_register(world->relief, &world->module, "cache", &options,
						&ops, world),
			 0);
	world->id = server_welcome(&world->server, world->relief);
}

/* ---- touch ---------------------------------------------------------------------------------- */

/* Returns: how many messages of this type came; the others are dropped. */
static int count_messages(struct server *server, enum relief_message_type type)
{
	struct relief_message message;
	int n = 0;

	while (server_receive(server, &message))
		n += message.type == type;
	return n;
}

static void touches_cost_one_message_a_second(void **state)
{
	struct world *world = *state;
	uint64_t end = now_msec() + 2500;
	int wakes = 0;

	make_cache(world, 0);
	while (now_msec() < end) {
		for (int i = 0; i < 1000; i++)
			relief_module_touch(world->module);
		wakes += client_turn(world->relief, 1);
	}
	/* At 0, 1 and 2 s. The first touch wakes the loop, after that the timer does. */
	assert_in_range(count_messages(&world->server, RELIEF_TOUCH), 2, 3);
	assert_in_range(wakes, 2, 5);
}

static void a_single_touch_is_told_at_once(void **state)
{
	struct world *world = *state;

	make_cache(world, 0);
	relief_module_touch(world->module);
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_TOUCH).module,
			 world->id);
}

static void an_idle_module_wakes_nobody(void **state)
{
	struct world *world = *state;

	make_cache(world, 10 * MIB);
	relief_module_touch(world->module);
	client_run(world->relief, 1200); /* the window after a touch closes */
	assert_int_equal(client_run(world->relief, 1500), 0);
}

/* ---- size ----------------------------------------------------------------------------------- */

static void a_large_change_of_size_is_told_soon(void **state)
{
	struct world *world = *state;
	uint64_t started;

	make_cache(world, 10 * MIB);
	started = now_msec();
	relief_module_set_size(world->module, 11 * MIB);
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_REPORT).bytes,
			 11 * MIB);
	assert_in_range(now_msec() - started, 0, 600);
	assert_int_equal(relief_module_size(world->module), 11 * MIB);
}

static void many_changes_of_size_are_told_ten_times_a_second(void **state)
{
	struct world *world = *state;
	uint64_t bytes = 10 * MIB, end = now_msec() + 1000;
	struct relief_message message = { 0 }, last = { 0 };
	int n = 0;

	make_cache(world, bytes);
	while (now_msec() < end) {
		bytes += 2 * MIB;
		relief_module_set_size(world->module, bytes);
		client_turn(world->relief, 1);
	}
	client_run(world->relief, 300);
	while (server_receive(&world->server, &message)) {
		assert_int_equal(message.type, RELIEF_REPORT);
		last = message;
		n++;
	}
	assert_in_range(n, 3, 12);
	/* What is left untold is no news. */
	assert_in_range(last.bytes, bytes - bytes / 20, bytes);
}

static void a_small_share_of_much_is_told_within_a_second(void **state)
{
	struct world *world = *state;
	uint64_t started;

	make_cache(world, 1000 * MIB);
	relief_module_touch(world->module);
	server_expect(&world->server, world->relief, RELIEF_TOUCH);
	started = now_msec();
	relief_module_set_size(world->module, 1010 * MIB); /* 1 %, 10 MiB */
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_REPORT).bytes,
			 1010 * MIB);
	assert_in_range(now_msec() - started, 500, 2000);
}

static void a_small_change_is_kept_for_the_next_request(void **state)
{
	struct world *world = *state;

	make_cache(world, 100 * MIB);
	relief_module_set_size(world->module, 100 * MIB + 1000);
	server_expect_nothing(&world->server, world->relief, 1300);
	server_ask(&world->server, 1, world->id, RELIEF_RUNG_SHED, MIB);
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_REPORT).bytes,
			 100 * MIB + 1000);
	server_expect(&world->server, world->relief, RELIEF_ANSWER);
}

static void an_impossible_size_stays_in_the_format(void **state)
{
	struct world *world = *state;

	make_cache(world, 0);
	relief_module_set_size(world->module, UINT64_MAX);
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_REPORT).bytes,
			 (1ULL << 60) - 1);
	/* And is not told again and again. */
	server_expect_nothing(&world->server, world->relief, 300);
}

/* ---- other threads -------------------------------------------------------------------------- */

static void *use_hard(void *data)
{
	struct relief_module *module = data;

	for (uint64_t i = 0; i < 300000; i++) {
		relief_module_touch(module);
		relief_module_set_size(module, 100 * MIB + i * 1024);
	}
	relief_module_set_size(module, 640 * MIB);
	return NULL;
}

static void four_threads_may_use_it(void **state)
{
	struct world *world = *state;
	uint64_t started = now_msec(), told = 0, seconds;
	struct relief_message message;
	int n_touches = 0, n_reports = 0;
	pthread_t threads[4];

	make_cache(world, 100 * MIB);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_hard, world->module), 0);
	client_run(world->relief, 500);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	client_run(world->relief, 1500);
	seconds = (now_msec() - started) / 1000 + 1;
	while (server_receive(&world->server, &message)) {
		n_touches += message.type == RELIEF_TOUCH;
		n_reports += message.type == RELIEF_REPORT;
		told = message.type == RELIEF_REPORT ? message.bytes : told;
	}
	/* The last word of the last thread got through, and not by a flood. */
	assert_int_equal(told, 640 * MIB);
	assert_in_range(n_touches, 1, seconds + 1);
	assert_in_range(n_reports, 1, seconds * 10 + 2);
}

static void *touch_once(void *data)
{
	usleep(100000);
	relief_module_touch(data);
	return NULL;
}

static void a_touch_from_a_thread_wakes_a_sleeping_loop(void **state)
{
	struct world *world = *state;
	pthread_t thread;

	make_cache(world, MIB);
	assert_int_equal(pthread_create(&thread, NULL, touch_once, world->module), 0);
	assert_int_equal(client_turn(world->relief, PATIENCE_MSEC), 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	server_expect(&world->server, world->relief, RELIEF_TOUCH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(touches_cost_one_message_a_second),
		TEST(a_single_touch_is_told_at_once),
		TEST(an_idle_module_wakes_nobody),
		TEST(a_large_change_of_size_is_told_soon),
		TEST(many_changes_of_size_are_told_ten_times_a_second),
		TEST(a_small_share_of_much_is_told_within_a_second),
		TEST(a_small_change_is_kept_for_the_next_request),
		TEST(an_impossible_size_stays_in_the_format),
		TEST(four_threads_may_use_it),
		TEST(a_touch_from_a_thread_wakes_a_sleeping_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
