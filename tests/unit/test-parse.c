/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controller/base/parse.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)
#define SEC 1000000ULL

struct row {
	const char *text;
	int result;
	uint64_t value; /* when result is 0 */
};

/* A refused text must leave the output alone. */
#define UNTOUCHED 0x5ca1ab1eULL

static void check_rows(int (*parse)(const char *, uint64_t *), const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = UNTOUCHED, expected = rows[i].result ? UNTOUCHED : rows[i].value;
		int r = parse(rows[i].text, &value);

		if (r != rows[i].result || value != expected)
			fail_msg("\"%s\": %d, %" PRIu64 "; expected %d, %" PRIu64, rows[i].text, r,
				 value, rows[i].result, expected);
	}
}

static void u64_is_digits_and_nothing_else(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "42", 0, 42 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE },
		{ "99999999999999999999999999", -ERANGE },
		{ "", -EINVAL },
		{ " 1", -EINVAL },
		{ "1 ", -EINVAL },
		{ "1\n", -EINVAL },
		{ "+1", -EINVAL },
		{ "-1", -EINVAL },
		{ "0x10", -EINVAL },
		{ "1.0", -EINVAL },
		{ "max", -EINVAL },
	};

	check_rows(parse_u64, rows, N(rows));
}

static void bytes_take_powers_of_1024(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "1048576", 0, MIB },
		{ "17B", 0, 17 },
		{ "4K", 0, 4 * KIB },
		{ "16M", 0, 16 * MIB },
		{ "1.5G", 0, GIB + 512 * MIB },
		{ "0.5T", 0, 512 * GIB },
		{ "0.001K", 0, 1 }, /* cut, not rounded */
		{ "max", 0, UINT64_MAX },
		{ "infinity", 0, UINT64_MAX },
		{ "16777215T", 0, 16777215 * TIB },
		{ "16777216T", -ERANGE },
		{ "18446744073709551616", -ERANGE },
		{ "1.5", -EINVAL },
		{ "1.5B", -EINVAL },
		{ ".5G", -EINVAL },
		{ "1.G", -EINVAL },
		{ "1.0000000001G", -EINVAL },
		{ "1.5.5G", -EINVAL },
		{ "16m", -EINVAL },
		{ "16MB", -EINVAL },
		{ "16 M", -EINVAL },
		{ "M", -EINVAL },
		{ "-1M", -EINVAL },
		{ "Max", -EINVAL },
		{ "1P", -EINVAL },
		{ "", -EINVAL },
	};

	check_rows(parse_bytes, rows, N(rows));
}

static void usec_takes_time_spans(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "5", 0, 5 * SEC },
		{ "0.25", 0, SEC / 4 },
		{ "0.250000000", 0, SEC / 4 },
		{ "0.2500000000", -EINVAL },
		{ "500ms", 0, SEC / 2 },
		{ "500 ms", 0, SEC / 2 },
		{ "17us", 0, 17 },
		{ "2s", 0, 2 * SEC },
		{ "1.5min", 0, 90 * SEC },
		{ "1min 30s", 0, 90 * SEC },
		{ "1min30s", 0, 90 * SEC },
		{ "1h", 0, 3600 * SEC },
		{ "1d 2h 3min 4s 5ms 6us", 0, 93784005006ULL },
		{ "2weeks", 0, 14 * 86400 * SEC },
		{ "1usec 1msec", 0, 1001 },
		{ "1sec 1second 2seconds", 0, 4 * SEC },
		{ "1m 1minute 2minutes", 0, 240 * SEC },
		{ "1hr 1hour 2hours", 0, 4 * 3600 * SEC },
		{ "1day 2days", 0, 3 * 86400 * SEC },
		{ "1w 1week", 0, 14 * 86400 * SEC },
		{ "infinity", 0, UINT64_MAX },
		{ "18446744073709551615us", 0, UINT64_MAX },
		{ "18446744073709551615us 1us", -ERANGE },
		{ "18446744073709551615", -ERANGE },
		{ "", -EINVAL },
		{ " 5s", -EINVAL },
		{ "5s ", -EINVAL },
		{ "5 ", -EINVAL },
		{ "5x", -EINVAL },
		{ "5S", -EINVAL },
		{ "1h30", -EINVAL },
		{ "1h,30s", -EINVAL },
		{ "-1s", -EINVAL },
		{ "ms", -EINVAL },
		{ "max", -EINVAL },
	};

	check_rows(parse_usec, rows, N(rows));
}

