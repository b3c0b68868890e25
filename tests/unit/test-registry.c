/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/registry/registry_masks.h"
#include "tests/support/registry_world.h"

/* An owner that notes what it is sent. */
struct test_owner {
	struct owner owner;
	uint32_t n_unregistered, n_asked_again;
	int send_error;	 /* what sending returns */
	int level_error; /* the same for levels */
	uint32_t n_requests, n_levels;
	enum level heard;
};

static int note_request(struct owner *owner, const struct module *module,
			const struct action *action)
{
	struct test_owner *o = (struct test_owner *)owner;

	o->n_requests += o->send_error == 0;
	return o->send_error;
}

static int note_level(struct owner *owner, enum level level)
{
	struct test_owner *o = (struct test_owner *)owner;

	if (o->level_error)
		return o->level_error;
	o->n_levels++;
	o->heard = level;
	return 0;
}

static void note_unregistered(struct owner *owner, const struct module *module)
{
	((struct test_owner *)owner)->n_unregistered++;
}

static void note_ask_again(struct owner *owner)
{
	((struct test_owner *)owner)->n_asked_again++;
}

static const struct owner_ops ops = {
	.name = "test",
	.send_request = note_request,
	.send_level = note_level,
	.send_unregistered = note_unregistered,
	.ask_again = note_ask_again,
};

static struct world world;

static int start(void **state)
{
	world_init(&world, 400, 0, 0);
	return 0;
}

static int stop(void **state)
{
	world_done(&world);
	return 0;
}

static void join(struct test_owner *o, unsigned int uid, const char *cgroup)
{
	struct client client = world_client(&world, uid, cgroup);

	memset(o, 0, sizeof(*o));
	assert_int_equal(registry_owner_init(world.registry, &o->owner, &ops, &client), 0);
}

static int try_add(struct test_owner *o, const char *name, struct module **ret)
{
	struct module_description description = world_cache(name);
	const char *problem = NULL;
	int r = registry_add(world.registry, &o->owner, &description, ret, &problem);

	assert_true(r == 0 || (problem && strlen(problem) <= 63));
	return r;
}

static struct module *add(struct test_owner *o, const char *name)
{
	struct module *module;

	assert_int_equal(try_add(o, name, &module), 0);
	return module;
}

static void a_module_is_found_by_slot_and_id(void **state)
{
	struct test_owner o;
	struct module *module;

	join(&o, 1000, "/system.slice/a.service");
	module = add(&o, "images");
	assert_ptr_equal(registry_get(world.registry, module->slot), module);
	assert_ptr_equal(registry_find(world.registry, module->id), module);
	assert_null(registry_get(world.registry, module->slot + 1));
	assert_null(registry_get(world.registry, UINT32_MAX));
	assert_null(registry_find(world.registry, 0));
	assert_int_equal(registry_size(world.registry), 1);
	assert_int_equal(module->group_slot, world_group(&world, "/system.slice/a.service")->slot);
	assert_int_equal(world_group(&world, "/system.slice/a.service")->n_modules, 1);
	assert_true(world.n_wakes > 0);
	registry_owner_done(world.registry, &o.owner);
	assert_int_equal(registry_size(world.registry), 0);
	assert_int_equal(world_group(&world, "/system.slice/a.service")->n_modules, 0);
}

static void a_slot_is_used_again_an_id_never(void **state)
{
	struct test_owner o;
	struct module *first, *second, *third;
	uint64_t first_id;
	uint32_t first_slot;

	join(&o, 1000, "/system.slice/a.service");
	first = add(&o, "first");
	second = add(&o, "second");
	first_id = first->id;
	first_slot = first->slot;
	registry_remove(world.registry, first);
	third = add(&o, "third");
	assert_int_equal(third->slot, first_slot);
	assert_true(third->id > second->id && second->id > first_id);
	assert_null(registry_find(world.registry, first_id));
	registry_owner_done(world.registry, &o.owner);
}

static void a_name_is_unique_within_its_owner(void **state)
{
	struct test_owner one, two;
	struct module *module;

	join(&one, 1000, "/system.slice/a.service");
	join(&two, 1000, "/system.slice/a.service");
	add(&one, "cache");
	assert_int_equal(try_add(&one, "cache", &module), -EEXIST);
	add(&two, "cache");
	assert_int_equal(try_add(&one, "", &module), -EINVAL);
	registry_owner_done(world.registry, &one.owner);
	registry_owner_done(world.registry, &two.owner);
}

