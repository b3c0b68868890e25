/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/tasks/growers.h"
#include "fixture.h"
#include "policies/observation.h"

#define MSEC 1000000ULL
#define SEC  (1000 * MSEC)
#define PID  42

struct world {
	struct growers growers;
	uint64_t at_ns;
	uint64_t rss_bytes;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->at_ns = 1000 * SEC;
	w->rss_bytes = 10 * MIB;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* The task grows by that much in that time, and the kernel tells of it. */
static void grow_task(struct world *w, uint32_t pid, uint64_t bytes, uint64_t span_ns)
{
	w->at_ns += span_ns;
	w->rss_bytes += bytes;
	growers_see(&w->growers, &(struct kernel_event){
					 .kind = KERNEL_EVENT_TASK_GREW,
					 .at_ns = w->at_ns,
					 .span_ns = span_ns,
					 .bytes = bytes,
					 .rss_bytes = w->rss_bytes,
					 .pid = pid,
					 .start_ns = 7,
				 });
}

static void grow(struct world *w, uint64_t bytes, uint64_t span_ns)
{
	grow_task(w, PID, bytes, span_ns);
}

static uint64_t rate_after(struct world *w, uint64_t silent_ns)
{
	uint64_t since_ns;

	return growers_rate(&w->growers, PID, 7, w->at_ns + silent_ns, &since_ns);
}

static void one_event_is_its_own_rate(void **state)
{
	struct world *w = *state;
	uint64_t since_ns = 0;

	grow(w, 4 * MIB, 200 * MSEC);
	assert_int_equal(growers_rate(&w->growers, PID, 7, w->at_ns, &since_ns), 20 * MIB);
	assert_int_equal(since_ns, w->at_ns - 200 * MSEC);
}

static void a_stranger_does_not_grow(void **state)
{
	struct world *w = *state;
	uint64_t since_ns = 1;

	assert_int_equal(growers_rate(&w->growers, PID, 7, w->at_ns, &since_ns), 0);
	grow(w, 4 * MIB, 200 * MSEC);
	assert_int_equal(growers_rate(&w->growers, PID, 8, w->at_ns, &since_ns), 0);
	assert_int_equal(growers_rate(&w->growers, PID + 1, 7, w->at_ns, &since_ns), 0);
	assert_int_equal(since_ns, 1);
}

static void bursts_are_smoothed(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++) {
		grow(w, 4 * MIB, 20 * MSEC);
		grow(w, 4 * MIB, 380 * MSEC);
	}
	assert_in_range(rate_after(w, 0), 18 * MIB, 22 * MIB);
}

static void since_is_the_start_of_the_whole_run(void **state)
{
	struct world *w = *state;
	uint64_t start_ns = w->at_ns, since_ns = 0;

	for (int i = 0; i < 100; i++)
		grow(w, 4 * MIB, 500 * MSEC);
	assert_int_equal(growers_rate(&w->growers, PID, 7, w->at_ns, &since_ns), 8 * MIB);
	assert_int_equal(since_ns, start_ns);
}

static void a_faster_pace_shows(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++)
		grow(w, 4 * MIB, 400 * MSEC);
	for (int i = 0; i < 8; i++)
		grow(w, 4 * MIB, 40 * MSEC);
	assert_int_equal(rate_after(w, 0), 100 * MIB);
}

static void silence_ends_it(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 8; i++)
		grow(w, 4 * MIB, 100 * MSEC);
	/* The next event is not due yet, overdue, and will not come any more. */
	assert_int_equal(rate_after(w, 100 * MSEC), 40 * MIB);
	assert_in_range(rate_after(w, 800 * MSEC), 19 * MIB, 21 * MIB);
	assert_int_equal(rate_after(w, GROWER_STALE_NS), 0);
}

static void growth_after_silence_is_new_growth(void **state)
{
	struct world *w = *state;
	uint64_t since_ns = 0;

	for (int i = 0; i < 8; i++)
		grow(w, 4 * MIB, 10 * MSEC);
	w->at_ns += GROWER_STALE_NS + MSEC;
	grow(w, 4 * MIB, SEC);
	assert_int_equal(growers_rate(&w->growers, PID, 7, w->at_ns, &since_ns), 4 * MIB);
	assert_int_equal(since_ns, w->at_ns - SEC);
}

static void what_is_freed_does_not_count(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 8; i++) {
		grow(w, 4 * MIB, 100 * MSEC);
		w->rss_bytes -= 4 * MIB;
	}
	/* The last 4 MiB were there when it was told. */
	assert_in_range(rate_after(w, 0), 1, 6 * MIB);
	w->rss_bytes = 0;
	grow(w, MIB, 100 * MSEC);
	assert_int_equal(rate_after(w, 0), 0);
}

static void a_slice_of_no_time_is_not_endless(void **state)
{
	struct world *w = *state;

	grow(w, 4 * MIB, 0);
	assert_int_equal(rate_after(w, 0), 4 * MIB * 250);
}

static void a_late_event_of_the_past_breaks_nothing(void **state)
{
	struct world *w = *state;

	grow(w, 4 * MIB, 100 * MSEC);
	w->at_ns -= 50 * MSEC;
	grow(w, 4 * MIB, 0);
	assert_in_range(rate_after(w, 0), 1, UINT64_MAX);
}

static void the_silent_one_makes_room(void **state)
{
	struct world *w = *state;
	uint64_t since_ns;

	for (uint32_t i = 0; i < GROWERS_MAX; i++)
		grow_task(w, 1000 + i, MIB, MSEC);
	grow_task(w, 1000, MIB, MSEC);
	grow_task(w, PID, MIB, MSEC);
	assert_int_equal(w->growers.n, GROWERS_MAX);
	assert_true(rate_after(w, 0) > 0);
	assert_true(growers_rate(&w->growers, 1000, 7, w->at_ns, &since_ns) > 0);
	assert_int_equal(growers_rate(&w->growers, 1001, 7, w->at_ns, &since_ns), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_event_is_its_own_rate),
		TEST(a_stranger_does_not_grow),
		TEST(bursts_are_smoothed),
		TEST(since_is_the_start_of_the_whole_run),
		TEST(a_faster_pace_shows),
		TEST(silence_ends_it),
		TEST(growth_after_silence_is_new_growth),
		TEST(what_is_freed_does_not_count),
		TEST(a_slice_of_no_time_is_not_endless),
		TEST(a_late_event_of_the_past_breaks_nothing),
		TEST(the_silent_one_makes_room),
	};

	return cmocka_run_group_tests_name("growers", tests, NULL, NULL);
}
