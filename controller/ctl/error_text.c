/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/error_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DBUS_ERROR  "org.freedesktop.DBus.Error."
#define OWN_ERROR   "org.reliefd.Relief1.Error."
#define NOT_RUNNING "reliefd is not running; systemctl start reliefd starts it"
#define NO_ANSWER \
	"reliefd did not answer in time; see systemctl status reliefd, and journalctl -u reliefd"
#define BUS_GONE "the system bus closed the connection; see systemctl status dbus, and try again"
#define OTHER_VERSION \
	"the running reliefd is of another version than this reliefctl; systemctl restart reliefd"
#define NO_OBJECT \
	"there is no such object; reliefctl list and reliefctl list modules show what there is"
#define NO_MEMORY "there is no memory for the answer; try again"

/* An entry with `sudo` gets "use sudo reliefctl VERB" behind it, one with `message` the error's
 * words before. */
static const struct row {
	const char *name;
	int error; /* of the library, for calls that no error message answered */
	int status;
	const char *text;
	bool message, sudo;
} rows[] = {
	{ DBUS_ERROR "ServiceUnknown", EHOSTUNREACH, CTL_NOT_RUNNING, NOT_RUNNING },
	{ DBUS_ERROR "NameHasNoOwner", ENXIO, CTL_NOT_RUNNING, NOT_RUNNING },
	{ DBUS_ERROR "NoReply", ETIMEDOUT, CTL_FAILURE, NO_ANSWER },
	{ DBUS_ERROR "Timeout", ETIMEDOUT, CTL_FAILURE, NO_ANSWER },
	{ DBUS_ERROR "TimedOut", ETIMEDOUT, CTL_FAILURE, NO_ANSWER },
	{ DBUS_ERROR "Disconnected", ECONNRESET, CTL_UNKNOWN, BUS_GONE },
	{ DBUS_ERROR "NoServer", ENOTCONN, CTL_UNKNOWN, BUS_GONE },
	{ DBUS_ERROR "NoNetwork", EPIPE, CTL_UNKNOWN, BUS_GONE },
	{ DBUS_ERROR "IOError", EIO, CTL_UNKNOWN, BUS_GONE },
	{ DBUS_ERROR "UnknownObject", ENOENT, CTL_FAILURE, NO_OBJECT },
	{ DBUS_ERROR "UnknownMethod", EBADR, CTL_FAILURE, OTHER_VERSION },
	{ DBUS_ERROR "UnknownInterface", EBADR, CTL_FAILURE, OTHER_VERSION },
	{ DBUS_ERROR "UnknownProperty", EBADR, CTL_FAILURE, OTHER_VERSION },
	{ DBUS_ERROR "InvalidArgs", EBADMSG, CTL_FAILURE, OTHER_VERSION },
	{ DBUS_ERROR "InvalidSignature", EBADMSG, CTL_FAILURE, OTHER_VERSION },
	{ DBUS_ERROR "InconsistentMessage", EBADMSG, CTL_FAILURE, OTHER_VERSION },
	{ DBUS_ERROR "NoMemory", ENOMEM, CTL_FAILURE, NO_MEMORY },
	{ DBUS_ERROR "LimitsExceeded", ENOBUFS, CTL_FAILURE,
	  "too many calls wait at reliefd or the bus; try again in a moment" },
	{ DBUS_ERROR "InteractiveAuthorizationRequired", 0, CTL_FAILURE,
	  "needs root here, since polkit could not ask for a password", .sudo = true },
	{ DBUS_ERROR "AuthFailed", EACCES, CTL_FAILURE, "the bus does not let this user in",
	  .sudo = true },
	{ DBUS_ERROR "AccessDenied", EPERM, CTL_FAILURE, "", .message = true, .sudo = true },
};

static const struct row *error_text_find_row(const char *name, int r)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (name ? strcmp(rows[i].name, name) == 0 : r < 0 && rows[i].error == -r)
			return &rows[i];
	return NULL;
}

/* dbus-daemon's refusal names match rules and senders; its reason is one. */
static const char *error_text_readable(const char *message)
{
	if (!message || !*message)
		return "this user may not do that";
	if (strncmp(message, "Rejected send message", 21) == 0 ||
	    strncmp(message, "Sender is not authorized", 24) == 0)
		return "the bus does not let this user call reliefd (org.reliefd.Relief1.conf)";
	return message;
}

void error_text_fill(struct error_text *ret, const char *name, const char *message, int r,
		     const char *verb)
{
	const struct row *row = error_text_find_row(name, r);
	char sudo[64] = "";

	ret->status = row ? row->status : CTL_FAILURE;
	if (row && row->sudo)
		snprintf(sudo, sizeof(sudo), ": use sudo reliefctl %s", verb);
	if (row)
		snprintf(ret->text, sizeof(ret->text), "%s%s",
			 row->message ? error_text_readable(message) : row->text, sudo);
	else if (name && strncmp(name, OWN_ERROR, strlen(OWN_ERROR)) == 0 && message && *message)
		snprintf(ret->text, sizeof(ret->text), "%s", message);
	else
		snprintf(ret->text, sizeof(ret->text),
			 "it failed with '%s'; journalctl -u reliefd may say more",
			 message && *message ? message : strerror(r < 0 ? -r : EIO));
}
