/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every quantity is a decimal number times a unit. The number is read as a whole part and a
 * fraction in billionths, so that "1.5G" and "0.3" come out exact without floating point.
 */

#include "controller/base/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BILLION	       1000000000ULL
#define BILLION_DIGITS 9

#define USEC_SECOND 1000000ULL
#define USEC_MINUTE (60 * USEC_SECOND)
#define USEC_HOUR   (60 * USEC_MINUTE)
#define USEC_DAY    (24 * USEC_HOUR)

#define SHARE_ONE_BP 10000U

struct decimal {
	uint64_t whole;
	uint32_t billionths;
};

static bool parse_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits from *text on and moves it behind them. */
static int parse_scan_u64(const char **text, uint64_t *ret)
{
	const char *p = *text;
	uint64_t value = 0;

	if (!parse_is_digit(*p))
		return -EINVAL;
	for (; parse_is_digit(*p); p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	*text = p;
	*ret = value;
	return 0;
}

/* "12" or "12.5": a point needs digits on both sides, at most nine behind it. */
static int parse_scan_decimal(const char **text, struct decimal *ret)
{
	struct decimal d = {};
	const char *p = *text;
	int r, n = 0;

	r = parse_scan_u64(&p, &d.whole);
	if (r < 0)
		return r;
	if (*p == '.') {
		for (p++; parse_is_digit(*p) && n < BILLION_DIGITS; p++, n++)
			d.billionths = d.billionths * 10 + (uint32_t)(*p - '0');
		if (n == 0 || parse_is_digit(*p))
			return -EINVAL;
		for (; n < BILLION_DIGITS; n++)
			d.billionths *= 10;
	}
	*text = p;
	*ret = d;
	return 0;
}

static int parse_decimal_times(const struct decimal *d, uint64_t unit, uint64_t *ret)
{
	unsigned __int128 value = (unsigned __int128)d->whole * unit +
				  (unsigned __int128)d->billionths * unit / BILLION;

	if (value > UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)value;
	return 0;
}

int parse_u64(const char *text, uint64_t *ret)
{
	uint64_t value;
	int r;

	r = parse_scan_u64(&text, &value);
	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	*ret = value;
	return 0;
}

static const char byte_units[] = "BKMGT"; /* the power of 1024 is the place */

int parse_bytes(const char *text, uint64_t *ret_bytes)
{
	const char *unit = byte_units;
	struct decimal d;
	int r;

	if (strcmp(text, "max") == 0 || strcmp(text, "infinity") == 0) {
		*ret_bytes = UINT64_MAX;
		return 0;
	}
	r = parse_scan_decimal(&text, &d);
	if (r < 0)
		return r;
	if (*text) {
		unit = strchr(byte_units, *text);
		if (!unit || text[1])
			return -EINVAL;
	}
	if (unit == byte_units && d.billionths)
		return -EINVAL; /* half a byte */
	return parse_decimal_times(&d, 1ULL << (10 * (unit - byte_units)), ret_bytes);
}

static const struct {
	const char *name;
	uint64_t usec;
} time_units[] = {
	{ "us", 1 },
	{ "usec", 1 },
	{ "ms", 1000 },
	{ "msec", 1000 },
	{ "s", USEC_SECOND },
	{ "sec", USEC_SECOND },
	{ "second", USEC_SECOND },
	{ "seconds", USEC_SECOND },
	{ "m", USEC_MINUTE },
	{ "min", USEC_MINUTE },
	{ "minute", USEC_MINUTE },
	{ "minutes", USEC_MINUTE },
	{ "h", USEC_HOUR },
	{ "hr", USEC_HOUR },
	{ "hour", USEC_HOUR },
	{ "hours", USEC_HOUR },
	{ "d", USEC_DAY },
	{ "day", USEC_DAY },
	{ "days", USEC_DAY },
	{ "w", 7 * USEC_DAY },
	{ "week", 7 * USEC_DAY },
	{ "weeks", 7 * USEC_DAY },
};

static int parse_scan_time_unit(const char **text, uint64_t *ret_usec)
{
	size_t length = strspn(*text, "abcdefghijklmnopqrstuvwxyz");

	for (size_t i = 0; i < sizeof(time_units) / sizeof(time_units[0]); i++)
		if (strlen(time_units[i].name) == length &&
		    strncmp(*text, time_units[i].name, length) == 0) {
			*text += length;
			*ret_usec = time_units[i].usec;
			return 0;
		}
	return -EINVAL;
}

/* One "NUMBER UNIT" with the blanks that may stand between and behind, if another term follows. */
static int parse_scan_time_term(const char **text, uint64_t *ret_usec)
{
	struct decimal d;
	uint64_t unit;
	int r;

	r = parse_scan_decimal(text, &d);
	if (r < 0)
		return r;
	*text += strspn(*text, " ");
	r = parse_scan_time_unit(text, &unit);
	if (r < 0)
		return r;
	if (**text == ' ') {
		*text += strspn(*text, " ");
		if (**text == '\0')
			return -EINVAL; /* blanks at the end */
	}
	return parse_decimal_times(&d, unit, ret_usec);
}

int parse_usec(const char *text, uint64_t *ret_usec)
{
	const char *p = text;
	uint64_t sum = 0, term;
	struct decimal d;
	int r;

	if (strcmp(text, "infinity") == 0) {
		*ret_usec = UINT64_MAX;
		return 0;
	}
	r = parse_scan_decimal(&p, &d);
	if (r < 0)
		return r;
	if (*p == '\0')
		return parse_decimal_times(&d, USEC_SECOND, ret_usec);
	for (p = text; *p;) {
		r = parse_scan_time_term(&p, &term);
		if (r < 0)
			return r;
		if (sum > UINT64_MAX - term)
			return -ERANGE;
		sum += term;
	}
	*ret_usec = sum;
	return 0;
}

int parse_share(const char *text, uint32_t *ret_bp)
{
	uint64_t unit = SHARE_ONE_BP, bp;
	struct decimal d;
	int r;

	r = parse_scan_decimal(&text, &d);
	if (r < 0)
		return r;
	if (*text == '%') {
		unit = SHARE_ONE_BP / 100;
		text++;
	}
	if (*text || d.billionths * unit % BILLION != 0)
		return -EINVAL; /* rubbish behind, or finer than a basis point */
	r = parse_decimal_times(&d, unit, &bp);
	if (r < 0)
		return r;
	if (bp > SHARE_ONE_BP)
		return -ERANGE;
	*ret_bp = (uint32_t)bp;
	return 0;
}

/* "1.5G": one digit behind the point, cut, and left out where it is 0. */
static void parse_format_tenths(uint64_t value, uint64_t unit, const char *name, char *buf,
				size_t size)
{
	uint64_t whole = value / unit;
	uint64_t tenth = (uint64_t)((unsigned __int128)(value % unit) * 10 / unit);

	if (tenth)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "%s", whole, tenth, name);
	else
		snprintf(buf, size, "%" PRIu64 "%s", whole, name);
}

