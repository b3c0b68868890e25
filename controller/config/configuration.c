/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/config/configuration.h"

#include <errno.h>

#include "controller/config/profile_value.h"

int configuration_load(const char *root, const char *profile, struct configuration *ret,
		       char **ret_problem)
{
	struct configuration loaded = {};
	int r;

	r = settings_load(root, &loaded.settings, &loaded.settings_from, ret_problem);
	if (r < 0)
		return r;
	r = profile_load(root, profile ? profile : loaded.settings.profile, &loaded.profile,
			 &loaded.profile_from, ret_problem);
	if (r < 0)
		configuration_done(&loaded);
	else
		*ret = loaded;
	return r;
}

void configuration_done(struct configuration *configuration)
{
	origins_done(&configuration->settings_from);
	origins_done(&configuration->profile_from);
}

static int configuration_list_settings(const struct configuration *c, struct setting_list *list)
{
	char buf[RECORD_NAME_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_settings; i++)
		r = setting_list_add(list, SETTINGS_SECTION, settings_key(i),
				     settings_value(&c->settings, i, buf, sizeof(buf)),
				     origins_text(&c->settings_from, i));
	return r;
}

static int configuration_list_profile(const struct configuration *c, struct setting_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_profile_settings; i++) {
		_cleanup_free_ char *value = NULL;

		r = profile_value_format(&c->profile, &profile_settings[i], &value);
		if (r == 0)
			r = setting_list_add(list, profile_settings[i].section,
					     profile_settings[i].key, value,
					     origins_text(&c->profile_from, i));
	}
	return r;
}

int configuration_list(const struct configuration *configuration, struct setting_list *ret)
{
	struct setting_list list = {};
	int r;

	r = configuration_list_settings(configuration, &list);
	if (r == 0)
		r = configuration_list_profile(configuration, &list);
	if (r < 0)
		setting_list_done(&list);
	else
		*ret = list;
	return r;
}
