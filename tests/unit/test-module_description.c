/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controller/registry/module_description.h"

static struct module_description good(void)
{
	return (struct module_description){
		.name = "cache", .kind = MODULE_CACHE, .flags = MODULE_CAN_SHED, .size_bytes = 1
	};
}

/* Refused, by a sentence with this in it that fits a channel message. */
static void assert_refused(const struct module_description *description, const char *words)
{
	const char *problem = NULL;

	assert_false(module_description_is_valid(description, &problem));
	assert_non_null(problem);
	assert_true(strlen(problem) <= 63);
	if (!strstr(problem, words))
		fail_msg("\"%s\" does not say \"%s\"", problem, words);
}

static void assert_accepted(const struct module_description *description)
{
	const char *untouched = "untouched", *problem = untouched;

	if (!module_description_is_valid(description, &problem))
		fail_msg("refused: %s", problem);
	assert_ptr_equal(problem, untouched);
}

static void a_plain_description_is_accepted(void **state)
{
	struct module_description d = good();

	assert_accepted(&d);
	d.flags = MODULE_CAN_UNLOAD | MODULE_IS_UNLOADED | MODULE_IS_KEPT;
	d.kind = MODULE_OTHER;
	d.size_bytes = d.idle_limit_usec = d.reload_cost_usec = MODULE_AMOUNT_LIMIT - 1;
	assert_accepted(&d);
	memset(d.name, 'x', 63);
	d.name[63] = '\0';
	assert_accepted(&d);
}

static void names_are_printable_utf8(void **state)
{
	static const char *const accepted[] = { "x",	    "a b",    "Zwischenspeicher für Bilder",
						"\xc2\xa0", "日本語", "\xf0\x9f\x90\x98",
						"~" };
	static const char *const refused[] = {
		"",
		"\n",
		"tab\t",
		"\x1b[31mred",
		"\x7f",
		"\xc2\x80",	    /* C1 control */
		"\xc2\x9b",	    /* C1 "CSI" */
		"\x80",		    /* continuation without a start */
		"\xc3",		    /* cut short */
		"\xe2\x82",	    /* cut short */
		"\xc0\xaf",	    /* overlong "/" */
		"\xe0\x80\xaf",	    /* overlong "/" */
		"\xed\xa0\x80",	    /* surrogate */
		"\xf4\x90\x80\x80", /* above U+10FFFF */
		"\xf8\x88\x80\x80\x80",
		"\xff",
		"\xe2\x80\xa8", /* line separator */
		"\xe2\x80\xae", /* right-to-left override */
		"\xe2\x81\xa6", /* left-to-right isolate */
		"\xef\xbb\xbf", /* byte order mark */
		"\xef\xbf\xbf", /* no character */
	};

	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		if (!name_is_printable(accepted[i]))
			fail_msg("'%s' was refused", accepted[i]);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (name_is_printable(refused[i]))
			fail_msg("name %zu was accepted", i);
}

static void a_bad_name_is_named(void **state)
{
	struct module_description d = good();

	d.name[0] = '\0';
	assert_refused(&d, "1 to 63 bytes");
	memset(d.name, 'x', sizeof(d.name)); /* no NUL */
	assert_refused(&d, "1 to 63 bytes");
	strcpy(d.name, "bell\a");
	assert_refused(&d, "printable UTF-8");
}

static void kind_and_flags_are_checked(void **state)
{
	struct module_description d = good();

	d.kind = N_MODULE_KINDS;
	assert_refused(&d, "kind");
	d.kind = (enum module_kind)65535;
	assert_refused(&d, "kind");
	d = good();
	d.flags = 0;
	assert_refused(&d, "shed or to unload");
	d.flags = MODULE_IS_KEPT;
	assert_refused(&d, "shed or to unload");
	d.flags = MODULE_CAN_SHED | 1U << 31;
	assert_refused(&d, "flags");
}

static void amounts_stay_below_the_limit(void **state)
{
	struct module_description d = good();
	const char *problem;

	d.size_bytes = d.idle_limit_usec = d.reload_cost_usec = MODULE_AMOUNT_LIMIT - 1;
	assert_true(module_description_is_valid(&d, &problem));
	d.size_bytes = MODULE_AMOUNT_LIMIT;
	assert_refused(&d, "size");
	d = good();
	d.idle_limit_usec = MODULE_AMOUNT_LIMIT;
	assert_refused(&d, "idle limit");
	d.idle_limit_usec = UINT64_MAX;
	assert_refused(&d, "idle limit");
	d = good();
	d.reload_cost_usec = MODULE_AMOUNT_LIMIT;
	assert_refused(&d, "reload cost");
	d.reload_cost_usec = UINT64_MAX;
	assert_refused(&d, "reload cost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_description_is_accepted),
		cmocka_unit_test(names_are_printable_utf8),
		cmocka_unit_test(a_bad_name_is_named),
		cmocka_unit_test(kind_and_flags_are_checked),
		cmocka_unit_test(amounts_stay_below_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
