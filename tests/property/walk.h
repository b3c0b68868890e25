/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Walk: a small world that drifts, jumps and answers, driven by seeded dice
 */

#include "tests/unit/course.h"

#define GROUPS	8
#define MODULES 12
#define WATCHES 512 /* episodes and orders of one walk */

/* xorshift64*: the same everywhere, unlike rand(). */
struct dice {
	uint64_t state;
};

static inline uint64_t roll(struct dice *dice)
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return dice->state * 0x2545F4914F6CDD1DULL;
}

static inline uint64_t roll_below(struct dice *dice, uint64_t n)
{
	return n == 0 ? 0 : roll(dice) % n;
}

static inline bool chance(struct dice *dice, uint32_t percent)
{
	return roll_below(dice, 100) < percent;
}

/* How a module behaves when asked. */
enum manner { HONEST, LIAR, SILENT, BUSY, N_MANNERS };

struct pending {
	struct action action;
	uint64_t answer_usec; /* USEC_NEVER: no answer */
};

/* What the checks remember about one ladder between steps. */
struct ladder_watch {
	uint64_t key;	/* episode or order */
	enum rung on;	/* its requests are out, no report yet */
	int64_t n_open; /* of them */
	enum rung last_missed;
};

/* Who is held, as far as the decisions said. */
struct hold_watch {
	uint64_t id; /* 0: not held */
	uint64_t group_id;
	uint64_t since_usec, until_usec;
	uint64_t spent_usec, let_go_usec; /* held in all without a whole rest, up to then */
	bool is_described;		  /* a dry run: over with the next step, without a word */
};

struct world {
	struct course *course;
	struct dice dice;
	bool calm; /* readings stay far from every threshold */
	enum manner manner[MODULES];
	struct pending pending[COURSE_LIST];
	size_t n_pending;
	uint64_t next_id;
	uint64_t hash;
	/* for the checks */
	enum level level[GROUPS + 1];
	uint64_t level_since_usec[GROUPS + 1];
	uint64_t group_id[GROUPS + 1];
	uint64_t open_module_action[MODULES];
	uint64_t open_module_id[MODULES];
	uint64_t last_action_id;
	struct ladder_watch watch[WATCHES];
	size_t n_watch;
	uint64_t n_actions;
	struct hold_watch held[GROUPS + 1];
	uint32_t runaway_slot;
};

static uint64_t the_seed;

#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition))                                                        \
			fail_msg("%s (PROPERTY_SEED=%llu PROPERTY_WALKS=1)", #condition, \
				 (unsigned long long)the_seed);                          \
	} while (0)

static inline void world_add_group(struct world *w, uint32_t slot)
{
	struct group_reading *g = &w->course->groups[slot - 1];
	uint64_t total = w->course->seen.machine.total_bytes;

	*g = (struct group_reading){
		.slot = slot,
		.id = w->next_id++,
		.parent_slot = slot > 2 && chance(&w->dice, 40)
				       ? (uint32_t)(1 + roll_below(&w->dice, slot - 1))
				       : GROUP_SLOT_HOST,
		.has = GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_HIGH |
		       GROUP_HAS_RECLAIMABLE | GROUP_HAS_EVENTS | GROUP_HAS_STALL,
		.flags = chance(&w->dice, 20)	? GROUP_IS_PROTECTED
			 : chance(&w->dice, 10) ? GROUP_IS_CONTEXT
			 : chance(&w->dice, 10) ? GROUP_IS_UNBRAKED
			 : chance(&w->dice, 15) ? GROUP_IS_EXCLUDED
						: 0,
		.priority = chance(&w->dice, 40) ? (int32_t)roll_below(&w->dice, 201) - 100 : 0,
		.current_bytes = roll_below(&w->dice, total / GROUPS),
		.limit_bytes = BYTES_UNLIMITED,
		.high_bytes = BYTES_UNLIMITED,
	};
	g->reclaimable_bytes = roll_below(&w->dice, g->current_bytes + 1);
	g->held_bytes = roll_below(&w->dice, g->current_bytes + 1);
	g->has |= chance(&w->dice, 70) ? GROUP_HAS_USE : 0;
	g->has |= chance(&w->dice, 50) ? GROUP_HAS_SWAP : 0;
	g->has |= chance(&w->dice, 50) ? GROUP_HAS_SWAP_LIMIT : 0;
	g->swap_limit_bytes = chance(&w->dice, 50) ? BYTES_UNLIMITED
						   : roll_below(&w->dice, 64 * MIB);
	if (!w->calm && chance(&w->dice, 40))
		g->limit_bytes = g->current_bytes + roll_below(&w->dice, 256 * MIB);
}