static int parse_share_wide(const char *text, uint64_t *ret)
{
	uint32_t bp = (uint32_t)UNTOUCHED;
	int r = parse_share(text, &bp);

	*ret = bp;
	return r;
}

static void share_is_exact_to_the_basis_point(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },		{ "0%", 0, 0 },
		{ "20%", 0, 2000 },	{ "2.5%", 0, 250 },
		{ "0.01%", 0, 1 },	{ "100%", 0, 10000 },
		{ "0.3", 0, 3000 },	{ "0.3000000", 0, 3000 },
		{ "0.0001", 0, 1 },	{ "1", 0, 10000 },
		{ "100.01%", -ERANGE }, { "1.0001", -ERANGE },
		{ "20", -ERANGE },	{ "18446744073709551615%", -ERANGE },
		{ "0.001%", -EINVAL },	{ "0.00001", -EINVAL },
		{ "20 %", -EINVAL },	{ "20%%", -EINVAL },
		{ "%", -EINVAL },	{ "", -EINVAL },
		{ "-5%", -EINVAL },
	};

	check_rows(parse_share_wide, rows, N(rows));
}

static void bytes_read_well(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0B" },
		{ 17, "17B" },
		{ 1023, "1023B" },
		{ 300 * KIB, "300K" },
		{ MIB - 1, "1023.9K" },
		{ 512 * MIB, "512M" },
		{ GIB + 512 * MIB, "1.5G" },
		{ 3 * TIB, "3T" },
		{ UINT64_MAX - 1, "16777215.9T" },
		{ UINT64_MAX, "max" },
	};
	char buf[16];

	for (size_t i = 0; i < N(rows); i++)
		assert_string_equal(format_bytes(rows[i].bytes, buf, sizeof(buf)), rows[i].text);
}

static void times_read_well(void **state)
{
	static const struct {
		uint64_t usec;
		const char *text;
	} rows[] = {
		{ 0, "0us" },
		{ 17, "17us" },
		{ 999, "999us" },
		{ 1000, "1ms" },
		{ 1500, "1.5ms" },
		{ SEC - 1, "999.9ms" },
		{ SEC, "1s" },
		{ SEC / 2, "500ms" },
		{ SEC + SEC / 2, "1.5s" },
		{ 59 * SEC + 999999, "59.9s" },
		{ 60 * SEC, "1min" },
		{ 123 * SEC, "2min 3s" },
		{ 3599 * SEC, "59min 59s" },
		{ 3600 * SEC, "1h" },
		{ 3660 * SEC, "1h 1min" },
		{ 86399 * SEC, "23h 59min" },
		{ 86400 * SEC, "1d" },
		{ 90000 * SEC, "1d 1h" },
		{ UINT64_MAX - 1, "213503982d 8h" },
		{ UINT64_MAX, "infinity" },
	};
	char buf[32];

	for (size_t i = 0; i < N(rows); i++)
		assert_string_equal(format_usec(rows[i].usec, buf, sizeof(buf)), rows[i].text);
}

/* What is printed in messages can be written back into a file. */
static void printed_values_can_be_read_back(void **state)
{
	static const uint64_t values[] = { 0,	      1,	 17,  1000,	 KIB,
					   300 * KIB, 512 * MIB, GIB, UINT64_MAX };
	char buf[32];
	uint64_t value;

	for (size_t i = 0; i < N(values); i++) {
		assert_int_equal(parse_bytes(format_bytes(values[i], buf, sizeof(buf)), &value), 0);
		assert_true(value == values[i]);
		assert_int_equal(parse_usec(format_usec(values[i] == UINT64_MAX ? UINT64_MAX
										: values[i] % 1000,
							buf, sizeof(buf)),
					    &value),
				 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64_is_digits_and_nothing_else),
		cmocka_unit_test(bytes_take_powers_of_1024),
		cmocka_unit_test(usec_takes_time_spans),
		cmocka_unit_test(share_is_exact_to_the_basis_point),
		cmocka_unit_test(bytes_read_well),
		cmocka_unit_test(times_read_well),
		cmocka_unit_test(printed_values_can_be_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
