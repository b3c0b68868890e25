/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Setting list: settings with the value in force and where it came from, as text
 */

#include <stddef.h>

/* Where a value came from when no file has it. */
#define ORIGIN_BUILT_IN	    "built-in"
#define ORIGIN_COMMAND_LINE "command line"
#define ORIGIN_BUS	    "SetDryRun"

struct listed_setting {
	const char *section, *key; /* borrowed from a table */
	char *value;		   /* as a file has it */
	char *origin;		   /* "FILE:LINE", or one of the above */
};

struct setting_list {
	struct listed_setting *entries;
	size_t n;
};

/* value and origin are copied. Returns: 0 or -ENOMEM. */
int setting_list_add(struct setting_list *list, const char *section, const char *key,
		     const char *value, const char *origin);
/* The entry of that name, or NULL. */
const struct listed_setting *setting_list_find(const struct setting_list *list, const char *section,
					       const char *key);
void setting_list_done(struct setting_list *list);
