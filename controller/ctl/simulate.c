/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * simulate: a recorded trace or a story through the same decide(), offline
 */

#include <errno.h>
#include <string.h>

#include "controller/ctl/configured.h"
#include "controller/ctl/ctl.h"
#include "controller/simulate/simulate.h"

int verb_simulate(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_free_ char *problem = NULL;
	struct profile profile;
	int r;

	if (argc == 0) {
		ctl_error("simulate: name the trace (reliefd --record=FILE writes one)");
		return CTL_USAGE;
	}
	r = configured_profile(ctl, ctl->profile, &profile, &problem);
	if (r < 0)
		return ctl_error("%s", problem ? problem : strerror(-r));
	r = simulate_file(argv[0], &profile, stdout);
	if (r == -EINVAL)
		return CTL_FAILURE; /* it has said which line is wrong */
	if (r < 0)
		return ctl_error("Cannot simulate %s: %s", argv[0], strerror(-r));
	return CTL_OK;
}
