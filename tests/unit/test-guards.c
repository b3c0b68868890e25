/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/guards.h"
#include "fixture.h"

/* The shipped thresholds on a host of 1 GiB. */
static const struct guard_thresholds own = {
	.medium_bp = 2000,
	.high_bp = 1000,
	.critical_bp = 500,
	.total_bytes = 1024ULL * 1024 * 1024,
};

static void assert_earlyoom(const char *cmdline, enum guard_verdict verdict, const char *text)
{
	struct guard_finding finding;

	guard_earlyoom(cmdline, &own, &finding);
	assert_string_equal(finding.text, text);
	assert_int_equal(finding.verdict, verdict);
	assert_int_equal(finding.fix[0] == '\0', verdict == GUARD_IS_FINE);
}

static void earlyoom_by_its_command_line(void **unused)
{
	struct guard_finding finding;

	assert_earlyoom("/usr/bin/earlyoom -r 3600 ", GUARD_IS_TOO_EARLY,
			"earlyoom kills when 10% is left");
	assert_earlyoom("/usr/bin/earlyoom -m 5 ", GUARD_IS_TOO_EARLY,
			"earlyoom kills when 5% is left");
	assert_earlyoom("/usr/bin/earlyoom -m 4,2 -s 10 ", GUARD_IS_FINE,
			"earlyoom kills when 4% is left");
	assert_earlyoom("/usr/bin/earlyoom -m4 --avoid (^|/)(sshd-m 10)$ ", GUARD_IS_FINE,
			"earlyoom kills when 4% is left");
	assert_earlyoom("/usr/bin/earlyoom -m 10 -m 3 ", GUARD_IS_FINE,
			"earlyoom kills when 3% is left"); /* the last one counts */
	assert_earlyoom("/usr/bin/earlyoom -M 31457 ", GUARD_IS_FINE,
			"earlyoom kills when 2.9% is left");
	assert_earlyoom("/usr/bin/earlyoom -m 20 -M 31457 ", GUARD_IS_FINE,
			"earlyoom kills when 2.9% is left");
	guard_earlyoom("earlyoom ", &own, &finding);
	assert_non_null(strstr(finding.fix, "-m 4"));
	assert_non_null(strstr(finding.fix, "systemctl restart earlyoom"));
	assert_null(strstr(finding.fix, "disable"));
}

/* With systemd 257 the unit is active while systemd-executor still stands where earlyoom will. */
static void earlyoom_that_is_just_starting_is_not_judged(void **unused)
{
	static const char unread[] = "earlyoom's command line cannot be read";

	assert_earlyoom(NULL, GUARD_IS_UNKNOWN, unread);
	assert_earlyoom("", GUARD_IS_UNKNOWN, unread);
	assert_earlyoom("/usr/lib/systemd/systemd-executor --deserialize 55 --log-level info ",
			GUARD_IS_UNKNOWN, unread);
	assert_earlyoom("/usr/bin/notearlyoom -m 4 ", GUARD_IS_UNKNOWN, unread);
}

static void assert_nohang(const char *config, enum guard_verdict verdict, const char *text)
{
	struct guard_finding finding;

	guard_nohang(config, &own, &finding);
	assert_string_equal(finding.text, text);
	assert_int_equal(finding.verdict, verdict);
}

static void nohang_by_its_configuration(void **unused)
{
	assert_nohang(NULL, GUARD_IS_TOO_EARLY, "nohang kills when 8% is left");
	assert_nohang("# soft_threshold_min_mem = 1 %\n\nsoft_threshold_min_mem = 8 %\n"
		      "hard_threshold_min_mem = 4 %\n",
		      GUARD_IS_TOO_EARLY, "nohang kills when 8% is left");
	assert_nohang("soft_threshold_min_mem=4 %", GUARD_IS_FINE, "nohang kills when 4% is left");
	assert_nohang("soft_threshold_min_mem = 102.4 M\n", GUARD_IS_TOO_EARLY,
		      "nohang kills when 10% is left");
}

/* As 252 prints it. */
#define OOMD_HEAD                                                                       \
	"Dry Run: no\nSwap Used Limit: 90.00%\nDefault Memory Pressure Limit: 60.00%\n" \
	"Default Memory Pressure Duration: 30s\nSystem Context:\n"                      \
	"\tMemory: Used: 300.0M, Total: 966.0M\n\tSwap: Used: 0B, Total: 0B\n"

static void assert_oomd(const char *dump, enum guard_verdict verdict, const char *text)
{
	struct guard_finding finding;

	guard_systemd_oomd(dump, &own, &finding);
	assert_string_equal(finding.text, text);
	assert_int_equal(finding.verdict, verdict);
	if (verdict == GUARD_IS_TOO_EARLY)
		assert_non_null(strstr(finding.fix, "SwapUsedLimit=96%"));
}

static void systemd_oomd_by_its_dump(void **unused)
{
	assert_oomd(OOMD_HEAD "Swap Monitored CGroups:\nMemory Pressure Monitored CGroups:\n",
		    GUARD_IS_FINE, "systemd-oomd runs and watches no cgroup");
	assert_oomd(OOMD_HEAD "Swap Monitored CGroups:\nMemory Pressure Monitored CGroups:\n"
			      "\tPath: /user.slice\n\t\tMemory Pressure Limit: 50.00%\n",
		    GUARD_IS_FINE, "systemd-oomd kills in 1 cgroups after long stalls only");
	assert_oomd(OOMD_HEAD "Swap Monitored CGroups:\n\tPath: /\n\t\tSwap Usage: (see System "
			      "Context)\nMemory Pressure Monitored CGroups:\n",
		    GUARD_IS_TOO_EARLY, "systemd-oomd kills when 10% is left");
	assert_oomd("Swap Used Limit: 97.00%\nSwap Monitored CGroups:\n\tPath: /\n"
		    "Memory Pressure Monitored CGroups:\n",
		    GUARD_IS_FINE, "systemd-oomd kills when 3% is left");
	assert_oomd(NULL, GUARD_IS_UNKNOWN,
		    "systemd-oomd runs and cannot be asked what it watches");
}

static void low_memory_monitor_kills_only_when_it_is_set(void **unused)
{
	struct guard_finding finding;

	guard_low_memory_monitor(NULL, &finding);
	assert_int_equal(finding.verdict, GUARD_IS_FINE);
	guard_low_memory_monitor("[Configuration]\nTriggerKernelOom=false\n", &finding);
	assert_int_equal(finding.verdict, GUARD_IS_FINE);
	guard_low_memory_monitor("[Configuration]\nTriggerKernelOom = true\n", &finding);
	assert_int_equal(finding.verdict, GUARD_IS_TOO_EARLY);
	assert_non_null(strstr(finding.fix, "TriggerKernelOom=false"));
}

static void a_profile_without_a_critical_level_leaves_room_for_a_guard(void **unused)
{
	struct guard_thresholds low = own;
	struct guard_finding finding;

	low.critical_bp = 100;
	guard_earlyoom("earlyoom ", &low, &finding);
	assert_non_null(strstr(finding.fix, "-m 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(earlyoom_by_its_command_line),
		cmocka_unit_test(earlyoom_that_is_just_starting_is_not_judged),
		cmocka_unit_test(nohang_by_its_configuration),
		cmocka_unit_test(systemd_oomd_by_its_dump),
		cmocka_unit_test(low_memory_monitor_kills_only_when_it_is_set),
		cmocka_unit_test(a_profile_without_a_critical_level_leaves_room_for_a_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
