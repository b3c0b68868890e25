/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as people write them: "2.5%", "500ms", "16M", "shed"
 */

#include "controller/config/profile_value.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "controller/base/parse.h"
#include "controller/config/profile_patterns.h"

static void *profile_value_setting_field(struct profile *profile,
					 const struct profile_setting *setting)
{
	return (char *)profile + setting->offset;
}

/* "2.5%" */
static void profile_value_format_share(uint64_t bp, char *buf, size_t size)
{
	uint64_t whole = bp / 100, rest = bp % 100;

	if (rest % 10)
		snprintf(buf, size, "%" PRIu64 ".%02" PRIu64 "%%", whole, rest);
	else if (rest)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "%%", whole, rest / 10);
	else
		snprintf(buf, size, "%" PRIu64 "%%", whole);
}

/* For people where that is exact, else in the smallest unit. */
static const char *profile_value_format_exact_bytes(uint64_t bytes, char *buf, size_t size)
{
	uint64_t again;

	if (parse_bytes(format_bytes(bytes, buf, size), &again) < 0 || again != bytes)
		snprintf(buf, size, "%" PRIu64, bytes);
	return buf;
}

static const char *profile_value_format_exact_usec(uint64_t usec, char *buf, size_t size)
{
	uint64_t again;

	if (parse_usec(format_usec(usec, buf, size), &again) < 0 || again != usec)
		snprintf(buf, size, "%" PRIu64 "us", usec);
	return buf;
}

/* A number as it is written in a file; 32 bytes hold it. */
static const char *profile_value_format_number(enum setting_kind kind, uint64_t value, char *buf,
					       size_t size)
{
	switch (kind) {
	case SETTING_BYTES:
		return profile_value_format_exact_bytes(value, buf, size);
	case SETTING_USEC:
		return profile_value_format_exact_usec(value, buf, size);
	case SETTING_SHARE:
		profile_value_format_share(value, buf, size);
		return buf;
	case SETTING_RUNG:
		return rung_name((enum rung)value);
	case SETTING_BRAKE:
		return brake_name((enum brake)value);
	case SETTING_COUNT:
	case SETTING_PATTERNS:
	case SETTING_RANKS:
		break;
	}
	snprintf(buf, size, "%" PRIu64, value);
	return buf;
}

static const char *profile_value_kind_expected(enum setting_kind kind)
{
	switch (kind) {
	case SETTING_BYTES:
		return "a size; write a number with K, M, G or T, as 512M";
	case SETTING_USEC:
		return "a time; write a number with us, ms, s, min or h, as 500ms";
	case SETTING_SHARE:
		return "a share; write a percentage, as 2.5%, or a fraction, as 0.3";
	case SETTING_COUNT:
		return "a count; write a whole number";
	case SETTING_RUNG:
		return "a rung; write its name";
	case SETTING_BRAKE:
		return "a brake; write off, auto, freeze or throttle";
	case SETTING_PATTERNS:
	case SETTING_RANKS:
		break;
	}
	return "a list of patterns";
}

static int profile_value_parse_rung(const char *text, uint64_t *ret)
{
	enum rung rung;

	if (rung_from_name(text, &rung) < 0)
		return -EINVAL;
	*ret = rung;
	return 0;
}

static int profile_value_parse_brake(const char *text, uint64_t *ret)
{
	enum brake brake;

	if (brake_from_name(text, &brake) < 0)
		return -EINVAL;
	*ret = brake;
	return 0;
}

static int profile_value_parse_share_wide(const char *text, uint64_t *ret)
{
	uint32_t bp;
	int r;

	r = parse_share(text, &bp);
	if (r == 0)
		*ret = bp;
	return r;
}

static int profile_value_parse_scalar(enum setting_kind kind, const char *text, uint64_t *ret)
{
	switch (kind) {
	case SETTING_BYTES:
		return parse_bytes(text, ret);
	case SETTING_USEC:
		return parse_usec(text, ret);
	case SETTING_SHARE:
		return profile_value_parse_share_wide(text, ret);
	case SETTING_COUNT:
		return parse_u64(text, ret);
	case SETTING_RUNG:
		return profile_value_parse_rung(text, ret);
	case SETTING_BRAKE:
		return profile_value_parse_brake(text, ret);
	case SETTING_PATTERNS:
	case SETTING_RANKS:
		break;
	}
	return -EINVAL;
}

static void profile_value_store_scalar(struct profile *profile,
				       const struct profile_setting *setting, uint64_t value)
{
	void *field = profile_value_setting_field(profile, setting);

	switch (setting->kind) {
	case SETTING_BYTES:
	case SETTING_USEC:
		*(uint64_t *)field = value;
		break;
	case SETTING_SHARE:
	case SETTING_COUNT:
		*(uint32_t *)field = (uint32_t)value;
		break;
	case SETTING_RUNG:
		*(enum rung *)field = (enum rung)value;
		break;
	case SETTING_BRAKE:
		*(enum brake *)field = (enum brake)value;
		break;
	case SETTING_PATTERNS:
	case SETTING_RANKS:
		break;
	}
}

static size_t profile_value_scalar_size(enum setting_kind kind)
{
	return kind == SETTING_BYTES || kind == SETTING_USEC ? sizeof(uint64_t) : sizeof(uint32_t);
}

