/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of mountinfo, the fields that matter here:
 *
 *    41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
 *               │ │                                  └───┬───┘ └──┬──┘
 *             root mount point             any number of tags    type
 *
 * Blanks in the root and the mount point are written as octal escapes (\040).
 */

#include "controller/groups/cgroup_tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/cleanup.h"

/* More than any cgroup_tree_mount_rank(). */
#define RANK_THERE 4

/* cgroup.controllers names about ten controllers; twice what all of today's need. */
#define CONTROLLERS_SIZE 256

static bool cgroup_tree_is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static void cgroup_tree_unescape_octal(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && cgroup_tree_is_octal(s[1]) && cgroup_tree_is_octal(s[2]) &&
		    cgroup_tree_is_octal(s[3])) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/*
 * Takes a line apart in place.
 * Returns: true when it is a whole line that describes a cgroup v2 mount.
 */
static bool cgroup_tree_parse_mount(char *line, const char **ret_root, const char **ret_mount)
{
	char *root = NULL, *mount = NULL, *save = NULL, *type;
	char *word = strtok_r(line, " ", &save);

	for (int i = 0; word; i++, word = strtok_r(NULL, " ", &save)) {
		if (i == 3)
			root = word;
		else if (i == 4)
			mount = word;
		else if (i > 5 && strcmp(word, "-") == 0)
			break;
	}
	type = strtok_r(NULL, " ", &save);
	/* The device and its options follow; without them the line was cut short. */
	if (!word || !type || strcmp(type, "cgroup2") != 0 || !strtok_r(NULL, " ", &save))
		return false;
	cgroup_tree_unescape_octal(root);
	cgroup_tree_unescape_octal(mount);
	if (root[0] != '/' || mount[0] != '/')
		return false;
	*ret_root = root;
	*ret_mount = mount;
	return true;
}

/*
 * How much of the host a mount shows. In a container the host's tree may be mounted beside the
 * container's own; seen from a cgroup namespace its root then reads "/../..".
 */
static int cgroup_tree_mount_rank(const char *root)
{
	if (strncmp(root, "/..", 3) == 0)
		return 3;
	return strcmp(root, "/") == 0 ? 2 : 1;
}

/* One that is not there cannot be meant: its line was garbled, or it was just unmounted. */
static int cgroup_tree_rank_if_there(const char *root, const char *mount)
{
	struct stat st;

	return cgroup_tree_mount_rank(root) +
	       (stat(mount, &st) == 0 && S_ISDIR(st.st_mode) ? RANK_THERE : 0);
}

static int cgroup_tree_find_mount(const char *proc, char **ret_mount)
{
	_cleanup_free_ char *path = NULL, *line = NULL, *best = NULL;
	_cleanup_file_ FILE *f = NULL;
	size_t size = 0;
	int best_rank = 0;

	if (asprintf(&path, "%s/self/mountinfo", proc) < 0)
		return -ENOMEM;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0) {
		const char *root, *mount;
		int rank;

		if (!strchr(line, '\n') || !cgroup_tree_parse_mount(line, &root, &mount))
			continue;
		rank = cgroup_tree_rank_if_there(root, mount);
		if (rank <= best_rank)
			continue;
		best_rank = rank;
		free(best);
		best = strdup(mount);
		if (!best)
			return -ENOMEM;
	}
	if (ferror(f))
		return -EIO;
	*ret_mount = take_ptr(best);
	return 0;
}

static bool cgroup_tree_has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = text; (s = strstr(s, word)); s += n)
		if ((s == text || s[-1] == ' ') && (s[n] == ' ' || s[n] == '\n' || s[n] == '\0'))
			return true;
	return false;
}

