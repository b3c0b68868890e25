/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whom the brake holds when several could be meant, and when another one may follow. */

#include "tests/unit/brake_scene.h"

static struct group_reading *add_inside(struct scene *s)
{
	struct group_reading *group = course_add_group(s->c, 0);

	group->parent_slot = s->slice->slot;
	course_step(s->c);
	return group;
}

/* The first is held; then the other one runs on, for `usec` in steps of 10 ms. */
static struct group_reading *run_on_after_a_hold(struct scene *s, uint64_t usec)
{
	struct group_reading *other = add_inside(s);

	s->c->profile.brake_usec = 2 * SEC;
	s->c->profile.brake_confidence_bp = 1000;
	assert_int_equal(grow_until_held(s)->group_slot, s->hog->slot);
	for (; usec > 0; usec -= 10 * MSEC) {
		grow(s, other, 2 * MIB);
		course_step_after(s->c, 10 * MSEC);
		if (s->c->decision.n_brakes > 0)
			break;
	}
	return other;
}

/* What the first hold brought must show before. */
static void nobody_else_is_held_at_once(void **unused)
{
	struct scene s = scene_new();

	run_on_after_a_hold(&s, 90 * MSEC);
	assert_int_equal(s.c->decision.n_brakes, 0);
	scene_free(&s);
}

static void another_one_is_held_after_a_while(void **unused)
{
	struct scene s = scene_new();
	uint64_t since_usec;
	struct group_reading *other = run_on_after_a_hold(&s, 200 * MSEC);

	assert_int_equal(only_change(s.c)->group_slot, other->slot);
	assert_int_equal(only_change(s.c)->reason, REASON_RUNAWAY);
	since_usec = s.c->state.groups[s.hog->slot].hold.since_usec;
	assert_int_equal(s.c->seen.now_usec - since_usec, 100 * MSEC);
	scene_free(&s);
}

/* One that may not be held stands before the grower, or behind it. */
static void those_passed_over_do_not_end_the_search(void **unused)
{
	for (int behind = 0; behind < 2; behind++) {
		struct scene s = scene_new();
		struct group_reading *other = add_inside(&s);
		struct group_reading *grower = behind ? s.hog : other;

		(behind ? other : s.hog)->flags = GROUP_IS_UNBRAKED;
		for (int i = 0; i < 4 && s.c->decision.n_brakes == 0; i++) {
			grow(&s, grower, STRIDE_BYTES);
			course_step_after(s.c, STRIDE_USEC);
		}
		assert_int_equal(only_change(s.c)->group_slot, grower->slot);
		scene_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_else_is_held_at_once),
		cmocka_unit_test(another_one_is_held_after_a_while),
		cmocka_unit_test(those_passed_over_do_not_end_the_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
