/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is heard
 *
 *    /proc/pressure/memory   some, full
 *    /
 *    ├─ system.slice         memory.events, some          a "top"
 *    │  ├─ a.service
 *    │  └─ b.service         some                         if the profile names it
 *    └─ user.slice           memory.events, some          a "top"
 *
 * memory.events says that it moved by POLLPRI; reading it again from the start arms it again. Its
 * death is told by inotify only (group_set.c), that of a trigger's group by POLLERR as well.
 */

#include "controller/observe/pressure_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#include "controller/base/file.h"
#include "controller/base/log.h"
#include "controller/base/wake.h"
#include "controller/groups/group_match.h"
#include "controller/observe/psi.h"

/*
 * The daemon as a whole is to stay below 64 descriptors: 2 for the host, 2 for each top, 1 for
 * each named group make 38, and some 16 belong to the loop, the bus, the journal and the files
 * that stay open. A systemd host has four or five tops.
 */
#define MAX_TOPS  12
#define MAX_NAMED 12

/* Some 30 system calls at most: soon after what passes, seldom where PSI is switched off. */
#define RETRY_FIRST_USEC (4 * USEC_PER_SEC)
#define RETRY_LAST_USEC	 (256 * USEC_PER_SEC)

/* Room for "trigger:" or "events:" and the tail of a path. */
#define DESCRIPTION_SIZE 128

struct watcher {
	struct pressure_watch *watch;
	uint64_t id; /* of the group; 0: free */
	uint32_t slot;
	bool is_top;
	struct psi_trigger trigger;
	sd_event_source *events;
	int events_fd;
};

struct pressure_watch {
	struct pressure_watch_config config;
	struct profile profile;
	struct fd_closer *closer;
	sd_event_source *retry; /* of what is missing */
	uint64_t retry_usec;	/* from one to the next */
	struct psi_trigger host_some, host_full;
	struct watcher watchers[MAX_TOPS + MAX_NAMED];
	bool events_failed;		/* some memory.events is there and cannot be watched */
	bool trigger_said, events_said; /* what failed was said */
	bool starved;			/* something could not be watched for want of a resource */
};

static void pressure_watch_host_fired(void *data, struct psi_trigger *trigger, bool gone)
{
	struct pressure_watch *w = data;

	w->config.stirred(w->config.data, GROUP_SLOT_HOST, STIR_STALL);
}

static void pressure_watcher_fired(void *data, struct psi_trigger *trigger, bool gone)
{
	struct watcher *watcher = data;
	struct pressure_watch *w = watcher->watch;

	/* The group set will tell of the death, too. */
	if (!gone)
		w->config.stirred(w->config.data, watcher->slot, STIR_STALL);
}

/* It passes: descriptors and memory of this process or of the host, or a trigger's place. */
static bool pressure_watch_is_starvation(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOSPC ||
	       error == -EBUSY || error == -EAGAIN;
}

/* PSI switched off or absent is a degradation, not an error. */
static void pressure_watch_trigger_failed(struct pressure_watch *w, int error, const char *what)
{
	w->starved |= pressure_watch_is_starvation(error);
	if (error == -EOPNOTSUPP || error == -ENOENT || error == -ENODEV || w->trigger_said)
		return;
	w->trigger_said = true;
	log_errno(error, "Cannot set a PSI trigger on %s", what);
}

static void pressure_watch_host_arm(struct pressure_watch *w, struct psi_trigger *trigger,
				    enum psi_kind kind, uint64_t stall_usec,
				    const char *description)
{
	int r;

	if (stall_usec == 0 || trigger->source)
		return;
	r = psi_open_host(group_set_tree(w->config.groups)->proc);
	if (r >= 0)
		r = psi_trigger_arm(trigger, r,
				    &(struct psi_trigger_config){
					    .event = w->config.event,
					    .closer = w->closer,
					    .kind = kind,
					    .stall_usec = stall_usec,
					    .window_usec = w->profile.trigger_window_usec,
					    .description = description,
					    .fired = pressure_watch_host_fired,
					    .data = w,
				    });
	if (r < 0)
		pressure_watch_trigger_failed(w, r, "the host");
}

