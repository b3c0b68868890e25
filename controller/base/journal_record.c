/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/base/journal_record.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

static void journal_record_append(struct journal_record *record, const void *bytes, size_t n)
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
	journal_record_append(record, key, key_length);
	if (memchr(value, '\n', value_length)) {
		journal_record_append(record, "\n", 1);
		journal_record_append(record, &size, sizeof(size));
	} else {
		journal_record_append(record, "=", 1);
	}
	journal_record_append(record, value, value_length);
	journal_record_append(record, "\n", 1);
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
	if (message_id)
		journal_record_add(record, "MESSAGE_ID", message_id);
	journal_record_add_number(record, "PRIORITY", (uint64_t)priority);
	journal_record_add(record, "SYSLOG_IDENTIFIER", program_invocation_short_name);
}

/* One socket for all threads; unconnected, since journald may restart. */
static int journal_record_journal_socket(void)
{
	static _Atomic int shared = -1;
	int fd = shared, none = -1;

	if (fd >= 0)
		return fd;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!atomic_compare_exchange_strong(&shared, &none, fd)) {
		close(fd); /* another thread was faster */
		return none;
	}
	return fd;
}

static int journal_record_send_to(const struct journal_record *record,
				  const struct sockaddr_un *address)
{
	int fd = journal_record_journal_socket();

	if (fd < 0)
		return fd;
	if (sendto(fd, record->fields, record->length, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return 0;
}

static void journal_record_tell_lost(const struct sockaddr_un *address, uint64_t n)
{
	struct journal_record record;

	journal_record_init(&record, NULL, LOG_WARNING,
			    "journald did not keep up: %" PRIu64 " messages were lost", n);
	journal_record_send_to(&record, address);
}

int journal_record_send(const struct journal_record *record, const char *socket_path)
{
	static _Atomic uint64_t n_lost;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint64_t n;
	int r;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, socket_path);
	r = journal_record_send_to(record, &address);
	if (r == -EAGAIN)
		n_lost++;
	if (r < 0)
		return r;
	n = atomic_exchange(&n_lost, 0);
	if (n > 0)
		journal_record_tell_lost(&address, n);
	return 0;
}
