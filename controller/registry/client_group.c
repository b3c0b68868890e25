/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/registry/client_group.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/base/cleanup.h"

/* Where the memory controller is not enabled for a cgroup, its memory is charged further up. */
static bool client_group_is_charged(const struct cgroup_tree *tree, const char *cgroup)
{
	_cleanup_free_ char *path = NULL;

	if (tree->mode != CGROUP_MODE_PURE || strcmp(cgroup, "/") == 0)
		return true;
	if (asprintf(&path, "%s%s/memory.current", tree->mount, cgroup) < 0) {
		path = NULL;
		return true;
	}
	return access(path, F_OK) == 0;
}

int client_group_find(struct group_set *groups, const struct client *client, struct group **ret)
{
	char cgroup[sizeof(client->cgroup)];
	char *slash;
	int r;

	memcpy(cgroup, client->cgroup, sizeof(cgroup));
	for (;;) {
		if (client_group_is_charged(group_set_tree(groups), cgroup)) {
			r = group_set_ensure(groups, cgroup, ret);
			if ((r != -ENOSPC && r != -ENOENT) || strcmp(cgroup, "/") == 0)
				return r;
		}
		slash = strrchr(cgroup, '/');
		if (!slash)
			return -EINVAL;
		slash[slash == cgroup] = '\0'; /* the parent of "/a" is "/" */
	}
}
