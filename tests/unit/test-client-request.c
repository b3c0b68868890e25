/* SPDX-License-Identifier: GPL-2.0-or-later */

/* librelief: what a callback is asked, what its answer becomes, now, later, and when all has gone.
 */

#include <malloc.h>
#include <pthread.h>

#include "tests/unit/client_server.h"

#define MIB (1024 * 1024ULL)

struct world {
	struct server server;
	struct relief *relief;
	struct relief_module *module;
	uint64_t id;
	int n_asked;
	int64_t answer;
	int64_t size_after; /* set in the callback, unless negative */
	bool unregister, free, done_inside;
	struct relief_request *open[8];
	/* as the callback saw them */
	uint64_t bytes, request_id, remaining_usec;
	uint32_t ratio_bp;
	enum relief_level level;
	enum relief_rung rung;
	char reason[64];
};

static void note(struct world *world, struct relief_request *request)
{
	uint64_t now_usec = now_msec() * 1000;

	world->open[world->n_asked++ % 8] = request;
	world->request_id = relief_request_id(request);
	world->level = relief_request_level(request);
	world->rung = relief_request_rung(request);
	world->remaining_usec = relief_request_deadline_usec(request) - now_usec;
	snprintf(world->reason, sizeof(world->reason), "%s", relief_request_reason(request));
}

static int64_t shed(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
		    struct relief_request *request, void *userdata)
{
	struct world *world = userdata;
	int64_t answer = world->answer;

	note(world, request);
	world->bytes = bytes;
	world->ratio_bp = ratio_bp;
	assert_int_equal(relief_request_bytes(request), bytes);
	if (world->size_after >= 0)
		relief_module_set_size(module, (uint64_t)world->size_after);
	if (world->done_inside)
		assert_int_equal(relief_request_done(request, answer), 0);
	if (world->unregister)
		world->module = relief_module_unregister(module);
	if (world->free)
		world->relief = relief_free(world->relief);
	return answer;
}

static int64_t unload(struct relief_module *module, struct relief_request *request, void *userdata)
{
	struct world *world = userdata;

	note(world, request);
	return world->answer;
}

static const struct relief_module_ops both = {
	.size = sizeof(both),
	.shed = shed,
	.unload = unload,
};
static const struct relief_module_ops unload_only = {
	.size = sizeof(unload_only),
	.unload = unload,
};

static void make_module(struct world *world, const struct relief_module_ops *ops)
{
	const struct relief_module_options options = {
		.size = sizeof(options),
		.bytes = 100 * MIB,
		.no_trim = true,
	};

	assert_int_equal(relief_module_register(world->relief, &world->module, "cache", &options,
						ops, world),
			 0);
	world->id = server_welcome(&world->server, world->relief);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->size_after = -1;
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

static struct relief_message ask(struct world *world, enum relief_rung rung, uint64_t bytes)
{
	server_ask(&world->server, 1000, world->id, rung, bytes);
	return server_expect(&world->server, world->relief, RELIEF_ANSWER);
}

/* ---- now ------------------------------------------------------------------------------------ */

static void a_callback_gets_the_numbers(void **state)
{
	struct world *world = *state;
	struct relief_message answer;

	make_module(world, &both);
	world->answer = 30 * MIB;
	answer = ask(world, RELIEF_RUNG_SHED, 30 * MIB);
	assert_int_equal(world->bytes, 30 * MIB);
	assert_int_equal(world->ratio_bp, 3000);
	assert_int_equal(world->request_id, 1000);
	assert_int_equal(world->level, RELIEF_LEVEL_HIGH);
	assert_int_equal(world->rung, RELIEF_RUNG_SHED);
	assert_string_equal(world->reason, "a test");
	assert_in_range(world->remaining_usec, 300000, 501000);
	assert_int_equal(answer.serial, 1000);
	assert_int_equal(answer.module, world->id);
	assert_int_equal(answer.bytes, 30 * MIB);
	assert_int_equal(answer.result, 0);
	assert_int_equal(answer.error, 0);
}

static void an_answer_becomes_a_result(void **state)
{
	static const struct {
		enum relief_rung rung;
		int64_t answer;
		uint64_t bytes;
		int result, error;
	} rows[] = {
		{ RELIEF_RUNG_SHED, 10 * MIB, 10 * MIB, 0, 0 },
		{ RELIEF_RUNG_SHED, 11 * MIB, 11 * MIB, 0, 0 },
		{ RELIEF_RUNG_SHED, 10 * MIB - 1, 10 * MIB - 1, 1, 0 },
		{ RELIEF_RUNG_SHED, 0, 0, 3, 0 },
		{ RELIEF_RUNG_SHED, -EBUSY, 0, 2, 0 },
		{ RELIEF_RUNG_SHED, -EAGAIN, 0, 2, 0 },
		{ RELIEF_RUNG_SHED, -EIO, 0, 4, EIO },
		{ RELIEF_RUNG_SHED, INT64_MIN + 1, 0, 4, EIO },
		{ RELIEF_RUNG_SHED, INT64_MAX, (1ULL << 60) - 1, 0, 0 },
		{ RELIEF_RUNG_UNLOAD, -EPERM, 0, 4, EPERM },
	};
	struct world *world = *state;

	make_module(world, &both);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct relief_message answer;

		world->answer = rows[i].answer;
		answer = ask(world, rows[i].rung, 10 * MIB);
		assert_int_equal(answer.bytes, rows[i].bytes);
		assert_int_equal(answer.result, rows[i].result);
		assert_int_equal(answer.error, rows[i].error);
	}
}

