/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Top table: groups by growth or by size, with what is left and for how long
 */

#include <json-c/json.h>

#include "controller/ctl/ctl.h"
#include "controller/ctl/output.h"

/*
 * Sorts an array of all groups' properties, which is sorted by path, in ctl's order, and keeps the
 * first n of them.
 */
void top_table_sort(const struct ctl *ctl, json_object *groups, size_t n);
/* Takes out what the sort noted in each group. */
void top_table_strip(json_object *groups);
/* The same as a table; the caller unrefs it. */
struct libscols_table *top_table_new(const struct ctl *ctl, json_object *groups);
