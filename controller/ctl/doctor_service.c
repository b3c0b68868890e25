/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What surrounds the daemon: the bus, its rights, its settings
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/capability.h>

#include "controller/base/file.h"
#include "controller/ctl/api.h"
#include "controller/ctl/configured.h"
#include "controller/ctl/doctor.h"
#include "controller/ctl/remote.h"

DEFINE_CLEANUP(DIR *, closedir);

/* The kernel keeps 15 characters of a process's name. */
#define COMM_MAX 15

int find_process(const char *name)
{
	_cleanup_(closedir_cleanup) DIR *dir = opendir("/proc");
	struct dirent *entry;
	char path[300], comm[64];

	while (dir && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (file_read_at(AT_FDCWD, path, comm, sizeof(comm)) < 0)
			continue;
		comm[strcspn(comm, "\n")] = '\0';
		if (strncmp(comm, name, COMM_MAX) == 0)
			return atoi(entry->d_name);
	}
	return 0;
}

void check_bus(struct doctor *doctor, struct finding *finding)
{
	if (doctor->bus)
		finding_ok(finding, "the system bus can be reached");
	else
		finding_bad(finding, VERDICT_WARN,
			    "systemctl enable --now dbus (apt install dbus if there is none)",
			    "no system bus: %s; reliefd works on its channel socket, reliefctl "
			    "cannot ask it",
			    strerror(-doctor->bus_error));
}

void check_daemon(struct doctor *doctor, struct finding *finding)
{
	if (!doctor->daemon_pid)
		finding_bad(finding, VERDICT_FAIL, "systemctl enable --now reliefd", "not running");
	else if (doctor->bus && !doctor->manager)
		finding_bad(finding, VERDICT_WARN,
			    "is org.reliefd.Relief1.conf in /usr/share/dbus-1/system.d? Then: "
			    "systemctl reload dbus",
			    "running as process %d, but not on the bus", doctor->daemon_pid);
	else
		finding_ok(finding, "running as process %d", doctor->daemon_pid);
}

static void doctor_service_join_strings(json_object *array, char *buf, size_t size)
{
	size_t length = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < json_object_array_length(array) && length < size; i++)
		length += (size_t)snprintf(
			buf + length, size - length, "%s%s", i > 0 ? ", " : "",
			json_object_get_string(json_object_array_get_idx(array, i)));
}

void check_degraded(struct doctor *doctor, struct finding *finding)
{
	json_object *reasons;
	char text[128];

	if (!doctor->manager) {
		finding_bad(finding, VERDICT_WARN, "see reliefd and bus",
			    "reliefd cannot be asked what it lacks");
		return;
	}
	if (!json_object_object_get_ex(doctor->manager, API_DEGRADED_REASONS, &reasons) ||
	    json_object_array_length(reasons) == 0) {
		finding_ok(finding, "reliefd has all it wants");
		return;
	}
	doctor_service_join_strings(reasons, text, sizeof(text));
	finding_bad(finding, VERDICT_WARN,
		    "the rows above and growth name the fixes, reliefd(8) each name",
		    "reliefd works without: %s", text);
}

const char *problem_text(const struct doctor *doctor, const char *name)
{
	json_object *problems;

	if (!doctor->manager ||
	    !json_object_object_get_ex(doctor->manager, API_PROBLEMS, &problems))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(problems); i++) {
		json_object *problem = json_object_array_get_idx(problems, i);

		if (strcmp(json_object_get_string(json_object_array_get_idx(problem, 0)), name) ==
		    0)
			return json_object_get_string(json_object_array_get_idx(problem, 1));
	}
	return NULL;
}

/* "/a (no slot is left), /b and all below it (...), 3 more" */
static void doctor_service_join_unfollowed(json_object *array, char *buf, size_t size)
{
	size_t length = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < json_object_array_length(array) && length < size; i++) {
		json_object *group = json_object_array_get_idx(array, i);
		const char *path = json_object_get_string(json_object_array_get_idx(group, 0));
		const char *why = json_object_get_string(json_object_array_get_idx(group, 1));
		bool below = json_object_get_boolean(json_object_array_get_idx(group, 2));

		length += (size_t)snprintf(
			buf + length, size - length, "%s%s%s%s%s%s", i > 0 ? ", " : "", path,
			below ? " and all below it" : "", *path ? " (" : "", why, *path ? ")" : "");
	}
}

void check_groups(struct doctor *doctor, struct finding *finding)
{
	json_object *unfollowed;
	char text[sizeof(finding->detail) - 64];

	if (!doctor->manager) {
		finding_bad(finding, VERDICT_WARN, "see reliefd and bus",
			    "reliefd cannot be asked which cgroups it follows");
		return;
	}
	if (problem_text(doctor, "cgroups")) {
		finding_bad(finding, VERDICT_WARN, "as it says; reliefd tries again by itself",
			    "%s", problem_text(doctor, "cgroups"));
		return;
	}
	if (!json_object_object_get_ex(doctor->manager, API_UNFOLLOWED, &unfollowed) ||
	    json_object_array_length(unfollowed) == 0) {
		finding_ok(finding, "%" PRIu64 " followed, the host among them",
			   props_u64(doctor->manager, API_N_GROUPS));
		return;
	}
	doctor_service_join_unfollowed(unfollowed, text, sizeof(text));
	finding_bad(
		finding, VERDICT_WARN,
		"no slot: name fewer in Units= and Paths= of the profile, then reliefctl reload; "
		"no descriptor: raise LimitNOFILE= of reliefd, or fs.file-max",
		"not followed: %s", text);
}

