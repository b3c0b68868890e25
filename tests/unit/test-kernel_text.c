/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "controller/base/kernel_text.h"
#include "fixture.h"
#include "policies/units.h"

struct row {
	const char *text;
	int result;
	uint64_t value;
};

static void numbers_are_one_line(void **state)
{
	static const struct row rows[] = {
		{ "0\n", 0, 0 },
		{ "4096\n", 0, 4096 },
		{ "18446744073709551615\n", 0, UINT64_MAX },
		{ "18446744073709551616\n", -EBADMSG, 0 },
		{ "99999999999999999999999999\n", -EBADMSG, 0 },
		{ "4096", -EBADMSG, 0 },
		{ "4096 \n", -EBADMSG, 0 },
		{ " 4096\n", -EBADMSG, 0 },
		{ "-1\n", -EBADMSG, 0 },
		{ "+1\n", -EBADMSG, 0 },
		{ "0x10\n", -EBADMSG, 0 },
		{ "max\n", -EBADMSG, 0 },
		{ "1\n2\n", -EBADMSG, 0 },
		{ "\n", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
	};

	for (size_t i = 0; i < N(rows); i++) {
		uint64_t value = 77;

		assert_int_equal(text_read_number(rows[i].text, &value), rows[i].result);
		assert_int_equal(value, rows[i].result ? 77 : rows[i].value);
	}
}

static void a_limit_may_be_max(void **state)
{
	uint64_t value = 77;

	assert_int_equal(text_read_limit("max", &value), -EBADMSG);
	assert_int_equal(text_read_limit("maximum\n", &value), -EBADMSG);
	assert_int_equal(value, 77);
	assert_int_equal(text_read_limit("max\n", &value), 0);
	assert_int_equal(value, BYTES_UNLIMITED);
	assert_int_equal(text_read_limit("134217728\n", &value), 0);
	assert_int_equal(value, 128 * MIB);
}

static int read_two(const char *text, uint64_t *a, uint64_t *b, uint32_t *found)
{
	const struct text_field fields[] = { { "a", a }, { "bb", b, true } };

	return text_read_fields(text, fields, 2, found);
}

static void fields_are_found_by_name(void **state)
{
	uint64_t a = 0, b = 0;
	uint32_t found = 0;

	assert_int_equal(read_two("aa 9\nb 8\nbb: 2 kB\nnew key here\na 1\n", &a, &b, &found), 0);
	assert_int_equal(found, 3);
	assert_int_equal(a, 1);
	assert_int_equal(b, 2048);
	assert_int_equal(read_two("x 1\n", &a, &b, &found), 0);
	assert_int_equal(found, 0);
	assert_int_equal(read_two("", &a, &b, &found), 0);
	assert_int_equal(found, 0);
}

static void a_garbled_value_costs_that_value_only(void **state)
{
	static const char *const texts[] = {
		"bb 3 kB\na 1",	     "bb 3 kB\na\n",	 "a \nbb 3 kB\n",
		"a:\nbb 3 kB\n",     "a -1\nbb 3 kB\n",	 "a -0\nbb 3 kB\n",
		"a +1\nbb 3 kB\n",   "a 0x1\nbb 3 kB\n", "a 1 MB\nbb 3 kB\n",
		"a 1 kB\nbb 3 kB\n", "a 1 2\nbb 3 kB\n", "a 1k\nbb 3 kB\n",
		"a 1.5\nbb 3 kB\n",  "a 1\r\nbb 3 kB\n", "a 18446744073709551616\nbb 3 kB\n",
	};

	for (size_t i = 0; i < N(texts); i++) {
		uint64_t a = 77, b = 0;
		uint32_t found = 99;

		if (read_two(texts[i], &a, &b, &found) != -EBADMSG)
			fail_msg("\"%s\" was taken", texts[i]);
		assert_int_equal(found, 2);
		assert_int_equal(a, 77);
		assert_int_equal(b, 3 * KIB);
	}
}

static void kilobytes_are_written_as_such(void **state)
{
	static const char *const texts[] = { "bb 3\n", "bb 3 B\n", "bb 3 KB\n", "bb 3kB\n",
					     "bb 18014398509481984 kB\n" };

	for (size_t i = 0; i < N(texts); i++) {
		uint64_t a = 0, b = 77;
		uint32_t found;

		assert_int_equal(read_two(texts[i], &a, &b, &found), -EBADMSG);
		assert_int_equal(found, 0);
		assert_int_equal(b, 77);
	}
}

static void the_first_of_two_values_counts(void **state)
{
	uint64_t a = 0, b = 0;
	uint32_t found;

	assert_int_equal(read_two("a 1\na 2\n", &a, &b, &found), 0);
	assert_int_equal(a, 1);
	assert_int_equal(read_two("a x\na 2\n", &a, &b, &found), -EBADMSG);
	assert_int_equal(found, 1);
	assert_int_equal(a, 2);
}

static int load(const char *bytes, size_t n, char *text, size_t size)
{
	int fd = memfd_create("text", MFD_CLOEXEC), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	r = text_load_fd(fd, text, size);
	close(fd);
	return r;
}

static void a_nul_garbles_its_own_line(void **state)
{
	char text[64];
	uint64_t a = 0, b = 0;
	uint32_t found;

	assert_int_equal(load("x 1\na 1\0\nbb 2 kB\n", 17, text, sizeof(text)), -EBADMSG);
	assert_int_equal(read_two(text, &a, &b, &found), -EBADMSG);
	assert_int_equal(found, 2);
	assert_int_equal(b, 2 * KIB);
}

static void a_file_that_does_not_fit_is_read_as_far_as_it_does(void **state)
{
	char text[8];
	uint64_t a = 0, b = 0;
	uint32_t found;

	assert_int_equal(load("a 1\nbb 2 kB\n", 12, text, sizeof(text)), -EBADMSG);
	assert_int_equal(read_two(text, &a, &b, &found), -EBADMSG);
	assert_int_equal(found, 1);
	assert_int_equal(load("a 1\n", 4, text, sizeof(text)), 0);
	assert_int_equal(load("", 0, text, sizeof(text)), 0);
	assert_int_equal(text_load_at(-1, "none", text, sizeof(text)), -EBADF);
}

static void a_megabyte_of_other_keys_is_skipped(void **state)
{
	char *text = fixture_huge("workingset_refault_anon 123456789\n", "a 5\n");
	char *digits = fixture_huge("1234567890", "\n");
	uint64_t a = 0, b = 0;
	uint32_t found;

	assert_int_equal(read_two(text, &a, &b, &found), 0);
	assert_int_equal(a, 5);
	assert_int_equal(text_read_number(digits, &a), -EBADMSG);
	free(digits);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_one_line),
		cmocka_unit_test(a_limit_may_be_max),
		cmocka_unit_test(fields_are_found_by_name),
		cmocka_unit_test(a_garbled_value_costs_that_value_only),
		cmocka_unit_test(kilobytes_are_written_as_such),
		cmocka_unit_test(the_first_of_two_values_counts),
		cmocka_unit_test(a_nul_garbles_its_own_line),
		cmocka_unit_test(a_file_that_does_not_fit_is_read_as_far_as_it_does),
		cmocka_unit_test(a_megabyte_of_other_keys_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
