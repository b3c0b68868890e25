// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flood: a client that wants far too much, and one that talks rubbish
 *
 *	--registrations N   registers N modules, one after the other, on one connection; some must
 *be taken, the rest must be refused with EDQUOT and a reason
 *	--malformed N	    sends N packets that break the rules of relief/message.h in turn (short,
 *			    long, empty version, unknown type, name without end, reserved bytes,
 *random); each must be answered by an ERROR with a reason, or end the connection
 *	--hold TIME	    keeps the registrations for so long before the rubbish begins
 *
 * Ends with status 0 when reliefd behaved as relief/message.h says, else 1.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "controller/client/include/relief/message.h"
#include "tests/support/load.h"

/* Far beyond what an answer takes: reliefd makes a flood wait its turn. */
#define ANSWER_TIMEOUT_SEC 20

struct flood {
	uint64_t registrations, malformed, hold_usec;
};

static int flood_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = RELIEF_SOCKET_PATH };
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_SEC };
	struct relief_message hello = { .version = RELIEF_MESSAGE_VERSION, .type = RELIEF_HELLO };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "cannot connect to %s", RELIEF_SOCKET_PATH);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		err(1, "SO_RCVTIMEO");
	if (send(fd, &hello, sizeof(hello), MSG_NOSIGNAL) < 0)
		err(1, "cannot say hello");
	return fd;
}

/*
 * The next answer, levels passed over. Returns: true, or false when the connection has ended (a
 * reset is an end, too). No answer in time ends the program.
 */
static bool flood_receive(int fd, struct relief_message *ret)
{
	for (;;) {
		ssize_t n = recv(fd, ret, sizeof(*ret), 0);

		if (n < 0 && errno == EAGAIN)
			errx(1, "no answer within %d s", ANSWER_TIMEOUT_SEC);
		if (n <= 0)
			return false;
		if (n != sizeof(*ret))
			errx(1, "an answer of %zd bytes", n);
		if (ret->type != RELIEF_LEVEL && ret->type != RELIEF_REQUEST)
			return true;
	}
}

/* Returns the connection that holds what was registered. */
static int flood_register(uint64_t n)
{
	uint64_t n_taken = 0, n_refused = 0;
	int fd = flood_connect();

	for (uint64_t i = 0; i < n; i++) {
		struct relief_message answer, message = {
			.version = RELIEF_MESSAGE_VERSION,
			.type = RELIEF_REGISTER,
			.flags = RELIEF_FLAG_CAN_SHED,
			.serial = i + 1,
			.bytes = 4096,
		};

		snprintf(message.name, sizeof(message.name), "flood-%" PRIu64, i);
		if (send(fd, &message, sizeof(message), MSG_NOSIGNAL) < 0 ||
		    !flood_receive(fd, &answer)) {
			/* closed for its errors: the registrations end with it */
			close(fd);
			fd = flood_connect();
			i--;
			n_taken = 0;
			continue;
		}
		if (answer.serial != i + 1)
			errx(1, "answer to %" PRIu64 " for %" PRIu64, answer.serial, i + 1);
		if (answer.type == RELIEF_REGISTERED)
			n_taken++;
		else if (answer.type == RELIEF_ERROR && answer.error == EDQUOT && answer.name[0])
			n_refused++;
		else
			errx(1, "type %d, error %d: %s", answer.type, answer.error, answer.name);
	}
	printf("registered %" PRIu64 ", refused %" PRIu64 "\n", n_taken, n_refused);
	if (n_refused == 0 && n >= 1000)
		errx(1, "nobody stopped %" PRIu64 " registrations", n);
	return fd;
}

/* The i-th way to break the rules; returns the packet's length. */
static size_t spoil(uint64_t i, unsigned char *packet, size_t size)
{
	struct relief_message message = {
		.version = RELIEF_MESSAGE_VERSION,
		.type = RELIEF_REGISTER,
		.flags = RELIEF_FLAG_CAN_SHED,
		.serial = i,
		.name = "spoilt",
	};
	size_t length = sizeof(message);

	switch (i % 7) {
	case 0:
		length = 1 + i % (sizeof(message) - 1);
		break;
	case 1:
		length = size;
		break;
	case 2:
		message.version = (uint16_t)(i + 2);
		break;
	case 3:
		message.type = (uint16_t)(11 + i % 1000);
		break;
	case 4:
		memset(message.name, 'x', sizeof(message.name));
		break;
	case 5:
		message.reserved[i % sizeof(message.reserved)] = 1;
		break;
	default:
		message.type = 0;
		break;
	}
	memset(packet, 0, size);
	memcpy(packet, &message, sizeof(message));
	if (i % 7 == 6)
		for (size_t at = 4; at < sizeof(message); at++)
			packet[at] = (unsigned char)random();
	return length;
}

static void flood_spoil(uint64_t n)
{
	unsigned char packet[2 * sizeof(struct relief_message)];
	uint64_t n_errors = 0, n_closed = 0;
	int fd = flood_connect();

	for (uint64_t i = 0; i < n; i++) {
		struct relief_message answer;
		size_t length = spoil(i, packet, sizeof(packet));

		if (send(fd, packet, length, MSG_NOSIGNAL) < 0 || !flood_receive(fd, &answer)) {
			n_closed++;
			close(fd);
			fd = flood_connect();
			continue;
		}
		if (answer.type != RELIEF_ERROR || answer.error <= 0 || !answer.name[0])
			errx(1, "packet %" PRIu64 " is answered by type %d, error %d: '%s'", i,
			     answer.type, answer.error, answer.name);
		n_errors++;
	}
	close(fd);
	printf("malformed %" PRIu64 ", errors %" PRIu64 ", closed %" PRIu64 "\n", n, n_errors,
	       n_closed);
	if (n_errors < n_closed)
		errx(1, "more connections were closed than errors said");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "registrations", required_argument, NULL, 'r' },
		{ "malformed", required_argument, NULL, 'm' },
		{ "hold", required_argument, NULL, 'h' },
		{},
	};
	struct flood flood = {};
	int option, fd = -1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	srandom(1); /* the same rubbish every time */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 'r')
			flood.registrations = load_bytes("registrations", optarg);
		else if (option == 'm')
			flood.malformed = load_bytes("malformed", optarg);
		else if (option == 'h')
			flood.hold_usec = load_usec("hold", optarg);
		else
			errx(2, "usage: flood [--registrations N] [--malformed N] [--hold TIME]");
	if (flood.registrations > 0)
		fd = flood_register(flood.registrations);
	load_sleep_until(load_now_usec() + flood.hold_usec);
	flood_spoil(flood.malformed);
	if (fd >= 0)
		close(fd);
	return 0;
}
