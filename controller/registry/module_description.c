/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names come from any user and end in the journal, on the bus and on administrators' terminals, so
 * what could start an escape sequence, break a line or turn the direction of text is refused.
 */
#include "controller/registry/module_description.h"

#include <stddef.h>
#include <string.h>

#include "controller/base/printable.h"

#define KNOWN_FLAGS (MODULE_CAN_SHED | MODULE_CAN_UNLOAD | MODULE_IS_UNLOADED | MODULE_IS_KEPT)

bool name_is_printable(const char *name)
{
	return name[0] && printable_is(name);
}

static const char *module_description_problem(const struct module_description *description)
{
	if (!memchr(description->name, '\0', sizeof(description->name)) || !description->name[0])
		return "the name must have 1 to 63 bytes";
	if (!name_is_printable(description->name))
		return "the name must be printable UTF-8";
	if ((unsigned int)description->kind >= N_MODULE_KINDS)
		return "the kind must be 0 cache, 1 model, 2 pool, 3 worker or 4 other";
	if (description->flags & ~KNOWN_FLAGS)
		return "unknown flags are set";
	if (!(description->flags & (MODULE_CAN_SHED | MODULE_CAN_UNLOAD)))
		return "a module must be able to shed or to unload, or both";
	if (description->size_bytes >= MODULE_AMOUNT_LIMIT)
		return "the size must be below 2^60 bytes";
	if (description->idle_limit_usec >= MODULE_AMOUNT_LIMIT)
		return "the idle limit must be below 2^60 microseconds";
	if (description->reload_cost_usec >= MODULE_AMOUNT_LIMIT)
		return "the reload cost must be below 2^60 microseconds";
	return NULL;
}

bool module_description_is_valid(const struct module_description *description,
				 const char **ret_problem)
{
	const char *problem = module_description_problem(description);

	if (problem)
		*ret_problem = problem;
	return !problem;
}
