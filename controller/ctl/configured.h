/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Configured: the profile that the files on this host (or below --root=) make up
 */

#include "controller/config/profile_file.h"
#include "controller/ctl/ctl.h"

/*
 * name: a profile, a file (when it has a slash), or NULL for the one of reliefd.conf.
 * Returns and fails as profile_load() does.
 */
int configured_profile(const struct ctl *ctl, const char *name, struct profile *ret,
		       char **ret_problem);
