/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Difference
 *
 *	less = given in this run - given in the record      (of one module; below 0: holds more)
 *
 *	module size           recorded - less               not below 0
 *	memory.current, held  recorded - sum of less        of the modules in the group and below
 *	available             recorded + sum of less        of all modules
 *
 * Everything else goes on as it was recorded, so a module's memory moves by itself, too:
 *
 *	in the record it ...              here
 *	refills what it gave only there   holds no more than at most there: less goes back to 0
 *	is smaller than what it gave here less counts up to the recorded size
 *	is used, but was unloaded here    is loaded again: less is 0
 *	leaves                            leaves: less is 0
 *
 * What the kernel reclaims from a group is file cache first: reclaimable and memory.current fall,
 * and no more is available, as file cache always is. The rest is swapped out: memory.current falls,
 * swap rises, and what that does not cost on zram is available.
 */

#include "controller/simulate/difference.h"

#include <stdlib.h>

#include "controller/simulate/machine_correction.h"
#include "controller/simulate/peaks.h"
#include "policies/group_tree.h"
#include "policies/state.h"

#define SLOTS PEAKS_SLOTS
/* Of one module or group: all fit into 64 bits, even if parents of a bad record go round. */
#define LESS_MOST (1LL << 43)

struct holding {
	uint64_t id; /* of the module or group; 0: not there */
	uint32_t group_slot;
	uint64_t recorded_bytes, most_bytes; /* the size in the record: now, and at most ever */
	int64_t less_bytes;
	int64_t shown_bytes;	/* the part of it that the last reading had */
	uint64_t unloaded_usec; /* unloaded in this run only; 0: not */
};

struct difference {
	struct peaks module_peaks, cache_peaks;
	struct holding modules[SLOTS], caches[SLOTS];
	int64_t swapped_here[SLOTS];		      /* by reclaim: here - in the record */
	struct module_reading module_readings[SLOTS]; /* the last ones, as recorded */
	struct group_reading groups[SLOTS];
	/* By group, those below it, too: less in modules, less file cache, more swapped out. */
	int64_t used[SLOTS], cached[SLOTS], swapped[SLOTS];
	int64_t shown[SLOTS]; /* the sum of them in the last reading */
	int64_t available, all_swapped;
	bool is_beyond[SLOTS];	      /* more than there is, by the last reading */
	uint32_t n_beyond;	      /* how often that began */
	uint32_t n_modules, n_groups; /* slots in use */
};

struct difference *difference_new(void)
{
	return calloc(1, sizeof(struct difference));
}

struct difference *difference_free(struct difference *difference)
{
	if (!difference)
		return NULL;
	peaks_done(&difference->module_peaks);
	peaks_done(&difference->cache_peaks);
	free(difference);
	return NULL;
}

static int64_t difference_limited(uint64_t bytes)
{
	return (int64_t)u64_min(bytes, LESS_MOST);
}

/* What counts of it: memory that is not in the record either cannot be missing from it. */
static int64_t difference_less_of(const struct holding *h)
{
	return h->less_bytes > difference_limited(h->recorded_bytes)
		       ? difference_limited(h->recorded_bytes)
		       : h->less_bytes;
}

static uint64_t difference_size_of(const struct holding *h)
{
	return u64_min(bytes_less(h->recorded_bytes, difference_less_of(h)), h->most_bytes);
}

static void difference_add(int64_t *sum, int64_t bytes)
{
	*sum += bytes;
	if (*sum > LESS_MOST)
		*sum = LESS_MOST;
	if (*sum < -LESS_MOST)
		*sum = -LESS_MOST;
}

int difference_learn(struct difference *d, const struct observation *observation)
{
	int r = 0;

	for (size_t i = 0; i < observation->n_modules && r == 0; i++) {
		const struct module_reading *reading = &observation->modules[i];

		r = peaks_see(&d->module_peaks, reading->slot, reading->id, reading->size_bytes);
	}
	for (size_t i = 0; i < observation->n_groups && r == 0; i++) {
		const struct group_reading *reading = &observation->groups[i];

		if (reading->has & GROUP_HAS_RECLAIMABLE)
			r = peaks_see(&d->cache_peaks, reading->slot, reading->id,
				      reading->reclaimable_bytes);
	}
	return r;
}

/* --- what is recorded --- */

