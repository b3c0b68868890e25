/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/config/origins.h"

#include <string.h>

#include "controller/base/setting_list.h"

int origins_init(struct origins *origins, size_t n)
{
	*origins = (struct origins){ .at = calloc(n, sizeof(*origins->at)), .n = n };
	return origins->at ? 0 : -ENOMEM;
}

void origins_done(struct origins *origins)
{
	for (size_t i = 0; i < origins->n && origins->at; i++)
		free(origins->at[i].text);
	free(origins->at);
	*origins = (struct origins){};
}

static int origins_replace(struct origins *origins, size_t place, char *text)
{
	if (!text)
		return -ENOMEM;
	free(origins->at[place].text);
	origins->at[place] = (struct origin){ text, ++origins->n_noted };
	return 0;
}

int origins_note(struct origins *origins, size_t place, const struct assignment *a)
{
	char *text;

	if (asprintf(&text, "%s:%u", a->path, a->line) < 0)
		return -ENOMEM;
	return origins_replace(origins, place, text);
}

int origins_set(struct origins *origins, size_t place, const char *text)
{
	return origins_replace(origins, place, strdup(text));
}

const char *origins_text(const struct origins *origins, size_t place)
{
	return origins->at[place].text ? origins->at[place].text : ORIGIN_BUILT_IN;
}
