/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/base/setting_list.h"

#include <errno.h>
#include <string.h>

#include "controller/base/cleanup.h"

int setting_list_add(struct setting_list *list, const char *section, const char *key,
		     const char *value, const char *origin)
{
	struct listed_setting *entries;

	entries = reallocarray(list->entries, list->n + 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	list->entries = entries;
	entries[list->n] = (struct listed_setting){ section, key, strdup(value), strdup(origin) };
	list->n++;
	return entries[list->n - 1].value && entries[list->n - 1].origin ? 0 : -ENOMEM;
}

const struct listed_setting *setting_list_find(const struct setting_list *list, const char *section,
					       const char *key)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->entries[i].section, section) == 0 &&
		    strcmp(list->entries[i].key, key) == 0)
			return &list->entries[i];
	return NULL;
}

void setting_list_done(struct setting_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->entries[i].value);
		free(list->entries[i].origin);
	}
	free(list->entries);
	*list = (struct setting_list){};
}
