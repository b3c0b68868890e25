/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet passes four gates before its content is looked at: version, size, type, and that every
 * field the type does not use is 0 (so that a later version can give them a meaning). rules[] says
 * which type uses which fields; a new message type is one row and one function.
 */
#include "controller/registry/channel_protocol.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/cleanup.h"

_Static_assert((int)RELIEF_FLAG_CAN_SHED == MODULE_CAN_SHED &&
		       (int)RELIEF_FLAG_CAN_UNLOAD == MODULE_CAN_UNLOAD &&
		       (int)RELIEF_FLAG_UNLOADED == MODULE_IS_UNLOADED &&
		       (int)RELIEF_FLAG_KEEP == MODULE_IS_KEPT,
	       "flags on the channel are the judgement's");
_Static_assert(MODULE_CACHE == 0 && MODULE_OTHER == 4 && RUNG_SHED == 2 && RUNG_UNLOAD == 3 &&
		       LEVEL_CRITICAL == 3 && RESULT_DONE == 0 && RESULT_FAILED == 4,
	       "numbers on the channel are the judgement's");
_Static_assert(RELIEF_NAME_MAX + 1 == MODULE_NAME_SIZE, "a name fits");

/* A client may repeat all flags in REPORT; only UNLOADED counts there. */
#define KNOWN_FLAGS \
	(RELIEF_FLAG_CAN_SHED | RELIEF_FLAG_CAN_UNLOAD | RELIEF_FLAG_UNLOADED | RELIEF_FLAG_KEEP)
#define MAX_ERRNO 4095 /* the kernel's; a larger `error` is no errno */

enum field_bit {
	FLAGS = 1 << 0,
	SERIAL = 1 << 1,
	MODULE = 1 << 2,
	BYTES = 1 << 3,
	TIMEOUT_USEC = 1 << 4,
	IDLE_LIMIT_USEC = 1 << 5,
	RELOAD_COST_USEC = 1 << 6,
	RATIO_BP = 1 << 7,
	KIND = 1 << 8,
	RUNG = 1 << 9,
	LEVEL = 1 << 10,
	RESULT = 1 << 11,
	ERROR = 1 << 12,
	NAME = 1 << 13,
};

#define FIELD(bit, member)                                              \
	{                                                               \
		bit, #member, offsetof(struct relief_message, member),  \
			sizeof(((struct relief_message *)NULL)->member) \
	}

static const struct field {
	uint32_t bit;
	const char *name;
	size_t offset, size;
} fields[] = {
	FIELD(FLAGS, flags),
	FIELD(SERIAL, serial),
	FIELD(MODULE, module),
	FIELD(BYTES, bytes),
	FIELD(TIMEOUT_USEC, timeout_usec),
	FIELD(IDLE_LIMIT_USEC, idle_limit_usec),
	FIELD(RELOAD_COST_USEC, reload_cost_usec),
	FIELD(RATIO_BP, ratio_bp),
	FIELD(KIND, kind),
	FIELD(RUNG, rung),
	FIELD(LEVEL, level),
	FIELD(RESULT, result),
	FIELD(ERROR, error),
	FIELD(NAME, name),
	FIELD(0, reserved), /* used by nobody */
};

void channel_protocol_init(struct channel_protocol *protocol, bool greeted)
{
	*protocol = (struct channel_protocol){ .greeted = greeted };
}

bool channel_protocol_is_spent(const struct channel_protocol *protocol)
{
	return protocol->n_errors >= RELIEF_CHANNEL_MAX_ERRORS;
}

static void channel_protocol_message_init(struct relief_message *message,
					  enum relief_message_type type, uint64_t serial)
{
	memset(message, 0, sizeof(*message));
	message->version = RELIEF_MESSAGE_VERSION;
	message->type = (uint16_t)type;
	message->serial = serial;
}

void channel_protocol_refuse(struct channel_protocol *protocol, uint64_t serial, int error,
			     const char *problem, struct relief_message *ret)
{
	channel_protocol_message_init(ret, RELIEF_ERROR, serial);
	ret->error = error;
	snprintf(ret->name, sizeof(ret->name), "%s", problem);
	protocol->n_errors++;
}

void channel_message_registered(uint64_t serial, uint64_t module_id, struct relief_message *ret)
{
	channel_protocol_message_init(ret, RELIEF_REGISTERED, serial);
	ret->module = module_id;
}