static uint32_t add_many(struct test_owner *o, uint32_t n, int expected)
{
	struct module *module;
	char name[16];
	uint32_t added = 0;

	for (uint32_t i = 0; i < n; i++) {
		int r;

		snprintf(name, sizeof(name), "m%u", i);
		r = try_add(o, name, &module);
		assert_true(r == 0 || r == expected);
		added += r == 0;
	}
	return added;
}

static void a_thousand_registrations_do_not_shut_out_another_user(void **state)
{
	struct test_owner greedy, other;

	join(&greedy, 1000, "/user.slice"); /* no service: only the user's quota counts */
	greedy.owner.client.unit_length = 0;
	assert_int_equal(add_many(&greedy, 1000, -EDQUOT), 256);
	join(&other, 1001, "/system.slice/b.service");
	assert_int_equal(add_many(&other, 1, 0), 1);
	registry_owner_done(world.registry, &greedy.owner);
	/* What was given back counts no more. */
	join(&greedy, 1000, "/user.slice");
	assert_int_equal(add_many(&greedy, 1, 0), 1);
	registry_owner_done(world.registry, &greedy.owner);
	registry_owner_done(world.registry, &other.owner);
}

static void a_unit_has_its_own_quota_over_all_connections(void **state)
{
	struct test_owner one, two, worker, other;

	join(&one, 0, "/system.slice/a.service");
	join(&two, 0, "/system.slice/a.service");
	assert_int_equal(add_many(&one, 40, 0), 40);
	assert_int_equal(add_many(&two, 40, -EDQUOT), 24);
	/* A cgroup below counts with its unit, another unit of the same user does not. */
	world_make_cgroup(&world, "/system.slice/a.service/worker");
	join(&worker, 0, "/system.slice/a.service/worker");
	worker.owner.client.unit_length = strlen("/system.slice/a.service");
	assert_int_equal(add_many(&worker, 1, -EDQUOT), 0);
	join(&other, 0, "/system.slice/b.service");
	assert_int_equal(add_many(&other, 1, 0), 1);
	registry_owner_done(world.registry, &one.owner);
	registry_owner_done(world.registry, &two.owner);
	registry_owner_done(world.registry, &worker.owner);
	registry_owner_done(world.registry, &other.owner);
}

static void a_full_registry_says_so(void **state)
{
	struct test_owner owners[3];
	struct module *module;

	for (unsigned int i = 0; i < 3; i++) {
		join(&owners[i], 1000 + i, "/user.slice");
		owners[i].owner.client.unit_length = 0;
	}
	assert_int_equal(add_many(&owners[0], 200, 0), 200);
	assert_int_equal(add_many(&owners[1], 200, 0), 200);
	assert_int_equal(try_add(&owners[2], "one-more", &module), -ENOSPC);
	for (unsigned int i = 0; i < 3; i++)
		registry_owner_done(world.registry, &owners[i].owner);
}

static struct outcome answer(const struct action *action, uint64_t freed_bytes)
{
	return (struct outcome){ .action_id = action->id,
				 .result = RESULT_DONE,
				 .claimed_bytes = freed_bytes };
}

static void one_request_at_a_time_until_its_deadline(void **state)
{
	struct action first, second, late;
	struct outcome outcome;
	struct test_owner o;
	struct module *module;

	join(&o, 1000, "/system.slice/a.service");
	module = add(&o, "cache");
	first = world_action(&world, module, 1, USEC_PER_SEC);
	second = world_action(&world, module, 2, 0); /* due at once */
	late = world_action(&world, module, 3, USEC_PER_SEC);

	assert_int_equal(registry_send(world.registry, &first), 0);
	assert_int_equal(registry_send(world.registry, &second), -EAGAIN);
	outcome = answer(&second, 1);
	assert_int_equal(registry_answer(world.registry, module, &outcome), -ENOENT);
	outcome = answer(&first, 4096);
	assert_int_equal(registry_answer(world.registry, module, &outcome), 0);
	assert_int_equal(registry_answer(world.registry, module, &outcome), -ENOENT);
	assert_int_equal(world.outcomes.n, 1);
	assert_int_equal(world.outcomes.ring[0].claimed_bytes, 4096);

	/* One that is past its deadline gives way, and its late answer counts no more. */
	assert_int_equal(registry_send(world.registry, &second), 0);
	assert_int_equal(registry_send(world.registry, &late), 0);
	outcome = answer(&second, 1);
	assert_int_equal(registry_answer(world.registry, module, &outcome), -ESTALE);
	outcome = answer(&late, 2);
	assert_int_equal(registry_answer(world.registry, module, &outcome), 0);
	assert_int_equal(o.n_requests, 3);
	registry_owner_done(world.registry, &o.owner);
}

