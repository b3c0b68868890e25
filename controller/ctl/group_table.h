/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group table: groups as a tree, each below the nearest of its ancestors that is in the table
 */

#include <json-c/json.h>

#include "controller/ctl/ctl.h"

/* groups: an array of Group properties, sorted by path. */
void group_table_print(const struct ctl *ctl, json_object *groups);
