/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A private dbus-daemon, reliefd's connection and the client's: all three real, the latter two on
 * one event loop. The test plays org.reliefd.Relief1.Manager: a call to Register() is handed to
 * agents_register().
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/registry/agents.h"
#include "tests/support/registry_world.h"

#define AGENT_PATH "/org/example/cache"

static struct world world;
static pid_t broker;
static sd_bus *ours, *theirs;
static struct agents *agents;
static struct module *registered; /* by the last Register() */
static int register_error;

/* What the client's agent does. */
static enum { ANSWER, REFUSE, ANSWER_NONSENSE, ANSWER_LATE, KEEP_SILENT } manner;
static uint32_t n_requests;
static char heard_level[16];
static struct {
	uint64_t id, bytes, timeout_usec;
	uint32_t ratio_bp;
	char name[64], rung[16], level[16], reason[32];
} asked;

/* The socket is there before anybody listens on it. */
static bool broker_listens(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool listens;

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/bus", world.dir);
	listens = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return listens;
}

static bool start_broker(void)
{
	char config[96], text[512];

	snprintf(config, sizeof(config), "%s/bus.conf", world.dir);
	snprintf(text, sizeof(text),
		 "<busconfig><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>"
		 "<policy context='default'><allow user='*'/><allow own='*'/>"
		 "<allow send_destination='*'/><allow receive_sender='*'/></policy></busconfig>",
		 world.dir);
	world_write(&world, "bus.conf", text);
	broker = fork();
	if (broker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("dbus-daemon", "dbus-daemon", "--nofork", "--config-file", config, NULL);
		_exit(127);
	}
	for (int i = 0; i < 500; i++) {
		if (broker_listens())
			return true;
		if (waitpid(broker, NULL, WNOHANG) == broker)
			break; /* there is none installed */
		usleep(10000);
	}
	return false;
}

static sd_bus *connect_bus(void)
{
	char address[96];
	sd_bus *bus;

	snprintf(address, sizeof(address), "unix:path=%s/bus", world.dir);
	assert_true(sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_address(bus, address) >= 0);
	assert_true(sd_bus_set_bus_client(bus, true) >= 0);
	assert_true(sd_bus_start(bus) >= 0);
	assert_true(sd_bus_attach_event(bus, world.event, 0) >= 0);
	return bus;
}

static int on_register(sd_bus_message *call, void *data, sd_bus_error *error)
{
	struct client client = world_client(&world, getuid(), "/system.slice/a.service");
	struct module_description description;
	const char *name, *path, *problem = NULL;

	if (sd_bus_message_read(call, "so", &name, &path) < 0)
		return -EINVAL;
	description = world_cache(name);
	registered = NULL;
	register_error =
		agents_register(agents, call, &client, path, &description, &registered, &problem);
	assert_true(register_error == 0 || problem);
	return sd_bus_reply_method_return(call, "");
}

static int on_relieve(sd_bus_message *call, void *data, sd_bus_error *error)
{
	const char *name, *rung, *level, *reason;

	n_requests++;
	assert_true(sd_bus_message_read(call, "tssstuts", &asked.id, &name, &rung, &level,
					&asked.bytes, &asked.ratio_bp, &asked.timeout_usec,
					&reason) >= 0);
	snprintf(asked.name, sizeof(asked.name), "%s", name);
	snprintf(asked.rung, sizeof(asked.rung), "%s", rung);
	snprintf(asked.level, sizeof(asked.level), "%s", level);
	snprintf(asked.reason, sizeof(asked.reason), "%s", reason);
	switch (manner) {
	case ANSWER:
		return sd_bus_reply_method_return(call, "ts", UINT64_C(4096), "partial");
	case REFUSE:
		return sd_bus_reply_method_errnof(call, EACCES, "not now");
	case ANSWER_LATE:
		usleep(1000000);
		return sd_bus_reply_method_return(call, "ts", UINT64_C(8192), "done");
	case ANSWER_NONSENSE:
		return sd_bus_reply_method_return(call, "ts", UINT64_MAX, "splendid");
	default:
		return 1;
	}
}