static void what_cannot_be_sent_leaves_nothing_open(void **state)
{
	struct test_owner o;
	struct module *module;
	struct action action;

	join(&o, 1000, "/system.slice/a.service");
	module = add(&o, "cache");
	action = world_action(&world, module, 1, USEC_PER_SEC);
	o.send_error = -EPIPE;
	assert_int_equal(registry_send(world.registry, &action), -EPIPE);
	o.send_error = 0;
	assert_int_equal(registry_send(world.registry, &action), 0);
	action.module_id++; /* the slot has another tenant */
	assert_int_equal(registry_send(world.registry, &action), -ENOENT);
	action.module_slot = SLOT_NONE;
	assert_int_equal(registry_send(world.registry, &action), -ENOENT);
	registry_owner_done(world.registry, &o.owner);
}

static void an_owner_that_dies_answers_gone(void **state)
{
	struct test_owner o;
	struct action action;

	join(&o, 1000, "/system.slice/a.service");
	add(&o, "idle");
	action = world_action(&world, add(&o, "asked"), 77, USEC_PER_SEC);
	assert_int_equal(registry_send(world.registry, &action), 0);
	world.outcomes.n = 0;
	registry_owner_done(world.registry, &o.owner);
	assert_int_equal(world.outcomes.n, 1);
	assert_int_equal(world.outcomes.ring[0].action_id, 77);
	assert_int_equal(world.outcomes.ring[0].result, RESULT_GONE);
	assert_int_equal(registry_size(world.registry), 0);
}

static void owners_hear_the_highest_level_above_them(void **state)
{
	struct test_owner a, b, late;
	uint32_t a_slot;

	join(&a, 0, "/system.slice/a.service");
	join(&b, 0, "/system.slice/b.service");
	a_slot = world_group(&world, "/system.slice/a.service")->slot;

	registry_tell_level(world.registry, a_slot, LEVEL_HIGH);
	assert_int_equal(a.heard, LEVEL_HIGH);
	assert_int_equal(b.n_levels, 0);
	registry_tell_level(world.registry, GROUP_SLOT_HOST, LEVEL_MEDIUM);
	assert_int_equal(a.n_levels, 1); /* its own is higher */
	assert_int_equal(b.heard, LEVEL_MEDIUM);
	/* One that comes later is told when it is new. */
	join(&late, 0, "/system.slice/a.service");
	registry_owner_tell(world.registry, &late.owner);
	assert_int_equal(late.heard, LEVEL_HIGH);
	registry_tell_level(world.registry, a_slot, LEVEL_LOW);
	assert_int_equal(a.heard, LEVEL_MEDIUM);
	registry_tell_calm(world.registry);
	assert_int_equal(a.heard, LEVEL_LOW);
	assert_int_equal(b.heard, LEVEL_LOW);
	registry_tell_level(world.registry, 9999, LEVEL_HIGH); /* no such group: no harm */
	assert_int_equal(a.n_levels, 3);
	registry_owner_done(world.registry, &a.owner);
	registry_owner_done(world.registry, &b.owner);
	registry_owner_done(world.registry, &late.owner);
}

static void a_level_that_could_not_be_told_is_told_later(void **state)
{
	struct test_owner o;

	join(&o, 0, "/system.slice/a.service");
	o.level_error = -EAGAIN;
	registry_tell_level(world.registry, GROUP_SLOT_HOST, LEVEL_CRITICAL);
	assert_int_equal(o.n_levels, 0);
	o.level_error = 0;
	registry_owner_tell(world.registry, &o.owner);
	assert_int_equal(o.heard, LEVEL_CRITICAL);
	registry_tell_calm(world.registry);
	registry_owner_done(world.registry, &o.owner);
}

static void reports_are_kept_and_capped(void **state)
{
	struct test_owner o;
	struct module *module;

	join(&o, 0, "/system.slice/a.service");
	module = add(&o, "cache");
	module->last_used_usec = 0;
	registry_report(world.registry, module, UINT64_MAX, true);
	assert_true(module->description.size_bytes == MODULE_AMOUNT_LIMIT - 1);
	assert_true(module->description.flags & MODULE_IS_UNLOADED);
	assert_true(module->description.flags & MODULE_CAN_SHED);
	assert_int_equal(module->last_used_usec, 0);
	registry_report(world.registry, module, 5, false); /* loaded again: used */
	assert_false(module->description.flags & MODULE_IS_UNLOADED);
	assert_true(module->last_used_usec > 0);
	registry_report_reload_cost(world.registry, module, 1234);
	assert_int_equal(module->description.reload_cost_usec, 1234);
	registry_owner_done(world.registry, &o.owner);
}

