/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/groups/group_match.h"

#include <fnmatch.h>
#include <limits.h>
#include <string.h>

#include "controller/base/printable.h"
#include "controller/groups/unit_name.h"

/* A path with some escaped bytes; where it is cut, only patterns that end in `*` match. */
#define SHOWN_SIZE 4096

static const char *group_match_last_element(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * A backslash is one: systemd's own escapes ("app-a\\x2db.scope") are part of a name, and a name
 * matches as it is printed, whatever is in it.
 */
static bool group_match_matches(const char *pattern, const char *text, int flags)
{
	return fnmatch(pattern, text, flags | FNM_NOESCAPE) == 0 || strcmp(pattern, text) == 0;
}

static bool group_match_matches_any(const struct pattern_list *list, const char *text, int flags)
{
	char buf[SHOWN_SIZE];
	const char *shown = printable(text, buf, sizeof(buf));

	for (uint32_t i = 0; i < list->n; i++)
		if (group_match_matches(list->pattern[i], text, flags) ||
		    (shown != text && group_match_matches(list->pattern[i], shown, flags)))
			return true;
	return false;
}

bool path_is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	if (strcmp(top, "/") == 0)
		return true;
	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* A pattern for paths if it begins with a slash, else for the unit that is the last element. */
/* By its bytes, or as it is shown. */
static bool group_match_matches_unit_or_path(const char *pattern, const char *path)
{
	const char *text = pattern[0] == '/' ? path
					     : unit_name_unescape(group_match_last_element(path));
	int flags = pattern[0] == '/' ? FNM_PATHNAME : 0;
	char buf[SHOWN_SIZE];

	return group_match_matches(pattern, text, flags) ||
	       group_match_matches(pattern, printable(text, buf, sizeof(buf)), flags);
}

static const char *group_match_excluding_pattern(const struct profile *profile, const char *path)
{
	for (uint32_t i = 0; i < profile->exclude.n; i++)
		if (group_match_matches_unit_or_path(profile->exclude.pattern[i], path))
			return profile->exclude.pattern[i];
	return NULL;
}

bool group_match_listed(const struct profile *profile, const char *path)
{
	const char *unit = unit_name_unescape(group_match_last_element(path));

	return group_match_matches_any(&profile->units, unit, 0) ||
	       group_match_matches_any(&profile->protected_units, unit, 0) ||
	       group_match_matches_any(&profile->paths, path, FNM_PATHNAME) ||
	       group_match_excluding_pattern(profile, path);
}

/* "/a/b" becomes "/a", "/a" becomes "/". Returns: false at "/". */
static bool group_match_cut_last_element(char *path)
{
	char *slash = strrchr(path, '/');

	if (path[1] == '\0')
		return false;
	slash[slash == path] = '\0';
	return true;
}

const char *group_match_excluded(const struct profile *profile, const char *path)
{
	const char *found = NULL;
	char above[PATH_MAX];

	if (profile->exclude.n == 0 || strlen(path) >= sizeof(above))
		return NULL;
	strcpy(above, path);
	do
		found = group_match_excluding_pattern(profile, above);
	while (!found && group_match_cut_last_element(above));
	return found;
}

static const struct rank *group_match_last_rank(const struct rank_list *list, const char *path)
{
	for (uint32_t i = list->n; i-- > 0;)
		if (group_match_matches_unit_or_path(list->rank[i].pattern, path))
			return &list->rank[i];
	return NULL;
}

const struct rank *group_match_rank(const struct profile *profile, const char *path)
{
	const struct rank *found = NULL;
	char above[PATH_MAX];

	if (profile->ranks.n == 0 || strlen(path) >= sizeof(above))
		return NULL;
	strcpy(above, path);
	do
		found = group_match_last_rank(&profile->ranks, above);
	while (!found && group_match_cut_last_element(above));
	return found;
}

static bool group_match_any_element_matches(const struct pattern_list *list, const char *path)
{
	char element[PROFILE_PATTERN_SIZE];

	while (*path) {
		size_t n = strcspn(++path, "/");

		if (n > 0 && n < sizeof(element)) {
			memcpy(element, path, n);
			element[n] = '\0';
			if (group_match_matches_any(list, unit_name_unescape(element), 0))
				return true;
		}
		path += n;
	}
	return false;
}

bool group_match_protected(const struct profile *profile, const char *path)
{
	return group_match_any_element_matches(&profile->protected_units, path);
}

/* Whatever a profile says: held still, these would take the way in or the whole host with them. */
static const struct pattern_list never_braked = {
	.n = 8,
	.pattern = { "init.scope", "session-*.scope", "dbus.service", "dbus-broker.service",
		     "systemd-journald.service", "systemd-journald@*.service",
		     "systemd-logind.service", "reliefd.service" },
};

/* They hold units; each of those can be held by itself. */
static const struct pattern_list never_braked_itself = {
	.n = 2,
	.pattern = { "*.slice", "user@*.service" },
};

bool group_match_unbraked(const struct profile *profile, const char *path)
{
	return path[1] == '\0' || group_match_any_element_matches(&never_braked, path) ||
	       group_match_matches_any(&never_braked_itself,
				       unit_name_unescape(group_match_last_element(path)), 0) ||
	       group_match_any_element_matches(&profile->brake_exclude, path) ||
	       group_match_protected(profile, path);
}

static size_t group_match_depth_of(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += path[0] == '/' && path[1] != '\0' && path[1] != '/';
	return n;
}

/* The pattern's first elements match the whole path, and it has more. */
static bool group_match_pattern_reaches_below(const char *pattern, const char *path)
{
	char head[PROFILE_PATTERN_SIZE];
	size_t depth = group_match_depth_of(path), n = 0;
	const char *s = pattern;

	for (; *s; s++)
		if (*s == '/' && n++ == depth)
			break;
	if (*s == '\0' || (size_t)(s - pattern) >= sizeof(head))
		return false;
	if (depth == 0)
		return true;
	memcpy(head, pattern, (size_t)(s - pattern));
	head[s - pattern] = '\0';
	return group_match_matches(head, path, FNM_PATHNAME);
}

static bool group_match_holds_units(const char *path)
{
	const char *name = group_match_last_element(path);
	size_t n = strlen(name);

	if (n == 0)
		return true;
	if (n > 6 && strcmp(name + n - 6, ".slice") == 0)
		return true;
	return fnmatch("user@*.service", name, 0) == 0;
}

bool group_match_may_hold(const struct profile *profile, const char *path)
{
	if (profile->units.n > 0 && group_match_holds_units(path))
		return true;
	for (uint32_t i = 0; i < profile->paths.n; i++)
		if (group_match_pattern_reaches_below(profile->paths.pattern[i], path))
			return true;
	for (uint32_t i = 0; i < profile->exclude.n; i++)
		if (profile->exclude.pattern[i][0] == '/' &&
		    group_match_pattern_reaches_below(profile->exclude.pattern[i], path))
			return true;
	return false;
}

static bool group_match_is_literal(const char *pattern)
{
	return !strpbrk(pattern, "*?[");
}

bool group_match_named(const struct profile *profile, const char *path)
{
	const char *unit = unit_name_unescape(group_match_last_element(path));

	for (uint32_t i = 0; i < profile->units.n; i++)
		if (group_match_is_literal(profile->units.pattern[i]) &&
		    strcmp(profile->units.pattern[i], unit) == 0)
			return true;
	for (uint32_t i = 0; i < profile->paths.n; i++)
		if (group_match_is_literal(profile->paths.pattern[i]) &&
		    strcmp(profile->paths.pattern[i], path) == 0)
			return true;
	return false;
}
