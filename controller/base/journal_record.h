/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Journal record: fields for journald, sent without waiting
 *
 * sd_journal_sendv() blocks while journald's queue is full, which it is when journald is stalled
 * by the very shortage that is being told of. So the native protocol, which is one datagram of
 * KEY=VALUE lines (systemd.io/JOURNAL_NATIVE_PROTOCOL), is spoken here with MSG_DONTWAIT. Records
 * that are not taken are counted, and the count is told with the next that is. Needs no memory.
 */

#include <stddef.h>
#include <stdint.h>

#include "controller/base/cleanup.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/*
 * The longest record, by far: a sentence, two cgroup paths, some numbers, and the names of about a
 * hundred units. Fields that do not fit are left out; the sentence comes first.
 */
#define JOURNAL_RECORD_SIZE   8192
#define JOURNAL_SENTENCE_SIZE 1024

struct journal_record {
	int priority; /* syslog's */
	char sentence[JOURNAL_SENTENCE_SIZE];
	char fields[JOURNAL_RECORD_SIZE];
	size_t length;
};

/*
 * Starts a record with MESSAGE, the sentence, PRIORITY and, unless it is NULL, MESSAGE_ID. A
 * sentence that is too long is cut.
 */
void journal_record_init(struct journal_record *record, const char *message_id, int priority,
			 const char *sentence, ...) _printf_(4, 5);
/* key: capitals, digits and underscores. Empty values are left out. */
void journal_record_add(struct journal_record *record, const char *key, const char *value);
void journal_record_add_number(struct journal_record *record, const char *key, uint64_t value);

/*
 * Sends it to journald, or to whoever listens at socket_path; any thread may.
 * Returns: 0; -EAGAIN it does not keep up; other negative errno: it is not there.
 */
int journal_record_send(const struct journal_record *record, const char *socket_path);