static inline void world_add_module(struct world *w, uint32_t slot)
{
	struct module_reading *m = &w->course->modules[slot];
	size_t n_groups = w->course->seen.n_groups;

	*m = (struct module_reading){
		.slot = slot,
		.id = w->next_id++,
		.group_slot = (uint32_t)(1 + roll_below(&w->dice, n_groups)),
		.flags = (uint32_t)roll_below(&w->dice, 16),
		.kind = (enum module_kind)roll_below(&w->dice, N_MODULE_KINDS),
		.size_bytes = roll_below(&w->dice, 128 * MIB),
		.last_used_usec = w->course->seen.now_usec - roll_below(&w->dice, 600 * SEC),
		.idle_limit_usec = chance(&w->dice, 20) ? 10 * SEC : 0,
		.reload_cost_usec = roll_below(&w->dice, 10 * SEC),
	};
	w->manner[slot] = (enum manner)roll_below(&w->dice, N_MANNERS + 3);
	if (w->manner[slot] >= N_MANNERS)
		w->manner[slot] = HONEST;
}

static inline void world_init(struct world *w, uint64_t seed, bool calm)
{
	struct machine_reading *m;

	memset(w, 0, sizeof(*w));
	w->dice.state = seed * 0x9E3779B97F4A7C15ULL + 1;
	w->calm = calm;
	w->next_id = 5000;
	w->hash = 0xcbf29ce484222325ULL;
	w->course = course_new();
	m = &w->course->seen.machine;
	m->total_bytes = (1 + roll_below(&w->dice, 8)) * GIB;
	m->available_bytes = m->total_bytes * 7 / 10;
	if (chance(&w->dice, 40)) {
		m->has |= MACHINE_HAS_ZRAM;
		m->swap_total_bytes = m->swap_free_bytes = m->total_bytes / 2;
		m->zram_total_bytes = m->zram_free_bytes = m->total_bytes / 2;
	}
	if (chance(&w->dice, 50))
		m->has |= MACHINE_HAS_TRIPWIRE;
	if (chance(&w->dice, 30))
		for (int level = LEVEL_MEDIUM; level < N_LEVELS; level++)
			w->course->profile.modules_per_cycle[level] = (uint32_t)level;
	w->course->profile.brake = (enum brake)roll_below(&w->dice, N_BRAKES);
	w->course->profile.brake_hold_usec = (1 + roll_below(&w->dice, 50)) * 100 * MSEC;
	w->course->seen.n_groups = 1 + roll_below(&w->dice, GROUPS);
	for (uint32_t slot = 1; slot <= w->course->seen.n_groups; slot++)
		world_add_group(w, slot);
	w->course->seen.n_modules = roll_below(&w->dice, MODULES + 1);
	for (uint32_t slot = 0; slot < w->course->seen.n_modules; slot++)
		world_add_module(w, slot);
}

static inline void drift_machine(struct world *w)
{
	struct machine_reading *m = &w->course->seen.machine;
	uint64_t stride = m->total_bytes / (chance(&w->dice, 10) ? 3 : 40);
	uint64_t floor = w->calm ? m->total_bytes * 6 / 10 : 0;

	if (w->calm)
		stride = m->total_bytes / 1000;
	if (chance(&w->dice, w->calm ? 50 : 60))
		m->available_bytes = u64_sub(m->available_bytes, roll_below(&w->dice, stride));
	else
		m->available_bytes += roll_below(&w->dice, stride);
	m->available_bytes = u64_max(u64_min(m->available_bytes, m->total_bytes), floor);
	if (!w->calm && chance(&w->dice, 20))
		m->some_usec += roll_below(&w->dice, SEC);
	if (!w->calm && chance(&w->dice, 10))
		m->full_usec += roll_below(&w->dice, SEC);
	if (m->has & MACHINE_HAS_ZRAM) {
		m->zram_free_bytes = roll_below(&w->dice, m->zram_total_bytes);
		m->swap_free_bytes = m->zram_free_bytes;
		m->zram_stored_bytes = m->zram_total_bytes - m->zram_free_bytes;
		m->zram_used_bytes = m->zram_stored_bytes / 3;
	}
}

/* Some hundred MB/s for some steps, in a group or straight from the host; unless it is held. */
static inline void run_away(struct world *w)
{
	uint64_t bytes = (4 + roll_below(&w->dice, 28)) * MIB;
	struct group_reading *g;

	if (w->calm || chance(&w->dice, 5))
		w->runaway_slot = 0;
	else if (chance(&w->dice, 10))
		w->runaway_slot = (uint32_t)(1 + roll_below(&w->dice, w->course->seen.n_groups));
	if (w->runaway_slot == 0 || w->held[w->runaway_slot].id != 0)
		return;
	g = &w->course->groups[w->runaway_slot - 1];
	g->current_bytes += bytes;
	if (g->limit_bytes != BYTES_UNLIMITED && g->current_bytes > g->limit_bytes)
		g->current_bytes = g->limit_bytes / 4; /* killed */
	w->course->seen.machine.available_bytes =
		u64_sub(w->course->seen.machine.available_bytes, bytes);
}

