/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What decide() must hold on any course
 *
 * Seeded random walks through a small world: memory drifts, jumps and stalls, modules answer,
 * lie, are late or silent, groups and modules come and go, orders arrive. After every step the
 * invariants below are checked; the seed of a failing walk is printed and can be given again:
 *
 *	PROPERTY_SEED=123 PROPERTY_WALKS=1 test-decide-properties
 */

#include "tests/unit/course.h"

#define WALKS_DEFAULT 3000
#define STEPS_MAX     120
#define GROUPS	      8
#define MODULES	      12
#define WATCHES	      512 /* episodes and orders of one walk */

/* xorshift64*: the same everywhere, unlike rand(). */
struct dice {
	uint64_t state;
};

static uint64_t roll(struct dice *dice)
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return dice->state * 0x2545F4914F6CDD1DULL;
}

static uint64_t roll_below(struct dice *dice, uint64_t n)
{
	return n == 0 ? 0 : roll(dice) % n;
}

static bool chance(struct dice *dice, uint32_t percent)
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
};

static uint64_t the_seed;

#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition))                                                        \
			fail_msg("%s (PROPERTY_SEED=%llu PROPERTY_WALKS=1)", #condition, \
				 (unsigned long long)the_seed);                          \
	} while (0)

/* --- the world --- */

static void world_add_group(struct world *w, uint32_t slot)
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
						: 0,
		.current_bytes = roll_below(&w->dice, total / GROUPS),
		.limit_bytes = BYTES_UNLIMITED,
		.high_bytes = BYTES_UNLIMITED,
	};
	g->reclaimable_bytes = roll_below(&w->dice, g->current_bytes + 1);
	if (!w->calm && chance(&w->dice, 40))
		g->limit_bytes = g->current_bytes + roll_below(&w->dice, 64 * MIB);
}

static void world_add_module(struct world *w, uint32_t slot)
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

static void world_init(struct world *w, uint64_t seed, bool calm)
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
	if (chance(&w->dice, 30))
		for (int level = LEVEL_MEDIUM; level < N_LEVELS; level++)
			w->course->profile.modules_per_cycle[level] = (uint32_t)level;
	w->course->seen.n_groups = 1 + roll_below(&w->dice, GROUPS);
	for (uint32_t slot = 1; slot <= w->course->seen.n_groups; slot++)
		world_add_group(w, slot);
	w->course->seen.n_modules = roll_below(&w->dice, MODULES + 1);
	for (uint32_t slot = 0; slot < w->course->seen.n_modules; slot++)
		world_add_module(w, slot);
}

static void drift_machine(struct world *w)
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

static void drift_groups(struct world *w)
{
	for (size_t i = 0; i < w->course->seen.n_groups; i++) {
		struct group_reading *g = &w->course->groups[i];

		g->flags &= ~(uint32_t)GROUP_IS_GONE;
		if (w->calm)
			continue;
		g->current_bytes = u64_sub(g->current_bytes + roll_below(&w->dice, 8 * MIB),
					   roll_below(&w->dice, 8 * MIB));
		g->reclaimable_bytes = u64_min(g->reclaimable_bytes, g->current_bytes);
		g->some_usec += chance(&w->dice, 10) ? roll_below(&w->dice, SEC) : 0;
		g->n_max += chance(&w->dice, 10);
		if (chance(&w->dice, 1))
			world_add_group(w, g->slot); /* another one took the slot */
		else if (chance(&w->dice, 1))
			g->flags |= GROUP_IS_GONE;
	}
}

static void drift_modules(struct world *w)
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

/* Answers that are due now; each takes its effect with it. */
static void answer_due(struct world *w)
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
			g->current_bytes = u64_sub(g->current_bytes, a->bytes);
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

static void take_actions(struct world *w, const struct decision *d)
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

static void next_moment(struct world *w)
{
	struct observation *seen = &w->course->seen;
	const struct decision *d = &w->course->decision;
	uint64_t at_usec = d->wake_at_usec;

	if (chance(&w->dice, 30))
		at_usec = u64_min(at_usec, seen->now_usec + roll_below(&w->dice, 2 * SEC));
	for (size_t i = 0; i < w->n_pending; i++)
		at_usec = u64_min(at_usec, w->pending[i].answer_usec);
	seen->now_usec = u64_max(at_usec, seen->now_usec);
	seen->covers = OBSERVED_MACHINE;
	if (d->attention >= ATTENTION_MODULES || chance(&w->dice, 50))
		seen->covers |= OBSERVED_MODULES;
	if (d->attention >= ATTENTION_GROUPS || chance(&w->dice, 50))
		seen->covers |= OBSERVED_GROUPS;
}

