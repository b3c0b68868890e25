/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The channel: messages between reliefd and a client
 *
 * A channel is one SOCK_SEQPACKET connection: either to RELIEF_SOCKET_PATH, or the descriptor that
 * org.reliefd.Relief1.Manager.RegisterFD() returned. Every message is exactly one packet of
 * sizeof(struct relief_message) bytes, in host byte order (both ends run on one machine); unused
 * fields are 0. Who the client is, reliefd takes from the kernel (SO_PEERCRED) and the cgroup of
 * that process, never from a message. Closing the channel unregisters all its modules.
 *
 *    client                                        reliefd
 *      HELLO ------------------------------------>           first, once (not with RegisterFD)
 *      REGISTER (serial, name, kind, bytes, ...) ->
 *        <------------------------- REGISTERED (serial, module) or ERROR (serial, error)
 *      TOUCH / REPORT / UNREGISTER (module) ------>          no answer
 *        <-------------- LEVEL (level)                       whenever the client's level changes
 *        <-------------- REQUEST (serial, module, rung, bytes, ratio, timeout, level, reason)
 *      ANSWER (serial, module, bytes freed, result) ->       once per REQUEST
 *
 * A message that breaks these rules is answered by ERROR, which says in `name` what was wrong and
 * repeats the serial and the module that were given; after RELIEF_CHANNEL_MAX_ERRORS of them the
 * channel is closed. ENOENT without a serial tells the owner that its module was unregistered by an
 * administrator. A version that reliefd does not speak gets ERROR with error = EPROTONOSUPPORT and
 * the version it does speak.
 */

#include <stdint.h>

#define RELIEF_SOCKET_PATH	  "/run/reliefd/relief.sock"
#define RELIEF_MESSAGE_VERSION	  1
#define RELIEF_NAME_MAX		  63 /* bytes, without the NUL */
#define RELIEF_CHANNEL_MAX_ERRORS 64

enum relief_message_type {
	RELIEF_HELLO = 1,
	RELIEF_REGISTER = 2,
	RELIEF_REGISTERED = 3,
	RELIEF_UNREGISTER = 4,
	RELIEF_TOUCH = 5,  /* the module was used just now */
	RELIEF_REPORT = 6, /* bytes: its size now; flags: loaded or not */
	RELIEF_LEVEL = 7,
	RELIEF_REQUEST = 8,
	RELIEF_ANSWER = 9,
	RELIEF_ERROR = 10,
};

enum relief_message_flag {
	RELIEF_FLAG_CAN_SHED = 1U << 0,
	RELIEF_FLAG_CAN_UNLOAD = 1U << 1,
	RELIEF_FLAG_UNLOADED = 1U << 2,
	RELIEF_FLAG_KEEP = 1U << 3, /* spare me below level `high` */
};

struct relief_message {
	uint16_t version;	   /* RELIEF_MESSAGE_VERSION */
	uint16_t type;		   /* enum relief_message_type */
	uint32_t flags;		   /* REGISTER: relief_message_flag; REPORT: UNLOADED or 0 */
	uint64_t serial;	   /* REGISTER: the client's; REQUEST: reliefd's; echoed back */
	uint64_t module;	   /* id from REGISTERED */
	uint64_t bytes;		   /* REGISTER, REPORT: size; REQUEST: asked; ANSWER: freed */
	uint64_t timeout_usec;	   /* REQUEST: an answer after this is late */
	uint64_t idle_limit_usec;  /* REGISTER: idle this long before unload; 0: reliefd's choice */
	uint64_t reload_cost_usec; /* REGISTER, REPORT (0: as before): time to load it again */
	uint32_t ratio_bp;	   /* REQUEST: the share of its size to give, 1 to 10000 */
	uint16_t kind;		   /* REGISTER: 0 cache, 1 model, 2 pool, 3 worker, 4 other */
	uint16_t rung;		   /* REQUEST: 2 shed, 3 unload */
	uint16_t level;		   /* REQUEST, LEVEL: 0 low, 1 medium, 2 high, 3 critical */
	uint16_t result;	   /* ANSWER: 0 done, 1 partial, 2 busy, 3 nothing left, 4 failed */
	int32_t error;		   /* ERROR, ANSWER with failed: a positive errno */
	/* REGISTER: the name; REQUEST: the reason; ERROR: what is wrong. Ends with a NUL. */
	char name[RELIEF_NAME_MAX + 1];
	uint8_t reserved[8]; /* 0 */
};

_Static_assert(sizeof(struct relief_message) == 144, "the message format is fixed");
