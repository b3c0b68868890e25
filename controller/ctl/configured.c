/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/configured.h"

#include <string.h>

#include "controller/config/settings_file.h"

int configured_profile(const struct ctl *ctl, const char *name, struct profile *ret,
		       char **ret_problem)
{
	struct settings settings;
	int r;

	if (name && strchr(name, '/'))
		return profile_load_file(name, ret, ret_problem);
	if (name)
		return profile_load(ctl->root, name, ret, NULL, ret_problem);
	r = settings_load(ctl->root, &settings, NULL, ret_problem);
	if (r < 0)
		return r;
	return profile_load(ctl->root, settings.profile, ret, NULL, ret_problem);
}