static void collect_lists_all_or_does_not_say_so(void **state)
{
	struct module_reading readings[2];
	struct observation observation = { .modules = readings, .max_modules = 2 };
	struct test_owner o;

	join(&o, 0, "/system.slice/a.service");
	add(&o, "one");
	add(&o, "two");
	registry_collect(world.registry, &observation);
	assert_int_equal(observation.n_modules, 2);
	assert_true(observation.covers & OBSERVED_MODULES);
	assert_int_equal(readings[1].size_bytes, 64 * MIB);
	assert_int_equal(readings[1].group_slot, o.owner.group->slot);
	add(&o, "three");
	observation_clear(&observation, 1);
	registry_collect(world.registry, &observation);
	assert_false(observation.covers & OBSERVED_MODULES);
	registry_owner_done(world.registry, &o.owner);
}

static void an_owner_whose_cgroup_is_removed_moves_up(void **state)
{
	struct test_owner o;
	struct module *module;

	world_make_cgroup(&world, "/system.slice/c.service");
	join(&o, 0, "/system.slice/c.service");
	module = add(&o, "cache");
	assert_string_equal(o.owner.group->path, "/system.slice/c.service");
	world_remove_cgroup(&world, "/system.slice/c.service");
	world_run(&world, 10 * USEC_PER_MSEC);
	assert_string_equal(o.owner.group->path, "/system.slice");
	assert_int_equal(module->group_slot, o.owner.group->slot);
	assert_true(module->group_id == o.owner.group->id);
	assert_int_equal(o.owner.group->n_modules, 1);
	registry_owner_done(world.registry, &o.owner);
	assert_int_equal(world_group(&world, "/system.slice")->n_modules, 0);
}

static void memory_is_charged_where_the_controller_is(void **state)
{
	struct test_owner below, nowhere;
	char path[128];

	world_make_cgroup(&world, "/system.slice/d.service");
	world_make_cgroup(&world, "/system.slice/d.service/inner");
	snprintf(path, sizeof(path), "%s/cgroup/system.slice/d.service/inner/memory.current",
		 world.dir);
	assert_int_equal(unlink(path), 0); /* the unit did not delegate "memory" */
	join(&below, 0, "/system.slice/d.service/inner");
	assert_string_equal(below.owner.group->path, "/system.slice/d.service");
	join(&nowhere, 0, "/lost/and/gone");
	assert_string_equal(nowhere.owner.group->path, "/");
	registry_owner_done(world.registry, &below.owner);
	registry_owner_done(world.registry, &nowhere.owner);
}

struct heard {
	uint32_t added, changed, removed;
};

static void on_added(void *data, const struct module *module)
{
	((struct heard *)data)->added++;
}

static void on_changed(void *data, const struct module *module)
{
	((struct heard *)data)->changed++;
}

static void on_removed(void *data, const struct module *module)
{
	((struct heard *)data)->removed++;
}

