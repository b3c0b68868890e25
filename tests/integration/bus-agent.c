/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bus-agent [OPTIONS]: a client on D-Bus that registers modules, answers requests, says what it saw
 *
 *   --name=NAME        of the module ("images"); NAME0, NAME1, ... with --count
 *   --kind=KIND        "cache"
 *   --size=BYTES       told at registration and lowered by what is freed
 *   --count=N          register N modules, one after the other, until one is refused
 *   --counter=FILE     stands for memory.current: lowered by what is freed
 *   --free=BYTES       free this much per request instead of what is asked for
 *   --claim=BYTES      claim this much whatever was freed
 *   --silent           never answer
 *   --die              exit in the middle of a request
 *   --result=WORD      answer with this word
 *   --flood=N          instead of registering, send N malformed calls without waiting for the
 *                      replies; then "flooded N ERRORS REPLIES"
 *
 * It first prints "pid N" and waits for a line on stdin, so that a test can put that pid where it
 * likes. Then, a line each: "registered PATH", "refused NAME MESSAGE", "request NAME RUNG LEVEL
 * BYTES RATIO TIMEOUT REASON", "freed BYTES", "level LEVEL". Later lines on stdin: "touch", "report
 * BYTES 0|1", "unregister", each about the first module; the end of stdin ends the client.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "controller/base/cleanup.h"
#include "controller/base/file.h"
#include "controller/base/parse.h"

#define NAME	"org.reliefd.Relief1"
#define PATH	"/org/reliefd/Relief1"
#define MANAGER NAME ".Manager"
#define MODULE	NAME ".Module"
#define AGENT	NAME ".Agent"

struct client {
	sd_bus *bus;
	sd_event *event;
	const char *name, *kind, *counter, *result;
	uint64_t size, count, free_bytes, claim, flood, n_errors, n_replies;
	bool silent, die, has_free, has_claim;
	char module[64]; /* path of the first one */
};

static int lower_counter(const char *file, uint64_t bytes)
{
	char text[32];
	uint64_t value;
	ssize_t n;
	int r;

	n = file_read_at(AT_FDCWD, file, text, sizeof(text));
	if (n < 0)
		return (int)n;
	text[strcspn(text, "\n")] = '\0';
	r = parse_u64(text, &value);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%" PRIu64 "\n", value > bytes ? value - bytes : 0);
	if (truncate(file, 0) < 0)
		return -errno;
	return file_write_at(AT_FDCWD, file, text);
}

static int on_relieve(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	const char *name, *rung, *level, *reason;
	struct client *client = userdata;
	uint64_t id, bytes, timeout_usec;
	uint32_t ratio_bp;
	int r;

	r = sd_bus_message_read(call, "tssstuts", &id, &name, &rung, &level, &bytes, &ratio_bp,
				&timeout_usec, &reason);
	if (r < 0)
		return r;
	printf("request %s %s %s %" PRIu64 " %u %" PRIu64 " %s\n", name, rung, level, bytes,
	       ratio_bp, timeout_usec, reason);
	if (client->die)
		_exit(0);
	if (client->silent)
		return 1;
	if (client->has_free)
		bytes = client->free_bytes;
	if (bytes > client->size)
		bytes = client->size;
	client->size -= bytes;
	if (client->counter) {
		r = lower_counter(client->counter, bytes);
		if (r < 0)
			fprintf(stderr, "bus-agent: %s: %s\n", client->counter, strerror(-r));
	}
	printf("freed %" PRIu64 "\n", bytes);
	return sd_bus_reply_method_return(call, "ts", client->has_claim ? client->claim : bytes,
					  client->result);
}

static int on_level_changed(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	const char *level;
	int r;

	r = sd_bus_message_read(call, "s", &level);
	if (r < 0)
		return r;
	printf("level %s\n", level);
	return 1;
}