static void difference_see_size(const struct peaks *peaks, struct holding *h, uint64_t id,
				uint64_t bytes)
{
	if (h->id != id)
		*h = (struct holding){
			.id = id,
			.recorded_bytes = bytes,
			.most_bytes = peaks_find(peaks, id),
		};
	if (h->less_bytes < 0 && bytes > h->recorded_bytes) {
		uint64_t beyond = u64_sub(bytes_less(bytes, h->less_bytes), h->most_bytes);
		int64_t refilled = difference_limited(u64_min(beyond, bytes - h->recorded_bytes));

		h->less_bytes = refilled > -h->less_bytes ? 0 : h->less_bytes + refilled;
	}
	h->recorded_bytes = bytes;
	h->most_bytes = u64_max(h->most_bytes, bytes);
}

static void difference_see_module(struct difference *d, const struct module_reading *reading)
{
	struct holding *h;

	if (reading->slot >= SLOTS || reading->id == 0)
		return;
	h = &d->modules[reading->slot];
	difference_see_size(&d->module_peaks, h, reading->id, reading->size_bytes);
	h->group_slot = reading->group_slot;
	if (h->unloaded_usec != 0 && reading->last_used_usec > h->unloaded_usec) {
		h->less_bytes = 0;
		h->unloaded_usec = 0;
	}
	d->module_readings[reading->slot] = *reading;
	if (reading->slot >= d->n_modules)
		d->n_modules = reading->slot + 1;
}

/* The group is gone, or another one has its slot. */
static void difference_forget_group(struct difference *d, uint32_t slot)
{
	d->groups[slot] = (struct group_reading){};
	d->caches[slot] = (struct holding){};
	d->swapped_here[slot] = 0;
	d->shown[slot] = 0;
	d->is_beyond[slot] = false;
	for (uint32_t i = 0; i < d->n_modules; i++)
		if (d->modules[i].group_slot == slot)
			d->modules[i] = (struct holding){};
}

static void difference_see_group(struct difference *d, const struct group_reading *reading)
{
	uint32_t slot = reading->slot;

	if (slot >= SLOTS || reading->id == 0)
		return;
	if (d->groups[slot].id != 0 &&
	    (d->groups[slot].id != reading->id || (reading->flags & GROUP_IS_GONE)))
		difference_forget_group(d, slot);
	if (reading->flags & GROUP_IS_GONE)
		return;
	if (reading->has & GROUP_HAS_RECLAIMABLE)
		difference_see_size(&d->cache_peaks, &d->caches[slot], reading->id,
				    reading->reclaimable_bytes);
	d->groups[slot] = *reading;
	if (slot >= d->n_groups)
		d->n_groups = slot + 1;
}

/* All modules are listed: one that is not has left. */
static void difference_forget_unlisted(struct difference *d, const struct observation *observation)
{
	static const struct holding none;
	bool listed[SLOTS] = {};

	for (size_t i = 0; i < observation->n_modules; i++)
		if (observation->modules[i].slot < SLOTS)
			listed[observation->modules[i].slot] = true;
	for (uint32_t i = 0; i < d->n_modules; i++)
		if (!listed[i])
			d->modules[i] = none;
}

void difference_see(struct difference *d, const struct observation *observation)
{
	for (size_t i = 0; i < observation->n_groups; i++)
		difference_see_group(d, &observation->groups[i]);
	for (size_t i = 0; i < observation->n_modules; i++)
		difference_see_module(d, &observation->modules[i]);
	if (observation->covers & OBSERVED_MODULES)
		difference_forget_unlisted(d, observation);
}

/* --- what is given --- */

static struct holding *difference_holding_of(struct difference *d, const struct action *action)
{
	bool is_cache = action->module_slot == SLOT_NONE;
	uint32_t slot = is_cache ? action->group_slot : action->module_slot;
	uint64_t id = is_cache ? action->group_id : action->module_id;
	struct holding *h;

	if (slot >= SLOTS || id == 0)
		return NULL;
	h = is_cache ? &d->caches[slot] : &d->modules[slot];
	return h->id == id ? h : NULL;
}

/* What is in memory of a group in this run, by the differences of the last step. */
static uint64_t difference_current_of(const struct difference *d, uint32_t slot)
{
	return bytes_less(d->groups[slot].current_bytes,
			  d->used[slot] + d->cached[slot] + d->swapped[slot]);
}

