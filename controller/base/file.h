/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * File: small kernel files, read and written whole
 */

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads from offset 0 (pread) into buf and ends it with a NUL.
 * Returns: bytes read; -EFBIG when size - 1 did not hold it all; other negative errno.
 */
ssize_t file_read_fd(int fd, char *buf, size_t size);
/* The same for a path relative to dirfd (AT_FDCWD allowed). */
ssize_t file_read_at(int dirfd, const char *path, char *buf, size_t size);
/* Writes text in one write(2). Returns: 0 or negative errno (-EIO for a short write). */
int file_write_at(int dirfd, const char *path, const char *text);
/*
 * Puts a new file in the place of the old one: a reader, and a crash, find either the one or the
 * other whole. The directory must exist. Mode 0600.
 * Returns: 0 or negative errno; then the old file is as it was.
 */
int file_replace(const char *path, const char *text, size_t size);