static const struct {
	cap_value_t value;
	const char *name, *use;
} wanted_capabilities[] = {
	{ CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "PSI windows under 2 s" },
	{ CAP_KILL, "CAP_KILL", "signals to other services" },
};

/* "CAP_X (what for), ..." of those that are not effective; "" when all are. */
static void doctor_service_missing_capabilities(cap_t caps, char *buf, size_t size)
{
	size_t length = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(wanted_capabilities) / sizeof(wanted_capabilities[0]); i++) {
		cap_flag_value_t set = CAP_CLEAR;

		cap_get_flag(caps, wanted_capabilities[i].value, CAP_EFFECTIVE, &set);
		if (set == CAP_CLEAR && length < size)
			length += (size_t)snprintf(
				buf + length, size - length, "%s%s (%s)", length > 0 ? ", " : "",
				wanted_capabilities[i].name, wanted_capabilities[i].use);
	}
}

void check_capabilities(struct doctor *doctor, struct finding *finding)
{
	const char *whose = doctor->daemon_pid ? "reliefd"
					       : "this process (reliefd is not running)";
	char missing[160];
	cap_t caps;

	caps = doctor->daemon_pid ? cap_get_pid(doctor->daemon_pid) : cap_get_proc();
	if (!caps) {
		finding_bad(finding, VERDICT_WARN, "run this as root", "cannot be read: %s",
			    strerror(errno));
		return;
	}
	doctor_service_missing_capabilities(caps, missing, sizeof(missing));
	cap_free(caps);
	if (*missing)
		finding_bad(
			finding, VERDICT_WARN,
			"systemctl revert reliefd: its unit grants them; in a container, --cap-add",
			"%s has no %s", whose, missing);
	else
		finding_ok(finding, "%s has CAP_SYS_RESOURCE and CAP_KILL", whose);
}

/* Running, or started by the bus when it is asked. */
static bool doctor_service_bus_name_is_available(sd_bus *bus, const char *name)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *found;

	if (sd_bus_get_name_creds(bus, name, 0, NULL) >= 0)
		return true;
	if (sd_bus_call_method(bus, DBUS_NAME, DBUS_PATH, DBUS_NAME, "ListActivatableNames", NULL,
			       &reply, NULL) < 0 ||
	    sd_bus_message_enter_container(reply, 'a', "s") < 0)
		return false;
	while (sd_bus_message_read(reply, "s", &found) > 0)
		if (strcmp(found, name) == 0)
			return true;
	return false;
}

void check_polkit(struct doctor *doctor, struct finding *finding)
{
	if (!doctor->bus)
		finding_bad(finding, VERDICT_WARN, "see bus", "cannot be looked for without a bus");
	else if (doctor_service_bus_name_is_available(doctor->bus, POLKIT_NAME))
		finding_ok(finding, "others than root can be let in by a password");
	else
		finding_bad(finding, VERDICT_WARN, "apt install polkitd, if others shall",
			    "not there: only root may relieve and reload");
}

void check_channel(struct doctor *doctor, struct finding *finding)
{
	const char *text = problem_text(doctor, "channel");

	if (text)
		finding_bad(finding, VERDICT_WARN, "as it says; reliefd tries again by itself",
			    "%s", text);
	else if (!doctor->manager)
		finding_bad(finding, VERDICT_WARN, "see reliefd and bus",
			    "reliefd cannot be asked whether services can connect");
	else
		finding_ok(finding, "services can connect");
}

void check_state(struct doctor *doctor, struct finding *finding)
{
	static const char *const names[] = { "state",  "record", "masks",
					     "agents", "brake",	 "reclaim" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = problem_text(doctor, names[i]);

		if (text) {
			finding_bad(finding, VERDICT_WARN, "as it says", "%s", text);
			return;
		}
	}
	finding_ok(finding, "what is to be kept can be written");
}

void check_config(struct doctor *doctor, struct finding *finding)
{
	_cleanup_free_ char *problem = NULL;
	struct profile profile;
	int r;

	r = configured_profile(doctor->ctl, NULL, &profile, &problem);
	if (r < 0)
		finding_bad(finding, VERDICT_FAIL,
			    "correct the line; reliefctl verify; reliefctl "
			    "reload",
			    "%s", problem ? problem : strerror(-r));
	else if (problem_text(doctor, "settings"))
		finding_bad(finding, VERDICT_WARN, "reliefctl reload",
			    "the files are sound now, but reliefd found them faulty and has not "
			    "loaded them since");
	else
		finding_ok(finding, "reliefd.conf and profile %s are valid", profile.name);
}
