/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>

#include "policies/profile.h"
#include "tests/unit/course.h"

static void every_setting_is_described_once_and_in_range(void **unused)
{
	struct profile p;

	profile_init(&p);
	for (size_t i = 0; i < n_profile_settings; i++) {
		const struct profile_setting *s = &profile_settings[i];

		assert_ptr_equal(profile_setting_find(s->section, s->key), s);
		assert_true(isupper((unsigned char)s->help[0]));
		assert_int_equal(s->help[strlen(s->help) - 1], '.');
		if (s->kind == SETTING_PATTERNS || s->kind == SETTING_RANKS)
			continue;
		assert_true(profile_get(&p, s) >= s->min);
		assert_true(profile_get(&p, s) <= s->max);
	}
	assert_null(profile_setting_find("Headroom", "medium"));
	assert_null(profile_setting_find("Stall", "Leave"));
}

static void defaults_are_sound(void **unused)
{
	struct profile_conflict conflict;
	struct profile p;

	profile_init(&p);
	assert_true(profile_is_sound(&p, &conflict));
}

/* Changes one setting and expects the complaint to name it. */
static void expect_problem(const char *section, const char *key, uint64_t value)
{
	const struct profile_setting *changed = profile_setting_find(section, key);
	struct profile_conflict conflict = {};
	struct profile p;

	profile_init(&p);
	if (changed->kind == SETTING_BYTES || changed->kind == SETTING_USEC)
		*(uint64_t *)((char *)&p + changed->offset) = value;
	else
		*(uint32_t *)((char *)&p + changed->offset) = (uint32_t)value;
	assert_false(profile_is_sound(&p, &conflict));
	assert_ptr_equal(conflict.setting, changed);
	assert_non_null(conflict.other);
	assert_ptr_not_equal(conflict.other, changed);
	assert_non_null(strstr(conflict.problem, "must not be"));
}

static void settings_that_contradict_are_named(void **unused)
{
	expect_problem("Headroom", "High", 2500);
	expect_problem("Headroom", "Critical", 1500);
	expect_problem("Headroom", "HighMax", 5 * GIB);
	expect_problem("Headroom", "CriticalMax", 3 * GIB);
	expect_problem("Exhaustion", "High", 9 * SEC);
	expect_problem("Exhaustion", "Critical", 4 * SEC);
	expect_problem("Exhaustion", "ConfidenceHigh", 999);
	expect_problem("Exhaustion", "ConfidenceCritical", 1999);
	expect_problem("Stall", "SomeHigh", 500);
	expect_problem("Stall", "SomeCritical", 2000);
	expect_problem("Stall", "FullCritical", 900);
	expect_problem("Stall", "Headroom", 1900);
	expect_problem("Stall", "TriggerSome", 2 * SEC);
	expect_problem("Stall", "TriggerFull", 2 * SEC);
	expect_problem("Ladder", "HighRung", RUNG_WARN);
	expect_problem("Ladder", "CriticalRung", RUNG_UNLOAD);
	expect_problem("Modules", "PerCycleHigh", 4);
	expect_problem("Modules", "PerCycleCritical", 7);
	expect_problem("Modules", "IdleLimitCritical", 6 * USEC_PER_MIN);
	expect_problem("Sampling", "Minimum", 2 * USEC_PER_MIN);
}

static void a_level_that_could_never_be_left_is_refused(void **unused)
{
	struct profile_conflict conflict;
	struct profile p;

	expect_problem("Headroom", "Leave", 9000);
	expect_problem("Headroom", "Leave", 7001);
	profile_init(&p);
	p.headroom_leave_bp = 7000; /* with Medium=20% */
	assert_true(profile_is_sound(&p, &conflict));
	p.headroom_bp[LEVEL_MEDIUM] = p.headroom_bp[LEVEL_HIGH] = p.headroom_bp[LEVEL_CRITICAL] = 0;
	p.headroom_leave_bp = 9500; /* all off: nothing to leave */
	assert_true(profile_is_sound(&p, &conflict));
}

static void zero_switches_a_threshold_off(void **unused)
{
	struct profile_conflict conflict;
	struct profile p;

	profile_init(&p);
	p.exhaustion_usec[LEVEL_MEDIUM] = 0;
	p.stall_some_bp[LEVEL_HIGH] = 0;
	p.stall_full_bp[LEVEL_CRITICAL] = 0;
	assert_true(profile_is_sound(&p, &conflict));
	p.stall_some_bp[LEVEL_CRITICAL] = 500; /* high is off, but medium is not */
	assert_false(profile_is_sound(&p, &conflict));
}

/* With the level between them off, the outer two still must fit. */
static void medium_and_critical_fit_without_high(void **unused)
{
	struct profile_conflict conflict;
	struct profile p;

	profile_init(&p);
	p.exhaustion_usec[LEVEL_HIGH] = 0;
	p.exhaustion_usec[LEVEL_CRITICAL] = 9 * SEC;
	assert_false(profile_is_sound(&p, &conflict));
	assert_string_equal(conflict.setting->key, "Critical");
	assert_string_equal(conflict.other->key, "Medium");
	p.exhaustion_usec[LEVEL_CRITICAL] = 8 * SEC;
	assert_true(profile_is_sound(&p, &conflict));
	p.stall_full_bp[LEVEL_MEDIUM] = 2000;
	assert_false(profile_is_sound(&p, &conflict));
	assert_string_equal(conflict.setting->key, "FullHigh");
	p.stall_full_bp[LEVEL_HIGH] = 0;
	assert_true(profile_is_sound(&p, &conflict));
	p.stall_full_bp[LEVEL_MEDIUM] = 4000;
	assert_false(profile_is_sound(&p, &conflict));
	assert_string_equal(conflict.setting->key, "FullCritical");
	assert_string_equal(conflict.other->key, "FullMedium");
}

