/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cat-config: every file that takes part in a load, in the order in which they apply; `settings`
 * says what is in force
 */

#include <errno.h>
#include <string.h>

#include "controller/config/profile_file.h"
#include "controller/config/settings_file.h"
#include "controller/ctl/output.h"

static int cat_config_cat_profile(const struct ctl *ctl, const char *name)
{
	int r;

	r = profile_cat(ctl->root, name, stdout);
	if (r == -ENOENT)
		return ctl_error("There is no profile %s; put %s.conf into %s", name, name,
				 profile_directories[0]);
	if (r < 0)
		return ctl_error("Cannot print profile %s: %s", name, strerror(-r));
	if (r == 0)
		printf("# profile %s: no file, the built-in values\n", name);
	return CTL_OK;
}

int verb_cat_config(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_free_ char *problem = NULL;
	struct settings settings;
	int n, r;

	output_page(ctl);
	if (argc > 0)
		return cat_config_cat_profile(ctl, argv[0]);
	n = settings_cat(ctl->root, stdout);
	if (n < 0)
		return ctl_error("Cannot print reliefd.conf: %s", strerror(-n));
	r = settings_load(ctl->root, &settings, NULL, &problem);
	if (r < 0)
		return ctl_error("%s", problem ? problem : strerror(-r));
	printf("%s\n", n > 0 ? "" : "# reliefd.conf: no file, the built-in values\n");
	return cat_config_cat_profile(ctl, settings.profile);
}
