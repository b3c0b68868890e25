/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/cleanup.h"

static ssize_t file_pread_retry(int fd, char *buf, size_t size, off_t offset)
{
	ssize_t n;

	do
		n = pread(fd, buf, size, offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t file_read_fd(int fd, char *buf, size_t size)
{
	size_t length = 0;
	char probe;
	ssize_t n;

	if (size == 0)
		return -EINVAL;
	/* A kernel file may be read in pieces; only 0 is the end. */
	while (length < size - 1) {
		n = file_pread_retry(fd, buf + length, size - 1 - length, (off_t)length);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	buf[length] = '\0';
	if (length < size - 1)
		return (ssize_t)length;
	n = file_pread_retry(fd, &probe, 1, (off_t)length);
	if (n < 0)
		return n;
	return n > 0 ? -EFBIG : (ssize_t)length;
}

ssize_t file_read_at(int dirfd, const char *path, char *buf, size_t size)
{
	_cleanup_fd_ int fd = -1;

	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	return file_read_fd(fd, buf, size);
}

int file_write_at(int dirfd, const char *path, const char *text)
{
	_cleanup_fd_ int fd = -1;
	size_t length = strlen(text);
	ssize_t n;

	fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

static int file_write_all(int fd, const char *text, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, text + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static int file_write_new(const char *path, const char *text, size_t size)
{
	_cleanup_fd_ int fd = -1;
	int r;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = file_write_all(fd, text, size);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

int file_replace(const char *path, const char *text, size_t size)
{
	char new_path[PATH_MAX];
	int n, r;

	n = snprintf(new_path, sizeof(new_path), "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof(new_path))
		return -ENAMETOOLONG;
	r = file_write_new(new_path, text, size);
	if (r == 0 && rename(new_path, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(new_path);
	return r;
}
