/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	bus 0f6d3a...                                              first line: the bus's id
 *	4 :1.42 1000 812 0 1 104857600 0 0 /agent my images       one line a module
 *
 *	id, sender, uid, pid, kind, flags, size, idle limit, reload cost, path, name; the name is
 *last, since it may hold blanks. Numbers are decimal. The file is root's, but a line is still read
 *as strictly as one from a client: a crash may have left anything.
 */
#include "controller/registry/agents_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "controller/base/file.h"
#include "controller/base/parse.h"

/* The longest line, with nine 64-bit numbers; and the file of that many. */
#define LINE_MAX_BYTES                                                                   \
	(9 * 21 + AGENTS_FILE_SENDER_SIZE + AGENTS_FILE_PATH_SIZE + CLIENT_CGROUP_SIZE + \
	 MODULE_NAME_SIZE)
#define FILE_MAX_BYTES (64 + AGENTS_FILE_MAX_MODULES * LINE_MAX_BYTES)

void agents_file_done(struct agents_file *file)
{
	free(file->entries);
	*file = (struct agents_file){};
}

static void agents_file_print(FILE *stream, const struct agents_file *file)
{
	fprintf(stream, "bus %s\n", file->bus_id);
	for (size_t i = 0; i < file->n; i++) {
		const struct agents_entry *entry = &file->entries[i];
		const struct module_description *description = &entry->description;

		fprintf(stream,
			"%" PRIu64 "\t%s\t%u\t%d\t%d\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu64
			"\t%" PRIu64 "\t%s\t%s\t%s\n",
			entry->module_id, entry->sender, entry->uid, entry->pid, description->kind,
			description->flags, description->size_bytes, description->idle_limit_usec,
			description->reload_cost_usec, entry->path, entry->cgroup,
			description->name);
	}
}

int agents_file_write(const char *path, const struct agents_file *file)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return -errno;
	agents_file_print(stream, file);
	if (fclose(stream) != 0)
		return -ENOMEM;
	return file_replace(path, text, size);
}

static int agents_file_next_number(char **rest, uint64_t max, uint64_t *ret)
{
	const char *word = strsep(rest, "\t");
	int r;

	if (!word || !*rest)
		return -EBADMSG;
	r = parse_u64(word, ret);
	if (r < 0)
		return r;
	return *ret <= max ? 0 : -ERANGE;
}

static int agents_file_next_word(char **rest, char *buf, size_t size)
{
	const char *word = strsep(rest, "\t");

	if (!word || !*rest || strlen(word) >= size)
		return -EBADMSG;
	strcpy(buf, word);
	return 0;
}

static int agents_file_parse_numbers(char **rest, struct agents_entry *entry)
{
	struct module_description *description = &entry->description;
	uint64_t uid, pid, kind, flags;

	if (agents_file_next_number(rest, UINT32_MAX, &uid) < 0 ||
	    agents_file_next_number(rest, INT32_MAX, &pid) < 0 ||
	    agents_file_next_number(rest, N_MODULE_KINDS - 1, &kind) < 0 ||
	    agents_file_next_number(rest, UINT32_MAX, &flags) < 0 ||
	    agents_file_next_number(rest, UINT64_MAX, &description->size_bytes) < 0 ||
	    agents_file_next_number(rest, UINT64_MAX, &description->idle_limit_usec) < 0 ||
	    agents_file_next_number(rest, UINT64_MAX, &description->reload_cost_usec) < 0)
		return -EBADMSG;
	entry->uid = (uid_t)uid;
	entry->pid = (pid_t)pid;
	description->kind = (enum module_kind)kind;
	description->flags = (uint32_t)flags;
	return 0;
}

static int agents_file_parse_entry(char *line, struct agents_entry *ret)
{
	struct agents_entry entry = {};
	const char *problem;
	char *rest = line;

	if (agents_file_next_number(&rest, UINT64_MAX, &entry.module_id) < 0 ||
	    agents_file_next_word(&rest, entry.sender, sizeof(entry.sender)) < 0 ||
	    agents_file_parse_numbers(&rest, &entry) < 0 ||
	    agents_file_next_word(&rest, entry.path, sizeof(entry.path)) < 0 ||
	    agents_file_next_word(&rest, entry.cgroup, sizeof(entry.cgroup)) < 0 || !rest ||
	    strlen(rest) >= sizeof(entry.description.name))
		return -EBADMSG;
	strcpy(entry.description.name, rest);
	if (entry.module_id == 0 || entry.sender[0] != ':' ||
	    (entry.cgroup[0] && entry.cgroup[0] != '/') ||
	    !sd_bus_object_path_is_valid(entry.path) ||
	    !module_description_is_valid(&entry.description, &problem))
		return -EBADMSG;
	*ret = entry;
	return 0;
}

static int agents_file_parse_bus(const char *line, char ret_id[static AGENTS_FILE_BUS_ID_SIZE])
{
	static const char key[] = "bus ";

	if (!line || strncmp(line, key, sizeof(key) - 1) != 0)
		return -EBADMSG;
	line += sizeof(key) - 1;
	if (strlen(line) != AGENTS_FILE_BUS_ID_SIZE - 1 ||
	    strspn(line, "0123456789abcdef") != AGENTS_FILE_BUS_ID_SIZE - 1)
		return -EBADMSG;
	strcpy(ret_id, line);
	return 0;
}

static size_t agents_file_count_lines(const char *text)
{
	size_t n = 1;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

static int agents_file_parse_file(char *text, struct agents_file *ret)
{
	_cleanup_(agents_file_done) struct agents_file file = {};
	size_t n_lines = agents_file_count_lines(text);
	char *rest = text, *line;
	int r;

	r = agents_file_parse_bus(strsep(&rest, "\n"), file.bus_id);
	if (r < 0)
		return r;
	file.entries = calloc(n_lines, sizeof(*file.entries));
	if (!file.entries)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n")) && file.n < AGENTS_FILE_MAX_MODULES)
		file.n += agents_file_parse_entry(line, &file.entries[file.n]) == 0;
	*ret = file;
	file = (struct agents_file){};
	return 0;
}

int agents_file_read(const char *path, struct agents_file *ret)
{
	_cleanup_free_ char *text = malloc(FILE_MAX_BYTES);
	ssize_t size;

	if (!text)
		return -ENOMEM;
	size = file_read_at(AT_FDCWD, path, text, FILE_MAX_BYTES);
	if (size < 0)
		return (int)size;
	return agents_file_parse_file(text, ret);
}