static void what_it_cannot_do_fails_clearly(void **state)
{
	struct world *world = *state;
	struct relief_message answer;

	make_module(world, &unload_only);
	answer = ask(world, RELIEF_RUNG_SHED, MIB);
	assert_int_equal(answer.result, 4);
	assert_int_equal(answer.error, EOPNOTSUPP);
	answer = ask(world, 7, MIB);
	assert_int_equal(answer.error, EOPNOTSUPP);
	assert_int_equal(world->n_asked, 0);
}

static void the_new_size_is_told_before_the_answer(void **state)
{
	struct world *world = *state;

	make_module(world, &both);
	world->answer = 1000;
	world->size_after = 100 * MIB - 1000; /* no news by itself */
	server_ask(&world->server, 1, world->id, RELIEF_RUNG_SHED, 1000);
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_REPORT).bytes,
			 100 * MIB - 1000);
	server_expect(&world->server, world->relief, RELIEF_ANSWER);
}

/* ---- later ---------------------------------------------------------------------------------- */

static void an_answer_may_come_later(void **state)
{
	struct world *world = *state;
	struct relief_message answer;

	make_module(world, &both);
	world->answer = RELIEF_ANSWER_LATER;
	for (uint64_t serial = 1; serial <= 3; serial++)
		server_ask(&world->server, serial, world->id, RELIEF_RUNG_SHED, MIB);
	client_run_until(world->relief, world->n_asked == 3);
	server_expect_nothing(&world->server, world->relief, 50);

	/* In the order in which they are done, not asked. */
	assert_int_equal(relief_request_done(world->open[2], RELIEF_ANSWER_LATER), -EINVAL);
	assert_int_equal(relief_request_done(world->open[2], 300), 0);
	assert_int_equal(relief_request_done(world->open[0], -EBUSY), 0);
	answer = server_expect(&world->server, world->relief, RELIEF_ANSWER);
	assert_int_equal(answer.serial, 3);
	assert_int_equal(answer.bytes, 300);
	answer = server_expect(&world->server, world->relief, RELIEF_ANSWER);
	assert_int_equal(answer.serial, 1);
	assert_int_equal(answer.result, 2);
	server_expect_nothing(&world->server, world->relief, 50);
	/* The second one is left to relief_free(). */
}

static void done_within_the_callback_counts_once(void **state)
{
	struct world *world = *state;

	make_module(world, &both);
	world->answer = 500;
	world->done_inside = true;
	assert_int_equal(ask(world, RELIEF_RUNG_SHED, MIB).bytes, 500);
	server_expect_nothing(&world->server, world->relief, 50);
}

static void *finish(void *data)
{
	struct relief_request *request = data;

	usleep(50000);
	relief_request_done(request, (int64_t)relief_request_bytes(request));
	return NULL;
}

