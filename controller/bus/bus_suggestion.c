/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GetSuggestions: the policies' numbers as sentences for people, and as numbers for programs
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/base/parse.h"
#include "controller/bus/bus_internal.h"
#include "controller/groups/unit_name.h"
#include "policies/suggestion.h"

/* Fit format_bytes() and format_usec(). */
#define BYTES_TEXT 16
#define USEC_TEXT  32

#define SENTENCE_SIZE 1024

/* What the sentence calls it: its unit where it is one, else its path. */
static const char *bus_suggestion_group_word(const struct group *group, char *buf, size_t size)
{
	if (group->slot == GROUP_SLOT_HOST)
		return "the host";
	return unit_name_from_path(group->path, buf, size) ? buf : group->shown;
}

static void bus_suggestion_say_time_left(const struct suggestion *suggestion,
					 const struct group *group, const char *module, char *buf,
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
			 growth, bus_suggestion_group_word(group, name, sizeof(name)),
			 format_bytes(suggestion->total_bytes, total, sizeof(total)), left);
}

static void bus_suggestion_say_brake(const struct suggestion *suggestion, const struct group *group,
				     const char *module, char *buf, size_t size)
{
	char name[256];

	snprintf(
		buf, size,
		"The kernel killed in %s when its time ran out (%" PRIu64
		" times, lately): a brake gives others time to make room; set Mode=auto in [Brake] "
		"of the profile",
		bus_suggestion_group_word(group, name, sizeof(name)), suggestion->n_kills);
}

static const char *bus_suggestion_module_name(const struct bus *bus,
					      const struct suggestion *suggestion)
{
	const struct module *module = registry_get(bus->config.registry, suggestion->module_slot);

	return module && module->id == suggestion->module_id ? module->description.name : "";
}

static void bus_suggestion_say_liar(const struct suggestion *suggestion, const struct group *group,
				    const char *module, char *buf, size_t size)
{
	char name[256], claimed[BYTES_TEXT], measured[BYTES_TEXT];

	snprintf(buf, size,
		 "Module \"%s\" of %s says it gave back %s, and %s was measured: see whether what "
		 "it "
		 "frees goes back to the kernel (malloc_trim(3), madvise(2); huge pages are given "
		 "back as a whole only)",
		 module, bus_suggestion_group_word(group, name, sizeof(name)),
		 format_bytes(suggestion->claimed_bytes, claimed, sizeof(claimed)),
		 format_bytes(suggestion->measured_bytes, measured, sizeof(measured)));
}

static void bus_suggestion_say_late(const struct suggestion *suggestion, const struct group *group,
				    const char *module, char *buf, size_t size)
{
	char name[256], latency[USEC_TEXT], last[64] = "";

	if (suggestion->last_latency_usec > 0)
		snprintf(last, sizeof(last), ", its last answer took %s",
			 format_usec(suggestion->last_latency_usec, latency, sizeof(latency)));
	snprintf(buf, size,
		 "Module \"%s\" of %s was late %" PRIu32 " of %" PRIu32
		 " times%s: let it answer with what it freed so far, or give it more time "
		 "(ShedDeadline=, UnloadDeadline= of the profile)",
		 module, bus_suggestion_group_word(group, name, sizeof(name)), suggestion->n_late,
		 suggestion->n_requests, last);
}

static void bus_suggestion_say_excluded(const struct suggestion *suggestion,
					const struct group *group, const char *module, char *buf,
					size_t size)
{
	if (suggestion->n_excluded == 1)
		snprintf(buf, size,
			 "The only module is excluded, so no service can be asked in a shortage: "
			 "reliefctl list modules shows it, ");
	else
		snprintf(buf, size,
			 "All %" PRIu32 " modules are excluded, so no service can be asked in a "
			 "shortage: reliefctl list modules shows them, ",
			 suggestion->n_excluded);
	snprintf(buf + strlen(buf), size - strlen(buf),
		 "reliefctl status UNIT the setting (Exclude= of the profile, [X-Relief] of the "
		 "unit)");
}

static void (*const sentences[N_SUGGESTION_KINDS])(const struct suggestion *suggestion,
						   const struct group *group, const char *module,
						   char *buf, size_t size) = {
	[SUGGESTION_TIME_LEFT] = bus_suggestion_say_time_left,
	[SUGGESTION_BRAKE] = bus_suggestion_say_brake,
	[SUGGESTION_LIAR] = bus_suggestion_say_liar,
	[SUGGESTION_LATE] = bus_suggestion_say_late,
	[SUGGESTION_EXCLUDED] = bus_suggestion_say_excluded,
};

/* Of a group and of a module, each with its own numbers. */
static int bus_suggestion_append_numbers(sd_bus_message *reply, const struct suggestion *suggestion)
{
	if (suggestion->module_slot != SLOT_NONE)
		return sd_bus_message_append(
			reply, "a{sv}", 5, "ClaimedBytes", "t", suggestion->claimed_bytes,
			"FreedBytes", "t", suggestion->measured_bytes, "NRequests", "u",
			suggestion->n_requests, "NLate", "u", suggestion->n_late, "LastLatencyUSec",
			"t", suggestion->last_latency_usec);
	return sd_bus_message_append(
		reply, "a{sv}", 6, "TimeLeftUSec", "t", suggestion->time_left_usec,
		"TimeLeftConfidence", "u", suggestion->confidence_bp, "GrowthBytesPerSecond", "t",
		suggestion->growth_bytes, "Headroom", "t", suggestion->headroom_bytes, "Limit", "t",
		suggestion->total_bytes, "Kills", "t", suggestion->n_kills);
}

