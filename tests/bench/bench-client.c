/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bench-client --channel|--bus [OPTIONS]: registers modules one way or the other, and says when
 * each request arrived
 *
 *   --modules=N       register N modules (1)
 *   --size=BYTES      of each (64M)
 *   --counter=FILE    stands for memory.current: lowered by what is asked, reset by a line on stdin
 *
 * Prints "pid N" and waits for a line on stdin, so that it can be put into a cgroup first; then, a
 * line each, "ready" and "request USEC" (CLOCK_MONOTONIC). Ends with stdin.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <relief/relief-sd-event.h>
#include <relief/relief.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/parse.h"

#define BUS_NAME      "org.reliefd.Relief1"
#define BUS_PATH      "/org/reliefd/Relief1"
#define BUS_MANAGER   "org.reliefd.Relief1.Manager"
#define BUS_AGENT     "org.reliefd.Relief1.Agent"
#define COUNTER_BYTES 1000000000ULL

struct client {
	bool on_channel, on_bus;
	uint64_t n_modules, size_bytes;
	const char *counter;
	sd_event *event;
	sd_bus *bus;
	struct relief *relief;
	int counter_fd;
	uint64_t counter_bytes;
};

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void must(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

/* Always as many digits, so that one write is the whole new content. */
static void counter_set(struct client *client, uint64_t bytes)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%020" PRIu64 "\n", bytes);

	client->counter_bytes = bytes;
	if (client->counter_fd >= 0 && pwrite(client->counter_fd, text, (size_t)n, 0) != n)
		err(1, "%s", client->counter);
}

static void note_request(struct client *client, uint64_t bytes)
{
	printf("request %" PRIu64 "\n", now_usec());
	counter_set(client, client->counter_bytes > bytes ? client->counter_bytes - bytes : 0);
}

/* ---- by channel ----------------------------------------------------------------------------- */

static int64_t on_shed(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
		       struct relief_request *request, void *userdata)
{
	note_request(userdata, bytes);
	return (int64_t)bytes;
}

static void on_error(struct relief *relief, struct relief_module *module, int error,
		     const char *text, void *userdata)
{
	errx(1, "refused: %s", text);
}

static void register_on_channel(struct client *client)
{
	const struct relief_module_options options = { .size = sizeof(options),
						       .bytes = client->size_bytes,
						       .no_trim = true };
	const struct relief_module_ops ops = { .size = sizeof(ops), .shed = on_shed };

	must(relief_new(&client->relief), "librelief");
	relief_set_error_handler(client->relief, on_error, client);
	for (uint64_t i = 0; i < client->n_modules; i++) {
		struct relief_module *module;
		char name[32];

		snprintf(name, sizeof(name), "cache-%" PRIu64, i);
		must(relief_module_register(client->relief, &module, name, &options, &ops, client),
		     name);
		while (!relief_module_is_registered(module)) {
			usleep(1000);
			must(relief_dispatch(client->relief), "dispatch");
		}
	}
	must(relief_attach_sd_event(client->relief, client->event, SD_EVENT_PRIORITY_IMPORTANT),
	     "attach");
}

/* ---- by D-Bus ------------------------------------------------------------------------------- */

static int on_relieve(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	const char *name, *rung, *level, *reason;
	uint64_t id, bytes, timeout_usec;
	uint32_t ratio_bp;
	int r;

	r = sd_bus_message_read(call, "tssstuts", &id, &name, &rung, &level, &bytes, &ratio_bp,
				&timeout_usec, &reason);
	if (r < 0)
		return r;
	note_request(userdata, bytes);
	return sd_bus_reply_method_return(call, "ts", bytes, "done");
}

static int on_level_changed(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	return 1;
}

static const sd_bus_vtable agent_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Relieve", "tssstuts", "ts", on_relieve, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("LevelChanged", "s", "", on_level_changed,
		      SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_METHOD_NO_REPLY),
	SD_BUS_VTABLE_END,
};

static void register_on_bus(struct client *client)
{
	must(sd_bus_open_system(&client->bus), "bus");
	must(sd_bus_attach_event(client->bus, client->event, SD_EVENT_PRIORITY_IMPORTANT), "bus");
	must(sd_bus_add_object_vtable(client->bus, NULL, "/agent", BUS_AGENT, agent_vtable, client),
	     "agent");
	for (uint64_t i = 0; i < client->n_modules; i++) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		char name[32];

		snprintf(name, sizeof(name), "cache-%" PRIu64, i);
		if (sd_bus_call_method(client->bus, BUS_NAME, BUS_PATH, BUS_MANAGER, "Register",
				       &error, NULL, "ssoa{sv}", name, "cache", "/agent", 1, "Size",
				       "t", client->size_bytes) < 0)
			errx(1, "%s: %s", name, error.message);
	}
}

/* ---- the rest ------------------------------------------------------------------------------- */

static int on_stdin(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct client *client = userdata;
	char line[64];

	if (read(fd, line, sizeof(line)) <= 0)
		return sd_event_exit(client->event, 0);
	counter_set(client, COUNTER_BYTES);
	return 0;
}

static void parse_options(struct client *client, int argc, char **argv)
{
	static const struct option known[] = {
		{ "channel", no_argument, NULL, 'c' },
		{ "bus", no_argument, NULL, 'b' },
		{ "modules", required_argument, NULL, 'm' },
		{ "size", required_argument, NULL, 's' },
		{ "counter", required_argument, NULL, 'f' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (option == 'c')
			client->on_channel = true;
		else if (option == 'b')
			client->on_bus = true;
		else if (option == 'm')
			must(parse_u64(optarg, &client->n_modules), "--modules");
		else if (option == 's')
			must(parse_bytes(optarg, &client->size_bytes), "--size");
		else if (option == 'f')
			client->counter = optarg;
		else
			exit(2);
	}
	if (client->on_channel == client->on_bus)
		errx(2, "wants --channel or --bus");
}

int main(int argc, char **argv)
{
	struct client client = { .n_modules = 1, .size_bytes = 64 << 20, .counter_fd = -1 };
	char line[64];

	parse_options(&client, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("pid %d\n", getpid());
	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		return 0;
	if (client.counter) {
		client.counter_fd = open(client.counter, O_WRONLY | O_CLOEXEC);
		if (client.counter_fd < 0)
			err(1, "%s", client.counter);
	}
	counter_set(&client, COUNTER_BYTES);
	must(sd_event_default(&client.event), "event loop");
	must(sd_event_add_io(client.event, NULL, STDIN_FILENO, EPOLLIN, on_stdin, &client),
	     "stdin");
	if (client.on_channel)
		register_on_channel(&client);
	else
		register_on_bus(&client);
	printf("ready\n");
	must(sd_event_loop(client.event), "event loop");
	relief_free(client.relief);
	sd_bus_flush_close_unref(client.bus);
	sd_event_unref(client.event);
	return 0;
}
