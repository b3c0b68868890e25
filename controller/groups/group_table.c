/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/groups/group_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/cleanup.h"
#include "controller/base/printable.h"

/* Most hosts have fewer groups than this under control; the table doubles when it is full. */
#define FIRST_N_BUCKETS 64

/* FNV-1a: short, and good enough for paths that differ in their tails. */
static uint32_t group_table_hash_path(const char *path)
{
	uint32_t h = 2166136261U;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 16777619U;
	return h;
}

static uint32_t *group_table_bucket_of(const struct group_table *t, const char *path)
{
	return &t->buckets[group_table_hash_path(path) & (t->n_buckets - 1)];
}

static void group_table_chain_in(struct group_table *t, struct group *group)
{
	uint32_t *head = group_table_bucket_of(t, group->path);

	group->next = *head;
	*head = group->slot + 1;
}

static int group_table_grow(struct group_table *t, uint32_t n_buckets)
{
	uint32_t *buckets = calloc(n_buckets, sizeof(*buckets));
	uint32_t *old = t->buckets;
	uint32_t n_old = t->n_buckets;

	if (!buckets)
		return -ENOMEM;
	t->buckets = buckets;
	t->n_buckets = n_buckets;
	for (uint32_t i = 0; i < n_old; i++) {
		for (uint32_t at = old[i], next; at; at = next) {
			struct group *group = &t->groups[at - 1];

			next = group->next;
			group_table_chain_in(t, group);
		}
	}
	free(old);
	return 0;
}

/* Most names can be shown as they are: there is one copy then. */
static void group_table_free_names(struct group *group)
{
	if (group->shown != group->path)
		free(group->shown);
	free(group->path);
	group->path = group->shown = NULL;
}

int group_table_init(struct group_table *t, uint32_t max)
{
	*t = (struct group_table){ .max = max };
	t->groups = calloc(max, sizeof(*t->groups));
	if (!t->groups)
		return -ENOMEM;
	return group_table_grow(t, FIRST_N_BUCKETS);
}

void group_table_done(struct group_table *t)
{
	for (uint32_t i = 0; i < t->high_water; i++)
		group_table_free_names(&t->groups[i]);
	free(t->groups);
	free(t->buckets);
	*t = (struct group_table){};
}

static int group_table_take_slot(struct group_table *t, struct group **ret)
{
	uint32_t slot = t->lowest_free;

	while (slot < t->high_water && t->groups[slot].path)
		slot++;
	if (slot == t->max)
		return -ENOSPC;
	t->lowest_free = slot + 1;
	if (slot == t->high_water)
		t->high_water++;
	t->groups[slot] = (struct group){ .slot = slot };
	*ret = &t->groups[slot];
	return 0;
}

int group_table_add(struct group_table *t, const char *path, uint64_t id, struct group **ret)
{
	_cleanup_free_ char *copy = NULL, *shown = NULL;
	struct group *group;
	int r;

	if (t->n >= t->n_buckets) {
		r = group_table_grow(t, t->n_buckets * 2);
		if (r < 0)
			return r;
	}
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	if (!printable_is(path)) {
		shown = printable_dup(path);
		if (!shown)
			return -ENOMEM;
	}
	r = group_table_take_slot(t, &group);
	if (r < 0)
		return r;
	group->path = take_ptr(copy);
	group->shown = shown ? take_ptr(shown) : group->path;
	group->id = id;
	group_table_chain_in(t, group);
	t->n++;
	*ret = group;
	return 0;
}

struct group *group_table_find(const struct group_table *t, const char *path)
{
	for (uint32_t at = *group_table_bucket_of(t, path); at; at = t->groups[at - 1].next)
		if (strcmp(t->groups[at - 1].path, path) == 0)
			return &t->groups[at - 1];
	return NULL;
}

struct group *group_table_next(const struct group_table *t, uint32_t slot)
{
	for (; slot < t->high_water; slot++) {
		struct group *group = &t->groups[slot];

		if (group->path && !(group->flags & GROUP_IS_GONE))
			return group;
	}
	return NULL;
}

void group_table_hide(struct group_table *t, struct group *group)
{
	uint32_t *link = group_table_bucket_of(t, group->path);

	while (*link != group->slot + 1)
		link = &t->groups[*link - 1].next;
	*link = group->next;
	group->next = 0;
	group->flags |= GROUP_IS_GONE;
	t->n--;
}

void group_table_release(struct group_table *t, struct group *group)
{
	group_table_free_names(group);
	if (group->slot < t->lowest_free)
		t->lowest_free = group->slot;
	while (t->high_water > 0 && !t->groups[t->high_water - 1].path)
		t->high_water--;
}
