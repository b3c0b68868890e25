/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/trace_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct trace_names *trace_names_new(void)
{
	return calloc(1, sizeof(struct trace_names));
}

struct trace_names *trace_names_free(struct trace_names *names)
{
	if (!names)
		return NULL;
	for (size_t i = 0; i < TRACE_NAMES_MAX; i++) {
		free(names->groups[i]);
		free(names->modules[i]);
	}
	free(names);
	return NULL;
}

void trace_names_write(FILE *file, const char *kind, uint32_t slot, const char *name)
{
	if (!*name)
		return;
	fprintf(file, "name %s=%" PRIu32 " as=", kind, slot);
	for (; *name; name++)
		fputc((unsigned char)*name <= ' ' ? '_' : *name, file);
	fputc('\n', file);
}

/* The unit or container itself: "/system.slice/a.service" is "a.service", "/" stays. */
static const char *trace_names_short_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static int trace_names_keep(char **place, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	free(*place);
	*place = copy;
	return 0;
}

int trace_names_read(struct line_reader *reader, struct trace_names *names)
{
	bool is_group = reader->n_words == 3 && strncmp(reader->words[1], "group=", 6) == 0;
	bool is_module = reader->n_words == 3 && strncmp(reader->words[1], "module=", 7) == 0;
	const char *name;
	uint32_t slot;
	int r;

	if ((!is_group && !is_module) || strncmp(reader->words[2], "as=", 3) != 0)
		return line_fail(reader, "Expected \"name group=SLOT as=NAME\", or module=SLOT");
	name = reader->words[2] + 3;
	r = line_parse_value(reader, LINE_U32, is_group ? "group" : "module",
			     strchr(reader->words[1], '=') + 1, &slot);
	if (r < 0)
		return r;
	if (slot >= TRACE_NAMES_MAX)
		return line_fail(reader, "A slot is below %d", TRACE_NAMES_MAX);
	if (!names)
		return 0;
	return is_group ? trace_names_keep(&names->groups[slot], trace_names_short_name(name))
			: trace_names_keep(&names->modules[slot], name);
}
