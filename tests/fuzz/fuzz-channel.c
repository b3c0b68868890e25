/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client may send on a channel, all the way: socket, event loop, protocol, registry
 *
 * An input is a conversation on one connection:
 *
 *    byte  bits 0-3  0: raw packet, the next byte is its size
 *                    1 to 10: a message of that type, sound but for what follows
 *                    other: reliefd sends the module a request
 *          bits 4-7  with a message: so many changes follow, each an offset and a value
 *
 * After every conversation: all packets that came back were messages, the other client's module is
 * still there, and nothing of this client is left when it has gone.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/registry_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Beyond this the rate limit, not the content, decides. */
#define PACKETS_PER_CONVERSATION 160
#define PACKETS_PER_TURN	 4

static struct world world;
static struct module *bystander;
static int bystander_fd;
static uint64_t last_action_id;

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-channel: %s\n", what);
	abort();
}

static struct module *connect_client(const char *name, int *ret_fd)
{
	struct client client = world_client(&world, 1000, "/system.slice/a.service");
	struct module_description description = world_cache(name);
	const char *problem;
	struct module *module;

	check(channels_register(world.channels, &client, &description, &module, ret_fd, &problem) ==
		      0,
	      "a client could not connect");
	return module;
}

static void finish(void)
{
	close(bystander_fd);
	world_done(&world);
}

static void prepare(void)
{
	world_init(&world, 64, 0, 16);
	bystander = connect_client("bystander", &bystander_fd);
	atexit(finish);
}

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t take(struct input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

static void send_raw(int fd, struct input *input)
{
	size_t size = take(input);

	if (size > input->size)
		size = input->size;
	send(fd, input->data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	input->data += size;
	input->size -= size;
}

static void send_message(int fd, struct input *input, uint8_t first, uint64_t module_id)
{
	struct relief_message message = world_message((enum relief_message_type)(first & 0xf));

	message.module = message.type == RELIEF_REGISTER ? 0 : module_id;
	if (message.type == RELIEF_REGISTER) {
		message.flags = RELIEF_FLAG_CAN_SHED;
		snprintf(message.name, sizeof(message.name), "m%u", take(input) % 20);
	} else if (message.type == RELIEF_ANSWER) {
		message.serial = last_action_id;
	}
	for (unsigned int n = first >> 4; n > 0; n--) {
		size_t offset = take(input) % sizeof(message);

		((uint8_t *)&message)[offset] = take(input);
	}
	world_send(fd, &message);
}

static void send_request(uint64_t module_id)
{
	struct module *module = registry_find(world.registry, module_id);
	struct action action;

	if (!module)
		return;
	last_action_id++; /* every other one is past its deadline at once */
	action = world_action(&world, module, last_action_id, last_action_id % 2);
	registry_send(world.registry, &action);
}

/* Reads what came back. Returns: false when the channel was closed. */
static bool drain(int fd)
{
	struct relief_message message;
	int got;

	while ((got = world_receive(fd, &message)) > 0) {
		check(message.type == RELIEF_REGISTERED || message.type == RELIEF_LEVEL ||
			      message.type == RELIEF_REQUEST || message.type == RELIEF_ERROR,
		      "a message that is not reliefd's to send");
		check(memchr(message.name, '\0', sizeof(message.name)) != NULL,
		      "a name without end");
		check(message.type != RELIEF_ERROR || message.error > 0, "an error without errno");
	}
	return got == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint64_t module_id;
	int fd;

	if (!world.event)
		prepare();
	module_id = connect_client("fuzzed", &fd)->id;
	world.outcomes.n = 0;
	for (int i = 0; i < PACKETS_PER_CONVERSATION && input.size > 0; i++) {
		uint8_t first = take(&input);

		if ((first & 0xf) == 0)
			send_raw(fd, &input);
		else if ((first & 0xf) <= RELIEF_ERROR)
			send_message(fd, &input, first, module_id);
		else
			send_request(module_id);
		if (i % PACKETS_PER_TURN == 0)
			world_run(&world, 0);
		if (!drain(fd))
			break;
	}
	close(fd);
	world_run(&world, 0);
	check(registry_size(world.registry) == 1, "something is left of a client that has gone");
	check(registry_next(world.registry, 0) == bystander, "the bystander's module is gone");
	return 0;
}