static inline void drift_groups(struct world *w)
{
	run_away(w);
	for (size_t i = 0; i < w->course->seen.n_groups; i++) {
		struct group_reading *g = &w->course->groups[i];

		g->flags &= ~(uint32_t)GROUP_IS_GONE;
		if (w->calm)
			continue;
		g->current_bytes = u64_sub(g->current_bytes + roll_below(&w->dice, 8 * MIB),
					   roll_below(&w->dice, 8 * MIB));
		g->reclaimable_bytes = u64_min(g->reclaimable_bytes, g->current_bytes);
		g->has ^= chance(&w->dice, 1) ? GROUP_HAS_USE : 0;
		if (chance(&w->dice, 10)) /* the kernel splits huge pages, or swaps */
			g->unused_bytes = roll_below(&w->dice, g->unused_bytes + 1);
		if (chance(&w->dice, 10))
			g->swap_bytes = roll_below(&w->dice, 64 * MIB);
		g->some_usec += chance(&w->dice, 10) ? roll_below(&w->dice, SEC) : 0;
		g->n_max += chance(&w->dice, 10);
		if (chance(&w->dice, 1))
			world_add_group(w, g->slot); /* another one took the slot */
		else if (chance(&w->dice, 1))
			g->flags |= GROUP_IS_GONE;
	}
}

static inline void drift_modules(struct world *w)
{
	for (uint32_t i = 0; i < w->course->seen.n_modules; i++) {
		struct module_reading *m = &w->course->modules[i];

		if (chance(&w->dice, 5))
			m->last_used_usec = w->course->seen.now_usec;
		if (chance(&w->dice, 3))
			m->size_bytes += roll_below(&w->dice, 32 * MIB);
		if (!w->calm && chance(&w->dice, 1))
			world_add_module(w, i);
	}
}

/* Out of small pages, or out of the middle of huge ones, which shows later. */
static inline void give_back(struct world *w, struct group_reading *g, uint64_t bytes)
{
	if (chance(&w->dice, 30))
		g->unused_bytes += u64_min(bytes, u64_sub(g->current_bytes, g->unused_bytes));
	else
		g->current_bytes = u64_sub(g->current_bytes, bytes);
	g->held_bytes = u64_sub(g->held_bytes, bytes);
	g->unused_bytes = u64_min(g->unused_bytes, g->current_bytes);
	g->reclaimable_bytes = u64_min(g->reclaimable_bytes, g->current_bytes);
}

/* Answers that are due now; each takes its effect with it. */
static inline void answer_due(struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_pending; i++) {
		struct pending *p = &w->pending[i];
		const struct action *a = &p->action;
		struct group_reading *g = &w->course->groups[a->group_slot - 1];
		enum manner manner = a->module_slot == SLOT_NONE ? HONEST
								 : w->manner[a->module_slot];

		if (p->answer_usec > w->course->seen.now_usec) {
			w->pending[n++] = *p;
			continue;
		}
		if (manner == HONEST) {
			give_back(w, g, a->bytes);
			w->course->seen.machine.available_bytes =
				u64_min(w->course->seen.machine.available_bytes + a->bytes,
					w->course->seen.machine.total_bytes);
			if (a->module_slot != SLOT_NONE)
				w->course->modules[a->module_slot].size_bytes = u64_sub(
					w->course->modules[a->module_slot].size_bytes, a->bytes);
		}
		if (manner != SILENT)
			course_answer(w->course, a->id, manner == BUSY ? RESULT_BUSY : RESULT_DONE,
				      manner == BUSY ? 0 : a->bytes);
	}
	w->n_pending = n;
}

static inline void take_actions(struct world *w, const struct decision *d)
{
	for (size_t i = 0; i < d->n_actions; i++) {
		if (d->actions[i].rung == RUNG_WARN || w->n_pending == COURSE_LIST)
			continue;
		w->pending[w->n_pending++] = (struct pending){
			.action = d->actions[i],
			.answer_usec =
				w->course->seen.now_usec +
				roll_below(&w->dice, chance(&w->dice, 10) ? 5 * SEC : 300 * MSEC),
		};
	}
}

static inline void next_moment(struct world *w)
{
	struct observation *seen = &w->course->seen;
	const struct decision *d = &w->course->decision;
	uint64_t at_usec = d->wake_at_usec;

	if (chance(&w->dice, 30))
		at_usec = u64_min(at_usec, seen->now_usec + roll_below(&w->dice, 2 * SEC));
	if (w->runaway_slot != 0) /* its charges wake us */
		at_usec = u64_min(at_usec, seen->now_usec + roll_below(&w->dice, 100 * MSEC));
	for (size_t i = 0; i < w->n_pending; i++)
		at_usec = u64_min(at_usec, w->pending[i].answer_usec);
	seen->now_usec = u64_max(at_usec, seen->now_usec);
	seen->covers = OBSERVED_MACHINE;
	if (d->attention >= ATTENTION_MODULES || chance(&w->dice, 50))
		seen->covers |= OBSERVED_MODULES;
	if (d->attention >= ATTENTION_GROUPS || chance(&w->dice, 50))
		seen->covers |= OBSERVED_GROUPS;
}
