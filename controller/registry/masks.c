/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file has one line a mask: the module's name ("" for all), a tab, the cgroup. Neither can hold
 * a tab or a line break first: names are printable text, and the kernel refuses "\n" in a cgroup's
 * name. A change is written before it takes effect, so what is in force survives a crash.
 */
#include "controller/registry/masks.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>

#include "controller/base/file.h"
#include "controller/base/log.h"

/* A name, a tab, a path and a line break: a file that is longer was not written by masks.c. */
#define FILE_MAX_BYTES (MASKS_MAX * 640)

struct mask {
	char *cgroup, *module;
};

struct masks {
	char *path;
	int read_error; /* negative errno: the file is there, and what it holds is not known */
	struct mask entries[MASKS_MAX];
	size_t n;
};

static void mask_done(struct mask *mask)
{
	free(mask->cgroup);
	free(mask->module);
	*mask = (struct mask){};
}

static int mask_init(struct mask *mask, const char *cgroup, const char *module)
{
	*mask = (struct mask){ .cgroup = strdup(cgroup), .module = strdup(module) };
	if (mask->cgroup && mask->module)
		return 0;
	mask_done(mask);
	return -ENOMEM;
}

static bool mask_is_valid(const char *cgroup, const char *module)
{
	return cgroup[0] == '/' && !strchr(cgroup, '\n') && !strpbrk(module, "\t\n");
}

static size_t masks_find(const struct masks *masks, const char *cgroup, const char *module)
{
	size_t i = 0;

	while (i < masks->n && (strcmp(masks->entries[i].cgroup, cgroup) != 0 ||
				strcmp(masks->entries[i].module, module) != 0))
		i++;
	return i;
}

bool masks_match(const struct masks *masks, const char *cgroup, const char *module)
{
	return masks_find(masks, cgroup, "") < masks->n ||
	       masks_find(masks, cgroup, module) < masks->n;
}

bool masks_match_client(const struct masks *masks, const struct client *client, const char *module)
{
	char cgroup[CLIENT_CGROUP_SIZE];

	client_unit_cgroup(client, cgroup);
	return masks_match(masks, cgroup, module);
}

/* ---- the file ---- */

static int masks_append(struct masks *masks, const char *cgroup, const char *module)
{
	int r;

	assert(masks->n < MASKS_MAX);
	r = mask_init(&masks->entries[masks->n], cgroup, module);
	if (r == 0)
		masks->n++;
	return r;
}

static int masks_read_line(struct masks *masks, const char *line)
{
	_cleanup_free_ char *module = NULL;
	const char *tab = strchr(line, '\t');

	if (!tab || masks->n == MASKS_MAX)
		return -EINVAL;
	module = strndup(line, (size_t)(tab - line));
	if (!module)
		return -ENOMEM;
	if (!mask_is_valid(tab + 1, module))
		return -EINVAL;
	return masks_append(masks, tab + 1, module);
}

static int masks_read(struct masks *masks)
{
	_cleanup_free_ char *text = malloc(FILE_MAX_BYTES);
	char *rest, *line;
	ssize_t size;
	int n = 0;

	if (!text)
		return -ENOMEM;
	size = file_read_at(AT_FDCWD, masks->path, text, FILE_MAX_BYTES);
	if (size < 0)
		return size == -ENOENT ? 0 : (int)size;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		n++;
		if (masks_read_line(masks, line) < 0)
			log_warning("%s: mask %d is left out: it must be NAME, a tab and "
				    "a cgroup",
				    masks->path, n);
	}
	return 0;
}

static int masks_write(const struct masks *masks)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *file;

	if (!masks->path)
		return 0;
	if (masks->read_error < 0) /* to write now would lose what the file holds */
		return masks->read_error;
	file = open_memstream(&text, &size);
	if (!file)
		return -errno;
	for (size_t i = 0; i < masks->n; i++)
		fprintf(file, "%s\t%s\n", masks->entries[i].module, masks->entries[i].cgroup);
	if (fclose(file) != 0)
		return -ENOMEM;
	return file_replace(masks->path, text, size);
}

/* ---- interface ---- */

int masks_new(struct masks **ret, const char *path)
{
	_cleanup_(masks_free_cleanup) struct masks *masks = calloc(1, sizeof(*masks));

	if (!masks)
		return -ENOMEM;
	if (path) {
		masks->path = strdup(path);
		if (!masks->path)
			return -ENOMEM;
		masks->read_error = masks_read(masks);
	}
	*ret = take_ptr(masks);
	return 0;
}

int masks_read_again(struct masks *masks)
{
	if (masks->read_error < 0)
		masks->read_error = masks_read(masks);
	return masks->read_error;
}

struct masks *masks_free(struct masks *masks)
{
	if (!masks)
		return NULL;
	for (size_t i = 0; i < masks->n; i++)
		mask_done(&masks->entries[i]);
	free(masks->path);
	free(masks);
	return NULL;
}

int masks_add(struct masks *masks, const char *cgroup, const char *module)
{
	int r;

	if (!mask_is_valid(cgroup, module))
		return -EINVAL;
	if (masks_find(masks, cgroup, module) < masks->n)
		return -EEXIST;
	if (masks->n == MASKS_MAX)
		return -ENOSPC;
	r = masks_append(masks, cgroup, module);
	if (r < 0)
		return r;
	r = masks_write(masks);
	if (r < 0)
		mask_done(&masks->entries[--masks->n]);
	return r;
}

int masks_remove(struct masks *masks, const char *cgroup, const char *module)
{
	size_t i = masks_find(masks, cgroup, module);
	struct mask removed;
	size_t n_after;
	int r;

	if (i == masks->n)
		return -ENOENT;
	removed = masks->entries[i];
	n_after = masks->n - i - 1;
	memmove(&masks->entries[i], &masks->entries[i + 1], n_after * sizeof(removed));
	masks->n--;
	r = masks_write(masks);
	if (r < 0) {
		memmove(&masks->entries[i + 1], &masks->entries[i], n_after * sizeof(removed));
		masks->entries[i] = removed;
		masks->n++;
		return r;
	}
	mask_done(&removed);
	return 0;
}

size_t masks_size(const struct masks *masks)
{
	return masks->n;
}

void masks_get(const struct masks *masks, size_t index, const char **ret_cgroup,
	       const char **ret_module)
{
	assert(index < masks->n);
	*ret_cgroup = masks->entries[index].cgroup;
	*ret_module = masks->entries[index].module;
}