void channel_message_unregistered(uint64_t module_id, struct relief_message *ret)
{
	channel_protocol_message_init(ret, RELIEF_ERROR, 0);
	ret->module = module_id;
	ret->error = ENOENT;
	strcpy(ret->name, "an administrator unregistered it");
}

void channel_message_level(enum level level, struct relief_message *ret)
{
	channel_protocol_message_init(ret, RELIEF_LEVEL, 0);
	ret->level = (uint16_t)level;
}

void channel_message_request(const struct action *action, uint64_t now_usec,
			     struct relief_message *ret)
{
	channel_protocol_message_init(ret, RELIEF_REQUEST, action->id);
	ret->module = action->module_id;
	ret->rung = (uint16_t)action->rung;
	ret->bytes = action->bytes;
	ret->ratio_bp = action->ratio_bp;
	ret->timeout_usec = u64_sub(action->deadline_usec, now_usec);
	ret->level = (uint16_t)action->level;
	snprintf(ret->name, sizeof(ret->name), "%s", reason_name(action->reason));
}

/* ---- receiving ---- */

/* What is wrong with a packet; error 0: nothing. */
struct problem {
	int error;
	char text[RELIEF_NAME_MAX + 1];
};

static bool channel_protocol_problem_set(struct problem *problem, int error, const char *format,
					 ...) _printf_(3, 4);

static bool channel_protocol_problem_set(struct problem *problem, int error, const char *format,
					 ...)
{
	va_list args;

	problem->error = error;
	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	return false;
}

static bool channel_protocol_read_hello(const struct relief_message *message,
					struct channel_event *event, struct problem *problem)
{
	event->type = CHANNEL_HELLO;
	return true;
}

static bool channel_protocol_read_register(const struct relief_message *message,
					   struct channel_event *event, struct problem *problem)
{
	event->type = CHANNEL_REGISTER;
	if (!memchr(message->name, '\0', sizeof(message->name)))
		return channel_protocol_problem_set(problem, EINVAL,
						    "name must end with a NUL within its 64 bytes");
	event->description = (struct module_description){
		.kind = (enum module_kind)message->kind,
		.flags = message->flags,
		.size_bytes = message->bytes,
		.idle_limit_usec = message->idle_limit_usec,
		.reload_cost_usec = message->reload_cost_usec,
	};
	strcpy(event->description.name, message->name);
	return true;
}

static bool channel_protocol_read_unregister(const struct relief_message *message,
					     struct channel_event *event, struct problem *problem)
{
	event->type = CHANNEL_UNREGISTER;
	return true;
}

static bool channel_protocol_read_touch(const struct relief_message *message,
					struct channel_event *event, struct problem *problem)
{
	event->type = CHANNEL_TOUCH;
	return true;
}

static bool channel_protocol_read_report(const struct relief_message *message,
					 struct channel_event *event, struct problem *problem)
{
	event->type = CHANNEL_REPORT;
	event->size_bytes = message->bytes;
	event->unloaded = message->flags & RELIEF_FLAG_UNLOADED;
	event->reload_cost_usec = message->reload_cost_usec;
	if (message->flags & ~KNOWN_FLAGS)
		return channel_protocol_problem_set(problem, EINVAL, "unknown flags are set");
	if (message->bytes >= MODULE_AMOUNT_LIMIT ||
	    message->reload_cost_usec >= MODULE_AMOUNT_LIMIT)
		return channel_protocol_problem_set(problem, EINVAL,
						    "bytes and reload_cost_usec must be < 2^60");
	return true;
}

static bool channel_protocol_read_answer(const struct relief_message *message,
					 struct channel_event *event, struct problem *problem)
{
	bool failed = message->result == RESULT_FAILED;

	event->type = CHANNEL_ANSWER;
	event->outcome = (struct outcome){
		.action_id = message->serial,
		.result = (enum result)message->result,
		.claimed_bytes = message->bytes,
	};
	if (message->result > RESULT_FAILED)
		return channel_protocol_problem_set(problem, EINVAL,
						    "result must be 0 (done) to 4 (failed)");
	if (message->error < 0 || message->error > MAX_ERRNO || (message->error > 0 && !failed))
		return channel_protocol_problem_set(
			problem, EINVAL, "error must be a positive errno, or 0 if not failed");
	if (message->bytes >= MODULE_AMOUNT_LIMIT)
		return channel_protocol_problem_set(problem, EINVAL, "bytes must be below 2^60");
	event->outcome.error = -message->error;
	return true;
}

