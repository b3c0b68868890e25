/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Own growth
 *
 *	used |            . - - - - -  group
 *	     |          .
 *	     |        .  . - - - - - - its modules
 *	     |      .  .
 *	     |    .  .
 *	     |- -.-.- - - - - - - - - - the rest: group - modules
 *	     +------------------------ time
 *	          fills     is full
 *
 * A cache that fills makes its group grow. Asking it to give back what it is just taking helps
 * nobody: it could as well stop, and it does when it is full. So the growth that requests are
 * planned with is that of the rest: of all that is no module's.
 *
 * What the modules hold has two witnesses: the sizes that they report, and the memory of the
 * processes that registered them. A process that is busy filling its cache reports late; a cache in
 * shared memory is not its process's. So a growth that either of them explains is the modules' own.
 * Neither explains more than the group uses: a size that is only planned explains the growth up to
 * it.
 *
 * What a module gives back when asked leaves the group and the module, and is added to both (given,
 * released): a gift is no growth of the rest, whichever of the two counters falls first. It is
 * added with the answer; a look that sees the memory go before that would find the rest too small,
 * and the next one a growth. So the rest is not looked at while answers are out.
 *
 * Only the present counts: the rest must have grown within the last moments. The past of a growth
 * that has ended, or that turns out to be a module's when that registers, asks for nothing.
 *
 * A rise by less than the counters can tell is none, unless it goes on until it is more. Else a
 * batch of charges, the program text that a process has just mapped, or the huge page that
 * khugepaged charges before it gives the small ones back would be taken for a growth of some MB/s,
 * and three seconds of it be asked for.
 */

#include "policies/own_growth.h"
#include "policies/exhaustion.h"
#include "policies/group_tree.h"

/* The present: long enough for the batches in which the kernel counts, and for one delay of a
 * busy processor. */
#define PRESENT_USEC (100 * USEC_PER_MSEC)
/* In less than that nothing can be told: memory.current moves in batches of 256 KiB. */
#define PRESENT_LEAST_USEC (10 * USEC_PER_MSEC)
/* A huge page (2 MiB on x86-64, and on arm64 with 4 KiB pages) and a batch of charges. */
#define COARSE_BYTES (2 * MIB + 256 * 1024)
/* What rises slower than that within PRESENT_USEC must have come to it within this. */
#define SLOWEST_USEC (2 * USEC_PER_SEC)
/* Looks that are farther apart than this say little about the present. */
#define PRESENT_MOST_USEC USEC_PER_SEC
/* Page tables and the allocator's own grow with what a module holds: by this part of it at most. */
#define BESIDES_SHARE 8
/* Where the rest would be negative (a gift that is late), the scale must not wrap. */
#define SCALE_ZERO (1ULL << 60)

static uint64_t own_growth_used_bytes(const struct group_state *group)
{
	return u64_sub(group->seen.current_bytes, group->seen.reclaimable_bytes);
}

/* Adds up what each group's modules hold. */
static void own_growth_add_up_modules(struct state *state)
{
	for (uint32_t i = 0; i < state->n_modules_used; i++) {
		const struct module_reading *seen = &state->modules[i].seen;
		uint64_t *bytes;

		if (state->modules[i].id == 0 || seen->group_slot >= state->n_groups_used)
			continue;
		bytes = state->groups[seen->group_slot].own.bytes;
		bytes[WITNESS_REPORT] = u64_add(bytes[WITNESS_REPORT], seen->size_bytes);
		bytes[WITNESS_OWNER] = u64_add(bytes[WITNESS_OWNER], seen->owner_bytes);
	}
}

/* `fell_bytes` holds what was there before. */
static void own_growth_see_fall(const struct state *state, struct group_state *group,
				enum witness witness)
{
	struct own_share *own = &group->own;
	bool asked = group->booking || own->answered_step == state->n_steps;

	if (group->slot != GROUP_SLOT_HOST)
		own->bytes[witness] = u64_min(own->bytes[witness], own_growth_used_bytes(group));
	own->fell_bytes[witness] = u64_sub(own->fell_bytes[witness], own->bytes[witness]);
	if (asked)
		own->released_bytes[witness] =
			u64_add(own->released_bytes[witness], own->fell_bytes[witness]);
}

void own_growth_see_modules(struct step *step)
{
	struct state *state = step->state;

	if (!(step->observation->covers & OBSERVED_MODULES))
		return;
	state->modules_step = state->n_steps;
	for (uint32_t slot = 0; slot < state->n_groups_used; slot++) {
		struct own_share *own = &state->groups[slot].own;

		for (int i = 0; i < N_WITNESSES; i++) {
			own->fell_bytes[i] = own->bytes[i];
			own->bytes[i] = 0;
		}
	}
	own_growth_add_up_modules(state);
	for (uint32_t slot = 0; slot < state->n_groups_used; slot++)
		for (int i = 0; i < N_WITNESSES; i++)
			own_growth_see_fall(state, &state->groups[slot], (enum witness)i);
}