static int cgroup_tree_read_mode(const char *mount, enum cgroup_mode *ret)
{
	char path[PATH_MAX], text[CONTROLLERS_SIZE];
	_cleanup_file_ FILE *f = NULL;
	struct stat st;

	if (stat(mount, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	*ret = CGROUP_MODE_HYBRID;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", mount);
	f = fopen(path, "re");
	if (f && fgets(text, sizeof(text), f) && cgroup_tree_has_word(text, "memory"))
		*ret = CGROUP_MODE_PURE;
	return 0;
}

static int cgroup_tree_find_tree(const char *proc, const char *wanted, char **ret_mount,
				 enum cgroup_mode *ret)
{
	_cleanup_free_ char *mount = NULL;
	int r = 0;

	if (wanted) {
		mount = strdup(wanted);
		if (!mount)
			return -ENOMEM;
	} else {
		r = cgroup_tree_find_mount(proc, &mount);
	}
	if (r == 0 && mount)
		r = cgroup_tree_read_mode(mount, ret);
	if (r < 0)
		return r;
	*ret_mount = take_ptr(mount);
	return 0;
}

int cgroup_tree_init_empty(struct cgroup_tree *tree, const char *proc)
{
	*tree = (struct cgroup_tree){ .mode = CGROUP_MODE_NONE };
	tree->proc = strdup(proc ? proc : "/proc");
	return tree->proc ? 0 : -ENOMEM;
}

int cgroup_tree_init(struct cgroup_tree *tree, const char *proc, const char *mount)
{
	_cleanup_(cgroup_tree_done) struct cgroup_tree t = {};
	int r;

	r = cgroup_tree_init_empty(&t, proc);
	if (r < 0)
		return r;
	r = cgroup_tree_find_tree(t.proc, mount, &t.mount, &t.mode);
	if (r < 0)
		return r;
	*tree = t;
	t = (struct cgroup_tree){};
	return 0;
}

int cgroup_tree_find(struct cgroup_tree *tree)
{
	int r;

	r = cgroup_tree_find_tree(tree->proc, NULL, &tree->mount, &tree->mode);
	if (r < 0)
		return r;
	return tree->mount ? 0 : -ENODEV;
}

void cgroup_tree_done(struct cgroup_tree *tree)
{
	free(tree->proc);
	free(tree->mount);
	*tree = (struct cgroup_tree){ .mode = CGROUP_MODE_NONE };
}

const char *cgroup_mode_name(enum cgroup_mode mode)
{
	switch (mode) {
	case CGROUP_MODE_NONE:
		return "none";
	case CGROUP_MODE_HYBRID:
		return "hybrid";
	case CGROUP_MODE_PURE:
		return "pure";
	}
	return "unknown";
}

/*
 * The path of the "0::" line. A process whose cgroup was removed under it counts as gone; a path
 * that starts in a parent of our cgroup namespace has no name in our tree (-EXDEV).
 */
static int cgroup_tree_parse_v2_line(char *line, char **ret_path)
{
	static const char deleted[] = " (deleted)";
	char *path = line + strlen("0::");
	size_t n = strcspn(path, "\n");

	if (path[n] != '\n' || path[0] != '/')
		return -ENODATA;
	path[n] = '\0';
	if (n >= sizeof(deleted) && strcmp(path + n - (sizeof(deleted) - 1), deleted) == 0)
		return -ESRCH;
	/* A name may begin with dots. */
	if (strcmp(path, "/..") == 0 || strncmp(path, "/../", 4) == 0)
		return -EXDEV;
	path = strdup(path);
	if (!path)
		return -ENOMEM;
	*ret_path = path;
	return 0;
}

static int cgroup_tree_read_v2_path(const char *file, char **ret_path)
{
	_cleanup_free_ char *line = NULL;
	_cleanup_file_ FILE *f = fopen(file, "re");
	size_t size = 0;

	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (getline(&line, &size, f) > 0)
		if (strncmp(line, "0::", 3) == 0)
			return cgroup_tree_parse_v2_line(line, ret_path);
	/* The process can end between open and read. */
	return ferror(f) ? -ESRCH : -ENODATA;
}

int cgroup_tree_path_of_pid(const struct cgroup_tree *tree, int pid, char **ret_path)
{
	_cleanup_free_ char *file = NULL;
	int r;

	if (asprintf(&file, "%s/%d/cgroup", tree->proc, pid) < 0)
		return -ENOMEM;
	r = cgroup_tree_read_v2_path(file, ret_path);
	return r == -EXDEV ? -ENODATA : r;
}

int cgroup_tree_path_of_self(const struct cgroup_tree *tree, char **ret_path)
{
	_cleanup_free_ char *file = NULL, *path = NULL;
	int r;

	if (asprintf(&file, "%s/self/cgroup", tree->proc) < 0)
		return -ENOMEM;
	r = cgroup_tree_read_v2_path(file, &path);
	if (r == -EXDEV) {
		path = strdup("/");
		r = path ? 0 : -ENOMEM;
	}
	if (r < 0)
		return r == -ESRCH ? -ENOENT : r;
	*ret_path = take_ptr(path);
	return 0;
}

bool cgroup_tree_is_possible(const struct cgroup_tree *tree)
{
	_cleanup_free_ char *path = NULL, *line = NULL;
	_cleanup_file_ FILE *f = NULL;
	size_t size = 0;
	bool is_listed = false;

	if (asprintf(&path, "%s/filesystems", tree->proc) < 0)
		return true;
	f = fopen(path, "re");
	if (!f)
		return true;
	while (getline(&line, &size, f) > 0)
		if (strcmp(line, "nodev\tcgroup2\n") == 0)
			return true;
		else
			is_listed = true;
	return !is_listed || ferror(f);
}