/* --- the checks --- */

static void mix(struct world *w, uint64_t value)
{
	w->hash = (w->hash ^ value) * 0x100000001b3ULL;
}

static void hash_decision(struct world *w, const struct decision *d)
{
	for (size_t i = 0; i < d->n_actions; i++) {
		mix(w, d->actions[i].id);
		mix(w, d->actions[i].rung);
		mix(w, d->actions[i].reason);
		mix(w, d->actions[i].level);
		mix(w, d->actions[i].group_id);
		mix(w, d->actions[i].module_id);
		mix(w, d->actions[i].bytes);
		mix(w, d->actions[i].deadline_usec);
	}
	for (size_t i = 0; i < d->n_finishes; i++) {
		mix(w, d->finishes[i].action.id);
		mix(w, d->finishes[i].result);
		mix(w, d->finishes[i].measured_bytes);
	}
	for (size_t i = 0; i < d->n_level_changes; i++) {
		mix(w, d->level_changes[i].group_id);
		mix(w, d->level_changes[i].new_level);
		mix(w, d->level_changes[i].reason);
	}
	for (size_t i = 0; i < d->n_rungs; i++) {
		mix(w, d->rungs[i].rung);
		mix(w, d->rungs[i].reason);
		mix(w, d->rungs[i].measured_bytes);
	}
	mix(w, d->n_episodes);
	mix(w, d->n_orders);
	mix(w, d->wake_at_usec);
	mix(w, d->wake_slack_usec);
	mix(w, d->attention);
}

static struct ladder_watch *watch_of(struct world *w, uint64_t episode_id, uint64_t order_id)
{
	uint64_t key = order_id ? order_id << 32 : episode_id;

	for (size_t i = 0; i < w->n_watch; i++)
		if (w->watch[i].key == key)
			return &w->watch[i];
	CHECK(w->n_watch < WATCHES);
	w->watch[w->n_watch] = (struct ladder_watch){ .key = key };
	return &w->watch[w->n_watch++];
}

static void check_module_action(struct world *w, const struct action *a)
{
	const struct module_reading *m = &w->course->modules[a->module_slot];

	CHECK(a->module_id == m->id);
	CHECK(a->rung == RUNG_SHED || a->rung == RUNG_UNLOAD);
	CHECK(!(m->flags & MODULE_IS_KEPT) || a->level >= LEVEL_HIGH);
	CHECK(!(m->flags & MODULE_IS_UNLOADED));
	CHECK(m->flags & (a->rung == RUNG_SHED ? MODULE_CAN_SHED : MODULE_CAN_UNLOAD));
	CHECK(w->open_module_id[a->module_slot] != m->id ||
	      w->open_module_action[a->module_slot] == 0);
	w->open_module_action[a->module_slot] = a->id;
	w->open_module_id[a->module_slot] = m->id;
	CHECK(a->bytes <= m->size_bytes);
}

static void check_reclaim(struct world *w, const struct action *a)
{
	const struct group_reading *g = &w->course->groups[a->group_slot - 1];

	CHECK(a->rung == RUNG_RECLAIM);
	CHECK(a->group_slot != GROUP_SLOT_HOST && a->group_id == g->id);
	CHECK(!(g->flags & (GROUP_IS_PROTECTED | GROUP_IS_CONTEXT | GROUP_IS_GONE)));
	CHECK(a->bytes >= MIB);
}

