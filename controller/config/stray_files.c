/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/config/stray_files.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/closest.h"
#include "controller/config/layered_file.h"
#include "controller/config/profile_file.h"

#define DROP_INS ".conf.d"

/* The directories of reliefd.conf; profiles are in "profiles" below each. */
static const char *const bases[] = { "/etc/reliefd", "/run/reliefd", "/usr/lib/reliefd" };

#define N_BASES (sizeof(bases) / sizeof(bases[0]))

struct search {
	const char *root;
	struct remarks *remarks;
};

static bool stray_files_ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && strcmp(name + length - end_length, end) == 0;
}

/* Explanations for people may lie anywhere. */
static bool stray_files_is_no_setting(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strncmp(name, "README", 6) == 0;
}

static const char *stray_files_wrong_name(const char *name)
{
	return name[0] == '.' ? "names that begin with a dot are left out"
			      : "its name must end in .conf";
}

/* Calls visit() for every entry of a directory; one that is not there has none. */
static void stray_files_each_entry(struct search *s, const char *directory,
				   void (*visit)(struct search *s, const char *directory,
						 const char *name))
{
	_cleanup_dir_ DIR *dir = opendir(directory);
	struct dirent *entry;

	if (!dir && errno == ENOTDIR)
		remarks_add(s->remarks, "%s is not read: it is not a directory", directory);
	while (dir && (entry = readdir(dir)))
		if (!stray_files_is_no_setting(entry->d_name))
			visit(s, directory, entry->d_name);
}

static void stray_files_visit_drop_in(struct search *s, const char *directory, const char *name)
{
	if (!layered_file_is_drop_in(name))
		remarks_add(s->remarks, "%s/%s is not read: %s", directory, name,
			    stray_files_wrong_name(name));
}

static bool stray_files_profile_is_there(const struct search *s, const char *name, size_t length)
{
	if (length == strlen("default") && strncmp(name, "default", length) == 0)
		return true;
	for (size_t i = 0; i < N_BASES; i++) {
		_cleanup_free_ char *path = NULL;
		struct stat st;

		if (asprintf(&path, "%s%s/profiles/%.*s.conf", s->root, bases[i], (int)length,
			     name) < 0)
			path = NULL;
		else if (lstat(path, &st) == 0)
			return true;
	}
	return false;
}

/* " did you mean server?", of the shipped ones; their directories need not be there. */
static void stray_files_name_closest(const char *name, char *buf, size_t size)
{
	static const char *const shipped[] = { "default", "desktop", "server", "kubernetes-node" };
	struct closest closest;

	closest_init(&closest, name);
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++)
		closest_offer(&closest, shipped[i]);
	snprintf(buf, size, "%s%s%s", closest.name ? "; did you mean " : "",
		 closest.name ? closest.name : "", closest.name ? DROP_INS "?" : "");
}

static void stray_files_visit_drop_ins_of_profile(struct search *s, const char *path,
						  const char *name)
{
	size_t length = strlen(name) - strlen(DROP_INS);
	char profile[PROFILE_NAME_MAX + 1], hint[64];

	if (stray_files_profile_is_there(s, name, length)) {
		stray_files_each_entry(s, path, stray_files_visit_drop_in);
		return;
	}
	snprintf(profile, sizeof(profile), "%.*s", (int)length, name);
	stray_files_name_closest(profile, hint, sizeof(hint));
	remarks_add(s->remarks, "%s is not read: there is no profile %s%s", path, profile, hint);
}

static bool stray_files_is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void stray_files_visit_profile(struct search *s, const char *directory, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		return;
	}
	if (stray_files_ends_in(name, DROP_INS))
		stray_files_visit_drop_ins_of_profile(s, path, name);
	else if (stray_files_is_directory(path))
		remarks_add(s->remarks, "%s is not read: drop-ins belong in NAME" DROP_INS, path);
	else if (!layered_file_is_drop_in(name))
		remarks_add(s->remarks, "%s is not read: %s", path, stray_files_wrong_name(name));
}

/* Beside reliefd.conf; /run/reliefd has the daemon's own files, too. */
static void stray_files_visit_base(struct search *s, const char *directory, const char *name)
{
	if (strcmp(name, "reliefd.conf") == 0 || strcmp(name, "reliefd" DROP_INS) == 0 ||
	    strcmp(name, "profiles") == 0)
		return;
	if (stray_files_ends_in(name, ".conf") || stray_files_ends_in(name, ".d"))
		remarks_add(s->remarks,
			    "%s/%s is not read: reliefd.conf and reliefd" DROP_INS
			    " are, and what is in profiles",
			    directory, name);
	else if (strncmp(name, "reliefd.conf", strlen("reliefd.conf")) == 0)
		remarks_add(s->remarks, "%s/%s is not read: reliefd.conf is", directory, name);
}

void stray_files_find(const char *root, struct remarks *remarks)
{
	struct search s = { root ? root : "", remarks };

	for (size_t i = 0; i < N_BASES; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s%s", s.root, bases[i]);
		stray_files_each_entry(&s, path, stray_files_visit_base);
		snprintf(path, sizeof(path), "%s%s/reliefd" DROP_INS, s.root, bases[i]);
		stray_files_each_entry(&s, path, stray_files_visit_drop_in);
		snprintf(path, sizeof(path), "%s%s/profiles", s.root, bases[i]);
		stray_files_each_entry(&s, path, stray_files_visit_profile);
	}
}

void stray_files_check(const char *path, struct remarks *remarks)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	if (length > strlen(DROP_INS) &&
	    strncmp(path + length - strlen(DROP_INS), DROP_INS, strlen(DROP_INS)) == 0 &&
	    !layered_file_is_drop_in(slash + 1))
		remarks_add(remarks, "%s is not read: %s", path, stray_files_wrong_name(slash + 1));
}
