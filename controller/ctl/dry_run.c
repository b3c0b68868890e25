/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dry-run: is it one, and let it be one or not
 */

#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/output.h"
#include "controller/ctl/password.h"
#include "controller/ctl/remote.h"

static int dry_run_print_state(const struct ctl *ctl, sd_bus *bus)
{
	_cleanup_json_ json_object *manager = NULL;
	bool dry_run;
	int r;

	r = remote_get_all(bus, API_PATH, API_I_MANAGER, &manager);
	if (r != CTL_OK)
		return r;
	dry_run = props_bool(manager, API_DRY_RUN);
	if (ctl->json != JSON_OFF) {
		_cleanup_json_ json_object *answer = json_object_new_object();

		json_object_object_add(answer, API_DRY_RUN, json_object_new_boolean(dry_run));
		output_json(ctl, answer);
	} else if (!ctl->quiet) {
		printf("%s\n", dry_run ? "on" : "off");
	}
	return CTL_OK;
}

static int dry_run_set_state(const struct ctl *ctl, sd_bus *bus, bool dry_run)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	password_agent_start(ctl);
	r = remote_call(ctl, bus, API_PATH, API_I_MANAGER, API_SET_DRY_RUN, 0, &error, NULL, "b",
			(int)dry_run);
	if (r < 0)
		return remote_error(&error, r, "Cannot switch the dry run");
	if (!ctl->quiet)
		printf("%s until the next reload or start; DryRun= in reliefd.conf lasts.\n",
		       dry_run ? "reliefd only says what it would do," : "reliefd acts,");
	return CTL_OK;
}

int verb_dry_run(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	bool on = argc > 0 && strcmp(argv[0], "on") == 0;
	int r;

	if (argc > 0 && !on && strcmp(argv[0], "off") != 0) {
		ctl_error("dry-run %s: use on or off; without one it prints which is in force",
			  argv[0]);
		return CTL_USAGE;
	}
	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	return argc > 0 ? dry_run_set_state(ctl, bus, on) : dry_run_print_state(ctl, bus);
}