static void check_actions(struct world *w, const struct decision *d)
{
	for (size_t i = 0; i < d->n_actions; i++) {
		const struct action *a = &d->actions[i];
		struct ladder_watch *watch = watch_of(w, a->episode_id, a->order_id);
		size_t n_same = 0;

		CHECK(a->id > w->last_action_id);
		w->last_action_id = a->id;
		w->n_actions++;
		CHECK(!w->calm || a->order_id != 0);
		if (a->rung == RUNG_WARN)
			continue;
		CHECK(a->bytes > 0 && a->ratio_bp <= BP_ONE);
		CHECK(a->deadline_usec > w->course->state.now_usec);
		if (a->module_slot != SLOT_NONE)
			check_module_action(w, a);
		else
			check_reclaim(w, a);
		for (size_t k = 0; k < d->n_actions; k++) {
			if (d->actions[k].episode_id != a->episode_id ||
			    d->actions[k].order_id != a->order_id ||
			    d->actions[k].rung == RUNG_WARN)
				continue;
			CHECK(d->actions[k].rung == a->rung); /* one rung at a time */
			n_same++;
		}
		if (a->module_slot != SLOT_NONE)
			CHECK(n_same <= w->course->profile.modules_per_cycle[a->level]);
		/* The rung before was reported in this step or earlier. */
		CHECK(watch->on == RUNG_NONE || watch->on == a->rung);
		/* Climbing means up from a rung that was measured and missed. */
		if (a->reason == REASON_GOAL_MISSED)
			CHECK(watch->last_missed != RUNG_NONE && a->rung > watch->last_missed);
		watch->on = a->rung;
		watch->n_open++;
	}
}

static void check_reports(struct world *w, const struct decision *d)
{
	for (size_t i = 0; i < d->n_finishes; i++) {
		const struct action *a = &d->finishes[i].action;

		if (a->module_slot != SLOT_NONE && w->open_module_action[a->module_slot] == a->id)
			w->open_module_action[a->module_slot] = 0;
		watch_of(w, a->episode_id, a->order_id)->n_open--;
	}
	for (size_t i = 0; i < d->n_rungs; i++) {
		const struct rung_report *r = &d->rungs[i];
		struct ladder_watch *watch = watch_of(w, r->episode_id, r->order_id);

		if (r->rung == RUNG_WARN || r->n_requests == 0)
			continue;
		CHECK(watch->on == r->rung);
		if (r->reason == REASON_GOAL_MET || r->reason == REASON_GOAL_MISSED)
			CHECK(watch->n_open == 0); /* all have answered or are late */
		watch->on = RUNG_NONE;
		watch->last_missed = r->reason == REASON_GOAL_MISSED ? r->rung : RUNG_NONE;
		CHECK(r->reason != REASON_GOAL_MET || r->measured_bytes >= r->goal_bytes);
		CHECK(r->reason != REASON_GOAL_MISSED || r->measured_bytes < r->goal_bytes);
	}
}

static void check_levels(struct world *w)
{
	for (uint32_t slot = 0; slot <= w->course->seen.n_groups; slot++) {
		const struct group_state *g = &w->course->state.groups[slot];
		uint64_t now_usec = w->course->state.now_usec;

		if (g->id != w->group_id[slot]) {
			w->group_id[slot] = g->id;
			w->level[slot] = LEVEL_LOW;
			w->level_since_usec[slot] = 0;
		}
		if (g->level < w->level[slot])
			CHECK(now_usec - w->level_since_usec[slot] >=
			      w->course->profile.dwell_usec);
		if (g->level != w->level[slot]) {
			w->level[slot] = g->level;
			w->level_since_usec[slot] = now_usec;
		}
		CHECK((g->episode.id != 0) <= (g->level > LEVEL_LOW));
	}
}

static void state_copy(struct state *to, const struct state *from, void *memory)
{
	memcpy(memory, from->groups, state_size(&from->limits));
	state_init(to, &from->limits, memory);
	/* Pointers are the copy's own; the rest is taken over. */
	struct state pointers = *to;
	*to = *from;
	to->groups = pointers.groups;
	to->modules = pointers.modules;
	to->ladders = pointers.ladders;
	to->requests = pointers.requests;
	memcpy(memory, from->groups, state_size(&from->limits));
}

/* Whether the host's own ladder sends something. */
static bool host_acts(const struct course *c)
{
	const struct decision *d = &c->decision;

	for (size_t i = 0; i < d->n_actions; i++)
		if (d->actions[i].rung > RUNG_WARN && d->actions[i].order_id == 0 &&
		    d->actions[i].episode_id == state_host(&c->state)->episode.id)
			return true;
	return false;
}

