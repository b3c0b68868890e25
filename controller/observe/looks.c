/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *    a client asks ──▶ is what was read fresh? ── yes ──▶ that
 *                           │ no
 *                      may this turn read? ── no ──▶ that as well, old as it is
 *                           │ yes
 *                           └─▶ read, time it, keep it
 *
 * The files of a group cost very differently: memory.current is one counter, memory.stat sums up
 * the counters of all processors and of all groups below. So there are three tiers, each fresh for
 * the time that all groups of its kind take to be read, times COST_RATIO: whatever clients ask,
 * they cost at most one part in COST_RATIO of a processor a tier, and a host with ten services is
 * read anew at every call. The sum is shared by all clients.
 *
 * One turn of the loop reads for at most the tier's turn_usec, so that an answer over thousands of
 * groups does not keep the loop from a pressure event. The groups that this leaves out come first
 * in the next turn: until all of a tier were read once (a pass), none is read twice. A value that
 * could not be read anew for ten seconds is not known any more.
 *
 * Growth is the difference of two looks: what memory.current says, with or without a limit, with or
 * without eBPF.
 */

#include "controller/observe/looks.h"

#include <stdlib.h>
#include <time.h>

#include "controller/observe/memory_files.h"

/* Five percent of a processor for each tier. */
#define COST_RATIO 20
/* What cannot be read anew is shown for so long. */
#define STALE_USEC (10 * USEC_PER_SEC)
/* The first reading of a kind is not measured yet; that is what it takes on a slow machine. */
#define COST_FIRST_NSEC (50 * 1000ULL)
/* One new measure in eight: a single slow one does not stop the reading. */
#define COST_WEIGHT 8
/* memory.current moves in batches of 64 pages a processor: a rate needs a span. */
#define GROWTH_SPAN_LEAST_USEC (500 * USEC_PER_MSEC)
/* The mean over a longer time says nothing about now; metrics are collected once a minute. */
#define GROWTH_SPAN_MOST_USEC (65 * USEC_PER_SEC)
/* A growth measured that long ago is no news; a screen asks every second. */
#define GROWTH_FRESH_USEC (3 * USEC_PER_SEC)

enum tier {
	TIER_CURRENT,
	TIER_FILES,
	TIER_STAT,
	N_TIERS,
};

/*
 * A turn may take this long: together a sixth of the time in which a host can run out at 1 GB/s
 * with 200 MB left, and enough for all groups of a host with a thousand in the tier that matters
 * most.
 */
static const struct {
	uint32_t fields;
	uint64_t turn_usec;
} tiers[N_TIERS] = {
	[TIER_CURRENT] = { GROUP_HAS_CURRENT, 20 * USEC_PER_MSEC },
	[TIER_FILES] = { GROUP_HAS_LIMIT | GROUP_HAS_HIGH | GROUP_HAS_SWAP | GROUP_HAS_STALL |
				 GROUP_HAS_EVENTS,
			 8 * USEC_PER_MSEC },
	[TIER_STAT] = { GROUP_HAS_RECLAIMABLE, 4 * USEC_PER_MSEC },
};

/* How one tier is read. */
struct pass {
	uint64_t since_usec; /* groups read before that are due */
	uint64_t turn_usec;  /* the turn that was last at it ... */
	uint64_t spent_nsec; /* ... how long it has read ... */
	bool is_short;	     /* ... and whether it had to leave one out */
	uint64_t cost_nsec;  /* of one group, smoothed */
};

struct look {
	struct group_reading reading;	    /* id 0: nothing yet */
	uint64_t at_usec[N_TIERS];	    /* 0: never read */
	uint64_t since_usec, since_bytes;   /* the look that growth is measured from */
	uint64_t growth_bytes, growth_usec; /* per second; measured then, 0: never */
};

struct looks {
	struct group_set *groups;
	struct machine *machine; /* lent */
	uint32_t fields;
	struct look *by_slot;
	struct pass passes[N_TIERS];
	struct machine_reading host;
	uint64_t host_usec, host_cost_nsec;
};

int looks_new(struct looks **ret, struct group_set *groups, struct machine *machine,
	      uint32_t fields)
{
	_cleanup_(looks_free_cleanup) struct looks *looks = calloc(1, sizeof(*looks));

	if (!looks)
		return -ENOMEM;
	looks->groups = groups;
	looks->machine = machine;
	looks->fields = fields;
	for (int tier = 0; tier < N_TIERS; tier++)
		looks->passes[tier].cost_nsec = COST_FIRST_NSEC;
	looks->host_cost_nsec = COST_FIRST_NSEC;
	/* Slots that no client asks about cost address space only. */
	looks->by_slot = calloc(group_set_max(groups), sizeof(*looks->by_slot));
	if (!looks->by_slot)
		return -ENOMEM;
	*ret = take_ptr(looks);
	return 0;
}

struct looks *looks_free(struct looks *looks)
{
	if (!looks)
		return NULL;
	free(looks->by_slot);
	free(looks);
	return NULL;
}

void looks_use_fields(struct looks *looks, uint32_t fields)
{
	looks->fields = fields;
}

void looks_forget(struct looks *looks, uint32_t slot)
{
	if (looks->by_slot[slot].reading.id != 0) /* untouched pages stay so */
		looks->by_slot[slot] = (struct look){};
}

static uint64_t looks_clock_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Returns: what it took, into the mean as well. */
static uint64_t looks_learn_cost(uint64_t *cost_nsec, uint64_t begin_nsec)
{
	uint64_t took_nsec = u64_sub(looks_clock_nsec(), begin_nsec);

	*cost_nsec = (*cost_nsec * (COST_WEIGHT - 1) + took_nsec) / COST_WEIGHT;
	return took_nsec;
}

