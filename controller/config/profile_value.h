/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Profile value: one setting of a profile, between its text in a file and its field
 */

#include "controller/config/config_file.h"
#include "policies/profile.h"

/*
 * Stores what is assigned: a scalar replaces, an empty one brings the built-in value back; patterns
 * are added, an empty assignment empties the list.
 * Returns: 0; or negative errno and *ret_problem, and the profile's field is unchanged (a list may
 * have got the patterns before the one at fault).
 */
int profile_value_apply(struct profile *profile, const struct profile_setting *setting,
			const struct assignment *a, char **ret_problem);
/*
 * The value as a file has it, for the caller to free; exact: read again it is the same one.
 * Patterns are separated by blanks.
 * Returns: 0 or -ENOMEM.
 */
int profile_value_format(const struct profile *profile, const struct profile_setting *setting,
			 char **ret);