/* The entry up to its numbers. */
static int bus_suggestion_open_entry(sd_bus_message *reply, enum suggestion_kind kind,
				     enum severity severity, const char *control_group,
				     const char *object, const char *sentence)
{
	int r;

	r = sd_bus_message_open_container(reply, 'r', "sssosa{sv}");
	if (r < 0)
		return r;
	return sd_bus_message_append(reply, "sssos", suggestion_kind_name(kind),
				     severity_name(severity), control_group, object, sentence);
}

static int bus_suggestion_append_suggestion(struct bus *bus, sd_bus_message *reply,
					    const struct suggestion *suggestion,
					    const struct group *group)
{
	char sentence[SENTENCE_SIZE], module_path[BUS_MODULE_PATH_SIZE];
	bool is_module = suggestion->module_slot != SLOT_NONE;
	_cleanup_free_ char *path = NULL;
	int r;

	r = bus_group_path(group, &path);
	if (r < 0)
		return r;
	bus_module_path(suggestion->module_id, module_path);
	sentences[suggestion->kind](suggestion, group, bus_suggestion_module_name(bus, suggestion),
				    sentence, sizeof(sentence));
	r = bus_suggestion_open_entry(reply, suggestion->kind, suggestion->severity, group->shown,
				      is_module ? module_path : path, sentence);
	if (r >= 0)
		r = bus_suggestion_append_numbers(reply, suggestion);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void bus_suggestion_say_kills(const struct kill_note *kills, uint64_t now_usec, char *buf,
				     size_t size)
{
	char unit[256], limit[BYTES_TEXT], age[USEC_TEXT], where[64] = "";
	uint64_t age_usec = u64_sub(now_usec, kills->last_usec) / USEC_PER_SEC * USEC_PER_SEC;
	bool is_limited = kills->limit_bytes != BYTES_UNLIMITED;

	if (is_limited)
		snprintf(where, sizeof(where), " below its limit of %s",
			 format_bytes(kills->limit_bytes, limit, sizeof(limit)));
	snprintf(buf, size,
		 "The kernel killed %" PRIu64 " %s in %s%s, %s ago for the last time: %s", kills->n,
		 kills->n == 1 ? "process" : "processes",
		 unit_name_from_path(kills->path, unit, sizeof(unit)) ? unit : kills->path, where,
		 format_usec(u64_max(age_usec, USEC_PER_SEC), age, sizeof(age)),
		 is_limited ? "raise MemoryMax= of the unit, or register what it can give back "
			      "(reliefctl list modules)"
			    : "the host or a slice ran out; limit it (MemoryMax=, MemoryHigh=), or "
			      "register what it can give back (reliefctl list modules)");
}

/* "/" where the group is gone with its unit. */
static int bus_suggestion_append_kills(struct bus *bus, sd_bus_message *reply,
				       const struct kill_note *kills)
{
	const struct group *group = group_set_find_shown(bus->config.groups, kills->path);
	_cleanup_free_ char *path = NULL;
	char sentence[SENTENCE_SIZE];
	int r;

	if (group) {
		r = bus_group_path(group, &path);
		if (r < 0)
			return r;
	}
	bus_suggestion_say_kills(kills, bus_now(bus), sentence, sizeof(sentence));
	r = bus_suggestion_open_entry(reply, SUGGESTION_KILLS, SEVERITY_WARNING, kills->path,
				      path ? path : "/", sentence);
	if (r >= 0)
		r = sd_bus_message_append(reply, "a{sv}", 3, "Kills", "t", kills->n,
					  "LastTimestampMonotonic", "t", kills->last_usec, "Limit",
					  "t", kills->limit_bytes);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int bus_suggestion_append_all_kills(struct bus *bus, sd_bus_message *reply)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < KILL_NOTES_MAX; i++) {
		const struct kill_note *kills = &bus->kills.notes[i];

		if (kills->path[0] && bus_now(bus) < kills->last_usec + KILL_NOTES_KEPT_USEC)
			r = bus_suggestion_append_kills(bus, reply, kills);
	}
	return r;
}

static int bus_suggestion_append_range(struct bus *bus, sd_bus_message *reply,
				       const struct suggestion *list, size_t n, bool critical)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		const struct group *group = group_set_get(bus->config.groups, list[i].group_slot);

		if ((list[i].severity == SEVERITY_CRITICAL) == critical && group &&
		    group->id == list[i].group_id)
			r = bus_suggestion_append_suggestion(bus, reply, &list[i], group);
	}
	return r;
}

/* Kills are warnings: after what is critical. */
static int bus_suggestion_append_suggestions(struct bus *bus, sd_bus_message *reply)
{
	struct suggestion list[SUGGESTIONS_MAX];
	size_t n = suggestion_list(bus->config.profile, bus->config.state, bus_now(bus), list,
				   SUGGESTIONS_MAX);
	int r;

	r = sd_bus_message_open_container(reply, 'a', "(sssosa{sv})");
	if (r >= 0)
		r = bus_suggestion_append_range(bus, reply, list, n, true);
	if (r >= 0)
		r = bus_suggestion_append_all_kills(bus, reply);
	if (r >= 0)
		r = bus_suggestion_append_range(bus, reply, list, n, false);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_suggest(struct bus *bus, sd_bus_message *call)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(call, &reply);
	if (r < 0)
		return r;
	r = bus_suggestion_append_suggestions(bus, reply);
	return r < 0 ? r : sd_bus_message_send(reply);
}
