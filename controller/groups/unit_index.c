/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/groups/unit_index.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/cleanup.h"
#include "controller/groups/unit_order.h"

/*
 * systemd's, the strongest first. Without transient units: only whoever calls systemd over the bus
 * writes there, and cannot write our section.
 */
static const char *const directories[] = {
	"/etc/systemd/system.control",	 "/run/systemd/system.control",
	"/run/systemd/generator.early",	 "/etc/systemd/system",
	"/etc/systemd/system.attached",	 "/run/systemd/system",
	"/run/systemd/system.attached",	 "/run/systemd/generator",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/run/systemd/generator.late",
};

_Static_assert(sizeof(directories) / sizeof(directories[0]) == UNIT_DIRECTORIES, "as announced");

/* The largest unit files known have some ten KiB. */
#define FILE_MAX_BYTES (256 * 1024)
/* A host has some hundred. */
#define FILES_MAX 16384
const char *unit_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool unit_index_has_suffix(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n > m && strcmp(text + n - m, suffix) == 0;
}

/* Of a type that has a cgroup. */
static bool unit_index_is_unit_name(const char *name)
{
	static const char *const types[] = { ".service", ".slice", ".scope",
					     ".socket",	 ".mount", ".swap" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (unit_index_has_suffix(name, types[i]))
			return strlen(name) < UNIT_NAME_SIZE;
	return false;
}

/* "foo.service" and "service", whose drop-ins lie in "foo.service.d" and "service.d". */
static bool unit_index_may_have_dropins(const char *name)
{
	char dotted[UNIT_NAME_SIZE + 2];

	snprintf(dotted, sizeof(dotted), "x.%s", name);
	return unit_index_is_unit_name(name) ||
	       (!strchr(name, '.') && unit_index_is_unit_name(dotted));
}

static void unit_index_drop_files(struct unit_index *index)
{
	for (size_t i = 0; i < index->n_files; i++) {
		free(index->files[i].path);
		free(index->files[i].owner);
		free(index->files[i].target);
	}
	free(index->files);
	index->files = NULL;
	index->n_files = 0;
}

void unit_index_done(struct unit_index *index)
{
	unit_index_drop_files(index);
	for (size_t i = 0; i < index->n_stamps; i++)
		free(index->stamps[i].path);
	free(index->stamps);
	remarks_done(&index->complaints);
	*index = (struct unit_index){ 0 };
}

/* Returns: the list with room for one more, or NULL; then it is as it was. */
static void *unit_index_make_room(void *list, size_t n, size_t size)
{
	/* Powers of two: the list is full whenever n is one. */
	return n & (n - 1) ? list : realloc(list, (n ? 2 * n : 1) * size);
}

static int unit_index_add(struct unit_index *index, const struct unit_file *file)
{
	struct unit_file *files =
		unit_index_make_room(index->files, index->n_files, sizeof(*files));

	if (!files)
		return -ENOMEM;
	index->files = files;
	files[index->n_files++] = *file;
	if (file->section.exclude.is_given || file->section.priority.is_given)
		index->has_section = true;
	return 0;
}

static struct stamp unit_index_stamp_of(const char *path)
{
	struct stamp stamp = { 0 };
	struct stat st;

	if (stat(path, &st) == 0) {
		stamp.inode = st.st_ino;
		stamp.changed = st.st_mtim;
	}
	return stamp;
}

/* Taken before the directory is read: what changes in between is seen the next time. */
static int unit_index_stamp(struct unit_index *index, const char *path)
{
	struct stamp *stamps =
		unit_index_make_room(index->stamps, index->n_stamps, sizeof(*stamps));
	struct stamp stamp = unit_index_stamp_of(path);

	if (!stamps)
		return -ENOMEM;
	index->stamps = stamps;
	stamp.path = strdup(path);
	if (!stamp.path)
		return -ENOMEM;
	stamps[index->n_stamps++] = stamp;
	return 0;
}

bool unit_index_is_stale(const struct unit_index *index)
{
	for (size_t i = 0; i < index->n_stamps; i++) {
		const struct stamp *old = &index->stamps[i];
		struct stamp now = unit_index_stamp_of(old->path);

		if (now.inode != old->inode || now.changed.tv_sec != old->changed.tv_sec ||
		    now.changed.tv_nsec != old->changed.tv_nsec)
			return true;
	}
	return false;
}

/* Reading. */

struct complainant {
	struct unit_index *index;
	const char *path;
};

static void unit_index_on_complaint(void *data, unsigned int line, const char *problem)
{
	const struct complainant *c = data;

	remarks_add(&c->index->complaints, "%s:%u: %s", c->path, line, problem);
}

/*
 * Never waits for a pipe or a device. What cannot be read has no section.
 */
static int unit_index_read_section(struct unit_index *index, const char *path,
				   struct unit_section *ret)
{
	struct complainant complainant = { index, path };
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	ssize_t n;

	*ret = (struct unit_section){ 0 };
	if (fd < 0) {
		if (errno != ENOENT)
			remarks_add(&index->complaints, "Cannot read %s: %s", path,
				    strerror(errno));
		return 0;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0; /* /dev/null masks */
	if (st.st_size > FILE_MAX_BYTES) {
		remarks_add(&index->complaints,
			    "%s is larger than %d KiB: what it says in [X-Relief] is left out",
			    path, FILE_MAX_BYTES / 1024);
		return 0;
	}
	text = malloc((size_t)st.st_size);
	if (!text)
		return -ENOMEM;
	n = read(fd, text, (size_t)st.st_size);
	if (n < 0)
		remarks_add(&index->complaints, "Cannot read %s: %s", path, strerror(errno));
	else
		unit_section_parse(text, (size_t)n, ret, unit_index_on_complaint, &complainant);
	return 0;
}

/*
 * A link to a unit of another name makes an alias, but foo@x.service -> foo@.service is that unit's
 * own file, as is a link to a file elsewhere with the same name.
 */
static bool unit_index_is_alias(const char *path, const char *name, char target[static PATH_MAX])
{
	char template[UNIT_NAME_SIZE];
	ssize_t n = readlink(path, target, PATH_MAX - 1);
	const char *other;

	if (n < 0)
		return false;
	target[n] = '\0';
	other = unit_file_name(target);
	if (!unit_index_is_unit_name(other) || strcmp(other, name) == 0 ||
	    (unit_order_template(name, template) && strcmp(other, template) == 0))
		return false;
	memmove(target, other, strlen(other) + 1);
	return true;
}

static int unit_index_read(struct unit_index *index, uint32_t directory, enum unit_file_kind kind,
			   const char *path, const char *owner)
{
	struct unit_file file = { .kind = kind, .directory = directory };
	char target[PATH_MAX];
	int r = 0;

	if (kind == UNIT_FILE_OWN && unit_index_is_alias(path, owner, target)) {
		file.kind = UNIT_FILE_ALIAS;
		file.target = strdup(target);
		if (!file.target)
			return -ENOMEM;
	} else {
		r = unit_index_read_section(index, path, &file.section);
	}
	file.path = strdup(path);
	file.owner = strdup(owner);
	if (r == 0 && file.path && file.owner)
		r = unit_index_add(index, &file);
	else
		r = -ENOMEM;
	if (r < 0) {
		free(file.path);
		free(file.owner);
		free(file.target);
	}
	return r;
}

static void unit_index_close_directory(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* NAME.d: the files that end in .conf. */
static int unit_index_scan_dropins(struct unit_index *index, uint32_t directory, const char *path,
				   const char *owner)
{
	_cleanup_(unit_index_close_directory) DIR *d = NULL;
	struct dirent *entry;
	char file[PATH_MAX];
	int n, r;

	r = unit_index_stamp(index, path);
	if (r < 0)
		return r;
	d = opendir(path);
	while (d && index->n_files < FILES_MAX && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || !unit_index_has_suffix(entry->d_name, ".conf"))
			continue;
		n = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (n < 0 || (size_t)n >= sizeof(file))
			continue;
		r = unit_index_read(index, directory, UNIT_FILE_DROPIN, file, owner);
		if (r < 0)
			return r;
	}
	return 0;
}

static int unit_index_take(struct unit_index *index, uint32_t directory, const char *path,
			   const char *name)
{
	char owner[UNIT_NAME_SIZE];
	size_t n = strlen(name);

	if (unit_index_is_unit_name(name))
		return unit_index_read(index, directory, UNIT_FILE_OWN, path, name);
	if (!unit_index_has_suffix(name, ".d") || n - 2 >= sizeof(owner))
		return 0;
	memcpy(owner, name, n - 2);
	owner[n - 2] = '\0';
	return unit_index_may_have_dropins(owner)
		       ? unit_index_scan_dropins(index, directory, path, owner)
		       : 0;
}

static int unit_index_scan_tree(struct unit_index *index, const char *root, uint32_t directory)
{
	_cleanup_(unit_index_close_directory) DIR *d = NULL;
	char path[PATH_MAX], file[PATH_MAX];
	struct dirent *entry;
	int n, r;

	n = snprintf(path, sizeof(path), "%s%s", root, directories[directory]);
	if (n < 0 || (size_t)n >= sizeof(path))
		return 0;
	r = unit_index_stamp(index, path);
	if (r < 0)
		return r;
	d = opendir(path);
	while (d && index->n_files < FILES_MAX && (entry = readdir(d))) {
		n = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof(file))
			continue;
		r = unit_index_take(index, directory, file, entry->d_name);
		if (r < 0)
			return r;
	}
	return 0;
}

int unit_index_scan(struct unit_index *index, const char *root)
{
	int r;

	for (uint32_t i = 0; i < UNIT_DIRECTORIES; i++) {
		r = unit_index_scan_tree(index, root, i);
		if (r < 0)
			return r;
	}
	if (index->n_files == FILES_MAX)
		remarks_add(&index->complaints, "More than %d unit files: the rest is left out",
			    FILES_MAX);
	if (!index->has_section)
		unit_index_drop_files(index);
	return 0;
}