static void a_thread_may_answer(void **state)
{
	struct world *world = *state;
	pthread_t threads[8];
	bool seen[9] = { false };

	make_module(world, &both);
	world->answer = RELIEF_ANSWER_LATER;
	for (uint64_t serial = 1; serial <= 8; serial++)
		server_ask(&world->server, serial, world->id, RELIEF_RUNG_SHED, serial);
	client_run_until(world->relief, world->n_asked == 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, finish, world->open[i]), 0);
	for (int i = 0; i < 8; i++) {
		struct relief_message answer =
			server_expect(&world->server, world->relief, RELIEF_ANSWER);

		assert_in_range(answer.serial, 1, 8);
		assert_int_equal(answer.bytes, answer.serial);
		assert_false(seen[answer.serial]);
		seen[answer.serial] = true;
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void a_late_unload_is_noticed_by_the_next_use(void **state)
{
	struct world *world = *state;

	make_module(world, &both);
	world->answer = RELIEF_ANSWER_LATER;
	server_ask(&world->server, 1, world->id, RELIEF_RUNG_UNLOAD, MIB);
	client_run_until(world->relief, world->n_asked == 1);
	assert_true(relief_module_is_loaded(world->module));
	relief_request_done(world->open[0], 100 * MIB);
	/* No turn of the loop in between. There is no load callback: it counts as loaded again. */
	relief_module_set_size(world->module, 7 * MIB);
	assert_int_equal(relief_module_use(world->module), 0);
	assert_true(relief_module_is_loaded(world->module));
	assert_int_equal(relief_module_size(world->module), 0);
}

/* ---- gone ----------------------------------------------------------------------------------- */

static void an_answer_for_a_lost_connection_goes_nowhere(void **state)
{
	struct world *world = *state;

	make_module(world, &both);
	world->answer = RELIEF_ANSWER_LATER;
	server_ask(&world->server, 1, world->id, RELIEF_RUNG_SHED, MIB);
	client_run_until(world->relief, world->n_asked == 1);
	server_stop(&world->server);
	client_run_until(world->relief, !relief_is_connected(world->relief));
	server_start(&world->server);
	world->id = server_welcome(&world->server, world->relief);

	assert_int_equal(relief_request_done(world->open[0], MIB), 0);
	server_expect_nothing(&world->server, world->relief, 100);
	world->answer = 5;
	assert_int_equal(ask(world, RELIEF_RUNG_SHED, MIB).bytes, 5);
}

static void an_answer_for_a_module_that_is_gone_goes_nowhere(void **state)
{
	struct world *world = *state;

	make_module(world, &both);
	world->answer = RELIEF_ANSWER_LATER;
	server_ask(&world->server, 1, world->id, RELIEF_RUNG_SHED, MIB);
	client_run_until(world->relief, world->n_asked == 1);
	relief_module_unregister(world->module);
	server_expect(&world->server, world->relief, RELIEF_UNREGISTER);
	assert_int_equal(relief_request_done(world->open[0], MIB), 0);
	server_expect_nothing(&world->server, world->relief, 100);
}

static void a_module_may_go_in_its_own_callback(void **state)
{
	struct world *world = *state;

	make_module(world, &both);
	world->unregister = true;
	world->answer = MIB;
	server_ask(&world->server, 1, world->id, RELIEF_RUNG_SHED, MIB);
	server_expect(&world->server, world->relief, RELIEF_UNREGISTER);
	server_expect_nothing(&world->server, world->relief, 50);
}

static void all_may_go_in_a_callback(void **state)
{
	struct world *world = *state;
	struct pollfd ready;

	make_module(world, &both);
	world->free = true;
	server_ask(&world->server, 1, world->id, RELIEF_RUNG_SHED, MIB);
	server_ask(&world->server, 2, world->id, RELIEF_RUNG_SHED, MIB);
	ready = (struct pollfd){ .fd = relief_fd(world->relief), .events = POLLIN };
	assert_int_equal(poll(&ready, 1, PATIENCE_MSEC), 1);
	assert_int_equal(relief_dispatch(world->relief), 0);
	assert_null(world->relief);
	assert_int_equal(world->n_asked, 1);
	/* The connection went with it, the second question unread. */
	assert_int_equal(recv(world->server.fd, &ready, sizeof(ready), 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

static int64_t dispatch_inside(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
			       struct relief_request *request, void *userdata)
{
	struct world *world = userdata;

	return relief_dispatch(world->relief) == -EBUSY ? 1 : 0;
}

static void a_callback_may_not_dispatch(void **state)
{
	const struct relief_module_ops ops = { .size = sizeof(ops), .shed = dispatch_inside };
	struct world *world = *state;

	make_module(world, &ops);
	assert_int_equal(ask(world, RELIEF_RUNG_SHED, MIB).bytes, 1);
}

static void null_is_no_request(void **state)
{
	assert_int_equal(relief_request_done(NULL, 0), -EINVAL);
	assert_int_equal(relief_request_id(NULL), 0);
	assert_int_equal(relief_request_bytes(NULL), 0);
	assert_int_equal(relief_request_level(NULL), RELIEF_LEVEL_LOW);
	assert_int_equal(relief_request_rung(NULL), RELIEF_RUNG_SHED);
	assert_int_equal(relief_request_deadline_usec(NULL), UINT64_MAX);
	assert_string_equal(relief_request_reason(NULL), "");
}

/* ---- what reliefd measures ------------------------------------------------------------------ */

#define N_BLOCKS    4096
#define BLOCK_BYTES 16384 /* 64 MiB in all, from the heap */

static void *blocks[N_BLOCKS];

static uint64_t resident_bytes(void)
{
	unsigned long size, resident;
	FILE *f = fopen("/proc/self/statm", "re");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &size, &resident), 2);
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void fill_blocks(void)
{
	for (int i = 0; i < N_BLOCKS; i++) {
		blocks[i] = malloc(BLOCK_BYTES);
		assert_non_null(blocks[i]);
		memset(blocks[i], i, BLOCK_BYTES);
	}
}

/* All but the last, which holds the top of the heap where it is. */
static int64_t free_blocks(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
			   struct relief_request *request, void *userdata)
{
	for (int i = 0; i < N_BLOCKS - 1; i++)
		free(blocks[i]);
	return (int64_t)(N_BLOCKS - 1) * BLOCK_BYTES;
}

/* Returns: bytes that left the process between the question and the answer. */
static uint64_t measure_shed(struct world *world, bool no_trim)
{
	const struct relief_module_ops ops = { .size = sizeof(ops), .shed = free_blocks };
	const struct relief_module_options options = { .size = sizeof(options),
						       .no_trim = no_trim };
	uint64_t before;

	assert_int_equal(relief_module_register(world->relief, &world->module, "heap", &options,
						&ops, world),
			 0);
	world->id = server_welcome(&world->server, world->relief);
	fill_blocks();
	before = resident_bytes();
	ask(world, RELIEF_RUNG_SHED, 64 * MIB);
	free(blocks[N_BLOCKS - 1]);
	return before - resident_bytes();
}

/* A sanitizer or valgrind brings a heap of its own, which keeps what is freed. */
static bool heap_is_glibc(void)
{
	void *volatile block = malloc(MIB / 16); /* not to be optimised away */
	bool counted = mallinfo2().uordblks >= MIB / 16;

	free(block);
	return counted;
}

static void freed_blocks_reach_the_kernel(void **state)
{
	if (!heap_is_glibc())
		skip();
	assert_in_range(measure_shed(*state, false), 60 * MIB, 70 * MIB);
}

static void or_stay_in_the_heap_with_no_trim(void **state)
{
	if (!heap_is_glibc())
		skip();
	assert_in_range(measure_shed(*state, true), 0, 8 * MIB);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_callback_gets_the_numbers),
		TEST(an_answer_becomes_a_result),
		TEST(what_it_cannot_do_fails_clearly),
		TEST(the_new_size_is_told_before_the_answer),
		TEST(an_answer_may_come_later),
		TEST(done_within_the_callback_counts_once),
		TEST(a_thread_may_answer),
		TEST(a_late_unload_is_noticed_by_the_next_use),
		TEST(an_answer_for_a_lost_connection_goes_nowhere),
		TEST(an_answer_for_a_module_that_is_gone_goes_nowhere),
		TEST(a_module_may_go_in_its_own_callback),
		TEST(all_may_go_in_a_callback),
		TEST(a_callback_may_not_dispatch),
		TEST(null_is_no_request),
		TEST(freed_blocks_reach_the_kernel),
		TEST(or_stay_in_the_heap_with_no_trim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
