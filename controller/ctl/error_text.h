/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Error text: a failed call as a sentence with its fix
 *
 * reliefd's own errors are sentences already. Those of the bus, of polkit and of the library are
 * words for programmers: each has a row here, and what has none is said with where to look.
 */

#include <stddef.h>

#include "controller/ctl/ctl.h"

struct error_text {
	int status; /* the exit status of a verb that ends with it */
	char text[512];
};

/*
 * name, message: of the D-Bus error, NULL when the library failed with r (negative errno).
 * verb: what the user called, for "sudo reliefctl VERB".
 */
void error_text_fill(struct error_text *ret, const char *name, const char *message, int r,
		     const char *verb);
