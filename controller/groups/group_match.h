/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group match: what a profile's patterns say about a cgroup path
 *
 * Patterns are fnmatch(3) globs in which a backslash is no escape: names match as systemctl and
 * reliefctl print them. Unit patterns are held against the last element of a path; in
 * path patterns a `*` does not cross a slash, as in a shell, so that a pattern has a depth.
 */

#include <stdbool.h>

#include "policies/profile.h"

/*
 * Its last element matches a unit pattern, or the whole path matches a path pattern; or it is one
 * that the profile protects or excludes, so that nothing reaches it through a group above it.
 */
bool group_match_listed(const struct profile *profile, const char *path);
/* An element of the path matches a protected unit: protection holds for what is below. */
bool group_match_protected(const struct profile *profile, const char *path);
/*
 * The pattern of Exclude= that the path or one above it matches, or NULL. A pattern that begins
 * with a slash is held against paths, any other against unit names.
 */
const char *group_match_excluded(const struct profile *profile, const char *path);
/*
 * The entry of Priority= that counts for the path, or NULL: of those that match it or one above it,
 * the one that matches the innermost, and of these the last.
 */
const struct rank *group_match_rank(const struct profile *profile, const char *path);
/*
 * Never held still: an element of the path is one that nobody can do without for a moment (PID 1, a
 * session, the bus, the journal), or protected, or excluded by the profile; or it is a slice or a
 * user manager, which holds some of these.
 */
bool group_match_unbraked(const struct profile *profile, const char *path);
/*
 * Directories below this one can match. Units live in the root, in slices and in user managers;
 * the units of a systemd inside a container are not the host's and are not looked for.
 */
bool group_match_may_hold(const struct profile *profile, const char *path);
/* The profile names this very group: by a pattern without glob characters. */
bool group_match_named(const struct profile *profile, const char *path);
/* `path` is `top` or lies below it. */
bool path_is_below(const char *path, const char *top);