static uint64_t looks_fresh_usec(uint64_t cost_nsec, uint64_t n)
{
	return cost_nsec * n * COST_RATIO / 1000;
}

static bool looks_is_fresh(uint64_t at_usec, uint64_t now_usec, uint64_t for_usec)
{
	return at_usec != 0 && now_usec <= u64_add(at_usec, for_usec);
}

/* A new turn goes on with the pass of the last one if that had to leave a group out. */
static void looks_pass_begin_turn(struct pass *pass, uint64_t turn_usec)
{
	if (pass->turn_usec == turn_usec)
		return;
	if (!pass->is_short)
		pass->since_usec = turn_usec;
	pass->turn_usec = turn_usec;
	pass->spent_nsec = 0;
	pass->is_short = false;
}

static void looks_see_growth(struct look *look, uint64_t bytes, uint64_t now_usec)
{
	uint64_t span_usec = u64_sub(now_usec, look->since_usec);

	if (look->since_usec != 0 && span_usec < GROWTH_SPAN_LEAST_USEC)
		return;
	if (look->since_usec != 0 && span_usec <= GROWTH_SPAN_MOST_USEC) {
		look->growth_bytes =
			u64_muldiv(u64_sub(bytes, look->since_bytes), USEC_PER_SEC, span_usec);
		look->growth_usec = now_usec;
	}
	look->since_usec = now_usec;
	look->since_bytes = bytes;
}

/* Fields that could not be read are not known any more. */
static void looks_read_tier(struct looks *looks, const struct group *group, struct look *look,
			    enum tier tier)
{
	_cleanup_fd_ int dir = group_open_directory(looks->groups, group);

	look->reading.has &= ~tiers[tier].fields;
	if (dir < 0)
		return;
	/* What is garbled is said when the judgement reads the group. */
	memory_files_read(dir, tiers[tier].fields & looks->fields, &look->reading, NULL);
	if (tier == TIER_CURRENT && look->reading.has & GROUP_HAS_CURRENT)
		looks_see_growth(look, look->reading.current_bytes, looks_clock_nsec() / 1000);
}

static bool looks_is_due(const struct looks *looks, const struct look *look, enum tier tier,
			 uint64_t turn_usec)
{
	const struct pass *pass = &looks->passes[tier];
	uint64_t all_usec = looks_fresh_usec(pass->cost_nsec, group_set_size(looks->groups));

	return look->at_usec[tier] < pass->since_usec &&
	       !looks_is_fresh(look->at_usec[tier], turn_usec, all_usec);
}

static void looks_refresh(struct looks *looks, const struct group *group, struct look *look,
			  enum tier tier, uint64_t turn_usec)
{
	struct pass *pass = &looks->passes[tier];
	uint64_t begin_nsec = looks_clock_nsec();

	looks_pass_begin_turn(pass, turn_usec);
	if (looks_is_due(looks, look, tier, turn_usec)) {
		if (pass->spent_nsec < tiers[tier].turn_usec * 1000) {
			look->at_usec[tier] = turn_usec;
			looks_read_tier(looks, group, look, tier);
			pass->spent_nsec += looks_learn_cost(&pass->cost_nsec, begin_nsec);
		} else {
			pass->is_short = true;
		}
	}
	if (!looks_is_fresh(look->at_usec[tier], turn_usec, STALE_USEC))
		look->reading.has &= ~tiers[tier].fields;
}

static void looks_refresh_host(struct looks *looks, struct look *look, uint64_t turn_usec)
{
	const struct machine_reading *machine = looks_at_machine(looks, turn_usec);

	look->reading.has = 0;
	if (!(machine->has & MACHINE_HAS_MEMORY))
		return;
	look->reading.has = GROUP_HAS_CURRENT;
	look->reading.current_bytes = u64_sub(machine->total_bytes, machine->available_bytes);
	looks_see_growth(look, look->reading.current_bytes, looks->host_usec);
}

const struct group_reading *looks_at(struct looks *looks, const struct group *group,
				     uint32_t wanted, uint64_t turn_usec)
{
	struct look *look = &looks->by_slot[group->slot];

	if (look->reading.id != group->id)
		*look = (struct look){
			.reading = { .id = group->id, .slot = group->slot },
		};
	look->reading.parent_slot = group->parent_slot;
	look->reading.flags = group->flags;
	if (group->slot == GROUP_SLOT_HOST) {
		looks_refresh_host(looks, look, turn_usec);
		return &look->reading;
	}
	for (int tier = 0; tier < N_TIERS; tier++)
		if (wanted & tiers[tier].fields)
			looks_refresh(looks, group, look, (enum tier)tier, turn_usec);
	return &look->reading;
}

bool looks_growth(struct looks *looks, const struct group *group, uint64_t turn_usec,
		  uint64_t *ret_bytes)
{
	const struct look *look = &looks->by_slot[group->slot];

	looks_at(looks, group, GROUP_HAS_CURRENT, turn_usec);
	if (look->growth_usec == 0 || turn_usec > look->growth_usec + GROWTH_FRESH_USEC)
		return false;
	*ret_bytes = look->growth_bytes;
	return true;
}

const struct machine_reading *looks_at_machine(struct looks *looks, uint64_t turn_usec)
{
	uint64_t begin_nsec = looks_clock_nsec();

	if (looks_is_fresh(looks->host_usec, turn_usec, looks_fresh_usec(looks->host_cost_nsec, 1)))
		return &looks->host;
	looks->host = (struct machine_reading){};
	machine_read(looks->machine, &looks->host);
	looks->host_usec = turn_usec;
	looks_learn_cost(&looks->host_cost_nsec, begin_nsec);
	return &looks->host;
}
