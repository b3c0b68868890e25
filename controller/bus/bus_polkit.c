/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The question to polkit: may the process behind this bus name do that?
 *
 * Root is never asked about (bus_caller.c), so that a host without polkit can be managed. A
 * password is asked for only when the caller's message allows it.
 */

#include <errno.h>

#include "controller/base/cleanup.h"
#include "controller/bus/bus_caller.h"
#include "policies/units.h"

/* A person types a password. */
#define POLKIT_INTERACTIVE_TIMEOUT_USEC (2 * USEC_PER_MIN)
#define POLKIT_ALLOW_INTERACTION	1U

static int bus_polkit_refuse_polkit_error(struct pending_call *pending, const sd_bus_error *problem)
{
	_cleanup_(sd_bus_error_free) sd_bus_error refusal = SD_BUS_ERROR_NULL;

	if (sd_bus_error_has_name(problem, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	    sd_bus_error_has_name(problem, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		sd_bus_error_setf(&refusal, SD_BUS_ERROR_ACCESS_DENIED,
				  "%s needs root here: polkit, which could grant it to others, is "
				  "not running",
				  pending->action);
	else
		sd_bus_error_setf(&refusal, SD_BUS_ERROR_ACCESS_DENIED,
				  "polkit could not decide about %s: %s", pending->action,
				  problem->message);
	pending_call_refuse(pending, &refusal);
	return 0;
}

static int bus_polkit_on_polkit_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_error_free) sd_bus_error refusal = SD_BUS_ERROR_NULL;
	struct pending_call *pending = userdata;
	int authorized = 0, challenge = 0, r;

	if (sd_bus_message_is_method_error(reply, NULL))
		return bus_polkit_refuse_polkit_error(pending, sd_bus_message_get_error(reply));
	r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
	if (r >= 0)
		r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
	if (r >= 0 && authorized) {
		pending_call_run(pending);
		return 0;
	}
	if (r >= 0 && challenge)
		sd_bus_error_setf(
			&refusal, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
			"%s needs a password, and %s", pending->action,
			sd_bus_message_get_allow_interactive_authorization(pending->call) > 0
				? "polkit has no agent that could ask for one"
				: "the call does not allow to ask for one");
	else
		sd_bus_error_setf(&refusal, SD_BUS_ERROR_ACCESS_DENIED,
				  "polkit does not grant %s to this user", pending->action);
	pending_call_refuse(pending, &refusal);
	return 0;
}

int polkit_ask(struct pending_call *pending, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *question = NULL;
	sd_bus *connection = sd_bus_message_get_bus(pending->call);
	bool interactive = sd_bus_message_get_allow_interactive_authorization(pending->call) > 0;
	int r;

	r = sd_bus_message_new_method_call(connection, &question, "org.freedesktop.PolicyKit1",
					   "/org/freedesktop/PolicyKit1/Authority",
					   "org.freedesktop.PolicyKit1.Authority",
					   "CheckAuthorization");
	if (r < 0)
		return r;
	r = sd_bus_message_append(question, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
				  sd_bus_message_get_sender(pending->call), pending->action, 0,
				  interactive ? POLKIT_ALLOW_INTERACTION : 0U, "");
	if (r < 0)
		return r;
	pending->query = sd_bus_slot_unref(pending->query);
	return sd_bus_call_async(connection, &pending->query, question, bus_polkit_on_polkit_answer,
				 pending, interactive ? POLKIT_INTERACTIVE_TIMEOUT_USEC : 0);
}
