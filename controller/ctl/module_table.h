/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Module table: what is registered, what it has done, and what state it is in
 */

#include <json-c/json.h>

#include "controller/ctl/ctl.h"

/* Arrays of properties: of the modules to show, and of all groups. */
void module_table_print(const struct ctl *ctl, json_object *modules, json_object *groups);
