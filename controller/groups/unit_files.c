/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept, and how it answers
 *
 *    DIRECTORY/foo.service              the unit's file: that in the first directory counts
 *    DIRECTORY/bar.service -> foo...    another name of foo.service
 *    DIRECTORY/foo.service.d/x.conf     a drop-in: of equal names the first one counts
 * (unit_files_place())
 *
 * For each key the last drop-in by name that assigns it has the last word, before the unit's file.
 * All files take part in that, with our section or without: a file in /etc hides its namesake in
 * /usr. When none has the section, nothing is kept but the times of the directories.
 */

#include "controller/groups/unit_files.h"

#include <stdio.h>
#include <string.h>

#include "controller/base/log.h"
#include "controller/groups/unit_index.h"
#include "controller/groups/unit_order.h"

/* Other names of one unit, and links from one to the next. */
#define NAMES_MAX 16

struct unit_files {
	char *root;
	struct unit_index index;
};

/* The names of a unit: its own and those of links that end at it. */
struct names {
	const char *name[NAMES_MAX];
	char of_instance[NAMES_MAX][UNIT_NAME_SIZE];
	size_t n;
};

/* Where a name leads to; itself for one that is no alias. */
static const char *unit_files_resolve(const struct unit_index *index, const char *name)
{
	for (size_t i = 0, n_links = 0; i < index->n_files && n_links < NAMES_MAX; i++) {
		const struct unit_file *file = &index->files[i];

		if (file->kind == UNIT_FILE_DROPIN || strcmp(file->owner, name) != 0)
			continue;
		if (file->kind == UNIT_FILE_OWN)
			break; /* it hides links of that name in later directories */
		name = file->target;
		n_links++;
		i = (size_t)-1;
	}
	return name;
}

/* "bar@x.service" for the instance "foo@x.service", when bar@.service leads to foo@.service. */
static const char *unit_files_alias_for(struct names *names, const struct unit_file *alias,
					bool is_template)
{
	const char *unit = names->name[0], *instance = strchr(unit, '@');
	char *buf = names->of_instance[names->n];
	int n;

	if (!is_template)
		return alias->owner;
	n = snprintf(buf, UNIT_NAME_SIZE, "%.*s%s", (int)strcspn(alias->owner, "@"), alias->owner,
		     instance);
	return n > 0 && n < UNIT_NAME_SIZE ? buf : NULL;
}

static void unit_files_add_aliases(const struct unit_index *index, struct names *names,
				   const char *unit, bool is_template)
{
	for (size_t i = 0; i < index->n_files && names->n < NAMES_MAX; i++) {
		const struct unit_file *file = &index->files[i];

		if (file->kind != UNIT_FILE_ALIAS ||
		    strcmp(unit_files_resolve(index, file->owner), unit) != 0)
			continue;
		names->name[names->n] = unit_files_alias_for(names, file, is_template);
		names->n += names->name[names->n] != NULL;
	}
}

static void unit_files_names_of(const struct unit_index *index, const char *unit, struct names *ret)
{
	char template[UNIT_NAME_SIZE];

	ret->name[0] = unit;
	ret->n = 1;
	unit_files_add_aliases(index, ret, unit, false);
	if (unit_order_template(unit, template))
		unit_files_add_aliases(index, ret, template, true);
}

/* Of drop-ins with equal names the one with the lowest place counts; UINT64_MAX: not the unit's. */
static uint64_t unit_files_place(const struct names *names, const struct unit_file *file)
{
	for (size_t i = 0; i < names->n; i++) {
		int order = unit_order_of(names->name[i], file->owner);

		if (order >= 0)
			return ((uint64_t)i * UNIT_DIRECTORIES + file->directory) << 32 |
			       (uint32_t)order;
	}
	if (strcmp(file->owner, unit_order_type(names->name[0])) == 0)
		return (uint64_t)(NAMES_MAX * UNIT_DIRECTORIES + file->directory) << 32;
	return UINT64_MAX;
}

static bool unit_files_is_hidden(const struct unit_index *index, const struct names *names,
				 const struct unit_file *file)
{
	for (size_t i = 0; i < index->n_files; i++) {
		const struct unit_file *other = &index->files[i];

		if (other->kind == UNIT_FILE_DROPIN && other != file &&
		    strcmp(unit_file_name(other->path), unit_file_name(file->path)) == 0 &&
		    unit_files_place(names, other) < unit_files_place(names, file))
			return true;
	}
	return false;
}

