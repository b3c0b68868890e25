/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Configuration: reliefd.conf and the profile together, with the origin of each value
 */

#include "controller/base/setting_list.h"
#include "controller/config/profile_file.h"
#include "controller/config/settings_file.h"

struct configuration {
	struct settings settings;
	struct profile profile;
	struct origins settings_from; /* by place in the table of settings_file.h */
	struct origins profile_from;  /* by place in profile_settings[] */
};

/*
 * Loads both from the files below root. profile: NULL, or a name in place of Profile=.
 * Returns and fails as profile_load() does.
 */
int configuration_load(const char *root, const char *profile, struct configuration *ret,
		       char **ret_problem);
void configuration_done(struct configuration *configuration);
/* Every setting with its value and origin; setting_list_done() frees it. Returns: 0 or -ENOMEM. */
int configuration_list(const struct configuration *configuration, struct setting_list *ret);
