/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <string.h>

#include "controller/ctl/error_text.h"
#include "fixture.h"

#define DBUS "org.freedesktop.DBus.Error."
#define OWN  "org.reliefd.Relief1.Error."

static const struct {
	const char *name, *message;
	int r, status;
	const char *cause, *fix; /* both are in the sentence */
} cases[] = {
	{ DBUS "ServiceUnknown", "The name is not activatable", -EHOSTUNREACH, CTL_NOT_RUNNING,
	  "reliefd is not running", "systemctl start reliefd" },
	{ DBUS "NameHasNoOwner", "Could not activate remote peer.", -ENXIO, CTL_NOT_RUNNING,
	  "reliefd is not running", "systemctl start reliefd" },
	{ DBUS "NoReply", "Remote peer disconnected", -ETIMEDOUT, CTL_FAILURE,
	  "did not answer in time", "systemctl status reliefd" },
	{ DBUS "Timeout", "Timed out", -ETIMEDOUT, CTL_FAILURE, "did not answer", "journalctl" },
	{ DBUS "TimedOut", NULL, -ETIMEDOUT, CTL_FAILURE, "did not answer", "journalctl" },
	{ NULL, NULL, -ETIMEDOUT, CTL_FAILURE, "did not answer", "journalctl" },
	{ DBUS "Disconnected", "Connection is closed", -ECONNRESET, CTL_UNKNOWN,
	  "closed the connection", "systemctl status dbus" },
	{ NULL, NULL, -ECONNRESET, CTL_UNKNOWN, "closed the connection", "systemctl status dbus" },
	{ NULL, NULL, -ENOTCONN, CTL_UNKNOWN, "closed the connection", "systemctl status dbus" },
	{ NULL, NULL, -EPIPE, CTL_UNKNOWN, "closed the connection", "systemctl status dbus" },
	{ DBUS "UnknownObject", "Unknown object '/org/x'.", -EBADR, CTL_FAILURE, "no such object",
	  "reliefctl list" },
	{ DBUS "UnknownMethod", "Unknown method Frob", -EBADR, CTL_FAILURE, "another version",
	  "systemctl restart reliefd" },
	{ DBUS "UnknownInterface", "Unknown interface", -EBADR, CTL_FAILURE, "another version",
	  "systemctl restart reliefd" },
	{ DBUS "UnknownProperty", "Unknown property", -EBADR, CTL_FAILURE, "another version",
	  "systemctl restart reliefd" },
	{ DBUS "InvalidArgs", "Invalid arguments 's' to call", -EINVAL, CTL_FAILURE,
	  "another version", "systemctl restart reliefd" },
	{ NULL, NULL, -EBADMSG, CTL_FAILURE, "another version", "systemctl restart reliefd" },
	{ DBUS "LimitsExceeded", "The maximum number of pending replies", -ENOBUFS, CTL_FAILURE,
	  "too many calls", "try again" },
	{ DBUS "NoMemory", NULL, -ENOMEM, CTL_FAILURE, "no memory", "try again" },
	{ DBUS "InteractiveAuthorizationRequired",
	  "org.reliefd.relieve needs a password, and the call does not allow to ask for one",
	  -EACCES, CTL_FAILURE, "needs root here", "use sudo reliefctl relieve" },
	{ DBUS "AccessDenied", "polkit does not grant org.reliefd.relieve to this user", -EACCES,
	  CTL_FAILURE, "polkit does not grant", "use sudo reliefctl relieve" },
	{ DBUS "AccessDenied",
	  "Rejected send message, 2 matched rules; type=\"method_call\", sender=\":1.5\"", -EACCES,
	  CTL_FAILURE, "the bus does not let this user call reliefd",
	  "use sudo reliefctl relieve" },
	{ DBUS "AccessDenied", NULL, -EACCES, CTL_FAILURE, "may not do that", "use sudo" },
	{ NULL, NULL, -EPERM, CTL_FAILURE, "may not do that", "use sudo" },
	{ OWN "NoSuchGroup", "'/x' is no cgroup under control: name it", -EINVAL, CTL_FAILURE,
	  "'/x' is no cgroup", "name it" },
	{ "org.example.Odd", "Boom", -EIO, CTL_FAILURE, "'Boom'", "journalctl -u reliefd" },
	{ NULL, NULL, -ENOSYS, CTL_FAILURE, "Function not implemented", "journalctl -u reliefd" },
	{ NULL, NULL, 0, CTL_FAILURE, "failed", "journalctl -u reliefd" },
};

static void every_error_is_a_sentence_with_its_fix(void **unused)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error_text text;

		error_text_fill(&text, cases[i].name, cases[i].message, cases[i].r, "relieve");
		if (!strstr(text.text, cases[i].cause) || !strstr(text.text, cases[i].fix))
			fail_msg("%s (%d): '%s' lacks '%s' or '%s'",
				 cases[i].name ? cases[i].name : "no error", cases[i].r, text.text,
				 cases[i].cause, cases[i].fix);
		assert_int_equal(text.status, cases[i].status);
		assert_null(strstr(text.text, "org.freedesktop.DBus"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_is_a_sentence_with_its_fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