static const struct unit_word *unit_files_word_at(const struct unit_file *file, size_t offset)
{
	return (const struct unit_word *)((const char *)&file->section + offset);
}

static const struct unit_file *unit_files_last_dropin(const struct unit_index *index,
						      const struct names *names, size_t offset)
{
	const struct unit_file *last = NULL;

	for (size_t i = 0; i < index->n_files; i++) {
		const struct unit_file *file = &index->files[i];

		if (file->kind != UNIT_FILE_DROPIN || !unit_files_word_at(file, offset)->is_given ||
		    unit_files_place(names, file) == UINT64_MAX ||
		    unit_files_is_hidden(index, names, file))
			continue;
		if (!last || strcmp(unit_file_name(file->path), unit_file_name(last->path)) > 0)
			last = file;
	}
	return last;
}

/* The file of that name in the first directory that has one. */
static const struct unit_file *unit_files_unit_file(const struct unit_index *index,
						    const char *name)
{
	for (size_t i = 0; i < index->n_files; i++)
		if (index->files[i].kind == UNIT_FILE_OWN &&
		    strcmp(index->files[i].owner, name) == 0)
			return &index->files[i];
	return NULL;
}

static const struct unit_file *unit_files_own_file(const struct unit_index *index, const char *unit)
{
	const struct unit_file *file = unit_files_unit_file(index, unit);
	char template[UNIT_NAME_SIZE];

	if (!file && unit_order_template(unit, template))
		file = unit_files_unit_file(index, unit_files_resolve(index, template));
	return file;
}

static void unit_files_find(const struct unit_files *files, const char *unit, size_t offset,
			    struct unit_setting *ret)
{
	const struct unit_index *index = &files->index;
	const struct unit_file *file;
	struct names names;

	*ret = (struct unit_setting){ 0 };
	if (!index->has_section)
		return;
	unit_files_names_of(index, unit, &names);
	file = unit_files_last_dropin(index, &names, offset);
	if (!file)
		file = unit_files_own_file(index, unit);
	if (!file || !unit_files_word_at(file, offset)->is_set)
		return;
	*ret = (struct unit_setting){
		.is_set = true,
		.value = unit_files_word_at(file, offset)->value,
		.path = file->path,
		.line = unit_files_word_at(file, offset)->line,
	};
}

void unit_files_exclude(const struct unit_files *files, const char *unit, struct unit_setting *ret)
{
	unit_files_find(files, unit, offsetof(struct unit_section, exclude), ret);
}

void unit_files_priority(const struct unit_files *files, const char *unit, struct unit_setting *ret)
{
	unit_files_find(files, unit, offsetof(struct unit_section, priority), ret);
}

static bool unit_files_has_remark(const struct remarks *remarks, const char *text)
{
	for (size_t i = 0; i < remarks->n; i++)
		if (strcmp(remarks->list[i], text) == 0)
			return true;
	return false;
}

/* What was said of the files as they were before is not said again. */
static void unit_files_log_complaints(const struct remarks *old, const struct remarks *now)
{
	for (size_t i = 0; i < now->n; i++)
		if (!unit_files_has_remark(old, now->list[i]))
			log_warning("%s", now->list[i]);
	if (now->n_left_out > 0 && now->n_left_out != old->n_left_out)
		log_warning("%zu more such lines in unit files", now->n_left_out);
}

int unit_files_refresh(struct unit_files *files, bool anyway)
{
	struct unit_index index = { 0 };
	int r;

	if (!anyway && !unit_index_is_stale(&files->index))
		return 0;
	r = unit_index_scan(&index, files->root);
	if (r < 0) {
		unit_index_done(&index);
		return r;
	}
	unit_files_log_complaints(&files->index.complaints, &index.complaints);
	unit_index_done(&files->index);
	files->index = index;
	return 1;
}

int unit_files_new(struct unit_files **ret, const char *root)
{
	_cleanup_(unit_files_free_cleanup) struct unit_files *files = calloc(1, sizeof(*files));
	int r;

	if (!files)
		return -ENOMEM;
	files->root = strdup(root);
	if (!files->root)
		return -ENOMEM;
	r = unit_files_refresh(files, true);
	if (r < 0)
		return r;
	*ret = take_ptr(files);
	return 0;
}

struct unit_files *unit_files_free(struct unit_files *files)
{
	if (!files)
		return NULL;
	unit_index_done(&files->index);
	free(files->root);
	free(files);
	return NULL;
}