/* The same state under more pressure: no lower level, and at the same level no lower rung. */
static void check_more_pressure(struct world *w)
{
	struct course *c = w->course;
	struct course *worse = calloc(1, sizeof(*worse));
	uint64_t total = c->seen.machine.total_bytes;
	bool base_acts;
	enum rung base_rung;

	memcpy(worse, c, sizeof(*worse));
	course_lend(worse);
	worse->memory = malloc(state_size(&c->state.limits));
	state_copy(&worse->state, &c->state, worse->memory);
	decide(&c->profile, &worse->state, &worse->seen, &worse->decision);
	enum level base_level = worse->state.groups[0].level;
	enum level base_judged = worse->state.groups[0].judged_level;
	base_acts = host_acts(worse);
	base_rung = state_group_rung(&worse->state, GROUP_SLOT_HOST);

	state_copy(&worse->state, &c->state, worse->memory);
	worse->seen.machine.available_bytes =
		u64_sub(worse->seen.machine.available_bytes, roll_below(&w->dice, total / 4));
	worse->seen.machine.some_usec += chance(&w->dice, 50) ? roll_below(&w->dice, SEC) : 0;
	decide(&c->profile, &worse->state, &worse->seen, &worse->decision);
	CHECK(worse->state.groups[0].level >= base_level);
	CHECK(worse->state.groups[0].judged_level >= base_judged);
	if (base_acts &&
	    worse->seen.covers == (OBSERVED_MACHINE | OBSERVED_MODULES | OBSERVED_GROUPS))
		CHECK(host_acts(worse));
	if (worse->state.groups[0].level == base_level &&
	    worse->state.groups[0].judged_level == base_judged)
		CHECK(state_group_rung(&worse->state, GROUP_SLOT_HOST) >= base_rung);
	free(worse->memory);
	free(worse);
}

static void world_step(struct world *w)
{
	const struct decision *d;

	if (chance(&w->dice, 25))
		check_more_pressure(w);
	d = course_step(w->course);
	check_reports(w, d);
	check_actions(w, d);
	check_levels(w);
	CHECK(d->n_dropped == 0 || !w->calm);
	CHECK(d->wake_at_usec <= w->course->seen.now_usec + w->course->profile.sampling_usec);
	hash_decision(w, d);
	take_actions(w, d);
}

/* After calm returns everything ends: in the dwell time, the longest deadline and one look. */
static void check_calm_ends_all(struct world *w)
{
	struct course *c = w->course;
	uint64_t end_usec = c->seen.now_usec + 2 * c->profile.dwell_usec + 10 * SEC;

	w->calm = true;
	c->seen.machine.available_bytes = c->seen.machine.total_bytes;
	for (size_t i = 0; i < c->seen.n_groups; i++)
		c->groups[i].limit_bytes = BYTES_UNLIMITED;
	while (c->seen.now_usec < end_usec) {
		c->seen.now_usec = u64_min(c->decision.wake_at_usec, end_usec);
		c->seen.covers = OBSERVED_MACHINE | OBSERVED_MODULES | OBSERVED_GROUPS;
		course_step(c);
	}
	for (uint32_t i = 0; i < c->state.n_groups_used; i++) {
		CHECK(c->state.groups[i].level == LEVEL_LOW);
		CHECK(c->state.groups[i].episode.id == 0);
	}
	for (uint32_t i = 0; i < COURSE_LADDERS; i++)
		CHECK(!c->state.ladders[i].active);
	for (uint32_t i = 0; i < COURSE_REQUESTS; i++)
		CHECK(!c->state.requests[i].active);
}

