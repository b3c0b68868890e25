/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Retry: something of the host that cannot be had now, and is tried for until it can
 *
 *	                 fails                        works
 *	retry_now() ────────────▶ a problem by name ────────▶ the problem is over
 *	                          ▲ 1 s … 1 min │ fails
 *	                          └─────────────┘
 *
 * Said in the log when it begins, when its text changes, and when it is over.
 */

#include <systemd/sd-event.h>

#include "controller/base/cleanup.h"
#include "controller/base/problems.h"
#include "controller/base/wake.h"

struct retry;

struct retry_config {
	sd_event *event;
	struct problems *problems;
	struct wake wake; /* the problems are others */
	const char *name; /* of the problem; static */
	/*
	 * Returns: 0; or negative errno and *ret_text, to be freed: what is wrong, what is done
	 * without it, and the fix. NULL: there is no memory for it.
	 */
	int (*attempt)(void *data, char **ret_text);
	void *data;
};

/* For attempts: puts the sentence together. Returns: error. */
int retry_explain(int error, char **ret_text, const char *format, ...) _printf_(3, 4);

/* Attempts nothing yet. Returns: 0 or negative errno. */
int retry_new(struct retry **ret, const struct retry_config *config);
/* The problem stays in the list. */
struct retry *retry_free(struct retry *retry);
DEFINE_CLEANUP(struct retry *, retry_free);

/* The first attempt, or one out of turn; when it fails, the next ones follow by themselves. */
void retry_now(struct retry *retry);
/* It is not wanted any more: nothing is attempted, and no problem is left. */
void retry_stop(struct retry *retry);
