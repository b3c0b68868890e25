/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Task table: who grows, and who is largest
 */

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "controller/ctl/ctl.h"
#include "controller/ctl/output.h"

/* The first n tasks in ctl's order: an array of objects. Returns an exit status, as remote_x(). */
int task_table_get(const struct ctl *ctl, sd_bus *bus, uint32_t n, json_object **ret);
/* The same as a table; the caller unrefs it. */
struct libscols_table *task_table_new(const struct ctl *ctl, json_object *tasks);
