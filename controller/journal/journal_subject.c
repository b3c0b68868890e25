/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/parse.h"
#include "controller/base/printable.h"
#include "controller/groups/unit_name.h"
#include "controller/journal/journal_internal.h"

void journal_subject_of_group(struct journal_subject *subject, struct group_set *groups,
			      uint32_t slot, uint64_t id)
{
	const struct group *group = group_set_get(groups, slot);
	bool here = group && group->id == id;

	*subject = (struct journal_subject){ .cgroup = here ? group->shown : "" };
	if (!here) {
		snprintf(subject->name, sizeof(subject->name), "a group that is gone");
		return;
	}
	if (!unit_name_from_path(group->path, subject->unit, sizeof(subject->unit)))
		subject->unit[0] = '\0';
	if (slot == GROUP_SLOT_HOST)
		snprintf(subject->name, sizeof(subject->name), "the host");
	else
		snprintf(subject->name, sizeof(subject->name), "%.255s", group->shown + 1);
}

/* "cache "images" of a.service" */
static void journal_subject_name_module(struct journal_subject *subject,
					const struct module *module)
{
	subject->module = module;
	if (module->owner->client.unit[0])
		strcpy(subject->unit, module->owner->client.unit);
	snprintf(subject->name, sizeof(subject->name), "%s \"%s\" of %.255s",
		 module_kind_name(module->description.kind), module->description.name,
		 subject->unit[0] ? subject->unit
				  : printable(module->owner->client.cgroup, subject->path,
					      sizeof(subject->path)));
}

void journal_subject_of_module(struct journal_subject *subject, const struct module *module)
{
	*subject = (struct journal_subject){ .cgroup = module->owner->group->shown };
	journal_subject_name_module(subject, module);
}

void journal_subject_of_action(struct journal_subject *subject, const struct action *action,
			       struct group_set *groups, struct registry *registry)
{
	const struct module *module;

	journal_subject_of_group(subject, groups, action->group_slot, action->group_id);
	if (action->module_slot == SLOT_NONE)
		return;
	module = registry_get(registry, action->module_slot);
	if (!module || module->id != action->module_id) {
		snprintf(subject->name, sizeof(subject->name), "module %" PRIu64 " (gone)",
			 action->module_id);
		return;
	}
	journal_subject_name_module(subject, module);
}

void journal_add_subject(struct journal_record *record, const struct journal_subject *subject)
{
	journal_record_add(record, "CGROUP", subject->cgroup);
	journal_record_add(record, "OBJECT_SYSTEMD_UNIT", subject->unit);
	if (!subject->module)
		return;
	journal_record_add_number(record, "MODULE", subject->module->id);
	journal_record_add(record, "MODULE_NAME", subject->module->description.name);
}

/* Ids are counted from 1; 0 is "none". */
void journal_add_id(struct journal_record *record, const char *key, uint64_t id)
{
	if (id != 0)
		journal_record_add_number(record, key, id);
}

static void journal_subject_add_key_with(struct journal_record *record, const char *key,
					 const char *suffix, uint64_t value)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%s", key, suffix);
	journal_record_add_number(record, name, value);
}

void journal_add_bytes(struct journal_record *record, const char *key, uint64_t bytes)
{
	char text[BYTES_TEXT];

	journal_subject_add_key_with(record, key, "BYTES", bytes);
	journal_record_add(record, key, format_bytes(bytes, text, sizeof(text)));
}

void journal_add_usec(struct journal_record *record, const char *key, uint64_t usec)
{
	char text[USEC_TEXT];

	journal_subject_add_key_with(record, key, "USEC", usec);
	journal_record_add(record, key, format_usec(usec, text, sizeof(text)));
}
