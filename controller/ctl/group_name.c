/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/group_name.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/groups/unit_name.h"

DEFINE_CLEANUP(DIR *, closedir);

#define POD_LOGS "/var/log/pods"
/* An id, and the part of a pod's UID, that are told apart on one node. */
#define SHORT_ID  12
#define SHORT_UID 8
/* A run of digits this long is an id, no name: the shortest in use is an MD5. */
#define LONG_ID 32
/* A node runs some hundred pods; more than these are shown by their UID. */
#define PODS_MAX 1024

/* "shop_web-0_0f6b2a3c-1111-2222-3333-444455556666", as the kubelet names its directories. */
static char *pods[PODS_MAX];
static size_t n_pods;

/* Names of Kubernetes are of these; anything else is not the kubelet's. */
static bool group_name_is_pod_directory(const char *name)
{
	size_t n_parts = 1;

	for (const char *c = name; *c; c++) {
		n_parts += *c == '_';
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) &&
		    !strchr("-._", *c))
			return false;
	}
	return n_parts == 3 && isalnum((unsigned char)name[0]);
}

static void group_name_list_pods(const struct ctl *ctl)
{
	_cleanup_(closedir_cleanup) DIR *dir = NULL;
	static bool is_listed;
	struct dirent *entry;
	char path[PATH_MAX];

	if (is_listed)
		return;
	is_listed = true;
	snprintf(path, sizeof(path), "%s" POD_LOGS, ctl->root ? ctl->root : "");
	dir = opendir(path);
	while (dir && n_pods < PODS_MAX && (entry = readdir(dir)))
		if (group_name_is_pod_directory(entry->d_name) &&
		    (pods[n_pods] = strdup(entry->d_name)))
			n_pods++;
}

char *group_name_pod(const struct ctl *ctl, const char *uid, char *buf, size_t size)
{
	group_name_list_pods(ctl);
	for (size_t i = 0; i < n_pods; i++) {
		const char *name = strchr(pods[i], '_') + 1, *end = strchr(name, '_');

		if (strcmp(end + 1, uid) != 0)
			continue;
		snprintf(buf, size, "%.*s/%.*s", (int)(name - 1 - pods[i]), pods[i],
			 (int)(end - name), name);
		return buf;
	}
	snprintf(buf, size, "pod %.*s", ctl->full ? INT_MAX : SHORT_UID, uid);
	return buf;
}

struct text {
	char *buf;
	size_t size, length;
};

static void group_name_put(struct text *text, char c)
{
	if (text->length + 1 < text->size) {
		text->buf[text->length++] = c;
		text->buf[text->length] = '\0';
	}
}

/* UTF-8 goes through as it is: only control characters move a cursor. */
static void group_name_put_escaped(struct text *text, const char *string, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)string[i];

		if (c >= ' ' && c != 0x7f) {
			group_name_put(text, (char)c);
			continue;
		}
		group_name_put(text, '\\');
		group_name_put(text, 'x');
		group_name_put(text, digits[c >> 4]);
		group_name_put(text, digits[c & 15]);
	}
}

/* The elements with each long id cut short. */
static void group_name_put_elements(struct text *text, const char *path)
{
	while (*path) {
		size_t run = strspn(path, "0123456789abcdef");
		size_t length = run > 0 ? run : strcspn(path, "0123456789abcdef");

		group_name_put_escaped(text, path, run >= LONG_ID ? SHORT_ID : length);
		path += length;
	}
}

/* The end of the innermost element that contains `word`, NULL without one. */
static const char *group_name_end_of_element_with(const char *path, const char *word)
{
	const char *found = NULL;

	for (const char *at = strstr(path, word); at; at = strstr(at + 1, word))
		found = at;
	return found ? found + strcspn(found, "/") : NULL;
}

/* The kubelet's driver for systemd writes the UID's dashes as underscores. */
static const char *group_name_end_of_pod(const char *path, const char *uid)
{
	const char *end = group_name_end_of_element_with(path, uid);
	char escaped[256];

	if (end)
		return end;
	snprintf(escaped, sizeof(escaped), "%s", uid);
	for (char *c = escaped; *c; c++)
		if (*c == '-')
			*c = '_';
	return group_name_end_of_element_with(path, escaped);
}

/* Returns: whether the path is that of a pod, or of something in it. */
static bool group_name_put_pod(const struct ctl *ctl, struct text *text, const char *path)
{
	char uid[256], container[256], name[600];
	const char *rest;

	if (!pod_uid_from_path(path, uid, sizeof(uid)))
		return false;
	rest = group_name_end_of_pod(path, uid);
	if (!rest)
		return false;
	group_name_pod(ctl, uid, name, sizeof(name));
	group_name_put_escaped(text, name, strlen(name));
	if (container_id_from_path(path, container, sizeof(container)) &&
	    group_name_end_of_element_with(rest, container)) {
		group_name_put(text, '/');
		group_name_put_escaped(text, container, strnlen(container, SHORT_ID));
		rest = group_name_end_of_element_with(rest, container);
	}
	group_name_put_elements(text, rest);
	return true;
}

/* Where the element that gives the unit its name begins; the path without one. */
static const char *group_name_unit_part(const char *path)
{
	const char *found = path;
	char unit[256];

	if (!unit_name_from_path(path, unit, sizeof(unit)))
		return path;
	for (const char *at = path; (at = strchr(at, '/')); at++) {
		size_t length = strcspn(at + 1, "/");
		char element[256];

		if (length >= sizeof(element))
			continue;
		memcpy(element, at + 1, length);
		element[length] = '\0';
		if (strcmp(unit_name_unescape(element), unit) == 0)
			found = at + 1;
	}
	return found;
}

static char *group_name_of(const struct ctl *ctl, const char *path, const char *part, char *buf,
			   size_t size)
{
	struct text text = { .buf = buf, .size = size };

	buf[0] = '\0';
	if (ctl->full)
		group_name_put_escaped(&text, path, strlen(path));
	else if (!group_name_put_pod(ctl, &text, path))
		group_name_put_elements(&text, part);
	return buf;
}

char *group_name(const struct ctl *ctl, const char *path, char *buf, size_t size)
{
	return group_name_of(ctl, path, group_name_unit_part(path), buf, size);
}

char *group_name_path(const struct ctl *ctl, const char *path, char *buf, size_t size)
{
	return group_name_of(ctl, path, path, buf, size);
}

char *group_name_below(const struct ctl *ctl, const char *path, size_t skip, char *buf, size_t size)
{
	struct text text = { .buf = buf, .size = size };
	const char *part = path + skip, *end;
	char uid[256], name[600];

	buf[0] = '\0';
	if (ctl->full) {
		group_name_put_escaped(&text, part, strlen(part));
		return buf;
	}
	/* The pod is named in its own line; what is in it, by what follows. */
	end = pod_uid_from_path(path, uid, sizeof(uid)) ? group_name_end_of_pod(path, uid) : NULL;
	if (end && end > part) {
		group_name_pod(ctl, uid, name, sizeof(name));
		group_name_put_escaped(&text, name, strlen(name));
		part = end;
	}
	group_name_put_elements(&text, part);
	return buf;
}
