/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/act/held_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "controller/base/cleanup.h"

static_assert(sizeof(struct held_record) == 1024, "a record fits a page a whole number of times");

/* FNV-1a: against halves, not against malice; the file is root's. */
static uint64_t held_file_checksum_of(const struct held_record *record)
{
	const unsigned char *bytes = (const unsigned char *)record;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < offsetof(struct held_record, checksum); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash;
}

static int held_file_write_at(int fd, size_t index, const struct held_record *record)
{
	ssize_t n;

	do
		n = pwrite(fd, record, sizeof(*record), (off_t)(index * sizeof(*record)));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == sizeof(*record) ? 0 : -EIO;
}

int held_file_open(const char *path, size_t n)
{
	_cleanup_fd_ int fd = -1;
	int r;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		r = held_file_clear(fd, i);
		if (r < 0)
			return r;
	}
	return take_fd(fd);
}

int held_file_write(int fd, size_t index, struct held_record *record)
{
	record->checksum = held_file_checksum_of(record);
	return held_file_write_at(fd, index, record);
}

int held_file_clear(int fd, size_t index)
{
	static const struct held_record empty;

	return held_file_write_at(fd, index, &empty);
}

int held_file_read(int fd, size_t index, struct held_record *ret)
{
	struct held_record record;

	if (pread(fd, &record, sizeof(record), (off_t)(index * sizeof(record))) !=
		    (ssize_t)sizeof(record) ||
	    record.group_id == 0 || record.checksum != held_file_checksum_of(&record) ||
	    !memchr(record.path, '\0', sizeof(record.path)) || record.path[0] != '/')
		return 0;
	*ret = record;
	return 1;
}
