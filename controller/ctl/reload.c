/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reload: the profile anew, or what is wrong with it
 */

#include "controller/ctl/api.h"
#include "controller/ctl/password.h"
#include "controller/ctl/remote.h"

int verb_reload(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	int r;

	r = remote_connect(&bus);
	if (r != CTL_OK)
		return r;
	password_agent_start(ctl);
	r = remote_call(ctl, bus, API_PATH, API_I_MANAGER, API_RELOAD, 0, &error, NULL, NULL);
	if (r < 0)
		return remote_error(&error, r, "The old settings stay");
	if (!ctl->quiet)
		printf("Settings reloaded.\n");
	return CTL_OK;
}
