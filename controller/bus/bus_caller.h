/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Caller: who calls, and whether it may
 *
 * Both are asked of other processes (the bus, polkit), so both are asked asynchronously: a method
 * that needs to know passes its handler to callers_admit() and goes on when the answers are there.
 */

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

struct bus;

/*
 * Calls that wait for an answer about their sender: so many in all and of one sender, who may
 * register all the modules of its quota without waiting for the replies; and of one user at
 * polkit, where a dialogue can stay open for minutes. More are refused.
 */
#define CALLERS_MAX_PENDING   1024
#define CALLERS_MAX_OF_SENDER 256
#define CALLERS_MAX_AT_POLKIT 16
/* Senders remembered. A unique name is never given out twice while the bus lives. */
#define CALLERS_MAX_KNOWN 32
#define CALLER_NAME_SIZE  24 /* ":1." and a number; longer names are not remembered */

#define POLKIT_ACTION_RELIEVE "org.reliefd.relieve"
#define POLKIT_ACTION_MANAGE  "org.reliefd.manage"

struct caller {
	char name[CALLER_NAME_SIZE];
	uid_t uid;
	pid_t pid;
};

/*
 * Carries out a method call and replies to it.
 * Returns: 0; or negative errno, and what `error` says is sent as the reply.
 */
typedef int (*caller_handler)(struct bus *bus, sd_bus_message *call, const struct caller *caller,
			      sd_bus_error *error);

/* A call on its way through. */
struct pending_call {
	struct callers *callers;
	sd_bus_message *call;
	sd_bus_slot *query; /* of the bus or polkit */
	const char *action; /* polkit's name; NULL: everybody may */
	bool at_polkit;
	caller_handler handler;
	struct caller caller;
	LIST_ENTRY(pending_call) others;
};

struct callers {
	struct bus *bus; /* for the handlers */
	struct caller known[CALLERS_MAX_KNOWN];
	size_t next_known; /* the one to overwrite */
	LIST_HEAD(, pending_call) pending;
};

/*
 * Runs the handler as soon as it is known who calls and, with an action, that it may: at once for
 * a sender seen before, if it needs no polkit. A vtable method returns what this returns.
 */
int callers_admit(struct callers *callers, sd_bus_message *call, const char *action,
		  caller_handler handler, sd_bus_error *error);
/* The connection is gone: so is everybody known and everything asked. */
void callers_drop_all(struct callers *callers);

/* bus_polkit.c: asks polkit about pending->action; goes on with pending_call_run() or _refuse(). */
int polkit_ask(struct pending_call *pending, sd_bus_error *error);
/* bus_caller.c: the call may go on; releases `pending`. */
void pending_call_run(struct pending_call *pending);
/* The call ends here with this error; releases `pending`. */
void pending_call_refuse(struct pending_call *pending, const sd_bus_error *error);
