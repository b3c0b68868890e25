/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Agents file: registrations on D-Bus, kept so that the next reliefd can take them over
 *
 * It is worth something on one bus only: a unique name is never given out twice by the same bus,
 * but every bus begins with ":1.0".
 */

#include <stddef.h>
#include <sys/types.h>

#include "controller/base/cleanup.h"
#include "controller/registry/client_identity.h"
#include "controller/registry/module_description.h"

#define AGENTS_FILE_BUS_ID_SIZE 33  /* 128 bits in hex, and a NUL */
#define AGENTS_FILE_SENDER_SIZE 24  /* ":1." and a 64-bit number, and a NUL */
#define AGENTS_FILE_PATH_SIZE	256 /* longer object paths are not kept */
#define AGENTS_FILE_MAX_MODULES 4096

/* One module of an agent. */
struct agents_entry {
	uint64_t module_id;
	char sender[AGENTS_FILE_SENDER_SIZE];
	char path[AGENTS_FILE_PATH_SIZE];
	uid_t uid;
	pid_t pid;
	char cgroup[CLIENT_CGROUP_SIZE]; /* that the client acts for; "": its own */
	struct module_description description;
};

struct agents_file {
	char bus_id[AGENTS_FILE_BUS_ID_SIZE];
	struct agents_entry *entries;
	size_t n;
};

void agents_file_done(struct agents_file *file);

/* Returns: 0 or negative errno; then what was at `path` stays. */
int agents_file_write(const char *path, const struct agents_file *file);
/*
 * Entries that cannot be understood are left out.
 * Returns: 0; -ENOENT there is none; -EBADMSG it is no such file; other negative errno.
 */
int agents_file_read(const char *path, struct agents_file *ret);