bool difference_has(const struct difference *d, const struct action *action, uint64_t *ret_bytes,
		    uint64_t *ret_easy_bytes)
{
	const struct holding *h = difference_holding_of((struct difference *)d, action);

	if (!h)
		return false;
	*ret_bytes = *ret_easy_bytes = difference_size_of(h);
	if (action->module_slot == SLOT_NONE)
		*ret_bytes = u64_max(*ret_easy_bytes, difference_current_of(d, action->group_slot));
	return true;
}

void difference_give(struct difference *d, const struct action *action, uint64_t bytes,
		     uint64_t now_usec)
{
	struct holding *h = difference_holding_of(d, action);
	uint64_t easy_bytes;

	if (!h)
		return;
	easy_bytes = u64_min(bytes, difference_size_of(h));
	difference_add(&h->less_bytes, difference_limited(easy_bytes));
	if (action->module_slot == SLOT_NONE)
		difference_add(&d->swapped_here[action->group_slot],
			       difference_limited(bytes - easy_bytes));
	if (action->rung == RUNG_UNLOAD && bytes > 0)
		h->unloaded_usec = now_usec;
}

void difference_give_recorded(struct difference *d, const struct action *action, uint64_t bytes,
			      uint64_t easy_bytes)
{
	struct holding *h = difference_holding_of(d, action);

	if (!h)
		return;
	if (action->module_slot == SLOT_NONE) {
		difference_add(&d->swapped_here[action->group_slot],
			       -difference_limited(u64_sub(bytes, easy_bytes)));
		bytes = u64_min(bytes, easy_bytes);
	}
	difference_add(&h->less_bytes, -difference_limited(bytes));
}

/* --- what follows --- */

/* Adds to the group and to those above it. */
static void difference_add_up(struct difference *d, uint32_t slot, int64_t bytes, int64_t *sums)
{
	for (int depth = 0; depth < GROUP_DEPTH_MAX && slot < SLOTS; depth++) {
		sums[slot] += bytes;
		if (slot == GROUP_SLOT_HOST || d->groups[slot].parent_slot == slot)
			return;
		slot = d->groups[slot].parent_slot;
	}
}

static void difference_sum_up(struct difference *d)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		d->used[i] = d->cached[i] = d->swapped[i] = 0;
	d->available = d->all_swapped = 0;
	for (uint32_t i = 0; i < d->n_modules; i++) {
		int64_t less_bytes = difference_less_of(&d->modules[i]);

		if (less_bytes == 0)
			continue;
		d->available += less_bytes;
		difference_add_up(d, d->modules[i].group_slot, less_bytes, d->used);
	}
	for (uint32_t i = 0; i < d->n_groups; i++) {
		if (d->caches[i].less_bytes != 0)
			difference_add_up(d, i, difference_less_of(&d->caches[i]), d->cached);
		if (d->swapped_here[i] == 0)
			continue;
		d->all_swapped += d->swapped_here[i];
		difference_add_up(d, i, d->swapped_here[i], d->swapped);
	}
}

static void difference_note_beyond(struct difference *d, uint32_t slot, bool is_beyond)
{
	d->n_beyond += is_beyond && !d->is_beyond[slot];
	d->is_beyond[slot] = is_beyond;
}

static void difference_correct_group(struct difference *d, struct group_reading *reading)
{
	uint32_t slot = reading->slot;

	if (slot >= SLOTS || reading->id == 0 || d->groups[slot].id != reading->id)
		return;
	d->shown[slot] = d->used[slot] + d->cached[slot] + d->swapped[slot];
	reading->current_bytes = bytes_less(reading->current_bytes, d->shown[slot]);
	reading->held_bytes = bytes_less(reading->held_bytes, d->used[slot] + d->swapped[slot]);
	reading->reclaimable_bytes = bytes_less(reading->reclaimable_bytes, d->cached[slot]);
	reading->swap_bytes = bytes_less(reading->swap_bytes, -d->swapped[slot]);
	if (slot != GROUP_SLOT_HOST)
		difference_note_beyond(d, slot,
				       d->shown[slot] < 0 && (reading->has & GROUP_HAS_LIMIT) &&
					       reading->current_bytes > reading->limit_bytes);
}

/*
 * What the process that registered it holds. Its other modules say nothing of it: those of the
 * group count for the first that does.
 */
static int64_t difference_owner_less(const struct difference *d,
				     const struct module_reading *reading)
{
	int64_t sum = difference_less_of(&d->modules[reading->slot]), others = 0;

	for (uint32_t i = 0; i < d->n_modules; i++) {
		if (d->modules[i].id == 0 || d->modules[i].group_slot != reading->group_slot)
			continue;
		if (d->module_readings[i].owner_bytes == 0)
			others += difference_less_of(&d->modules[i]);
		else if (i < reading->slot)
			return sum;
	}
	return sum + others;
}

