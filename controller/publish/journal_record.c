/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/publish/journal_record.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static void append(struct journal_record *record, const void *bytes, size_t n)
{
	memcpy(record->fields + record->length, bytes, n);
	record->length += n;
}

void journal_record_add(struct journal_record *record, const char *key, const char *value)
{
	size_t key_length = strlen(key), value_length = strlen(value);
	/* "=" and "\n", or "\n", a 64-bit length and "\n". */
	size_t needed = key_length + value_length + 2 + sizeof(uint64_t);
	uint64_t size = htole64(value_length);

	if (value_length == 0 || needed > sizeof(record->fields) - record->length)
		return;
	append(record, key, key_length);
	if (memchr(value, '\n', value_length)) {
		append(record, "\n", 1);
		append(record, &size, sizeof(size));
	} else {
		append(record, "=", 1);
	}
	append(record, value, value_length);
	append(record, "\n", 1);
}

void journal_record_add_number(struct journal_record *record, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	journal_record_add(record, key, text);
}

void journal_record_init(struct journal_record *record, const char *message_id, int priority,
			 const char *sentence, ...)
{
	va_list args;

	record->priority = priority;
	record->length = 0;
	va_start(args, sentence);
	vsnprintf(record->sentence, sizeof(record->sentence), sentence, args);
	va_end(args);
	journal_record_add(record, "MESSAGE", record->sentence);
	journal_record_add(record, "MESSAGE_ID", message_id);
	journal_record_add_number(record, "PRIORITY", (uint64_t)priority);
	journal_record_add(record, "SYSLOG_IDENTIFIER", "reliefd");
}

int journal_record_send(const struct journal_record *record, const char *socket_path)
{
	static int fd = -1; /* unconnected: journald may restart */
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	ssize_t n;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, socket_path);
	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	n = sendto(fd, record->fields, record->length, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (struct sockaddr *)&address, sizeof(address));
	return n < 0 ? -errno : 0;
}
