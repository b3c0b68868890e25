/* SPDX-License-Identifier: GPL-2.0-or-later */

/* librelief: registering, giving back, loading and unloading. */

#include "tests/unit/client_server.h"

#define MIB (1024 * 1024ULL)

struct world {
	struct server server;
	struct relief *relief;
	struct relief_module *module;
	uint64_t id;
	int n_loads, n_errors, last_error;
	int64_t load_result;
	struct relief_module *refused;
	char text[64];
};

static int64_t shed(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
		    struct relief_request *request, void *userdata)
{
	return 0;
}

static int64_t unload(struct relief_module *module, struct relief_request *request, void *userdata)
{
	return 5 * MIB;
}

static int64_t load(struct relief_module *module, void *userdata)
{
	struct world *world = userdata;

	world->n_loads++;
	usleep(20000);
	return world->load_result;
}

static void on_error(struct relief *relief, struct relief_module *module, int error,
		     const char *text, void *userdata)
{
	struct world *world = userdata;

	world->n_errors++;
	world->last_error = error;
	world->refused = module;
	snprintf(world->text, sizeof(world->text), "%s", text);
}

static const struct relief_module_ops cache_ops = { .size = sizeof(cache_ops), .shed = shed };
static const struct relief_module_ops model_ops = {
	.size = sizeof(model_ops),
	.unload = unload,
	.load = load,
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	server_init(&world->server);
	server_start(&world->server);
	assert_int_equal(relief_new(&world->relief), 0);
	relief_set_error_handler(world->relief, on_error, world);
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

static void make_unloaded_model(struct world *world)
{
	const struct relief_module_options options = {
		.size = sizeof(options),
		.kind = RELIEF_KIND_MODEL,
		.unloaded = true,
	};

	assert_int_equal(relief_module_register(world->relief, &world->module, "model", &options,
						&model_ops, world),
			 0);
	world->id = server_welcome(&world->server, world->relief);
}

/* ---- registering ---------------------------------------------------------------------------- */

static void says_what_the_options_say(void **state)
{
	struct world *world = *state;
	const struct relief_module_options options = {
		.size = sizeof(options),
		.kind = RELIEF_KIND_POOL,
		.keep = true,
		.unloaded = true,
		.bytes = 123,
		.idle_limit_usec = 456,
		.reload_cost_usec = 789,
	};
	struct relief_message message;

	assert_int_equal(relief_module_register(world->relief, &world->module, "pool", &options,
						&model_ops, world),
			 0);
	server_accept(&world->server, world->relief);
	server_expect(&world->server, world->relief, RELIEF_HELLO);
	message = server_expect(&world->server, world->relief, RELIEF_REGISTER);
	assert_string_equal(message.name, "pool");
	assert_int_equal(message.kind, 2);
	assert_int_equal(message.flags,
			 RELIEF_FLAG_CAN_UNLOAD | RELIEF_FLAG_UNLOADED | RELIEF_FLAG_KEEP);
	assert_int_equal(message.bytes, 123);
	assert_int_equal(message.idle_limit_usec, 456);
	assert_int_equal(message.reload_cost_usec, 789);
	assert_false(relief_module_is_registered(world->module));
	server_grant(&world->server, &message);
	client_run_until(world->relief, relief_module_is_registered(world->module));
	assert_false(relief_module_is_loaded(world->module));
	assert_string_equal(relief_module_name(world->module), "pool");
}

static int try_register(struct world *world, const char *name,
			const struct relief_module_options *options,
			const struct relief_module_ops *ops)
{
	struct relief_module *module;

	return relief_module_register(world->relief, &module, name, options, ops, NULL);
}

static void refuses_bad_arguments(void **state)
{
	struct world *world = *state;
	struct relief_module_ops none = { .size = sizeof(none) }, sizeless = { .shed = shed };
	struct relief_module_options odd = { .size = sizeof(odd), .kind = 5 }, zero = { 0 };
	struct relief_module *module;
	char name[65];

	memset(name, 'n', sizeof(name));
	name[64] = '\0';
	assert_int_equal(try_register(world, NULL, NULL, &cache_ops), -EINVAL);
	assert_int_equal(try_register(world, "", NULL, &cache_ops), -EINVAL);
	assert_int_equal(try_register(world, name, NULL, &cache_ops), -EINVAL);
	assert_int_equal(try_register(world, "two\nlines", NULL, &cache_ops), -EINVAL);
	assert_int_equal(try_register(world, "a", NULL, NULL), -EINVAL);
	assert_int_equal(try_register(world, "a", NULL, &none), -EINVAL);
	assert_int_equal(try_register(world, "a", NULL, &sizeless), -EINVAL);
	assert_int_equal(try_register(world, "a", &odd, &cache_ops), -EINVAL);
	assert_int_equal(try_register(world, "a", &zero, &cache_ops), -EINVAL);
	assert_int_equal(relief_module_register(NULL, &module, "a", NULL, &cache_ops, NULL),
			 -EINVAL);
	assert_int_equal(relief_module_register(world->relief, NULL, "a", NULL, &cache_ops, NULL),
			 -EINVAL);
	name[63] = '\0';
	assert_int_equal(try_register(world, name, NULL, &cache_ops), 0);
	assert_int_equal(try_register(world, name, NULL, &cache_ops), -EEXIST);
}

/* A service built against a later header. */
static void takes_longer_structs_that_ask_for_nothing_new(void **state)
{
	struct world *world = *state;
	struct {
		struct relief_module_options options;
		uint64_t later;
	} longer = { .options = { .size = sizeof(longer) } };

	assert_int_equal(try_register(world, "a", &longer.options, &cache_ops), 0);
	longer.later = 1;
	assert_int_equal(try_register(world, "b", &longer.options, &cache_ops), -E2BIG);
}

static void null_is_no_module(void **state)
{
	relief_module_touch(NULL);
	relief_module_set_size(NULL, 1);
	assert_null(relief_module_unregister(NULL));
	assert_int_equal(relief_module_use(NULL), -EINVAL);
	assert_int_equal(relief_module_size(NULL), 0);
	assert_false(relief_module_is_loaded(NULL));
	assert_false(relief_module_is_registered(NULL));
	assert_string_equal(relief_module_name(NULL), "");
}

static void hands_on_what_reliefd_refuses(void **state)
{
	struct world *world = *state;
	struct relief_message message, refusal = { .type = RELIEF_ERROR, .error = EDQUOT };

	assert_int_equal(relief_module_register(world->relief, &world->module, "cache", NULL,
						&cache_ops, world),
			 0);
	server_accept(&world->server, world->relief);
	server_expect(&world->server, world->relief, RELIEF_HELLO);
	message = server_expect(&world->server, world->relief, RELIEF_REGISTER);
	refusal.serial = message.serial;
	strcpy(refusal.name, "this user has too many modules");
	server_send(&world->server, refusal);
	client_run_until(world->relief, world->n_errors == 1);
	assert_int_equal(world->last_error, -EDQUOT);
	assert_ptr_equal(world->refused, world->module);
	assert_string_equal(world->text, "this user has too many modules");

	/* It is not asked for again, and whatever it does, nobody hears of it ... */
	relief_module_touch(world->module);
	relief_module_set_size(world->module, 100 * MIB);
	server_expect_nothing(&world->server, world->relief, 300);
	/* ... until the next reliefd, which may have other quotas. */
	server_stop(&world->server);
	client_run(world->relief, 20);
	server_start(&world->server);
	server_welcome(&world->server, world->relief);
	assert_true(relief_module_is_registered(world->module));
}

static void stays_silent_when_an_administrator_unregistered_it(void **state)
{
	struct world *world = *state;
	struct relief_message refusal = { .type = RELIEF_ERROR, .error = ENOENT };

	make_unloaded_model(world);
	refusal.module = world->id + 1; /* no module of ours */
	server_send(&world->server, refusal);
	client_run_until(world->relief, world->n_errors == 1);
	assert_null(world->refused);
	assert_true(relief_module_is_registered(world->module));

	relief_module_touch(world->module);
	server_expect(&world->server, world->relief, RELIEF_TOUCH);
	refusal.module = world->id;
	server_send(&world->server, refusal);
	client_run_until(world->relief, world->n_errors == 2);
	assert_ptr_equal(world->refused, world->module);
	assert_false(relief_module_is_registered(world->module));
	relief_module_touch(world->module);
	relief_module_set_size(world->module, 100 * MIB);
	server_expect_nothing(&world->server, world->relief, 1200);
}

static void a_name_is_free_once_it_is_given_back(void **state)
{
	struct world *world = *state;
	struct relief_message message, first;

	assert_int_equal(try_register(world, "other", NULL, &cache_ops), 0);
	server_welcome(&world->server, world->relief);
	assert_int_equal(relief_module_register(world->relief, &world->module, "cache", NULL,
						&cache_ops, world),
			 0);
	first = server_expect(&world->server, world->relief, RELIEF_REGISTER);
	/* Given back and taken again before reliefd has answered. */
	world->module = relief_module_unregister(world->module);
	assert_null(world->module);
	assert_int_equal(relief_module_register(world->relief, &world->module, "cache", NULL,
						&cache_ops, world),
			 0);
	server_expect_nothing(&world->server, world->relief, 50);
	server_grant(&world->server, &first);
	message = server_expect(&world->server, world->relief, RELIEF_UNREGISTER);
	assert_int_equal(message.module, world->server.last_id);
	message = server_expect(&world->server, world->relief, RELIEF_REGISTER);
	assert_string_equal(message.name, "cache");
	assert_int_not_equal(message.serial, first.serial);
}

/* ---- load and unload ------------------------------------------------------------------------ */

static void use_loads_what_is_unloaded(void **state)
{
	struct world *world = *state;
	struct relief_message message;

	make_unloaded_model(world);
	world->load_result = 5 * MIB;
	assert_int_equal(relief_module_use(world->module), 0);
	assert_int_equal(relief_module_use(world->module), 0);
	assert_int_equal(world->n_loads, 1);
	assert_true(relief_module_is_loaded(world->module));
	assert_int_equal(relief_module_size(world->module), 5 * MIB);

	message = server_expect(&world->server, world->relief, RELIEF_REPORT);
	assert_int_equal(message.bytes, 5 * MIB);
	assert_int_equal(message.flags, 0);
	/* load() took 20 ms, and as long as the machine made it. */
	assert_in_range(message.reload_cost_usec, 20000, 2000000);
	server_expect(&world->server, world->relief, RELIEF_TOUCH);
}

static void what_was_unloaded_is_loaded_again(void **state)
{
	struct world *world = *state;
	struct relief_message message;

	make_unloaded_model(world);
	world->load_result = 5 * MIB;
	assert_int_equal(relief_module_use(world->module), 0);
	server_expect(&world->server, world->relief, RELIEF_REPORT);
	server_expect(&world->server, world->relief, RELIEF_TOUCH);

	server_ask(&world->server, 9, world->id, RELIEF_RUNG_UNLOAD, 5 * MIB);
	message = server_expect(&world->server, world->relief, RELIEF_REPORT);
	assert_int_equal(message.bytes, 0);
	assert_int_equal(message.flags, RELIEF_FLAG_UNLOADED);
	message = server_expect(&world->server, world->relief, RELIEF_ANSWER);
	assert_int_equal(message.bytes, 5 * MIB);
	assert_int_equal(message.result, 0);
	assert_false(relief_module_is_loaded(world->module));

	/* Asked once more, there is nothing to unload and no callback. */
	server_ask(&world->server, 10, world->id, RELIEF_RUNG_UNLOAD, 5 * MIB);
	server_expect(&world->server, world->relief, RELIEF_REPORT);
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_ANSWER).bytes, 0);

	assert_int_equal(relief_module_use(world->module), 0);
	assert_int_equal(world->n_loads, 2);
	assert_int_equal(server_expect(&world->server, world->relief, RELIEF_REPORT).flags, 0);
}

static void a_load_that_fails_is_tried_again(void **state)
{
	struct world *world = *state;

	make_unloaded_model(world);
	world->load_result = -ENOMEM;
	assert_int_equal(relief_module_use(world->module), -ENOMEM);
	assert_false(relief_module_is_loaded(world->module));
	world->load_result = MIB;
	assert_int_equal(relief_module_use(world->module), 0);
	assert_int_equal(world->n_loads, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_what_the_options_say),
		TEST(refuses_bad_arguments),
		TEST(takes_longer_structs_that_ask_for_nothing_new),
		TEST(null_is_no_module),
		TEST(hands_on_what_reliefd_refuses),
		TEST(stays_silent_when_an_administrator_unregistered_it),
		TEST(a_name_is_free_once_it_is_given_back),
		TEST(use_loads_what_is_unloaded),
		TEST(what_was_unloaded_is_loaded_again),
		TEST(a_load_that_fails_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
