/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is compared is the share of memory that is left when a guard kills, and that of reliefd's
 * critical level. A guard below it is a good last one: reliefd itself kills nothing.
 *
 * All four kill only when free swap is as low, too. That is left out: it makes them later, never
 * earlier, and a host without swap has none to wait for.
 */

#include "controller/ctl/guards.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Built into earlyoom; the second, SIGKILL, is half of it. */
#define EARLYOOM_DEFAULT_BP 1000
/* Built into nohang: soft_threshold_min_mem. */
#define NOHANG_DEFAULT_BP 800
/* Shares are set and shown in whole percent. */
#define ONE_PERCENT_BP 100

/* The percent to set so that a guard acts below reliefd's critical; 1 at least. */
static unsigned int guards_percent_below(const struct guard_thresholds *own)
{
	unsigned int percent = (own->critical_bp + ONE_PERCENT_BP - 1) / ONE_PERCENT_BP;

	return percent > 1 ? percent - 1 : 1;
}

/* "10%", "4.5%" */
static const char *guards_percent_text(uint32_t bp, char *buf, size_t size)
{
	if (bp % ONE_PERCENT_BP == 0)
		snprintf(buf, size, "%u%%", bp / ONE_PERCENT_BP);
	else
		snprintf(buf, size, "%u.%u%%", bp / ONE_PERCENT_BP, bp % ONE_PERCENT_BP / 10);
	return buf;
}

static uint32_t guards_share_bp(double bytes, uint64_t total_bytes)
{
	double bp = total_bytes > 0 ? bytes * 10000 / (double)total_bytes : 0;

	return bp > 10000 ? 10000 : bp < 0 ? 0 : (uint32_t)bp;
}

/* "when it kills" against reliefd's critical. Returns: whether that is in time. */
static bool guards_judge(const char *guard, uint32_t kills_bp, const struct guard_thresholds *own,
			 struct guard_finding *ret)
{
	bool is_early = kills_bp >= own->critical_bp;
	char kills[16];

	*ret = (struct guard_finding){
		.verdict = is_early ? GUARD_IS_TOO_EARLY : GUARD_IS_FINE,
	};
	snprintf(ret->text, sizeof(ret->text), "%s kills when %s is left", guard,
		 guards_percent_text(kills_bp, kills, sizeof(kills)));
	return !is_early;
}

/* The value behind a short option: "-m 4", "-m4", "-m 4,2"; NULL without it. */
static const char *guards_option_value(const char *cmdline, const char *option)
{
	const char *found = NULL;

	for (const char *at = strstr(cmdline, option); at; at = strstr(at + 1, option))
		if (at != cmdline && at[-1] == ' ')
			found = at + strlen(option);
	if (found)
		found += strspn(found, " ");
	return found;
}

/* Is the program that runs, the first word of a command line, of this name? */
static bool guards_program_is(const char *cmdline, const char *name)
{
	size_t length = strcspn(cmdline, " "), name_length = strlen(name);

	return length >= name_length &&
	       strncmp(cmdline + length - name_length, name, name_length) == 0 &&
	       (length == name_length || cmdline[length - name_length - 1] == '/');
}

void guard_earlyoom(const char *cmdline, const struct guard_thresholds *own,
		    struct guard_finding *ret)
{
	uint32_t kills_bp = EARLYOOM_DEFAULT_BP;
	const char *percent, *kib;

	if (!cmdline || !guards_program_is(cmdline, "earlyoom")) {
		*ret = (struct guard_finding){
			.verdict = GUARD_IS_UNKNOWN,
			.text = "earlyoom's command line cannot be read",
			.fix = "ask again once it runs, as root",
		};
		return;
	}
	percent = guards_option_value(cmdline, "-m");
	kib = guards_option_value(cmdline, "-M");
	if (percent)
		kills_bp = (uint32_t)(strtod(percent, NULL) * ONE_PERCENT_BP);
	if (kib) { /* the lower of the two counts */
		uint32_t bp = guards_share_bp(strtod(kib, NULL) * 1024, own->total_bytes);

		kills_bp = !percent || bp < kills_bp ? bp : kills_bp;
	}
	if (!guards_judge("earlyoom", kills_bp, own, ret))
		snprintf(ret->fix, sizeof(ret->fix),
			 "add \"-m %u\" to EARLYOOM_ARGS= in /etc/default/earlyoom; systemctl "
			 "restart earlyoom",
			 guards_percent_below(own));
}

