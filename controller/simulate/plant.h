/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Plant: a toy machine that answers to actions
 *
 * Groups hold memory in use and file cache, programs in them grow, read and free, modules answer
 * as their manner is, the kernel drops cache, swaps, stalls and at the end kills. With the tripwire
 * it counts charges and tells when a budget is spent. Good enough to tell stories about the
 * judgement, and no more: time goes in slices of 10 ms, readings and limits sum up one level of
 * groups below. plant.c is the machine, plant_view.c what is seen of it and done to it.
 */

#include "controller/simulate/timeline.h"
#include "policies/decide.h"

#define PLANT_GROUPS_MAX  64 /* the host included */
#define PLANT_MODULES_MAX 64
#define PLANT_ANSWERS_MAX 256
#define PLANT_NAME_SIZE	  24

enum plant_manner {
	MANNER_HONEST, /* gives what it is asked for */
	MANNER_LIAR,   /* says so, but gives nothing */
	MANNER_SILENT, /* never answers */
	MANNER_BUSY,   /* says that it is in use */
	MANNER_LEAVES, /* goes away without an answer */
	N_MANNERS,
};

/* What a program in a group is doing: towards `until_bytes` at `rate_bytes` a second. */
struct plant_drive {
	uint64_t rate_bytes, until_bytes;
	bool active;
};

struct plant_group {
	char name[PLANT_NAME_SIZE];
	struct group_reading reading; /* id, parent, limits, flags, counters */
	uint64_t used_bytes;	      /* cannot be dropped; the modules' memory is part of it */
	uint64_t cache_bytes;	      /* file cache */
	uint64_t swapped_bytes;	      /* of what is used */
	struct plant_drive grow, read;
	uint64_t budget_bytes; /* left of it; 0: not armed */
	uint64_t growth_bytes; /* per second, in the last slice */
	enum brake brake;      /* how it is held */
	uint64_t held_until_usec;
	uint64_t high_bytes; /* memory.high while it is throttled: what it was */
	bool gone;	     /* to be reported once, then free */
	bool heard;	     /* its events moved since the last observation */
};

struct plant_module {
	char name[PLANT_NAME_SIZE];
	struct module_reading reading;
	enum plant_manner manner;
	uint64_t answer_usec;	 /* how long it takes */
	uint64_t idle_usec;	 /* at the start */
	uint64_t held_bytes;	 /* what it really holds */
	struct plant_drive fill; /* of filled_bytes: what was given back is not taken again */
	uint64_t filled_bytes;
	bool fills_quietly; /* its size is reported only when it is full */
};

struct plant_answer {
	struct action action;
	uint64_t due_usec;
};

struct plant {
	uint64_t now_usec;
	uint64_t total_bytes, available_at_start_bytes;
	uint64_t base_bytes;  /* in use by what is no group here */
	uint32_t machine_has; /* MACHINE_HAS_TRIPWIRE or 0: the rest follows from what is there */
	uint64_t swap_bytes, zram_bytes;
	uint32_t zram_ratio; /* N : 1 */
	struct plant_group groups[PLANT_GROUPS_MAX];
	struct plant_module modules[PLANT_MODULES_MAX];
	uint32_t n_groups, n_modules; /* slots in use; group 0 is the host */
	struct plant_answer answers[PLANT_ANSWERS_MAX];
	size_t n_answers;
	struct order orders[PLANT_ANSWERS_MAX];
	size_t n_orders;
	uint64_t some_usec, full_usec;
	uint32_t stall_some_bp, stall_full_bp; /* stalls that a story adds to the host */
	bool blind;			       /* the machine's files cannot be read */
	bool woken;   /* something happened that the kernel tells at once */
	bool tripped; /* a budget was spent */
	uint32_t n_killed;
	struct timeline *timeline;
};

/* When a story begins on the plant's clock: an hour after boot, so that modules can be idle. */
#define PLANT_START_USEC (60 * USEC_PER_MIN)

/* An empty machine at PLANT_START_USEC with group 0 for the host. */
void plant_init(struct plant *plant, struct timeline *timeline);
/*
 * Fixes what is in use by nobody, once groups and available_at_start_bytes are set.
 * Returns: 0; -EINVAL when the groups hold more than is in use.
 */
int plant_start(struct plant *plant);

uint64_t plant_available(const struct plant *plant);
/* When the next answer is due at the latest; USEC_NEVER when none is. */
uint64_t plant_next_answer(const struct plant *plant);
/* Lets time go on until then, or until the kernel would wake reliefd (woken or tripped). */
void plant_run(struct plant *plant, uint64_t until_usec);
void plant_vanish(struct plant *plant, uint32_t group_slot);
/* Memory was taken in a group: counted where a budget is armed. */
void plant_charge(struct plant *plant, uint32_t slot, uint64_t bytes);
/* The group takes no more until then; BRAKE_OFF lets it go. */
void plant_hold(struct plant *plant, uint32_t slot, enum brake brake, uint64_t until_usec);

/* Of the whole plant: what is swapped out, and what of that lies on zram, filled before the disk.
 */
uint64_t plant_swapped(const struct plant *plant);
uint64_t plant_zram_stored(const struct plant *plant);
/* memory.current of a group, without and with those below it. */
uint64_t plant_own_current(const struct plant_group *group);
uint64_t plant_current(const struct plant *plant, uint32_t slot);
bool plant_is_inside(const struct plant *plant, uint32_t slot, uint32_t outer_slot);
/* Whether whoever was asked can answer: a frozen service cannot. */
bool plant_answers(const struct plant *plant, const struct action *action);
void plant_free_used(struct plant_group *group, uint64_t bytes);
void plant_unregister(struct plant *plant, uint32_t slot);

/* Fills an observation as wide as was asked for; answers that are due go with it. */
void plant_observe(struct plant *plant, enum attention attention, struct observation *observation);
/* Takes the actions of a decision. */
void plant_obey(struct plant *plant, const struct decision *decision);
