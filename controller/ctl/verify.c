/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify: is this configuration right? Needs no daemon.
 */

#include <errno.h>
#include <string.h>

#include "controller/config/settings_file.h"
#include "controller/config/stray_files.h"
#include "controller/ctl/configured.h"
#include "controller/ctl/ctl.h"

/* reliefd.conf and its drop-ins; everything else is a profile. */
static bool verify_is_settings_file(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (strcmp(slash ? slash + 1 : path, "reliefd.conf") == 0)
		return true;
	return strstr(path, "reliefd.conf.d/") != NULL;
}

/* Files that are not read are no error: somebody may have put them aside on purpose. */
static void verify_print_remarks(struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->n; i++)
		fprintf(stderr, "%s\n", remarks->list[i]);
	if (remarks->n_left_out > 0)
		fprintf(stderr, "and %zu more that are not read\n", remarks->n_left_out);
	remarks_done(remarks);
}

static int verify_file(const struct ctl *ctl, const char *path)
{
	_cleanup_free_ char *problem = NULL;
	struct remarks remarks = {};
	struct settings settings;
	struct profile profile;
	int r;

	if (verify_is_settings_file(path))
		r = settings_load_file(path, &settings, &problem);
	else
		r = profile_load_file(path, &profile, &problem);
	if (r < 0) {
		fprintf(stderr, "%s\n", problem ? problem : strerror(-r));
		return CTL_FAILURE;
	}
	stray_files_check(path, &remarks);
	verify_print_remarks(&remarks);
	if (!ctl->quiet)
		printf("%s: ok\n", path);
	return CTL_OK;
}

static int verify_installed(const struct ctl *ctl)
{
	struct remarks remarks = {};
	_cleanup_free_ char *problem = NULL;
	struct profile profile;
	int r;

	stray_files_find(ctl->root, &remarks);
	verify_print_remarks(&remarks);
	r = configured_profile(ctl, NULL, &profile, &problem);
	if (r < 0) {
		fprintf(stderr, "%s\n", problem ? problem : strerror(-r));
		return CTL_FAILURE;
	}
	if (!ctl->quiet)
		printf("reliefd.conf and profile %s: ok\n", profile.name);
	return CTL_OK;
}

int verb_verify(struct ctl *ctl, int argc, char **argv)
{
	int status = CTL_OK;

	if (argc == 0)
		return verify_installed(ctl);
	for (int i = 0; i < argc; i++)
		if (verify_file(ctl, argv[i]) != CTL_OK)
			status = CTL_FAILURE;
	return status;
}
