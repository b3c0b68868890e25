/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/config/layered_file.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define SUFFIX ".conf"

DEFINE_CLEANUP(DIR *, closedir);

/* /dev/null, usually by a link. */
static bool layered_file_is_mask(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static int layered_file_add_path(struct layered_file *files, char *path)
{
	char **paths;

	paths = reallocarray(files->paths, files->n_paths + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	files->paths = paths;
	paths[files->n_paths++] = path;
	return 0;
}

static const char *layered_file_base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int layered_file_find_main(struct layered_file *files, const char *root,
				  const char *const *directories, const char *name)
{
	for (; *directories; directories++) {
		_cleanup_free_ char *path = NULL;
		struct stat st;
		int r;

		if (asprintf(&path, "%s%s/%s", root, *directories, name) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		if (lstat(path, &st) < 0)
			continue;
		files->main_found = true;
		if (layered_file_is_mask(path))
			return 0;
		r = layered_file_add_path(files, path);
		if (r == 0)
			take_ptr(path);
		return r;
	}
	return 0;
}

static bool layered_file_has_drop_in(const struct layered_file *files, size_t first,
				     const char *name)
{
	for (size_t i = first; i < files->n_paths; i++)
		if (strcmp(layered_file_base_name(files->paths[i]), name) == 0)
			return true;
	return false;
}

bool layered_file_is_drop_in(const char *name)
{
	size_t length = strlen(name), suffix = strlen(SUFFIX);

	return name[0] != '.' && length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
}

/* Adds those of one directory whose name no earlier directory has; masks count as having it. */
static int layered_file_add_drop_ins(struct layered_file *files, size_t first,
				     const char *directory)
{
	_cleanup_(closedir_cleanup) DIR *dir = NULL;
	struct dirent *entry;
	int r;

	dir = opendir(directory);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while ((entry = readdir(dir))) {
		_cleanup_free_ char *path = NULL;

		if (!layered_file_is_drop_in(entry->d_name) ||
		    layered_file_has_drop_in(files, first, entry->d_name))
			continue;
		if (asprintf(&path, "%s/%s", directory, entry->d_name) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		r = layered_file_add_path(files, path);
		if (r < 0)
			return r;
		take_ptr(path);
	}
	return 0;
}

static int layered_file_compare_base_names(const void *a, const void *b)
{
	return strcmp(layered_file_base_name(*(char *const *)a),
		      layered_file_base_name(*(char *const *)b));
}

static void layered_file_drop_masks(struct layered_file *files, size_t first)
{
	size_t n = first;

	for (size_t i = first; i < files->n_paths; i++)
		if (layered_file_is_mask(files->paths[i]))
			free(files->paths[i]);
		else
			files->paths[n++] = files->paths[i];
	files->n_paths = n;
}

static int layered_file_find_drop_ins(struct layered_file *files, const char *root,
				      const char *const *directories, const char *name,
				      char **ret_problem)
{
	size_t first = files->n_paths;
	int r;

	for (; *directories; directories++) {
		_cleanup_free_ char *directory = NULL;

		if (asprintf(&directory, "%s%s/%s.d", root, *directories, name) < 0) {
			directory = NULL;
			return -ENOMEM;
		}
		r = layered_file_add_drop_ins(files, first, directory);
		if (r < 0)
			return config_problem(ret_problem, r, directory, 0, "cannot be listed: %s",
					      strerror(-r));
	}
	layered_file_drop_masks(files, first);
	if (files->n_paths > first)
		qsort(files->paths + first, files->n_paths - first, sizeof(*files->paths),
		      layered_file_compare_base_names);
	return 0;
}

int layered_file_find(struct layered_file *ret, const char *root, const char *const *directories,
		      const char *name, char **ret_problem)
{
	struct layered_file files = {};
	int r;

	root = root ? root : "";
	r = layered_file_find_main(&files, root, directories, name);
	if (r == 0)
		r = layered_file_find_drop_ins(&files, root, directories, name, ret_problem);
	if (r < 0) {
		layered_file_done(&files);
		return r;
	}
	*ret = files;
	return 0;
}

void layered_file_done(struct layered_file *files)
{
	for (size_t i = 0; i < files->n_paths; i++)
		free(files->paths[i]);
	free(files->paths);
	*files = (struct layered_file){};
}

static int layered_file_apply_file(const char *path, apply_fn apply, void *data, char **ret_problem)
{
	_cleanup_(config_file_done) struct config_file config = {};
	int r;

	r = config_file_read(path, &config, ret_problem);
	for (size_t i = 0; r == 0 && i < config.n; i++)
		r = apply(data, &config.assignments[i], ret_problem);
	return r;
}

int layered_file_apply(const struct layered_file *files, apply_fn apply, void *data,
		       char **ret_problem)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->n_paths; i++)
		r = layered_file_apply_file(files->paths[i], apply, data, ret_problem);
	return r;
}

static int layered_file_cat_file(const char *path, FILE *out)
{
	_cleanup_file_ FILE *in = NULL;
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t n;
	char last = '\n';

	in = fopen(path, "re");
	if (!in)
		return -errno;
	fprintf(out, "# %s\n", path);
	while ((n = getline(&line, &size, in)) > 0) {
		fwrite(line, 1, (size_t)n, out);
		last = line[n - 1];
	}
	if (last != '\n')
		fputc('\n', out);
	return ferror(in) ? -EIO : 0;
}

int layered_file_cat(const struct layered_file *files, FILE *out)
{
	for (size_t i = 0; i < files->n_paths; i++) {
		int r = layered_file_cat_file(files->paths[i], out);

		if (r < 0)
			return r;
		if (i + 1 < files->n_paths)
			fputc('\n', out);
	}
	return (int)files->n_paths;
}
