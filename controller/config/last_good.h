/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Last good: the settings that were sound last, kept for a start at which they are not
 *
 * One file in the state directory, written by reliefd and by nothing else: every value, defaults
 * included, since those of a later version may be others.
 */

#include "controller/config/configuration.h"

#define LAST_GOOD_NAME "last-good.conf"

/* The text of the file, to be freed. Returns: 0 or -ENOMEM. */
int last_good_print(const struct configuration *configuration, char **ret_text);
/*
 * Writes the file anew, at once or not at all; does nothing when it says the same already.
 * Returns: 0 or negative errno.
 */
int last_good_write(const char *directory, const char *text);
/*
 * Reads it, with its own lines as origins. A key that this version does not know is left out.
 * Returns: 0 and *ret (configuration_done()); -ENOENT there is none; -EINVAL it is damaged; -errno.
 */
int last_good_read(const char *directory, struct configuration *ret);