/* The value of "key = value" on a line of its own, NULL without one. */
static const char *guards_key_value(const char *config, const char *key)
{
	for (const char *line = config; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		line += strspn(line, " \t");
		if (strncmp(line, key, strlen(key)) == 0) {
			const char *value = line + strlen(key);

			value += strspn(value, " \t");
			if (*value == '=')
				return value + 1 + strspn(value + 1, " \t");
		}
		if (!strchr(line, '\n'))
			break;
	}
	return NULL;
}

void guard_nohang(const char *config, const struct guard_thresholds *own, struct guard_finding *ret)
{
	const char *value = config ? guards_key_value(config, "soft_threshold_min_mem") : NULL;
	uint32_t kills_bp = NOHANG_DEFAULT_BP;

	if (value) { /* "8 %", "800 M" */
		char *unit;
		double number = strtod(value, &unit);

		unit += strspn(unit, " \t");
		kills_bp = *unit == 'M' ? guards_share_bp(number * 1024 * 1024, own->total_bytes)
					: (uint32_t)(number * ONE_PERCENT_BP);
	}
	if (!guards_judge("nohang", kills_bp, own, ret))
		snprintf(ret->fix, sizeof(ret->fix),
			 "set soft_threshold_min_mem = %u %% and a lower hard_threshold_min_mem in "
			 "nohang.conf; systemctl restart nohang",
			 guards_percent_below(own));
}

/* How many "Path:" lines stand between two headings (or the end). */
static unsigned int guards_count_paths(const char *from, const char *to)
{
	unsigned int n = 0;

	for (const char *at = from; at && (at = strstr(at, "\tPath: ")) && (!to || at < to); at++)
		n++;
	return n;
}

void guard_systemd_oomd(const char *dump, const struct guard_thresholds *own,
			struct guard_finding *ret)
{
	const char *swap = dump ? strstr(dump, "Swap Monitored CGroups:") : NULL;
	const char *pressure = dump ? strstr(dump, "Memory Pressure Monitored CGroups:") : NULL;
	const char *limit = dump ? strstr(dump, "Swap Used Limit: ") : NULL;
	unsigned int n_swap, n_pressure;
	uint32_t left_bp;

	*ret = (struct guard_finding){ .verdict = GUARD_IS_UNKNOWN };
	if (!swap || !pressure || !limit) {
		snprintf(ret->text, sizeof(ret->text),
			 "systemd-oomd runs and cannot be asked what it watches");
		snprintf(ret->fix, sizeof(ret->fix), "see oomctl as root");
		return;
	}
	n_swap = guards_count_paths(swap, pressure);
	n_pressure = guards_count_paths(pressure, NULL);
	ret->verdict = GUARD_IS_FINE;
	if (n_swap == 0) {
		snprintf(ret->text, sizeof(ret->text),
			 n_pressure ? "systemd-oomd kills in %u cgroups after long stalls only"
				    : "systemd-oomd runs and watches no cgroup",
			 n_pressure);
		return;
	}
	/* It kills when so much of swap and of memory is used. */
	left_bp = 10000 -
		  (uint32_t)(strtod(limit + strlen("Swap Used Limit: "), NULL) * ONE_PERCENT_BP);
	if (!guards_judge("systemd-oomd", left_bp, own, ret))
		snprintf(ret->fix, sizeof(ret->fix),
			 "set SwapUsedLimit=%u%% in [OOM] of "
			 "/etc/systemd/oomd.conf.d/reliefd.conf; systemctl restart systemd-oomd",
			 100 - guards_percent_below(own));
}

void guard_low_memory_monitor(const char *config, struct guard_finding *ret)
{
	const char *value = config ? guards_key_value(config, "TriggerKernelOom") : NULL;

	*ret = (struct guard_finding){ .verdict = GUARD_IS_FINE };
	if (!value || strncmp(value, "true", 4) != 0) {
		snprintf(ret->text, sizeof(ret->text), "low-memory-monitor only tells programs");
		return;
	}
	ret->verdict = GUARD_IS_TOO_EARLY;
	snprintf(ret->text, sizeof(ret->text),
		 "low-memory-monitor calls the kernel's OOM killer after stalls");
	snprintf(ret->fix, sizeof(ret->fix),
		 "set TriggerKernelOom=false in /etc/low-memory-monitor.conf (it goes on telling "
		 "programs); systemctl restart low-memory-monitor");
}
