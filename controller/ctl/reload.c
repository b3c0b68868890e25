/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reload: the settings anew, or what is wrong with them
 */

#include "controller/ctl/api.h"
#include "controller/ctl/password.h"
#include "controller/ctl/remote.h"

static int reload_print_remarks(sd_bus_message *reply)
{
	const char *remark;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read(reply, "s", &remark)) > 0)
		fprintf(stderr, "%s\n", remark);
	return r;
}

int verb_reload(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	password_agent_start(ctl);
	r = remote_call(ctl, bus, API_PATH, API_I_MANAGER, API_RELOAD, 0, &error, &reply, NULL);
	if (r < 0)
		return remote_error(&error, r, "The old settings stay");
	r = reload_print_remarks(reply);
	if (r < 0)
		return remote_error(&error, r, "Cannot read the answer");
	if (!ctl->quiet)
		printf("Settings reloaded.\n");
	return CTL_OK;
}