_Static_assert(sizeof(enum rung) == sizeof(uint32_t), "scalar_size() counts on it");

/* "Key=": back to the built-in value. */
static void profile_value_reset_scalar(struct profile *profile,
				       const struct profile_setting *setting)
{
	struct profile defaults;

	profile_init(&defaults);
	memcpy(profile_value_setting_field(profile, setting),
	       profile_value_setting_field(&defaults, setting),
	       profile_value_scalar_size(setting->kind));
}

static bool profile_value_is_in_range(const struct profile_setting *setting, const char *text)
{
	uint64_t value;

	return profile_value_parse_scalar(setting->kind, text, &value) == 0 &&
	       value >= setting->min && value <= setting->max;
}

/*
 * What was probably meant: the number with the unit that is most often left out ("30%", "500ms",
 * "16M"), without blanks ("30 %"), without the B of "4GB" and "4GiB", with a point ("0,3").
 * Returns: false when none of them fits the setting.
 */
static bool profile_value_guess_value(const struct profile_setting *setting, const char *text,
				      char *buf, size_t size)
{
	static const char *const units[][4] = {
		[SETTING_BYTES] = { "", "M", "G" },
		[SETTING_USEC] = { "", "ms", "s" },
		[SETTING_SHARE] = { "", "%" },
		[SETTING_COUNT] = { "" },
		[SETTING_PATTERNS] = {},
		[SETTING_RANKS] = {},
	};
	char number[32];
	size_t length = 0;

	if (setting->kind >= sizeof(units) / sizeof(units[0]))
		return false;
	for (; *text && length < sizeof(number) - 1; text++)
		if (*text != ' ' && *text != '\t')
			number[length++] = *text == ',' ? '.' : *text;
	number[length] = '\0';
	if (setting->kind == SETTING_BYTES && strcspn(number, "Bi") > 0)
		number[strcspn(number, "Bi")] = '\0';
	for (const char *const *unit = units[setting->kind]; *unit; unit++) {
		snprintf(buf, size, "%s%s", number, *unit);
		if (profile_value_is_in_range(setting, buf))
			return true;
	}
	return false;
}

/* Both 1 % and all of it may be meant by a bare 1. */
static bool profile_value_is_ambiguous(const struct profile_setting *setting, const char *text)
{
	return setting->kind == SETTING_SHARE && strcmp(text, "1") == 0;
}

static int profile_value_scalar_problem(const struct profile_setting *setting,
					const struct assignment *a, bool is_number,
					char **ret_problem)
{
	char min[32], max[32], guess[48], hint[80] = "";
	const char *low =
		profile_value_format_number(setting->kind, setting->min, min, sizeof(min));
	const char *high =
		profile_value_format_number(setting->kind, setting->max, max, sizeof(max));

	if (profile_value_is_ambiguous(setting, a->value))
		return assignment_problem(a, ret_problem,
					  "%s=1 may mean 1%% or all of it; write 1%% or 100%%",
					  a->key);
	if (profile_value_guess_value(setting, a->value, guess, sizeof(guess)))
		snprintf(hint, sizeof(hint), "; did you mean %s?", guess);
	if (!is_number)
		return assignment_problem(a, ret_problem, "%s=%s is not %s (%s to %s)%s", a->key,
					  a->value, profile_value_kind_expected(setting->kind), low,
					  high, hint);
	return assignment_problem(a, ret_problem, "%s=%s is out of range; %s to %s is right%s",
				  a->key, a->value, low, high, hint);
}

static int profile_value_apply_scalar(struct profile *profile,
				      const struct profile_setting *setting,
				      const struct assignment *a, char **ret_problem)
{
	uint64_t value = 0;
	int r;

	if (*a->value == '\0') {
		profile_value_reset_scalar(profile, setting);
		return 0;
	}
	r = profile_value_parse_scalar(setting->kind, a->value, &value);
	if (r < 0 || value < setting->min || value > setting->max ||
	    profile_value_is_ambiguous(setting, a->value))
		return profile_value_scalar_problem(setting, a, r != -EINVAL, ret_problem);
	profile_value_store_scalar(profile, setting, value);
	return 0;
}

int profile_value_apply(struct profile *profile, const struct profile_setting *setting,
			const struct assignment *a, char **ret_problem)
{
	if (setting->kind == SETTING_PATTERNS)
		return profile_patterns_apply(profile_value_setting_field(profile, setting), a,
					      ret_problem);
	if (setting->kind == SETTING_RANKS)
		return profile_ranks_apply(profile_value_setting_field(profile, setting), a,
					   ret_problem);
	return profile_value_apply_scalar(profile, setting, a, ret_problem);
}

int profile_value_format(const struct profile *profile, const struct profile_setting *setting,
			 char **ret)
{
	const void *field = (const char *)profile + setting->offset;
	char buf[32], *text;

	if (setting->kind == SETTING_PATTERNS)
		return profile_patterns_format(field, ret);
	if (setting->kind == SETTING_RANKS)
		return profile_ranks_format(field, ret);
	text = strdup(profile_value_format_number(setting->kind, profile_get(profile, setting), buf,
						  sizeof(buf)));
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}
