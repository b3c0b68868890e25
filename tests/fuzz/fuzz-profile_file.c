/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever stands in a profile: a sound profile comes out, or one line that says why not
 *
 * The input is the file. libeconf and the line check before it, the values, the lists and the check
 * of settings against each other all take part.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "controller/base/cleanup.h"
#include "controller/config/profile_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-profile_file: %s\n", what);
	abort();
}

static void check_sound(const struct profile *profile)
{
	struct profile_conflict conflict;

	check(profile_is_sound(profile, &conflict), "an unsound profile was accepted");
	check(profile->units.n <= PROFILE_PATTERNS_MAX, "more patterns than there is room for");
	check(profile->ranks.n <= PROFILE_PATTERNS_MAX, "more ranks than there is room for");
	for (uint32_t i = 0; i < profile->ranks.n; i++)
		check(profile->ranks.rank[i].priority >= PRIORITY_MIN &&
			      profile->ranks.rank[i].priority <= PRIORITY_MAX,
		      "a priority is out of its range");
	for (size_t i = 0; i < n_profile_settings; i++) {
		const struct profile_setting *s = &profile_settings[i];
		uint64_t value = profile_get(profile, s);

		check(s->kind == SETTING_PATTERNS || s->kind == SETTING_RANKS ||
			      (value >= s->min && value <= s->max),
		      "a value is out of its range");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *problem = NULL;
	_cleanup_fd_ int fd = memfd_create("fuzz-profile_file", MFD_CLOEXEC);
	struct profile profile, before;
	char path[32];

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size, "the input could not be written");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	memset(&profile, 0x5a, sizeof(profile));
	before = profile;
	if (profile_load_file(path, &profile, &problem) == 0) {
		check_sound(&profile);
		return 0;
	}
	check(problem && strncmp(problem, path, strlen(path)) == 0, "a problem without its file");
	check(!strchr(problem, '\n'), "a problem of more than one line");
	check(memcmp(&profile, &before, sizeof(profile)) == 0, "a failed read changed the profile");
	return 0;
}
