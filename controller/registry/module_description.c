/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names come from any user and end in the journal, on the bus and on administrators' terminals, so
 * what could start an escape sequence, break a line or turn the direction of text is refused.
 */
#include "controller/registry/module_description.h"

#include <stddef.h>
#include <string.h>

#define KNOWN_FLAGS (MODULE_CAN_SHED | MODULE_CAN_UNLOAD | MODULE_IS_UNLOADED | MODULE_IS_KEPT)

/* One row a length: how the first byte looks, and the smallest code point that needs it. */
static const struct utf8_form {
	uint8_t mask, lead;
	uint32_t min;
} utf8_forms[] = {
	{ 0x80, 0x00, 0x0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

/* Returns: bytes taken and *ret the code point; 0 when it is not well-formed. */
static size_t utf8_decode(const char *text, uint32_t *ret)
{
	const uint8_t *byte = (const uint8_t *)text;

	for (size_t i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++) {
		const struct utf8_form *form = &utf8_forms[i];
		uint32_t code = byte[0] & (uint8_t)~form->mask;

		if ((byte[0] & form->mask) != form->lead)
			continue;
		for (size_t k = 1; k <= i; k++) {
			if ((byte[k] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (byte[k] & 0x3f);
		}
		if (code < form->min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return 0;
		*ret = code;
		return i + 1;
	}
	return 0;
}

static bool code_is_printable(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0)) /* C0, DEL, C1 */
		return false;
	if (code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069)) /* line separators, changes of direction */
		return false;
	return code != 0xfeff && (code & 0xfffe) != 0xfffe; /* byte order mark, no characters */
}

bool name_is_printable(const char *name)
{
	uint32_t code;

	for (size_t i = 0, n; name[i]; i += n) {
		n = utf8_decode(name + i, &code);
		if (n == 0 || !code_is_printable(code))
			return false;
	}
	return name[0];
}

static const char *description_problem(const struct module_description *description)
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
	const char *problem = description_problem(description);

	if (problem)
		*ret_problem = problem;
	return !problem;
}
