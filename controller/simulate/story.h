/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Story: a plant and what happens to it, as text
 *
 *	story 1
 *	machine total=1G available=500M zram=512M ratio=3 tripwire
 *	group web used=10M cache=10M limit=200M parent=slice protected context unbraked
 *	group db used=10M excluded priority=10
 *	module web-cache group=web size=100M kind=cache shed unload idle=10min manner=honest
 *	at 2s grow hog rate=50M until=650M
 *	until 30s
 *
 * Words after "at TIME": grow GROUP rate= until= (memory in use), read GROUP rate= until= (file
 * cache), free GROUP [bytes=], use MODULE, fill MODULE bytes= [rate= [quiet]], register MODULE
 * (with quiet its size is reported only at the end of the fill), vanish GROUP, stall some= [full=],
 * blind, see, order bytes= [group=GROUP] [max_rung=]. A module with "later" is there only after its
 * register. With "tripwire" the kernel counts charges. Groups above come before those below. What a
 * group uses and grows to is given without the memory of its modules.
 */

#include "controller/simulate/line.h"
#include "controller/simulate/plant.h"

#define STORY_EVENTS_MAX 256

struct story;

/*
 * Reads a story behind its first line. The plant is filled and started.
 * Returns: 0 and *ret (story_free()); -EINVAL and reader->problem; -errno.
 */
int story_read(struct line_reader *reader, struct plant *plant, struct story **ret);
void story_free(struct story *story);

/* When the story ends, and when its next event is; USEC_NEVER after the last. */
uint64_t story_end(const struct story *story);
uint64_t story_next(const struct story *story);
/* Lets the events up to the plant's time happen. Returns: whether reliefd is woken by one. */
bool story_happen(struct story *story, struct plant *plant);
