/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group table: groups as a tree, each below the nearest of its ancestors that is in the table
 */

#include <json-c/json.h>

#include "controller/ctl/ctl.h"

/* True when the cgroup is below the ancestor, and not the ancestor itself. */
bool group_is_below(const char *path, const char *ancestor);
/* Whether it, or a group above it but the host, has a limit among all groups; the host itself has.
 */
bool group_is_limited(json_object *groups, json_object *group);
bool group_any_is_held(json_object *groups);
/* groups: an array of Group properties, sorted by path; all: the same of all groups. */
void group_table_print(const struct ctl *ctl, json_object *groups, json_object *all);
