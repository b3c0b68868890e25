/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Remarks: sentences for people about something that worked, but perhaps not as they meant
 */

#include <stddef.h>

#include "controller/base/cleanup.h"

/* A directory full of strange files is named by some of them. */
#define REMARKS_MAX 16

struct remarks {
	char *list[REMARKS_MAX];
	size_t n;
	size_t n_left_out;
};

/* A remark that finds no room or no memory is counted. */
void remarks_add(struct remarks *remarks, const char *format, ...) _printf_(2, 3);
void remarks_done(struct remarks *remarks);
