/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other daemons that act on a shortage: their thresholds beside reliefd's, and what to set so that
 * they act after it. None of them is to be switched off: reliefd kills nothing, so a last guard is
 * worth having.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "controller/base/file.h"
#include "controller/ctl/api.h"
#include "controller/ctl/configured.h"
#include "controller/ctl/doctor.h"
#include "controller/ctl/guards.h"
#include "controller/ctl/remote.h"

#define OOMD_NAME    "org.freedesktop.oom1"
#define OOMD_PATH    "/org/freedesktop/oom1"
#define OOMD_MANAGER "org.freedesktop.oom1.Manager"
/* nohang.conf has 20 KB, mostly comments; a dump of oomd some lines a cgroup. */
#define TEXT_SIZE 65536

/* Returns: 1 active, 0 not, negative errno when systemd cannot be asked. */
static int doctor_guards_unit_is_active(sd_bus *bus, const char *unit)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_free_ char *state = NULL;
	char name[64];
	const char *path;
	int r;

	if (!bus)
		return -ENOTCONN;
	snprintf(name, sizeof(name), "%s.service", unit);
	r = sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "GetUnit", &error,
			       &reply, "s", name);
	if (sd_bus_error_has_name(&error, "org.freedesktop.systemd1.NoSuchUnit"))
		return 0;
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		r = sd_bus_get_property_string(bus, SYSTEMD_NAME, path, SYSTEMD_UNIT, "ActiveState",
					       NULL, &state);
	return r < 0 ? r : strcmp(state, "active") == 0;
}

/* Returns: text, or NULL when the file cannot be read. */
static const char *doctor_guards_read_text(const char *path, char *text)
{
	return file_read_at(AT_FDCWD, path, text, TEXT_SIZE) < 0 ? NULL : text;
}

static void doctor_guards_look_at_earlyoom(const struct doctor *doctor,
					   const struct guard_thresholds *own,
					   struct guard_finding *ret)
{
	char path[64], text[TEXT_SIZE];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", find_process("earlyoom"));
	n = file_read_at(AT_FDCWD, path, text, sizeof(text));
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	guard_earlyoom(n < 0 ? NULL : text, own, ret);
}

static void doctor_guards_look_at_nohang(const struct doctor *doctor,
					 const struct guard_thresholds *own,
					 struct guard_finding *ret)
{
	char text[TEXT_SIZE];

	guard_nohang(doctor_guards_read_text("/etc/nohang/nohang.conf", text), own, ret);
}

static void doctor_guards_look_at_nohang_desktop(const struct doctor *doctor,
						 const struct guard_thresholds *own,
						 struct guard_finding *ret)
{
	char text[TEXT_SIZE];

	guard_nohang(doctor_guards_read_text("/etc/nohang/nohang-desktop.conf", text), own, ret);
}

