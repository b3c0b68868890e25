/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/groups/unit_order.h"

#include <stdio.h>
#include <string.h>

struct search {
	const char *owner;
	int n; /* directories so far */
	bool is_found;
};

const char *unit_order_type(const char *unit)
{
	const char *dot = strrchr(unit, '.');

	return dot ? dot + 1 : "";
}

/* Where the instance begins, NULL for a plain unit; "" at it for a template. */
static const char *unit_order_instance_of(const char *unit)
{
	const char *at = strchr(unit, '@');

	return at && at < strrchr(unit, '.') ? at + 1 : NULL;
}

bool unit_order_template(const char *unit, char buf[static UNIT_NAME_SIZE])
{
	const char *instance = unit_order_instance_of(unit);
	int n;

	if (!instance || *instance == '.')
		return false;
	n = snprintf(buf, UNIT_NAME_SIZE, "%.*s.%s", (int)(instance - unit), unit,
		     unit_order_type(unit));
	return n > 0 && n < UNIT_NAME_SIZE;
}

/* How much of a prefix "a-b-c" the next one "a-b-" has; 0: there is none. */
static size_t unit_order_shorter_prefix(const char *prefix, size_t n)
{
	bool was_cut = false;

	for (;;) {
		size_t dash = n;

		while (dash > 0 && prefix[dash - 1] != '-')
			dash--;
		/* None, or nothing before it. */
		if (dash <= 1)
			return 0;
		if (dash < n || was_cut)
			return dash;
		n = dash - 1;
		was_cut = true;
	}
}

static void unit_order_search_unit(struct search *search, const char *unit);

static void unit_order_search_shorter(struct search *search, const char *unit)
{
	const char *instance = unit_order_instance_of(unit);
	size_t prefix = instance ? (size_t)(instance - 1 - unit)
				 : (size_t)(unit_order_type(unit) - 1 - unit);
	char shorter[UNIT_NAME_SIZE];
	int n;

	prefix = unit_order_shorter_prefix(unit, prefix);
	if (prefix == 0)
		return;
	/* A template's shorter names are those of plain units. */
	if (instance && *instance != '.')
		n = snprintf(shorter, sizeof(shorter), "%.*s@%s", (int)prefix, unit, instance);
	else
		n = snprintf(shorter, sizeof(shorter), "%.*s.%s", (int)prefix, unit,
			     unit_order_type(unit));
	if (n > 0 && (size_t)n < sizeof(shorter))
		unit_order_search_unit(search, shorter);
}

static void unit_order_search_unit(struct search *search, const char *unit)
{
	char template[UNIT_NAME_SIZE];

	if (search->is_found)
		return;
	if (strcmp(unit, search->owner) == 0) {
		search->is_found = true;
		return;
	}
	search->n++;
	if (unit_order_template(unit, template))
		unit_order_search_unit(search, template);
	if (!search->is_found)
		unit_order_search_shorter(search, unit);
}

int unit_order_of(const char *unit, const char *owner)
{
	struct search search = { .owner = owner };

	if (*unit_order_type(unit) && strlen(unit) < UNIT_NAME_SIZE)
		unit_order_search_unit(&search, unit);
	return search.is_found ? search.n : -1;
}
