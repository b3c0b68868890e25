/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *    method call ─▶ known sender? ─ no ─▶ ask the bus ┐
 *                        │ yes ◀─────────────────────┘
 *                        ▼
 *                  action and not root? ─ yes ─▶ ask polkit ─ no ─▶ error reply
 *                        │ no                        │ yes
 *                        ▼                           ▼
 *                     handler ◀──────────────────────┘
 *
 * Nothing here waits: dbus-daemon and polkit may be the ones that stall when memory is short.
 */

#include "controller/bus/bus_caller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/cleanup.h"
#include "controller/registry/client_identity.h"

static struct caller *bus_caller_callers_find(struct callers *callers, const char *name)
{
	for (size_t i = 0; i < CALLERS_MAX_KNOWN; i++)
		if (strcmp(callers->known[i].name, name) == 0)
			return &callers->known[i];
	return NULL;
}

static void bus_caller_callers_remember(struct callers *callers, const struct caller *caller)
{
	if (caller->name[0] == '\0' || bus_caller_callers_find(callers, caller->name))
		return;
	callers->known[callers->next_known] = *caller;
	callers->next_known = (callers->next_known + 1) % CALLERS_MAX_KNOWN;
}

static struct pending_call *bus_caller_pending_call_free(struct pending_call *pending)
{
	LIST_REMOVE(pending, others);
	sd_bus_slot_unref(pending->query);
	sd_bus_message_unref(pending->call);
	free(pending);
	return NULL;
}

/* NULL: no memory, or as many calls wait as may. */
static struct pending_call *bus_caller_pending_call_new(struct callers *callers,
							sd_bus_message *call)
{
	const char *sender = sd_bus_message_get_sender(call);
	struct pending_call *pending;
	size_t n = 0, n_of_sender = 0;

	for (pending = LIST_FIRST(&callers->pending); pending;
	     pending = LIST_NEXT(pending, others)) {
		n++;
		n_of_sender += strcmp(sd_bus_message_get_sender(pending->call), sender) == 0;
	}
	if (n >= CALLERS_MAX_PENDING || n_of_sender >= CALLERS_MAX_OF_SENDER)
		return NULL;
	pending = calloc(1, sizeof(*pending));
	if (!pending)
		return NULL;
	pending->callers = callers;
	pending->call = sd_bus_message_ref(call);
	LIST_INSERT_HEAD(&callers->pending, pending, others);
	return pending;
}

void callers_drop_all(struct callers *callers)
{
	while (!LIST_EMPTY(&callers->pending))
		bus_caller_pending_call_free(LIST_FIRST(&callers->pending));
	memset(callers->known, 0, sizeof(callers->known));
}

void pending_call_refuse(struct pending_call *pending, const sd_bus_error *error)
{
	sd_bus_reply_method_error(pending->call, error);
	bus_caller_pending_call_free(pending);
}

void pending_call_run(struct pending_call *pending)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	r = pending->handler(pending->callers->bus, pending->call, &pending->caller, &error);
	if (r < 0)
		sd_bus_reply_method_errno(pending->call, r, &error);
	bus_caller_pending_call_free(pending);
}

static int bus_caller_too_many(sd_bus_error *error)
{
	return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
				"Too many calls wait to be authorized; try again later");
}

static int bus_caller_pending_call_ask_polkit(struct pending_call *pending, sd_bus_error *error)
{
	const struct pending_call *other = LIST_FIRST(&pending->callers->pending);
	size_t n = 0;

	for (; other; other = LIST_NEXT(other, others))
		n += other->at_polkit && other->caller.uid == pending->caller.uid;
	if (n >= CALLERS_MAX_AT_POLKIT)
		return bus_caller_too_many(error);
	pending->at_polkit = true;
	return polkit_ask(pending, error);
}

/* It is known who calls. */
static void bus_caller_pending_call_identified(struct pending_call *pending)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	if (!pending->action || pending->caller.uid == 0) {
		pending_call_run(pending);
		return;
	}
	r = bus_caller_pending_call_ask_polkit(pending, &error);
	if (r < 0) {
		if (!sd_bus_error_is_set(&error))
			sd_bus_error_set_errno(&error, r);
		pending_call_refuse(pending, &error);
	}
}

static int bus_caller_on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_error_free) sd_bus_error refusal = SD_BUS_ERROR_NULL;
	struct pending_call *pending = userdata;
	const char *sender = sd_bus_message_get_sender(pending->call);
	int r;

	r = sd_bus_message_is_method_error(reply, NULL)
		    ? -ESRCH
		    : client_identity_read_credentials(reply, &pending->caller.uid,
						       &pending->caller.pid);
	if (r < 0) {
		sd_bus_error_setf(&refusal, SD_BUS_ERROR_ACCESS_DENIED,
				  "The bus does not say who %s is; it may have disconnected",
				  sender);
		pending_call_refuse(pending, &refusal);
		return 0;
	}
	if (strlen(sender) < CALLER_NAME_SIZE)
		strcpy(pending->caller.name, sender);
	bus_caller_callers_remember(pending->callers, &pending->caller);
	bus_caller_pending_call_identified(pending);
	return 0;
}

static int bus_caller_callers_ask(struct pending_call *pending)
{
	return sd_bus_call_method_async(
		sd_bus_message_get_bus(pending->call), &pending->query, "org.freedesktop.DBus",
		"/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionCredentials",
		bus_caller_on_credentials, pending, "s", sd_bus_message_get_sender(pending->call));
}

int callers_admit(struct callers *callers, sd_bus_message *call, const char *action,
		  caller_handler handler, sd_bus_error *error)
{
	const char *sender = sd_bus_message_get_sender(call);
	struct pending_call *pending;
	struct caller *caller;
	int r;

	if (!sender)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"The call has no sender");
	pending = bus_caller_pending_call_new(callers, call);
	if (!pending)
		return bus_caller_too_many(error);
	pending->action = action;
	pending->handler = handler;
	caller = bus_caller_callers_find(callers, sender);
	if (caller) {
		pending->caller = *caller;
		bus_caller_pending_call_identified(pending);
		return 1;
	}
	r = bus_caller_callers_ask(pending);
	if (r < 0) {
		bus_caller_pending_call_free(pending);
		return r;
	}
	return 1;
}