static const sd_bus_vtable agent_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Relieve",
				SD_BUS_ARGS("t", request_id, "s", module_name, "s", rung, "s",
					    level, "t", bytes, "u", ratio_bp, "t", timeout_usec,
					    "s", reason),
				SD_BUS_RESULT("t", freed_bytes, "s", result), on_relieve,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("LevelChanged", SD_BUS_ARGS("s", level), SD_BUS_NO_RESULT,
				on_level_changed,
				SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_METHOD_NO_REPLY),
	SD_BUS_VTABLE_END,
};

/* Calls Register(). Returns: 0 and the path, to be freed; or negative errno, printed. */
static int call_register(struct client *client, const char *name, char **ret_path)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	int r;

	r = sd_bus_call_method(client->bus, NAME, PATH, MANAGER, "Register", &error, &reply,
			       "ssoa{sv}", name, client->kind, "/agent", 1, "Size", "t",
			       client->size);
	if (r < 0) {
		printf("refused %s %s %s\n", name, error.name, error.message);
		return r;
	}
	r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return r;
	*ret_path = strdup(path);
	return *ret_path ? 0 : -ENOMEM;
}

static int register_one(struct client *client, const char *name)
{
	_cleanup_free_ char *path = NULL;
	int r;

	r = call_register(client, name, &path);
	if (r < 0)
		return r;
	if (!client->module[0])
		snprintf(client->module, sizeof(client->module), "%s", path);
	if (client->count <= 1)
		printf("registered %s\n", path);
	return 0;
}

static int register_all(struct client *client)
{
	char name[80];
	uint64_t n;
	int r;

	if (client->count <= 1)
		return register_one(client, client->name);
	for (n = 0; n < client->count; n++) {
		snprintf(name, sizeof(name), "%s%" PRIu64, client->name, n);
		r = register_one(client, name);
		if (r < 0)
			break;
	}
	printf("registered %" PRIu64 " modules\n", n);
	return 0;
}

static int on_flood_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct client *client = userdata;

	if (sd_bus_message_is_method_error(reply, NULL))
		client->n_errors++;
	else
		client->n_replies++;
	if (client->n_errors + client->n_replies == client->flood)
		printf("flooded %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", client->flood,
		       client->n_errors, client->n_replies);
	return 0;
}

/* The nth of the things that no call should look like. */
static int flood_once(struct client *client, uint64_t n)
{
	static const struct {
		const char *path, *interface, *member, *types;
	} calls[] = {
		{ PATH, MANAGER, "Register", "s" },
		{ PATH, MANAGER, "NoSuchMethod", "" },
		{ PATH, NAME ".Nothing", "Register", "" },
		{ PATH "/group/_ff_zz", NAME ".Group", "Relieve", "s" },
		{ PATH "/module/m99999999999999999999", MODULE, "Touch", "" },
		{ "/", "org.freedesktop.DBus.Properties", "Get", "s" },
	};
	static const size_t n_calls = sizeof(calls) / sizeof(calls[0]);

	if (n % (n_calls + 1) == n_calls) /* well-formed, but not sound */
		return sd_bus_call_method_async(client->bus, NULL, NAME, PATH, MANAGER, "Register",
						on_flood_reply, client, "ssoa{sv}", "x", "\x7f",
						"/", 1, "Size", "s", "-1");
	n %= n_calls;
	return sd_bus_call_method_async(client->bus, NULL, NAME, calls[n].path, calls[n].interface,
					calls[n].member, on_flood_reply, client, calls[n].types,
					"x");
}

static int flood(struct client *client)
{
	int r = 0;

	for (uint64_t n = 0; r >= 0 && n < client->flood; n++)
		r = flood_once(client, n);
	return r;
}

static int call_module(struct client *client, const char *method, const char *types, uint64_t size,
		       int unloaded)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	r = sd_bus_call_method(client->bus, NAME, client->module, MODULE, method, &error, NULL,
			       types, size, unloaded);
	printf("%s %s\n", method, r < 0 ? error.name : "ok");
	return 0;
}

