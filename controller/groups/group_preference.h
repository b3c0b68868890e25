/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group preference: what is excluded, who gives first, and which setting says so
 *
 * The first of these that says something counts; each holds for all groups below:
 *
 *	1. Exclude= and Priority= of the profile
 *	2. [X-Relief] in the unit's file or a drop-in, of system units
 *	3. ManagedOOMPreference= of the unit, which systemd writes to the cgroup as an attribute:
 *	   "omit" excludes, "avoid" gives last
 *
 * Unit files speak for the units of the host's systemd only, and attributes count only on a cgroup
 * that belongs to root, as do all above it: a user chooses the names and sets the attributes of the
 * cgroups in his own subtree, and could keep them from giving anything at the host's cost.
 */

#include <stddef.h>
#include <sys/types.h>

#include "controller/groups/group.h"
#include "controller/groups/group_table.h"
#include "controller/groups/unit_files.h"
#include "policies/profile.h"

enum preference_source {
	PREFERENCE_NONE, /* nothing says anything: not excluded, priority 0 */
	PREFERENCE_PROFILE,
	PREFERENCE_UNIT_FILE,
	PREFERENCE_ATTRIBUTE,
};

struct preference {
	enum preference_source source;
	int32_t value;
	const char *text;  /* the pattern, the path of the file, the name of the attribute */
	unsigned int line; /* of the file */
	const char *where; /* the cgroup it is set for; "" with the profile */
};

struct preferences {
	struct preference exclude; /* value: 1 or 0 */
	struct preference priority;
};

/* A group's marks: what its cgroup says of itself. */
enum preference_mark {
	GROUP_MARK_OMIT = 1U << 0,
	GROUP_MARK_AVOID = 1U << 1,
	GROUP_MARK_OF_ROOT = 1U << 2, /* it and all above it belong to the owner of the tree */
};

/* What is asked, and in which tree. */
struct preference_sources {
	const struct group_table *table;
	const struct profile *profile;
	const struct unit_files *unit_files; /* NULL: none are read */
	int root_fd;			     /* of the tree, O_PATH */
	uid_t owner;			     /* of the tree: root */
};

/* Reads the cgroup's owner and attributes; the parent's marks must be right. */
void group_preference_read_marks(const struct preference_sources *sources, struct group *group);
/* What counts for a group. */
void group_preference_find(const struct preference_sources *sources, const struct group *group,
			   struct preferences *ret);
/*
 * Where it comes from, for people: "Exclude=mydb.service in profile server",
 * "/etc/systemd/system/mydb.service.d/x.conf:2", "user.oomd_omit of /system.slice/mydb.service";
 * "" for none. Returns buf.
 */
const char *group_preference_origin(const struct preference *preference, const char *key,
				    const char *profile, char *buf, size_t size);