/* What oomctl prints, through the descriptor that its daemon passes. */
static void doctor_guards_look_at_systemd_oomd(const struct doctor *doctor,
					       const struct guard_thresholds *own,
					       struct guard_finding *ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	char text[TEXT_SIZE];
	ssize_t n = -1, more;
	int fd, r = -ENOTCONN;

	if (doctor->bus)
		r = sd_bus_call_method(doctor->bus, OOMD_NAME, OOMD_PATH, OOMD_MANAGER,
				       "DumpByFileDescriptor", NULL, &reply, NULL);
	if (r >= 0)
		r = sd_bus_message_read(reply, "h", &fd);
	if (r >= 0) {
		for (n = 0; (more = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0;
		     n += more)
			;
		text[n] = '\0';
	}
	guard_systemd_oomd(n > 0 ? text : NULL, own, ret);
}

static void doctor_guards_look_at_oomd(const struct doctor *doctor,
				       const struct guard_thresholds *own,
				       struct guard_finding *ret)
{
	*ret = (struct guard_finding){
		.verdict = GUARD_IS_UNKNOWN,
		.text = "oomd kills by rules of its own",
		.fix = "let the rules of oomd.json act below reliefd's critical level only",
	};
}

static void doctor_guards_look_at_low_memory_monitor(const struct doctor *doctor,
						     const struct guard_thresholds *own,
						     struct guard_finding *ret)
{
	char text[TEXT_SIZE];

	guard_low_memory_monitor(doctor_guards_read_text("/etc/low-memory-monitor.conf", text),
				 ret);
}

static const struct guard {
	const char *unit;    /* without .service */
	const char *process; /* what it runs */
	void (*look)(const struct doctor *doctor, const struct guard_thresholds *own,
		     struct guard_finding *ret);
} guards[] = {
	{ "systemd-oomd", "systemd-oomd", doctor_guards_look_at_systemd_oomd },
	{ "earlyoom", "earlyoom", doctor_guards_look_at_earlyoom },
	{ "nohang", "nohang", doctor_guards_look_at_nohang },
	{ "nohang-desktop", "nohang", doctor_guards_look_at_nohang_desktop },
	{ "oomd", "oomd", doctor_guards_look_at_oomd },
	{ "low-memory-monitor", "low-memory-monitor", doctor_guards_look_at_low_memory_monitor },
};

#define N_GUARDS (sizeof(guards) / sizeof(guards[0]))

static bool doctor_guards_runs(const struct doctor *doctor, const struct guard *guard)
{
	int r = doctor_guards_unit_is_active(doctor->bus, guard->unit);

	return r < 0 ? find_process(guard->process) > 0 : r;
}

/* A level's share of this host; on a large one its bound in bytes is the lower. */
static uint32_t doctor_guards_own_share(const struct profile *profile, enum level level,
					uint64_t total_bytes)
{
	uint32_t most_bp = bytes_ratio_bp(profile->headroom_max_bytes[level], total_bytes);

	return most_bp < profile->headroom_bp[level] ? most_bp : profile->headroom_bp[level];
}

static void doctor_guards_find_own(const struct doctor *doctor, struct guard_thresholds *ret)
{
	_cleanup_free_ char *problem = NULL;
	struct profile profile;
	struct sysinfo info;

	if (configured_profile(doctor->ctl, NULL, &profile, &problem) < 0)
		profile_init(&profile); /* the check of the configuration says why */
	*ret = (struct guard_thresholds){};
	if (sysinfo(&info) < 0)
		return;
	ret->total_bytes = (uint64_t)info.totalram * info.mem_unit;
	ret->medium_bp = doctor_guards_own_share(&profile, LEVEL_MEDIUM, ret->total_bytes);
	ret->high_bp = doctor_guards_own_share(&profile, LEVEL_HIGH, ret->total_bytes);
	ret->critical_bp = doctor_guards_own_share(&profile, LEVEL_CRITICAL, ret->total_bytes);
}

/* More than fits is cut. */
_printf_(3, 4) static void doctor_guards_append(char *buf, size_t size, const char *format, ...)
{
	size_t length = strlen(buf);
	va_list args;

	va_start(args, format);
	vsnprintf(buf + length, size - length, format, args);
	va_end(args);
}

void check_competing(struct doctor *doctor, struct finding *finding)
{
	char found[sizeof(finding->detail)] = "", fix[sizeof(finding->fix)] = "";
	struct guard_thresholds own;
	bool all_fine = true;

	doctor_guards_find_own(doctor, &own);
	for (size_t i = 0; i < N_GUARDS; i++) {
		struct guard_finding one;

		if (!doctor_guards_runs(doctor, &guards[i]))
			continue;
		guards[i].look(doctor, &own, &one);
		all_fine &= one.verdict == GUARD_IS_FINE;
		doctor_guards_append(found, sizeof(found), "%s; ", one.text);
		if (one.fix[0])
			doctor_guards_append(fix, sizeof(fix), "%s%s", fix[0] ? "; " : "", one.fix);
	}
	doctor_guards_append(found, sizeof(found),
			     "reliefd acts when %u%%, %u%% and %u%% are left and kills nothing: %s",
			     own.medium_bp / 100, own.high_bp / 100, own.critical_bp / 100,
			     all_fine ? "a last guard below that is worth keeping"
				      : "keep the last guard, but below that");
	if (all_fine)
		finding_ok(finding, "%s", found);
	else
		finding_bad(finding, VERDICT_WARN, fix, "%s", found);
}
