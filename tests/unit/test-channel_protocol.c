/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversations: what a client says, packet by packet, and what reliefd makes of it
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controller/registry/channel_protocol.h"

#define WHOLE  sizeof(struct relief_message)
#define LONG64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* One packet: the message, how much of it is sent, and what comes of it. */
struct line {
	struct relief_message says;
	size_t size;
	enum channel_event_type becomes;
	int error;	   /* REFUSED: errno ... */
	const char *words; /* ... and something from the sentence */
};

struct conversation {
	const char *name;
	bool introduced; /* by RegisterFD */
	struct line lines[8];
};

#define V .version = RELIEF_MESSAGE_VERSION
#define HELLO                                                     \
	{                                                         \
		{ V, .type = RELIEF_HELLO }, WHOLE, CHANNEL_HELLO \
	}
#define GOOD_REGISTER                                                                          \
	V, .type = RELIEF_REGISTER, .serial = 5, .flags = RELIEF_FLAG_CAN_SHED, .bytes = 1024, \
	   .name = "images"
#define GOOD_ANSWER V, .type = RELIEF_ANSWER, .serial = 9, .module = 1, .bytes = 4096

static const struct conversation conversations[] = {
	{ "a whole life",
	  false,
	  { HELLO,
	    { { GOOD_REGISTER }, WHOLE, CHANNEL_REGISTER },
	    { { V, .type = RELIEF_TOUCH, .module = 1 }, WHOLE, CHANNEL_TOUCH },
	    { { V, .type = RELIEF_REPORT, .module = 1, .bytes = 9, .flags = RELIEF_FLAG_UNLOADED },
	      WHOLE,
	      CHANNEL_REPORT },
	    { { GOOD_ANSWER }, WHOLE, CHANNEL_ANSWER },
	    { { GOOD_ANSWER, .result = 4, .error = 5 }, WHOLE, CHANNEL_ANSWER },
	    { { V, .type = RELIEF_UNREGISTER, .module = 1 }, WHOLE, CHANNEL_UNREGISTER } } },
	{ "introduced on the bus",
	  true,
	  { { { V, .type = RELIEF_TOUCH, .module = 1 }, WHOLE, CHANNEL_TOUCH },
	    { { V, .type = RELIEF_HELLO }, WHOLE, CHANNEL_REFUSED, EPROTO, "HELLO" } } },
	{ "HELLO comes first, and once",
	  false,
	  { { { GOOD_REGISTER }, WHOLE, CHANNEL_REFUSED, EPROTO, "first message must be HELLO" },
	    HELLO,
	    { { V, .type = RELIEF_HELLO }, WHOLE, CHANNEL_REFUSED, EPROTO, "again" },
	    { { GOOD_REGISTER }, WHOLE, CHANNEL_REGISTER } } },
	{ "a HELLO that breaks the rules is none",
	  false,
	  { { { V, .type = RELIEF_HELLO, .serial = 1 }, WHOLE, CHANNEL_REFUSED, EINVAL, "serial" },
	    { { GOOD_REGISTER }, WHOLE, CHANNEL_REFUSED, EPROTO, "HELLO" } } },
	{ "sizes",
	  true,
	  { { { V, .type = RELIEF_TOUCH }, 0, CHANNEL_REFUSED, EBADMSG, "0 bytes" },
	    { { V, .type = RELIEF_TOUCH }, 1, CHANNEL_REFUSED, EBADMSG, "1 bytes" },
	    { { V, .type = RELIEF_TOUCH }, 2, CHANNEL_REFUSED, EMSGSIZE, "has 2" },
	    { { V, .type = RELIEF_TOUCH }, WHOLE - 1, CHANNEL_REFUSED, EMSGSIZE, "144" },
	    { { V, .type = RELIEF_TOUCH }, WHOLE + 1, CHANNEL_REFUSED, EMSGSIZE, "145" },
	    { { V, .type = RELIEF_TOUCH }, 1 << 20, CHANNEL_REFUSED, EMSGSIZE, "1048576" } } },
	{ "versions, whatever their size",
	  true,
	  { { { .version = 0, .type = RELIEF_TOUCH },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EPROTONOSUPPORT,
	      "0" },
	    { { .version = 2 }, 2, CHANNEL_REFUSED, EPROTONOSUPPORT, "version 2 is not spoken" },
	    { { .version = 65535 }, 999, CHANNEL_REFUSED, EPROTONOSUPPORT, "1 is" } } },
	{ "types that clients do not send",
	  true,
	  { { { V, .type = 0 }, WHOLE, CHANNEL_REFUSED, EBADMSG, "type 0" },
	    { { V, .type = RELIEF_REGISTERED }, WHOLE, CHANNEL_REFUSED, EBADMSG, "type 3" },
	    { { V, .type = RELIEF_LEVEL }, WHOLE, CHANNEL_REFUSED, EBADMSG, "type 7" },
	    { { V, .type = RELIEF_REQUEST }, WHOLE, CHANNEL_REFUSED, EBADMSG, "type 8" },
	    { { V, .type = RELIEF_ERROR }, WHOLE, CHANNEL_REFUSED, EBADMSG, "type 10" },
	    { { V, .type = 11 }, WHOLE, CHANNEL_REFUSED, EBADMSG, "type 11" },
	    { { V, .type = 65535 }, WHOLE, CHANNEL_REFUSED, EBADMSG, "type 65535" } } },
	{ "fields that a type does not use",
	  true,
	  { { { V, .type = RELIEF_TOUCH, .bytes = 1 },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "bytes is not used by TOUCH" },
	    { { GOOD_REGISTER, .module = 1 }, WHOLE, CHANNEL_REFUSED, EINVAL, "module" },
	    { { GOOD_REGISTER, .reserved = { 0, 0, 0, 0, 0, 0, 0, 1 } },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "reserved" },
	    { { V, .type = RELIEF_UNREGISTER, .module = 1, .reload_cost_usec = 1 },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "reload_cost_usec is not used by UNREGISTER and must be 0" },
	    { { GOOD_ANSWER, .level = 1 }, WHOLE, CHANNEL_REFUSED, EINVAL, "level" },
	    { { GOOD_ANSWER, .ratio_bp = 1 }, WHOLE, CHANNEL_REFUSED, EINVAL, "ratio_bp" } } },
	{ "a name without end",
	  true,
	  { { { V, .type = RELIEF_REGISTER, .flags = 1, .name = LONG64 },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "name must end with a NUL" } } },
	{ "reports",
	  true,
	  { { { V, .type = RELIEF_REPORT, .module = 1, .bytes = 1ULL << 60 },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "2^60" },
	    { { V, .type = RELIEF_REPORT, .module = 1, .flags = 1U << 4 },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "flags" },
	    { { V, .type = RELIEF_REPORT, .module = 1, .reload_cost_usec = UINT64_MAX },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "reload_cost_usec" } } },
	{ "answers that cannot be",
	  true,
	  { { { GOOD_ANSWER, .result = 5 }, WHOLE, CHANNEL_REFUSED, EINVAL, "result" },
	    { { GOOD_ANSWER, .result = 65535 }, WHOLE, CHANNEL_REFUSED, EINVAL, "result" },
	    { { GOOD_ANSWER, .error = 1 }, WHOLE, CHANNEL_REFUSED, EINVAL, "error" },
	    { { GOOD_ANSWER, .result = 4, .error = -1 }, WHOLE, CHANNEL_REFUSED, EINVAL, "error" },
	    { { GOOD_ANSWER, .result = 4, .error = INT32_MIN },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "error" },
	    { { GOOD_ANSWER, .result = 4, .error = 4096 },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "error" },
	    { { V, .type = RELIEF_ANSWER, .serial = 1, .module = 1, .bytes = UINT64_MAX },
	      WHOLE,
	      CHANNEL_REFUSED,
	      EINVAL,
	      "2^60" } } },
};

