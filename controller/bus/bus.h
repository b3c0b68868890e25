/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Bus: org.reliefd.Relief1, the whole truth on D-Bus
 *
 * Objects read const state when asked; signals follow a decision. What people ask for goes to the
 * hooks and comes back through decide(). Lives without a bus: it tries again, and registers its
 * objects anew, whenever the bus comes (back).
 */

#include "controller/bus/bus_config.h"

struct bus;

int bus_new(struct bus **ret, const struct bus_config *config);
struct bus *bus_free(struct bus *bus);
DEFINE_CLEANUP(struct bus *, bus_free);

/* Emits what a step changed, and answers the orders it finished. Never blocks. */
void bus_publish(struct bus *bus, const struct decision *decision);
/* The kernel's OOM killer chose a process: told by the probe, for GetSuggestions. */
void bus_note_victim(struct bus *bus, const struct kernel_event *victim);
/* The profile was loaded again, or dry run switched: property changes. */
void bus_publish_settings(struct bus *bus, bool dry_run);
/* Others are masked than before, and no caller of the bus asked for it. */
void bus_publish_masks(struct bus *bus);
bool bus_is_connected(const struct bus *bus);
