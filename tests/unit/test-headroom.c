/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/headroom.h"
#include "tests/unit/course.h"

static struct machine_reading machine(uint64_t available_bytes)
{
	return (struct machine_reading){
		.has = MACHINE_HAS_MEMORY | MACHINE_HAS_SWAP,
		.total_bytes = GIB,
		.available_bytes = available_bytes,
	};
}

static void disk_swap_counts_whole_but_no_more_than_is_used(void **unused)
{
	struct machine_reading m = machine(300 * MIB);

	assert_int_equal(headroom_swap_gain(&m, 0), 0);
	m.swap_total_bytes = m.swap_free_bytes = 200 * MIB;
	assert_int_equal(headroom_swap_gain(&m, 0), 200 * MIB);
	m.swap_free_bytes = 8 * GIB;
	assert_int_equal(headroom_swap_gain(&m, 0), 724 * MIB); /* all that is in use */
	m.has = MACHINE_HAS_SWAP;
	assert_int_equal(headroom_swap_gain(&m, 0), 0);
}

static void zram_counts_by_what_it_saves(void **unused)
{
	struct machine_reading m = machine(300 * MIB);

	m.has |= MACHINE_HAS_ZRAM;
	m.swap_free_bytes = m.zram_free_bytes = 500 * MIB;
	assert_int_equal(headroom_swap_gain(&m, 0), 250 * MIB); /* nothing stored yet: 2:1 */
	m.zram_stored_bytes = 100 * MIB;
	m.zram_used_bytes = 25 * MIB;
	assert_int_equal(headroom_swap_gain(&m, 0), 375 * MIB);
	m.zram_stored_bytes = MIB; /* the least that tells a ratio */
	m.zram_used_bytes = MIB / 4;
	assert_int_equal(headroom_swap_gain(&m, 0), 375 * MIB);
	m.zram_stored_bytes = MIB - 1;
	assert_int_equal(headroom_swap_gain(&m, 0), 250 * MIB);
	m.zram_stored_bytes = 100 * MIB;
	m.zram_used_bytes = 120 * MIB; /* does not compress at all */
	assert_int_equal(headroom_swap_gain(&m, 0), 0);
	m.available_bytes = 924 * MIB; /* no more than the 100 MiB in use can move there */
	m.zram_stored_bytes = 0;
	assert_int_equal(headroom_swap_gain(&m, 0), 50 * MIB);
	m = machine(300 * MIB);
	m.has |= MACHINE_HAS_ZRAM;
	m.swap_free_bytes = m.zram_free_bytes = 500 * MIB;
	m.zram_stored_bytes = 100 * MIB;
	m.zram_used_bytes = 120 * MIB;
	m.swap_free_bytes += 10 * MIB; /* and a little disk behind it */
	assert_int_equal(headroom_swap_gain(&m, 0), 10 * MIB);
}

static void zswap_costs_what_it_keeps(void **unused)
{
	struct machine_reading m = machine(300 * MIB);

	m.has |= MACHINE_HAS_ZSWAP;
	m.swap_free_bytes = 300 * MIB;
	assert_int_equal(headroom_swap_gain(&m, 0), 300 * MIB); /* not in use */
	m.zswap_stored_bytes = MIB;				/* the least that tells a ratio */
	m.zswap_used_bytes = MIB / 2;
	assert_int_equal(headroom_swap_gain(&m, 0), 150 * MIB);
	m.zswap_stored_bytes = 90 * MIB;
	m.zswap_used_bytes = 30 * MIB;
	assert_in_range(headroom_swap_gain(&m, 0), 199 * MIB, 201 * MIB);
}

/* A group whose programs hold that much, and that may swap out so much altogether. */
static struct group_reading *add_holder(struct course *c, uint64_t held_bytes, uint64_t swap_limit)
{
	struct group_reading *g = course_add_group(c, held_bytes);

	g->has |= GROUP_HAS_USE | GROUP_HAS_SWAP | GROUP_HAS_SWAP_LIMIT;
	g->held_bytes = held_bytes;
	g->swap_limit_bytes = swap_limit;
	return g;
}

