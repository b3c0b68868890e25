/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a task grows, from what the kernel told of it
 *
 *    RSS                                   each event is a point, and the first one brings
 *     │              ╱●                    the start of its slice along, (at - span, rss - bytes)
 *     │        ●───●
 *     │      ╱              now            rate = rise from the oldest point to the newest,
 *     │ ○──●                 ┆                    over the time between them
 *     └─┴──┴───┴───┴─┴───────┴──▶
 *       since        last                  silence: an event is overdue, so it stops counting as
 *                                          growing; the time since the last event counts, too
 *
 * What is freed in between lowers the rise: the rate is net.
 */

#include "controller/tasks/growers.h"

#include <string.h>

#include "policies/observation.h"

/* A jiffy at 250 Hz: a shorter slice than that is told as 0. */
#define SPAN_MIN_NS  (4 * 1000000ULL)
#define NSEC_PER_SEC 1000000000ULL
/* What happened before is history: a task that turned from 10 to 100 MB/s is shown so in time. */
#define WINDOW_NS (5 * NSEC_PER_SEC)

static const struct grower_point *growers_last_point(const struct grower *grower)
{
	return &grower->points[grower->n_points - 1];
}

/* Its place, or growers->n. */
static size_t growers_find(const struct growers *growers, uint32_t pid, uint64_t start_ns)
{
	size_t i;

	for (i = 0; i < growers->n; i++)
		if (growers->growers[i].pid == pid && growers->growers[i].start_ns == start_ns)
			break;
	return i;
}

static struct grower *growers_find_place(struct growers *growers)
{
	struct grower *silent = &growers->growers[0];

	if (growers->n < GROWERS_MAX)
		return &growers->growers[growers->n++];
	for (size_t i = 1; i < GROWERS_MAX; i++)
		if (growers_last_point(&growers->growers[i])->at_ns <
		    growers_last_point(silent)->at_ns)
			silent = &growers->growers[i];
	return silent;
}

static void growers_begin(struct grower *grower, const struct kernel_event *event)
{
	*grower = (struct grower){
		.pid = event->pid,
		.start_ns = event->start_ns,
		.since_ns = u64_sub(event->at_ns, event->span_ns),
		.n_points = 1,
	};
	grower->points[0].at_ns = grower->since_ns;
	grower->points[0].rss_bytes = u64_sub(event->rss_bytes, event->bytes);
}

/* Drops the oldest while they are out of the window or there is no room for one more. */
static void growers_make_room(struct grower *grower, uint64_t now_ns)
{
	uint32_t n = 0;

	while (n + 1 < grower->n_points && (grower->points[n].at_ns < u64_sub(now_ns, WINDOW_NS) ||
					    grower->n_points - n == GROWER_POINTS))
		n++;
	grower->n_points -= n;
	memmove(grower->points, grower->points + n, grower->n_points * sizeof(grower->points[0]));
}

void growers_see(struct growers *growers, const struct kernel_event *event)
{
	size_t i = growers_find(growers, event->pid, event->start_ns);
	bool known = i < growers->n;
	struct grower *grower = known ? &growers->growers[i] : growers_find_place(growers);

	if (!known || u64_sub(event->at_ns, event->span_ns) >
			      growers_last_point(grower)->at_ns + GROWER_STALE_NS)
		growers_begin(grower, event);
	growers_make_room(grower, event->at_ns);
	grower->points[grower->n_points++] = (struct grower_point){
		.at_ns = event->at_ns,
		.rss_bytes = event->rss_bytes,
	};
}

uint64_t growers_rate(const struct growers *growers, uint32_t pid, uint64_t start_ns,
		      uint64_t now_ns, uint64_t *ret_since_ns)
{
	size_t i = growers_find(growers, pid, start_ns);
	const struct grower *grower = &growers->growers[i];
	uint64_t silent_ns, span_ns, rate;

	if (i == growers->n)
		return 0;
	silent_ns = u64_sub(now_ns, growers_last_point(grower)->at_ns);
	if (silent_ns >= GROWER_STALE_NS)
		return 0;
	span_ns = u64_sub(growers_last_point(grower)->at_ns, grower->points[0].at_ns);
	if (silent_ns > span_ns / (grower->n_points - 1))
		span_ns += silent_ns;
	rate = u64_muldiv(
		u64_sub(growers_last_point(grower)->rss_bytes, grower->points[0].rss_bytes),
		NSEC_PER_SEC, u64_max(span_ns, SPAN_MIN_NS));
	if (rate > 0)
		*ret_since_ns = grower->since_ns;
	return rate;
}
