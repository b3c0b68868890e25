/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controller/act/actor.h"
#include "controller/base/cleanup.h"
#include "controller/base/file.h"
#include "controller/registry/outcomes.h"
#include "tests/support/registry_world.h"

static struct world world;
static struct actor *actor;

static struct action actions[8];
static struct level_change changes[8];
static struct brake_change brakes[2];
static struct decision decision = { .actions = actions,
				    .level_changes = changes,
				    .brakes = brakes };
static struct outcome seen[8];
static struct observation observation = { .outcomes = seen, .max_outcomes = 8 };

static int start_actor(bool dry_run)
{
	world_init(&world, 8, 0, 0);
	decision.n_actions = decision.n_level_changes = decision.n_brakes = 0;
	return actor_new(&actor, &(struct actor_config){ .event = world.event,
							 .groups = world.groups,
							 .registry = world.registry,
							 .dry_run = dry_run,
							 .outcomes = &world.outcomes });
}

static int start(void **state)
{
	return start_actor(false);
}

static int start_dry(void **state)
{
	return start_actor(true);
}

static int stop(void **state)
{
	actor = actor_free(actor);
	world_done(&world);
	return 0;
}

static struct module *enrol(int *ret_fd)
{
	struct client client = world_client(&world, 1000, "/system.slice/a.service");
	struct module_description description = world_cache("images");
	const char *problem = NULL;
	struct module *module;

	assert_int_equal(
		channels_register(world.channels, &client, &description, &module, ret_fd, &problem),
		0);
	return module;
}

static void decide_on(struct action action)
{
	actions[decision.n_actions++] = action;
}

static void decide_warning(enum level level)
{
	decide_on((struct action){ .id = 100,
				   .rung = RUNG_WARN,
				   .level = level,
				   .group_slot = GROUP_SLOT_HOST,
				   .module_slot = SLOT_NONE });
}

static const struct observation *collect(void)
{
	observation_clear(&observation, 1);
	outcomes_collect(&world.outcomes, &observation);
	return &observation;
}

static void requests_go_out_and_answers_come_in(void **state)
{
	_cleanup_fd_ int fd = -1;
	struct module *module = enrol(&fd);
	struct outcome answer = { .action_id = 1, .result = RESULT_PARTIAL, .claimed_bytes = 5 };

	decide_warning(LEVEL_HIGH);
	decide_on(world_action(&world, module, 1, USEC_PER_SEC));
	actor_carry_out(actor, &decision);
	assert_int_equal(world_expect(&world, fd, RELIEF_LEVEL).level, LEVEL_HIGH);
	assert_int_equal(world_expect(&world, fd, RELIEF_REQUEST).serial, 1);
	/* The warning is done; the request is not. */
	assert_int_equal(collect()->n_outcomes, 1);
	assert_int_equal(seen[0].action_id, 100);
	assert_int_equal(seen[0].result, RESULT_DONE);

	world.n_outcome_wakes = 0;
	outcomes_add(&world.outcomes, &answer);
	assert_int_equal(world.n_outcome_wakes, 1);
	assert_int_equal(collect()->n_outcomes, 1);
	assert_int_equal(seen[0].result, RESULT_PARTIAL);
	assert_int_equal(collect()->n_outcomes, 0);
}

static void what_cannot_be_asked_ends_at_once(void **state)
{
	_cleanup_fd_ int fd = -1;
	struct module *module = enrol(&fd);
	struct action action = world_action(&world, module, 1, USEC_PER_SEC);

	decide_on(action);
	action.id = 2; /* the first is still open */
	decide_on(action);
	action.id = 3;
	action.module_id++;
	decide_on(action);
	actor_carry_out(actor, &decision);
	assert_int_equal(collect()->n_outcomes, 2);
	assert_int_equal(seen[0].action_id, 2);
	assert_int_equal(seen[0].result, RESULT_BUSY);
	assert_int_equal(seen[1].action_id, 3);
	assert_int_equal(seen[1].result, RESULT_GONE);
}

static void a_client_that_closed_its_end_is_gone(void **state)
{
	int fd = -1;
	struct module *module = enrol(&fd);

	close(fd); /* the loop has not noticed yet */
	decide_on(world_action(&world, module, 1, USEC_PER_SEC));
	actor_carry_out(actor, &decision);
	assert_int_equal(collect()->n_outcomes, 1);
	assert_int_equal(seen[0].result, RESULT_GONE);
}