static void listeners_hear_of_changes_not_of_use(void **state)
{
	struct heard heard = { 0 };
	const struct registry_listener all = { on_added, on_changed, on_removed, &heard };
	const struct registry_listener none = { 0 };
	struct test_owner o;
	struct module *module;

	assert_int_equal(registry_listen(world.registry, &all), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(registry_listen(world.registry, &none), 0);
	assert_int_equal(registry_listen(world.registry, &none), -ENOSPC);
	join(&o, 0, "/system.slice/a.service");
	module = add(&o, "cache");
	registry_report(world.registry, module, 7, false);
	registry_report(world.registry, module, 7, false);
	registry_touch(world.registry, module);
	registry_owner_done(world.registry, &o.owner);
	assert_int_equal(heard.added, 1);
	assert_int_equal(heard.changed, 1);
	assert_int_equal(heard.removed, 1);
}

static void a_masked_module_stays_out_until_the_mask_is_lifted(void **state)
{
	const char *a = "/system.slice/a.service";
	struct test_owner one, two, other;
	struct module *module;

	join(&one, 1000, a);
	join(&two, 1000, a);
	join(&other, 1000, "/system.slice/b.service");
	add(&one, "images");
	add(&one, "fonts");
	add(&two, "images");
	add(&other, "images");
	assert_int_equal(registry_mask(world.registry, a, "images"), 0);
	assert_int_equal(registry_mask(world.registry, a, "images"), -EEXIST);
	assert_int_equal(registry_size(world.registry), 2);
	assert_int_equal(one.n_unregistered, 1);
	assert_int_equal(two.n_unregistered, 1);
	assert_int_equal(other.n_unregistered, 0);
	assert_int_equal(try_add(&two, "images", &module), -EACCES);
	add(&two, "sounds");

	assert_int_equal(registry_unmask(world.registry, a, "fonts"), -ENOENT);
	assert_int_equal(registry_unmask(world.registry, a, "images"), 0);
	assert_int_equal(one.n_asked_again, 1);
	assert_int_equal(two.n_asked_again, 1);
	assert_int_equal(other.n_asked_again, 0);
	add(&two, "images");

	assert_int_equal(registry_mask(world.registry, a, ""), 0);
	assert_int_equal(registry_size(world.registry), 1);
	assert_int_equal(try_add(&one, "new", &module), -EACCES);
	registry_owner_done(world.registry, &one.owner);
	registry_owner_done(world.registry, &two.owner);
	registry_owner_done(world.registry, &other.owner);
}

static void a_resumed_module_keeps_its_id(void **state)
{
	struct module_description description = world_cache("images");
	struct test_owner o;
	struct module *module;
	const char *problem;

	join(&o, 1000, "/system.slice/a.service");
	assert_int_equal(
		registry_resume(world.registry, &o.owner, &description, 41, &module, &problem), 0);
	assert_int_equal(module->id, 41);
	assert_true(module->is_resumed);
	module = add(&o, "fonts");
	assert_int_equal(module->id, 42);
	assert_false(module->is_resumed);
	description = world_cache("sounds");
	assert_int_equal(
		registry_resume(world.registry, &o.owner, &description, 42, &module, &problem),
		-EEXIST);
	assert_int_equal(
		registry_resume(world.registry, &o.owner, &description, 0, &module, &problem),
		-EEXIST);
	registry_owner_done(world.registry, &o.owner);
}

/* A process that fills a cache reports late; the kernel's word on it goes with its first module. */
static void memory_of_the_owner_is_told_once(void **state)
{
	const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	struct module_reading modules[4] = { 0 };
	struct observation seen = { .modules = modules, .max_modules = 4 };
	struct test_owner one, two;

	world_place(&world, 4711, "/system.slice/a.service");
	world_write(&world, "proc/4711/statm", "30000 26000 1000 300 0 25500 0\n");
	join(&one, 1000, "/system.slice/a.service");
	one.owner.client.pid = 4711;
	join(&two, 1000, "/system.slice/b.service");
	two.owner.client.pid = 4712; /* gone, or not in our namespace */
	add(&one, "first");
	add(&one, "second");
	add(&two, "third");
	registry_collect(world.registry, &seen);
	assert_int_equal(seen.n_modules, 3);
	assert_int_equal(modules[0].owner_bytes, 25000 * page_bytes);
	assert_int_equal(modules[1].owner_bytes, 0);
	assert_int_equal(modules[2].owner_bytes, 0);
	/* and again with the next look */
	world_write(&world, "proc/4711/statm", "30000 28000 1000 300 0 25500 0\n");
	observation_clear(&seen, 1);
	registry_collect(world.registry, &seen);
	assert_int_equal(modules[0].owner_bytes, 27000 * page_bytes);
	/* what makes no sense is not known */
	world_write(&world, "proc/4711/statm", "30000 10 1000\n");
	observation_clear(&seen, 1);
	registry_collect(world.registry, &seen);
	assert_int_equal(modules[0].owner_bytes, 0);
	registry_owner_done(world.registry, &one.owner);
	registry_owner_done(world.registry, &two.owner);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_module_is_found_by_slot_and_id),
		TEST(a_slot_is_used_again_an_id_never),
		TEST(a_name_is_unique_within_its_owner),
		TEST(a_thousand_registrations_do_not_shut_out_another_user),
		TEST(a_unit_has_its_own_quota_over_all_connections),
		TEST(a_full_registry_says_so),
		TEST(one_request_at_a_time_until_its_deadline),
		TEST(what_cannot_be_sent_leaves_nothing_open),
		TEST(an_owner_that_dies_answers_gone),
		TEST(owners_hear_the_highest_level_above_them),
		TEST(a_level_that_could_not_be_told_is_told_later),
		TEST(reports_are_kept_and_capped),
		TEST(listeners_hear_of_changes_not_of_use),
		TEST(collect_lists_all_or_does_not_say_so),
		TEST(an_owner_whose_cgroup_is_removed_moves_up),
		TEST(memory_is_charged_where_the_controller_is),
		TEST(a_masked_module_stays_out_until_the_mask_is_lifted),
		TEST(a_resumed_module_keeps_its_id),
		TEST(memory_of_the_owner_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
