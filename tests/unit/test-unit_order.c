/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/groups/unit_order.h"
#include "fixture.h"

/* The directories of a unit in systemd's order (what `systemctl show -p DropInPaths` follows). */
static void directories_come_in_systemds_order(void **unused)
{
	static const struct {
		const char *unit;
		const char *owners[12];
	} rows[] = {
		{ "foo.service", { "foo.service" } },
		{ "foo-bar-baz.service",
		  { "foo-bar-baz.service", "foo-bar-.service", "foo-.service" } },
		{ "foo@x.service", { "foo@x.service", "foo@.service" } },
		{ "a-b@x.service",
		  { "a-b@x.service", "a-b@.service", "a-.service", "a-@x.service",
		    "a-@.service" } },
		{ "foo@a.b.service", { "foo@a.b.service", "foo@.service" } },
		{ "foo--bar.service", { "foo--bar.service", "foo--.service", "foo-.service" } },
		{ "-foo.service", { "-foo.service" } },
		{ "kubepods-burstable.slice", { "kubepods-burstable.slice", "kubepods-.slice" } },
		{ "dev-a@b.swap",
		  { "dev-a@b.swap", "dev-a@.swap", "dev-.swap", "dev-@b.swap", "dev-@.swap" } },
	};

	for (size_t i = 0; i < N(rows); i++) {
		int before = -1;

		for (size_t k = 0; rows[i].owners[k]; k++) {
			int order = unit_order_of(rows[i].unit, rows[i].owners[k]);

			if (order <= before)
				fail_msg("%s: %s.d is at %d after %d", rows[i].unit,
					 rows[i].owners[k], order, before);
			before = order;
		}
	}
}

static void directories_of_others_are_none_of_it(void **unused)
{
	static const char *const rows[][2] = {
		{ "foo.service", "bar.service" },
		{ "foo.service", "fo-.service" },
		{ "foo-bar.service", "foo.service" },
		{ "foo-bar.service", "foo-bar-.service" },
		{ "foo@x.service", "foo@y.service" },
		{ "foo@x-y.service", "foo@x-.service" },
		{ "foo-bar.service", "foo-.slice" },
		{ "foo.service", "service" },
		{ "foo", "foo" },
	};

	for (size_t i = 0; i < N(rows); i++)
		if (unit_order_of(rows[i][0], rows[i][1]) >= 0)
			fail_msg("%s takes %s.d", rows[i][0], rows[i][1]);
}

static void templates_are_those_of_instances(void **unused)
{
	char buf[UNIT_NAME_SIZE];

	assert_true(unit_order_template("foo@x.service", buf));
	assert_string_equal(buf, "foo@.service");
	assert_true(unit_order_template("foo@a@b.c.service", buf));
	assert_string_equal(buf, "foo@.service");
	assert_false(unit_order_template("foo@.service", buf));
	assert_false(unit_order_template("foo.service", buf));
	assert_false(unit_order_template("foo@bar", buf));
}

/* As long as names can be, and nothing but dashes. */
static void long_names_end(void **unused)
{
	char unit[UNIT_NAME_SIZE + 16], owner[] = "nothing.service";

	for (size_t n = 200; n < UNIT_NAME_SIZE + 4; n++) {
		memset(unit, '-', n);
		for (size_t i = 0; i < n; i += 2)
			unit[i] = 'a';
		strcpy(unit + n, "@x.service");
		assert_int_equal(unit_order_of(unit, owner), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_come_in_systemds_order),
		cmocka_unit_test(directories_of_others_are_none_of_it),
		cmocka_unit_test(templates_are_those_of_instances),
		cmocka_unit_test(long_names_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
