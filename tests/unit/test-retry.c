/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include "controller/base/retry.h"
#include "fixture.h"

static struct world {
	sd_event *event;
	struct problems problems;
	struct retry *retry;
	const char *text; /* NULL: the attempt works */
	unsigned int n_attempts, n_wakes;
} world;

static int on_attempt(void *data, char **ret_text)
{
	world.n_attempts++;
	if (!world.text)
		return 0;
	*ret_text = strdup(world.text);
	return -EADDRINUSE;
}

static void on_wake(void *data)
{
	world.n_wakes++;
}

static int set_up(void **unused)
{
	world = (struct world){ .text = "taken" };
	assert_return_code(sd_event_new(&world.event), 0);
	return retry_new(&world.retry, &(struct retry_config){
					       .event = world.event,
					       .problems = &world.problems,
					       .wake = { on_wake },
					       .name = "thing",
					       .attempt = on_attempt,
				       });
}

static int tear_down(void **unused)
{
	retry_free(world.retry);
	problems_done(&world.problems);
	sd_event_unref(world.event);
	return 0;
}

static const char *problem(void)
{
	const struct problem *found = problems_find(&world.problems, "thing");

	return found ? found->text : NULL;
}

static void what_fails_is_a_problem_until_it_works(void **unused)
{
	retry_now(world.retry);
	assert_string_equal(problem(), "taken");
	assert_int_equal(world.n_wakes, 1);
	world.text = NULL;
	sd_event_run(world.event, 3000000); /* the first try again comes after a second */
	assert_int_equal(world.n_attempts, 2);
	assert_null(problem());
	assert_int_equal(world.n_wakes, 2);
	sd_event_run(world.event, 1500000);
	assert_int_equal(world.n_attempts, 2); /* and no more of them */
}

static void the_same_reason_is_said_once(void **unused)
{
	retry_now(world.retry);
	retry_now(world.retry);
	assert_int_equal(world.n_wakes, 1);
	world.text = "not writable";
	retry_now(world.retry);
	assert_string_equal(problem(), "not writable");
	assert_int_equal(world.n_wakes, 2);
}

static void what_works_at_once_is_no_problem(void **unused)
{
	world.text = NULL;
	retry_now(world.retry);
	assert_int_equal(world.problems.version, 0);
	assert_int_equal(world.n_wakes, 0);
}

static void what_is_not_wanted_any_more_is_no_problem(void **unused)
{
	retry_now(world.retry);
	retry_stop(world.retry);
	assert_null(problem());
	sd_event_run(world.event, 1500000);
	assert_int_equal(world.n_attempts, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_fails_is_a_problem_until_it_works, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_same_reason_is_said_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_works_at_once_is_no_problem, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_wanted_any_more_is_no_problem, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
