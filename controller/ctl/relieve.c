/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relieve: ask for memory now, wait, and say what came
 */

#include "controller/ctl/api.h"
#include "controller/ctl/output.h"
#include "controller/ctl/password.h"
#include "controller/ctl/remote.h"

/* In a dry run nothing is asked: 0B would read as if the services had nothing to give. */
static bool relieve_is_dry_run(sd_bus *bus)
{
	_cleanup_json_ json_object *manager = NULL;

	return remote_get_all(bus, API_PATH, API_I_MANAGER, &manager) == CTL_OK &&
	       props_bool(manager, API_DRY_RUN);
}

static int relieve_print_answer(const struct ctl *ctl, sd_bus *bus, sd_bus_message *reply)
{
	uint64_t freed_bytes, claimed_bytes;
	char freed[32], claimed[32];
	int r;

	r = sd_bus_message_read(reply, "tt", &freed_bytes, &claimed_bytes);
	if (r < 0)
		return remote_error(&SD_BUS_ERROR_NULL, r, "Cannot read the answer");
	if (ctl->json != JSON_OFF) {
		_cleanup_json_ json_object *answer = json_object_new_object();

		json_object_object_add(answer, "FreedBytes", json_object_new_uint64(freed_bytes));
		json_object_object_add(answer, "ClaimedBytes",
				       json_object_new_uint64(claimed_bytes));
		output_json(ctl, answer);
	} else if (!ctl->quiet) {
		printf("%s measured, %s claimed%s\n", output_bytes(freed_bytes, freed),
		       output_bytes(claimed_bytes, claimed),
		       relieve_is_dry_run(bus) ? " (dry run: nothing was asked)" : "");
	}
	return CTL_OK;
}

int verb_relieve(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	if (ctl->bytes == 0) {
		ctl_error("relieve: say how much with --bytes=, as --bytes=256M");
		return CTL_USAGE;
	}
	r = remote_connect(&bus);
	if (r == CTL_OK)
		r = remote_find_group(bus, argc > 0 ? argv[0] : NULL, &path);
	if (r != CTL_OK)
		return r;
	password_agent_start(ctl);
	r = remote_call(ctl, bus, path, API_I_GROUP, API_RELIEVE, ctl->timeout_usec, &error, &reply,
			"ts", ctl->bytes, ctl->max_rung ? ctl->max_rung : "");
	if (r < 0)
		return remote_error(&error, r, "Cannot relieve");
	return relieve_print_answer(ctl, bus, reply);
}
