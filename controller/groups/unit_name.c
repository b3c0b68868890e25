/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every question is asked of the path's elements from the innermost outwards; the first element
 * that answers wins:
 *
 *    /kubepods.slice/kubepods-burstable-pod<uid>.slice/cri-containerd-<id>.scope
 *                                      └── pod ─┘                    └ container
 */

#include "controller/groups/unit_name.h"

#include <stdint.h>
#include <string.h>

/* UNIT_NAME_MAX of systemd, without the NUL. */
#define UNIT_NAME_LENGTH    255
#define CONTAINER_ID_LENGTH 64
/* A UUID, with separators or (static pods) a bare hash without. */
#define POD_UID_LENGTH	    36
#define POD_UID_BARE_LENGTH 32

/* One element of a path, not terminated. */
struct element {
	const char *name;
	size_t length;
};

/* The last element before `end`; false at the root. Moves `end` to the slash before it. */
static bool unit_name_element_previous(const char *path, const char **end, struct element *ret)
{
	const char *e = *end, *s;

	while (e > path && e[-1] == '/')
		e--;
	for (s = e; s > path && s[-1] != '/'; s--)
		;
	*ret = (struct element){ s, (size_t)(e - s) };
	*end = s;
	return s < e;
}

static bool unit_name_copy_out(const char *name, size_t length, char *buf, size_t size)
{
	if (length >= size)
		return false;
	memcpy(buf, name, length);
	buf[length] = '\0';
	return true;
}

static bool unit_name_element_ends_with(const struct element *e, const char *suffix)
{
	size_t n = strlen(suffix);

	return e->length > n && memcmp(e->name + e->length - n, suffix, n) == 0;
}

/* Unit types that can own a cgroup. */
static bool unit_name_element_is_unit(const struct element *e)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789:-_.\\@";
	static const char *const suffixes[] = { ".service", ".scope", ".slice",
						".socket",  ".mount", ".swap" };

	if (e->length > UNIT_NAME_LENGTH)
		return false;
	for (size_t i = 0; i < e->length; i++)
		if (!memchr(allowed, e->name[i], sizeof(allowed) - 1))
			return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (unit_name_element_ends_with(e, suffixes[i]))
			return true;
	return false;
}

const char *unit_name_unescape(const char *element)
{
	return element[0] == '_' ? element + 1 : element;
}

bool unit_name_from_path(const char *path, char *buf, size_t size)
{
	const char *end = path + strlen(path);
	struct element e;

	while (unit_name_element_previous(path, &end, &e)) {
		if (e.name[0] == '_') {
			e.name++;
			e.length--;
		}
		if (unit_name_element_is_unit(&e))
			return unit_name_copy_out(e.name, e.length, buf, size);
	}
	return false;
}

static size_t unit_name_span_hex(const char *s, size_t length, const char *also)
{
	size_t n = 0;

	while (n < length && (memchr("0123456789abcdef", s[n], 16) ||
			      (also[0] && memchr(also, s[n], strlen(also)))))
		n++;
	return n;
}

/* "kubepods-besteffort-pod<uid>.slice", "kubepods-pod<uid>.slice" or plain "pod<uid>". */
static bool unit_name_pod_uid_from_element(const struct element *e, char *buf, size_t size)
{
	const char *s = e->name, *end = e->name + e->length;
	const char *pod = NULL;
	size_t n;

	if (unit_name_element_ends_with(e, ".slice")) {
		end -= strlen(".slice");
		for (; s + 4 <= end; s++)
			if (memcmp(s, "-pod", 4) == 0)
				pod = s + 4;
	} else if (e->length > 3 && memcmp(s, "pod", 3) == 0) {
		pod = s + 3;
	}
	if (!pod)
		return false;
	n = (size_t)(end - pod);
	if ((n != POD_UID_LENGTH && n != POD_UID_BARE_LENGTH) ||
	    unit_name_span_hex(pod, n, "-_") != n || !unit_name_copy_out(pod, n, buf, size))
		return false;
	for (char *c = buf; *c; c++)
		if (*c == '_')
			*c = '-';
	return true;
}

bool pod_uid_from_path(const char *path, char *buf, size_t size)
{
	const char *end = path + strlen(path);
	struct element e;

	if (!strstr(path, "kubepods"))
		return false;
	while (unit_name_element_previous(path, &end, &e))
		if (unit_name_pod_uid_from_element(&e, buf, size))
			return true;
	return false;
}

/* The id part of "<runtime>-<id>.scope", or the whole element as cgroupfs drivers name it. */
static bool unit_name_container_id_of(struct element e, struct element *ret)
{
	static const char *const runtimes[] = { "cri-containerd-", "crio-", "docker-", "libpod-" };

	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		size_t n = strlen(runtimes[i]);

		if (e.length > n && memcmp(e.name, runtimes[i], n) == 0) {
			e.name += n;
			e.length -= n;
			break;
		}
	}
	if (unit_name_element_ends_with(&e, ".scope"))
		e.length -= strlen(".scope");
	*ret = e;
	return e.length == CONTAINER_ID_LENGTH &&
	       unit_name_span_hex(e.name, e.length, "") == e.length;
}

bool container_id_from_path(const char *path, char *buf, size_t size)
{
	const char *end = path + strlen(path);
	struct element e, id;

	while (unit_name_element_previous(path, &end, &e))
		if (unit_name_container_id_of(e, &id))
			return unit_name_copy_out(id.name, id.length, buf, size);
	return false;
}
