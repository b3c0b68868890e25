/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Log: what the operator must read
 *
 * To the journal when stderr is connected to it (or $JOURNAL_STREAM says so), else to stderr with
 * a level prefix that systemd understands. Levels are syslog's.
 */

#include <stdbool.h>
#include <syslog.h>

#include "controller/base/cleanup.h"
#include "controller/base/journal_record.h"

void log_set_max_level(int level); /* LOG_ERR ... LOG_DEBUG; default LOG_INFO */
/* Whether messages of that level are logged. */
bool log_is_wanted(int level);
/* Whether all this goes to the journal; it is looked up once. */
bool log_is_journal(void);
/* To stderr as it is, whatever stderr is: what a program for people wants. */
void log_set_plain(void);
void log_message(int level, const char *format, ...) _printf_(2, 3);
/*
 * Logs "text: strerror" and returns the error, so that `return log_errno(r, "...")` works.
 * error: negative errno.
 */
int log_errno(int error, const char *format, ...) _printf_(2, 3);

/*
 * Sends a record to journald, or writes its sentence where the log goes if that is not the journal;
 * only if messages of its priority are logged.
 */
void log_record(const struct journal_record *record);

#define log_error(...)	 log_message(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_info(...)	 log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_message(LOG_DEBUG, __VA_ARGS__)
