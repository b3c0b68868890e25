/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reliefd runs as uid 0 with almost nothing left of it. privileges[] is the whole list; a feature
 * that needs another capability adds its row, and drops it by privileges_reduce() when it is only
 * needed at start.
 */
#include "controller/act/privileges.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "controller/base/cleanup.h"
#include "controller/base/log.h"

const struct privilege privileges[] = {
	{ CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE",
	  "stall is noticed in windows of 2 s only, not at all before kernel 6.5" },
	{ CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE",
	  "cgroups delegated to a user can be neither watched for stall nor reclaimed" },
	{ CAP_KILL, "CAP_KILL", "processes of other users cannot be signalled" },
};
const size_t n_privileges = sizeof(privileges) / sizeof(privileges[0]);

static inline void privileges_cap_cleanup(cap_t *caps)
{
	if (*caps)
		cap_free(*caps);
}

static bool privileges_is_listed(int capability, const int *capabilities, size_t n_capabilities)
{
	for (size_t i = 0; i < n_capabilities; i++)
		if (capabilities[i] == capability)
			return true;
	return false;
}

/* Returns: 0, also when it may not; other negative errno. */
static int privileges_reduce_bounding(const int *capabilities, size_t n_capabilities)
{
	for (int capability = 0; capability < (int)cap_max_bits(); capability++) {
		if (privileges_is_listed(capability, capabilities, n_capabilities) ||
		    cap_get_bound(capability) <= 0)
			continue;
		if (cap_drop_bound(capability) < 0)
			return errno == EPERM ? 0 : -errno;
	}
	return 0;
}

/* What is permitted and listed becomes permitted and effective; nothing is inheritable. */
static int privileges_reduce_process(const int *capabilities, size_t n_capabilities)
{
	_cleanup_(privileges_cap_cleanup) cap_t now = cap_get_proc(), kept = cap_init();
	static const cap_flag_t flags[] = { CAP_PERMITTED, CAP_EFFECTIVE };

	if (!now || !kept)
		return -errno;
	for (size_t i = 0; i < n_capabilities; i++) {
		cap_value_t capability = capabilities[i];
		cap_flag_value_t permitted;

		if (cap_get_flag(now, capability, CAP_PERMITTED, &permitted) < 0 ||
		    permitted == CAP_CLEAR)
			continue;
		for (size_t k = 0; k < 2; k++)
			if (cap_set_flag(kept, flags[k], 1, &capability, CAP_SET) < 0)
				return -errno;
	}
	return cap_set_proc(kept) < 0 ? -errno : 0;
}

int privileges_reduce(const int *capabilities, size_t n_capabilities)
{
	int r;

	r = privileges_reduce_bounding(capabilities,
				       n_capabilities); /* needs CAP_SETPCAP: goes first */
	if (r < 0)
		return r;
	if (cap_reset_ambient() < 0)
		return -errno;
	r = privileges_reduce_process(capabilities, n_capabilities);
	if (r < 0)
		return r;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

uint64_t privileges_missing(void)
{
	_cleanup_(privileges_cap_cleanup) cap_t now = cap_get_proc();
	uint64_t missing = 0;

	for (size_t i = 0; i < n_privileges; i++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (!now ||
		    cap_get_flag(now, privileges[i].capability, CAP_EFFECTIVE, &value) < 0 ||
		    value == CAP_CLEAR)
			missing |= UINT64_C(1) << i;
	}
	return missing;
}

int privileges_keep(void)
{
	int capabilities[sizeof(privileges) / sizeof(privileges[0])];
	uint64_t missing;
	int r;

	for (size_t i = 0; i < n_privileges; i++)
		capabilities[i] = privileges[i].capability;
	r = privileges_reduce(capabilities, n_privileges);
	if (r < 0)
		return r;
	missing = privileges_missing();
	for (size_t i = 0; i < n_privileges; i++)
		if (missing & UINT64_C(1) << i)
			log_debug("Without %s %s", privileges[i].name, privileges[i].without);
	return 0;
}
