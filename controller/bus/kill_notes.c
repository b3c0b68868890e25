/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *    named first                        counted first
 *      name(a)   a: 1, uncounted 1        count(a)   a: 1, unnamed 1
 *      count(a)  uncounted 0              name(a)    a: unnamed 0
 *
 * A unit whose process was killed ends, and its cgroup with it: its kill may be counted in a group
 * above it. The name says it better, so the note moves there.
 */

#include "controller/bus/kill_notes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct kill_note *kill_notes_find(struct kill_notes *notes, const char *path)
{
	for (size_t i = 0; i < KILL_NOTES_MAX; i++)
		if (strcmp(notes->notes[i].path, path) == 0)
			return &notes->notes[i];
	return NULL;
}

/* The one for that path, or the oldest, emptied. */
static struct kill_note *kill_notes_make(struct kill_notes *notes, const char *path)
{
	struct kill_note *note = kill_notes_find(notes, path);

	if (note)
		return note;
	note = &notes->notes[0];
	for (size_t i = 1; i < KILL_NOTES_MAX; i++)
		if (notes->notes[i].last_usec < note->last_usec)
			note = &notes->notes[i];
	*note = (struct kill_note){};
	snprintf(note->path, sizeof(note->path), "%s", path);
	return note;
}

static struct kill_note *kill_notes_add(struct kill_notes *notes, const char *path, uint64_t n,
					uint64_t limit_bytes, uint64_t now_usec)
{
	struct kill_note *note;

	if (strlen(path) >= sizeof(note->path))
		return NULL;
	note = kill_notes_make(notes, path);
	if (now_usec > note->last_usec + KILL_NOTES_KEPT_USEC)
		note->n = note->n_unnamed = 0;
	note->n += n;
	note->last_usec = now_usec;
	note->limit_bytes = limit_bytes;
	return note;
}

static bool kill_note_is_above(const struct kill_note *note, const char *path)
{
	size_t length = strlen(note->path);

	return length > 0 && strncmp(note->path, path, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0' || length == 1);
}

/* One that was counted in this cgroup or above it, the lowest first. */
static struct kill_note *kill_notes_find_unnamed(struct kill_notes *notes, const char *path)
{
	struct kill_note *found = NULL;

	for (size_t i = 0; i < KILL_NOTES_MAX; i++) {
		struct kill_note *note = &notes->notes[i];

		if (note->n_unnamed > 0 && kill_note_is_above(note, path) &&
		    (!found || strlen(note->path) > strlen(found->path)))
			found = note;
	}
	return found;
}

void kill_notes_name(struct kill_notes *notes, const char *path, uint64_t limit_bytes,
		     uint64_t now_usec)
{
	struct kill_note *counted = kill_notes_find_unnamed(notes, path);

	if (!counted) {
		kill_notes_add(notes, path, 1, limit_bytes, now_usec);
		notes->n_uncounted++;
		return;
	}
	counted->n_unnamed--;
	if (strcmp(counted->path, path) == 0)
		return;
	counted->n--;
	if (counted->n == 0)
		*counted = (struct kill_note){};
	kill_notes_add(notes, path, 1, limit_bytes, now_usec);
}

uint64_t kill_notes_take_counted(struct kill_notes *notes, uint64_t n)
{
	uint64_t n_named = u64_min(n, notes->n_uncounted);

	notes->n_uncounted -= n_named;
	return n - n_named;
}

void kill_notes_count(struct kill_notes *notes, const char *path, uint64_t n, uint64_t limit_bytes,
		      uint64_t now_usec)
{
	struct kill_note *note = kill_notes_add(notes, path, n, limit_bytes, now_usec);

	if (note)
		note->n_unnamed += n;
}
