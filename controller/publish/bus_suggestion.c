/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GetSuggestions: the policies' numbers as sentences for people, and as numbers for programs
 */

#include <inttypes.h>
#include <stdio.h>

#include "controller/base/parse.h"
#include "controller/groups/unit_name.h"
#include "controller/publish/bus_internal.h"
#include "policies/suggestion.h"

/* Fit format_bytes() and format_usec(). */
#define BYTES_TEXT 16
#define USEC_TEXT  32

#define SENTENCE_SIZE 1024

/* What the sentence calls it: its unit where it is one, else its path. */
static const char *group_word(const struct group *group, char *buf, size_t size)
{
	if (group->slot == GROUP_SLOT_HOST)
		return "the host";
	return unit_name_from_path(group->path, buf, size) ? buf : group->shown;
}

static void say_time_left(const struct suggestion *suggestion, const struct group *group, char *buf,
			  size_t size)
{
	char growth[BYTES_TEXT], total[BYTES_TEXT], left[USEC_TEXT], name[256];

	format_bytes(suggestion->growth_bytes, growth, sizeof(growth));
	format_usec(suggestion->time_left_usec, left, sizeof(left));
	if (group->slot == GROUP_SLOT_HOST)
		snprintf(buf, size,
			 "At its present growth of %s a second the host runs out of memory in %s: "
			 "find what grows (reliefctl tasks)",
			 growth, left);
	else
		snprintf(buf, size,
			 "At its present growth of %s a second %s reaches its limit of %s in %s: "
			 "raise that limit (MemoryMax=, MemoryHigh=) or find what grows (reliefctl "
			 "tasks)",
			 growth, group_word(group, name, sizeof(name)),
			 format_bytes(suggestion->total_bytes, total, sizeof(total)), left);
}

static void say_brake(const struct suggestion *suggestion, const struct group *group, char *buf,
		      size_t size)
{
	char name[256];

	snprintf(
		buf, size,
		"The kernel killed in %s when its time ran out (%" PRIu64
		" times, lately): a brake gives others time to make room; set Mode=auto in [Brake] "
		"of the profile",
		group_word(group, name, sizeof(name)), suggestion->n_kills);
}

static void (*const sentences[N_SUGGESTION_KINDS])(const struct suggestion *suggestion,
						   const struct group *group, char *buf,
						   size_t size) = {
	[SUGGESTION_TIME_LEFT] = say_time_left,
	[SUGGESTION_BRAKE] = say_brake,
};

static int append_numbers(sd_bus_message *reply, const struct suggestion *suggestion)
{
	return sd_bus_message_append(
		reply, "a{sv}", 6, "TimeLeftUSec", "t", suggestion->time_left_usec,
		"TimeLeftConfidence", "u", suggestion->confidence_bp, "GrowthBytesPerSecond", "t",
		suggestion->growth_bytes, "Headroom", "t", suggestion->headroom_bytes, "Limit", "t",
		suggestion->total_bytes, "Kills", "t", suggestion->n_kills);
}

static int append_suggestion(sd_bus_message *reply, const struct suggestion *suggestion,
			     const struct group *group)
{
	_cleanup_free_ char *path = NULL;
	char sentence[SENTENCE_SIZE];
	int r;

	r = bus_group_path(group, &path);
	if (r < 0)
		return r;
	sentences[suggestion->kind](suggestion, group, sentence, sizeof(sentence));
	r = sd_bus_message_open_container(reply, 'r', "sssosa{sv}");
	if (r < 0)
		return r;
	r = sd_bus_message_append(reply, "sssos", suggestion_kind_name(suggestion->kind),
				  severity_name(suggestion->severity), group->shown, path,
				  sentence);
	if (r < 0)
		return r;
	r = append_numbers(reply, suggestion);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_suggestions(struct bus *bus, sd_bus_message *reply)
{
	struct suggestion list[SUGGESTIONS_MAX];
	size_t n = suggestion_list(bus->config.profile, bus->config.state, bus_now(bus), list,
				   SUGGESTIONS_MAX);
	int r;

	r = sd_bus_message_open_container(reply, 'a', "(sssosa{sv})");
	for (size_t i = 0; r >= 0 && i < n; i++) {
		const struct group *group = group_set_get(bus->config.groups, list[i].group_slot);

		if (group && group->id == list[i].group_id)
			r = append_suggestion(reply, &list[i], group);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_suggest(struct bus *bus, sd_bus_message *call)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(call, &reply);
	if (r < 0)
		return r;
	r = append_suggestions(bus, reply);
	return r < 0 ? r : sd_bus_message_send(reply);
}