static void difference_correct_module(struct difference *d, struct module_reading *reading)
{
	struct holding *h;

	if (reading->slot >= SLOTS || reading->id == 0)
		return;
	h = &d->modules[reading->slot];
	if (h->id != reading->id)
		return;
	h->shown_bytes = difference_less_of(h);
	reading->size_bytes = difference_size_of(h);
	if (reading->owner_bytes > 0 && reading->group_slot < SLOTS &&
	    (h->shown_bytes != 0 || d->used[reading->group_slot] != 0))
		reading->owner_bytes =
			bytes_less(reading->owner_bytes, difference_owner_less(d, reading));
	if (h->unloaded_usec != 0)
		reading->flags |= MODULE_IS_UNLOADED;
	else if (h->less_bytes < 0)
		reading->flags &= ~(uint32_t)MODULE_IS_UNLOADED;
}

/* Without what would count a second time: stalls, and how fast it grew then. */
static void difference_add_group(struct difference *d, uint32_t slot,
				 struct observation *observation)
{
	struct group_reading *reading = observation_add_group(observation);

	if (!reading)
		return;
	*reading = d->groups[slot];
	reading->has &= ~(uint32_t)(GROUP_HAS_STALL | GROUP_HAS_GROWTH);
	difference_correct_group(d, reading);
}

static void difference_add_groups(struct difference *d, enum attention attention,
				  struct observation *observation)
{
	bool listed[SLOTS] = {}, holds_module[SLOTS] = {};

	for (size_t i = 0; i < observation->n_groups; i++)
		if (observation->groups[i].slot < SLOTS)
			listed[observation->groups[i].slot] = true;
	for (uint32_t i = 0; i < d->n_modules; i++)
		if (d->modules[i].id != 0 && d->modules[i].group_slot < SLOTS)
			holds_module[d->modules[i].group_slot] = true;
	for (uint32_t slot = 0; slot < d->n_groups; slot++) {
		bool is_wanted = attention >= ATTENTION_GROUPS ||
				 (attention >= ATTENTION_MODULES && holds_module[slot]);

		if (d->groups[slot].id != 0 && !listed[slot] &&
		    (is_wanted ||
		     d->shown[slot] != d->used[slot] + d->cached[slot] + d->swapped[slot]))
			difference_add_group(d, slot, observation);
	}
	if (attention >= ATTENTION_GROUPS && d->n_groups > 0)
		observation->covers |= OBSERVED_GROUPS;
}

static void difference_add_modules(struct difference *d, enum attention attention,
				   struct observation *observation)
{
	bool listed[SLOTS] = {};

	for (size_t i = 0; i < observation->n_modules; i++)
		if (observation->modules[i].slot < SLOTS)
			listed[observation->modules[i].slot] = true;
	for (uint32_t slot = 0; slot < d->n_modules; slot++) {
		struct holding *h = &d->modules[slot];
		struct module_reading *reading;

		if (h->id == 0 || listed[slot] ||
		    (attention < ATTENTION_MODULES && h->shown_bytes == difference_less_of(h)))
			continue;
		reading = observation_add_module(observation);
		if (!reading)
			return;
		*reading = d->module_readings[slot];
		difference_correct_module(d, reading);
	}
	if (attention >= ATTENTION_MODULES)
		observation->covers |= OBSERVED_MODULES;
}

void difference_correct(struct difference *d, enum attention attention,
			struct observation *observation)
{
	difference_sum_up(d);
	if (observation->covers & OBSERVED_MACHINE)
		difference_note_beyond(
			d, GROUP_SLOT_HOST,
			machine_correct(&observation->machine, d->available, d->all_swapped));
	for (size_t i = 0; i < observation->n_groups; i++)
		difference_correct_group(d, &observation->groups[i]);
	for (size_t i = 0; i < observation->n_modules; i++)
		difference_correct_module(d, &observation->modules[i]);
	if (!(observation->covers & OBSERVED_GROUPS))
		difference_add_groups(d, attention, observation);
	if (!(observation->covers & OBSERVED_MODULES))
		difference_add_modules(d, attention, observation);
}

uint32_t difference_n_beyond(const struct difference *d)
{
	return d->n_beyond;
}