static uint64_t own_growth_explained(const struct own_share *own, enum witness witness)
{
	uint64_t bytes = u64_add(own->bytes[witness], own->released_bytes[witness]);

	return u64_add(bytes, bytes / BESIDES_SHARE);
}

/* By the owner's memory alone, or by what either shows: an allocator may keep what was freed. */
static uint64_t own_growth_fell_bytes(const struct own_share *own, enum witness witness)
{
	uint64_t owner_bytes = own->fell_bytes[WITNESS_OWNER];

	return witness == WITNESS_OWNER ? owner_bytes
					: u64_max(owner_bytes, own->fell_bytes[WITNESS_REPORT]);
}

static uint64_t
own_growth_sum_inside(const struct state *state, uint32_t outer_slot, enum witness witness,
		      uint64_t (*of)(const struct own_share *own, enum witness witness))
{
	uint64_t sum_bytes = 0;

	for (uint32_t slot = 0; slot < state->n_groups_used; slot++) {
		uint64_t bytes = of(&state->groups[slot].own, witness);

		if (bytes > 0 && state->groups[slot].id != 0 &&
		    group_tree_is_inside(state, slot, outer_slot))
			sum_bytes = u64_add(sum_bytes, bytes);
	}
	return sum_bytes;
}

uint64_t own_growth_fell(const struct state *state, uint32_t group_slot, enum witness witness)
{
	return state->modules_step == state->n_steps
		       ? own_growth_sum_inside(state, group_slot, witness, own_growth_fell_bytes)
		       : 0;
}

/* How fast it rose from the newest sample that is so much older on; 0 when it did not. */
static uint64_t own_growth_rate_since(const struct consumption *others, uint64_t least_usec,
				      uint64_t *ret_span_usec, uint64_t *ret_bytes)
{
	uint64_t bytes = consumption_last_rise(others, least_usec, ret_span_usec);

	*ret_bytes = bytes;
	return bytes ? u64_muldiv(bytes, USEC_PER_SEC, *ret_span_usec) : 0;
}

/* How fast what the counters cannot tell in one step has risen; 0 when it has not lately. */
static uint64_t own_growth_slow_rate(const struct consumption *others)
{
	uint64_t span_usec = consumption_span(others, others->at_usec[others->n - 1], COARSE_BYTES);

	return span_usec <= SLOWEST_USEC ? u64_muldiv(COARSE_BYTES, USEC_PER_SEC, span_usec) : 0;
}

static uint64_t own_growth_present_rate(const struct consumption *others, uint64_t known_usec)
{
	uint64_t span_usec = 0, bytes, rate_bytes;

	rate_bytes = own_growth_rate_since(others, u64_min(PRESENT_USEC, known_usec), &span_usec,
					   &bytes);
	if (bytes <= COARSE_BYTES)
		return u64_min(rate_bytes, own_growth_slow_rate(others));
	if (span_usec > PRESENT_MOST_USEC) {
		uint64_t late_bytes =
			own_growth_rate_since(others, PRESENT_LEAST_USEC, &span_usec, &bytes);

		if (bytes > COARSE_BYTES)
			rate_bytes = u64_max(rate_bytes, late_bytes);
	}
	return rate_bytes;
}

/* How fast the rest grows, as one witness has it. */
static uint64_t own_growth_others_rate(const struct step *step, struct ladder *ladder,
				       enum witness witness)
{
	const struct state *state = step->state;
	const struct group_state *group = &state->groups[ladder->group_slot];
	struct consumption *others = &ladder->others[witness];
	uint64_t known_usec;

	consumption_add(
		others, step->now_usec,
		SCALE_ZERO + exhaustion_used(group) -
			own_growth_sum_inside(state, group->slot, witness, own_growth_explained));
	known_usec = others->at_usec[others->n - 1] - others->at_usec[0];
	ladder->others_known = known_usec >= PRESENT_LEAST_USEC;
	return ladder->others_known ? own_growth_present_rate(others, known_usec) : 0;
}

void own_growth_follow(const struct step *step, struct ladder *ladder)
{
	const struct group_state *group = &step->state->groups[ladder->group_slot];
	bool fresh = group->slot == GROUP_SLOT_HOST ? step_sees_machine(step)
						    : step_sees_group(step, group->slot);
	uint64_t rate_bytes = group->shortage.growth_bytes;

	if (!fresh || !group->shortage.valid || group->is_helped || ladder->n_open > 0 ||
	    !(step->observation->covers & OBSERVED_MODULES))
		return;
	for (int i = 0; i < N_WITNESSES; i++)
		rate_bytes =
			u64_min(rate_bytes, own_growth_others_rate(step, ladder, (enum witness)i));
	ladder->others_bytes = rate_bytes;
}
