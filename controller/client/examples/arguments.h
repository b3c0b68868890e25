/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Arguments of the examples: numbers and sizes, strictly
 */

#include <stdint.h>

/*
 * "100M", "64K", "1G" or plain bytes; for a plain number the same without a suffix. Ends the
 * program with a message that names the option when the text is something else, or not in min to
 * max.
 */
uint64_t argument_number(const char *option, const char *text, uint64_t min, uint64_t max);
