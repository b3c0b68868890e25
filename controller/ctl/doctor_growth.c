/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How growth is noticed, and who is held still when it is too fast
 */

#include <inttypes.h>
#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/doctor.h"
#include "controller/ctl/remote.h"

/* What each growth clock means for this host, the best first. */
static const struct clock {
	const char *name;
	bool has_tripwire;
	const char *meaning;
} clocks[] = {
	{ "charge", true, "the kernel counts every charge and wakes reliefd" },
	{ "rss-stat", true,
	  "the kernel counts the pages of tasks, not their caches, and wakes "
	  "reliefd" },
	{ "rss-stat-sampled", true,
	  "the kernel looks at page faults once a clock tick and wakes reliefd: growth is seen a "
	  "little later, and each fault costs more" },
	{ "task-iterator", false,
	  "nothing wakes reliefd: it reads memory.current every 10 to 50 ms while something "
	  "grows" },
	{ "none", false,
	  "no eBPF: reliefd reads memory.current every 10 to 50 ms while something grows, and "
	  "ranks "
	  "tasks by reading /proc" },
};

static const struct {
	const char *reason, *fix;
} fixes[] = {
	{ "no-btf", "boot a kernel with CONFIG_DEBUG_INFO_BTF=y" },
	{ "no-bpf-capability",
	  "start reliefd with CAP_BPF and CAP_PERFMON, as its unit does: systemctl start reliefd" },
	{ "no-fentry", "boot a kernel that takes fexit programs "
		       "(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y; a security policy or a sandbox "
		       "may refuse them, too)" },
	{ "no-bpf", "boot a kernel with CONFIG_BPF_SYSCALL=y and without lockdown=confidentiality; "
		    "journalctl -u reliefd says what it refused" },
	{ "bpf-off", "set GrowthClock=auto in reliefd.conf, then restart reliefd" },
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const struct clock *doctor_growth_find_clock(const char *name)
{
	for (size_t i = 0; i < N(clocks); i++)
		if (strcmp(clocks[i].name, name) == 0)
			return &clocks[i];
	return NULL;
}

static bool doctor_growth_is_degraded(json_object *manager, const char *reason)
{
	json_object *reasons;

	if (!json_object_object_get_ex(manager, API_DEGRADED_REASONS, &reasons))
		return false;
	for (size_t i = 0; i < json_object_array_length(reasons); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(reasons, i)), reason) ==
		    0)
			return true;
	return false;
}

/* The index in fixes[] of the first reason why the clock is not the best; -1: it is. */
static int doctor_growth_find_lack(json_object *manager)
{
	for (size_t i = 0; i < N(fixes); i++)
		if (doctor_growth_is_degraded(manager, fixes[i].reason))
			return (int)i;
	return -1;
}

/* "; reliefd woken 12 times, 0 events lost" where there are such. */
static const char *doctor_growth_say_counts(const struct doctor *doctor, const struct clock *clock,
					    char *buf, size_t size)
{
	buf[0] = '\0';
	if (clock->has_tripwire)
		snprintf(buf, size, "; reliefd woken %" PRIu64 " times, %" PRIu64 " events lost",
			 props_u64(doctor->manager, API_TRIPWIRE_WAKES),
			 props_u64(doctor->manager, API_LOST_EVENTS));
	return buf;
}

static bool doctor_growth_cannot_ask(const struct doctor *doctor, const char *what,
				     struct finding *finding)
{
	if (doctor->manager)
		return false;
	finding_bad(finding, VERDICT_WARN, "see reliefd and bus", "reliefd cannot be asked %s",
		    what);
	return true;
}

void check_growth(struct doctor *doctor, struct finding *finding)
{
	const struct clock *clock;
	char counts[96];
	int lack;

	if (doctor_growth_cannot_ask(doctor, "how it notices growth", finding))
		return;
	clock = doctor_growth_find_clock(props_string(doctor->manager, API_GROWTH_CLOCK));
	if (!clock) {
		finding_bad(finding, VERDICT_WARN, "install a reliefctl of reliefd's version",
			    "%s is not known to this reliefctl",
			    props_string(doctor->manager, API_GROWTH_CLOCK));
		return;
	}
	doctor_growth_say_counts(doctor, clock, counts, sizeof(counts));
	lack = doctor_growth_find_lack(doctor->manager);
	if (problem_text(doctor, "ebpf"))
		finding_bad(finding, VERDICT_WARN, "as it says; reliefd tries again by itself",
			    "%s", problem_text(doctor, "ebpf"));
	else if (lack < 0)
		finding_ok(finding, "%s: %s%s", clock->name, clock->meaning, counts);
	else
		finding_bad(finding, VERDICT_WARN, fixes[lack].fix, "%s (%s): %s%s", clock->name,
			    fixes[lack].reason, clock->meaning, counts);
}

void check_brake(struct doctor *doctor, struct finding *finding)
{
	const char *mode;
	uint64_t n_held;

	if (doctor_growth_cannot_ask(doctor, "whom it holds still", finding))
		return;
	mode = props_string(doctor->manager, API_BRAKE_MODE);
	n_held = props_u64(doctor->manager, API_N_HELD);
	if (strcmp(mode, "off") == 0 && n_held == 0)
		finding_ok(finding,
			   "off: nobody is ever held still (Mode= in [Brake] of profile "
			   "%s)",
			   props_string(doctor->manager, API_PROFILE));
	else
		finding_ok(finding,
			   "%s: who runs away is held for a moment; now held: %" PRIu64
			   " (reliefctl list)",
			   mode, n_held);
}
