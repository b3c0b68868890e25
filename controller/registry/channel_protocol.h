/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Channel protocol: what one packet from a client means, and the messages that go back
 *
 * Pure: bytes in, an event or an error message out. relief/message.h is the format and the rules;
 * channels.c does the input and output.
 */

#include <stdbool.h>
#include <stddef.h>

#include "controller/client/include/relief/message.h"
#include "controller/registry/module_description.h"
#include "policies/decision.h"

enum channel_event_type {
	CHANNEL_REFUSED, /* against the rules: send `error` back */
	CHANNEL_HELLO,
	CHANNEL_REGISTER,
	CHANNEL_UNREGISTER,
	CHANNEL_TOUCH,
	CHANNEL_REPORT,
	CHANNEL_ANSWER,
};

struct channel_event {
	enum channel_event_type type;
	uint64_t serial;
	uint64_t module_id; /* not with HELLO, REGISTER */
	struct module_description
		description;	     /* REGISTER; not yet checked but for the name's NUL */
	uint64_t size_bytes;	     /* REPORT */
	bool unloaded;		     /* REPORT */
	uint64_t reload_cost_usec;   /* REPORT; 0: as before */
	struct outcome outcome;	     /* ANSWER; finished_usec is 0 */
	struct relief_message error; /* REFUSED */
};

/* What must be remembered of one conversation. */
struct channel_protocol {
	bool greeted;
	uint32_t n_errors;
};

/* greeted: the client was introduced on the bus and sends no HELLO. */
void channel_protocol_init(struct channel_protocol *protocol, bool greeted);
/* Reads one packet; size may be anything, but at most sizeof(struct relief_message) is read. */
void channel_protocol_receive(struct channel_protocol *protocol, const void *packet, size_t size,
			      struct channel_event *ret);
/*
 * An error message, counted as one of the client's; error: positive errno. The text is cut to what
 * fits a message.
 */
void channel_protocol_refuse(struct channel_protocol *protocol, uint64_t serial, int error,
			     const char *problem, struct relief_message *ret);
/* So many errors that the channel is to be closed. */
bool channel_protocol_is_spent(const struct channel_protocol *protocol);

/* Messages to the client. */
void channel_message_registered(uint64_t serial, uint64_t module_id, struct relief_message *ret);
void channel_message_unregistered(uint64_t module_id, struct relief_message *ret);
void channel_message_level(enum level level, struct relief_message *ret);
void channel_message_request(const struct action *action, uint64_t now_usec,
			     struct relief_message *ret);