static void swap_counts_no_further_than_groups_may_use_it(void **unused)
{
	struct course *c = course_new();
	const struct shortage *host = &c->state.groups[GROUP_SLOT_HOST].shortage;
	struct group_reading *g;

	/* 512 MiB are left and 512 in use, 400 of them in a group that may not swap. */
	c->seen.machine.swap_total_bytes = c->seen.machine.swap_free_bytes = GIB;
	g = add_holder(c, 400 * MIB, 0);
	course_step(c);
	assert_int_equal(host->available_bytes, 512 * MIB);
	assert_int_equal(host->headroom_bytes, (512 + 112) * MIB);
	/* It may swap 300 MiB, and has swapped 100 of them. */
	g->swap_limit_bytes = 300 * MIB;
	g->swap_bytes = 100 * MIB;
	course_step(c);
	assert_int_equal(host->headroom_bytes, (512 + 312) * MIB);
	/* Free swap that fits into the rest counts as before. */
	g->swap_limit_bytes = 0;
	g->swap_bytes = 0;
	c->seen.machine.swap_free_bytes = 100 * MIB;
	course_step(c);
	assert_int_equal(host->headroom_bytes, (512 + 100) * MIB);
	/* No limit, or none that is known. */
	c->seen.machine.swap_free_bytes = GIB;
	g->swap_limit_bytes = BYTES_UNLIMITED;
	course_step(c);
	assert_int_equal(host->headroom_bytes, GIB);
	g->swap_limit_bytes = 0;
	g->has &= ~(uint32_t)GROUP_HAS_USE;
	course_step(c);
	assert_int_equal(host->headroom_bytes, GIB);
	course_free(c);
}

static void what_is_stuck_counts_once(void **unused)
{
	struct course *c = course_new();
	const struct shortage *host = &c->state.groups[GROUP_SLOT_HOST].shortage;
	struct group_reading *slice, *service;

	c->seen.machine.swap_total_bytes = c->seen.machine.swap_free_bytes = GIB;
	slice = add_holder(c, 400 * MIB, 0);
	service = add_holder(c, 300 * MIB, 0);
	service->parent_slot = slice->slot;
	course_step(c);
	assert_int_equal(host->headroom_bytes, (512 + 112) * MIB);
	/* Above it there is room: what counts is its own limit. */
	slice->swap_limit_bytes = BYTES_UNLIMITED;
	course_step(c);
	assert_int_equal(host->headroom_bytes, (512 + 212) * MIB);
	course_free(c);
}

static void a_limit_that_is_seen_is_no_growth(void **unused)
{
	struct course *c = course_new();
	struct group_state *host = &c->state.groups[GROUP_SLOT_HOST];
	struct group_reading *g;

	c->seen.machine.swap_total_bytes = c->seen.machine.swap_free_bytes = GIB;
	g = add_holder(c, 400 * MIB, BYTES_UNLIMITED);
	for (int i = 0; i < 20; i++) {
		if (i == 10)
			g->swap_limit_bytes = 0;
		course_step(c);
		assert_int_equal(host->rise.growth_bytes, 0);
		assert_int_equal(host->shortage.growth_bytes, 0);
		c->seen.now_usec += SEC;
	}
	assert_int_equal(host->shortage.headroom_bytes, (512 + 112) * MIB);
	course_free(c);
}

static void a_host_without_readings_is_not_judged(void **unused)
{
	struct machine_reading m = machine(0);
	struct group_state group = { 0 };
	struct profile profile;

	profile_init(&profile);
	m.has = 0;
	headroom_of_host(&m, 0, &group.shortage);
	assert_false(group.shortage.valid);
	assert_int_equal(headroom_level(&profile, &group, LEVEL_LOW), LEVEL_LOW);
	m.has = MACHINE_HAS_MEMORY; /* a machine of no memory was read wrongly */
	m.total_bytes = 0;
	headroom_of_host(&m, 0, &group.shortage);
	assert_false(group.shortage.valid);
}

