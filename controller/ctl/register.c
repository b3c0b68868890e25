/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * register: a command that gives memory back becomes a module, for as long as this process runs
 *
 *	reliefd ──Relieve()──▶ one request at a time ──▶ sh -c COMMAND ──ends──▶ reply: what the
 *unit │ busy otherwise        │ --timeout: SIGTERM        uses less now
 *
 * It is for software that has such a command but does not know reliefd. The module belongs to the
 * unit whose memory the command gives back, which is not the one that this process runs in; so the
 * bytes freed are read off that unit. When reliefd comes back after a restart, the module is
 * registered anew; when the bus goes, this process ends, and its own unit starts it again.
 */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "controller/ctl/api.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"
#include "policies/words.h"

#define AGENT_PATH "/org/reliefd/ctl/agent"
/* Nothing tells when software of another make grows: its size is read so often. */
#define REPORT_INTERVAL_USEC (30 * 1000000ULL)
/* EX_TEMPFAIL of sysexits.h: not now. */
#define STATUS_BUSY 75

struct registrant {
	struct ctl *ctl;
	const char *name;
	sd_event *event;
	sd_bus *bus;
	sd_event_source *report;
	char *group_path;    /* of the unit's group; NULL: this process's own cgroup */
	char *control_group; /* likewise */
	char *module_path;
	/* The request under way */
	sd_bus_message *request;
	sd_event_source *child, *limit;
	pid_t pid;
	uint64_t wanted_bytes, used_before_bytes;
};

static void register_registrant_done(struct registrant *r)
{
	sd_event_source_disable_unref(r->report);
	sd_event_source_disable_unref(r->child);
	sd_event_source_disable_unref(r->limit);
	sd_bus_message_unref(r->request);
	sd_bus_flush_close_unref(r->bus);
	sd_event_unref(r->event);
	free(r->group_path);
	free(r->control_group);
	free(r->module_path);
}

/* ---- sizes ---- */

/* What the unit uses now; 0 when that is not known. */
static uint64_t register_used_bytes(const struct registrant *r)
{
	uint64_t bytes = 0;

	if (!r->group_path ||
	    sd_bus_get_property_trivial(r->bus, API_NAME, r->group_path, API_I_GROUP,
					API_MEMORY_CURRENT, NULL, 't', &bytes) < 0 ||
	    bytes == UINT64_MAX)
		return 0;
	return bytes;
}

/* --bytes= says how much there is to give at most; else it is all that the unit uses. */
static uint64_t register_size_bytes(const struct registrant *r)
{
	uint64_t used = register_used_bytes(r);

	if (r->ctl->bytes > 0 && (used == 0 || r->ctl->bytes < used))
		return r->ctl->bytes;
	return used;
}

static void register_report_size(const struct registrant *r)
{
	if (r->module_path)
		sd_bus_call_method_async(r->bus, NULL, API_NAME, r->module_path, API_I_MODULE,
					 API_REPORT, NULL, NULL, "tb", register_size_bytes(r), 0);
}