static const struct rule {
	const char *name;
	uint32_t uses; /* enum field_bit */
	bool (*read)(const struct relief_message *message, struct channel_event *event,
		     struct problem *problem);
} rules[] = {
	[RELIEF_HELLO] = { "HELLO", 0, channel_protocol_read_hello },
	[RELIEF_REGISTER] = { "REGISTER",
			      SERIAL | NAME | KIND | BYTES | FLAGS | IDLE_LIMIT_USEC |
				      RELOAD_COST_USEC,
			      channel_protocol_read_register },
	[RELIEF_UNREGISTER] = { "UNREGISTER", MODULE, channel_protocol_read_unregister },
	[RELIEF_TOUCH] = { "TOUCH", MODULE, channel_protocol_read_touch },
	[RELIEF_REPORT] = { "REPORT", MODULE | BYTES | FLAGS | RELOAD_COST_USEC,
			    channel_protocol_read_report },
	[RELIEF_ANSWER] = { "ANSWER", SERIAL | MODULE | BYTES | RESULT | ERROR,
			    channel_protocol_read_answer },
	/* The others are reliefd's to send. */
};

static bool channel_protocol_check_unused(const struct relief_message *message,
					  const struct rule *rule, struct problem *problem)
{
	static const char zeroes[sizeof(message->name)];

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *field = &fields[i];

		if (!(rule->uses & field->bit) &&
		    memcmp((const char *)message + field->offset, zeroes, field->size) != 0)
			return channel_protocol_problem_set(problem, EINVAL,
							    "%s is not used by %s and must be 0",
							    field->name, rule->name);
	}
	return true;
}

/* Version first: another version may well have another size. */
static bool channel_protocol_check_frame(const void *packet, size_t size,
					 struct relief_message *message, struct problem *problem)
{
	uint16_t version;

	if (size < sizeof(version))
		return channel_protocol_problem_set(problem, EBADMSG,
						    "%zu bytes are too few for a message", size);
	memcpy(&version, packet, sizeof(version));
	if (version != RELIEF_MESSAGE_VERSION)
		return channel_protocol_problem_set(problem, EPROTONOSUPPORT,
						    "version %u is not spoken here, %u is", version,
						    RELIEF_MESSAGE_VERSION);
	if (size != sizeof(*message))
		return channel_protocol_problem_set(problem, EMSGSIZE,
						    "a message has %zu bytes, this one has %zu",
						    sizeof(*message), size);
	memcpy(message, packet, sizeof(*message));
	return true;
}

static bool channel_protocol_read_packet(struct channel_protocol *protocol, const void *packet,
					 size_t size, struct channel_event *event,
					 struct problem *problem)
{
	struct relief_message message;
	const struct rule *rule;

	if (!channel_protocol_check_frame(packet, size, &message, problem))
		return false;
	event->serial = message.serial;
	event->module_id = message.module;
	if (message.type >= sizeof(rules) / sizeof(rules[0]) || !rules[message.type].read)
		return channel_protocol_problem_set(
			problem, EBADMSG, "type %u is not one that clients send", message.type);
	rule = &rules[message.type];
	if (!protocol->greeted && message.type != RELIEF_HELLO)
		return channel_protocol_problem_set(problem, EPROTO,
						    "the first message must be HELLO");
	if (protocol->greeted && message.type == RELIEF_HELLO)
		return channel_protocol_problem_set(problem, EPROTO,
						    "HELLO is not expected (again)");
	return channel_protocol_check_unused(&message, rule, problem) &&
	       rule->read(&message, event, problem);
}

void channel_protocol_receive(struct channel_protocol *protocol, const void *packet, size_t size,
			      struct channel_event *ret)
{
	struct problem problem = { 0 };

	memset(ret, 0, sizeof(*ret));
	if (!channel_protocol_read_packet(protocol, packet, size, ret, &problem)) {
		ret->type = CHANNEL_REFUSED;
		channel_protocol_refuse(protocol, ret->serial, problem.error, problem.text,
					&ret->error);
	} else if (ret->type == CHANNEL_HELLO) {
		protocol->greeted = true;
	}
}
