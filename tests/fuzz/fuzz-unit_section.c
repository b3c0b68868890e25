/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit files: whatever the text is, what comes out is in range and complaints are one clean line
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "controller/groups/unit_section.h"
#include "policies/words.h"

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void on_complaint(void *data, unsigned int line, const char *problem)
{
	check(line > 0, "a complaint without a line");
	for (; *problem; problem++)
		check((unsigned char)*problem >= ' ' && *problem != 0x7f,
		      "a control character in a complaint");
}

static void check_word(const struct unit_word *word, int32_t min, int32_t max)
{
	check(word->is_given || !word->is_set, "set, but not given");
	check(!word->is_given || word->line > 0, "given in no line");
	check(!word->is_set || (word->value >= min && word->value <= max), "out of range");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unit_section section;

	unit_section_parse((const char *)data, size, &section, on_complaint, NULL);
	check_word(&section.exclude, 0, 1);
	check_word(&section.priority, PRIORITY_MIN, PRIORITY_MAX);
	return 0;
}