char *format_bytes(uint64_t bytes, char *buf, size_t size)
{
	int power = 0;

	if (bytes == UINT64_MAX) {
		snprintf(buf, size, "max");
		return buf;
	}
	while (power < 4 && bytes >> (10 * (power + 1)))
		power++;
	parse_format_tenths(bytes, 1ULL << (10 * power), (char[]){ byte_units[power], '\0' }, buf,
			    size);
	return buf;
}

/* "2min 3s": two units are enough for people. */
static void parse_format_pair(uint64_t usec, uint64_t unit, const char *name, uint64_t part_unit,
			      const char *part_name, char *buf, size_t size)
{
	uint64_t whole = usec / unit;
	uint64_t part = usec % unit / part_unit;

	if (part)
		snprintf(buf, size, "%" PRIu64 "%s %" PRIu64 "%s", whole, name, part, part_name);
	else
		snprintf(buf, size, "%" PRIu64 "%s", whole, name);
}

char *format_usec(uint64_t usec, char *buf, size_t size)
{
	if (usec == UINT64_MAX)
		snprintf(buf, size, "infinity");
	else if (usec >= USEC_DAY)
		parse_format_pair(usec, USEC_DAY, "d", USEC_HOUR, "h", buf, size);
	else if (usec >= USEC_HOUR)
		parse_format_pair(usec, USEC_HOUR, "h", USEC_MINUTE, "min", buf, size);
	else if (usec >= USEC_MINUTE)
		parse_format_pair(usec, USEC_MINUTE, "min", USEC_SECOND, "s", buf, size);
	else if (usec >= USEC_SECOND)
		parse_format_tenths(usec, USEC_SECOND, "s", buf, size);
	else if (usec >= 1000)
		parse_format_tenths(usec, 1000, "ms", buf, size);
	else
		snprintf(buf, size, "%" PRIu64 "us", usec);
	return buf;
}
