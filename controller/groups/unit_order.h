/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Unit order: which directories of drop-ins a unit has, and which of them comes first
 *
 * For a-b@x.service: a-b@x.service.d, a-b@.service.d, a-.service.d, a-@x.service.d, a-@.service.d;
 * then, for all services, service.d. Of two files with the same name the one in the earlier
 * directory counts; this is what systemd does (unit_file_find_dropin_paths()). String work only.
 */

#include <stdbool.h>
#include <stddef.h>

/* UNIT_NAME_MAX of systemd, with the NUL. */
#define UNIT_NAME_SIZE 256

/*
 * The place of "OWNER.d" among the directories of a unit, the one for the unit's type left out.
 * Returns: 0 for its own, larger ones later; -1 when it is none of them.
 */
int unit_order_of(const char *unit, const char *owner);
/* "foo@.service" of "foo@x.service". Returns: false when it is no instance. */
bool unit_order_template(const char *unit, char buf[static UNIT_NAME_SIZE]);
/* "service" of "foo.service", "" when there is none. */
const char *unit_order_type(const char *unit);