static void pressure_watch_arm_host(struct pressure_watch *w)
{
	pressure_watch_host_arm(w, &w->host_some, PSI_SOME, w->profile.trigger_some_usec,
				"trigger:host-some");
	pressure_watch_host_arm(w, &w->host_full, PSI_FULL, w->profile.trigger_full_usec,
				"trigger:host-full");
}

static void pressure_watcher_arm_trigger(struct watcher *watcher, const struct group *group)
{
	struct pressure_watch *w = watcher->watch;
	char description[DESCRIPTION_SIZE];
	int r;

	if (w->profile.trigger_some_usec == 0 || watcher->trigger.source)
		return;
	snprintf(description, sizeof(description), "trigger:%s", group->path);
	r = group_open(w->config.groups, group, "memory.pressure", O_RDWR | O_NONBLOCK);
	if (r >= 0)
		r = psi_trigger_arm(&watcher->trigger, r,
				    &(struct psi_trigger_config){
					    .event = w->config.event,
					    .closer = w->closer,
					    .kind = PSI_SOME,
					    .stall_usec = w->profile.trigger_some_usec,
					    .window_usec = w->profile.trigger_window_usec,
					    .description = description,
					    .fired = pressure_watcher_fired,
					    .data = watcher,
				    });
	if (r < 0)
		pressure_watch_trigger_failed(w, r, group->path);
}

static void pressure_watcher_close_events(struct watcher *watcher)
{
	watcher->events = sd_event_source_disable_unref(watcher->events);
	watcher->events_fd = fd_close(watcher->events_fd);
}

/* Reading from the start arms the file for the next movement. */
static int pressure_watch_events_rearm(int fd)
{
	char text[512];
	ssize_t n = file_read_fd(fd, text, sizeof(text));

	return n < 0 ? (int)n : 0;
}

static int pressure_watch_on_events(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct watcher *watcher = data;
	struct pressure_watch *w = watcher->watch;

	/* ENODEV: the group is gone. Whatever it is, an unread file would wake us for ever. */
	if (pressure_watch_events_rearm(watcher->events_fd) < 0) {
		pressure_watcher_close_events(watcher);
		return 0;
	}
	w->config.stirred(w->config.data, watcher->slot, STIR_EVENTS);
	return 0;
}

static int pressure_watcher_open_events(struct watcher *watcher, const struct group *group)
{
	struct pressure_watch *w = watcher->watch;
	char description[DESCRIPTION_SIZE];
	int r;

	watcher->events_fd = group_open(w->config.groups, group, "memory.events", O_RDONLY);
	if (watcher->events_fd < 0)
		return watcher->events_fd;
	r = pressure_watch_events_rearm(watcher->events_fd);
	if (r < 0)
		return r;
	r = sd_event_add_io(w->config.event, &watcher->events, watcher->events_fd, EPOLLPRI,
			    pressure_watch_on_events, watcher);
	if (r < 0)
		return r;
	snprintf(description, sizeof(description), "events:%s", group->path);
	sd_event_source_set_description(watcher->events, description);
	return sd_event_source_set_priority(watcher->events, KERNEL_EVENT_PRIORITY);
}

static void pressure_watcher_watch_events(struct watcher *watcher, const struct group *group)
{
	struct pressure_watch *w = watcher->watch;
	int r;

	/* Without the memory controller there is no such file. */
	if (group_set_tree(w->config.groups)->mode != CGROUP_MODE_PURE)
		return;
	r = pressure_watcher_open_events(watcher, group);
	if (r >= 0)
		return;
	pressure_watcher_close_events(watcher);
	w->starved |= pressure_watch_is_starvation(r);
	if (r == -ENODEV || pressure_watch_is_starvation(r))
		return;
	w->events_failed = true;
	if (w->events_said)
		return;
	w->events_said = true;
	log_errno(r, "Cannot watch memory.events of %s", group->path);
}

static void pressure_watcher_start(struct watcher *watcher, struct pressure_watch *w,
				   const struct group *group, bool is_top)
{
	*watcher = (struct watcher){
		.watch = w,
		.id = group->id,
		.slot = group->slot,
		.is_top = is_top,
		.trigger.fd = -1,
		.events_fd = -1,
	};
	pressure_watcher_arm_trigger(watcher, group);
	if (is_top)
		pressure_watcher_watch_events(watcher, group);
}

