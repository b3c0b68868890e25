/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Cleanup: release at the end of the scope, hand over by take_*
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn)  __attribute__((cleanup(fn)))
#define _unused_       __attribute__((unused))
#define _printf_(f, a) __attribute__((format(printf, f, a)))

/* Defines fn_cleanup(type *p), which calls fn(*p) unless it is NULL. */
#define DEFINE_CLEANUP(type, fn)                 \
	static inline void fn##_cleanup(type *p) \
	{                                        \
		if (*p)                          \
			fn(*p);                  \
	}

static inline void free_cleanup(void *p)
{
	free(*(void **)p);
}

/* Closes a descriptor, keeps errno, returns -1 so that `fd = fd_close(fd)` forgets it. */
static inline int fd_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;

		close(fd);
		errno = saved;
	}
	return -1;
}

static inline void fd_cleanup(int *fd)
{
	fd_close(*fd);
}

static inline void file_cleanup(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void dir_cleanup(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_free_ _cleanup_(free_cleanup)
#define _cleanup_fd_   _cleanup_(fd_cleanup)
#define _cleanup_file_ _cleanup_(file_cleanup)
#define _cleanup_dir_  _cleanup_(dir_cleanup)

static inline int take_fd_impl(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

#define take_fd(fd) take_fd_impl(&(fd))
#define take_ptr(p)                         \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})