static void a_group_has_its_limit_less_what_cannot_go(void **unused)
{
	struct shortage s = { 0 };
	struct group_reading g = {
		.has = GROUP_HAS_CURRENT | GROUP_HAS_LIMIT | GROUP_HAS_RECLAIMABLE,
		.current_bytes = 90 * MIB,
		.reclaimable_bytes = 50 * MIB,
		.limit_bytes = 100 * MIB,
		.high_bytes = 60 * MIB, /* not read: does not count */
	};

	headroom_of_group(&g, &s);
	assert_true(s.valid);
	assert_int_equal(s.headroom_bytes, 60 * MIB);
	g.has |= GROUP_HAS_HIGH;
	headroom_of_group(&g, &s);
	assert_int_equal(s.total_bytes, 60 * MIB);
	assert_int_equal(s.headroom_bytes, 20 * MIB);
	g.current_bytes = 200 * MIB;
	headroom_of_group(&g, &s);
	assert_int_equal(s.headroom_bytes, 0);
	g.limit_bytes = g.high_bytes = BYTES_UNLIMITED;
	headroom_of_group(&g, &s);
	assert_true(s.headroom_bytes == BYTES_UNLIMITED);
	g.has &= ~(uint32_t)GROUP_HAS_RECLAIMABLE;
	headroom_of_group(&g, &s);
	assert_false(s.valid);
}

static enum level level_at(uint64_t available_bytes, uint64_t swap_bytes, enum level current)
{
	struct machine_reading m = machine(available_bytes);
	struct group_state group = { 0 };
	struct profile profile;

	profile_init(&profile);
	m.swap_free_bytes = swap_bytes;
	headroom_of_host(&m, 0, &group.shortage);
	return headroom_level(&profile, &group, current);
}

static void levels_enter_and_leave_at_their_thresholds(void **unused)
{
	uint64_t bp = GIB / 10000;

	assert_int_equal(level_at(2001 * bp, 0, LEVEL_LOW), LEVEL_LOW);
	assert_int_equal(level_at(2000 * bp, 0, LEVEL_LOW), LEVEL_MEDIUM);
	assert_int_equal(level_at(GIB / 5, 0, LEVEL_LOW), LEVEL_MEDIUM); /* just at it */
	assert_int_equal(level_at(GIB / 5 + 1, 0, LEVEL_LOW), LEVEL_LOW);
	assert_int_equal(level_at(1000 * bp, 0, LEVEL_LOW), LEVEL_HIGH);
	assert_int_equal(level_at(500 * bp, 0, LEVEL_LOW), LEVEL_CRITICAL);
	/* coming back takes 2.5 % more */
	assert_int_equal(level_at(2250 * bp, 0, LEVEL_MEDIUM), LEVEL_MEDIUM);
	assert_int_equal(level_at(2252 * bp, 0, LEVEL_MEDIUM), LEVEL_LOW);
	assert_int_equal(level_at(749 * bp, 0, LEVEL_CRITICAL), LEVEL_CRITICAL);
	assert_int_equal(level_at(752 * bp, 0, LEVEL_CRITICAL), LEVEL_HIGH);
}

static void swap_helps_high_but_not_medium(void **unused)
{
	assert_int_equal(level_at(20 * MIB, GIB, LEVEL_LOW), LEVEL_MEDIUM);
	assert_int_equal(level_at(20 * MIB, 60 * MIB, LEVEL_LOW), LEVEL_HIGH);
}

static void large_hosts_wait_for_the_ceiling(void **unused)
{
	struct profile p;

	profile_init(&p);
	assert_int_equal(headroom_threshold(&p, 1024 * GIB, LEVEL_MEDIUM, false), 4 * GIB);
	assert_int_equal(headroom_threshold(&p, 1024 * GIB, LEVEL_MEDIUM, true), 4608 * MIB);
	assert_int_equal(headroom_threshold(&p, 10 * GIB, LEVEL_MEDIUM, false), 2 * GIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disk_swap_counts_whole_but_no_more_than_is_used),
		cmocka_unit_test(zram_counts_by_what_it_saves),
		cmocka_unit_test(zswap_costs_what_it_keeps),
		cmocka_unit_test(swap_counts_no_further_than_groups_may_use_it),
		cmocka_unit_test(what_is_stuck_counts_once),
		cmocka_unit_test(a_limit_that_is_seen_is_no_growth),
		cmocka_unit_test(a_host_without_readings_is_not_judged),
		cmocka_unit_test(a_group_has_its_limit_less_what_cannot_go),
		cmocka_unit_test(levels_enter_and_leave_at_their_thresholds),
		cmocka_unit_test(swap_helps_high_but_not_medium),
		cmocka_unit_test(large_hosts_wait_for_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