static int on_level(sd_bus_message *call, void *data, sd_bus_error *error)
{
	const char *level;

	assert_true(sd_bus_message_read(call, "s", &level) >= 0);
	assert_false(sd_bus_message_get_expect_reply(call));
	snprintf(heard_level, sizeof(heard_level), "%s", level);
	return 1;
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Register", "so", "", on_register, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable agent_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Relieve", "tssstuts", "ts", on_relieve, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("LevelChanged", "s", "", on_level, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static int start(void **state)
{
	world_init(&world, 64, 0, 0);
	manner = ANSWER;
	n_requests = 0;
	heard_level[0] = '\0';
	if (!start_broker())
		return 0; /* the test skips */
	ours = connect_bus();
	theirs = connect_bus();
	assert_true(sd_bus_add_object_vtable(ours, NULL, "/org/reliefd/Relief1",
					     "org.reliefd.Relief1.Manager", manager_vtable,
					     NULL) >= 0);
	assert_true(sd_bus_add_object_vtable(theirs, NULL, AGENT_PATH, "org.reliefd.Relief1.Agent",
					     agent_vtable, NULL) >= 0);
	return agents_new(&agents, world.registry);
}

static int stop(void **state)
{
	agents = agents_free(agents);
	ours = sd_bus_flush_close_unref(ours);
	theirs = sd_bus_flush_close_unref(theirs);
	if (broker > 0) {
		kill(broker, SIGTERM);
		waitpid(broker, NULL, 0);
	}
	world_done(&world);
	return 0;
}

static int note_reply(sd_bus_message *reply, void *data, sd_bus_error *error)
{
	*(bool *)data = true;
	return 1;
}

/* The client calls Register() and the loop runs until it has its reply. */
static struct module *enrol(const char *name, const char *path)
{
	const char *manager;
	bool replied = false;

	if (!ours)
		skip(); /* no dbus-daemon here */
	assert_true(sd_bus_get_unique_name(ours, &manager) >= 0);
	assert_true(sd_bus_call_method_async(theirs, NULL, manager, "/org/reliefd/Relief1",
					     "org.reliefd.Relief1.Manager", "Register", note_reply,
					     &replied, "so", name, path) >= 0);
	while (!replied)
		assert_true(sd_event_run(world.event, USEC_PER_SEC) > 0);
	return registered;
}

static void ask(const struct module *module, uint64_t id, uint64_t timeout_usec)
{
	struct action action = world_action(&world, module, id, timeout_usec);

	assert_int_equal(registry_send(world.registry, &action), 0);
}

static const struct outcome *next_outcome(uint32_t n)
{
	uint64_t until_usec = world_now_usec() + 3 * USEC_PER_SEC;

	while (world.outcomes.n < n && world_now_usec() < until_usec)
		sd_event_run(world.event, 100 * USEC_PER_MSEC);
	assert_int_equal(world.outcomes.n, n);
	return &world.outcomes.ring[n - 1];
}

static void a_request_is_a_call_and_its_reply(void **state)
{
	struct module *module = enrol("images", AGENT_PATH);
	const struct outcome *outcome;

	assert_non_null(module);
	ask(module, 5, USEC_PER_SEC);
	outcome = next_outcome(1);
	assert_int_equal(outcome->action_id, 5);
	assert_int_equal(outcome->result, RESULT_PARTIAL);
	assert_int_equal(outcome->claimed_bytes, 4096);
	assert_int_equal(asked.id, 5);
	assert_string_equal(asked.name, "images");
	assert_string_equal(asked.rung, "shed");
	assert_string_equal(asked.level, "high");
	assert_string_equal(asked.reason, reason_name(REASON_LEVEL_ROSE));
	assert_int_equal(asked.bytes, 16 * MIB);
	assert_int_equal(asked.ratio_bp, 2500);
	assert_in_range(asked.timeout_usec, 1, USEC_PER_SEC);
}

static void an_error_is_a_failure_with_its_errno(void **state)
{
	struct module *module = enrol("images", AGENT_PATH);

	manner = REFUSE;
	ask(module, 1, USEC_PER_SEC);
	assert_int_equal(next_outcome(1)->result, RESULT_FAILED);
	assert_int_equal(world.outcomes.ring[0].error, -EACCES);
}

static void a_lie_that_cannot_be_is_a_failure(void **state)
{
	struct module *module = enrol("images", AGENT_PATH);

	manner = ANSWER_NONSENSE;
	ask(module, 1, USEC_PER_SEC);
	assert_int_equal(next_outcome(1)->result, RESULT_FAILED);
	assert_int_equal(world.outcomes.ring[0].error, -EBADMSG);
	assert_int_equal(world.outcomes.ring[0].claimed_bytes, 0);
}

static void an_agent_that_is_not_there_is_a_failure(void **state)
{
	struct module *module = enrol("images", "/no/such/object");

	assert_non_null(module);
	ask(module, 1, USEC_PER_SEC);
	assert_int_equal(next_outcome(1)->result, RESULT_FAILED);
	assert_true(world.outcomes.ring[0].error < 0);
}

/* Five times its deadline: no answer in time, but it is known what it freed. */
static void a_late_answer_is_passed_on(void **state)
{
	struct module *module = enrol("images", AGENT_PATH);

	manner = ANSWER_LATE;
	ask(module, 1, 200 * USEC_PER_MSEC);
	assert_int_equal(next_outcome(1)->result, RESULT_DONE);
	assert_int_equal(world.outcomes.ring[0].claimed_bytes, 8192);
}

static void silence_is_late_and_may_be_asked_again(void **state)
{
	struct module *module = enrol("images", AGENT_PATH);
	uint64_t start_usec;

	manner = KEEP_SILENT;
	start_usec = world_now_usec();
	ask(module, 1, 50 * USEC_PER_MSEC);
	assert_int_equal(next_outcome(1)->result, RESULT_LATE);
	assert_true(world_now_usec() - start_usec < 2 * USEC_PER_SEC);
	manner = ANSWER;
	ask(module, 2, USEC_PER_SEC);
	assert_int_equal(next_outcome(2)->result, RESULT_PARTIAL);
}

static void a_client_that_leaves_takes_its_modules_along(void **state)
{
	struct module *module = enrol("images", AGENT_PATH);

	enrol("fonts", AGENT_PATH);
	manner = KEEP_SILENT;
	ask(module, 1, USEC_PER_SEC);
	while (n_requests == 0)
		sd_event_run(world.event, USEC_PER_SEC);
	theirs = sd_bus_flush_close_unref(theirs);
	assert_int_equal(next_outcome(1)->result, RESULT_GONE);
	assert_int_equal(registry_size(world.registry), 0);
	world_run(&world, 700 * USEC_PER_MSEC); /* the call's own end comes to nothing */
	assert_int_equal(world.outcomes.n, 1);
}

static void a_client_that_left_before_it_was_heard_leaves_nothing(void **state)
{
	const char *manager;

	if (!ours)
		skip();
	assert_true(sd_bus_get_unique_name(ours, &manager) >= 0);
	assert_true(sd_bus_get_unique_name(theirs, &(const char *){ NULL }) >= 0);
	assert_true(sd_bus_call_method_async(theirs, NULL, manager, "/org/reliefd/Relief1",
					     "org.reliefd.Relief1.Manager", "Register", NULL, NULL,
					     "so", "images", AGENT_PATH) >= 0);
	theirs = sd_bus_flush_close_unref(theirs);
	world_run(&world, 200 * USEC_PER_MSEC);
	assert_int_equal(register_error, 0);
	assert_int_equal(registry_size(world.registry), 0);
}

static void levels_are_told_without_a_reply(void **state)
{
	enrol("images", AGENT_PATH);
	registry_tell_level(world.registry, GROUP_SLOT_HOST, LEVEL_CRITICAL);
	world_run(&world, 50 * USEC_PER_MSEC);
	assert_string_equal(heard_level, "critical");
	registry_tell_calm(world.registry);
	world_run(&world, 50 * USEC_PER_MSEC);
	assert_string_equal(heard_level, "low");
}

static void only_the_sender_is_the_owner(void **state)
{
	struct module *module = enrol("images", AGENT_PATH);
	const char *sender, *other;

	sd_bus_get_unique_name(theirs, &sender);
	sd_bus_get_unique_name(ours, &other);
	assert_true(agents_is_owner(agents, module, sender));
	assert_false(agents_is_owner(agents, module, other));
}

static void refusals_and_empty_agents_leave_nothing_behind(void **state)
{
	char path[64];
	uint64_t last_id = 0;

	enrol("images", AGENT_PATH);
	enrol("images", AGENT_PATH);
	assert_int_equal(register_error, -EEXIST);
	for (int i = 0; i < 100; i++) { /* ever new paths, each given back */
		struct module *module;

		snprintf(path, sizeof(path), "/cache/n%d", i);
		module = enrol("x", path);
		assert_non_null(module);
		assert_true(module->id > last_id);
		last_id = module->id;
		registry_remove(world.registry, module);
	}
	assert_int_equal(registry_size(world.registry), 1);
}

static void a_bus_that_goes_takes_all_agents_along(void **state)
{
	struct module *module = enrol("images", AGENT_PATH);

	manner = KEEP_SILENT;
	ask(module, 1, USEC_PER_SEC);
	agents_drop_all(agents);
	assert_int_equal(world.outcomes.n, 1);
	assert_int_equal(world.outcomes.ring[0].result, RESULT_GONE);
	assert_int_equal(registry_size(world.registry), 0);
	world_run(&world, 10 * USEC_PER_MSEC);
	manner = ANSWER;
	ask(enrol("images", AGENT_PATH), 2, USEC_PER_SEC); /* and it comes back */
	assert_int_equal(next_outcome(2)->result, RESULT_PARTIAL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_a_call_and_its_reply),
		TEST(an_error_is_a_failure_with_its_errno),
		TEST(a_lie_that_cannot_be_is_a_failure),
		TEST(an_agent_that_is_not_there_is_a_failure),
		TEST(a_late_answer_is_passed_on),
		TEST(silence_is_late_and_may_be_asked_again),
		TEST(a_client_that_leaves_takes_its_modules_along),
		TEST(a_client_that_left_before_it_was_heard_leaves_nothing),
		TEST(levels_are_told_without_a_reply),
		TEST(only_the_sender_is_the_owner),
		TEST(refusals_and_empty_agents_leave_nothing_behind),
		TEST(a_bus_that_goes_takes_all_agents_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