static void assert_error(const struct conversation *c, size_t n, const struct line *line,
			 const struct relief_message *error)
{
	assert_int_equal(error->version, RELIEF_MESSAGE_VERSION);
	assert_int_equal(error->type, RELIEF_ERROR);
	assert_non_null(memchr(error->name, '\0', sizeof(error->name)));
	if (error->error != line->error)
		fail_msg("%s, line %zu: errno %d, not %d", c->name, n, error->error, line->error);
	if (!strstr(error->name, line->words))
		fail_msg("%s, line %zu: \"%s\" does not say \"%s\"", c->name, n, error->name,
			 line->words);
	if (line->size == WHOLE && line->says.version == RELIEF_MESSAGE_VERSION)
		assert_true(error->serial == line->says.serial);
}

static void conversations_go_as_written(void **state)
{
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		const struct conversation *c = &conversations[i];
		struct channel_protocol protocol;
		uint32_t n_errors = 0;

		channel_protocol_init(&protocol, c->introduced);
		for (size_t n = 0; n < 8 && (c->lines[n].words || c->lines[n].becomes); n++) {
			const struct line *line = &c->lines[n];
			struct channel_event event;

			channel_protocol_receive(&protocol, &line->says, line->size, &event);
			if (event.type != line->becomes)
				fail_msg("%s, line %zu: event %d (%s)", c->name, n, event.type,
					 event.error.name);
			if (line->becomes == CHANNEL_REFUSED)
				assert_error(c, n, line, &event.error);
			n_errors += line->becomes == CHANNEL_REFUSED;
			assert_int_equal(protocol.n_errors, n_errors);
		}
	}
}