static void levels_that_fall_are_told(void **state)
{
	_cleanup_fd_ int fd = -1;
	struct relief_message message;

	enrol(&fd);
	decide_warning(LEVEL_CRITICAL);
	actor_carry_out(actor, &decision);
	assert_int_equal(world_expect(&world, fd, RELIEF_LEVEL).level, LEVEL_CRITICAL);

	decision.n_actions = 0;
	changes[0] = (struct level_change){ .group_slot = GROUP_SLOT_HOST,
					    .old_level = LEVEL_CRITICAL,
					    .new_level = LEVEL_LOW };
	decision.n_level_changes = 1;
	actor_carry_out(actor, &decision);
	assert_int_equal(world_expect(&world, fd, RELIEF_LEVEL).level, LEVEL_LOW);

	/* A rise is the warn rung's to tell. */
	changes[0].old_level = LEVEL_LOW;
	changes[0].new_level = LEVEL_HIGH;
	actor_carry_out(actor, &decision);
	world_run(&world, USEC_PER_MSEC);
	assert_int_equal(world_receive(fd, &message), 0);
}

static void reclaim_goes_to_the_kernel(void **state)
{
	struct group *group = world_group(&world, "/");

	world_write(&world, "cgroup/memory.reclaim", "");
	decide_on((struct action){ .id = 1,
				   .rung = RUNG_RECLAIM,
				   .group_slot = group->slot,
				   .group_id = group->id,
				   .module_slot = SLOT_NONE,
				   .bytes = MIB,
				   .deadline_usec = world_now_usec() + USEC_PER_SEC });
	actor_carry_out(actor, &decision);
	for (int i = 0; i < 50 && world.n_outcome_wakes == 0; i++)
		sd_event_run(world.event, 100 * USEC_PER_MSEC);
	assert_int_equal(collect()->n_outcomes, 1);
	assert_int_equal(seen[0].result, RESULT_DONE);
}

static void in_a_dry_run_nothing_leaves(void **state)
{
	_cleanup_fd_ int fd = -1;
	struct module *module = enrol(&fd);
	struct relief_message message;
	struct group *host = world_group(&world, "/");

	assert_true(actor_dry_run(actor));
	decide_warning(LEVEL_CRITICAL);
	decide_on(world_action(&world, module, 1, USEC_PER_SEC));
	decide_on((struct action){
		.id = 2, .rung = RUNG_RECLAIM, .group_slot = host->slot, .group_id = host->id });
	actor_carry_out(actor, &decision);
	world_run(&world, 10 * USEC_PER_MSEC);
	assert_int_equal(world_receive(fd, &message), 0);
	assert_int_equal(collect()->n_outcomes, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(seen[i].result, RESULT_DRY_RUN);
}

static const char *freeze_of_b(void)
{
	static char text[8];
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup/system.slice/b.service/cgroup.freeze", world.dir);
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof(text)) > 0);
	text[1] = '\0';
	return text;
}

static void decide_to_hold_b(uint64_t id)
{
	struct group *group;

	world_write(&world, "cgroup/system.slice/b.service/cgroup.freeze", "0\n");
	assert_int_equal(group_set_ensure(world.groups, "/system.slice/b.service", &group), 0);
	brakes[decision.n_brakes++] = (struct brake_change){
		.id = id,
		.group_slot = group->slot,
		.group_id = group->id,
		.brake = BRAKE_FREEZE,
		.until_usec = world_now_usec() + USEC_PER_MIN,
	};
}

static void who_is_to_be_held_is_held_until_the_end(void **state)
{
	decide_to_hold_b(1);
	actor_carry_out(actor, &decision);
	assert_string_equal(freeze_of_b(), "1");
	assert_int_equal(collect()->n_outcomes, 0);
	brakes[0].brake = BRAKE_OFF;
	actor_carry_out(actor, &decision);
	assert_string_equal(freeze_of_b(), "0");

	brakes[0].brake = BRAKE_FREEZE;
	actor_carry_out(actor, &decision);
	assert_string_equal(freeze_of_b(), "1");
	actor = actor_free(actor);
	assert_string_equal(freeze_of_b(), "0");
}