static int register_on_report(sd_event_source *source, uint64_t usec, void *data)
{
	register_report_size(data);
	sd_event_source_set_time_relative(source, REPORT_INTERVAL_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- one request ---- */

static void register_finish_request(struct registrant *r, int status)
{
	uint64_t used = register_used_bytes(r);
	uint64_t freed = used < r->used_before_bytes ? r->used_before_bytes - used : 0;
	enum result result = RESULT_NOTHING;

	if (status == STATUS_BUSY)
		result = RESULT_BUSY;
	else if (status != 0)
		result = RESULT_FAILED;
	else if (freed > 0)
		result = freed >= r->wanted_bytes ? RESULT_DONE : RESULT_PARTIAL;
	sd_bus_reply_method_return(r->request, "ts", freed, result_name(result));
	r->request = sd_bus_message_unref(r->request);
	r->child = sd_event_source_disable_unref(r->child);
	r->limit = sd_event_source_disable_unref(r->limit);
	register_report_size(r);
}

static int register_on_child(sd_event_source *source, const siginfo_t *info, void *data)
{
	struct registrant *r = data;

	if (info->si_code != CLD_EXITED)
		ctl_error("The command was ended by signal %d", info->si_status);
	else if (info->si_status != 0 && info->si_status != STATUS_BUSY)
		ctl_error("The command ended with status %d", info->si_status);
	register_finish_request(r, info->si_code == CLD_EXITED ? info->si_status : EXIT_FAILURE);
	return 0;
}

static int register_on_limit(sd_event_source *source, uint64_t usec, void *data)
{
	struct registrant *r = data;

	ctl_error("The command takes longer than --timeout=; it is ended");
	kill(-r->pid, SIGTERM);
	return 0;
}

static void register_set_number(const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	setenv(key, text, 1);
}

/* In the child: what the request says is in the environment. */
static void register_run_command(const struct registrant *r, const char *rung, const char *level,
				 uint32_t ratio_bp, const char *reason)
{
	sigset_t none;

	setpgid(0, 0); /* so that the limit reaches all that the command starts */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("RELIEF_MODULE", r->name, 1);
	setenv("RELIEF_RUNG", rung, 1);
	setenv("RELIEF_LEVEL", level, 1);
	setenv("RELIEF_REASON", reason, 1);
	register_set_number("RELIEF_BYTES", r->wanted_bytes);
	register_set_number("RELIEF_RATIO_BP", ratio_bp);
	execl("/bin/sh", "sh", "-c", r->ctl->command, NULL);
	_exit(127);
}

static int register_watch_command(struct registrant *r)
{
	int result;

	result = sd_event_add_child(r->event, &r->child, r->pid, WEXITED, register_on_child, r);
	if (result < 0)
		return result;
	return sd_event_add_time_relative(r->event, &r->limit, CLOCK_MONOTONIC,
					  r->ctl->timeout_usec, 0, register_on_limit, r);
}

static int register_on_relieve(sd_bus_message *call, void *data, sd_bus_error *error)
{
	const char *name, *rung, *level, *reason;
	struct registrant *r = data;
	uint64_t id, bytes, timeout_usec;
	uint32_t ratio_bp;
	int result;

	result = sd_bus_message_read(call, "tssstuts", &id, &name, &rung, &level, &bytes, &ratio_bp,
				     &timeout_usec, &reason);
	if (result < 0)
		return result;
	if (r->request) /* late with the one before */
		return sd_bus_reply_method_return(call, "ts", UINT64_C(0),
						  result_name(RESULT_BUSY));
	r->wanted_bytes = bytes;
	r->used_before_bytes = register_used_bytes(r);
	r->pid = fork();
	if (r->pid < 0)
		return -errno;
	if (r->pid == 0)
		register_run_command(r, rung, level, ratio_bp, reason);
	setpgid(r->pid, r->pid);
	r->request = sd_bus_message_ref(call);
	result = register_watch_command(r);
	return result < 0 ? result : 1;
}

static int register_on_level_changed(sd_bus_message *call, void *data, sd_bus_error *error)
{
	return 1; /* a command is asked when there is something to do */
}

static const sd_bus_vtable agent_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Relieve", "tssstuts", "ts", register_on_relieve, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("LevelChanged", "s", "", register_on_level_changed,
		      SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_METHOD_NO_REPLY),
	SD_BUS_VTABLE_END,
};

/* ---- registering ---- */

/* Returns: an exit status. The group is looked up each time: a unit that restarted has another. */
static int register_find_unit(struct registrant *r)
{
	_cleanup_json_ json_object *group = NULL;
	int status;

	if (!r->ctl->unit)
		return CTL_OK;
	free(take_ptr(r->group_path));
	free(take_ptr(r->control_group));
	status = remote_find_group(r->bus, r->ctl->unit, &r->group_path);
	if (status == CTL_OK)
		status = remote_get_all(r->bus, r->group_path, API_I_GROUP, &group);
	if (status != CTL_OK)
		return status;
	r->control_group = strdup(props_string(group, API_CONTROL_GROUP));
	return r->control_group ? CTL_OK : ctl_error("Out of memory");
}

static int register_append_options(const struct registrant *r, sd_bus_message *call)
{
	int result;

	result = sd_bus_message_open_container(call, 'a', "{sv}");
	if (result >= 0)
		result = sd_bus_message_append(call, "{sv}", "Size", "t", register_size_bytes(r));
	if (result >= 0)
		result = sd_bus_message_append(call, "{sv}", "CanShed", "b", 1);
	if (result >= 0 && r->control_group)
		result = sd_bus_message_append(call, "{sv}", API_CONTROL_GROUP, "s",
					       r->control_group);
	return result < 0 ? result : sd_bus_message_close_container(call);
}