static int register_again(struct client *client, uint64_t size)
{
	_cleanup_free_ char *path = NULL;

	client->size = size;
	if (call_register(client, client->name, &path) >= 0)
		printf("re-registered %s\n", path);
	return 0;
}

static int on_stdin(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct client *client = userdata;
	char line[128];
	uint64_t size;
	int unloaded;

	if (!fgets(line, sizeof(line), stdin))
		return sd_event_exit(client->event, 0);
	if (strcmp(line, "touch\n") == 0)
		return call_module(client, "Touch", NULL, 0, 0);
	if (strcmp(line, "unregister\n") == 0)
		return call_module(client, "Unregister", NULL, 0, 0);
	if (sscanf(line, "register %" SCNu64, &size) == 1)
		return register_again(client, size);
	if (sscanf(line, "report %" SCNu64 " %d", &size, &unloaded) == 2)
		return call_module(client, "Report", "tb", size, unloaded);
	fprintf(stderr, "bus-agent: what is '%s'?\n", line);
	return 0;
}

static int parse_options(int argc, char **argv, struct client *client)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "kind", required_argument, NULL, 'k' },
		{ "size", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'c' },
		{ "counter", required_argument, NULL, 'f' },
		{ "free", required_argument, NULL, 'b' },
		{ "claim", required_argument, NULL, 'l' },
		{ "silent", no_argument, NULL, 'q' },
		{ "die", no_argument, NULL, 'd' },
		{ "result", required_argument, NULL, 'r' },
		{ "flood", required_argument, NULL, 'o' },
		{},
	};
	int c, r = 0;

	while (r >= 0 && (c = getopt_long(argc, argv, "", options, NULL)) >= 0)
		switch (c) {
		case 'n':
			client->name = optarg;
			break;
		case 'k':
			client->kind = optarg;
			break;
		case 's':
			r = parse_bytes(optarg, &client->size);
			break;
		case 'c':
			r = parse_u64(optarg, &client->count);
			break;
		case 'f':
			client->counter = optarg;
			break;
		case 'b':
			client->has_free = true;
			r = parse_bytes(optarg, &client->free_bytes);
			break;
		case 'l':
			client->has_claim = true;
			r = parse_bytes(optarg, &client->claim);
			break;
		case 'q':
			client->silent = true;
			break;
		case 'd':
			client->die = true;
			break;
		case 'r':
			client->result = optarg;
			break;
		case 'o':
			r = parse_u64(optarg, &client->flood);
			break;
		default:
			r = -EINVAL;
		}
	return r;
}

static int run(struct client *client)
{
	char line[16];
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0); /* what stdio holds back, the event loop does not see */
	printf("pid %d\n", getpid());
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	r = sd_event_new(&client->event);
	if (r < 0)
		return r;
	r = sd_bus_open_system(&client->bus);
	if (r < 0)
		return r;
	r = sd_bus_attach_event(client->bus, client->event, 0);
	if (r < 0)
		return r;
	r = sd_bus_add_object_vtable(client->bus, NULL, "/agent", AGENT, agent_vtable, client);
	if (r < 0)
		return r;
	r = sd_event_add_io(client->event, NULL, STDIN_FILENO, EPOLLIN, on_stdin, client);
	if (r < 0)
		return r;
	r = client->flood > 0 ? flood(client) : register_all(client);
	if (r < 0)
		return r;
	return sd_event_loop(client->event);
}

int main(int argc, char **argv)
{
	struct client client = {
		.name = "images", .kind = "cache", .result = "done", .size = 64 << 20
	};
	int r;

	if (parse_options(argc, argv, &client) < 0)
		return 2;
	r = run(&client);
	if (r < 0)
		fprintf(stderr, "bus-agent: %s\n", strerror(-r));
	sd_bus_flush_close_unref(client.bus);
	sd_event_unref(client.event);
	return r < 0;
}