/* Nothing is left of a level that begins where the next one does; that is no contradiction. */
static void equal_settings_fit(void **unused)
{
	struct profile_conflict conflict;
	struct profile p;

	profile_init(&p);
	for (int level = LEVEL_MEDIUM; level < N_LEVELS; level++) {
		p.headroom_bp[level] = 1000;
		p.headroom_max_bytes[level] = GIB;
		p.exhaustion_usec[level] = SEC;
		p.exhaustion_confidence_bp[level] = 1000;
		p.stall_some_bp[level] = p.stall_full_bp[level] = 1000;
		p.max_rung[level] = RUNG_SHED;
		p.modules_per_cycle[level] = 5;
	}
	p.stall_headroom_bp = 1000;
	p.trigger_some_usec = p.trigger_full_usec = p.trigger_window_usec;
	p.idle_limit_critical_usec = p.idle_limit_usec;
	p.sampling_min_usec = p.sampling_usec;
	assert_true(profile_is_sound(&p, &conflict));
}

static void some_group_must_be_under_control(void **unused)
{
	struct profile_conflict conflict;
	struct profile p;

	profile_init(&p);
	p.units.n = p.paths.n = 0;
	assert_false(profile_is_sound(&p, &conflict));
	p.paths.n = 1;
	assert_true(profile_is_sound(&p, &conflict));
}

/* Values as default.conf spells them; the daemon's reader is tested with its own tests. */
static void spell(const struct profile *p, const struct profile_setting *s, char *text, size_t size)
{
	const struct pattern_list *list = (const void *)((const char *)p + s->offset);
	uint64_t v = profile_get(p, s);
	size_t n = 0;

	switch (s->kind) {
	case SETTING_BYTES:
		snprintf(text, size, v % GIB ? "%lluM" : "%lluG",
			 (unsigned long long)(v % GIB ? v / MIB : v / GIB));
		break;
	case SETTING_USEC:
		if (v % SEC)
			snprintf(text, size, "%llums", (unsigned long long)(v / MSEC));
		else if (v % USEC_PER_MIN || v == USEC_PER_MIN)
			snprintf(text, size, v == USEC_PER_MIN ? "1min" : "%llus",
				 (unsigned long long)(v / SEC));
		else
			snprintf(text, size, "%llumin", (unsigned long long)(v / USEC_PER_MIN));
		break;
	case SETTING_SHARE:
		snprintf(text, size,
			 v == 0	   ? "0"
			 : v % 100 ? "%llu.%llu%%"
				   : "%llu%%",
			 (unsigned long long)(v / 100), (unsigned long long)(v % 100 / 10));
		break;
	case SETTING_COUNT:
		snprintf(text, size, "%llu", (unsigned long long)v);
		break;
	case SETTING_RUNG:
		snprintf(text, size, "%s", rung_name((enum rung)v));
		break;
	case SETTING_BRAKE:
		snprintf(text, size, "%s", brake_name((enum brake)v));
		break;
	case SETTING_PATTERNS:
		text[0] = '\0';
		for (uint32_t i = 0; i < list->n; i++)
			n += (size_t)snprintf(text + n, size - n, i ? " %s" : "%s",
					      list->pattern[i]);
		break;
	case SETTING_RANKS:
		text[0] = '\0'; /* there are none by default */
		assert_int_equal(v, 0);
		break;
	}
}

/* The value of section/key in an INI text, or NULL. */
static const char *look_up(FILE *file, const char *section, const char *key, char *line, int size)
{
	bool inside = false;

	rewind(file);
	while (fgets(line, size, file)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '[')
			inside = strncmp(line + 1, section, strlen(section)) == 0 &&
				 line[1 + strlen(section)] == ']';
		else if (inside && strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == '=')
			return line + strlen(key) + 1;
	}
	return NULL;
}

static void default_conf_spells_the_defaults_out(void **unused)
{
	const char *root = getenv("SOURCE_ROOT");
	char path[512], line[1024], text[1024];
	struct profile p;
	FILE *file;

	profile_init(&p);
	snprintf(path, sizeof(path), "%s/policies/profiles/default.conf", root ? root : ".");
	file = fopen(path, "r");
	assert_non_null(file);
	for (size_t i = 0; i < n_profile_settings; i++) {
		const struct profile_setting *s = &profile_settings[i];
		const char *value = look_up(file, s->section, s->key, line, sizeof(line));

		if (!value)
			fail_msg("default.conf lacks %s= of [%s]", s->key, s->section);
		spell(&p, s, text, sizeof(text));
		if (s->kind == SETTING_USEC && profile_get(&p, s) == USEC_PER_MIN &&
		    strcmp(value, "60s") == 0)
			continue;
		if (strcmp(value, text) != 0)
			fail_msg("%s=%s in default.conf, %s built in", s->key, value, text);
	}
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_setting_is_described_once_and_in_range),
		cmocka_unit_test(defaults_are_sound),
		cmocka_unit_test(settings_that_contradict_are_named),
		cmocka_unit_test(a_level_that_could_never_be_left_is_refused),
		cmocka_unit_test(zero_switches_a_threshold_off),
		cmocka_unit_test(medium_and_critical_fit_without_high),
		cmocka_unit_test(equal_settings_fit),
		cmocka_unit_test(some_group_must_be_under_control),
		cmocka_unit_test(default_conf_spells_the_defaults_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
