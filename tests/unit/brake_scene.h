/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A slice of 192 MiB in which a hog grows beside a cache that can give 64 MiB, step by step, until
 * the brake answers.
 */
#include "tests/unit/course.h"

#define LIMIT (192 * MIB)
#define CACHE (64 * MIB)
/* 30 MiB in 100 ms: what is left lasts half a second from 150 MiB on. */
#define STRIDE_BYTES (30 * MIB)
#define STRIDE_USEC  (100 * MSEC)

struct scene {
	struct course *c;
	struct group_reading *slice, *cache, *hog;
};

static inline struct scene scene_new(void)
{
	struct scene s = { .c = course_new() };

	s.c->profile.brake = BRAKE_AUTO;
	s.slice = course_add_group(s.c, CACHE);
	s.slice->limit_bytes = LIMIT;
	s.slice->flags = GROUP_IS_CONTEXT;
	s.cache = course_add_group(s.c, CACHE);
	s.cache->parent_slot = s.slice->slot;
	s.hog = course_add_group(s.c, 0);
	s.hog->parent_slot = s.slice->slot;
	course_add_module(s.c, s.cache, CACHE);
	course_step(s.c);
	return s;
}

/* One service, limited itself, with hog and cache in it. */
static inline struct scene scene_of_one(void)
{
	struct scene s = { .c = course_new() };

	s.c->profile.brake = BRAKE_AUTO;
	s.slice = s.cache = s.hog = course_add_group(s.c, CACHE);
	s.hog->limit_bytes = LIMIT;
	course_add_module(s.c, s.hog, CACHE);
	course_step(s.c);
	return s;
}

static inline void scene_free(struct scene *s)
{
	course_free(s->c);
}

static inline void grow(struct scene *s, struct group_reading *who, uint64_t bytes)
{
	who->current_bytes += bytes;
	if (who != s->slice)
		s->slice->current_bytes += bytes;
}

/* Gives back what was asked for, as the module's answer says. */
static inline void answer_shed(struct scene *s)
{
	const struct action *action = course_action(s->c, RUNG_SHED, 0);

	assert_non_null(action);
	s->cache->current_bytes -= action->bytes;
	if (s->cache != s->slice)
		s->slice->current_bytes -= action->bytes;
	s->c->modules[0].size_bytes -= action->bytes;
	course_answer(s->c, action->id, RESULT_DONE, action->bytes);
}

static inline const struct brake_change *only_change(const struct course *c)
{
	assert_int_equal(c->decision.n_brakes, 1);
	return &c->decision.brakes[0];
}

/* The hog grows until somebody is held; what it had then tells how far it got. */
static inline const struct brake_change *grow_until_held(struct scene *s)
{
	while (s->slice->current_bytes + STRIDE_BYTES <= LIMIT) {
		grow(s, s->hog, STRIDE_BYTES);
		course_step_after(s->c, STRIDE_USEC);
		if (s->c->decision.n_brakes > 0)
			return only_change(s->c);
	}
	return NULL;
}

static inline const struct brake_change *let_go_after(struct scene *s, uint64_t pause_usec)
{
	course_step_after(s->c, pause_usec);
	assert_int_equal(only_change(s->c)->brake, BRAKE_OFF);
	return only_change(s->c);
}
