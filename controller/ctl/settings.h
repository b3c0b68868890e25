/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Settings: what reliefd has in force, and what the files would make of it
 */

#include "controller/ctl/remote.h"

/* GetSettings() as an array of objects. Returns an exit status. */
int settings_get(sd_bus *bus, json_object **ret);
/*
 * Compares with the files on this host and says in one sentence how they differ: which settings a
 * reload would change, or why they would be refused. *ret_text is NULL when they do not, or when
 * this user may not read them.
 */
int settings_compare(const struct ctl *ctl, json_object *in_force, char **ret_text);
