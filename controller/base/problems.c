/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/base/problems.h"

#include <assert.h>
#include <string.h>

#include "controller/base/cleanup.h"

static struct problem *problems_lookup(struct problems *problems, const char *name)
{
	for (size_t i = 0; i < problems->n; i++)
		if (strcmp(problems->list[i].name, name) == 0)
			return &problems->list[i];
	return NULL;
}

void problems_set(struct problems *problems, const char *name, const char *text, uint64_t now_usec)
{
	struct problem *problem = problems_lookup(problems, name);

	if (!problem) {
		assert(problems->n < PROBLEMS_MAX);
		problem = &problems->list[problems->n++];
		*problem = (struct problem){ .name = name };
	}
	free(problem->text);
	problem->text = strdup(text);
	problem->since_usec = now_usec;
	problems->version++;
}

bool problems_clear(struct problems *problems, const char *name)
{
	struct problem *problem = problems_lookup(problems, name);

	if (!problem)
		return false;
	free(problem->text);
	*problem = problems->list[--problems->n];
	problems->list[problems->n] = (struct problem){};
	problems->version++;
	return true;
}

const struct problem *problems_find(const struct problems *problems, const char *name)
{
	return problems_lookup((struct problems *)problems, name);
}

void problems_done(struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		free(problems->list[i].text);
	*problems = (struct problems){};
}
