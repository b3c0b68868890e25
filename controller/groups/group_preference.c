/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/groups/group_preference.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "controller/base/cleanup.h"
#include "controller/groups/group_match.h"
#include "controller/groups/unit_files.h"
#include "controller/groups/unit_name.h"
#include "controller/groups/unit_section.h"

/* What systemd writes for ManagedOOMPreference= (its own oomd reads the same). */
#define ATTRIBUTE_OMIT	"user.oomd_omit"
#define ATTRIBUTE_AVOID "user.oomd_avoid"

static const struct group *group_preference_parent_of(const struct preference_sources *from,
						      const struct group *group)
{
	return group->slot == GROUP_SLOT_HOST ? NULL : &from->table->groups[group->parent_slot];
}

/* Attributes. */

/* Kept in the kernel's memory: this reads no disk. */
static bool group_preference_attribute_is_set(int dir_fd, const char *name)
{
	char text[16];
	ssize_t n = fgetxattr(dir_fd, name, text, sizeof(text) - 1);
	int32_t value;

	if (n < 0)
		return false;
	text[n] = '\0';
	return unit_section_parse_boolean(text, &value) && value;
}

void group_preference_read_marks(const struct preference_sources *from, struct group *group)
{
	const struct group *parent = group_preference_parent_of(from, group);
	_cleanup_fd_ int fd = -1;
	struct stat st;

	group->marks = 0;
	if (parent && !(parent->marks & GROUP_MARK_OF_ROOT))
		return;
	fd = openat(from->root_fd, group_relative_path(group->path),
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || (parent && st.st_uid != from->owner))
		return;
	group->marks = GROUP_MARK_OF_ROOT;
	if (group_preference_attribute_is_set(fd, ATTRIBUTE_OMIT))
		group->marks |= GROUP_MARK_OMIT;
	if (group_preference_attribute_is_set(fd, ATTRIBUTE_AVOID))
		group->marks |= GROUP_MARK_AVOID;
}

static struct preference group_preference_find_mark(const struct preference_sources *from,
						    const struct group *group, uint32_t mark,
						    const char *name, int32_t value)
{
	for (; group; group = group_preference_parent_of(from, group))
		if (group->marks & mark)
			return (struct preference){ PREFERENCE_ATTRIBUTE, value, name, 0,
						    group->shown };
	return (struct preference){ 0 };
}

/* Unit files. */

/* The units of the host's systemd lie in slices only. */
static const char *group_preference_host_unit(const struct group *group)
{
	static const char suffix[] = ".slice";
	const char *path = group->path, *slash;

	for (; (slash = strchr(path + 1, '/')); path = slash) {
		size_t n = (size_t)(slash - path), m = sizeof(suffix) - 1;

		if (n <= m || memcmp(slash - m, suffix, m) != 0)
			return NULL;
	}
	return path[1] ? unit_name_unescape(path + 1) : NULL;
}

typedef void (*find_in_files)(const struct unit_files *files, const char *unit,
			      struct unit_setting *ret);

static struct preference group_preference_find_in_unit(const struct preference_sources *from,
						       const struct group *group,
						       find_in_files find)
{
	struct unit_setting setting;

	for (; from->unit_files && group; group = group_preference_parent_of(from, group)) {
		const char *unit = group_preference_host_unit(group);

		if (!unit)
			continue;
		find(from->unit_files, unit, &setting);
		if (setting.is_set)
			return (struct preference){ PREFERENCE_UNIT_FILE, setting.value,
						    setting.path, setting.line, group->path };
	}
	return (struct preference){ 0 };
}

/* All together. */

static struct preference group_preference_find_exclude(const struct preference_sources *from,
						       const struct group *group)
{
	const char *pattern = group_match_excluded(from->profile, group->path);
	struct preference found = { PREFERENCE_PROFILE, 1, pattern, 0, "" };

	if (pattern)
		return found;
	found = group_preference_find_in_unit(from, group, unit_files_exclude);
	if (found.source == PREFERENCE_NONE)
		found = group_preference_find_mark(from, group, GROUP_MARK_OMIT, ATTRIBUTE_OMIT, 1);
	return found;
}

static struct preference group_preference_find_priority(const struct preference_sources *from,
							const struct group *group)
{
	const struct rank *rank = group_match_rank(from->profile, group->path);
	struct preference found;

	if (rank)
		return (struct preference){ PREFERENCE_PROFILE, rank->priority, rank->pattern, 0,
					    "" };
	found = group_preference_find_in_unit(from, group, unit_files_priority);
	if (found.source == PREFERENCE_NONE)
		found = group_preference_find_mark(from, group, GROUP_MARK_AVOID, ATTRIBUTE_AVOID,
						   PRIORITY_MAX);
	return found;
}

void group_preference_find(const struct preference_sources *from, const struct group *group,
			   struct preferences *ret)
{
	*ret = (struct preferences){ group_preference_find_exclude(from, group),
				     group_preference_find_priority(from, group) };
}

const char *group_preference_origin(const struct preference *preference, const char *key,
				    const char *profile, char *buf, size_t size)
{
	buf[0] = '\0';
	switch (preference->source) {
	case PREFERENCE_PROFILE:
		snprintf(buf, size, "%s=%s in [Groups] of profile %s", key, preference->text,
			 profile);
		break;
	case PREFERENCE_UNIT_FILE:
		snprintf(buf, size, "%s:%u", preference->text, preference->line);
		break;
	case PREFERENCE_ATTRIBUTE:
		snprintf(buf, size, "attribute %s of %s", preference->text, preference->where);
		break;
	case PREFERENCE_NONE:
		break;
	}
	return buf;
}
