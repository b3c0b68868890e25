/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Profile patterns: the settings of a profile that are lists
 *
 * Words are separated by blanks. A list grows with each assignment, a word that is there already is
 * not added again, and an empty assignment empties it. Ranks are PATTERN:NUMBER; the same pattern
 * with another number replaces the earlier one.
 */

#include "controller/config/config_file.h"
#include "policies/profile.h"

/* Returns: 0; -EINVAL and *ret_problem, "FILE:LINE: what is wrong; what would be right". */
int profile_patterns_apply(struct pattern_list *list, const struct assignment *assignment,
			   char **ret_problem);
int profile_ranks_apply(struct rank_list *list, const struct assignment *assignment,
			char **ret_problem);
/* The list as a file has it, for the caller to free. Returns: 0 or -ENOMEM. */
int profile_patterns_format(const struct pattern_list *list, char **ret);
int profile_ranks_format(const struct rank_list *list, char **ret);
