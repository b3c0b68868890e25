/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "controller/client/examples/arguments.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int arguments_suffix_shift(const char *suffix)
{
	static const char units[] = "KMGT";
	const char *unit = *suffix ? strchr(units, toupper((unsigned char)*suffix)) : NULL;

	return unit && suffix[1] == '\0' ? 10 * (unsigned int)(unit - units + 1) : 0;
}

uint64_t argument_number(const char *option, const char *text, uint64_t min, uint64_t max)
{
	unsigned int shift;
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	shift = arguments_suffix_shift(end);
	if (errno || !isdigit((unsigned char)text[0]) || (*end && !shift) ||
	    value > UINT64_MAX >> shift || value << shift < min || value << shift > max) {
		fprintf(stderr,
			"--%s=%s: must be a number from %" PRIu64 " to %" PRIu64
			", with K, M, G or T if you like\n",
			option, text, min, max);
		exit(2);
	}
	return value << shift;
}