static void pressure_watcher_stop(struct watcher *watcher)
{
	if (watcher->id == 0)
		return;
	psi_trigger_disarm(&watcher->trigger);
	pressure_watcher_close_events(watcher);
	watcher->id = 0;
}

static struct watcher *pressure_watch_find(const struct pressure_watch *w,
					   const struct group *group)
{
	for (size_t i = 0; i < MAX_TOPS + MAX_NAMED; i++)
		if (w->watchers[i].id == group->id && w->watchers[i].slot == group->slot)
			return (struct watcher *)&w->watchers[i];
	return NULL;
}

/* A free place among the tops' or the others'. */
static struct watcher *pressure_watch_place(struct pressure_watch *w, bool is_top)
{
	size_t first = is_top ? 0 : MAX_TOPS, end = is_top ? MAX_TOPS : MAX_TOPS + MAX_NAMED;

	for (size_t i = first; i < end; i++)
		if (w->watchers[i].id == 0)
			return &w->watchers[i];
	return NULL;
}

static bool pressure_watcher_lacks(const struct watcher *watcher)
{
	const struct pressure_watch *w = watcher->watch;

	if (w->profile.trigger_some_usec != 0 && !watcher->trigger.source)
		return true;
	return watcher->is_top && !watcher->events &&
	       group_set_tree(w->config.groups)->mode == CGROUP_MODE_PURE;
}

static bool pressure_watch_lacks(const struct pressure_watch *w)
{
	if ((w->profile.trigger_some_usec != 0 && !w->host_some.source) ||
	    (w->profile.trigger_full_usec != 0 && !w->host_full.source))
		return true;
	for (size_t i = 0; i < MAX_TOPS + MAX_NAMED; i++)
		if (w->watchers[i].id != 0 && pressure_watcher_lacks(&w->watchers[i]))
			return true;
	return false;
}

/* Nothing is planned when all is there; what is planned stays so. */
static void pressure_watch_plan_retry(struct pressure_watch *w)
{
	int is_planned = SD_EVENT_OFF;

	if (!pressure_watch_lacks(w)) {
		sd_event_source_set_enabled(w->retry, SD_EVENT_OFF);
		w->retry_usec = RETRY_FIRST_USEC;
		w->starved = w->events_failed = false;
		w->trigger_said = w->events_said = false; /* the next failure is another one */
		return;
	}
	sd_event_source_get_enabled(w->retry, &is_planned);
	if (is_planned != SD_EVENT_OFF)
		return;
	if (sd_event_source_set_time_relative(w->retry, w->retry_usec) >= 0)
		sd_event_source_set_enabled(w->retry, SD_EVENT_ONESHOT);
	w->retry_usec = u64_min(2 * w->retry_usec, RETRY_LAST_USEC);
}

void pressure_watch_add(struct pressure_watch *w, const struct group *group)
{
	bool is_top = group->parent_slot == GROUP_SLOT_HOST;
	struct watcher *place;

	if (group->slot == GROUP_SLOT_HOST || pressure_watch_find(w, group))
		return;
	if (!is_top && !group_match_named(&w->profile, group->path))
		return;
	place = pressure_watch_place(w, is_top);
	if (!place)
		return;
	pressure_watcher_start(place, w, group, is_top);
	pressure_watch_plan_retry(w);
}

void pressure_watch_remove(struct pressure_watch *w, const struct group *group)
{
	struct watcher *watcher = pressure_watch_find(w, group);

	if (watcher)
		pressure_watcher_stop(watcher);
}

static bool pressure_watch_same_triggers(const struct profile *a, const struct profile *b)
{
	return a->trigger_some_usec == b->trigger_some_usec &&
	       a->trigger_full_usec == b->trigger_full_usec &&
	       a->trigger_window_usec == b->trigger_window_usec;
}

/* Places of groups that are not named any more become free. */
static void pressure_watch_drop_unnamed(struct pressure_watch *w)
{
	for (size_t i = MAX_TOPS; i < MAX_TOPS + MAX_NAMED; i++) {
		struct watcher *watcher = &w->watchers[i];
		const struct group *group;

		if (watcher->id == 0)
			continue;
		group = group_set_get(w->config.groups, watcher->slot);
		if (!group || !group_match_named(&w->profile, group->path))
			pressure_watcher_stop(watcher);
	}
}

