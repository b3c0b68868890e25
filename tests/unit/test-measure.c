/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/course.h"

/* Two caches of 60 MiB in one group of 150 MiB, both asked. */
static struct course *two_in_one_group(struct action a[2])
{
	struct course *c = course_new_asked(2, 60 * MIB);

	for (size_t i = 0; i < 2; i++)
		a[i] = *course_action(c, RUNG_SHED, i);
	return c;
}

static const struct finish *finish_of(const struct course *c, uint64_t action_id)
{
	for (size_t i = 0; i < c->decision.n_finishes; i++)
		if (c->decision.finishes[i].action.id == action_id)
			return &c->decision.finishes[i];
	return NULL;
}

static void a_fall_is_shared_by_claims(void **unused)
{
	struct action a[2];
	struct course *c = two_in_one_group(a);

	c->groups[0].current_bytes -= 40 * MIB + 1;
	course_answer(c, a[0].id, RESULT_DONE, 30 * MIB);
	course_answer(c, a[1].id, RESULT_DONE, 10 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(finish_of(c, a[0].id)->measured_bytes, 30 * MIB + 1); /* and the rest */
	assert_int_equal(finish_of(c, a[1].id)->measured_bytes, 10 * MIB);
	course_free(c);
}

static void each_answer_is_measured_from_the_one_before(void **unused)
{
	struct action a[2];
	struct course *c = two_in_one_group(a);

	c->groups[0].current_bytes -= 50 * MIB;
	course_answer(c, a[0].id, RESULT_DONE, 50 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(finish_of(c, a[0].id)->measured_bytes, 50 * MIB);
	c->groups[0].current_bytes -= 5 * MIB;
	course_answer(c, a[1].id, RESULT_DONE, 60 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(finish_of(c, a[1].id)->measured_bytes, 5 * MIB);
	assert_int_equal(course_rung(c, RUNG_SHED)->measured_bytes, 55 * MIB);
	assert_int_equal(course_rung(c, RUNG_SHED)->claimed_bytes, 110 * MIB);
	assert_true(c->state.groups[1].booking); /* 55 MiB may still come */
	c->seen.machine.available_bytes = GIB / 2;
	course_step_after(c, 2500 * MSEC);
	assert_false(c->state.groups[1].booking); /* nothing is open any more */
	course_free(c);
}

/* The first to answer must not take from the others what they have yet to be credited with. */
static void answers_of_other_groups_are_still_to_come(void **unused)
{
	struct course *c = course_new();

	for (size_t i = 0; i < 2; i++) {
		struct group_reading *g = course_add_group(c, 70 * MIB);

		course_add_module(c, g, 60 * MIB);
	}
	c->seen.machine.available_bytes = 110 * MIB;
	course_step(c);
	assert_int_equal(course_count(c, RUNG_SHED), 2);

	struct action a[2] = { *course_action(c, RUNG_SHED, 0), *course_action(c, RUNG_SHED, 1) };

	c->groups[0].current_bytes -= 50 * MIB;
	c->groups[1].current_bytes -= 40 * MIB;
	course_answer(c, a[0].id, RESULT_DONE, 60 * MIB);
	course_step_after(c, 10 * MSEC);
	course_answer(c, a[1].id, RESULT_DONE, 60 * MIB);
	assert_int_equal(finish_of(c, a[0].id)->measured_bytes +
				 (a[0].group_id == c->groups[0].id ? 40 : 50) * MIB,
			 90 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(finish_of(c, a[1].id)->measured_bytes,
			 (a[1].group_id == c->groups[1].id ? 40 : 50) * MIB);
	assert_int_equal(course_rung(c, RUNG_SHED)->measured_bytes, 90 * MIB);
	course_free(c);
}

/* No rung waits for it any more, but it was freed, and the record says so. */
static void a_late_answer_is_measured_for_the_record(void **unused)
{
	struct action a[2];
	struct course *c = two_in_one_group(a);

	course_step_after(c, a[0].deadline_usec - a[0].started_usec);
	assert_int_equal(c->state.n_late, 2);
	c->groups[0].current_bytes -= 40 * MIB;
	course_answer(c, a[0].id, RESULT_DONE, 40 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(c->state.modules[a[0].module_slot].measured_bytes, 40 * MIB);
	assert_int_equal(c->state.measured_bytes, 40 * MIB);
	course_free(c);
}

static void a_group_that_grew_meanwhile_gave_nothing(void **unused)
{
	struct action a[2];
	struct course *c = two_in_one_group(a);

	c->groups[0].current_bytes += 5 * MIB;
	course_answer(c, a[0].id, RESULT_DONE, 10 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(finish_of(c, a[0].id)->measured_bytes, 0);
	course_free(c);
}

/* What nobody claims is no module's merit, but the memory is back all the same. */
static void an_unclaimed_fall_counts_for_the_rung(void **unused)
{
	struct action a[2];
	struct course *c = two_in_one_group(a);

	c->groups[0].current_bytes -= 20 * MIB;
	course_answer(c, a[0].id, RESULT_NOTHING, 0);
	course_answer(c, a[1].id, RESULT_NOTHING, 0);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(finish_of(c, a[0].id)->measured_bytes, 0);
	assert_int_equal(finish_of(c, a[1].id)->measured_bytes, 0);
	assert_int_equal(course_rung(c, RUNG_SHED)->measured_bytes, 20 * MIB);
	course_free(c);
}

static void reclaim_needs_no_claim(void **unused)
{
	struct course *c = course_new();

	course_add_group(c, 100 * MIB)->reclaimable_bytes = 50 * MIB;
	c->seen.machine.available_bytes = 90 * MIB;
	course_step(c);
	uint64_t id = course_action(c, RUNG_RECLAIM, 0)->id;
	c->groups[0].current_bytes -= 30 * MIB;
	course_answer(c, id, RESULT_PARTIAL, 0);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(finish_of(c, id)->measured_bytes, 30 * MIB);
	course_free(c);
}

/* cgroup v1: no memory.current. The host's fall is taken, and no more of it than was claimed. */
static void without_a_counter_the_host_measures(void **unused)
{
	struct action a;
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 0);

	g->has = GROUP_HAS_STALL;
	course_add_module(c, g, 100 * MIB);
	c->seen.machine.available_bytes = 100 * MIB;
	course_step(c);
	a = *course_action(c, RUNG_SHED, 0);
	c->seen.machine.available_bytes += 80 * MIB;
	course_answer(c, a.id, RESULT_DONE, 30 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(finish_of(c, a.id)->measured_bytes, 30 * MIB);
	assert_int_equal(c->state.modules[0].yield_bp, BP_ONE); /* too rough to judge anybody */
	course_free(c);
}

/* A cache of 60 MiB in a group of 150 MiB, of which memory.stat tells the use; `bytes` ordered. */
static struct course *ordered_group(uint64_t bytes, struct action *ret_action)
{
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 150 * MIB);

	g->has |= GROUP_HAS_USE | GROUP_HAS_SWAP;
	g->held_bytes = 140 * MIB;
	course_add_module(c, g, 60 * MIB);
	course_step(c);
	course_order(c, 1, g, bytes, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(course_count(c, RUNG_SHED), 1);
	*ret_action = *course_action(c, RUNG_SHED, 0);
	return c;
}

static void assert_honest(struct course *c, const struct action *a, uint64_t measured_bytes)
{
	assert_non_null(finish_of(c, a->id));
	assert_int_equal(finish_of(c, a->id)->measured_bytes, measured_bytes);
	assert_int_equal(c->state.modules[0].measured_bytes, measured_bytes);
	assert_in_range(c->state.modules[0].yield_bp, 9900, BP_ONE);
	assert_int_equal(c->state.modules[0].last_until_usec, 0);
}

/* As seen on Debian 12: anon fell by what was freed, memory.current by 12 KiB. */
static void a_heap_in_huge_pages_is_no_liar(void **unused)
{
	struct action a;
	struct course *c = ordered_group(15 * MIB, &a);

	c->groups[0].current_bytes -= 12 * KIB;
	c->groups[0].held_bytes -= 15 * MIB;
	c->groups[0].unused_bytes += 15 * MIB;
	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_honest(c, &a, 15 * MIB + 12 * KIB);
	assert_int_equal(c->decision.n_actions, 0); /* it has what was ordered */
	assert_int_equal(c->decision.n_orders, 1);
	assert_int_equal(c->decision.orders[0].measured_bytes, 15 * MIB + 12 * KIB);
	course_free(c);
}

/* What was measured while it was charged still is not measured again when the kernel splits. */
static void a_huge_page_that_is_split_later_counts_once(void **unused)
{
	struct action a, b;
	struct course *c = ordered_group(15 * MIB, &a);

	c->groups[0].held_bytes -= 15 * MIB;
	c->groups[0].unused_bytes += 15 * MIB;
	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	course_order(c, 2, &c->groups[0], 15 * MIB, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	b = *course_action(c, RUNG_SHED, 0);
	c->groups[0].current_bytes -= 20 * MIB; /* 15 of before, 5 now */
	c->groups[0].held_bytes -= 5 * MIB;
	c->groups[0].unused_bytes = 0;
	course_answer(c, b.id, RESULT_PARTIAL, 5 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_int_equal(finish_of(c, b.id)->measured_bytes, 5 * MIB);
	course_free(c);
}

/* MADV_FREE: the pages stay until the kernel wants them. */
static void lazily_freed_memory_counts(void **unused)
{
	struct action a;
	struct course *c = ordered_group(15 * MIB, &a);

	c->groups[0].unused_bytes += 15 * MIB;
	c->groups[0].held_bytes -= 15 * MIB;
	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_honest(c, &a, 15 * MIB);
	course_free(c);
}

static void swapped_memory_that_is_freed_counts(void **unused)
{
	struct action a;
	struct course *c = course_new();
	struct group_reading *g = course_add_group(c, 150 * MIB);

	g->has |= GROUP_HAS_USE | GROUP_HAS_SWAP;
	g->held_bytes = 140 * MIB;
	g->swap_bytes = 50 * MIB;
	course_add_module(c, g, 60 * MIB);
	course_step(c);
	course_order(c, 1, g, 15 * MIB, RUNG_SHED);
	course_step_after(c, 10 * MSEC);
	a = *course_action(c, RUNG_SHED, 0);
	g->swap_bytes -= 15 * MIB;
	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_honest(c, &a, 15 * MIB);
	course_free(c);
}

/* The kernel swaps, a liar claims: nothing was given back by anybody. */
static void memory_that_moves_to_swap_is_not_held_against_or_for_a_claim(void **unused)
{
	struct action a;
	struct course *c = ordered_group(15 * MIB, &a);

	c->groups[0].held_bytes -= 15 * MIB;
	c->groups[0].swap_bytes += 15 * MIB;
	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	course_step_after(c, 100 * MSEC);
	assert_int_equal(finish_of(c, a.id)->measured_bytes, 0);
	course_free(c);
}

/* memory.current stands still: what the cache gave, others in its service fill with file cache. */
static void a_service_that_reads_files_meanwhile_is_no_liar(void **unused)
{
	struct action a;
	struct course *c = ordered_group(15 * MIB, &a);

	c->groups[0].held_bytes -= 15 * MIB;
	c->groups[0].reclaimable_bytes += 15 * MIB;
	course_answer(c, a.id, RESULT_DONE, 15 * MIB);
	course_step_after(c, 10 * MSEC);
	assert_honest(c, &a, 15 * MIB);
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fall_is_shared_by_claims),
		cmocka_unit_test(each_answer_is_measured_from_the_one_before),
		cmocka_unit_test(answers_of_other_groups_are_still_to_come),
		cmocka_unit_test(a_late_answer_is_measured_for_the_record),
		cmocka_unit_test(a_group_that_grew_meanwhile_gave_nothing),
		cmocka_unit_test(an_unclaimed_fall_counts_for_the_rung),
		cmocka_unit_test(reclaim_needs_no_claim),
		cmocka_unit_test(without_a_counter_the_host_measures),
		cmocka_unit_test(a_heap_in_huge_pages_is_no_liar),
		cmocka_unit_test(a_huge_page_that_is_split_later_counts_once),
		cmocka_unit_test(lazily_freed_memory_counts),
		cmocka_unit_test(swapped_memory_that_is_freed_counts),
		cmocka_unit_test(memory_that_moves_to_swap_is_not_held_against_or_for_a_claim),
		cmocka_unit_test(a_service_that_reads_files_meanwhile_is_no_liar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
