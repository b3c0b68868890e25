/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the files of the journal share: the subject of a record, and fields in two forms
 */

#include "controller/base/journal_record.h"
#include "controller/groups/group_set.h"
#include "controller/registry/registry.h"
#include "policies/decision.h"

/* Fit format_bytes() and format_usec(). */
#define BYTES_TEXT 16
#define USEC_TEXT  32
/* Of a cgroup whose name must be escaped; what is longer is cut in the sentence anyway. */
#define SHOWN_PATH_SIZE 256

/* What a record is about. */
struct journal_subject {
	const char *cgroup; /* "" when the group is long gone */
	char unit[256];	    /* "" when it belongs to none */
	const struct module *module;
	char name[384]; /* for the sentence; cut where it is longer */
	char path[SHOWN_PATH_SIZE];
};

void journal_subject_of_group(struct journal_subject *subject, struct group_set *groups,
			      uint32_t slot, uint64_t id);
void journal_subject_of_module(struct journal_subject *subject, const struct module *module);
void journal_subject_of_action(struct journal_subject *subject, const struct action *action,
			       struct group_set *groups, struct registry *registry);

/* Fields; an id of 0 is none and is left out. */
void journal_add_subject(struct journal_record *record, const struct journal_subject *subject);
void journal_add_id(struct journal_record *record, const char *key, uint64_t id);
/* KEY_BYTES=62914560 for programs and KEY=60M for the texts of the catalogue; so with times. */
void journal_add_bytes(struct journal_record *record, const char *key, uint64_t bytes);
void journal_add_usec(struct journal_record *record, const char *key, uint64_t usec);

/* Records of single steps, at debug. */
void journal_write_start(const struct action *action, struct group_set *groups,
			 struct registry *registry, bool dry_run);
void journal_write_finish(const struct finish *finish, struct group_set *groups,
			  struct registry *registry, bool dry_run);
void journal_write_rung(const struct rung_report *report, struct group_set *groups);
/* A group is held, or let go. */
void journal_write_brake(const struct brake_change *change, struct group_set *groups, bool dry_run);