static void pressure_watch_disarm_all(struct pressure_watch *w)
{
	psi_trigger_disarm(&w->host_some);
	psi_trigger_disarm(&w->host_full);
	for (size_t i = 0; i < MAX_TOPS + MAX_NAMED; i++)
		pressure_watcher_stop(&w->watchers[i]);
}

void pressure_watch_use_profile(struct pressure_watch *w, const struct profile *profile)
{
	bool same = pressure_watch_same_triggers(&w->profile, profile);

	w->profile = *profile;
	if (same) {
		pressure_watch_drop_unnamed(w);
	} else {
		pressure_watch_disarm_all(w);
		sd_event_source_set_enabled(w->retry, SD_EVENT_OFF);
		w->retry_usec = RETRY_FIRST_USEC;
		w->starved = w->events_failed = w->trigger_said = w->events_said = false;
		pressure_watch_arm_host(w);
	}
	group_set_foreach(w->config.groups, group)
		pressure_watch_add(w, group);
	pressure_watch_plan_retry(w);
}

bool pressure_watch_is_starved(const struct pressure_watch *w)
{
	return w->starved;
}

static int pressure_watch_on_retry(sd_event_source *source, uint64_t usec, void *data)
{
	struct pressure_watch *w = data;

	w->starved = w->events_failed = false;
	pressure_watch_arm_host(w);
	for (size_t i = 0; i < MAX_TOPS + MAX_NAMED; i++) {
		struct watcher *watcher = &w->watchers[i];
		const struct group *group = group_set_get(w->config.groups, watcher->slot);

		if (watcher->id == 0 || !group || group->id != watcher->id)
			continue;
		pressure_watcher_arm_trigger(watcher, group);
		if (watcher->is_top && !watcher->events)
			pressure_watcher_watch_events(watcher, group);
	}
	pressure_watch_plan_retry(w);
	w->config.retried(w->config.data);
	return 0;
}

static int pressure_watch_add_retry(struct pressure_watch *w)
{
	int r;

	w->retry_usec = RETRY_FIRST_USEC;
	r = sd_event_add_time(w->config.event, &w->retry, CLOCK_MONOTONIC, 0, RETRY_FIRST_USEC / 8,
			      pressure_watch_on_retry, w);
	if (r < 0)
		return r;
	sd_event_source_set_description(w->retry, "watch-retry");
	return sd_event_source_set_enabled(w->retry, SD_EVENT_OFF);
}

int pressure_watch_new(struct pressure_watch **ret, const struct pressure_watch_config *config)
{
	_cleanup_(pressure_watch_free_cleanup) struct pressure_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->config = *config;
	w->profile = *config->profile;
	r = fd_closer_new(&w->closer);
	if (r < 0)
		return r;
	r = pressure_watch_add_retry(w);
	if (r < 0)
		return r;
	pressure_watch_arm_host(w);
	pressure_watch_plan_retry(w);
	*ret = take_ptr(w);
	return 0;
}

struct pressure_watch *pressure_watch_free(struct pressure_watch *w)
{
	if (!w)
		return NULL;
	pressure_watch_disarm_all(w);
	sd_event_source_disable_unref(w->retry);
	fd_closer_free(w->closer);
	free(w);
	return NULL;
}

uint32_t pressure_watch_covers(const struct pressure_watch *w, const struct group *group)
{
	const struct watcher *watcher = pressure_watch_find(w, group);

	if (!watcher)
		return 0;
	return (watcher->trigger.source ? STIR_STALL : 0) | (watcher->events ? STIR_EVENTS : 0);
}

uint32_t pressure_watch_n_triggers(const struct pressure_watch *w)
{
	uint32_t n = !!w->host_some.source + !!w->host_full.source;

	for (size_t i = 0; i < MAX_TOPS + MAX_NAMED; i++)
		n += w->watchers[i].id != 0 && w->watchers[i].trigger.source;
	return n;
}

uint64_t pressure_watch_window_usec(const struct pressure_watch *w)
{
	if (w->host_some.source)
		return w->host_some.window_usec;
	return w->host_full.source ? w->host_full.window_usec : 0;
}

bool pressure_watch_lacks_events(const struct pressure_watch *w)
{
	return w->events_failed;
}
