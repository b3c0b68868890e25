/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Printable: names that the kernel allows, as text that everything takes
 *
 * A cgroup or a task may have any bytes for a name but a slash and a NUL. D-Bus takes UTF-8 only,
 * and a terminal obeys control characters. So what is no printable UTF-8 is shown as "\xff", byte
 * by byte. A backslash stays as it is: systemd's own escapes ("\x2d") are part of a unit's name.
 */

#include <stdbool.h>
#include <stddef.h>

/* How much longer a text can become. */
#define PRINTABLE_GROWTH 4

/* Whether it can be shown as it is. */
bool printable_is(const char *text);
/* Returns: text itself when it can be shown as it is; else buf, cut at a whole character. */
const char *printable(const char *text, char *buf, size_t size);
/* Returns: a copy to be freed, escaped where it must be; NULL: no memory. */
char *printable_dup(const char *text);
