/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What decide() must hold on any course
 *
 * Seeded random walks through a small world: memory drifts, jumps and stalls, modules answer,
 * lie, are late or silent, groups and modules come and go, one runs away, orders arrive (walk.h).
 * After every step the invariants below are checked; the seed of a failing walk is printed and can
 * be given again:
 *
 *	PROPERTY_SEED=123 PROPERTY_WALKS=1 test-decide-properties
 */

#include "policies/goal.h"
#include "policies/group_tree.h"
#include "tests/property/walk.h"

#define WALKS_DEFAULT 3000
#define STEPS_MAX     120

static uint64_t the_holds;

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
	for (size_t i = 0; i < d->n_budgets; i++) {
		mix(w, d->budgets[i].group_id);
		mix(w, d->budgets[i].bytes);
	}
	for (size_t i = 0; i < d->n_brakes; i++) {
		mix(w, d->brakes[i].id);
		mix(w, d->brakes[i].group_id);
		mix(w, d->brakes[i].brake);
		mix(w, d->brakes[i].reason);
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
	CHECK(!(w->course->groups[a->group_slot - 1].flags & GROUP_IS_EXCLUDED));
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
	CHECK(!(g->flags &
		(GROUP_IS_PROTECTED | GROUP_IS_CONTEXT | GROUP_IS_GONE | GROUP_IS_EXCLUDED)));
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
		CHECK(r->reason != REASON_GOAL_MET ||
		      r->measured_bytes + goal_slack(r->goal_bytes) >= r->goal_bytes);
		CHECK(r->reason != REASON_GOAL_MISSED ||
		      r->measured_bytes + goal_slack(r->goal_bytes) < r->goal_bytes);
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

/* A budget wakes us before the next share of what is left is gone, and before the next level. */
static void check_budget(struct world *w, const struct budget *budget)
{
	const struct profile *profile = &w->course->profile;
	const struct group_state *g = &w->course->state.groups[budget->group_slot];
	uint64_t share_bytes = bytes_share(g->shortage.headroom_bytes, profile->budget_bp);

	CHECK(budget->bytes >= profile->budget_min_bytes);
	CHECK(budget->bytes <= u64_max(share_bytes, profile->budget_min_bytes));
	CHECK(g->id != 0 && budget->group_id == g->id);
	CHECK(g->shortage.valid && g->shortage.total_bytes != BYTES_UNLIMITED);
	CHECK(!(g->seen.flags & GROUP_IS_GONE));
	if (budget->group_slot != GROUP_SLOT_HOST)
		CHECK(g->seen_step == w->course->state.n_steps);
}

static void check_budgets(struct world *w, const struct decision *d)
{
	bool has_tripwire = w->course->state.machine.has & MACHINE_HAS_TRIPWIRE;
	uint64_t armed = 0; /* a bit a slot: nobody gets two */

	CHECK(has_tripwire || d->n_budgets == 0);
	for (size_t i = 0; i < d->n_budgets; i++) {
		CHECK(!(armed & 1ULL << d->budgets[i].group_slot));
		armed |= 1ULL << d->budgets[i].group_slot;
		check_budget(w, &d->budgets[i]);
	}
	if (!has_tripwire)
		return;
	CHECK(armed & 1ULL << GROUP_SLOT_HOST); /* the machine is read in every step */
	for (uint32_t slot = 1; slot <= w->course->seen.n_groups; slot++) {
		const struct group_reading *g = &w->course->groups[slot - 1];

		CHECK((g->flags & GROUP_IS_GONE) || g->limit_bytes == BYTES_UNLIMITED ||
		      (armed & 1ULL << slot));
	}
	/* Nobody looks at a clock while nothing happens. */
	CHECK(!w->calm ||
	      d->wake_at_usec == w->course->state.now_usec + w->course->profile.sampling_usec);
}

/* How long this group was held already since it last had a whole rest. */
static uint64_t spent_usec(const struct world *w, const struct brake_change *change)
{
	const struct hold_watch *held = &w->held[change->group_slot];
	uint64_t rest_usec = w->course->profile.brake_rest_usec;

	if (held->group_id != change->group_id || held->let_go_usec == 0 ||
	    w->course->state.now_usec >= held->let_go_usec + rest_usec)
		return 0;
	return held->spent_usec;
}

static void check_hold(struct world *w, const struct brake_change *change)
{
	const struct profile *profile = &w->course->profile;
	const struct group_reading *g = &w->course->groups[change->group_slot - 1];
	struct hold_watch *held = &w->held[change->group_slot];
	uint64_t now_usec = w->course->state.now_usec, spent = spent_usec(w, change);

	CHECK(held->id == 0);
	CHECK(profile->brake != BRAKE_OFF && !w->calm);
	CHECK(change->brake == BRAKE_FREEZE || change->brake == BRAKE_THROTTLE);
	CHECK(profile->brake == BRAKE_AUTO || profile->brake == change->brake);
	CHECK(change->group_id == g->id && change->id != 0);
	CHECK(!(g->flags & (GROUP_IS_PROTECTED | GROUP_IS_UNBRAKED | GROUP_IS_CONTEXT |
			    GROUP_IS_GONE | GROUP_IS_EXCLUDED)));
	/* Never longer than Hold= in all without Rest= behind it. */
	CHECK(change->until_usec > now_usec);
	CHECK(change->until_usec - now_usec + spent <= profile->brake_hold_usec);
	CHECK(spent > 0 || change->until_usec == now_usec + profile->brake_hold_usec);
	/* Only a throttle may come earlier. */
	CHECK(change->time_left_usec <= profile->brake_usec || change->brake == BRAKE_THROTTLE);
	CHECK(group_tree_is_inside(&w->course->state, change->group_slot, change->short_slot));
	*held = (struct hold_watch){ .id = change->id,
				     .group_id = change->group_id,
				     .since_usec = now_usec,
				     .until_usec = change->until_usec,
				     .spent_usec = spent };
	the_holds++;
	if (chance(&w->dice, 10)) { /* holding fails, or is only said to */
		enum result result = chance(&w->dice, 50) ? RESULT_FAILED : RESULT_DRY_RUN;

		course_answer(w->course, change->id, result, 0);
		held->is_described = result == RESULT_DRY_RUN;
	}
}

/* Nobody is held twice, for longer than said, or without having been let go. */
static void check_brakes(struct world *w, const struct decision *d)
{
	bool was_described[GROUPS + 1];

	for (uint32_t slot = 1; slot <= GROUPS; slot++)
		was_described[slot] = w->held[slot].is_described;
	for (size_t i = 0; i < d->n_brakes; i++) {
		const struct brake_change *change = &d->brakes[i];
		struct hold_watch *held = &w->held[change->group_slot];

		CHECK(change->group_slot != GROUP_SLOT_HOST && change->group_slot <= GROUPS);
		if (change->brake != BRAKE_OFF) {
			check_hold(w, change);
			continue;
		}
		CHECK(held->id == change->id);
		CHECK(held->group_id == change->group_id);
		held->id = 0;
		held->let_go_usec = w->course->state.now_usec;
		held->spent_usec += held->let_go_usec - held->since_usec;
	}
	for (uint32_t slot = 1; slot <= GROUPS; slot++) {
		if (was_described[slot])
			w->held[slot] = (struct hold_watch){ 0 };
		/* One that comes back is new, whatever its number. */
		if (slot <= w->course->seen.n_groups &&
		    (w->course->groups[slot - 1].flags & GROUP_IS_GONE))
			w->held[slot].let_go_usec = 0;
		CHECK(w->held[slot].id == 0 ||
		      w->course->state.now_usec < w->held[slot].until_usec);
	}
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
	struct course *base = course_copy(c), *worse = course_copy(c);
	uint64_t total = c->seen.machine.total_bytes;
	bool base_acts;
	enum rung base_rung;

	decide(&base->profile, &base->state, &base->seen, &base->decision);
	enum level base_level = base->state.groups[0].level;
	enum level base_judged = base->state.groups[0].judged_level;
	base_acts = host_acts(base);
	base_rung = state_group_rung(&base->state, GROUP_SLOT_HOST);

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
	course_free(base);
	course_free(worse);
}

/* The same state with more in use in one group under a limit: its level is not judged lower. */
static void check_more_in_group(struct world *w)
{
	struct course *c = w->course;
	uint32_t slot = (uint32_t)(1 + roll_below(&w->dice, c->seen.n_groups));
	struct course *base, *worse;
	struct group_state *judged;

	if (c->groups[slot - 1].limit_bytes == BYTES_UNLIMITED)
		return;
	base = course_copy(c);
	worse = course_copy(c);
	decide(&base->profile, &base->state, &base->seen, &base->decision);
	judged = &base->state.groups[slot];
	worse->groups[slot - 1].current_bytes += roll_below(&w->dice, 32 * MIB);
	decide(&worse->profile, &worse->state, &worse->seen, &worse->decision);
	CHECK(worse->state.groups[slot].id == judged->id);
	CHECK(worse->state.groups[slot].judged_level >= judged->judged_level);
	course_free(base);
	course_free(worse);
}

static void world_step(struct world *w)
{
	const struct decision *d;

	if (chance(&w->dice, 25))
		check_more_pressure(w);
	if (chance(&w->dice, 25))
		check_more_in_group(w);
	d = course_step(w->course);
	check_reports(w, d);
	check_actions(w, d);
	check_levels(w);
	check_brakes(w, d);
	check_budgets(w, d);
	CHECK(d->n_dropped == 0 || !w->calm);
	CHECK(d->wake_at_usec <= w->course->seen.now_usec + w->course->profile.sampling_usec);
	hash_decision(w, d);
	take_actions(w, d);
}

/*
 * After calm returns everything ends: in the dwell time, the longest deadline and one look, and
 * what an order waits for late answers.
 */
static void check_calm_ends_all(struct world *w)
{
	struct course *c = w->course;
	uint64_t end_usec = c->seen.now_usec + 2 * c->profile.dwell_usec + 10 * SEC +
			    c->profile.brake_hold_usec;

	w->calm = true;
	c->seen.machine.available_bytes = c->seen.machine.total_bytes;
	for (size_t i = 0; i < c->seen.n_groups; i++)
		c->groups[i].limit_bytes = BYTES_UNLIMITED;
	while (c->seen.now_usec < end_usec) {
		c->seen.now_usec = u64_min(c->decision.wake_at_usec, end_usec);
		c->seen.covers = OBSERVED_MACHINE | OBSERVED_MODULES | OBSERVED_GROUPS;
		check_brakes(w, course_step(c));
	}
	for (uint32_t i = 0; i < c->state.n_groups_used; i++) {
		CHECK(c->state.groups[i].hold.id == 0);
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

static uint64_t first_seed(void)
{
	return from_environment("PROPERTY_SEED", 1);
}

/* The laws beside the first one need fewer walks. */
static uint64_t other_end(void)
{
	return first_seed() + u64_min(from_environment("PROPERTY_WALKS", WALKS_DEFAULT), 300);
}

static void walks_hold_their_invariants(void **unused)
{
	uint64_t first = first_seed();
	uint64_t n_walks = from_environment("PROPERTY_WALKS", WALKS_DEFAULT);
	uint64_t n_actions = 0, n_steps = 0;

	for (the_seed = first; the_seed < first + n_walks; the_seed++)
		walk(the_seed, false, &n_actions, &n_steps);
	print_message("%llu walks from seed %llu: %llu steps, %llu actions, %llu holds\n",
		      (unsigned long long)n_walks, (unsigned long long)first,
		      (unsigned long long)n_steps, (unsigned long long)n_actions,
		      (unsigned long long)the_holds);
	/* A walk without actions tests little. */
	assert_true(n_walks < 100 || (n_actions > n_walks && the_holds > n_walks / 10));
}

static void calm_yields_no_action(void **unused)
{
	uint64_t n_actions = 0, n_steps = 0, end = other_end();

	for (the_seed = first_seed(); the_seed < end; the_seed++)
		walk(the_seed, true, &n_actions, &n_steps);
	assert_int_equal(n_actions, 0);
}

static void same_walk_gives_the_same_decisions(void **unused)
{
	uint64_t n_actions = 0, n_steps = 0, end = other_end();

	for (the_seed = first_seed(); the_seed < end; the_seed++) {
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
	uint64_t end = other_end();

	for (the_seed = first_seed(); the_seed < end; the_seed++) {
		struct dice dice = { the_seed * 0x9E3779B97F4A7C15ULL + 1 };
		struct course *c = course_new();

		for (int i = 0; i < 50; i++) {
			uint64_t now_usec = roll(&dice) >> roll_below(&dice, 64);

			fill_randomly(&dice, &c->seen.machine, sizeof(c->seen.machine));
			fill_randomly(&dice, c->groups, c->seen.max_groups * sizeof(*c->groups));
			fill_randomly(&dice, c->modules, c->seen.max_modules * sizeof(*c->modules));
			fill_randomly(&dice, c->outcomes,
				      c->seen.max_outcomes * sizeof(*c->outcomes));
			fill_randomly(&dice, c->orders, c->seen.max_orders * sizeof(*c->orders));
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
			c->seen.n_outcomes = roll_below(&dice, c->seen.max_outcomes + 1);
			c->seen.n_orders = roll_below(&dice, 4);
			decide(&c->profile, &c->state, &c->seen, &c->decision);
			CHECK(c->decision.wake_at_usec > c->state.now_usec);
			CHECK(c->decision.n_actions <= c->decision.max_actions);
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
