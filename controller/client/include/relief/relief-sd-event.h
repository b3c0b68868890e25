/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * librelief in an sd-event loop, in one line. Inline, so that librelief itself links libc only.
 */

#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include <relief/relief.h>

static inline int relief_sd_event_ready(sd_event_source *source, int fd, uint32_t revents,
					void *userdata)
{
	(void)source, (void)fd, (void)revents;
	return relief_dispatch((struct relief *)userdata);
}

static inline void relief_sd_event_detach(void *userdata)
{
	sd_event_source_disable_unref((sd_event_source *)userdata);
}

/*
 * Dispatches relief in event, until relief_free(), which also takes it out of the loop (this is
 * what the free handler is used for). priority: as sd_event_source_set_priority(3); memory is short
 * when requests come, so a negative one is in order. Returns: 0 or negative errno.
 */
static inline int relief_attach_sd_event(struct relief *relief, sd_event *event, int64_t priority)
{
	sd_event_source *source = NULL;
	int r;

	r = sd_event_add_io(event, &source, relief_fd(relief), EPOLLIN, relief_sd_event_ready,
			    relief);
	if (r < 0)
		return r;
	r = sd_event_source_set_priority(source, priority);
	if (r >= 0)
		r = relief_set_free_handler(relief, relief_sd_event_detach, source);
	if (r < 0)
		sd_event_source_disable_unref(source);
	else
		(void)sd_event_source_set_description(source, "relief");
	return r < 0 ? r : 0;
}
