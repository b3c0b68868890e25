/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/journal/tally.h"
#include "fixture.h"
#include "group_world.h"

#define SEC USEC_PER_SEC

/* One step's decision, with room for what these tests put in. */
struct scene {
	struct world *w;
	struct tallies *tallies;
	struct decision decision;
	struct level_change level;
	struct action action;
	struct finish finishes[2];
	struct episode_report episode;
	struct order_report order;
};

static struct scene scene_open(struct world *w)
{
	struct scene s = { .w = w };

	world_open(w, MAX_GROUPS);
	assert_int_equal(tallies_new(&s.tallies, w->set, NULL, NULL), 0);
	return s;
}

static void step(struct scene *s, uint64_t now_usec)
{
	tallies_see(s->tallies, &s->decision, false, now_usec);
	s->decision = (struct decision){};
}

static void host_is_short(struct scene *s, uint64_t episode_id)
{
	s->level = (struct level_change){
		.group_slot = GROUP_SLOT_HOST,
		.episode_id = episode_id,
		.new_level = LEVEL_MEDIUM,
		.is_news = true,
	};
	s->decision.level_changes = &s->level;
	s->decision.n_level_changes = 1;
}

static struct finish *add_finish(struct scene *s, const char *path, enum result result,
				 uint64_t asked_bytes, uint64_t measured_bytes)
{
	const struct group *group = group_set_find(s->w->set, path);
	struct finish *finish = &s->finishes[s->decision.n_finishes++];

	assert_non_null(group);
	*finish = (struct finish){
		.action = {
			.episode_id = 1,
			.group_slot = group->slot,
			.group_id = group->id,
			.module_slot = SLOT_NONE,
			.bytes = asked_bytes,
		},
		.result = result,
		.claimed_bytes = measured_bytes,
		.measured_bytes = measured_bytes,
	};
	s->decision.finishes = s->finishes;
	return finish;
}

static void end_episode(struct scene *s, uint64_t episode_id)
{
	s->episode = (struct episode_report){ .episode_id = episode_id };
	s->decision.episodes = &s->episode;
	s->decision.n_episodes = 1;
}

static void each_service_has_its_share(void **state)
{
	struct scene s = scene_open(*state);
	const struct tally_share *share;
	const struct tally *tally;

	host_is_short(&s, 1);
	step(&s, SEC);
	add_finish(&s, "/system.slice/a.service", RESULT_DONE, 20 * MIB, 18 * MIB);
	add_finish(&s, "/pods/one", RESULT_LATE, 10 * MIB, 0);
	step(&s, 2 * SEC);
	add_finish(&s, "/system.slice/a.service", RESULT_DONE, 5 * MIB, 5 * MIB);
	end_episode(&s, 1);
	step(&s, 3 * SEC);

	tally = tallies_of_episode(s.tallies, 1);
	assert_non_null(tally);
	assert_int_equal(tally->group_slot, GROUP_SLOT_HOST);
	assert_int_equal(tally->began_usec, SEC);
	assert_int_equal(tally->sum.n_requests, 3);
	assert_int_equal(tally->sum.n_late, 1);
	assert_int_equal(tally->sum.asked_bytes, 35 * MIB);
	assert_int_equal(tally->sum.measured_bytes, 23 * MIB);
	share = tallies_next_share(s.tallies, tally, NULL);
	assert_string_equal(share->unit, "a.service");
	assert_int_equal(share->n_requests, 2);
	assert_int_equal(share->measured_bytes, 23 * MIB);
	share = tallies_next_share(s.tallies, tally, share);
	assert_string_equal(share->unit, "");
	assert_string_equal(share->name, "/pods/one");
	assert_int_equal(share->n_late, 1);
	assert_null(tallies_next_share(s.tallies, tally, share));
	tallies_free(s.tallies);
}

static void what_is_over_is_forgotten_and_an_answer_begins_nothing(void **state)
{
	struct scene s = scene_open(*state);

	host_is_short(&s, 1);
	step(&s, SEC);
	end_episode(&s, 1);
	step(&s, 2 * SEC);
	assert_non_null(tallies_of_episode(s.tallies, 1));
	add_finish(&s, "/system.slice/a.service", RESULT_DONE, MIB, MIB);
	step(&s, 3 * SEC);
	assert_null(tallies_of_episode(s.tallies, 1));
	tallies_free(s.tallies);
}

static void a_long_shortage_is_due_for_a_line_now_and_then(void **state)
{
	static const struct {
		uint64_t at_usec;
		bool asks, is_due;
	} rows[] = {
		{ 59 * SEC, true, false },
		{ 61 * SEC, false, true }, /* of what was asked before */
		{ 200 * SEC, false, false },
		{ 201 * SEC, true, true },
		{ 390 * SEC, true, false }, /* not twice as old */
		{ 401 * SEC, true, true },
		{ 3601 * SEC, true, true },
		{ 4190 * SEC, true, false },
		{ 4202 * SEC, true, true }, /* ten minutes later */
	};
	struct scene s = scene_open(*state);

	host_is_short(&s, 1);
	step(&s, SEC);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].asks)
			add_finish(&s, "/system.slice/a.service", RESULT_DONE, MIB, MIB);
		step(&s, rows[i].at_usec);
		assert_int_equal(tallies_next_due(s.tallies, NULL) != NULL, rows[i].is_due);
	}
	tallies_free(s.tallies);
}

static void an_order_has_a_tally_of_its_own(void **state)
{
	struct scene s = scene_open(*state);

	host_is_short(&s, 1);
	step(&s, SEC);
	s.action = (struct action){ .episode_id = 1, .order_id = 7, .module_slot = SLOT_NONE };
	s.decision.actions = &s.action;
	s.decision.n_actions = 1;
	step(&s, SEC);
	add_finish(&s, "/system.slice/a.service", RESULT_DONE, MIB, MIB)->action.order_id = 7;
	s.order = (struct order_report){ .order_id = 7 };
	s.decision.orders = &s.order;
	s.decision.n_orders = 1;
	step(&s, 2 * SEC);
	assert_int_equal(tallies_of_order(s.tallies, 7)->sum.n_requests, 1);
	assert_int_equal(tallies_of_episode(s.tallies, 1)->sum.n_requests, 0);
	step(&s, 3 * SEC);
	assert_null(tallies_of_order(s.tallies, 7));
	tallies_free(s.tallies);
}

static void more_shortages_than_room_are_left_out(void **state)
{
	struct scene s = scene_open(*state);
	uint64_t id;

	for (id = 1; id <= 200; id++) {
		host_is_short(&s, id);
		step(&s, SEC);
	}
	assert_non_null(tallies_of_episode(s.tallies, 1));
	assert_null(tallies_of_episode(s.tallies, 200));
	end_episode(&s, 1);
	step(&s, SEC);
	step(&s, SEC);
	host_is_short(&s, 200);
	step(&s, SEC);
	assert_non_null(tallies_of_episode(s.tallies, 200));
	tallies_free(s.tallies);
}

#define with_world(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_world(each_service_has_its_share),
		with_world(what_is_over_is_forgotten_and_an_answer_begins_nothing),
		with_world(a_long_shortage_is_due_for_a_line_now_and_then),
		with_world(an_order_has_a_tally_of_its_own),
		with_world(more_shortages_than_room_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
