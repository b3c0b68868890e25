/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/groups/unfollowed.h"

#include <errno.h>
#include <string.h>

#include "controller/base/cleanup.h"

static struct unfollowed_group *unfollowed_find(struct unfollowed *unfollowed, const char *path)
{
	for (size_t i = 0; i < unfollowed->n; i++)
		if (strcmp(unfollowed->list[i].path, path) == 0)
			return &unfollowed->list[i];
	return NULL;
}

void unfollowed_note(struct unfollowed *unfollowed, const char *path, int error, bool is_all_below)
{
	struct unfollowed_group *group = unfollowed_find(unfollowed, path);
	char *copy = NULL;

	if (!group) {
		if (unfollowed->n < UNFOLLOWED_MAX)
			copy = strdup(path);
		if (!copy) {
			unfollowed->n_more++;
			return;
		}
		group = &unfollowed->list[unfollowed->n++];
		*group = (struct unfollowed_group){ .path = copy };
	}
	group->error = error;
	group->is_all_below |= is_all_below;
}

void unfollowed_forget(struct unfollowed *unfollowed, const char *path)
{
	struct unfollowed_group *group = unfollowed_find(unfollowed, path);

	if (!group)
		return;
	free(group->path);
	*group = unfollowed->list[--unfollowed->n];
}

void unfollowed_clear(struct unfollowed *unfollowed)
{
	for (size_t i = 0; i < unfollowed->n; i++)
		free(unfollowed->list[i].path);
	*unfollowed = (struct unfollowed){};
}

const char *unfollowed_reason(const struct unfollowed_group *group)
{
	switch (group->error) {
	case -ENOSPC:
		return "no slot is left";
	case -EMFILE:
		return "no descriptor is left to reliefd";
	case -ENFILE:
		return "no descriptor is left on this host";
	default:
		return strerror(-group->error);
	}
}