static void a_dry_run_only_says_who_would_be_held(void **state)
{
	decide_to_hold_b(1);
	actor_carry_out(actor, &decision);
	assert_string_equal(freeze_of_b(), "0");
	assert_int_equal(collect()->n_outcomes, 1);
	assert_int_equal(seen[0].action_id, 1);
	assert_int_equal(seen[0].result, RESULT_DRY_RUN);
	brakes[0].brake = BRAKE_OFF;
	actor_carry_out(actor, &decision);
	assert_int_equal(collect()->n_outcomes, 0);

	/* One that begins while somebody is held lets go. */
	actor_set_dry_run(actor, false);
	brakes[0].brake = BRAKE_FREEZE;
	actor_carry_out(actor, &decision);
	assert_string_equal(freeze_of_b(), "1");
	actor_set_dry_run(actor, true);
	assert_string_equal(freeze_of_b(), "0");
	assert_int_equal(collect()->n_outcomes, 1);
	assert_int_equal(seen[0].result, RESULT_DRY_RUN);
}

static void a_dry_run_begins_with_calm_words(void **state)
{
	_cleanup_fd_ int fd = -1;

	enrol(&fd);
	decide_warning(LEVEL_HIGH);
	actor_carry_out(actor, &decision);
	assert_int_equal(world_expect(&world, fd, RELIEF_LEVEL).level, LEVEL_HIGH);
	actor_set_dry_run(actor, true);
	assert_true(actor_dry_run(actor));
	assert_int_equal(world_expect(&world, fd, RELIEF_LEVEL).level, LEVEL_LOW);
}

static void what_does_not_fit_an_observation_stays(void **state)
{
	struct outcome outcome = { .result = RESULT_DONE };

	for (uint64_t id = 1; id <= 10; id++) {
		outcome.action_id = id;
		outcomes_add(&world.outcomes, &outcome);
	}
	world.n_outcome_wakes = 0;
	assert_int_equal(collect()->n_outcomes, 8);
	assert_int_equal(world.n_outcome_wakes, 1); /* there is more */
	assert_int_equal(seen[7].action_id, 8);
	assert_int_equal(collect()->n_outcomes, 2);
	assert_int_equal(seen[1].action_id, 10);
}

static void on_wake(void *data)
{
	uint32_t *n_wakes = data;

	(*n_wakes)++;
}

static void outcomes_beyond_the_room_are_counted(void **state)
{
	uint32_t n_wakes = 0;
	struct outcome outcome = { .result = RESULT_DONE };
	struct outcomes outcomes;
	size_t n = 0;

	outcomes_init(&outcomes, &(struct wake){ on_wake, &n_wakes });
	for (int i = 0; i < 3 * OUTCOMES_MAX; i++) { /* around the ring's end, too */
		outcome.action_id = (uint64_t)i;
		outcomes_add(&outcomes, &outcome);
		if (i == OUTCOMES_MAX / 2) {
			observation_clear(&observation, 1);
			outcomes_collect(&outcomes, &observation);
		}
	}
	assert_int_equal(outcomes.n_lost, 2 * OUTCOMES_MAX - 8);
	do {
		observation_clear(&observation, 1);
		outcomes_collect(&outcomes, &observation);
		n += observation.n_outcomes;
	} while (observation.n_outcomes > 0);
	assert_int_equal(n, OUTCOMES_MAX);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(requests_go_out_and_answers_come_in),
		TEST(what_cannot_be_asked_ends_at_once),
		TEST(a_client_that_closed_its_end_is_gone),
		TEST(levels_that_fall_are_told),
		TEST(reclaim_goes_to_the_kernel),
		cmocka_unit_test_setup_teardown(in_a_dry_run_nothing_leaves, start_dry, stop),
		TEST(who_is_to_be_held_is_held_until_the_end),
		cmocka_unit_test_setup_teardown(a_dry_run_only_says_who_would_be_held, start_dry,
						stop),
		TEST(a_dry_run_begins_with_calm_words),
		TEST(what_does_not_fit_an_observation_stays),
		cmocka_unit_test(outcomes_beyond_the_room_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
