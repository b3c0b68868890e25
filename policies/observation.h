/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Observation: everything the judgement may know, at one instant
 *
 * Filled by controller/observe, the registry and the outcomes of actions; read-only for
 * decide(). An observation may be partial: what it covers is said in `covers`, what a reading
 * holds is said in its `has` bits, and state about anything not covered stays as it was.
 *
 * Groups and modules are found again by slot: a small index that is stable for the life of the
 * thing and reused afterwards, so decide() needs no search. The id tells the old from the new.
 */

#include "policies/units.h"
#include "policies/words.h"

/* The root cgroup, the whole host, is always in this slot. */
#define GROUP_SLOT_HOST 0U
#define SLOT_NONE	UINT32_MAX

/* A total of stalls or events that could not be read this time, beside others that could. */
#define COUNT_UNKNOWN UINT64_MAX

enum machine_field {
	MACHINE_HAS_MEMORY = 1U << 0, /* total_bytes, available_bytes */
	MACHINE_HAS_SWAP = 1U << 1,   /* swap_*; both 0 on a host without swap */
	MACHINE_HAS_ZRAM = 1U << 2,   /* zram_*: some of that swap is compressed RAM */
	MACHINE_HAS_ZSWAP = 1U << 3,  /* zswap_*: pages on their way to swap are kept compressed */
	MACHINE_HAS_STALL = 1U << 4,  /* some_usec, full_usec */
	/* The kernel counts what is charged and wakes us when a budget is spent (decision.budgets).
	 */
	MACHINE_HAS_TRIPWIRE = 1U << 5,
	/* available_bytes was put together from other values, for want of MemAvailable. */
	MACHINE_IS_ESTIMATED = 1U << 6,
};

struct machine_reading {
	uint32_t has;		  /* enum machine_field */
	uint64_t total_bytes;	  /* without static huge pages: a pool of its own */
	uint64_t available_bytes; /* MemAvailable, and what ZFS would give back */
	uint64_t swap_total_bytes;
	uint64_t swap_free_bytes;
	uint64_t zram_total_bytes;  /* the part of swap_total_bytes that lies on zram */
	uint64_t zram_free_bytes;   /* the part of swap_free_bytes that lies on zram */
	uint64_t zram_stored_bytes; /* what is stored there, uncompressed (orig_data_size) */
	uint64_t zram_used_bytes;   /* RAM that this costs (mem_used_total) */
	uint64_t zswap_stored_bytes;
	uint64_t zswap_used_bytes;
	uint64_t zswap_most_bytes; /* zswap_used_bytes does not grow beyond; 0: not known */
	uint64_t some_usec; /* total= of /proc/pressure/memory: only differences mean anything */
	uint64_t full_usec;
};

enum group_field {
	GROUP_HAS_CURRENT = 1U << 0,
	GROUP_HAS_LIMIT = 1U << 1,
	GROUP_HAS_HIGH = 1U << 2,
	GROUP_HAS_RECLAIMABLE = 1U << 3,
	GROUP_HAS_SWAP = 1U << 4,
	GROUP_HAS_STALL = 1U << 5,
	GROUP_HAS_EVENTS = 1U << 6,
	GROUP_HAS_GROWTH = 1U << 7,
	GROUP_HAS_USE = 1U << 8, /* unused_bytes, held_bytes */
	GROUP_HAS_SWAP_LIMIT = 1U << 9,
};

enum group_flag {
	GROUP_IS_GONE = 1U << 0,      /* the last word on this slot: it will be reused */
	GROUP_IS_PROTECTED = 1U << 1, /* never reclaimed from or held; its modules are asked */
	GROUP_IS_CONTEXT = 1U << 2,   /* only the ancestor of a group under control */
	GROUP_IS_UNBRAKED =
		1U << 3, /* never held still: PID 1, sessions, the bus, ourselves, ... */
	GROUP_IS_EXCLUDED = 1U << 4, /* nothing is taken from it: no request, reclaim or hold */
};

