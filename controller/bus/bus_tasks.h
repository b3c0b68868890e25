/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Tasks on the bus
 */

#include <systemd/sd-bus.h>

/* The handler of Manager's GetTopTasks: anybody may ask. userdata: struct bus. */
int bus_get_top_tasks(sd_bus_message *call, void *userdata, sd_bus_error *error);
