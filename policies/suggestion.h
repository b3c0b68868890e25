/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Suggestions: what a person could do, where reliefd itself does nothing or not enough
 *
 * Found in the state whenever somebody asks; nothing is done by them. Numbers only: the sentence
 * is made by those who show it.
 */

#include "policies/profile.h"
#include "policies/state.h"

/* Numbers and names are part of the D-Bus API, as in words.h. */
enum suggestion_kind {
	SUGGESTION_TIME_LEFT, /* at its growth it runs out: raise its limit, or find what grows */
	SUGGESTION_BRAKE,     /* the kernel killed in it when time ran out, and no brake was on */
	SUGGESTION_KILLS,     /* the kernel killed in it, whatever for */
	SUGGESTION_LIAR,      /* a module: what it claims to give back is not found */
	SUGGESTION_LATE,      /* a module: it does not answer in time */
	SUGGESTION_EXCLUDED,  /* the host: every module is excluded, so none can be asked */
	N_SUGGESTION_KINDS,
};

enum severity {
	SEVERITY_INFO,
	SEVERITY_WARNING,
	SEVERITY_CRITICAL,
	N_SEVERITIES,
};

struct suggestion {
	enum suggestion_kind kind;
	enum severity severity;
	uint32_t group_slot;
	uint64_t group_id;
	uint64_t total_bytes; /* its limit; of the host: RAM */
	uint64_t headroom_bytes;
	uint64_t growth_bytes; /* per second */
	uint64_t time_left_usec;
	uint32_t confidence_bp;
	uint64_t n_kills;    /* by the kernel, while a brake could have helped */
	uint32_t n_excluded; /* of the host: modules, where all of them are excluded; else 0 */

	/* A module's: else SLOT_NONE and zeros. */
	uint32_t module_slot;
	uint64_t module_id;
	uint64_t claimed_bytes, measured_bytes;
	uint32_t n_requests, n_late;
	uint64_t last_latency_usec;
};

/* More than a person would read. */
#define SUGGESTIONS_MAX 64

/*
 * The most urgent first. SUGGESTION_KILLS is not among them: who was killed is often gone, and its
 * name with it, so that the list of those is kept by the publishers (suggestion_own_kills()).
 * Returns: how many, at most `max`.
 */
size_t suggestion_list(const struct profile *profile, const struct state *state, uint64_t now_usec,
		       struct suggestion *ret, size_t max);
/* Whether a rule about modules applies to the one in that slot. */
bool suggestion_of_module(const struct state *state, uint32_t slot, enum suggestion_kind kind,
			  struct suggestion *ret);
/* How many the kernel killed in this very group since it is followed. */
uint64_t suggestion_own_kills(const struct group_state *group);
const char *suggestion_kind_name(enum suggestion_kind kind);
const char *severity_name(enum severity severity);

/*
 * Takes notice of a group that was just read and judged: whether it ran out of time, and whether
 * the kernel killed in it since. decide() calls this.
 */
void suggestion_learn(const struct profile *profile, struct state *state,
		      struct group_state *group);