static int register_call_register(struct registrant *r, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
	const char *path;
	int result;

	result = sd_bus_message_new_method_call(r->bus, &call, API_NAME, API_PATH, API_I_MANAGER,
						API_REGISTER);
	if (result >= 0)
		result = sd_bus_message_set_auto_start(call, false);
	if (result >= 0)
		result = sd_bus_message_append(call, "sso", r->name, r->ctl->kind, AGENT_PATH);
	if (result >= 0)
		result = register_append_options(r, call);
	if (result >= 0)
		result = sd_bus_call(r->bus, call, 0, error, &reply);
	if (result >= 0)
		result = sd_bus_message_read(reply, "o", &path);
	if (result < 0)
		return result;
	free(r->module_path);
	r->module_path = strdup(path);
	return r->module_path ? 0 : -ENOMEM;
}

/* Returns: an exit status. */
static int register_module(struct registrant *r)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int status = register_find_unit(r);
	int result;

	if (status != CTL_OK)
		return status;
	result = register_call_register(r, &error);
	if (result < 0)
		return remote_error(&error, result, "Cannot register");
	if (!r->ctl->quiet)
		fprintf(stderr, "Registered %s of %s as %s.\n", r->name,
			r->ctl->unit ? r->ctl->unit : "this control group", r->module_path);
	sd_notifyf(false, "READY=1\nSTATUS=Registered as %s", r->module_path);
	return CTL_OK;
}

static int register_on_owner(sd_bus_message *signal, void *data, sd_bus_error *error)
{
	const char *name, *old_owner, *new_owner;
	struct registrant *r = data;

	if (sd_bus_message_read(signal, "sss", &name, &old_owner, &new_owner) < 0)
		return 0;
	if (*new_owner == '\0')
		sd_notify(false, "STATUS=Waiting for reliefd");
	else if (register_module(r) != CTL_OK)
		sd_event_exit(r->event, CTL_FAILURE); /* said; a unit's Restart= tries again */
	return 0;
}

static int register_on_disconnected(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct registrant *r = data;

	ctl_error("The bus went away");
	return sd_event_exit(r->event, CTL_FAILURE);
}

static int register_set_up(struct registrant *r)
{
	sigset_t signals;
	int result;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	result = sd_event_default(&r->event);
	if (result >= 0)
		result = sd_event_add_signal(r->event, NULL, SIGTERM, NULL, NULL);
	if (result >= 0)
		result = sd_event_add_signal(r->event, NULL, SIGINT, NULL, NULL);
	if (result >= 0)
		result = sd_bus_attach_event(r->bus, r->event, 0);
	if (result >= 0)
		result = sd_bus_add_object_vtable(r->bus, NULL, AGENT_PATH, API_I_AGENT,
						  agent_vtable, r);
	if (result >= 0)
		result = sd_bus_match_signal(r->bus, NULL, "org.freedesktop.DBus.Local", NULL,
					     "org.freedesktop.DBus.Local", "Disconnected",
					     register_on_disconnected, r);
	if (result >= 0)
		result = sd_bus_add_match(r->bus, NULL,
					  "type='signal',sender='" DBUS_NAME
					  "',member='NameOwnerChanged',arg0='" API_NAME "'",
					  register_on_owner, r);
	if (result >= 0)
		result = sd_event_add_time_relative(r->event, &r->report, CLOCK_MONOTONIC,
						    REPORT_INTERVAL_USEC, 0, register_on_report, r);
	return result;
}

static int register_check_arguments(const struct ctl *ctl, int argc)
{
	if (argc > 0 && ctl->command && *ctl->command)
		return CTL_OK;
	ctl_error("register: say what to call it and what to run, as `reliefctl register cache "
		  "--unit=foo.service --exec='foo-ctl drop-cache'`");
	return CTL_USAGE;
}

int verb_register(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(register_registrant_done) struct registrant r = { .ctl = ctl };
	int result;

	result = register_check_arguments(ctl, argc);
	if (result != CTL_OK)
		return result;
	r.name = argv[0];
	result = remote_connect(&r.bus);
	if (result != CTL_OK)
		return result;
	result = register_set_up(&r);
	if (result < 0)
		return ctl_error("Cannot listen on the bus: %s", strerror(-result));
	result = register_module(&r);
	if (result != CTL_OK)
		return result;
	result = sd_event_loop(r.event);
	if (r.pid > 0 && r.request)
		kill(-r.pid, SIGTERM);
	return result < 0 ? ctl_error("The loop ended: %s", strerror(-result)) : result;
}