static void what_is_said_arrives(void **state)
{
	struct relief_message message = { GOOD_REGISTER, .kind = 1, .idle_limit_usec = 7,
					  .reload_cost_usec = 8 };
	struct channel_protocol protocol;
	struct channel_event event;

	channel_protocol_init(&protocol, true);
	channel_protocol_receive(&protocol, &message, sizeof(message), &event);
	assert_int_equal(event.serial, 5);
	assert_string_equal(event.description.name, "images");
	assert_int_equal(event.description.kind, MODULE_MODEL);
	assert_int_equal(event.description.flags, MODULE_CAN_SHED);
	assert_int_equal(event.description.size_bytes, 1024);
	assert_int_equal(event.description.idle_limit_usec, 7);
	assert_int_equal(event.description.reload_cost_usec, 8);

	message = (struct relief_message){ GOOD_ANSWER, .result = 4, .error = 12 };
	channel_protocol_receive(&protocol, &message, sizeof(message), &event);
	assert_int_equal(event.module_id, 1);
	assert_int_equal(event.outcome.action_id, 9);
	assert_int_equal(event.outcome.result, RESULT_FAILED);
	assert_int_equal(event.outcome.error, -12);
	assert_int_equal(event.outcome.claimed_bytes, 4096);

	message = (struct relief_message){ V,		.type = RELIEF_REPORT,
					   .module = 3, .bytes = 77,
					   .flags = 7,	.reload_cost_usec = 9 };
	channel_protocol_receive(&protocol, &message, sizeof(message), &event);
	assert_int_equal(event.module_id, 3);
	assert_int_equal(event.size_bytes, 77);
	assert_true(event.unloaded);
	assert_int_equal(event.reload_cost_usec, 9);
	message.flags &= ~(uint32_t)RELIEF_FLAG_UNLOADED;
	channel_protocol_receive(&protocol, &message, sizeof(message), &event);
	assert_false(event.unloaded);
}

static void too_many_errors_end_it(void **state)
{
	struct relief_message message = { V, .type = 99 };
	struct channel_protocol protocol;
	struct channel_event event;

	channel_protocol_init(&protocol, true);
	for (int i = 0; i < RELIEF_CHANNEL_MAX_ERRORS; i++) {
		assert_false(channel_protocol_is_spent(&protocol));
		channel_protocol_receive(&protocol, &message, sizeof(message), &event);
	}
	assert_true(channel_protocol_is_spent(&protocol));
}

static void a_request_says_all_a_client_needs(void **state)
{
	const struct action action = { .id = 41,
				       .rung = RUNG_UNLOAD,
				       .reason = REASON_GOAL_MISSED,
				       .level = LEVEL_CRITICAL,
				       .module_id = 6,
				       .bytes = 1 << 20,
				       .ratio_bp = 5000,
				       .deadline_usec = 1500 };
	struct relief_message message;

	channel_message_request(&action, 500, &message);
	assert_int_equal(message.version, RELIEF_MESSAGE_VERSION);
	assert_int_equal(message.type, RELIEF_REQUEST);
	assert_int_equal(message.serial, 41);
	assert_int_equal(message.module, 6);
	assert_int_equal(message.rung, 3);
	assert_int_equal(message.level, 3);
	assert_int_equal(message.bytes, 1 << 20);
	assert_int_equal(message.ratio_bp, 5000);
	assert_int_equal(message.timeout_usec, 1000);
	assert_string_equal(message.name, reason_name(REASON_GOAL_MISSED));
	channel_message_request(&action, 2000, &message); /* the deadline has passed */
	assert_int_equal(message.timeout_usec, 0);
}

static void every_reason_fits_a_message(void **state)
{
	for (int reason = 0; reason < N_REASONS; reason++)
		assert_true(strlen(reason_name((enum reason)reason)) <= RELIEF_NAME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conversations_go_as_written),
		cmocka_unit_test(what_is_said_arrives),
		cmocka_unit_test(too_many_errors_end_it),
		cmocka_unit_test(a_request_says_all_a_client_needs),
		cmocka_unit_test(every_reason_fits_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