/* One walk; returns the hash of all its decisions. */
static uint64_t walk(uint64_t seed, bool calm, uint64_t *n_actions, uint64_t *n_steps)
{
	struct world w;
	uint64_t hash;
	int n;

	world_init(&w, seed, calm);
	n = (int)(20 + roll_below(&w.dice, STEPS_MAX - 20));
	world_step(&w);
	for (int i = 0; i < n; i++) {
		next_moment(&w);
		drift_machine(&w);
		drift_groups(&w);
		drift_modules(&w);
		answer_due(&w);
		if (!calm && chance(&w.dice, 2))
			course_order(w.course, w.next_id++, NULL, roll_below(&w.dice, 256 * MIB),
				     (enum rung)roll_below(&w.dice, N_RUNGS));
		world_step(&w);
	}
	check_calm_ends_all(&w);
	*n_actions += w.n_actions;
	*n_steps += w.course->state.n_steps;
	hash = w.hash;
	course_free(w.course);
	return hash;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void walks_hold_their_invariants(void **unused)
{
	uint64_t first = from_environment("PROPERTY_SEED", 1);
	uint64_t n_walks = from_environment("PROPERTY_WALKS", WALKS_DEFAULT);
	uint64_t n_actions = 0, n_steps = 0;

	for (the_seed = first; the_seed < first + n_walks; the_seed++)
		walk(the_seed, false, &n_actions, &n_steps);
	print_message("%llu walks from seed %llu: %llu steps, %llu actions\n",
		      (unsigned long long)n_walks, (unsigned long long)first,
		      (unsigned long long)n_steps, (unsigned long long)n_actions);
	assert_true(n_walks < 100 || n_actions > n_walks); /* a walk without actions tests little */
}

static void calm_yields_no_action(void **unused)
{
	uint64_t n_actions = 0, n_steps = 0;

	for (the_seed = 1; the_seed <= 300; the_seed++)
		walk(the_seed, true, &n_actions, &n_steps);
	assert_int_equal(n_actions, 0);
}

static void same_walk_gives_the_same_decisions(void **unused)
{
	uint64_t n_actions = 0, n_steps = 0;

	for (the_seed = 1; the_seed <= 300; the_seed++) {
		uint64_t hash = walk(the_seed, false, &n_actions, &n_steps);

		CHECK(walk(the_seed, false, &n_actions, &n_steps) == hash);
	}
}

static void fill_randomly(struct dice *dice, void *memory, size_t size)
{
	unsigned char *bytes = memory;

	for (size_t i = 0; i < size; i++)
		bytes[i] = chance(dice, 60) ? 0 : (unsigned char)roll(dice);
}

/* Any bits at all: no crash (the sanitizers look on), no list overrun, the wake time ahead. */
static void garbage_stays_in_bounds(void **unused)
{
	for (the_seed = 1; the_seed <= 300; the_seed++) {
		struct dice dice = { the_seed * 0x9E3779B97F4A7C15ULL + 1 };
		struct course *c = course_new();

		for (int i = 0; i < 50; i++) {
			uint64_t now_usec = roll(&dice) >> roll_below(&dice, 64);

			fill_randomly(&dice, &c->seen.machine, sizeof(c->seen.machine));
			fill_randomly(&dice, c->groups, sizeof(c->groups));
			fill_randomly(&dice, c->modules, sizeof(c->modules));
			fill_randomly(&dice, c->outcomes, sizeof(c->outcomes));
			fill_randomly(&dice, c->orders, sizeof(c->orders));
			for (int k = 0; k < COURSE_GROUPS; k++) {
				c->groups[k].slot %= 2 * COURSE_GROUPS;
				c->groups[k].parent_slot %= 2 * COURSE_GROUPS;
			}
			for (int k = 0; k < COURSE_MODULES; k++) {
				c->modules[k].slot %= 2 * COURSE_MODULES;
				c->modules[k].group_slot %= 2 * COURSE_GROUPS;
			}
			c->seen.now_usec = u64_min(now_usec, UINT64_MAX / 4);
			c->seen.covers = (uint32_t)roll(&dice);
			c->seen.n_groups = roll_below(&dice, COURSE_GROUPS + 1);
			c->seen.n_modules = roll_below(&dice, COURSE_MODULES + 1);
			c->seen.n_outcomes = roll_below(&dice, COURSE_LIST + 1);
			c->seen.n_orders = roll_below(&dice, 4);
			decide(&c->profile, &c->state, &c->seen, &c->decision);
			CHECK(c->decision.wake_at_usec > c->state.now_usec);
			CHECK(c->decision.n_actions <= COURSE_LIST);
			CHECK(c->state.n_groups_used <= COURSE_GROUPS);
			CHECK(c->state.n_modules_used <= COURSE_MODULES);
		}
		course_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_hold_their_invariants),
		cmocka_unit_test(calm_yields_no_action),
		cmocka_unit_test(same_walk_gives_the_same_decisions),
		cmocka_unit_test(garbage_stays_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