struct group_reading {
	uint64_t id; /* cgroup id */
	uint32_t slot;
	uint32_t parent_slot; /* GROUP_SLOT_HOST for the top groups; SLOT_NONE for the root */
	uint32_t has;	      /* enum group_field */
	uint32_t flags;	      /* enum group_flag */
	int32_t priority;     /* 0 unless a setting says otherwise */
	uint64_t current_bytes;
	uint64_t limit_bytes;	    /* memory.max, BYTES_UNLIMITED for none */
	uint64_t high_bytes;	    /* memory.high, the same */
	uint64_t reclaimable_bytes; /* what the kernel could drop at once, slab included */
	uint64_t swap_bytes;	    /* memory.swap.current */
	uint64_t swap_limit_bytes;  /* memory.swap.max, BYTES_UNLIMITED for none */
	/*
	 * Charged, but no program has it any more; the kernel takes it back when it is short: the
	 * unmapped parts of huge pages that are not split yet, and what MADV_FREE gave up.
	 */
	uint64_t unused_bytes;
	uint64_t held_bytes; /* anonymous memory and tmpfs that programs have in RAM */
	uint64_t some_usec;  /* total= of memory.pressure */
	uint64_t full_usec;
	uint64_t n_high; /* memory.events, hierarchical */
	uint64_t n_max;
	uint64_t n_oom_kill;
	uint64_t growth_bytes; /* per second, lately, as the kernel's probe saw it */
};

enum module_flag {
	MODULE_CAN_SHED = 1U << 0,
	MODULE_CAN_UNLOAD = 1U << 1,
	MODULE_IS_UNLOADED = 1U << 2,
	MODULE_IS_KEPT = 1U << 3, /* "keep": honoured until `high` */
};

struct module_reading {
	uint64_t id;
	uint32_t slot;
	uint32_t group_slot; /* where its memory is charged */
	uint32_t flags;	     /* enum module_flag */
	enum module_kind kind;
	uint64_t size_bytes; /* what the owner says it holds now */
	/*
	 * Anonymous memory of the process that registered it, said with one of that process's
	 * modules only; 0: not known, or said with another.
	 */
	uint64_t owner_bytes;
	uint64_t last_used_usec;
	uint64_t idle_limit_usec;  /* idle for this long before unload; 0: the profile's */
	uint64_t reload_cost_usec; /* what it takes to have it back */
};

/* How an earlier action ended, as far as what carried it out knows. */
struct outcome {
	uint64_t action_id;
	enum result result;
	int error;		/* negative errno with RESULT_FAILED, else 0 */
	uint64_t claimed_bytes; /* what the module or the kernel says was freed */
	uint64_t finished_usec;
};

/* Somebody asks for relief (D-Bus Relieve, reliefctl relieve). */
struct order {
	uint64_t id;
	uint32_t group_slot;
	uint64_t group_id;
	uint64_t bytes;	    /* > 0 */
	enum rung max_rung; /* climb no further than this */
};

enum observed {
	OBSERVED_MACHINE = 1U << 0,
	OBSERVED_MODULES = 1U << 1, /* all modules are listed: one not listed is gone */
	OBSERVED_GROUPS = 1U << 2,  /* every group is listed, not only the ones of interest */
};

struct observation {
	uint64_t now_usec;
	uint32_t covers; /* enum observed */
	struct machine_reading machine;

	/* Arrays are lent by the owner of the observation; n_x <= max_x. */
	struct group_reading *groups;
	size_t n_groups, max_groups;
	struct module_reading *modules;
	size_t n_modules, max_modules;
	struct outcome *outcomes;
	size_t n_outcomes, max_outcomes;
	struct order *orders;
	size_t n_orders, max_orders;
};

/* Empties the lists and `covers`; the arrays stay. */
void observation_clear(struct observation *observation, uint64_t now_usec);
/* The next free entry of a list, zeroed, or NULL when it is full. */
struct group_reading *observation_add_group(struct observation *observation);
struct module_reading *observation_add_module(struct observation *observation);
struct outcome *observation_add_outcome(struct observation *observation);
struct order *observation_add_order(struct observation *observation);
