/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/registry/owner_memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "controller/base/file.h"

/* A read of /proc/PID/statm takes some 10 us: a collection stays below a millisecond. */
#define OWNERS_READ_MAX 64

static uint64_t owner_memory_read_anonymous(const struct cgroup_tree *tree, pid_t pid)
{
	uint64_t resident_pages, shared_pages;
	char path[256], text[256];

	if (pid <= 0 ||
	    (size_t)snprintf(path, sizeof(path), "%s/%d/statm", tree->proc, pid) >= sizeof(path))
		return 0;
	if (file_read_at(AT_FDCWD, path, text, sizeof(text)) < 0 ||
	    sscanf(text, "%*u %" SCNu64 " %" SCNu64, &resident_pages, &shared_pages) != 2 ||
	    shared_pages > resident_pages || resident_pages > UINT64_MAX >> 20)
		return 0;
	return (resident_pages - shared_pages) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void owner_memory_begin(struct owner_memory_round *round, const struct cgroup_tree *tree)
{
	round->tree = tree;
	round->number++;
	round->n_left = OWNERS_READ_MAX;
}

uint64_t owner_memory_of(struct owner_memory_round *round, const struct client *client,
			 uint64_t *number)
{
	/* What acts for another unit tells nothing by its own size. */
	if (client->acts_for_another || *number == round->number || round->n_left == 0)
		return 0;
	*number = round->number;
	round->n_left--;
	return owner_memory_read_anonymous(round->tree, client->pid);
}
