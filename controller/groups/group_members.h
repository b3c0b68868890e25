/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group members: who is in the set, and because of whom
 *
 * A group stays as long as somebody claims it: the host, the profile, a module, or (no claim, then
 * GROUP_IS_CONTEXT) a group below it. The set's own part; others see controller/groups/group_set.h.
 */

#include "controller/groups/cgroup_tree.h"
#include "controller/groups/group.h"
#include "controller/groups/group_table.h"
#include "controller/groups/group_watch.h"
#include "controller/groups/unfollowed.h"
#include "policies/observation.h"
#include "policies/profile.h"

struct preferences; /* controller/groups/group_preference.h */

#define GROUP_MAX_LISTENERS 4

enum group_claim {
	CLAIM_HOST = 1U << 0,
	CLAIM_PROFILE = 1U << 1,
	CLAIM_MODULE = 1U << 2,
	CLAIM_DEAD_AND_TOLD = 1U << 3, /* the last word is out: the slot is freed next time */
	CLAIM_STALE = 1U << 4,	       /* the profile's before this look; it may hold still */
};

struct group_members {
	const struct profile *profile;
	struct group_table table;
	struct group_watch *watch; /* the set's */
	struct group_listener listeners[GROUP_MAX_LISTENERS];
	size_t n_listeners;
	int root_fd;		       /* of the tree, O_PATH; -1: none is found yet */
	uid_t owner;		       /* of the tree: root */
	struct unit_files *unit_files; /* the set's; NULL: none are read */
	char *own_path;		       /* our own cgroup: protected; NULL: unknown, "/": none */
	uint32_t n_gone;	       /* slots held by dead groups */
	struct unfollowed unfollowed;  /* since the last look through the tree */
	bool unfollowed_said;	       /* that there are some was logged */
	bool added;		       /* a group, since the owner last looked */
	bool changed;		       /* since the owner last looked */
	bool holding;		       /* nobody leaves for want of a claim right now */
	bool watches_said;	       /* that it is so was logged */
	bool watches_short;	       /* some directory is not watched */
	bool unseen;		       /* some directory could not be looked into */
};

/* Adds the host. `profile` must stay. Returns: 0 or negative errno. */
int group_members_init(struct group_members *members, const struct profile *profile,
		       uint32_t max_groups);
/* Opens the tree: from now on it has cgroups. Returns: 0, or negative errno and nothing is changed.
 */
int group_members_use_tree(struct group_members *members, const struct cgroup_tree *tree);
/* Finds where we are, unless that is known. Returns: 0 or negative errno. */
int group_members_find_self(struct group_members *members, const struct cgroup_tree *tree);
void group_members_done(struct group_members *members);

/*
 * Finds or adds the group and its ancestors; the claim is added to those it has.
 * Returns: 0; -ENOENT no such cgroup; -ENOSPC no slot; other negative errno. All but the first are
 * noted as unfollowed, and logged when they are the first.
 */
int group_members_add(struct group_members *members, const char *path, uint32_t claim,
		      struct group **ret);
/* Removes the group and all below it, and the ancestors that nobody needs then. */
void group_members_remove(struct group_members *members, const char *path);
/* Takes the profile's claims back and removes what died unseen; then look, then settle. */
void group_members_unclaim(struct group_members *members);
/* Removes what nobody claims; what stays gets its flags anew and is watched for its death. */
void group_members_settle(struct group_members *members);
/* Attributes of the cgroup changed: they are read again, for it and all below. */
void group_members_see_attributes(struct group_members *members, const char *path);
/* Unit files changed: flags and priorities are found anew. */
void group_members_update(struct group_members *members);
/* As group_set_collect(). */
void group_members_tell_gone(struct group_members *members, struct observation *observation);
/* The path still belongs to this very group. */
bool group_members_is_alive(const struct group_members *members, const struct group *group);
/* Watches a directory for births and deaths; a failure is noted, and logged when it is the first.
 */
void group_members_watch(struct group_members *members, const char *path);
/* Something was not seen or watched for want of a resource: said, and the tree is looked at again.
 */
void group_members_lack(struct group_members *members, int error);
/* Why a group is excluded or has its priority. */
void group_members_find_preferences(const struct group_members *members, const struct group *group,
				    struct preferences *ret);
